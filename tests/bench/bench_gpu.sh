#!/usr/bin/env bash
# Training on one GPU beside PyTorch on the same GPU in the same run: the body of `make bench-gpu`.
#
#   tests/bench/bench_gpu.sh [BIN_DIR [TESTS_DIR]]      build/bin and build/tests; a bundle: bin bin
#   ROUNDS       every figure is the median of so many (5), taken in turn with its peers
#   BATCHES PRECISIONS   what is measured           COPIES   of the 5,110 generated frames (8)
#   PYTHON       the one that has PyTorch           DEVICE   cuda; cpu only tries this script out
#
# Ours: images/s as unmask-train counts them, from rows on the device, gathering and normalising
# included. PyTorch's frames are ready floats on the device.
set -u
bin=${1:-${BUILD:-build}/bin} tests=${2:-${BUILD:-build}/tests}
device=${DEVICE:-cuda} rounds=${ROUNDS:-5} copies=${COPIES:-8}
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
train() { # STORE OPTION...
    "$bin/unmask-train" "$tmp/$1" -o "$tmp/run.h5" --fresh --device "$device" \
        --checkpoint-every 1000000 "${@:2}" </dev/null >"$tmp/log" 2>&1 || stop "training failed: $*"
}
history() { # DATASET of the last run
    "$inspect" print "$tmp/run.h5" "/history/$1"
}

# ---- the stores: the default job's, and one that is large enough for many large batches -----------

frames=$(tool frames) inspect=$(tool inspect_h5)
for name in frames inspect_h5; do
    [ -n "$(tool $name)" ] || stop "$name is not below $tests: run make tests"
done
"$frames" "$tmp/frames" --videos 35 --frames 73 --size 128 >"$tmp/log" 2>&1 || stop 'no frames'
"$bin/unmask-preprocess" "$tmp/frames" -o "$tmp/job.h5" --split-by frame >"$tmp/log" 2>&1 || stop 'no store'
train job.h5 --epochs 0
for class in real fake; do
    mkdir -p "$tmp/many/$class"
    for ((i = 0; i < copies; i++)); do ln -s "$tmp/frames/$class" "$tmp/many/$class/copy$i"; done
done
"$bin/unmask-preprocess" "$tmp/many" -o "$tmp/many.h5" --split-by frame >"$tmp/log" 2>&1 || stop 'no store'

# ---- measurements --------------------------------------------------------------------------------

measure_ours() {
    local precision batch begin
    for precision in "${precisions[@]}"; do
        for batch in "${batches[@]}"; do
            train many.h5 --precision "$precision" --batch-size "$batch" --epochs "${EPOCHS:-4}"
            note "ours-$precision-$batch" "$(history images_per_second | tail -n +2 | median)"
        done
        begin=$(date +%s%N)
        train job.h5 --precision "$precision"
        note "job-$precision" $((($(date +%s%N) - begin) / 1000000))
        note "steps-$precision" "$(history seconds | awk '{ s += $1 } END { print 1000 * s }')"
    done
}

measure_peers() {
    local batches_with_commas what batch value
    batches_with_commas=$(IFS=, && echo "${batches[*]}")
    "$python" "$here/peer_gpu.py" --device "$device" --batch "$batches_with_commas" >"$tmp/peer" 2>"$tmp/log" ||
        echo "SKIP: PyTorch: $(tail -n 1 "$tmp/log")" >>"$tmp/peer"
    while read -r _ what batch value; do
        note "$what-$batch" "$value"
    done < <(grep '^peer ' "$tmp/peer")
    grep '^SKIP' "$tmp/peer" >>"$tmp/skipped"
}

for ((round = 0; round < rounds; round++)); do
    measure_ours
    measure_peers
done

# ---- the tables ----------------------------------------------------------------------------------

ratio() { # OURS PEER
    awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "-" }'
}

nvidia-smi --query-gpu=name,driver_version,clocks.sm --format=csv,noheader 2>/dev/null || echo "device $device"
[ ! -f "$tmp/skipped" ] || sort -u "$tmp/skipped"
copy=$(of copy-0)
printf '%d rounds; a copy reads and writes %.0f GB/s; products:' "$rounds" "$copy"
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
printf '\nthe default job, %s rows, 10 epochs, batch 32: ms from start to end / in training steps alone\n' \
    "$("$inspect" print "$tmp/job.h5" /train/labels | wc -l)"
for precision in "${precisions[@]}"; do
    printf '%-9s %8.0f / %8.0f\n' "$precision" "$(of "job-$precision")" "$(of "steps-$precision")"
done
