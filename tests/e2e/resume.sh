#!/usr/bin/env bash
# A training that is killed, signalled, damaged or out of disk goes on and ends with the bits of one
# that nothing happened to.
#
#   tests/e2e/resume.sh [KILLS]      so many moments to kill at (6); SEED=n repeats the moments
#
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

kills=${1:-6}
seed=${SEED:-$RANDOM}
RANDOM=$seed
store=$tmp/s.h5
common=(--channels '8,16' --batch-size 4 --threads 1)
epochs=20

# ---- starting, and ending from outside -----------------------------------------------------------

# start RANKS RUN OPTION...   in the background; 0 ranks: without a launcher. $job is what to wait for.
start() {
    local count=$1 run=$2 launcher=()
    shift 2
    : >"$tmp/log" # now, not when the job gets to it: until_said must not read the old one
    [ "$count" -eq 0 ] || launcher=("$mpirun" --oversubscribe --bind-to none -n "$count")
    "${launcher[@]}" "$bin/unmask-train" "$store" -o "$run" "${common[@]}" --epochs "$epochs" "$@" \
        >"$tmp/log" 2>&1 </dev/null &
    job=$!
}

# The ranks of a job: it, or those of its descendants that train.
rank_pids() {
    local child children=()
    [ "$(cat "/proc/$1/comm" 2>/dev/null)" = unmask-train ] && echo "$1"
    read -r -d '' -a children 2>/dev/null <"/proc/$1/task/$1/children"
    for child in "${children[@]}"; do
        rank_pids "$child"
    done
}

# until_said PATTERN: waits for the job to say it, 30 seconds at most.
until_said() {
    local i
    for ((i = 0; i < 3000; i++)); do
        grep -q "$1" "$tmp/log" && return 0
        kill -0 "$job" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}

nap() { # MILLISECONDS
    sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
}

readable() { # RUN: what stands under the name can be opened, and nobody has had to look elsewhere
    values "$1" /progress/epoch >/dev/null && ! grep 'cannot go on from' "$tmp/log"
}

clean_folder() { # RUN: beside it stands the checkpoint before, and no more
    is "$(cd "$(dirname "$1")" && find . -name "$(basename "$1").*" ! -name '*.previous')" ''
}

train() { # RANKS RUN OPTION...   to the end
    start "$@"
    wait "$job"
    local got=$?
    cat "$tmp/log"
    return "$got"
}

# ---- kill -9 -------------------------------------------------------------------------------------

modes=("0 1" "2 1" "0 0.03s" "2 0.03s") # ranks, --checkpoint-every

# One kill of the run of a mode; a run that is done before is compared and begun again.
kill_once() { # RANKS EVERY RUN MOMENT
    local count=$1 every=$2 run=$3 moment=$4 seen=0 got
    [ -e "$run" ] && seen=1
    start "$count" "$run" --checkpoint-every "$every"
    nap "$moment"
    # shellcheck disable=SC2046 # one word per process
    kill -9 $(rank_pids "$job") 2>/dev/null
    wait "$job" 2>/dev/null
    got=$?
    [ "$got" -ne 0 ] || {
        same_run "$tmp/base$count.h5" "$run" || return 1
        rm -f "$run" "$run.previous"
        return 0
    }
    [ "$got" -eq 137 ] || {
        echo "exit $got"
        return 1
    }
    [ ! -e "$run" ] || readable "$run" || return 1
    [ "$seen" -eq 0 ] || [ -e "$run" ] || {
        echo 'the run is gone'
        return 1
    }
}

killed_at_random() {
    local i count every run moment
    for ((i = 0; i < kills; i++)); do
        read -r count every <<<"${modes[i % 4]}"
        run=$tmp/killed$((i % 4)).h5
        moment=$((RANDOM * longest / 32768))
        claim "kill $i: $count ranks, checkpoints every $every, after $moment ms: nothing unreadable" \
            kill_once "$count" "$every" "$run" "$moment"
    done
    for ((i = 0; i < kills && i < 4; i++)); do
        read -r count every <<<"${modes[i]}"
        run=$tmp/killed$i.h5
        claim "killed: $count ranks, checkpoints every $every: goes on to the end" train "$count" \
            "$run" --checkpoint-every "$every"
        claim '... with the bits of an uninterrupted run' same_run "$tmp/base$count.h5" "$run"
        claim '... and leaves nothing beside it' clean_folder "$run"
    done
}

# ---- signals -------------------------------------------------------------------------------------

# signalled RANKS SIGNAL TARGET RUN: interrupts three times (twice or once where a slow machine lets
# the training end first), then lets it end. TARGET: job, or the number of a rank.
signalled() {
    local count=$1 signal=$2 target=$3 run=$4 i got pid in_epoch=0
    for ((i = 0; i < 3; i++)); do
        start "$count" "$run"
        until_said 'engine ' || return 1
        nap $((RANDOM * longest / 32768 / 5)) # so that the third too finds work to do
        pid=$job
        [ "$target" = job ] || pid=$(rank_pids "$job" | sed -n "$((target + 1))p")
        kill -s "$signal" "$pid"
        wait "$job"
        got=$?
        [ "$got" -eq 0 ] && [ "$i" -gt 0 ] && break
        [ "$got" -eq 75 ] || {
            tail -n 3 "$tmp/log"
            echo "unmask-: exit $got, not 75, at interruption $i"
            return 1
        }
        grep -q 'interrupted, checkpoint saved at epoch' "$tmp/log" || return 1
        [ "$(values "$run" /progress/step)" -eq 0 ] || in_epoch=$((in_epoch + 1))
    done
    [ "$in_epoch" -gt 0 ] || {
        echo 'unmask-: no interruption fell inside an epoch'
        return 1
    }
    train "$count" "$run" && grep -qE 'going on from epoch|epochs already' "$tmp/log"
}

signals() {
    local run=$tmp/signalled
    claim 'SIGUSR1 to mpirun, thrice: exit 75, a checkpoint within an epoch, goes on' \
        signalled 2 USR1 job "$run-a.h5"
    claim '... with the bits of an uninterrupted run' same_run "$tmp/base2.h5" "$run-a.h5"
    claim 'SIGUSR1 to one of two ranks' signalled 2 USR1 1 "$run-b.h5"
    claim '... with the bits of an uninterrupted run' same_run "$tmp/base2.h5" "$run-b.h5"
    claim 'SIGTERM without a launcher' signalled 0 TERM job "$run-c.h5"
    claim '... with the bits of an uninterrupted run' same_run "$tmp/base0.h5" "$run-c.h5"
    claim '... and nothing left beside it' clean_folder "$run-c.h5"
}

# ---- damage --------------------------------------------------------------------------------------

spoil() { # FILE: zeros over the middle third
    local size
    size=$(stat -c %s "$1")
    dd if=/dev/zero of="$1" bs=1 seek=$((size / 3)) count=$((size / 3)) conv=notrunc status=none
}

goes_back() { # RUN: ends well, with a warning that names the checkpoint it went back to
    train 0 "$1" || return 1
    grep 'warning: .*going on from .*previous' "$tmp/log"
}

damage() {
    local run=$tmp/damaged.h5 all=$epochs kind
    epochs=3
    claim 'three epochs, to be damaged' train 0 "$run"
    cp "$run" "$tmp/whole.h5"
    cp "$run.previous" "$tmp/whole.h5.previous"
    for kind in spoilt cut empty missing; do
        cp "$tmp/whole.h5" "$run"
        cp "$tmp/whole.h5.previous" "$run.previous"
        rm -f "$run.damaged"
        case $kind in
        spoilt) spoil "$run" ;;
        cut) truncate -s -3000 "$run" ;;
        empty) : >"$run" ;;
        missing) rm "$run" ;;
        esac
        epochs=$all
        claim "the newest checkpoint $kind: goes back to the one before, with a warning" \
            goes_back "$run"
        claim '... and ends with the bits of an uninterrupted run' same_run "$tmp/base0.h5" "$run"
    done
    cp "$tmp/whole.h5.previous" "$run.previous"
    spoil "$run"
    epochs=2
    claim 'the newest spoilt, the one before has all the epochs that are asked for' goes_back "$run"
    claim '... it takes the name' cmp "$run" "$tmp/whole.h5.previous"
    epochs=$all
    spoil "$run"
    cp "$run" "$run.previous"
    claim 'both spoilt: one line, exit 1' exits 1 'damaged.h5.*previous' train 0 "$run"
    claim '... --fresh begins again' train 0 "$run" --fresh
    claim '... with the bits of an uninterrupted run' same_run "$tmp/base0.h5" "$run"
}

# ---- a full disk ---------------------------------------------------------------------------------

full_disk() {
    local disk=$tmp/full run=$tmp/full/r.h5 all=$epochs free
    mkdir "$disk"
    if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=1m tmpfs "$disk" 2>/dev/null; then
        skip 'a full disk: only root can mount a small file system, where that is allowed'
        return
    fi
    epochs=2
    claim 'two epochs on a small disk' train 2 "$run"
    cp "$run" "$tmp/two.h5"
    free=$(df --output=avail -k "$disk" | tail -n 1)
    head -c $((free - 8))K /dev/zero >"$disk/filler"
    epochs=$all
    claim 'the disk fills up during a checkpoint: one line, exit 1' exits 1 'full/r.h5.*[Nn]o space' \
        train 2 "$run"
    claim '... the checkpoint before is whole' cmp "$run" "$tmp/two.h5"
    claim '... and nothing half-written is left' clean_folder "$run"
    rm "$disk/filler"
    claim '... with room again it goes on' train 2 "$run"
    claim '... to the bits of an uninterrupted run' same_run "$tmp/base2.h5" "$run"
    umount "$disk"
}

make_store() {
    "$frames_tool" "$tmp/in" --videos 12 --frames 12 --size 64 &&
        one preprocess "$tmp/in" -o "$store" --image-size 64
}

echo "seed $seed, $kills kills"
claim 'a store to learn from' make_store || exit 1
claim 'an uninterrupted run, 2 ranks' train 2 "$tmp/base2.h5" || exit 1
begun=$(($(date +%s%N) / 1000000))
claim 'an uninterrupted run, no launcher' train 0 "$tmp/base0.h5" || exit 1
longest=$((2 + $(date +%s%N) / 1000000 - begun)) # milliseconds of a training that nothing happens to
killed_at_random
signals
damage
full_disk
finish
