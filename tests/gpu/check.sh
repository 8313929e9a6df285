#!/usr/bin/env bash
# The cuda engine on a real GPU: the body of `make check-gpu`. Needs built programs, no compiler.
#
#   tests/gpu/check.sh [BIN_DIR [TESTS_DIR]]     build/bin and build/tests; a bundle: bin bin
#   MISSING_GPU=skip     without a GPU, every claim is skipped (as in make check) instead of exit 1
#   PARTS='suite precisions ranks resuming sanitizers'   what is checked, in this order (all)
#   LONG=300 SIZE=64    epochs of the training that is killed and interrupted; pixels of the frames
#   PYTHON              the one that has cuDNN and NCCL, where the machine itself does not
here=$(dirname "$0")
tests=${2:-${BUILD:-build}/tests}
tool() { # NAME: in the build tree, or all in one folder
    find -L "$tests" -maxdepth 2 -name "$1" -type f | head -n 1
}
export BIN=${1:-${BIN:-build/bin}} FRAMES_TOOL INSPECT_TOOL
FRAMES_TOOL=$(tool frames) INSPECT_TOOL=$(tool inspect_h5) engine_suite=$(tool test_engine)
if [ -z "$FRAMES_TOOL" ] || [ -z "$INSPECT_TOOL" ] || [ -z "$engine_suite" ]; then
    echo "check-gpu: frames, inspect_h5 and test_engine are not all below $tests: run make tests" >&2
    exit 1
fi
# shellcheck source=tests/e2e/common.bash
. "$here/../e2e/common.bash"
# shellcheck source=tests/gpu/libraries.bash
. "$here/libraries.bash"
[ ! -x "$bin/mpirun" ] || mpirun=$bin/mpirun

store=$tmp/s.h5
long=${LONG:-300} size=${SIZE:-64}
gpu() { # RUN OPTION...: a training on the GPU, the same bits every time
    one train "$store" -o "$1" --device cuda --deterministic --seed 1 --epochs 2 "${@:2}"
}
gpus() { # RANKS RUN OPTION...
    ranks "$1" train "$store" -o "$2" --device cuda --seed 1 --epochs 2 "${@:3}"
}

# ---- is there a GPU? -----------------------------------------------------------------------------

"$frames_tool" "$tmp/in" --videos 12 --frames 12 --size 64 >/dev/null &&
    one preprocess "$tmp/in" -o "$store" --image-size "$size" >/dev/null 2>&1 || exit 1
no_gpu=
one train "$store" -o "$tmp/probe.h5" --device cuda --epochs 0 >"$tmp/probe" 2>&1 ||
    no_gpu=$(grep '^unmask-train: ' "$tmp/probe" | tail -n 1 | sed 's/^unmask-train: //')
if [ -n "$no_gpu" ]; then
    echo "check-gpu: no GPU to test on: $no_gpu" >&2
    case ${MISSING_GPU:-}$no_gpu in skip*'no GPU'* | skip*'no libunmask-cuda.so'* | skip*'cannot open shared object'*) ;; *) exit 1 ;; esac
fi

on_gpu() { # NAME COMMAND...: a claim, or skipped without a GPU
    if [ -n "$no_gpu" ]; then skip "$1: no GPU"; else claim "$@"; fi
}

# ---- how near ------------------------------------------------------------------------------------

# |a - b| / |a| in the Euclidean norm, over all numbers of an object of two files
within() { # TOLERANCE FILE FILE OBJECT...
    local tolerance=$1 a=$2 b=$3 object
    shift 3
    for object in "$@"; do
        paste <(values "$a" "$object") <(values "$b" "$object") | awk -v limit="$tolerance" '
            { apart += ($1 - $2) ^ 2; norm += $1 ^ 2 }
            END { apart = sqrt(apart / norm); print "'"$object"': " apart " apart, of " limit
                  exit !(NR && NF == 2 && apart <= limit) }' || return 1
    done
}

# Sums of other orders round differently, and RMSprop magnifies what is rounded: of two epochs the
# first steps' losses agree to the digits, the weights to a few per cent.
alike() { # RUN RUN
    within 1e-3 "$1" "$2" /history/train_loss && within 5e-2 "$1" "$2" /model/conv1/weight /model/fc/weight
}

# ---- the claims ----------------------------------------------------------------------------------

engine_suite() { # every case ran, none was skipped for want of a GPU
    local code
    timeout 300 "$engine_suite" >"$tmp/suite" 2>&1
    code=$?
    cat "$tmp/suite"
    [ $code = 0 ] && ! grep -q '^SKIP' "$tmp/suite"
}

precisions() {
    local precision
    one train "$store" -o "$tmp/cpu.h5" --device cpu --seed 1 --epochs 2 >/dev/null 2>&1
    for precision in fp32 tf32 bf16; do
        on_gpu "$precision: a training" gpu "$tmp/$precision.h5" --precision $precision
        on_gpu "$precision: again, the same bits" \
            eval "gpu '$tmp/again.h5' --precision $precision --fresh && same_run '$tmp/$precision.h5' '$tmp/again.h5'"
        on_gpu "$precision: the loss of the cpu engine, within 5%" \
            within 0.05 "$tmp/cpu.h5" "$tmp/$precision.h5" /history/train_loss
        on_gpu "$precision: eval scores every frame as on the cpu, within 2%" eval "
            one eval '$store' '$tmp/$precision.h5' -o '$tmp/a.h5' --device cuda --precision $precision &&
            one eval '$store' '$tmp/$precision.h5' -o '$tmp/b.h5' --device cpu &&
            within 0.02 '$tmp/a.h5' '$tmp/b.h5' /predictions/probability"
    done
    on_gpu 'fp32: eval within 1e-4' eval "
        one eval '$store' '$tmp/fp32.h5' -o '$tmp/a.h5' --device cuda && one eval '$store' '$tmp/fp32.h5' -o '$tmp/b.h5' --device cpu &&
        within 1e-4 '$tmp/a.h5' '$tmp/b.h5' /predictions/probability"
    on_gpu 'frames that stay in host memory give the same bits' \
        eval "gpu '$tmp/off.h5' --resident off && same_run '$tmp/fp32.h5' '$tmp/off.h5'"
}

ranks_of_a_gpu() {
    [ -n "$no_gpu" ] || [ -e "$tmp/fp32.h5" ] || gpu "$tmp/fp32.h5" >/dev/null 2>&1
    on_gpu 'one rank, summed by NCCL' gpu "$tmp/nccl.h5" --sum nccl
    on_gpu '... the weights of a rank alone' alike "$tmp/fp32.h5" "$tmp/nccl.h5"
    on_gpu 'two ranks on one GPU, summed by MPI' gpus 2 "$tmp/two.h5" --sum mpi
    on_gpu '... the weights of one rank' alike "$tmp/fp32.h5" "$tmp/two.h5"
    on_gpu 'three ranks, a short batch: the weights of one rank' \
        eval "gpus 3 '$tmp/three.h5' --batch-size 25 && gpu '$tmp/one.h5' --batch-size 25 && alike '$tmp/one.h5' '$tmp/three.h5'"
    if [ "$(nvidia-smi -L 2>/dev/null | wc -l)" -gt 1 ]; then
        on_gpu 'two GPUs, summed by NCCL' gpus 2 "$tmp/gpus.h5" --sum nccl
        on_gpu '... the weights of one rank' alike "$tmp/fp32.h5" "$tmp/gpus.h5"
    else
        on_gpu 'NCCL with two ranks on one GPU: one line, exit 1' \
            exits 1 'GPU|nccl|NCCL' gpus 2 "$tmp/refused.h5" --sum nccl
        skip 'NCCL across two GPUs: there is one at most'
    fi
}

stopped() { # SIGNAL CODE RUN: on the way, then to the end
    local job i got
    "$bin/unmask-train" "$store" -o "$3" --device cuda --deterministic --seed 1 --epochs "$long" \
        >"$tmp/log" 2>&1 </dev/null &
    job=$!
    for ((i = 0; i < 6000; i++)); do
        grep -q '^epoch 3/' "$tmp/log" && break
        sleep 0.01
    done
    kill -s "$1" $job
    wait $job 2>/dev/null
    got=$?
    is $got "$2" && gpu "$3" --epochs "$long" && same_run "$tmp/long.h5" "$3"
}

resuming() {
    on_gpu "$long epochs" gpu "$tmp/long.h5" --epochs "$long"
    on_gpu 'killed and gone on: the same bits' stopped KILL 137 "$tmp/killed.h5"
    on_gpu 'interrupted and gone on: the same bits' stopped USR1 75 "$tmp/interrupted.h5"
}

# A short run, resident and not. Libraries ask the driver for what it lacks, and share memory in ways
# that racecheck cannot follow: calls that fail are the engine's to check, and races are looked for in
# our kernels alone.
sanitized() { # TOOL PRECISION RESIDENT...
    local tool=$1 precision=$2 resident kernel options=(--report-api-errors no)
    shift 2
    [ "$tool" != racecheck ] || for kernel in _elements linear_frames loss_batch unpool_positions; do
        options+=(--kernel-name "kns=$kernel")
    done
    for resident in "$@"; do
        timeout 300 compute-sanitizer --tool "$tool" "${options[@]}" \
            --target-processes all --error-exitcode 9 \
            "$bin/unmask-train" "$tmp/small.h5" -o "$tmp/sanitized.h5" --fresh --device cuda --deterministic --timeout 0 \
            --precision "$precision" --resident "$resident" --epochs 1 --batch-size 5 || return 1
    done
}

sanitizers() {
    local precision missing=
    one preprocess "$tmp/in" -o "$tmp/small.h5" --image-size 32 --per-class 12 >/dev/null 2>&1
    if ! command -v compute-sanitizer >/dev/null; then
        missing='compute-sanitizer is not installed'
    elif compute-sanitizer "$bin/unmask-train" "$tmp/small.h5" -o "$tmp/sanitized.h5" --device cuda --epochs 0 2>&1 |
        grep -q 'Device not supported'; then
        missing='compute-sanitizer does not support this device'
    fi
    for precision in fp32 bf16; do
        if [ -n "$missing" ]; then
            skip "memcheck and racecheck in $precision: $missing"
            continue
        fi
        on_gpu "memcheck finds nothing in $precision" sanitized memcheck $precision on off
        on_gpu "racecheck finds nothing in $precision" sanitized racecheck $precision on
    done
}

for part in ${PARTS:-suite precisions ranks resuming sanitizers}; do
    case $part in
    suite) on_gpu 'the engine suite, every precision, against the reference' engine_suite ;;
    ranks) ranks_of_a_gpu ;;
    precisions | resuming | sanitizers) $part ;;
    *) claim "PARTS: $part" false ;;
    esac
    echo "# $part: done after $SECONDS s"
done
finish
