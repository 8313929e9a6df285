#!/usr/bin/env bash
# How the three programs meet bad frames, folders and outputs.
#
#   tests/e2e/bad_input.sh [PATTERN]      only the cases whose name matches the pattern
set -u
# shellcheck source=tests/e2e/bad_input.bash
. "$(dirname "$0")/bad_input.bash"

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
    input huge
    truncate -s 1T "$in/real/clip09_frame000.jpg"
    cp "$in/real/clip01_frame000.jpg" "$in/real/clip09_frame001.jpg"
    truncate -s 1T "$in/real/clip09_frame001.jpg"
    expect 'frames: files of a terabyte' 3 '2 of 26 files' preprocess "$in" -o "$out/s.h5"
    grep -qa 'clip09_frame001.*larger than 256 MB' "$tmp/stderr" ||
        [[ ! 'frames: files of a terabyte' =~ $wanted ]] ||
        verdict 'frames: the one that looks like a JPEG is named, with the reason' ' it is not'
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
        mkfifo "$out/pipe.h5"
        expect "output: $a: a pipe has the name" 1 'pipe.h5: not a regular file' "$a" "${job[@]}" -o "$out/pipe.h5"
        rm "$out/pipe.h5"
        expect "output: $a: below a file" 1 'good.h5' "$a" "${job[@]}" -o "$tmp/good.h5/x.h5"
        expect "output: $a: not given" 2 'output|-o' "$a" "${job[@]}"
    done
    one_of_ours
    unwritable
    full_disk
}

# A slip of the hand must not cost a night: files of ours are not replaced by others.
one_of_ours() {
    local a other
    fresh
    cp "$tmp/good.h5" "$out/store.h5"
    cp "$tmp/good-run.h5" "$out/run.h5"
    set_job eval
    "$build/bin/unmask-eval" "${job[@]}" -o "$out/report.h5" >/dev/null 2>&1
    for a in preprocess train eval; do
        for other in store run report; do
            case $a$other in preprocessstore | trainrun | evalreport) continue ;; esac
            set_job "$a"
            expect "output: $a: a $other has the name" 1 "$other.h5: holds an unmask-$other" \
                "$a" "${job[@]}" -o "$out/$other.h5"
        done
    done
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
    local a free long
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
    mount -t tmpfs -o size=2m tmpfs "$out"
    long=$tmp/long
    for a in real fake; do
        mkdir -p "$long/$a/$(printf '%0250d' 0)"
        seq -f "$long/$a/$(printf '%0250d' 0)/clip%g_1.jpg" 700 |
            xargs -n 1 cp "$(find "$tmp/good/$a" -name '*.jpg' | head -n 1)"
    done
    expect 'output: preprocess: names that do not fit on the disk' 1 'x.h5.part: needs [3-9] MB' \
        preprocess "$long" -o "$out/x.h5" --image-size 2
    umount "$tmp/full"
    mount -t tmpfs -o size=500k tmpfs "$out"
    set_job train
    half_way 'output: train: the disk fills up at the second checkpoint'
    umount "$tmp/full"
    fresh
}

run_groups bad_folders bad_frames odd_names bad_output
