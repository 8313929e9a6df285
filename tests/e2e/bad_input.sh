#!/usr/bin/env bash
# How the three programs meet bad input: the exit code of DESIGN section 8, one line on stderr that
# says what and where, nothing half-written.
#
#   tests/e2e/bad_input.sh [PATTERN]      only the cases whose name matches the pattern
#
# Programs from $BUILD (build); without a launcher they run as MPI singletons.
set -u

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

# ---- folders and files of frames -----------------------------------------------------------------
bad_folders() {
    fresh
    expect 'input: no such folder' 1 'nowhere.*no such folder' \
        preprocess "$tmp/nowhere" -o "$out/s.h5"
    expect 'input: a file, not a folder' 1 'good.h5' preprocess "$tmp/good.h5" -o "$out/s.h5"
    mkdir -p "$tmp/empty" "$tmp/one"
    expect 'input: no classes' 1 'empty.*(real|fake)' preprocess "$tmp/empty" -o "$out/s.h5"
    cp -r "$tmp/good/real" "$tmp/one/"
    expect 'input: one class' 1 'one/fake' preprocess "$tmp/one" -o "$out/s.h5"
    mkdir "$tmp/one/fake"
    expect 'input: an empty class' 1 'one/fake: no .*jpe?g' preprocess "$tmp/one" -o "$out/s.h5"
    touch "$tmp/one/fake/a.png" "$tmp/one/fake/b.txt"
    expect 'input: a class without any JPEG' 1 'one/fake: no .*jpe?g' \
        preprocess "$tmp/one" -o "$out/s.h5"
    input png
    find "$in" -name '*.jpg' -exec mv {} {}.png \;
    expect 'input: no JPEG at all' 1 'no .*jpe?g' preprocess "$in" -o "$out/s.h5"
    expect 'input: --real names a missing folder' 1 'good/Celeb' \
        preprocess "$tmp/good" --real Celeb-real -o "$out/s.h5"
    input cycle
    ln -s ../real "$in/real/loop"
    expect 'input: a link in a circle' 1 'loop' preprocess "$in" -o "$out/s.h5"
}

bad_frames() {
    fresh
    input dangling
    ln -s nowhere.jpg "$in/fake/clip09_frame000.jpg"
    expect 'frames: a dangling link' 3 '1 of 25 files rejected' preprocess "$in" -o "$out/s.h5"
    expect 'frames: a dangling link, tolerated' 0 '' \
        preprocess "$in" -o "$out/s.h5" --max-bad 1 "${small[@]}"
    fresh
    input folder
    mkdir "$in/fake/clip09_frame000.jpg"
    expect 'frames: a folder named like a frame' 0 '' preprocess "$in" -o "$out/s.h5" "${small[@]}"
    fresh
    input pipe
    mkfifo "$in/fake/clip09_frame000.jpg"
    expect 'frames: a pipe named like a frame' 3 '1 of 25' preprocess "$in" -o "$out/s.h5"
    input blank
    : >"$in/real/clip09_frame000.jpg"
    expect 'frames: a file of no bytes' 3 '1 of 25' preprocess "$in" -o "$out/s.h5"
    input cut
    truncate -s 900 "$in/real/clip01_frame000.jpg"
    expect 'frames: a truncated file' 3 '1 of 24' preprocess "$in" -o "$out/s.h5"
    grep -qa 'clip01_frame000' "$tmp/stderr" || [[ ! 'frames: a truncated file' =~ $wanted ]] ||
        verdict 'frames: the rejected file is named' ' it is not'
    input corrupt
    find "$in" -name '*.jpg' -exec sh -c 'echo "not a picture" >"$1"' sh {} \;
    expect 'frames: every file corrupt' 3 '24 of 24' preprocess "$in" -o "$out/s.h5"
    expect 'frames: every file corrupt, all tolerated' 1 'corrupt|accepted|no .*frames|left' \
        preprocess "$in" -o "$out/s.h5" --max-bad 100%
    find "$in/real" -name '*.jpg' -exec cp "$tmp/good/real/clip01_frame000.jpg" {} \;
    expect 'frames: one class all corrupt, tolerated' 1 'fake' \
        preprocess "$in" -o "$out/s.h5" --max-bad 100%
}

odd_names() {
    local newline=$'new\nline_frame000.jpg' name
    fresh
    input names
    # shellcheck disable=SC2016 # these characters are meant
    for name in 'with space_frame000.jpg' "$newline" 'gesicht_ä_顔_frame000.jpg' \
        $'latin\xe4_frame000.jpg' '-o_frame000.jpg' '%s%n_frame000.jpg' '$x"_frame000.JPEG'; do
        cp "$in/real/clip01_frame000.jpg" "$in/real/$name" || return 1
    done
    expect 'names: spaces, newline, UTF-8 and worse' 0 '' preprocess "$in" -o "$out/s.h5" "${small[@]}"
    expect 'names: such a store trains' 0 '' train "$out/s.h5" -o "$out/r.h5" "${quick[@]}"
    expect 'names: such a store evaluates' 0 '' eval "$out/s.h5" "$out/r.h5" -o "$out/e.h5"
    fresh
    echo 'not a picture' >"$in/real/$newline"
    expect 'names: a rejected newline forges no line' 3 '1 of 31' preprocess "$in" -o "$out/s.h5"
    mkdir "$tmp/a folder ö"
    cp -r "$tmp/good/real" "$tmp/good/fake" "$tmp/a folder ö/"
    expect 'names: a folder with space and UTF-8' 0 '' \
        preprocess "$tmp/a folder ö" -o "$out/a store ö.h5" "${small[@]}"
}

# ---- output --------------------------------------------------------------------------------------
bad_output() {
    fresh
    local a
    for a in preprocess train eval; do
        set_job "$a"
        expect "output: $a: folder missing" 1 'missing' "$a" "${job[@]}" -o "$out/missing/x.h5"
        mkdir -p "$out/folder.h5"
        expect "output: $a: a folder has the name" 1 'folder.h5' "$a" "${job[@]}" -o "$out/folder.h5"
        rmdir "$out/folder.h5"
        expect "output: $a: below a file" 1 'good.h5' "$a" "${job[@]}" -o "$tmp/good.h5/x.h5"
        expect "output: $a: not given" 2 'output|-o' "$a" "${job[@]}"
    done
    unwritable
    full_disk
}

set_job() {
    case $1 in
    preprocess) job=("$tmp/good" "${small[@]}") ;;
    train) job=("$tmp/good.h5" "${quick[@]}") ;;
    eval) job=("$tmp/good.h5" "$tmp/good-run.h5") ;;
    esac
}

# Permissions do not bind root: as root, the programs run as somebody else.
unwritable() {
    local a
    fresh
    if [ "$(id -u)" -eq 0 ]; then
        prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups env "HOME=$tmp")
        if ! "${prefix[@]}" "$build/bin/unmask-train" --version >/dev/null 2>&1; then
            skip 'output: folder unwritable' 'the programs cannot be run as another user here'
            prefix=()
            return
        fi
    fi
    chmod -R a+rX "$tmp"
    chmod 555 "$out"
    for a in preprocess train eval; do
        set_job "$a"
        expect "output: $a: folder unwritable" 1 'out.*[Pp]ermission' "$a" "${job[@]}" -o "$out/x.h5"
    done
    chmod 755 "$out"
    input secret
    chmod 0 "$in/real/clip01_frame000.jpg"
    chmod 755 "$out"
    chown "$(id -u nobody 2>/dev/null || echo 65534)" "$out" 2>/dev/null
    expect 'frames: an unreadable file' 3 '1 of 24' preprocess "$in" -o "$out/s.h5"
    grep -qa 'clip01_frame000.*[Pp]ermission' "$tmp/stderr" ||
        [[ ! 'frames: an unreadable file' =~ $wanted ]] ||
        verdict 'frames: the unreadable file is named, with the reason' ' it is not'
    cp "$tmp/good.h5" "$tmp/secret.h5"
    chmod 0 "$tmp/secret.h5"
    expect 'store: unreadable' 1 'secret.h5.*[Pp]ermission' train "$tmp/secret.h5" -o "$out/r.h5"
    prefix=()
}

# The first checkpoint fits, the second does not: the first stays, whole, and alone.
half_way() {
    local got wrong=''
    [[ $1 =~ $wanted ]] || return 0
    "$build/bin/unmask-train" "$tmp/good.h5" -o "$out/x.h5" --threads 1 --epochs 3 \
        >"$tmp/stdout" 2>"$tmp/stderr"
    got=$?
    [ "$got" -eq 1 ] || wrong+=" exit $got, not 1;"
    [ "$(ls "$out")" = x.h5 ] || wrong+=" the folder holds $(echo "$out"/*);"
    grep -qE '^unmask-train: .*([Nn]o space|free|writ)' "$tmp/stderr" || wrong+=' not a word;'
    "$build/bin/unmask-eval" "$tmp/good.h5" "$out/x.h5" -o "$tmp/e.h5" >/dev/null 2>&1 ||
        wrong+=' the checkpoint before is not whole;'
    verdict "$1" "$wrong"
}

full_disk() {
    local a free
    mkdir "$tmp/full"
    if [ "$(id -u)" -ne 0 ] || ! mount -t tmpfs -o size=64k tmpfs "$tmp/full" 2>/dev/null; then
        skip 'output: disk full' 'only root can mount a small file system, where that is allowed'
        return
    fi
    out=$tmp/full
    for free in 64 4 0; do
        [ "$free" -eq 64 ] || head -c $((64 - free))K /dev/zero >"$out/filler"
        for a in preprocess train eval; do
            [ "$a$free" = eval64 ] && continue # its report is small: let it have its 64 kB
            set_job "$a"
            expect "output: $a: $free kB left on the disk" 1 'full.*([Nn]o space|free|writ)' \
                "$a" "${job[@]}" -o "$out/x.h5"
        done
    done
    umount "$tmp/full"
    mount -t tmpfs -o size=500k tmpfs "$out"
    set_job train
    half_way 'output: train: the disk fills up at the second checkpoint'
    umount "$tmp/full"
    fresh
}

# ---- stores and runs -----------------------------------------------------------------------------
# patch FILE OFFSET BYTE: in octal
patch() {
    printf '%b' "\\0$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Where the 64-bit value of the attribute format_version stands: HDF5 1.10 pads name and type to 16
# bytes each, the dataspace to 8. Nothing unless a 1 is found there.
version_offset() {
    local at value
    at=$(grep -abo 'format_version' "$1" | head -1 | cut -d: -f1)
    value=$(od -An -td8 -j $((at + 40)) -N 8 "$1" | tr -d ' ')
    [ "$value" = 1 ] && echo $((at + 40))
}

bad_stores() {
    local bad=$tmp/bad.h5 at
    fresh
    expect 'store: missing' 1 'nowhere.h5' train "$tmp/nowhere.h5" -o "$out/r.h5"
    expect 'store: a folder' 1 'good' train "$tmp/good" -o "$out/r.h5"
    echo 'not HDF5' >"$bad"
    expect 'store: not HDF5' 1 'bad.h5' train "$bad" -o "$out/r.h5"
    expect 'store: is a run' 1 'good-run.h5.*(store|unmask-run)' \
        train "$tmp/good-run.h5" -o "$out/r.h5"
    expect 'store: eval: missing' 1 'nowhere.h5' eval "$tmp/nowhere.h5" "$tmp/good-run.h5" -o "$out/e.h5"
    cp "$tmp/good.h5" "$bad"
    at=$(version_offset "$bad")
    if [ -n "$at" ]; then
        patch "$bad" "$at" 143
        expect 'store: of another version' 1 'bad.h5.*version.*99' train "$bad" -o "$out/r.h5"
        expect 'store: eval: of another version' 1 'bad.h5.*version.*99' \
            eval "$bad" "$tmp/good-run.h5" -o "$out/e.h5"
    else
        skip 'store: of another version' 'this HDF5 places its attributes elsewhere'
    fi
    cp "$tmp/good.h5" "$bad"
    at=$(grep -abo 'unmask-store' "$bad" | head -1 | cut -d: -f1)
    patch "$bad" $((at + 7)) 164 # unmask-ttore
    expect 'store: of another format' 1 'bad.h5' train "$bad" -o "$out/r.h5"
    fresh
    expect 'store: image size that the network cannot halve' 1 'divisible|2\^|halv' \
        train "$tmp/good.h5" -o "$out/r.h5" --channels 4,4,4,4,4,4
}

truncated() {
    local bad=$tmp/bad.h5 size at
    fresh
    size=$(stat -c %s "$tmp/good.h5")
    for at in 0 1 7 8 48 95 96 100 511 512 800 1024 2047 2048 4096 $((size / 10)) $((size / 4)) \
        $((size / 2)) $((size * 3 / 4)) $((size - 4096)) $((size - 512)) $((size - 8)) $((size - 1)); do
        head -c "$at" "$tmp/good.h5" >"$bad"
        expect "store: truncated at byte $at of $size" 1 'bad.h5' train "$bad" -o "$out/r.h5"
    done
    expect 'store: eval: truncated' 1 'bad.h5' eval "$bad" "$tmp/good-run.h5" -o "$out/e.h5"
    size=$(stat -c %s "$tmp/good-run.h5")
    for at in 0 1 8 100 1024 $((size / 10)) $((size / 2)) $((size - 4096)) $((size - 1)); do
        head -c "$at" "$tmp/good-run.h5" >"$bad"
        expect "run: truncated at byte $at of $size" 1 'bad.h5' \
            eval "$tmp/good.h5" "$bad" -o "$out/e.h5"
    done
    expect 'run: train --init from a truncated one' 1 'bad.h5' \
        train "$tmp/good.h5" -o "$out/r.h5" --init "$bad"
    head -c 1000 "$tmp/good-run.h5" >"$out/r.h5"
    expect 'run: train goes on from a truncated one' 1 'r.h5.*' \
        train "$tmp/good.h5" -o "$out/r.h5" "${quick[@]}"
}

bad_runs() {
    fresh
    expect 'run: missing' 1 'nowhere' eval "$tmp/good.h5" "$tmp/nowhere" -o "$out/e.h5"
    expect 'run: is a store' 1 'good.h5' eval "$tmp/good.h5" "$tmp/good.h5" -o "$out/e.h5"
    expect 'run: of another store' 1 'other-run.h5|--any-store' \
        eval "$tmp/good.h5" "$tmp/other-run.h5" -o "$out/e.h5"
    expect 'run: of another store, allowed' 0 '' \
        eval "$tmp/good.h5" "$tmp/other-run.h5" -o "$out/e.h5" --any-store
    rm -f "$out/e.h5"
    expect 'run: of another image size, even if allowed' 1 'wide-run.h5|64' \
        eval "$tmp/good.h5" "$tmp/wide-run.h5" -o "$out/e.h5" --any-store
    expect 'run: train --init from another image size' 1 'wide-run.h5' \
        train "$tmp/good.h5" -o "$out/r.h5" --init "$tmp/wide-run.h5"
    expect 'run: train --init from another network' 1 'good-run.h5' \
        train "$tmp/good.h5" -o "$out/r.h5" --init "$tmp/good-run.h5" --channels 8,8
    cp "$tmp/good-run.h5" "$out/r.h5"
    expect 'run: going on over another store' 1 'r.h5' train "$tmp/other.h5" -o "$out/r.h5" "${quick[@]}"
    expect 'run: going on with another learning rate' 1 'learning-rate' \
        train "$tmp/good.h5" -o "$out/r.h5" "${quick[@]}" --learning-rate 0.5
    expect 'run: going on with another network' 1 'channels' \
        train "$tmp/good.h5" -o "$out/r.h5" "${quick[@]}" --channels 8,8
    cp "$tmp/good.h5" "$out/s.h5"
    expect 'run: train will not overwrite a store' 1 's.h5' \
        train "$tmp/good.h5" -o "$out/s.h5" "${quick[@]}"
}

# ---- command lines -------------------------------------------------------------------------------
bad_options() {
    local a
    fresh
    for a in preprocess train eval; do
        set_job "$a"
        expect "options: $a: none at all" 2 'given|--help' "$a"
        expect "options: $a: unknown" 2 'colour' "$a" "${job[@]}" -o "$out/x.h5" --colour red
        expect "options: $a: unknown letter" 2 '-z' "$a" "${job[@]}" -o "$out/x.h5" -z
        expect "options: $a: an argument too many" 2 'too many arguments' \
            "$a" "${job[@]}" surplus surplus -o "$out/x.h5"
        expect "options: $a: value missing" 2 'output|-o' "$a" "${job[@]}" -o
        expect "options: $a: --help" 0 '' "$a" --help
        expect "options: $a: --version" 0 '' "$a" --version
    done
    while read -r a option value; do
        set_job "$a"
        expect "options: $a $option $value" 2 "${option#--}" "$a" "${job[@]}" -o "$out/x.h5" "$option" "$value"
    done <<'END'
preprocess --image-size 0
preprocess --image-size 12x
preprocess --image-size 99999999999999999999
preprocess --split-by colour
preprocess --val-fraction 1.5
preprocess --val-fraction nan
preprocess --test-fraction -0.1
preprocess --video-regex (
preprocess --group-regex [
preprocess --group-regex nocapture
preprocess --seed -1
preprocess --max-bad many
preprocess --max-bad 101%
preprocess --memory 1X
train --epochs -1
train --batch-size 0
train --learning-rate inf
train --learning-rate fast
train --precision fp8
train --device tpu
train --shuffle maybe
train --channels 16,,64
train --channels 0
train --checkpoint-every 0
train --checkpoint-every 30m
train --timeout -1
train --threads -2
eval --split all
eval --weights first
END
    set_job preprocess
    expect 'options: both fractions take everything' 2 'fraction' \
        preprocess "${job[@]}" -o "$out/x.h5" --val-fraction 0.6 --test-fraction 0.6
    expect 'options: preprocess: a frame that the regex does not match' 1 'regex.*frame000' \
        preprocess "${job[@]}" -o "$out/x.h5" --group-regex '^v([0-9]+)_'
    expect 'options: preprocess: --test-list missing' 1 'nolist' \
        preprocess "${job[@]}" -o "$out/x.h5" --test-list "$tmp/nolist"
    set_job train
    expect 'options: train --device cuda where there is none' 1 'cuda|CUDA' \
        train "${job[@]}" -o "$out/x.h5" --device cuda
    expect 'options: train --precision bf16 on cpu' 1 'bf16' \
        train "${job[@]}" -o "$out/x.h5" --device cpu --precision bf16
    expect 'options: eval of a split that is not there' 1 'test' \
        eval "$tmp/good.h5" "$tmp/good-run.h5" -o "$out/e.h5" --split test
}

# ---- ranks ---------------------------------------------------------------------------------------
many_ranks() {
    local tiny=$tmp/tiny ranks=6 a
    fresh
    mkdir -p "$tiny/real" "$tiny/fake"
    cp "$tmp/good/real/clip01_frame00"[01].jpg "$tiny/real/"
    cp "$tmp/good/fake/"*frame000.jpg "$tiny/fake/"
    rm "$(printf '%s\n' "$tiny/fake/"*.jpg | head -1)"
    launch() {
        local name="ranks: $1 with $ranks ranks and 4 frames"
        [[ $name =~ $wanted ]] || return 0
        timeout 300 "$mpirun" --oversubscribe --bind-to none -n "$ranks" "$build/bin/unmask-$1" \
            "${@:2}" >"$tmp/stdout" 2>"$tmp/stderr"
        local got=$? wrong=''
        [ "$got" -eq 0 ] || wrong=" exit $got"
        verdict "$name" "$wrong"
    }
    launch preprocess "$tiny" -o "$out/s.h5" "${small[@]}" --val-fraction 0.5
    launch train "$out/s.h5" -o "$out/r.h5" "${quick[@]}"
    launch eval "$out/s.h5" "$out/r.h5" -o "$out/e.h5"
    # An error that all ranks share is still one line, and the code comes through the launcher.
    for a in preprocess train eval; do
        local name="ranks: $a: one line of error from $ranks ranks" wrong='' got
        [[ $name =~ $wanted ]] || continue
        timeout 300 "$mpirun" -q --oversubscribe --bind-to none -n "$ranks" "$build/bin/unmask-$a" \
            "$tmp/nowhere" "$tmp/nowhere" -o "$out/x.h5" >"$tmp/stdout" 2>"$tmp/stderr"
        got=$?
        [ "$a" = eval ] && [ "$got" -ne 1 ] && wrong+=" exit $got, not 1;"
        [ "$got" -ne 0 ] || wrong+=' exit 0;'
        [ "$(grep -ac "^unmask-$a" "$tmp/stderr")" -eq 1 ] || wrong+=' not exactly one line;'
        verdict "$name" "$wrong"
    done
}

if ! make_fixtures >"$tmp/stdout" 2>"$tmp/stderr"; then
    echo 'FAIL - the good input that the cases spoil could not be made:'
    cat "$tmp/stderr"
    exit 1
fi
for group in bad_folders bad_frames odd_names bad_output bad_stores truncated bad_runs bad_options \
    many_ranks; do
    "$group"
done
echo "$cases cases, $failures failed, $skipped skipped"
[ "$failures" -eq 0 ]
