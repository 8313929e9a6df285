#!/usr/bin/env bash
# eval --robustness: the same figures for any number of ranks and threads, and those that a store has
# whose rows were changed beforehand by Pillow, scipy and numpy.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

python=${PYTHON:-/usr/bin/python3}
columns=(accuracy auc video_accuracy video_auc)

inputs() {
    "$frames_tool" "$tmp/in" --videos 12 --frames 5 --size 64 &&
        one preprocess "$tmp/in" -o "$tmp/s.h5" --image-size 32 --split-by video --val-fraction 0.5 &&
        one train "$tmp/s.h5" -o "$tmp/r.h5" --channels 8,8 --epochs 3
}

sweep() { # NAME RANKS OPTION...
    local name=$1 count=$2
    shift 2
    ranks "$count" eval "$tmp/s.h5" "$tmp/r.h5" -o "$tmp/$name.h5" --robustness --threads 1 "$@" \
        >"$tmp/$name.txt"
}

row() { # FILE NUMBER: the figures in row NUMBER (from 1) of the table
    local column
    for column in "${columns[@]}"; do
        values "$1" "/robustness/$column" | sed -n "$2p"
    done
}

figures() { # FILE: the same figures of a report
    values "$1" /report/accuracy && values "$1" /roc/@auc && values "$1" /video/report/accuracy &&
        values "$1" /video/roc/@auc
}

# A copy of the store, its rows of val changed as the table's row says (and its content_hash, by the
# formula of content_hash.h), and its report.
score_changed() { # CHANGE STRENGTH
    "$python" - "$@" "$tmp/s.h5" "$tmp/changed.h5" <<'END' &&
import hashlib, shutil, sys
import h5py, numpy
sys.path.insert(0, "tests/golden")
import make_changes
change, strength, store, copy = sys.argv[1:]
shutil.copy(store, copy)
with h5py.File(copy, "r+") as file:
    frames = file["val/frames"]
    for row in range(len(frames)):
        frames[row] = make_changes.CHANGES[change][0](frames[row], float(strength), row)
    content = hashlib.sha256()
    for split in ("train", "val", "test"):
        if split in file:
            content.update(split.encode())
            for frame, label in zip(file[split]["frames"], file[split]["labels"]):
                content.update(hashlib.sha256(frame.tobytes() + label.tobytes()).digest())
    file.attrs.modify("content_hash", numpy.bytes_(content.hexdigest()))
END
        one eval "$tmp/changed.h5" "$tmp/r.h5" -o "$tmp/changed-report.h5" --any-store
}

against_changed_stores() {
    local i change strength
    for i in 4 7 10 13 17; do
        change=$(values "$tmp/e1.h5" /robustness/change | sed -n "${i}p")
        strength=$(values "$tmp/e1.h5" /robustness/strength | sed -n "${i}p")
        claim "a store with $change $strength" score_changed "$change" "$strength"
        claim '... has the figures of the sweep' is "$(figures "$tmp/changed-report.h5")" \
            "$(row "$tmp/e1.h5" "$i")"
    done
}

claim 'a run to score' inputs || exit 1
claim 'the sweep' sweep e1 1 --plots "$tmp/plots"
for n in 2 3; do
    claim "the sweep on $n ranks" sweep "e$n" "$n" --threads 2
    claim '... reports what one rank reports' same "$tmp/e1.h5" "$tmp/e$n.h5"
    claim '... prints what one rank prints' cmp "$tmp/e1.txt" "$tmp/e$n.txt"
done
claim 'its rows have four figures' is "$(row "$tmp/e1.h5" 17 | wc -l)" 4
claim 'its first row is the report itself' is "$(row "$tmp/e1.h5" 1)" "$(figures "$tmp/e1.h5")"
claim 'its table is printed' is "$(grep -cE '^(jpeg|downscale|blur|noise|brightness), ' "$tmp/e1.txt")" 16
claim 'its strengths are not all alike' \
    [ "$(values "$tmp/e1.h5" /robustness/auc | sort -u | wc -l)" -gt 4 ]
claim 'its picture is drawn' [ -s "$tmp/plots/robustness.png" ]
if "$python" -c 'import h5py, scipy, PIL' 2>/dev/null; then
    against_changed_stores
else
    skip "robustness against changed stores: $python has no h5py, scipy or PIL"
fi
finish
