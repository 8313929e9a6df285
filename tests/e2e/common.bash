# What the end-to-end tests share; they source it. Programs come from $BIN (build/bin), the demo's
# frame generator is $FRAMES_TOOL; both default to the build tree.
#
# A test is a series of claims:   claim 'NAME' COMMAND...   prints "ok - NAME" if COMMAND succeeds,
# else "FAIL - NAME (the last line it said)"; `finish` at the end gives the verdict.
# shellcheck shell=bash
set -u
build=${BUILD:-$(dirname "${BIN:-build/bin}")}
bin=$(realpath "${BIN:-$build/bin}")
frames_tool=$(realpath "${FRAMES_TOOL:-$build/tests/demo/frames}")
inspect=$(realpath "${INSPECT_TOOL:-$build/tests/bench/inspect_h5}")
mpirun=${MPIRUN:-mpirun}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# More ranks than cores: whoever waits lets the others run. Open MPI keeps its memory to the end.
export OMPI_MCA_mpi_yield_when_idle=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0} LC_ALL=C.UTF-8

tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-e2e.XXXXXX") || exit 1
failures=0 claims=0 skipped=0
clean_up() {
    mountpoint -q "$tmp/full" 2>/dev/null && umount "$tmp/full"
    rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

claim() {
    local name=$1 why
    shift
    claims=$((claims + 1))
    if "$@" >"$tmp/said" 2>&1; then
        echo "ok - $name"
        return 0
    fi
    failures=$((failures + 1))
    # The last line of ours; the launcher's own come after it.
    why=$(grep -aE '^(unmask-|inspect_h5)|error:|ERROR:' "$tmp/said" | tail -n 1 | cut -c1-300)
    [ -n "$why" ] || why=$(grep -av -e '^--*$' "$tmp/said" | tail -n 1 | cut -c1-300)
    echo "FAIL - $name (${why:-$*: not so})"
    return 1
}

skip() {
    skipped=$((skipped + 1))
    echo "SKIP: $*"
}

finish() {
    echo "$claims claims, $failures failed, $skipped skipped"
    [ "$failures" -eq 0 ]
}

# ranks N PROGRAM ARGUMENT...   e.g.  ranks 2 train s.h5 -o r.h5
ranks() {
    local count=$1 program=$2
    shift 2
    timeout 120 "$mpirun" --oversubscribe --bind-to none -n "$count" "$bin/unmask-$program" "$@" \
        </dev/null
}

# one PROGRAM ARGUMENT...   without a launcher
one() {
    local program=$1
    shift
    timeout 120 "$bin/unmask-$program" "$@"
}

# exits CODE PATTERN COMMAND...   The command ends with CODE and says PATTERN.
exits() {
    local code=$1 pattern=$2 got
    shift 2
    "$@" >"$tmp/output" 2>&1
    got=$?
    cat "$tmp/output"
    [ "$got" -eq "$code" ] || {
        echo "unmask-: exit $got, not $code: $(grep -a '^unmask-' "$tmp/output" | tail -n 1)"
        return 1
    }
    grep -qaE -- "$pattern" "$tmp/output" || {
        echo "unmask-: not a word of /$pattern/"
        return 1
    }
}

same() { # FILE FILE [-x PREFIX]...: all datasets, bit for bit
    "$inspect" equal "$@"
}

# Two runs that must agree in every bit: the clock alone may differ.
same_run() {
    same "$1" "$2" -x /history/seconds -x /history/images_per_second -x /progress/seconds
}

values() { # FILE OBJECT: one per line
    "$inspect" print "$1" "$2"
}

is() { # FOUND EXPECTED
    [ "$1" = "$2" ] || {
        echo "'$1', not '$2'"
        return 1
    }
}
