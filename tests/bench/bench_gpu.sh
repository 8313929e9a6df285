#!/usr/bin/env bash
# Training on one GPU beside PyTorch on the same GPU in the same run: the body of `make bench-gpu`.
#
#   tests/bench/bench_gpu.sh [BIN_DIR [TESTS_DIR]]      build/bin and build/tests; a bundle: bin bin
#   ROUNDS       every figure is the median of so many (3), taken in turn with its peers; the tables
#                are printed after each
#   BATCHES PRECISIONS   what is measured           COPIES   of the 5,110 frames (4)
#   PYTHON       the one that has PyTorch           DEVICE   cuda; cpu only tries this script out
#
# Ours: images/s as unmask-train counts them, from rows on the device, gathering and normalising
# included. PyTorch's frames are ready floats on the device. What fails is named and left out.
set -u
bin=${1:-${BUILD:-build}/bin} tests=${2:-${BUILD:-build}/tests}
device=${DEVICE:-cuda} rounds=${ROUNDS:-3} copies=${COPIES:-4}
read -ra batches <<<"${BATCHES:-32 256 2048}"
read -ra precisions <<<"${PRECISIONS:-fp32 tf32 bf16}"
python=${PYTHON:-python3}
here=$(dirname "$0")
# shellcheck source=tests/gpu/libraries.bash
. "$here/../gpu/libraries.bash"
export LC_ALL=C
tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-bench.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP

stop() {
    echo "bench-gpu: $*" >&2
    [ ! -s "$tmp/log" ] || tail -n 2 "$tmp/log" >&2
    exit 1
}
tool() { # NAME: in the build tree, or all in one folder
    find -L "$tests" -maxdepth 2 -name "$1" -type f | head -n 1
}
note() { # NAME VALUE: one more measurement of it
    echo "$2" >>"$tmp/$1.rates"
}
median() { # of the numbers on stdin
    sort -g | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)] }'
}
of() { # NAME: the median of what was noted; 0 where there is nothing
    [ -s "$tmp/$1.rates" ] && median <"$tmp/$1.rates" || echo 0
}
train() { # STORE OPTION...; each line of the log begins with the time it came
    set -o pipefail
    timeout 120 "$bin/unmask-train" "$tmp/$1" -o "$tmp/run.h5" --fresh --device "$device" "${@:2}" \
        </dev/null 2>&1 | while IFS= read -r line; do echo "$EPOCHREALTIME $line"; done >"$tmp/log"
}
failed() { # WHAT: left out, and why
    echo "SKIP: ours, $1: $(tail -n 1 "$tmp/log" | cut -d' ' -f2- | cut -c1-200)" >>"$tmp/skipped"
}
history() { # DATASET of the last run
    "$inspect" print "$tmp/run.h5" "/history/$1"
}

# ---- the stores: the default job's, and one that is large enough for many large batches -----------

frames=$(tool frames) inspect=$(tool inspect_h5)
for name in frames inspect_h5; do
    [ -n "$(tool $name)" ] || stop "$name is not below $tests: run make tests"
done
"$frames" "$tmp/frames" --videos 7 --frames 73 --size 128 >"$tmp/log" 2>&1 || stop 'no frames'
make_store() { # NAME COPIES: of the 1,022 frames, which it takes long to draw
    local class i
    for class in real fake; do
        mkdir -p "$tmp/$1/$class"
        for ((i = 0; i < $2; i++)); do ln -s "$tmp/frames/$class" "$tmp/$1/$class/copy$i"; done
    done
    "$bin/unmask-preprocess" "$tmp/$1" -o "$tmp/$1.h5" --split-by frame >"$tmp/log" 2>&1 || stop 'no store'
}
make_store job 5
train job.h5 --epochs 0 || stop 'training failed'
make_store many $((5 * copies))

# ---- measurements --------------------------------------------------------------------------------

measure_ours() {
    local precision batch begin
    for precision in "${precisions[@]}"; do
        for batch in "${batches[@]}"; do
            train many.h5 --precision "$precision" --batch-size "$batch" --epochs "${EPOCHS:-4}" \
                --checkpoint-every 1000000 || { failed "$precision, batch $batch" && continue; }
            note "ours-$precision-$batch" "$(history images_per_second | tail -n +2 | median)"
        done
        begin=$(date +%s%N)
        train job.h5 --precision "$precision" || { failed "$precision, the job" && continue; }
        note "job-$precision" $((($(date +%s%N) - begin) / 1000000))
        note "epochs-$precision" "$(awk '$2 == "epoch" { t[n++] = $1 }
            END { if (n > 1) print 10000 * (t[n - 1] - t[0]) / (n - 1) }' "$tmp/log")"
        note "steps-$precision" "$(history seconds | awk '{ s += $1 } END { print 1000 * s }')"
    done
}

measure_peers() {
    local batches_with_commas what batch value
    batches_with_commas=$(IFS=, && echo "${batches[*]}")
    timeout 180 "$python" "$here/peer_gpu.py" --device "$device" --batch "$batches_with_commas" >"$tmp/peer" 2>"$tmp/log" ||
        echo "SKIP: PyTorch: exit $?: $(tail -n 1 "$tmp/log")" >>"$tmp/peer"
    while read -r _ what batch value; do
        note "$what-$batch" "$value"
    done < <(grep '^peer ' "$tmp/peer")
    grep '^SKIP' "$tmp/peer" >>"$tmp/skipped"
}

# ---- the tables ----------------------------------------------------------------------------------

ratio() { # OURS PEER
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'
}

tables() { # ROUNDS that went into them
    local precision batch ours eager amp graph best copy
    nvidia-smi --query-gpu=name,driver_version,clocks.sm --format=csv,noheader 2>/dev/null || echo "device $device"
    [ ! -f "$tmp/skipped" ] || sort -u "$tmp/skipped"
    copy=$(of copy-0)
    printf '\nafter %d rounds, %d s; a copy reads and writes %.0f GB/s; products:' "$1" "$SECONDS" "$copy"
    for precision in fp32 tf32 bf16; do printf ' %s %.1f' "$precision" "$(of "matmul-$precision-0")"; done
    printf ' TFLOP/s\n\n%-9s %6s %10s %10s %10s %10s %8s %8s %9s %9s\n' precision batch ours eager amp graph \
        /eager /best 'of FLOPs' 'of copy'
    for precision in "${precisions[@]}"; do
        for batch in "${batches[@]}"; do
            ours=$(of "ours-$precision-$batch")
            eager=$(of "eager-$batch") amp=$(of "amp-$batch") graph=$(of "graph-$batch")
            best=$(printf '%s\n' "$eager" "$amp" "$graph" | sort -g | tail -n 1)
            # 0.255 GFLOP, and at the least 1 MB through memory, per image and step
            printf '%-9s %6d %10.0f %10.0f %10.0f %10.0f %8s %8s %9s %9s\n' "$precision" "$batch" "$ours" \
                "$eager" "$amp" "$graph" "$(ratio "$ours" "$eager")" "$(ratio "$ours" "$best")" \
                "$(ratio "$ours" "$(awk -v t="$(of "matmul-$precision-0")" 'BEGIN { print t * 1e3 / 0.255 }')")" \
                "$(ratio "$ours" "$(awk -v g="$copy" 'BEGIN { print g * 1e3 }')")"
        done
    done
    printf '\nthe default job, %s rows, 10 epochs, batch 32: ms from start to end / without the start, by the times\n' \
        "$("$inspect" print "$tmp/job.h5" /train/labels | wc -l)"
    echo 'of epochs 1 to 10, validation and checkpoints included / in training steps alone'
    for precision in "${precisions[@]}"; do
        printf '%-9s %8.0f / %8.0f / %8.0f\n' "$precision" "$(of "job-$precision")" "$(of "epochs-$precision")" \
            "$(of "steps-$precision")"
    done
}

for ((round = 1; round <= rounds; round++)); do
    measure_ours
    measure_peers
    tables $round
done
