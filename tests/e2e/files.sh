#!/usr/bin/env bash
# unmask-eval RUN FILE|FOLDER...: the probabilities that a report has, bit for bit, for any number of
# ranks and threads; bad files, bad words and bad names.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

in=$tmp/in
run=$tmp/r.h5

inputs() {
    "$frames_tool" "$in" --videos 8 --frames 9 --size 80 &&
        one preprocess "$in" -o "$tmp/s.h5" --image-size 48 --val-fraction 0.5 &&
        one train "$tmp/s.h5" -o "$run" --channels 8,8 --epochs 3 &&
        one eval "$tmp/s.h5" "$run" -o "$tmp/report.h5" "$@"
}

files() { # NAME RANKS OPTION...   csv
    local name=$1 count=$2
    shift 2
    ranks "$count" eval "$run" "$in" --format csv "$@" >"$tmp/$name.csv"
}

# source probability predicted, sorted, of the frames in a report
reported() {
    paste -d ' ' <(values "$1" "${2-}/predictions/${3-source}") \
        <(values "$1" "${2-}/predictions/probability" | awk '{ printf "%.9g\n", $1 }') \
        <(values "$1" "${2-}/predictions/predicted") | sort
}

# the same of a csv, of those rows that the report $2 has
scored() {
    tr -d '\r' <"$1" | awk -F, -v kind="$2" -v skip="${#in}" '
        $1 == kind { printf "%s %.9g %d\n", substr($2, skip + 2), $5, $6 == "fake" }' | sort >"$tmp/lines"
    grep -Fxf <(reported "$3" | cut -d ' ' -f 1) <(cut -d ' ' -f 1 "$tmp/lines") >"$tmp/names"
    join -t ' ' "$tmp/lines" "$tmp/names"
}

agrees_with_report() { # CSV REPORT
    scored "$1" frame "$2" >"$tmp/scored"
    reported "$2" >"$tmp/reported"
    [ -s "$tmp/reported" ] && cmp "$tmp/scored" "$tmp/reported"
}

# A video's probability is the mean of its frames', to the last bits of the double.
means_hold() {
    tr -d '\r' <"$1" | awk -F, '$1 == "frame" { sum[$3] += $5; n[$3]++ }
        $1 == "video" { seen++; d = sum[$3] / n[$3] - $5; if (n[$3] != $4 || d * d > 1e-30) bad = 1 }
        END { exit !(seen == length(n) && seen == 16 && !bad) }'
}

over_ranks() {
    local n
    claim 'files: one rank' files one 1 --threads 1
    claim '... gives every frame the probability in its report, bit for bit' \
        agrees_with_report "$tmp/one.csv" "$tmp/report.h5"
    claim '... in the order of names' sort -c <(tr -d '\r' <"$tmp/one.csv" | sed -n 's/^frame,\([^,]*\),.*/\1/p')
    claim '... and every video the mean of its frames' means_hold "$tmp/one.csv"
    for n in 2 3; do
        claim "files: $n ranks, two threads each" files many "$n" --threads 2
        claim '... write what one rank writes' cmp "$tmp/one.csv" "$tmp/many.csv"
    done
    claim 'files: -o' files nothing 2 -o "$tmp/out.csv"
    claim '... writes there what else goes to stdout' cmp "$tmp/one.csv" "$tmp/out.csv"
    claim '... and nothing to stdout, and leaves no part' is \
        "$(cat "$tmp/nothing.csv"; find "$tmp" -name '*.part')" ''
    claim 'files: --weights best and a threshold' files best 2 --weights best --threshold 0.45
    claim '... a report with both' one eval "$tmp/s.h5" "$run" -o "$tmp/best.h5" --weights best \
        --threshold 0.45
    claim '... agrees' agrees_with_report "$tmp/best.csv" "$tmp/best.h5"
}

bad_files() {
    cp -r "$in" "$tmp/bad"
    echo 'no picture' >"$tmp/bad/real/x.jpg"
    truncate -s 500 "$tmp/bad/fake/$(basename "$(find "$in/fake" -name '*.jpg' | sort | head -n 1)")"
    touch "$tmp/bad/notes.txt"
    claim 'bad files: more than --max-bad is exit 3' exits 3 '2 of 145 files are unreadable, more than' \
        ranks 2 eval "$run" "$tmp/bad" --max-bad 1
    claim '... each is listed with its reason' is "$(grep -c ': unreadable\|: warning: unreadable' \
        "$tmp/output")" 2
    claim '... the others are scored all the same' is "$(grep -c '^frame ' "$tmp/output")" 143
    claim '... other files are counted' grep -q 'ignored: 1 .txt' "$tmp/output"
    claim 'bad files: within --max-bad is exit 0' exits 0 '2 of 145 files are unreadable' \
        one eval "$run" "$tmp/bad" --max-bad 2%
}

bad_words() {
    local frame
    frame=$(find "$in/real" -name '*.jpg' | sort | head -n 1)
    claim 'words: a store among the files is told where it belongs' exits 2 'STORE RUN' \
        one eval "$run" "$tmp/s.h5" -o "$tmp/x.h5"
    claim 'words: a name that leads nowhere' exits 1 'nowhere.jpg: no such file' \
        one eval "$run" "$frame" "$tmp/nowhere.jpg"
    claim 'words: a folder without frames' exits 1 'no .jpg' one eval "$run" "$tmp/plots-none"
    claim 'words: -o over the run' exits 2 'one of the inputs' one eval "$run" "$in" -o "$run"
    claim 'words: -o over a frame' exits 2 'one of the inputs' one eval "$run" "$in" -o "$frame"
    claim 'words: -o over a frame that is no input' exits 1 "picture.s name" \
        one eval "$run" "$in/fake" -o "$frame"
    claim 'words: a rule needs a validation split' exits 2 'validation split' \
        one eval "$run" "$frame" --threshold youden
    claim 'words: a sweep needs a store' exits 2 'robustness: of no use' \
        one eval "$run" "$frame" --robustness
    claim 'words: files have no split' exits 2 'split: of no use' \
        one eval "$run" "$frame" --split train
    claim 'words: a report has no csv' exits 2 'format: of no use' \
        one eval "$tmp/s.h5" "$run" -o "$tmp/x.h5" --format csv
    claim 'words: the same file twice' one eval "$run" "$frame" "$in/real/" "$in/real" --format csv \
        -o "$tmp/twice.csv"
    claim '... is scored once' is "$(grep -c "^frame,$frame," "$tmp/twice.csv")" 1
    cp "$frame" "$tmp/picture.bin"
    claim 'words: a file of any name' exits 0 'picture.bin' one eval "$run" "$tmp/picture.bin"
}

# Names that need quoting, read back by Python's csv and json.
odd_names() {
    local frame
    frame=$(find "$in/real" -name '*.jpg' | sort | head -n 1)
    mkdir -p "$tmp/odd"
    for name in 'plain' 'a, "b"' $'line\nbreak\r' $'bytes \xff\xc3' 'été 映像 😀' 'back\slash' $'tab\t\x7f'; do
        cp "$frame" "$tmp/odd/$name.jpg"
    done
    claim 'odd names: csv' one eval "$run" "$tmp/odd" --format csv -o "$tmp/odd.csv"
    claim 'odd names: json' one eval "$run" "$tmp/odd" --format json -o "$tmp/odd.json"
    command -v python3 >/dev/null || {
        skip 'odd names: no python3 to read them back'
        return
    }
    claim 'odd names: come back from csv and json byte for byte' python3 - "$tmp/odd" "$tmp/odd.csv" \
        "$tmp/odd.json" <<'END'
import csv, json, os, sys
folder, csv_path, json_path = map(os.fsencode, sys.argv[1:])
expected = {os.path.join(folder, name) for name in os.listdir(folder)}
with open(csv_path, encoding="utf-8", errors="surrogateescape", newline="") as file:
    rows = list(csv.DictReader(file))
with open(json_path, encoding="utf-8") as file:
    objects = [json.loads(line) for line in file]
for records in rows, objects:
    names = [os.fsencode(r["name"]) for r in records if r["kind"] == "frame"]
    assert len(names) == 7 and set(names) == expected, names
for row, thing in zip(rows, objects):
    assert list(row) == list(thing) and len(rows) == len(objects) == 14
    assert float(row["probability"]) == thing["probability"] and 0 < thing["probability"] < 1
    assert row["predicted"] == thing["predicted"] == ["real", "fake"][thing["probability"] > 0.5]
END
}

claim 'a run and its report' inputs || exit 1
mkdir "$tmp/plots-none"
over_ranks
bad_files
bad_words
odd_names
finish
