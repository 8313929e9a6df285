#!/usr/bin/env bash
# The jobs on a real SLURM of two nodes: the chain, preemption, dead ranks, lost nodes, full disks.
#
#   check.sh [--quick] [--only PATTERN]    --quick: the part that fits into four minutes
#
# Programs from $BIN (build/bin), frames by $FRAMES_TOOL. Leaves nothing behind. Trainings run on 2 x 2
# ranks; what they come to is compared with an uninterrupted training of four ranks under mpirun.
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$(realpath "${BIN:-build/bin}")
frames_tool=$(realpath "${FRAMES_TOOL:-build/tests/demo/frames}")
cluster=$PWD/tests/cluster/cluster.sh
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 LC_ALL=C.UTF-8
unset UNMASK_JOBS UNMASK_SITE

quick='' only=''
while [ $# -gt 0 ]; do
    case $1 in
    --quick) quick=1 ;;
    --only) only=$2 && shift ;;
    *) echo "usage: check.sh [--quick] [--only PATTERN]" >&2 && exit 2 ;;
    esac
    shift
done

why=$("$cluster" lacks)
[ -z "$why" ] && { command -v h5diff >/dev/null || why='h5diff is not installed'; }
if [ -n "$why" ]; then
    echo "SKIP: the cluster tests: $why"
    exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/unmask-cluster.XXXXXX")
failures=0
cleanup() {
    trap - EXIT
    trap '' INT TERM HUP # one signal may come twice; the cleaning is done all the same
    "$cluster" stop "$work"
    mountpoint -q "$work/small" && umount "$work/small"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# shellcheck source=tests/cluster/tools.bash
. tests/cluster/tools.bash

# ---- the cases -----------------------------------------------------------------------------------
launch=(mpirun --oversubscribe --bind-to none -n)

# Trainings must be long enough to be struck, on any machine: as many epochs as take some 10 s here.
fixtures() {
    "$frames_tool" "$work/frames" --videos 6 --frames 40 --size 64 >/dev/null || return
    "${launch[@]}" 4 "$bin/unmask-preprocess" "$work/frames" -o "$work/probe.h5" --image-size 64 \
        >/dev/null 2>"$work/local.log" || return
    epochs=$("${launch[@]}" 4 "$bin/unmask-train" "$work/probe.h5" -o "$work/probe-run.h5" --threads 1 \
        --epochs 3 2>"$work/local.log" | sed -n 's|^epoch 3/.* \([0-9]*\) images/s|\1|p')
    epochs=$((10 * ${epochs:-0} / 384))
    epochs=$((epochs < 24 ? 24 : epochs > 600 ? 600 : epochs))
    train=(--batch-size 32 --threads 1 --epochs "$epochs")
    chain=("$work/frames" "$work/local" --preprocess --image-size 64 --train "${train[@]}" --eval --threads 1)
    cat >"$work/site" <<END
BIN=$bin
NODES=2 TASKS_PER_NODE=2 CPUS_PER_TASK=1 PREPROCESS_NODES=2 PREPROCESS_TASKS_PER_NODE=2
TIME_LIMIT=30
LAUNCHER=\${LAUNCHER_WANTED:-auto}
END
    jobs/local.sh "${chain[@]:0:2}" -n 4 --site "$work/site" "${chain[@]:2}" >/dev/null 2>"$work/local.log"
}

# The words of submit.sh come before the programs'.
run_chain() { # NAME
    local name=$1 ids wrong='' step id
    chain[1]=$work/$name
    ids=$(on head jobs/submit.sh "${chain[0]}" "${chain[1]}" --site "$work/site" "${chain[@]:2}")
    while read -r step id; do
        now=$(outcome "$id" 400)
        [ "$now" = COMPLETED ] || wrong+=" $step: $now;"
    done <<<"$ids"
    [ "$(wc -w <<<"$ids")" = 6 ] || wrong+=" not three job ids;"
    wrong+=$(same_report "$work/$name/report" "$work/local/report")
    wrong+=$(same_run "$work/$name/run.h5" "$work/local/run.h5")
    cat "$work/$name"/*.log >"$work/$name.log"
    verdict_text=$wrong
}

case_chain_srun() {
    run_chain srun
    grep -q 'launched with srun' "$work/srun.log" || verdict_text+=' was not launched with srun;'
    grep -q 'ranks 2-3 on node2' "$work/srun.log" || verdict_text+=' was not on both nodes;'
    verdict "from JPEGs to the report over two nodes under srun: a local run's bits" \
        "$verdict_text" "$work/srun.log"
}

case_chain_mpirun() {
    LAUNCHER_WANTED=mpirun run_chain mpirun
    grep -q 'launched with mpirun' "$work/mpirun.log" || verdict_text+=' not launched with mpirun;'
    verdict "the same under mpirun" "$verdict_text" "$work/mpirun.log"
}

# USR1 reaches the batch script as SLURM's --signal=B:USR1@120 sends it.
preempt() { # NAME
    local name=$1 id i wrong=''
    id=$(train_job "$name" --)
    for i in 1 2 3; do
        await_text "$work/$name.log" "epoch $((i * epochs / 4))/" 300 || wrong+=" attempt $i did not get far;"
        [ -z "$wrong" ] || break
        sleep 0.2
        on head scancel --batch --signal=USR1 "$id"
        await_text "$work/$name.log" 'back into the queue' 120 "$i" || wrong+=" not requeued after signal $i;"
    done
    now=$(outcome "$id" 400)
    [ "$now" = COMPLETED ] || wrong+=" ended as $now;"
    [ "$(grep -c 'checkpoint saved at' "$work/$name.log")" = 3 ] || wrong+=' not three checkpoints;'
    wrong+=$(same_run "$work/$name.h5" "$work/local/run.h5")
    verdict_text=$wrong
}

case_usr1_srun() {
    preempt usr1
    verdict 'USR1 three times in one training under srun: requeued, resumed, the same bits' \
        "$verdict_text" "$work/usr1.log"
}

case_usr1_mpirun() {
    LAUNCHER_WANTED=mpirun preempt usr1-mpirun
    verdict 'the same under mpirun' "$verdict_text" "$work/usr1-mpirun.log"
}

# A rank of node2 is struck in the middle; the job must end within the timeout with a line that
# matches, leave nothing, and finish with the same bits when it is put back.
strike() { # NAME HOW PATTERN
    local name=$1 how=$2 pattern=$3 id struck wrong=''
    id=$(train_job "$name" -- --timeout 30 --checkpoint-every 1s)
    # some seconds on: by then every rank has told the next where it is, which it does each second
    await_text "$work/$name.log" "epoch $((epochs / 3))/" 300 || wrong+=' did not get far enough;'
    struck=$SECONDS
    "$how"
    await_text "$work/$name.log" 'ended with exit code' 120 || wrong+=' does not end;'
    [ $((SECONDS - struck)) -le 30 ] || wrong+=" took $((SECONDS - struck)) s to end;"
    grep -qE -- "$pattern" "$work/$name.log" || wrong+=" no line matches /$pattern/;"
    # a node that is declared down while the script still runs would put the job back at once
    await_end "$id" 30
    [ "$how" != lose_node ] || heal node2
    now=$(outcome "$id" 60)
    [ "$now" = FAILED ] || wrong+=" ended as $now, not FAILED;"
    wrong+=$(left_over unmask-train)
    on head scontrol requeue "$id"
    now=$(outcome "$id" 400)
    [ "$now" = COMPLETED ] || wrong+=" after the requeue: $now;"
    wrong+=$(same_run "$work/$name.h5" "$work/local/run.h5")
    verdict_text=$wrong
}

await_end() { # JOB SECONDS: until it no longer runs
    local end=$((SECONDS + $2))
    until [ "$(state "$1")" != RUNNING ] || [ $SECONDS -gt $end ]; do sleep 1; done
}
kill_rank() { on node2 kill -9 "$(rank_on node2 unmask-train)"; }
stop_rank() { on node2 kill -STOP "$(rank_on node2 unmask-train)"; }
lose_node() { "$cluster" cut "$work" node2; }
heal() { # NODE: what an administrator does: SLURM would wait for it to answer for the lost job
    on head scontrol update nodename="$1" state=down reason=lost
    "$cluster" plug "$work" "$1"
    on head scontrol update nodename="$1" state=resume 2>/dev/null # or it is back already
    return 0
}

case_kill() {
    strike kill kill_rank 'tasks? (2-)?[23]: Killed'
    verdict 'kill -9 of a rank ends the job in time; put back, it finishes with the same bits' \
        "$verdict_text" "$work/kill.log"
}

case_stop() {
    strike stop stop_rank 'rank [23] on node2 has been silent .* epoch [0-9]+'
    verdict 'a stopped rank ends the job in time, named; put back, the same bits' \
        "$verdict_text" "$work/stop.log"
}

case_node() {
    strike node lose_node 'rank 3 on node2 has been silent .* epoch [0-9]+'
    verdict 'a lost node ends the job in time, named; put back, the same bits' \
        "$verdict_text" "$work/node.log"
}

# With the batch host nobody is left to print; SLURM notices (after SlurmdTimeout) and requeues.
case_host() {
    local id wrong=''
    id=$(train_job host -- --timeout 30 --checkpoint-every 1s)
    await_text "$work/host.log" "epoch $((epochs / 3))/" 300 || wrong+=' did not get far enough;'
    "$cluster" cut "$work" node1
    await_end "$id" 180
    wrong+=$("$cluster" on "$work" node2 pgrep -f '^[^ ]*unmask-train ' | sed 's/^/ left on node2: /')
    on head scontrol hold "$id"
    heal node1
    sleep 40 # SLURM now tells node1 to end the lost attempt, which is this same job
    on head scontrol release "$id"
    now=$(outcome "$id" 400)
    [ "$now" = COMPLETED ] || wrong+=" ended as $now;"
    grep -q 'restart 1: .*exit code 0' "$work/host.log" || wrong+=' was not requeued by SLURM;'
    grep -q 'going on from' "$work/host.log" || wrong+=' did not go on from a checkpoint;'
    wrong+=$(same_run "$work/host.h5" "$work/local/run.h5")
    verdict 'the batch host is lost: SLURM requeues, the same bits' "$wrong" "$work/host.log"
}

# SLURM suspends all ranks for longer than the timeout: nobody was silent while the others ran.
case_suspend() {
    local id wrong=''
    id=$(train_job suspend -- --timeout 10)
    await_text "$work/suspend.log" 'epoch 5/' 300 || wrong+=' did not get to epoch 5;'
    on head scontrol suspend "$id" || wrong+=' cannot be suspended;'
    sleep 20
    on head scontrol resume "$id"
    now=$(outcome "$id" 400)
    [ "$now" = COMPLETED ] || wrong+=" ended as $now;"
    wrong+=$(same_run "$work/suspend.h5" "$work/local/run.h5")
    verdict 'a job suspended for twice the timeout goes on' "$wrong" "$work/suspend.log"
}

# One minute, of which SLURM keeps 45 s for the checkpoint: several attempts.
case_limit() {
    local id wrong=''
    id=$(train_job limit --time=1 --signal=B:USR1@45 -- --epochs $((3 * epochs)))
    now=$(outcome "$id" 900)
    [ "$now" = COMPLETED ] || wrong+=" ended as $now;"
    grep -q 'restart 1' "$work/limit.log" || wrong+=' was never requeued;'
    "${launch[@]}" 4 "$bin/unmask-train" "$work/local/store.h5" \
        -o "$work/long.h5" "${train[@]}" --epochs $((3 * epochs)) >/dev/null 2>&1
    wrong+=$(same_run "$work/limit.h5" "$work/long.h5")
    verdict 'a time limit shorter than the training: requeued until done, the same bits' \
        "$wrong" "$work/limit.log"
}

# A program that always asks to be run again and never moves.
case_requeues() {
    local id wrong=''
    mkdir "$work/stuck"
    # shellcheck disable=SC2016  # the stub's own $1
    printf '#!/bin/sh\ncase $1 in --check) echo "ok checkpoint  1 epochs" ;; *) exit 75 ;; esac\n' \
        >"$work/stuck/unmask-train"
    chmod +x "$work/stuck/unmask-train"
    printf 'BIN=%s REQUEUES=1\n' "$work/stuck" >"$work/site.stuck"
    id=$(UNMASK_SITE=$work/site.stuck on head sbatch --parsable --nodes=2 --ntasks-per-node=2 \
        --output="$work/requeues.log" jobs/train.sbatch "$work/local/store.h5" -o "$work/stuck/run.h5")
    now=$(outcome "$id" 400)
    [ "$now" = FAILED ] || wrong+=" ended as $now;"
    [ "$(grep -c 'back into the queue' "$work/requeues.log")" = 1 ] || wrong+=' not one requeue;'
    grep -q 'without progress' "$work/requeues.log" || wrong+=' does not say why it gave up;'
    verdict 'a training that does not move is requeued a set number of times' "$wrong" \
        "$work/requeues.log"
}

# The folder of the checkpoints fills up during the training.
case_full() {
    local id wrong=''
    id=$(run=$work/small/run.h5 train_job full --)
    await_text "$work/full.log" 'epoch 5/' 300 || wrong+=' did not get to epoch 5;'
    head -c 100M /dev/zero >"$work/small/filler" 2>/dev/null
    now=$(outcome "$id" 60)
    [ "$now" = FAILED ] || wrong+=" ended as $now;"
    grep -qE 'small/run.h5.*(No space|cannot|write)' "$work/full.log" || wrong+=' no line says why;'
    rm "$work/small/filler"
    on head scontrol requeue "$id"
    now=$(outcome "$id" 400)
    [ "$now" = COMPLETED ] || wrong+=" after the requeue: $now;"
    grep -q 'going on from' "$work/full.log" || wrong+=' did not go on from a checkpoint;'
    wrong+=$(same_run "$work/small/run.h5" "$work/local/run.h5")
    verdict 'a full disk ends the job with a clear line; the last checkpoint goes on' "$wrong" \
        "$work/full.log"
}

# Under the launcher of the jobs: a rank of node2 stops while PROGRAM works.
stop_in() { # NAME PROGRAM WORD...
    local name=$1 program=$2 victim='' wrong='' began struck
    on head srun --nodes=2 --ntasks=4 --mpi=pmix --kill-on-bad-exit=0 --wait=10 "$bin/$program" \
        "${@:3}" >"$work/$name.log" 2>&1 &
    began=$SECONDS
    until [ -n "$victim" ] || [ $((SECONDS - began)) -gt 20 ]; do
        sleep 0.1
        victim=$(rank_on node2 "$program")
    done
    await_text "$work/$name.log" "^$program: " 20
    sleep 2
    on node2 kill -STOP "$victim" || wrong+=' was over too early;'
    struck=$SECONDS
    wait $! && wrong+=' exit 0;'
    [ $((SECONDS - struck)) -le 30 ] || wrong+=" took $((SECONDS - struck)) s to end;"
    grep -qE 'rank [23] on node2 has been silent' "$work/$name.log" || wrong+=' no line names the rank;'
    wrong+=$(left_over "$program")
    verdict "a rank that stops in $program ends it in time, named" "$wrong" "$work/$name.log"
}

case_stop_preprocess() {
    local copy
    for copy in $(seq 60); do
        for class in real fake; do
            mkdir -p "$work/many/$class/$copy"
            cp -l "$work/frames/$class/"*.jpg "$work/many/$class/$copy/"
        done
    done
    stop_in stop-preprocess unmask-preprocess "$work/many" -o "$work/many.h5" --image-size 512 \
        --timeout 10
    [ ! -e "$work/many.h5" ] || echo 'FAIL - a store was left by a job that was ended'
}

case_stop_eval() {
    "$bin/unmask-preprocess" "$work/many" -o "$work/many.h5" --image-size 128 >/dev/null 2>&1
    "$bin/unmask-train" "$work/many.h5" -o "$work/many-run.h5" --epochs 0 --channels 32,32,32 \
        >/dev/null 2>&1
    stop_in stop-eval unmask-eval "$work/many.h5" "$work/many-run.h5" -o "$work/many-report.h5" \
        --split train --device reference --threads 1 --timeout 10
}

# 50 trainings, each killed at a random moment; the checkpoint (every epoch) must always be whole,
# and at most one epoch behind what was announced.
case_fifty() {
    local round told kept victim wrong='' run=$work/fifty.h5
    : >"$work/fifty.log"
    for round in $(seq 50); do
        "${launch[@]}" 2 "$bin/unmask-train" "$work/local/store.h5" -o "$run" "${train[@]}" \
            --epochs 1000000 >>"$work/fifty.log" 2>>"$work/fifty.log" &
        # mpirun itself may hang when a rank dies before it has connected: once the training runs
        await_text "$work/fifty.log" '; engine ' 20 "$round" || wrong+=" round $round did not start;"
        sleep "$((RANDOM % 2)).$((RANDOM % 10))$((RANDOM % 10))"
        victim=$(pgrep -P $! | shuf -n 1)
        kill -9 "${victim:-$!}"
        wait $! 2>/dev/null
        told=$(sed -n 's|^epoch \([0-9]*\)/.*|\1|p' "$work/fifty.log" | tail -1)
        kept=$("$bin/unmask-train" --check "$work/local/store.h5" -o "$run" "${train[@]}" 2>&1 |
            sed -n 's/^ok *checkpoint *\([0-9]*\) epochs.*/\1/p')
        [ "${kept:-0}" -ge $((${told:-0} - 1)) ] || wrong+=" round $round: $kept of $told epochs kept;"
    done
    [ "${kept:-0}" -gt 5 ] || wrong+=" only ${kept:-0} epochs in all;"
    verdict "50 trainings killed at random: at epoch $told, the run always whole and at most one epoch behind" \
        "$wrong" "$work/fifty.log"
}

quick_cases='chain_srun usr1_srun stop'
all_cases='chain_srun chain_mpirun usr1_srun usr1_mpirun limit requeues kill stop node host suspend full
    stop_preprocess stop_eval fifty'

case_began=0
mkdir "$work/small" && mount -t tmpfs -o size=4m tmpfs "$work/small" # before the nodes: they see it
if ! why=$("$cluster" start "$work" 2>&1); then
    [ -z "$quick" ] || { echo "SKIP: the cluster tests: the cluster does not start here: $why" && exit 0; }
    echo "FAIL - the cluster does not start: $why"
    exit 1
fi
fixtures || { echo 'FAIL - the chain does not run under local.sh' && cat "$work/local.log" && exit 1; }
echo "ok - a cluster of two nodes, and the chain under local.sh ($SECONDS s)"
cases=$all_cases
[ -z "$quick" ] || cases=$quick_cases
for name in $cases; do
    [[ $name =~ $only ]] || continue
    if [ -n "$quick" ] && [ $SECONDS -gt 150 ]; then
        echo "SKIP: cluster case $name: this machine is slow today ($SECONDS s so far)"
        continue
    fi
    case_began=$SECONDS
    "case_$name"
done
echo "$failures failed, $SECONDS s"
[ $failures = 0 ]
