#!/usr/bin/env bash
# Our speed and memory beside those of the software that unmask replaces: the body of `make bench`.
#
#   tests/bench/bench.sh [FRAMES]    a folder with real/ and fake/ (default: frames of the demo)
#   ROUNDS   every figure is the median of so many (5), taken in turn with its peer's
#   THREADS  of the trainings (2)
#   PYTHON   the one that has PyTorch and torchvision; without them those lines say SKIP
#
# One table: ours, the peer's, their ratio, and the ratio that we want. A busy machine spoils it.
set -u
build=${BUILD:-build}
bin=$build/bin
rounds=${ROUNDS:-5}
threads=${THREADS:-2}
python=${PYTHON:-$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)}
mpirun=${MPIRUN:-mpirun}
here=$(dirname "$0")
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 LC_ALL=C

tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-bench.XXXXXX") || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP

stop() {
    echo "bench: $*" >&2
    [ ! -f "$tmp/log" ] || tail -n 3 "$tmp/log" >&2
    exit 1
}

note() { # NAME VALUE: one more measurement of it
    [ -z "$2" ] || echo "$2" >>"$tmp/$1.rates"
}

median() { # NAME
    [ ! -s "$tmp/$1.rates" ] || sort -g "$tmp/$1.rates" | sed -n "$((($(wc -l <"$tmp/$1.rates") + 1) / 2))p"
}

row() { # TITLE OURS PEER WANTED: the names of two measurements, and their least ratio
    local ours peer
    ours=$(median "$2") peer=$(median "$3")
    if [ -z "$ours" ] || [ -z "$peer" ]; then
        printf 'SKIP: %s: %s\n' "$1" "$(cat "$tmp/$3.why" "$tmp/$2.why" 2>/dev/null | head -n 1)"
        return
    fi
    awk -v title="$1" -v ours="$ours" -v peer="$peer" -v wanted="$4" 'BEGIN {
        printf "%-58s %9.0f %9.0f %7.2f %7.2f  %s\n", title, ours, peer, ours / peer, wanted,
            (ours >= wanted * peer) ? "ok" : "below"
    }'
}

# What a tool prints behind a label:  figure 'peer train' FILE
figure() {
    sed -n "s/^$1 \([0-9.]*\).*/\1/p" "$2" | tail -n 1
}

# ---- the frames, the stores ----------------------------------------------------------------------

copies() { # FROM TO COUNT: a folder that holds the frames of another so many times, by links
    local class i
    for class in real fake; do
        mkdir -p "$2/$class"
        for ((i = 0; i < $3; i++)); do
            ln -s "$(realpath "$1/$class")" "$2/$class/copy$i"
        done
    done
}

prepare() {
    "$build/tests/demo/frames" "$tmp/demo" >"$tmp/log" 2>&1 || stop 'no frames of the demo'
    copies "$tmp/demo" "$tmp/demo10" 10
    frames=${1:-}
    if [ -z "$frames" ]; then
        frames=$tmp/frames
        "$build/tests/demo/frames" "$tmp/single" --size 256 >"$tmp/log" 2>&1 || stop 'no frames'
        copies "$tmp/single" "$frames" 10 # so that starting takes little of it
    fi
    store "$frames" bench --per-class 400
    store "$tmp/demo" one
    store "$tmp/demo10" ten
}

store() { # FRAMES NAME OPTION...
    "$bin/unmask-preprocess" "$1" -o "$tmp/$2.h5" "${@:3}" >"$tmp/log" 2>&1 ||
        stop "no store of $1"
}

# ---- measurements --------------------------------------------------------------------------------

peer_python() { # NAMES COMMAND...: runs a peer into $tmp/peer; where it cannot run, keeps the reason
    local names=$1 name why
    shift
    "$@" >"$tmp/peer" 2>"$tmp/peer.err" && ! grep -q '^SKIP' "$tmp/peer" && return 0
    why=$(cat "$tmp/peer" "$tmp/peer.err" | tail -n 1)
    for name in $names; do
        echo "${why#SKIP: }" >"$tmp/$name.why"
    done
    return 1
}

measure_preprocess() {
    local begin end count
    begin=$(date +%s%N)
    taskset -c 0 "$bin/unmask-preprocess" "$frames" -o "$tmp/timed.h5" >"$tmp/log" 2>&1 ||
        stop 'preprocess failed'
    end=$(date +%s%N)
    count=$(sed -n 's/.*: \([0-9]*\) files: .*/\1/p' "$tmp/log")
    note preprocess "$(awk -v n="$count" -v ns=$((end - begin)) 'BEGIN { print n / ns * 1e9 }')"
    "$build/tests/bench/bench_decode" "$frames" 1 >"$tmp/decode" 2>"$tmp/log" || stop 'no decoding'
    note bare "$(sed -n 's/^bare .*decoding  *\([0-9]*\) images.*/\1/p' "$tmp/decode")"
    note decode "$(sed -n 's/^decode and resize.*  \([0-9]*\) images.*/\1/p' "$tmp/decode" | tail -n 1)"
    peer_python torchvision taskset -c 0 "$python" "$here/peer_preprocess.py" "$frames" 3 &&
        note torchvision "$(figure 'peer [a-z+]*' "$tmp/peer")"
}

measure_engine() {
    "$build/tests/bench/bench_engine" --threads "$threads" --rounds 1 >"$tmp/engine" 2>"$tmp/log" ||
        stop 'no engine'
    note train "$(figure 'ours train' "$tmp/engine")"
    note infer "$(figure 'ours infer' "$tmp/engine")"
    note convolutions "$(figure 'ours convolutions' "$tmp/engine")"
    peer_python 'torch-train torch-infer' "$python" "$here/peer_train.py" --threads "$threads" \
        --layout default --rounds 1 --seconds 0.6 && note torch-train "$(figure 'peer train' "$tmp/peer")" &&
        note torch-infer "$(figure 'peer infer' "$tmp/peer")"
    peer_python 'best-train best-infer' env MALLOC_MMAP_THRESHOLD_=4294967296 \
        MALLOC_TRIM_THRESHOLD_=8589934592 "$python" "$here/peer_train.py" --threads "$threads" \
        --layout channels_last --rounds 1 --seconds 0.6 && note best-train "$(figure 'peer train' "$tmp/peer")" &&
        note best-infer "$(figure 'peer infer' "$tmp/peer")"
}

# Images per second of the last of three epochs.
train_rate() { # RANKS THREADS
    "$mpirun" --oversubscribe -n "$1" "$bin/unmask-train" "$tmp/bench.h5" -o \
        "$tmp/bench-run.h5" --fresh --epochs 3 --threads "$2" </dev/null >"$tmp/log" 2>&1 ||
        stop 'training failed'
    "$build/tests/bench/inspect_h5" print "$tmp/bench-run.h5" /history/images_per_second | tail -n 1
}

measure_ranks() {
    note one-rank "$(train_rate 1 "$threads")"
    note all-ranks "$(train_rate "$threads" 1)"
}

# The most private memory of a training rank that was ever seen, in MB.
memory() { # STORE
    local most=0 now job
    "$bin/unmask-train" "$1" -o "$tmp/memory-run.h5" --fresh --epochs 1 --threads "$threads" \
        >"$tmp/log" 2>&1 </dev/null &
    job=$!
    while now=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$job/status" 2>/dev/null) &&
        [ -n "$now" ]; do
        [ "$now" -le "$most" ] || most=$now
        sleep 0.05
    done
    wait "$job" || stop 'training failed'
    echo $((most / 1024))
}

# ---- the table -----------------------------------------------------------------------------------

prepare "$@"
printf '%s; %d rounds; %s; load %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    "$rounds" "$(nproc) CPUs" "$(cut -d' ' -f1-3 /proc/loadavg)"
for ((round = 0; round < rounds; round++)); do
    measure_preprocess
    measure_engine
    measure_ranks
done
printf '%-58s %9s %9s %7s %7s\n' 'images/s, the median' ours peer ratio wanted
row 'preprocess, one core / torchvision' preprocess torchvision 5
row 'decode and resize, one core / bare libjpeg-turbo' decode bare 0.6
row "training step, $threads threads / PyTorch at its best" train best-train 1.5
row "training step, $threads threads / PyTorch as people run it" train torch-train 3.5
row "training step, $threads threads / the sum of oneDNN's convolutions" train convolutions 0.8
row "inference, $threads threads / PyTorch at its best" infer best-infer 1.5
row "inference, $threads threads / PyTorch as people run it" infer torch-infer 1.5
row "unmask-train, $threads ranks x 1 thread / 1 rank x $threads threads" all-ranks one-rank 0.95
row "unmask-train, 1 rank x $threads threads / the engine alone" one-rank train 0.9
one=$(memory "$tmp/one.h5")
ten=$(memory "$tmp/ten.h5")
printf '%-58s %6s MB, %s MB on a store 10 times as large (wanted: below 300)\n' \
    'private memory of a training rank, batch 32' "$one" "$ten"
echo "load at the end $(cut -d' ' -f1-3 /proc/loadavg)"
