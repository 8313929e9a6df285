#!/usr/bin/env bash
# --export: the network leaves for other programs, and computes there what it computes here.
# PYTHON may name an interpreter that has onnxruntime (or onnx >= 1.13), numpy and h5py.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

make_run() {
    "$frames_tool" "$tmp/in" --videos 10 --frames 8 --size 64 &&
        one preprocess "$tmp/in" -o "$tmp/s.h5" --image-size 32 --val-fraction 0.5 &&
        one train "$tmp/s.h5" -o "$tmp/r.h5" --channels 8,16 --epochs 12 --batch-size 16 --threads 1 &&
        one eval "$tmp/s.h5" "$tmp/r.h5" -o "$tmp/e.h5"
}

export_to() { # NAME OPTION...
    local name=$1
    shift
    exits 0 "^.*$name: 2417 parameters" one eval --export "$tmp/$name" "$tmp/r.h5" "$@"
}

against_the_report() {
    local python
    echo 'no python3' >"$tmp/compared"
    for python in "${PYTHON:-/usr/bin/python3}" python3; do
        command -v "$python" >/dev/null || continue
        "$python" tests/golden/compare_export.py "$tmp"/{s,r,e}.h5 "$tmp"/{m,f}.onnx \
            "$tmp/m.safetensors" >"$tmp/compared" 2>&1
        [ $? = 77 ] || break
    done
    if grep -q '^no ' "$tmp/compared"; then
        skip "the export against the report: $(cat "$tmp/compared")"
        return
    fi
    claim "onnx, in bytes and floats, scores as the report does, within 1e-6; safetensors hold the weights" \
        awk '{ print } /Error/ { bad = 1 } /frames$/ { models++ } END { exit bad || models != 2 }' \
        "$tmp/compared"
}

claim 'a run to export' make_run || exit 1
claim 'safetensors' export_to m.safetensors --weights best
if one eval --export "$tmp/probe.onnx" "$tmp/r.h5" 2>&1 | grep -q 'install libonnx-dev'; then
    skip 'onnx: not in this build (libonnx-dev, protobuf-c-compiler, libprotobuf-c-dev)'
else
    claim 'onnx of bytes' export_to m.onnx
    claim 'onnx of floats' export_to f.onnx --export-input float
    claim '... which is another file' exits 1 '' cmp "$tmp/m.onnx" "$tmp/f.onnx"
    claim 'onnx, on two ranks' ranks 2 eval --export "$tmp/m2.ONNX" "$tmp/r.h5"
    claim '... is the same file' cmp "$tmp/m.onnx" "$tmp/m2.ONNX"
    against_the_report
fi
claim 'no .part stays' is "$(find "$tmp" -name '*.part')" ''
finish
