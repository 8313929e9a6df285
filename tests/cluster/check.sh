#!/usr/bin/env bash
# The jobs on a real SLURM of two nodes: the chain, preemption, dead ranks, lost nodes, full disks.
#
#   check.sh [--quick] [--only PATTERN]    --quick: the part that fits into four minutes
#
# Programs from $BIN (build/bin), frames by $FRAMES_TOOL. Prints ok, FAIL and SKIP lines; leaves
# nothing behind. Trainings run on 2 x 2 ranks; what they come to is compared with an uninterrupted
# training of four ranks under mpirun.
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
    trap - EXIT INT TERM HUP
    "$cluster" stop "$work"
    mountpoint -q "$work/small" && umount "$work/small"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

# ---- tools ---------------------------------------------------------------------------------------

verdict() { # NAME, then what is wrong with it ('' if nothing), then a log to show
    if [ -z "$2" ]; then
        echo "ok - $1 ($((SECONDS - case_began)) s)"
        return
    fi
    failures=$((failures + 1))
    echo "FAIL - $1:$2"
    [ ! -f "${3:-}" ] || tail -n 40 "$3" | sed 's/^/    | /' | cut -c1-200
}

on() { "$cluster" on "$work" "$@"; }

state() { on head scontrol --oneliner show job "$1" | sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p'; }

# Waits until a job has ended for good, and prints how.
outcome() { # JOB SECONDS
    local end=$((SECONDS + $2)) now
    while :; do
        now=$(state "$1")
        case $now in
        COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL | OUT_OF_MEMORY | '') break ;;
        esac
        [ $SECONDS -lt $end ] || break
        sleep 0.3
    done
    echo "${now:-LOST}"
}

await_text() { # FILE PATTERN SECONDS [TIMES]
    local end=$((SECONDS + $3))
    until [ -f "$1" ] && [ "$(grep -cE -- "$2" "$1")" -ge "${4:-1}" ]; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

h5_same() { # A B OBJECT...: says which differ
    local a=$1 b=$2 object
    shift 2
    for object in "$@"; do
        h5diff -q "$a" "$b" "$object" "$object" >/dev/null 2>&1 || echo -n " $object differs;"
    done
}

same_run() {
    h5_same "$1" "$2" /model /best /optimizer /steps /history/epoch /history/train_loss \
        /history/train_accuracy /history/val_loss /history/val_accuracy
}

same_report() {
    local objects # all but the history, whose seconds are its own
    mapfile -t objects < <(h5ls "$2.h5" | sed -n 's|^\([a-z_]*\) .*|/\1|p' | grep -v '^/history')
    [ ${#objects[@]} -gt 2 ] || echo ' no report to compare with;'
    h5_same "$1.h5" "$2.h5" "${objects[@]}"
    cmp -s "$1.txt" "$2.txt" || echo ' the texts differ;'
}

# A training as a job of its own; extra words for sbatch before --, for unmask-train after it.
train_job() { # NAME [SBATCH WORD...] -- [TRAIN WORD...]
    local name=$1 words=()
    shift
    while [ "$1" != -- ]; do words+=("$1") && shift; done
    shift
    UNMASK_SITE=$work/site on head sbatch --parsable --nodes=2 --ntasks-per-node=2 \
        --output="$work/$name.log" "${words[@]}" jobs/train.sbatch "$work/local/store.h5" \
        -o "${run:-$work/$name.h5}" "${train[@]}" "$@"
}

rank_on() { # NODE PROGRAM: one process of it
    on "$1" pgrep -f "^[^ ]*$2 " | tail -1
}

left_over() { # PROGRAM: processes of it on the nodes
    local node
    for node in node1 node2; do on "$node" pgrep -f "^[^ ]*$1 " | sed "s/^/ on $node: /"; done
}

# ---- the cases -----------------------------------------------------------------------------------
epochs=30
train=(--channels '4,8' --batch-size 8 --threads 1 --epochs "$epochs")
chain=("$work/frames" "" --preprocess --image-size 32 --train "${train[@]}" --eval --threads 1)

fixtures() {
    "$frames_tool" "$work/frames" --videos 3 --frames 10 --size 64 >/dev/null || return
    cat >"$work/site" <<END
BIN=$bin
NODES=2 TASKS_PER_NODE=2 CPUS_PER_TASK=1 PREPROCESS_NODES=2 PREPROCESS_TASKS_PER_NODE=2
TIME_LIMIT=30
LAUNCHER=\${LAUNCHER_WANTED:-auto}
END
    chain[1]=$work/local
    jobs/local.sh "${chain[@]:0:2}" -n 4 "${chain[@]:2}" >/dev/null 2>"$work/local.log"
}

# The words of submit.sh come before the programs'.
run_chain() { # NAME
    local name=$1 ids wrong='' step id
    chain[1]=$work/$name
    ids=$(on head jobs/submit.sh "${chain[0]}" "${chain[1]}" --site "$work/site" "${chain[@]:2}")
    while read -r step id; do
        now=$(outcome "$id" 180)
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
        await_text "$work/$name.log" "going on from" 60 $((i - 1)) &&
            await_text "$work/$name.log" "^[^ ]*epoch $((7 * i))/" 60 || wrong+=" attempt $i did not get far;"
        sleep 0.2
        on head scancel --batch --signal=USR1 "$id"
        await_text "$work/$name.log" 'back into the queue' 60 "$i" || wrong+=" not requeued after signal $i;"
    done
    now=$(outcome "$id" 120)
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
    id=$(train_job "$name" -- --timeout 15 --checkpoint-every 1s)
    await_text "$work/$name.log" '^[^ ]*epoch 5/' 60 || wrong+=' did not get to epoch 5;'
    struck=$SECONDS
    "$how"
    now=$(outcome "$id" 90)
    [ "$now" = FAILED ] || wrong+=" ended as $now, not FAILED;"
    [ $((SECONDS - struck)) -le 35 ] || wrong+=" took $((SECONDS - struck)) s to end;"
    grep -qE -- "$pattern" "$work/$name.log" || wrong+=" no line matches /$pattern/;"
    heal "$how"
    wrong+=$(left_over unmask-train)
    on head scontrol requeue "$id"
    now=$(outcome "$id" 120)
    [ "$now" = COMPLETED ] || wrong+=" after the requeue: $now;"
    wrong+=$(same_run "$work/$name.h5" "$work/local/run.h5")
    verdict_text=$wrong
}

kill_rank() { on node2 kill -9 "$(rank_on node2 unmask-train)"; }
stop_rank() { on node2 kill -STOP "$(rank_on node2 unmask-train)"; }
lose_node() { "$cluster" cut "$work" node2; }
heal() { [ "$1" != lose_node ] || "$cluster" plug "$work" node2; }

case_kill() {
    strike kill kill_rank 'task [23]: Killed'
    verdict 'kill -9 of a rank ends the job in time; put back, it finishes with the same bits' \
        "$verdict_text" "$work/kill.log"
}

case_stop() {
    strike stop stop_rank 'rank [23] on node2 has been silent .* epoch [0-9]+, step'
    verdict 'a stopped rank ends the job in time, named; put back, the same bits' \
        "$verdict_text" "$work/stop.log"
}

case_node() {
    strike node lose_node 'rank 3 on node2 has been silent .* epoch [0-9]+, step'
    verdict 'a lost node ends the job in time, named; put back, the same bits' \
        "$verdict_text" "$work/node.log"
}

quick_cases='chain_srun usr1_srun stop'
all_cases='chain_srun chain_mpirun usr1_srun usr1_mpirun kill stop node'

case_began=0
"$cluster" start "$work" || { echo 'FAIL - the cluster does not start' && exit 1; }
fixtures || { echo 'FAIL - the chain does not run under local.sh' && cat "$work/local.log" && exit 1; }
echo "ok - a cluster of two nodes, and the chain under local.sh ($SECONDS s)"
cases=$all_cases
[ -z "$quick" ] || cases=$quick_cases
for name in $cases; do
    [[ $name =~ $only ]] || continue
    case_began=$SECONDS
    "case_$name"
done
echo "$failures failed, $SECONDS s"
[ $failures = 0 ]
