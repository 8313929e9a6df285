#!/usr/bin/env bash
# Hands the chain from JPEG frames to the report to SLURM: three jobs, each waiting for the one
# before it. The same command again goes on where the last one got to.
set -u
# shellcheck source=jobs/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END'
usage: submit.sh FRAMES OUTDIR [--site FILE] [--preprocess OPTION...] [--train OPTION...] [--eval OPTION...]

FRAMES holds real/ and fake/; OUTDIR gets store.h5, run.h5, report.h5, report.txt and the logs.
The words behind --preprocess, --train and --eval go to that program. --site: see jobs/site.example;
without it jobs/site is read if it is there. Prints the three job ids.
END
}

submit() { # PROGRAM AFTER NODES TASKS_PER_NODE WORD...: prints the job's id
    local name=$1 after=$2 nodes=$3 tasks=$4
    shift 4
    # shellcheck disable=SC2086  # SBATCH_OPTIONS is a list of words
    sbatch --parsable --job-name="unmask-$name" --output="$out/$name-%j.log" \
        --nodes="$nodes" --ntasks-per-node="$tasks" --time="$TIME_LIMIT" \
        ${PARTITION:+--partition="$PARTITION"} ${ACCOUNT:+--account="$ACCOUNT"} \
        ${after:+--dependency="afterok:$after" --kill-on-invalid-dep=yes} \
        ${resources[@]+"${resources[@]}"} $SBATCH_OPTIONS "$jobs/$name.sbatch" "$@" | cut -d';' -f1
}

read_command_line "$@"
[ -z "$ranks" ] || give_up '-n: the site file says how many ranks'
read_site "$site"
export UNMASK_JOBS=$jobs UNMASK_SITE=$site
set -o pipefail

resources=()
first=$(submit preprocess '' "$PREPROCESS_NODES" "$PREPROCESS_TASKS_PER_NODE" \
    "$frames" -o "$out/store.h5" "${preprocess_options[@]}") || exit 1
resources=(--cpus-per-task="$CPUS_PER_TASK")
[ "$GPUS_PER_NODE" -eq 0 ] || resources+=(--gpus-per-node="$GPUS_PER_NODE")
second=$(submit train "$first" "$NODES" "$TASKS_PER_NODE" \
    "$out/store.h5" -o "$out/run.h5" "${train_options[@]}") || exit 1
third=$(submit eval "$second" "$NODES" "$TASKS_PER_NODE" \
    "$out/store.h5" "$out/run.h5" -o "$out/report.h5" "${eval_options[@]}") || exit 1
printf 'preprocess %s\ntrain %s\neval %s\n' "$first" "$second" "$third"
