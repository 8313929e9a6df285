#!/usr/bin/env bash
# The shortcut audit on sets that are clean, confounded or leaking on purpose.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

store() { # FRAMES STORE [OPTION...]
    local in=$1 out=$2
    shift 2
    rm -f "$out"
    one preprocess "$in" -o "$out" --image-size 32 "$@" >"$tmp/said" 2>&1 || cat "$tmp/said"
}

audit() { # RANKS STORE: its stdout
    ranks "$1" eval --audit "$2" 2>"$tmp/stderr"
}

same_audit() { # STORE
    for n in 1 2 3; do
        audit "$n" "$1" >"$tmp/audit$n" || return 1
    done
    cmp "$tmp/audit1" "$tmp/audit2" && cmp "$tmp/audit1" "$tmp/audit3"
}

same_reports() {
    same "$tmp/e1.h5" "$tmp/e2.h5" && same "$tmp/e1.h5" "$tmp/e3.h5"
}

silent_on() { # PATTERN STORE
    audit 1 "$2" >"$tmp/audit" && ! grep -E "$1" "$tmp/audit"
}

# The place in the file of a contiguous dataset.
offset() { # STORE DATASET
    h5dump -p -H -d "$2" "$1" | sed -n 's/.*OFFSET \([0-9]*\).*/\1/p'
}

frames=$tmp/frames s=$tmp/s.h5
"$frames_tool" "$frames" --videos 12 --frames 4 --size 64
store "$frames" "$s"
claim 'audit: the same for 1, 2 and 3 ranks' same_audit "$s"
claim '... finds nothing across a clean split' \
    exits 0 'across the split 0 duplicate frames, 0 shared groups' one eval --audit "$s"
claim '... -o is refused, not ignored' exits 2 'stdout' one eval --audit "$s" -o "$tmp/a.h5"
claim '... a store that is not there' exits 1 'nowhere.h5' one eval --audit "$tmp/nowhere.h5"

"$frames_tool" "$tmp/confounded" --videos 12 --frames 4 --size 64 --real-quality 75 --fake-quality 95
store "$tmp/confounded" "$tmp/c.h5"
claim 'audit: real at quality 75 and fake at 95 give the label away' \
    exits 0 '^Warning: quality alone .* AUC 1.00 \(higher in fakes\)' one eval --audit "$tmp/c.h5"
claim '... so does their size' \
    exits 0 '^Warning: bytes alone .*\(higher in fakes\)' one eval --audit "$tmp/c.h5"
claim '... width does not' silent_on 'width alone' "$tmp/c.h5"

# The pixels of a frame of train under the name of one of val: the split goes by the names.
from=$(values "$s" /train/source | head -n 1)
to=$(values "$s" /val/source | head -n 1)
cp "$frames/$from" "$frames/$to"
store "$frames" "$tmp/d.h5"
claim 'audit: a planted duplicate is found by name' \
    exits 0 "1 frame stands, pixel for pixel, .*: $to in val is $from in train" \
    one eval --audit "$tmp/d.h5"

# A frame of val is given the group of one of train.
cp "$s" "$tmp/g.h5"
printf '%b' "$(printf '\\x%02x\\0\\0\\0' "$(values "$s" /train/group | head -n 1)")" |
    dd of="$tmp/g.h5" bs=1 seek="$(offset "$s" /val/group)" conv=notrunc status=none
claim 'audit: a planted shared video is an error' \
    exits 1 '^ERROR: 1 group stands on both sides of a split by video' one eval --audit "$tmp/g.h5"
claim '... whose one line names the store' exits 1 '^unmask-eval.*g.h5: groups on both sides .*: 1 ' \
    ranks 2 eval --audit "$tmp/g.h5"

# A pixel and a label that changed on the disk.
for object in train/frames val/labels; do
    cp "$s" "$tmp/b.h5"
    byte=$(od -An -tu1 -j "$(offset "$s" /$object)" -N 1 "$s")
    printf '%b' "$(printf '\\x%02x' $((byte ^ 1)))" |
        dd of="$tmp/b.h5" bs=1 seek="$(offset "$s" /$object)" conv=notrunc status=none
    claim "audit: a bit that changed in $object is found" \
        exits 1 'b.h5: damaged: its frames and labels do not fit' ranks 2 eval --audit "$tmp/b.h5"
done

store "$frames" "$tmp/f.h5" --split-by frame
claim 'audit: a split by frame shares groups by design' \
    exits 0 'Warning: [0-9]+ groups stand on both sides, as a split by frame' \
    one eval --audit "$tmp/f.h5"

LC_ALL=C sed 's/sharpness/sharpnest/' "$s" >"$tmp/old.h5"
claim 'audit: what an older store does not record is said' \
    exits 0 'no record: sharpness;' one eval --audit "$tmp/old.h5"

one train "$s" -o "$tmp/r.h5" --epochs 1 --channels 4,4 --device reference >"$tmp/said" 2>&1
for n in 1 2 3; do
    ranks "$n" eval "$s" "$tmp/r.h5" -o "$tmp/e$n.h5" --audit --device reference >"$tmp/o$n" 2>&1
done
claim 'report: holds the audit, regions included' \
    is "$(values "$tmp/e1.h5" /audit/region/name | tail -n 1)" 'only the face'
claim '... the same for 1, 2 and 3 ranks' same_reports
claim '... the first region is the report' \
    is "$(values "$tmp/e1.h5" /audit/region/auc | head -n 1)" "$(values "$tmp/e1.h5" /roc/@auc)"
claim 'report: there is none of a damaged store' \
    exits 1 'b.h5: damaged' one eval "$tmp/b.h5" "$tmp/r.h5" -o "$tmp/eb.h5" --device reference
claim 'report: on a shared video it is written, and the exit is 1' \
    exits 1 'g.h5: groups on both sides .*: 1 ' one eval "$tmp/g.h5" "$tmp/r.h5" -o "$tmp/eg.h5" --device reference
claim '... the report is there' is "$(values "$tmp/eg.h5" /audit/shared | wc -l)" 1
finish
