# shellcheck shell=bash
# What the two scripts of bad input share: fixtures, and the one question they ask: the exit code of
# DESIGN section 8, one line on stderr that says what and where, nothing half-written.
#
# Programs from $BUILD (build); without a launcher they run as MPI singletons.

build=$(realpath "${BUILD:-build}")
wanted=${1:-}
frames=$build/tests/demo/frames
mpirun=${MPIRUN:-mpirun}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export LC_ALL=C.UTF-8 OMP_NUM_THREADS=1

failures=0 cases=0 skipped=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-bad.XXXXXX")
chmod 755 "$tmp"
cleanup() {
    mountpoint -q "$tmp/full" 2>/dev/null && umount "$tmp/full"
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

skip() {
    [[ $1 =~ $wanted ]] || return 0
    skipped=$((skipped + 1))
    echo "SKIP: $1: $2"
}

verdict() { # NAME, then what is wrong with it ("" if nothing)
    cases=$((cases + 1))
    if [ -z "$2" ]; then
        echo "ok - $1"
        return
    fi
    failures=$((failures + 1))
    echo "FAIL - $1:$2"
    sed 's/^/    | /' "$tmp/stderr" | cut -c1-200 | head -5
}

# Lines that a program says on its way and that are no error; the rest of stderr must be the error.
progress='warning: |[0-9]+ JPEG files? below |split by |--output .*; engine |epoch |the launcher bound |going on from '

# expect NAME CODE PATTERN PROGRAM ARGUMENT...
# The program ends with CODE; with a CODE other than 0 its error is one line that matches PATTERN
# (an extended regular expression). The folder $out stays as it was.
expect() {
    local name=$1 code=$2 pattern=$3 program=$4 got wrong='' errors before after
    shift 4
    [[ $name =~ $wanted ]] || return 0
    before=$(listing)
    timeout 120 "${prefix[@]}" "$build/bin/unmask-$program" "$@" >"$tmp/stdout" 2>"$tmp/stderr"
    got=$?
    after=$(listing)
    [ "$got" -eq "$code" ] || wrong+=" exit $got, not $code;"
    if [ "$code" -ne 0 ]; then
        errors=$(grep -avE "^unmask-$program: ($progress)" "$tmp/stderr")
        [ -n "$errors" ] || wrong+=" not a word on stderr;"
        [ "$(grep -ac . <<<"$errors")" -le 1 ] || wrong+=" more than one line of error;"
        grep -qavE "^unmask-$program(\[rank [0-9]+\])?: " <<<"$errors" &&
            wrong+=" a line does not begin with the program's name;"
        grep -qaE -- "$pattern" <<<"$errors" || wrong+=" the line does not match /$pattern/;"
        [ "$before" = "$after" ] || wrong+=" left something behind or changed it:
$(diff <(echo "$before") <(echo "$after"))"
    fi
    verdict "$name" "$wrong"
}

# Names, sizes and contents below $out: what a failed program must not have touched.
listing() {
    (cd "$out" && find . -type f -exec cksum {} + -o -print | sort)
}

# Every case of output works in a folder of its own.
fresh() {
    out=$tmp/out
    rm -rf "$out"
    mkdir "$out"
}

# input NAME: a copy of the good frames to spoil; its path in $in.
input() {
    in=$tmp/$1
    rm -rf "$in"
    cp -r "$tmp/good" "$in"
}

prefix=()
small=(--image-size 32)
quick=(--epochs 1 --threads 1 --batch-size 8)

make_fixtures() {
    "$frames" "$tmp/good" --videos 3 --frames 4 --size 64 &&
        "$build/bin/unmask-preprocess" "$tmp/good" -o "$tmp/good.h5" "${small[@]}" &&
        "$build/bin/unmask-preprocess" "$tmp/good" -o "$tmp/other.h5" "${small[@]}" --seed 5 &&
        "$build/bin/unmask-preprocess" "$tmp/good" -o "$tmp/wide.h5" --image-size 64 &&
        "$build/bin/unmask-train" "$tmp/good.h5" -o "$tmp/good-run.h5" "${quick[@]}" &&
        "$build/bin/unmask-train" "$tmp/other.h5" -o "$tmp/other-run.h5" "${quick[@]}" &&
        "$build/bin/unmask-train" "$tmp/wide.h5" -o "$tmp/wide-run.h5" "${quick[@]}"
}

set_job() {
    case $1 in
    preprocess) job=("$tmp/good" "${small[@]}") ;;
    train) job=("$tmp/good.h5" "${quick[@]}") ;;
    eval) job=("$tmp/good.h5" "$tmp/good-run.h5") ;;
    esac
}

# Runs the groups of cases of a script, and closes it.
run_groups() {
    local group
    if ! make_fixtures >"$tmp/stdout" 2>"$tmp/stderr"; then
        echo 'FAIL - the good input that the cases spoil could not be made:'
        cat "$tmp/stderr"
        exit 1
    fi
    for group in "$@"; do
        "$group"
    done
    echo "$cases cases, $failures failed, $skipped skipped"
    [ "$failures" -eq 0 ]
}
