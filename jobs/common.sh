# shellcheck shell=bash
# What the three jobs and local.sh have in common: the site's settings, the launcher, signals and
# requeues. Sourced, never run.
#
#     scheduler --USR1 or TERM--> this script --USR1--> srun or mpirun --> every rank
#     ranks: checkpoint at the next step, exit 75 --> this script: scontrol requeue --> the same job
#
# TERM must not reach mpirun, which kills its ranks one second later; as USR1 it is a request.

jobs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { # one line in the log: when, which job, which attempt
    local job=${SLURM_JOB_ID:+" job $SLURM_JOB_ID"}
    local again=${SLURM_RESTART_COUNT:+", restart $SLURM_RESTART_COUNT"}
    echo "$(date '+%F %T')$job$again: $*" >&2
}

give_up() {
    echo "${0##*/}: $*" >&2
    exit 2
}

# ---- settings ------------------------------------------------------------------------------------

read_site() { # FILE, or the defaults for ''
    NODES=1 GPUS_PER_NODE=0 SOCKETS_PER_NODE=2 CPUS_PER_TASK=4
    PREPROCESS_NODES=1 PREPROCESS_TASKS_PER_NODE=8
    TIME_LIMIT=12:00:00 LAUNCHER=auto REQUEUES=3 START_LIMIT=60
    PARTITION='' ACCOUNT='' SBATCH_OPTIONS='' MODULES='' BIN='' TASKS_PER_NODE=''
    # shellcheck source=jobs/site.example
    [ -z "$1" ] || . "$1" || give_up "$1: cannot read the site file"
    if [ -z "$TASKS_PER_NODE" ]; then
        TASKS_PER_NODE=$((GPUS_PER_NODE > 0 ? GPUS_PER_NODE : SOCKETS_PER_NODE))
    fi
    local folder
    for folder in "$jobs/../build/bin" "$jobs/../bin"; do # of a checkout, of a bundle
        if [ -z "$BIN" ] && [ -d "$folder" ]; then BIN=$(cd "$folder" && pwd); fi
    done
}

default_site() {
    [ ! -f "$jobs/site" ] || echo "$jobs/site"
}

# The command line of submit.sh and local.sh; the words behind --preprocess, --train and --eval go
# to that program as they are.
read_command_line() {
    local for_whom=self words=()
    site=$(default_site) ranks=''
    preprocess_options=() train_options=() eval_options=()
    while [ $# -gt 0 ]; do
        case $for_whom$1 in
        *--preprocess | *--train | *--eval) for_whom=${1#--} ;;
        preprocess*) preprocess_options+=("$1") ;;
        train*) train_options+=("$1") ;;
        eval*) eval_options+=("$1") ;;
        self--site | self-n)
            [ $# -ge 2 ] || give_up "$1 needs a value"
            if [ "$1" = -n ]; then ranks=$2; else site=$2; fi
            shift
            ;;
        self--help) usage && exit 0 ;;
        self-*) give_up "$1: no such option; see --help" ;;
        *) words+=("$1") ;;
        esac
        shift
    done
    [ ${#words[@]} = 2 ] || give_up 'needs FRAMES and OUTDIR; see --help'
    [ -d "${words[0]}" ] || give_up "${words[0]}: no such folder"
    [ -z "$site" ] || [ -r "$site" ] || give_up "$site: cannot read the site file"
    mkdir -p "${words[1]}" || give_up "${words[1]}: cannot make the folder"
    # shellcheck disable=SC2034  # the caller's
    frames=$(cd "${words[0]}" && pwd) out=$(cd "${words[1]}" && pwd)
    site=${site:+$(realpath "$site")}
}

output_of() { # the value of -o among the words
    while [ $# -gt 1 ]; do
        case $1 in -o | --output) echo "$2" && return ;; esac
        shift
    done
    give_up 'no -o FILE among the words'
}

# ---- the launcher --------------------------------------------------------------------------------

# srun starts the ranks where it speaks PMIx, else mpirun. srun waits 10 s for the other ranks when
# one has ended; --kill-on-bad-exit would not wait at all, and with the first rank that leaves with
# 75 it would kill those that are just about to.
choose_launcher() {
    local why='as asked' limit
    if [ "$LAUNCHER" = auto ]; then
        LAUNCHER=mpirun why='srun has no pmix plugin'
        if srun --mpi=list 2>&1 | grep -qw pmix; then LAUNCHER=srun why='srun speaks PMIx'; fi
    fi
    case $LAUNCHER in
    srun) launcher=(srun --mpi=pmix --kill-on-bad-exit=0 --wait=10) tag=--label ;;
    mpirun) launcher=(mpirun --bind-to none ${ranks:+--oversubscribe -n "$ranks"}) tag=--tag-output ;;
    *) give_up "LAUNCHER=$LAUNCHER: must be srun, mpirun or auto" ;;
    esac
    export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    export OMPI_MCA_orte_execute_quiet=1 # of a rank that fails, its own line is enough
    # A node that vanishes says no goodbye: without these, mpirun notices after eight minutes.
    for limit in time=10 intvl=5 probes=3; do # Open MPI 4; 5
        export "OMPI_MCA_oob_tcp_keepalive_$limit" "PRTE_MCA_oob_tcp_keepalive_$limit"
    done
    say "on ${SLURM_JOB_NODELIST:-$(hostname)}, launched with $LAUNCHER ($why)"
}

begin() { # every job's first lines; LAUNCHER overrules the site's, '' leaves it
    local module
    read_site "${UNMASK_SITE:-$(default_site)}"
    LAUNCHER=${1:-$LAUNCHER}
    for module in $MODULES; do
        module load "$module" || give_up "module load $module failed"
    done
    [ -z "$BIN" ] || PATH=$BIN:$PATH
    child='' asked_to_stop='' pass=''
    trap on_signal USR1 TERM
    trap on_lost USR2
    choose_launcher
}

# ---- signals -------------------------------------------------------------------------------------

# Said again every few seconds: a launcher that is just starting up may miss the first.
on_signal() {
    signalled=1
    [ -z "$asked_to_stop" ] || return
    asked_to_stop=1
    say "asked to stop${pass:+: sending $pass to the ranks}"
    [ -z "$pass" ] || nag "$child" &
}

nag() {
    while kill -s "$pass" "$1" 2>/dev/null; do sleep 5; done
}

# ---- launching -----------------------------------------------------------------------------------

# Passes on what the ranks and their launcher say, and tells this script (USR2) when the launcher
# has to be ended: nothing has come for START_LIMIT seconds (mpirun waits for ever when a rank dies
# as it is forked: 10 of 120 tries), or the ranks have said that one is lost. With its node gone,
# srun would wait for it longer than --timeout.
listen() { # SILENT: a file, removed once a rank has spoken
    local line limit=$START_LIMIT
    while IFS= read -r ${limit:+-t "$limit"} line || { [ $? -gt 128 ] && limit='' &&
        line="no sign of life for $START_LIMIT s (START_LIMIT): ending the launcher" &&
        kill -s USR2 $$; }; do
        printf '%s\n' "$line"
        [[ $line != *unmask-* ]] || { rm -f "$1" && limit=''; }
        [[ $line != *unmask-*'(--timeout sets the limit)' ]] || kill -s USR2 $$
    done
}

on_lost() {
    signalled=1
    end "$child" &
}

end() { # LAUNCHER: after time enough to end by itself
    sleep 3
    kill -s TERM "$1" && sleep 2 && kill -s KILL "$1"
} 2>/dev/null

# In the background under `wait`, since bash runs no trap while it waits for a foreground child. The
# launcher begins deaf to both signals. Its output is heard to the end, if that comes soon.
launch() { # SILENT WORD...
    local code ear listener
    exec {ear}> >(trap '' USR1 TERM; listen "$1" >&2)
    listener=$!
    (
        trap '' USR1 TERM
        exec "${@:2}" 2>&"$ear" {ear}>&-
    ) &
    child=$! signalled=1
    exec {ear}>&-
    while [ -n "$signalled" ]; do
        signalled=
        wait "$child"
        code=$?
    done
    child=''
    for _ in {1..10}; do kill -0 $listener 2>/dev/null && sleep 0.1; done
    return $code
}

# Runs a program on all ranks and returns its exit code. One that dies before it has said a word gets
# a second try: Open MPI 4.1.4's TCP crashes inside MPI_Init (in mca_btl_tcp.so, called by
# opal_progress) in 5 of 379 starts under srun over two nodes.
run() { # PASS PROGRAM WORD...: PASS is what the ranks get when we are asked to stop; '' for nothing
    local code words=("${launcher[@]}") silent
    [ "$2" = unmask-eval ] || words+=("$tag") # the report's text is to be the text alone
    silent=$(mktemp "${TMPDIR:-/tmp}/unmask-silent.XXXXXX")
    pass=$1
    launch "$silent" "${words[@]}" "${@:2}"
    code=$?
    if [ $code != 0 ] && [ -e "$silent" ] && [ -z "$asked_to_stop" ]; then
        say "$2 ended with $code before it said a word: once more"
        launch "$silent" "${words[@]}" "${@:2}"
        code=$?
    fi
    rm -f "$silent"
    pass=''
    [ $code -le 128 ] || say "$2 ended with $code: killed by SIG$(kill -l "$code") (KILL: no memory left?)"
    return $code
}

# ---- the three steps -----------------------------------------------------------------------------

preflight() { # [STORE] -o FILE ...: also tells where the training stands, for the requeue limit
    local code table
    table=$(mktemp "${TMPDIR:-/tmp}/unmask-check.XXXXXX")
    run '' unmask-train --check "$@" >"$table"
    code=$?
    cat "$table" >&2
    position=$(sed -n '/checkpoint  */{s/.*checkpoint  *//p;q}' "$table")
    rm -f "$table"
    [ $code = 0 ] || say "the preflight failed (exit $code): nothing was started"
    [ -z "$asked_to_stop" ] || code=75
    return $code
}

step_preprocess() { # FRAMES -o STORE ...
    local store
    store=$(output_of "$@") || exit 2
    if [ -e "$store" ]; then
        say "$store is there already: kept (remove it to make it anew)"
        return 0
    fi
    # no start limit: its first word comes after it has listed the frames, of which there may be many
    preflight -o "$store" && START_LIMIT='' run TERM unmask-preprocess "$@"
}

# Training returns 75 when it was interrupted and has saved itself.
step_train() { # STORE -o RUN ...
    preflight "$@" && run USR1 unmask-train "$@"
}

# The report's text goes beside the report, untagged.
step_eval() { # STORE RUN -o REPORT ...
    local report text code
    report=$(output_of "$@") || exit 2
    text=${report%.h5}.txt
    preflight "$1" -o "$report.part" || return
    run TERM unmask-eval "$@" >"$text.part"
    code=$?
    cat "$text.part"
    if [ $code = 0 ]; then mv "$text.part" "$text"; else rm -f "$text.part"; fi
    return $code
}

# Puts this job back into the queue, unless the last few attempts all began where this one did. What
# is counted lives beside the run: the position of the last attempt and how often it was seen.
requeue() { # RUN
    local notes=$1.requeues last='' count=0
    [ ! -f "$notes" ] || { read -r count && read -r last; } <"$notes"
    if [ "$last" = "$position" ]; then count=$((count + 1)); else count=0; fi
    printf '%s\n%s\n' "$count" "$position" >"$notes"
    if [ "$count" -ge "$REQUEUES" ]; then
        say "$count requeues without progress (still at $position): giving up"
        return 75
    fi
    say 'checkpointed; back into the queue'
    scontrol requeue "$SLURM_JOB_ID"
}
