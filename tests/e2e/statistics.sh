#!/usr/bin/env bash
# Intervals and thresholds of real reports: the same for any number of ranks and threads, and a rule
# that never looks at the split it is tried on without saying so.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

make_run() {
    "$frames_tool" "$tmp/in" --videos 48 --frames 3 --size 32 &&
        one preprocess "$tmp/in" -o "$tmp/s.h5" --image-size 32 --val-fraction 0.5 \
            --test-fraction 0.25 &&
        one train "$tmp/s.h5" -o "$tmp/r.h5" --channels '8,16' --epochs 1 --threads 1
}

report() { # NAME RANKS OPTION...   stdout into NAME.txt, stderr into NAME.log
    local name=$1 count=$2
    shift 2
    ranks "$count" eval "$tmp/s.h5" "$tmp/r.h5" -o "$tmp/$name.h5" "$@" >"$tmp/$name.txt" \
        2>"$tmp/$name.log" || {
        cat "$tmp/$name.log"
        return 1
    }
}

rises() { # FILE DATASET: two numbers, the second larger
    values "$1" "$2" | tr '\n' ' ' | awk '{ print; exit !(NF == 2 && $1 < $2) }'
}

claim 'a run to score' make_run || exit 1
claim 'intervals: one rank, one thread' report e1 1 --threads 1
for level in '' /video; do
    claim "... $level/interval/eer has two ends" rises "$tmp/e1.h5" "$level/interval/eer"
    claim "... $level/interval/auc has two ends" rises "$tmp/e1.h5" "$level/interval/auc"
done
claim 'intervals: three threads' report t3 1 --threads 3
claim '... the same bits' same "$tmp/e1.h5" "$tmp/t3.h5"
for n in 2 3; do
    claim "intervals: $n ranks" report "e$n" "$n" --threads 1
    claim '... the same bits' same "$tmp/e1.h5" "$tmp/e$n.h5"
    claim '... the same text' cmp "$tmp/e1.txt" "$tmp/e$n.txt"
done

for rule in youden eer fpr=0.1; do
    claim "--threshold $rule on val" report val 1 --threshold "$rule" --threads 1
    claim '... warns that one split did both' grep -q 'warning: .*optimistic' "$tmp/val.log"
    claim '... in the report, too' grep -q 'Note: optimistic: the threshold' "$tmp/val.txt"
    claim "--threshold $rule on test" report test 2 --split test --threshold "$rule" --threads 1
    claim '... is silent' is "$(grep -c optimistic "$tmp/test.log" "$tmp/test.txt" | cut -d: -f2)" \
        $'0\n0'
    claim '... says who chose' grep -q "chosen on val by $rule" "$tmp/test.txt"
    claim '... in the file, too' is "$(values "$tmp/test.h5" /@threshold_split)" val
    for level in / /video/; do
        claim "... takes val's threshold at $level" is "$(values "$tmp/test.h5" "$level@threshold")" \
            "$(values "$tmp/val.h5" "$level@threshold")"
    done
done
claim '--threshold 0: everything is called fake' report all 1 --threshold 0
claim '... by frame and by video' is \
    "$(for d in predictions video/predictions; do values "$tmp/all.h5" /$d/predicted; done | sort -u)" 1
claim '--threshold of no rule: exit 2' exits 2 'youden, eer or fpr=F' \
    one eval "$tmp/s.h5" "$tmp/r.h5" -o "$tmp/x.h5" --threshold median
finish
