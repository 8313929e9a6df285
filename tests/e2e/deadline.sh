#!/usr/bin/env bash
# A rank that does not come ends the job within the deadline, with a line that says what was waited
# for and where; one that is merely late is waited for.
set -u

tool=$(dirname "${FRAMES_TOOL:-build/tests/demo/frames}")/late_rank
mpirun=${MPIRUN:-mpirun}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
failures=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-deadline.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

if [ ! -x "$tool" ]; then
    echo "SKIP: $tool is not built"
    exit 0
fi

verdict() { # CLAIM, then what is wrong with it ("" if nothing)
    if [ -z "$2" ]; then
        echo "ok - $1"
    else
        failures=$((failures + 1))
        echo "FAIL - $1 ($2)"
        sed 's/^/    | /' "$tmp/said" | head -5
    fi
}

# never CALL RANKS WORDS: the last rank stays away for 40 s, the limit is 1 s.
never() {
    local claim="a rank that never comes to comm_$1 of $2 ranks ends the job in time" wrong='' code seconds
    SECONDS=0
    timeout 60 "$mpirun" --oversubscribe --bind-to none -n "$2" "$tool" "$1" 1 40 \
        >"$tmp/said" 2>&1
    code=$?
    seconds=$SECONDS
    [ "$code" -eq 1 ] || wrong+=" exit $code, not 1;"
    [ "$seconds" -lt 20 ] || wrong+=" after $seconds s;"
    grep -q "$3 did not complete within 1 s at epoch 3, step 17; a rank is dead" "$tmp/said" ||
        wrong+=" does not say so;"
    grep -q '^late_rank: \[rank [0-9] on ' "$tmp/said" || wrong+=" names no rank and host;"
    verdict "$claim" "$wrong"
}

# late LIMIT LATE: comes in time, or there is no limit.
late() {
    local wrong=''
    timeout 60 "$mpirun" --oversubscribe --bind-to none -n 2 "$tool" sum "$1" "$2" \
        >"$tmp/said" 2>&1 || wrong=" exit $?;"
    [ ! -s "$tmp/said" ] || wrong+=" said something;"
    verdict "a rank that is $2 s late is waited for (limit $1, 0 = none)" "$wrong"
}

never agree 2 'the agreement of the ranks'
never sum 2 'the sum over the ranks'
never sum 3 'the sum over the ranks'
never gather 2 'the agreement of the ranks'
late 20 1
late 0 2

[ "$failures" -eq 0 ]
