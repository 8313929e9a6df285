#!/usr/bin/env bash
# How the training scales: images/s on one rank and on two of this machine, on two ranks of the two
# test nodes where root can make them, and the share of a step that the gradient sum takes. Then what
# a model with these numbers, and the assumptions it prints, says of 8 and 64 GPUs.
#
#   scaling.sh [STORE]      programs from $BIN (build/bin); without a store, demo frames at 128 pixels
#
# Assumptions of the model, to be replaced by measurements where there are any:
#   GPU_IMAGES_S  images/s of one GPU at batch 32 or more      LATENCY_US  of one message between nodes
#   LINK_GB_S     bandwidth of a node's link
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(realpath "${BIN:-build/bin}")
frames_tool=$(realpath "${FRAMES_TOOL:-build/tests/demo/frames}")
cluster=$PWD/tests/cluster/cluster.sh
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 LC_ALL=C
work=$(mktemp -d "${TMPDIR:-/tmp}/unmask-scaling.XXXXXX")
cleanup() {
    trap '' INT TERM HUP
    [ ! -d "$work/slurm" ] || "$cluster" stop "$work"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

store=${1:-$work/store.h5}
if [ $# = 0 ]; then
    "$frames_tool" "$work/frames" --videos 8 --frames 20 --size 128 >/dev/null &&
        "$bin/unmask-preprocess" "$work/frames" -o "$store" >/dev/null 2>&1 || exit 1
fi

measure() { # NAME LAUNCHER...: the fastest of three epochs, and the sum as the preflight times it
    local name=$1 rate sum
    shift
    rate=$("$@" "$bin/unmask-train" "$store" -o "$work/run.h5" --fresh --epochs 3 --threads 1 \
        --checkpoint-every 100 2>/dev/null | sed -n 's/.* \([0-9]*\) images.s$/\1/p' | sort -n | tail -1)
    sum=$("$@" "$bin/unmask-train" --check "$store" -o "$work/run.h5" --fresh --threads 1 2>/dev/null |
        sed -n 's/.* over MPI in \([0-9.]*\) ms.*/\1/p')
    awk -v name="$name" -v rate="$rate" -v sum="$sum" 'BEGIN {
        step = 32000 / rate
        printf "%-34s %8d %11.1f %9.2f %8.1f %%\n", name, rate, step, sum, 100 * sum / step }'
}

printf '%-34s %8s %11s %9s %10s\n' 'measured, global batch 32' images/s 'step (ms)' 'sum (ms)' share
measure '1 rank x 1 thread' mpirun --bind-to none -n 1
measure '2 ranks x 1 thread' mpirun --bind-to none --oversubscribe -n 2
why=$("$cluster" lacks)
if [ -n "$why" ]; then
    echo "SKIP: two nodes: $why"
else
    "$cluster" start "$work" || exit 1
    measure '2 nodes x 1 rank, TCP on a bridge' "$cluster" on "$work" head srun --nodes=2 --ntasks=2 --mpi=pmix
fi

awk -v rate="${GPU_IMAGES_S:-20000}" -v latency="${LATENCY_US:-5}" -v link="${LINK_GB_S:-12.5}" '
function row(kind, gpus, batch,    compute, sum) {
    compute = batch / gpus / rate * 1e3
    # two exchanges with every other rank, their messages one after the other; two slabs of traffic
    sum = gpus == 1 ? 0 : (2 * (gpus - 1) * latency * 1e-3 + 2 * 0.16e-3 / link * 1e3)
    printf "%-7s %5d %7d %11.2f %9.3f %9.0f %9.0f %% %12.2f\n", kind, gpus, batch, compute, sum,
        batch / (compute + sum) * 1e3, 100 * compute / (compute + sum),
        batch / (compute + sum) * 1e3 * 49152e-9
}
BEGIN {
    printf "\nmodel: %d images/s on one GPU whatever the batch, %g us a message, %g GB/s a link\n", rate, latency, link
    printf "%-7s %5s %7s %11s %9s %9s %11s %12s\n", "scaling", "GPUs", "batch", "compute ms", "sum ms",
        "images/s", "efficiency", "store GB/s"
    row("strong", 1, 256); row("strong", 8, 256); row("strong", 64, 256)
    row("weak", 1, 256); row("weak", 8, 8 * 256); row("weak", 64, 64 * 256)
}'
