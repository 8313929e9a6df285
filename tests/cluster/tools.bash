# shellcheck shell=bash disable=SC2154
# What the cases of check.sh are told with: jobs, waiting, comparing. Sourced by it; $work, $cluster,
# $bin and $train are its own.

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
        [ $SECONDS -lt $end ] || { on head scancel "$1" && break; }
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
