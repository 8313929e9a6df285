#!/usr/bin/env bash
# The chain of submit.sh without a scheduler: the three steps one after the other under mpirun.
# Interrupted (USR1 or TERM), it leaves with 75 and the same command goes on.
set -u
# shellcheck source=jobs/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage() {
    cat <<'END'
usage: local.sh FRAMES OUTDIR [-n RANKS] [--preprocess OPTION...] [--train OPTION...] [--eval OPTION...]

FRAMES holds real/ and fake/; OUTDIR gets store.h5, run.h5, report.h5 and report.txt. The words behind
--preprocess, --train and --eval go to that program. Without -n, one rank.
END
}

read_command_line "$@"
ranks=${ranks:-1}
export UNMASK_SITE=$site
begin mpirun
step_preprocess "$frames" -o "$out/store.h5" "${preprocess_options[@]}" || exit
step_train "$out/store.h5" -o "$out/run.h5" "${train_options[@]}" || exit
step_eval "$out/store.h5" "$out/run.h5" -o "$out/report.h5" "${eval_options[@]}"
