#!/usr/bin/env bash
# report.html: whole, self-contained and below a megabyte, whatever the files are called.
# shellcheck source-path=SCRIPTDIR source=common.bash
. "$(dirname "$0")/common.bash"
check_page=$(realpath "$(dirname "$0")/check_page.py")
cd "$tmp" || exit 1

# 96 videos whose paths are markup with an end tag, quotes, an escape sequence, a newline, a byte of
# Latin-1, a mark that turns the direction of writing, and honest UTF-8.
folder='<'
odd=$'script>"\'&amp;<img src=x onerror=alert(1)>\e[31m\n\xe9\u202eü'
make_frames() {
    local class frame n=100
    "$frames_tool" made --videos 48 --frames 2 --size 48 || return 1
    for class in real fake; do
        mkdir -p "nasty/$class/$folder" || return 1
        for frame in "made/$class"/*.jpg; do
            n=$((n + 1))
            cp "$frame" "nasty/$class/$folder/$odd $((n / 2)) f$((n % 2)).jpg" || return 1
        done
    done
}

page() { # page FOLDER: its text, once it is well-formed
    python3 "$check_page" "$1/report.html" >"$1/text" || return 1
    cat "$1/text"
}
says() { # says FOLDER TEXT...: each stands in the text, byte for byte
    local folder=$1 text
    shift
    for text in "$@"; do
        grep -qaF -- "$text" "$folder/text" || {
            echo "unmask-: '$text' is not in the page"
            return 1
        }
    done
}

claim 'frames with names that are markup' make_frames
claim 'a store of them' one preprocess nasty -o s.h5 --image-size 32 --val-fraction 0.9 --split-by video
claim 'a run of one epoch' ranks 2 train s.h5 -o r.h5 --epochs 1 --channels 4
claim 'a page is written beside the pictures' ranks 2 eval s.h5 r.h5 -o report.h5 --plots p
claim 'no part of it is left' test ! -e p/report.html.part
claim 'a split by frame, of an untrained run' eval '
    one preprocess nasty -o f.h5 --image-size 32 --split-by frame &&
    one train f.h5 -o g.h5 --epochs 0 --channels 4 &&
    one eval f.h5 g.h5 -o q.h5 --audit --robustness --plots q'
claim 'a folder that cannot be written is named' exits 1 'nowhere/p' one eval s.h5 r.h5 -o t.h5 --plots nowhere/p
if command -v python3 >/dev/null; then
    claim 'the page is well-formed, loads nothing and runs nothing' page p
    claim 'a name is shown as it is, what cannot be shown made visible' \
        says p $'</script>"\'&amp;<img src=x onerror=alert(1)>\\x1B[31m\\x0A\\xE9U+202Eü'
    claim 'every section has arrived' says p 'Deepfake detector' 'ROC AUC' 'false alarm' 'DET' \
        'Calibration' 'Brier' 'weighted avg' 'content hash' 'Robustness' \
        "$(values report.h5 report/accuracy | cut -c1-5)"
    claim 'a long list of videos is cut and says so' says p 'of which the 40 with the highest scores are shown'
    claim 'the page of an untrained run is well-formed' page q
    claim 'audit and robustness stand in it' says q 'sharpness' 'without the face' 'At worst' 'blur, sigma 2'
    claim 'it names what makes its figures optimistic' says q 'plit by frame' 'has not been trained'
else
    skip 'the page is read by no program: there is no python3'
fi
finish
