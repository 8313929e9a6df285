#!/usr/bin/env bash
# The cuda engine where there is no GPU: its host code, its steps, graphs and sums, and its kernels
# thread by thread, over a CUDA that runs on the host (tests/cuda_host). The real libraries and every
# speed are `make check-gpu`'s.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

plugins=$(realpath "$build/tests/cuda_host")
if [ ! -e "$plugins/libunmask-cuda.so" ]; then
    skip "the cuda engine: this build has none (no nvcc, cuDNN or NCCL)"
    finish
    exit
fi
export LD_LIBRARY_PATH=$plugins

store=$tmp/s.h5
"$frames_tool" "$tmp/frames" --videos 12 --frames 12 >/dev/null || exit 1
one preprocess "$tmp/frames" -o "$store" --image-size 16 >"$tmp/log" 2>&1 || {
    cat "$tmp/log"
    exit 1
}

network=(--channels '8,12' --batch-size 33 --epochs 2 --deterministic)
# train NAME RANKS DEVICES OPTION...
train() {
    local name=$1 count=$2 devices=$3
    shift 3
    CUDA_HOST_DEVICES=$devices ranks "$count" train "$store" -o "$tmp/$name.h5" "${network[@]}" "$@"
}
same() { # the same weights, optimiser state and losses, to the bit
    local part
    for part in model optimizer history/train_loss history/val_loss steps; do
        h5diff "$tmp/$1.h5" "$tmp/$2.h5" "/$part" || return 1
    done
}
near() { h5diff -p "$3" "$tmp/$1.h5" "$tmp/$2.h5" /steps/loss; }

claim 'the engine suite holds on cuda' "$build/tests/unit/test_engine"
claim '... with the threads of a block, and streams, in another order' \
    env CUDA_HOST_ORDER=reverse CUDA_HOST_EAGER=1 "$build/tests/unit/test_engine"
claim 'one rank on its GPU has its rows there' exits 0 'rows resident in GPU memory' train one 1 1 --device cuda
claim 'rows that stream from the store' train streamed 1 1 --device cuda --resident off
claim '... give the same bits' same one streamed
CUDA_HOST_ORDER=reverse claim 'rows that stream, blocks and threads in the other order' train reversed 1 1 --device cuda --resident off
claim '... give the same bits' same one reversed
CUDA_HOST_EAGER=1 claim 'rows that stream, streams that run at once' train eager 1 1 --device cuda --resident off
claim '... give the same bits' same one eager
if [ "${SANITIZE:-0}" = 1 ]; then # the rest is the programs', and would take a quarter of an hour
    finish
    exit
fi
CUDA_HOST_BYTES=100000 claim 'rows that do not fit stream, and it says so' exits 0 'stream from the store: they do not fit' train small 1 1 --device cuda
claim '... and --resident on ends with one line' \
    exits 1 'resident on: the rows do not fit' env CUDA_HOST_BYTES=100000 \
    "$bin/unmask-train" "$store" -o "$tmp/x.h5" "${network[@]}" --device cuda --resident on
claim 'the fastest algorithms, whether or not they add in order' \
    one train "$store" -o "$tmp/fastest.h5" --device cuda --channels 8,12 --batch-size 33 --epochs 2
claim '... agree with the others' near fastest one 1e-3
claim 'a batch that is larger than the epoch' train large 2 2 --device cuda --batch-size 1000
claim 'a batch smaller than the ranks: one has no rows' train tiny 3 3 --device cuda --batch-size 2 --epochs 1
claim 'a group of one rank' exits 0 'summed by NCCL' train group 1 1 --device cuda --sum nccl
claim '... gives the same bits' same one group
claim 'three ranks, three GPUs, sum by NCCL' exits 0 'summed by NCCL' train three 3 3 --device cuda --timeout 30
claim '... and agree with one rank' near three one 1e-3
claim 'two ranks on one GPU sum by MPI and say why' exits 0 'MPI through host memory \(ranks share a GPU\)' train shared 2 1 --device cuda
claim '... and agree with one rank' near shared one 1e-3
claim '... and --sum nccl is refused' exits 1 'sum nccl: ranks share a GPU' \
    ranks 2 train "$store" -o "$tmp/x.h5" --device cuda --sum nccl
claim 'two ranks, two GPUs, --sum mpi' train mpi 2 2 --device cuda --sum mpi
claim '... and agree with one rank' near mpi one 1e-3
claim 'bf16 learns' train bf16 1 1 --device cuda --precision bf16
claim '... nearly the same' near bf16 one 0.2

claim 'training stopped after an epoch' train part 2 2 --device cuda --epochs 1
claim '... goes on' train part 2 2 --device cuda
claim '... after one that never stopped' train whole 2 2 --device cuda
claim '... to the same bits' same part whole

claim 'scoring on cuda' one eval "$store" "$tmp/one.h5" -o "$tmp/cuda.h5" --device cuda
claim '... and on cpu' one eval "$store" "$tmp/one.h5" -o "$tmp/cpu.h5" --device cpu
claim '... gives the same probabilities' h5diff -d 1e-6 "$tmp/cuda.h5" "$tmp/cpu.h5" \
    /predictions/probability

claim '... the same for two ranks' eval "
    CUDA_HOST_DEVICES=2 ranks 2 eval '$store' '$tmp/one.h5' -o '$tmp/cuda2.h5' --device cuda &&
    h5diff '$tmp/cuda.h5' '$tmp/cuda2.h5' /predictions/probability"

claim 'the preflight tries the sum of the GPUs' exits 0 'over NCCL' train check 2 2 --device cuda --check

# A rank that dies leaves the sum of the others spinning on the device.
CUDA_HOST_DEVICES=2 "$mpirun" --oversubscribe --bind-to none -n 2 "$bin/unmask-train" "$store" \
    -o "$tmp/dead.h5" --device cuda --channels 8 --epochs 100000 --checkpoint-every 100000 \
    --timeout 10 >"$tmp/log" 2>&1 </dev/null &
job=$!
for ((i = 0; i < 600; i++)); do
    grep -q '^epoch 1/' "$tmp/log" && break
    sleep 0.1
done
read -r -d '' -a pids <"/proc/$job/task/$job/children"
victim=$(pgrep -P "$job" unmask-train | tail -n 1)
claim 'a rank that stops in the middle' kill -STOP "${victim:-${pids[-1]}}"
start=$SECONDS
wait "$job"
code=$?
claim '... ends the job' test "$code" -ne 0 -a $((SECONDS - start)) -lt 40
claim '... with a line that names it' grep -E 'unmask-train.*rank 1' "$tmp/log"

# A sum that never comes although every rank is there, among resident rows and among those that stream.
for resident in on off; do
    start=$SECONDS
    CUDA_HOST_STUCK=52 claim "a sum that is stuck, --resident $resident" exits 1 'the sum over the GPUs failed' \
        train stuck 2 2 --device cuda --resident $resident --timeout 3 --epochs 100000 --checkpoint-every 100000
    claim '... ends the job in time' test $((SECONDS - start)) -lt 30
done

export CUDA_HOST_DEVICES=0
claim 'no GPU: one line' exits 1 'device cuda: no GPU' one train "$store" -o "$tmp/x.h5" --device cuda
claim '... auto takes another engine and says so' exits 0 'engine .*device cuda: no GPU' \
    one train "$store" -o "$tmp/auto.h5" --epochs 1
finish
