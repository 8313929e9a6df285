#!/usr/bin/env bash
# Every command of README.md: the sh blocks run in a folder with frames named as there, the python
# blocks then on the files made there, with $PYTHON or the system's Python where it has the modules.
# `make check` is what runs this, and `make demo` is run without its set-up, which make check has done.
set -u
root=$(pwd)
BUILD=${BUILD:-build}
FRAMES_TOOL=${FRAMES_TOOL:-$BUILD/tests/demo/frames}
PATH=$root/${BIN:-build/bin}:$PATH
if [ "$(id -u)" = 0 ]; then # what Open MPI asks of root
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0

verdict() { # verdict CLAIM LOG: of the command that just ran
    if [ $? = 0 ]; then
        printf 'ok - %s\n' "$1"
    else
        printf 'FAIL - %s\n' "$1"
        sed 's/^/    /' "$2"
        bad=1
    fi
}

block() { # block LANGUAGE NUMBER: the text of that fenced block
    awk -v language="$1" -v wanted="$2" '
        $0 == "```" { inside = 0 }
        inside && count == wanted { print }
        $0 == "```" language { inside = 1; count++ }' README.md
}
count() { grep -c "^\`\`\`$1\$" README.md; }

if [ "${SANITIZE:-0}" = 1 ]; then
    echo "SKIP: the demo takes too long with sanitizers"
else
    make --no-print-directory demo-run BUILD="$BUILD" >"$work/demo.log" 2>&1
    verdict "make demo" "$work/demo.log"
    grep -q 'weighted avg' "$work/demo.log" && grep -q "^report  *$BUILD/demo/report.h5" "$work/demo.log" &&
        [ -s "$BUILD/demo/plots/roc.png" ] && [ -s "$BUILD/demo/plots/report.html" ]
    verdict "the demo ends with the report, the files and the pictures" "$work/demo.log"
fi

# Frames as README names them: v07_f012.jpg and its twin vs07_f012.jpg.
"$FRAMES_TOOL" "$work/made" --videos 12 --frames 4 --size 96 >"$work/log" 2>&1
mkdir -p "$work/frames/real" "$work/frames/fake"
for class in real fake; do
    prefix=v
    [ $class = fake ] && prefix=vs
    for frame in "$work/made/$class"/*.jpg; do
        numbers=$(basename "$frame" .jpg | tr -cs '0-9' ' ')
        # shellcheck disable=SC2086  # video and frame number
        set -- $numbers
        cp "$frame" "$work/frames/$class/${prefix}$1_f$2.jpg"
    done
done
[ "$(find "$work/frames" -name '*.jpg' | wc -l)" -ge 80 ]
verdict "the generator made frames" "$work/log"

cd "$work" || exit 1
for ((i = 1; i <= $(cd "$root" && count sh); i++)); do
    (cd "$root" && block sh "$i") | grep -v '^make ' >"$work/commands"
    [ -s "$work/commands" ] || continue
    # The launcher as it stands in README, made to work on a machine with fewer cores than ranks.
    sed -i 's/^mpirun /mpirun --oversubscribe /' "$work/commands"
    bash -eu "$work/commands" >"$work/log" 2>&1
    verdict "README, sh block $i" "$work/log"
done
for ((i = 1; i <= $(cd "$root" && count python); i++)); do
    (cd "$root" && block python "$i") >"$work/block.py"
    modules=$(sed -n 's/^import //p' "$work/block.py")
    for python in ${PYTHON:-} /usr/bin/python3 python3 none; do
        "$python" -c "import $modules" 2>/dev/null && break
    done
    if [ "$python" = none ]; then
        echo "SKIP: README, python block $i: no python3 with $modules"
    else
        "$python" "$work/block.py" >"$work/log" 2>&1
        verdict "README, python block $i" "$work/log"
    fi
done
exit $bad
