#!/usr/bin/env bash
# How the three programs meet bad stores, runs and options, and many ranks.
#
#   tests/e2e/bad_files.sh [PATTERN]      only the cases whose name matches the pattern
set -u
# shellcheck source=tests/e2e/bad_input.bash
. "$(dirname "$0")/bad_input.bash"

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
eval --export-input int8
eval --export x.onnx
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
    expect 'export: unknown kind of file' 2 'model.pt.*safetensors' \
        eval --export "$out/model.pt" "$tmp/good-run.h5"
    cp "$tmp/good-run.h5" "$out/run.safetensors"
    expect 'export: onto the run' 2 'run.safetensors.*run itself' \
        eval --export "$out/run.safetensors" "$out/run.safetensors"
    expect 'export: of a store' 1 'good.h5' eval --export "$out/m.safetensors" "$tmp/good.h5"
    expect 'export: into no folder' 1 'nowhere' eval --export "$out/nowhere/m.safetensors" "$tmp/good-run.h5"
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
        timeout 300 "$mpirun" --oversubscribe --bind-to none -n "$ranks" "$build/bin/unmask-$a" \
            "$tmp/nowhere" "$tmp/nowhere" -o "$out/x.h5" >"$tmp/stdout" 2>"$tmp/stderr"
        got=$?
        [ "$a" = eval ] && [ "$got" -ne 1 ] && wrong+=" exit $got, not 1;"
        [ "$got" -ne 0 ] || wrong+=' exit 0;'
        [ "$(grep -ac "^unmask-$a" "$tmp/stderr")" -eq 1 ] || wrong+=' not exactly one line;'
        verdict "$name" "$wrong"
    done
}

run_groups bad_stores truncated bad_runs bad_options many_ranks
