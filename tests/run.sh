#!/usr/bin/env bash
# Runs every suite once and counts: the body of `make check`.
#   BUILD   folder of the build (build, or build-asan with SANITIZE=1)
#   MPIRUN  the launcher
set -u
BUILD=${BUILD:-build}
MPIRUN=${MPIRUN:-mpirun}
export BIN=$BUILD/bin FRAMES_TOOL=$BUILD/tests/demo/frames BUILD
ranks="$MPIRUN --oversubscribe --bind-to none"
passed=0 failed=0 skipped=0
failures=
limit_s=600

# Open MPI and HDF5 keep memory until the end, which is no leak of ours: only the unit suites, which
# start no MPI, are held to it.
if [ "${SANITIZE:-0}" = 1 ]; then
    export UBSAN_OPTIONS=print_stacktrace=1
    unit_options=detect_leaks=1
    limit_s=1800 # the stand-in for CUDA changes threads by longjmp, for which ASan clears the stack
    export ASAN_OPTIONS=detect_leaks=0
fi

run() { # run NAME COMMAND...: shows the output, counts the verdict
    local name=$1 log=$BUILD/tests/log
    shift
    printf '== %s\n' "$name"
    timeout $limit_s "$@" </dev/null >"$log" 2>&1
    local code=$?
    cat "$log"
    skipped=$((skipped + $(grep -c '^SKIP: ' "$log")))
    if [ $code = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        failures="$failures $name(exit $code)"
    fi
}

for test in "$BUILD"/tests/unit/test_*; do
    [ -x "$test" ] || continue
    case $test in *.d) continue ;; esac
    run "$test" env ${unit_options:+ASAN_OPTIONS=$unit_options} "$test"
done
# What oneDNN does, and in which layouts, follows from the processor: as on older ones, too.
for isa in SSE41 AVX2; do
    for test in cpu engine golden; do
        [ ! -x "$BUILD/tests/unit/test_$test" ] ||
            run "$BUILD/tests/unit/test_$test with $isa" env DNNL_MAX_CPU_ISA=$isa "$BUILD/tests/unit/test_$test"
    done
done
for test in "$BUILD"/tests/mpi/test_*; do
    [ -x "$test" ] || continue
    for n in 1 2 3 4; do
        # shellcheck disable=SC2086  # a command line
        run "$test on $n ranks" $ranks -n $n "$test"
    done
done
for script in tests/e2e/*.sh; do
    [ -f "$script" ] && run "$script" bash "$script"
done

[ -z "$failures" ] || printf 'failed:%s\n' "$failures"
printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed = 0 ]
