#!/usr/bin/env bash
# The whole job on generated frames: folder -> store -> run -> report, over different numbers of
# ranks, and what the files then hold.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

in=$tmp/in
odd=$'of a\n face ä 顔' # a folder's name, with space, newline and UTF-8
quick=(--channels '8,16' --threads 1)

# ---- preprocess ----------------------------------------------------------------------------------

make_input() {
    "$frames_tool" "$in" --videos 12 --frames 6 --size 64 &&
        echo 'no picture' >"$in/real/notes.txt" && touch "$in/fake/.hidden.jpg" &&
        mkdir "$in/real/$odd" && cp "$in/real/clip01_frame000.jpg" "$in/real/$odd/" &&
        cp "$in/real/clip01_frame001.jpg" "$in/real/$odd/clip01_frame001.JPEG"
}

store() { # NAME RANKS OPTION...
    local name=$1 count=$2
    shift 2
    ranks "$count" preprocess "$in" -o "$tmp/$name.h5" --image-size 32 "$@"
}

no_shared_group() { # STORE SPLIT SPLIT
    local shared
    values "$1" "/$2/group" | sort -u >"$tmp/left" || return 1
    values "$1" "/$3/group" | sort -u >"$tmp/right" || return 1
    [ -s "$tmp/left" ] && [ -s "$tmp/right" ] || return 1
    shared=$(comm -12 "$tmp/left" "$tmp/right" | wc -l)
    is "$shared shared groups" '0 shared groups'
}

ledger_lists_every_file() { # STORE FOLDER: sorted, as often as they are there
    values "$1" /ledger:path | sort >"$tmp/ledger" || return 1
    (cd "$2" && find . -type f -iname '*.jp*g' ! -name '.*' -printf '%P\0' | tr '\n\0' '?\n' |
        sort) >"$tmp/found"
    diff "$tmp/ledger" "$tmp/found"
}

count_is() { # STORE OBJECT VALUE COUNT: so many of the values are VALUE
    is "$(values "$1" "$2" | grep -cxF -- "$3")" "$4"
}

same_store() {
    same "$1" "$2" && is "$(values "$1" /@content_hash)" "$(values "$2" /@content_hash)"
}

preprocess_over_ranks() {
    local n s=$tmp/s1.h5
    claim 'preprocess: one rank' store s1 1
    for n in 2 3; do
        claim "preprocess: $n ranks" store "s$n" "$n"
        claim "preprocess: $n ranks make the datasets and content_hash of one" same_store "$s" \
            "$tmp/s$n.h5"
    done
    claim 'preprocess: no launcher' one preprocess "$in" -o "$tmp/s0.h5" --image-size 32
    claim 'preprocess: no launcher makes the same store' same_store "$s" "$tmp/s0.h5"
    claim 'preprocess: rows that wait in a scratch file make the same store' exits 0 '' \
        store scratch 2 --memory 100K
    claim '... bit for bit' same_store "$s" "$tmp/scratch.h5"
    claim 'preprocess: the scratch file is gone' is "$(find "$tmp" -name '*part*' -o -name '*spool*')" ''
    claim 'preprocess: the ledger has a row for each JPEG, whatever its name' \
        ledger_lists_every_file "$s" "$in"
    claim 'preprocess: another kind of file is counted' exits 0 'ignored: 1 .txt' store again 1
    claim 'preprocess: a fifth of the groups validates' is \
        "$(values "$s" /val/group | sort -u | wc -l)" "$(($(values "$s" /groups | wc -l) / 5))"
    claim 'preprocess: no group in both splits' no_shared_group "$s" train val
    claim 'preprocess: another seed, another split' exits 1 'differs|shape' different_seed
}

different_seed() {
    store seed5 1 --seed 5 && same "$tmp/s1.h5" "$tmp/seed5.h5"
}

preprocess_samples() {
    local s=$tmp/sampled.h5
    claim 'preprocess: --per-class' store sampled 2 --per-class 30
    claim '... takes so many of each' is "$(cat_splits "$s" labels | sort | uniq -c | tr -s ' \n' ' ')" \
        ' 30 0 30 1 '
    claim '... the same on one rank' store sampled1 1 --per-class 30
    claim '... bit for bit' same_store "$s" "$tmp/sampled1.h5"
    claim 'preprocess: --per-video' store thin 1 --per-video 2
    claim '... takes so many of each' is \
        "$(cat_splits "$tmp/thin.h5" video | sort | uniq -c | awk '{print $1}' | sort -u)" 2
    claim 'preprocess: --split-by frame' store by_frame 1 --split-by frame
    claim '... lets videos stand on both sides' exits 1 'shared' \
        no_shared_videos "$tmp/by_frame.h5"
}

cat_splits() { # STORE COLUMN
    values "$1" "/train/$2" && values "$1" "/val/$2"
}

no_shared_videos() {
    values "$1" /train/video | sort -u >"$tmp/left"
    values "$1" /val/video | sort -u >"$tmp/right"
    is "$(comm -12 "$tmp/left" "$tmp/right" | wc -l) shared videos" '0 shared videos'
}

preprocess_groups_and_tests() {
    local s=$tmp/tested.h5
    claim 'preprocess: --test-fraction' store tested 2 --test-fraction 0.25
    for n in 'train val' 'train test' 'val test'; do
        # shellcheck disable=SC2086 # two words
        claim "... no group in both $n" no_shared_group "$s" $n
    done
    printf '%s\n' '1 real/clip03.mp4' '0 fake/clip20.mp4' >"$tmp/list"
    claim 'preprocess: --test-list' store listed 1 --test-list "$tmp/list"
    claim '... puts the listed videos into /test' is \
        "$(values "$tmp/listed.h5" /test/source | sed 's/_frame.*//' | sort -u | tr '\n' ' ')" \
        'fake/clip20 real/clip03 '
    claim '... and nowhere else' is \
        "$(cat_splits "$tmp/listed.h5" source | grep -cE 'real/clip03|fake/clip20')" 0
    # Clips 01 and 11 end in the same digit, so do 13 and 23: one group each, across the classes.
    claim 'preprocess: --group-regex' store grouped 1 --group-regex 'clip[0-9]([0-9])_'
    claim '... makes ten groups of the last digit' is "$(values "$tmp/grouped.h5" /groups | sort -u |
        grep -c .)" 10
    claim '... of which none is on both sides' no_shared_group "$tmp/grouped.h5" train val
}

# frame_face.jpg, one folder per video: 12_0.jpg reads as frame 0 of video 12.
preprocess_lone_frames() {
    local whole=$in path
    in=$tmp/faces
    (cd "$whole" && find real fake -name 'clip*.jpg' ! -path '*/*/*') | while IFS= read -r path; do
        mkdir -p "$in/${path%_frame*}" &&
            cp "$whole/$path" "$in/${path%_frame*}/$(basename "${path#*_frame}" .jpg)_0.jpg"
    done
    claim 'preprocess: names that make a video of each frame are told' \
        exits 0 'warning: .* a video each, as fake/clip13/000 of fake/clip13/000_0.jpg' \
        store faces 2 --split-by video
    claim '... also of a sample' exits 0 'a video each' store faces 1 --split-by video --per-class 20
    claim '... until a regex names the videos' exits 0 'of 20 groups, val 24 rows of 4 groups' \
        store faces 1 --video-regex '^(.*)/'
    claim '... and then no more' is \
        "$(grep -c 'a video each' "$tmp/output")" 0
    in=$whole
}

preprocess_bad_files() {
    local whole=$in bad=$tmp/bad
    cp -r "$in" "$bad"
    in=$bad
    echo 'not a picture' >"$in/real/clip05_frame000.jpg"
    truncate -s 700 "$in/fake/clip15_frame001.jpg"
    claim 'bad files: within --max-bad they are counted' exits 0 '144 accepted .*2 rejected' \
        store bad2 2 --max-bad 2
    claim '... listed with the reason' grep -q 'fake/clip15_frame001.jpg: .' "$tmp/output"
    claim '... and stand in the ledger' count_is "$tmp/bad2.h5" /ledger:verdict rejected 2
    claim '... by name' ledger_lists_every_file "$tmp/bad2.h5" "$in"
    claim '... the same on one rank' store bad1 1 --max-bad 2
    claim '... bit for bit' same_store "$tmp/bad1.h5" "$tmp/bad2.h5"
    claim 'bad files: more than --max-bad is exit 3' exits 3 '2 of 146' store bad0 2 --max-bad 1
    claim '... with all of them listed' is "$(grep -cE '(clip05_frame000|clip15_frame001)' \
        "$tmp/output")" 2
    claim '... and no store left' is "$(find "$tmp" -name 'bad0*')" ''
    in=$whole
}

# ---- train ---------------------------------------------------------------------------------------

run() { # NAME RANKS OPTION...
    local name=$1 count=$2
    shift 2
    ranks "$count" train "$tmp/s1.h5" -o "$tmp/$name.h5" "${quick[@]}" "$@"
}

# A prime number of rows, so that a batch does not divide by the ranks, of which the last batch
# leaves fewer than there are ranks.
choose_batch_size() {
    local rows size
    rows=$(values "$tmp/s1.h5" /train/labels | wc -l)
    for size in 11 13 17 19 23 29 31; do
        if [ $((rows % size)) -gt 0 ] && [ $((rows % size)) -lt 3 ]; then
            quick+=(--batch-size "$size")
            return 0
        fi
    done
    echo "no batch size leaves 1 or 2 of $rows rows"
    return 1
}

train_over_ranks() {
    local n
    claim 'train: a batch size that leaves less than a row for each rank' choose_batch_size
    claim 'train: one rank' run r1 1 --epochs 1
    for n in 2 3 4; do
        claim "train: $n ranks" run "r$n" "$n" --epochs 1
        claim "train: $n ranks: the first epoch's loss of one rank" "$inspect" near "$tmp/r1.h5" \
            "$tmp/r$n.h5" /history/train_loss 1e-5
        claim "train: $n ranks: the validation loss of one rank" "$inspect" near "$tmp/r1.h5" \
            "$tmp/r$n.h5" /history/val_loss 1e-4
    done
    claim 'train: 3 ranks twice' run again3 3 --epochs 1
    claim '... the same bits' same_run "$tmp/r3.h5" "$tmp/again3.h5"
    claim 'train: two threads' run threads2 1 --epochs 1 --threads 2
    claim '... the bits of one' same_run "$tmp/r1.h5" "$tmp/threads2.h5"
    claim 'train: no launcher' one train "$tmp/s1.h5" -o "$tmp/r0.h5" "${quick[@]}" --epochs 1
    claim '... the bits of one rank' same_run "$tmp/r1.h5" "$tmp/r0.h5"
    claim 'train: the reference engine' run reference 1 --epochs 1 --device reference
    claim '... agrees on the loss' "$inspect" near "$tmp/r1.h5" "$tmp/reference.h5" \
        /history/train_loss 1e-4
}

train_goes_on() {
    claim 'train: --epochs 0' run none 2 --epochs 0
    claim '... has the weights that training begins with' no_history "$tmp/none.h5"
    claim 'train: four epochs' run four 2 --epochs 4
    claim 'train: none, then four' run none 2 --epochs 4
    claim '... the same bits' same_run "$tmp/four.h5" "$tmp/none.h5"
    claim 'train: two epochs' run two 2 --epochs 2
    claim 'train: two more' exits 0 'going on from epoch 3' run two 2 --epochs 4
    claim '... the bits of four' same_run "$tmp/four.h5" "$tmp/two.h5"
    cp "$tmp/four.h5" "$tmp/before.h5"
    claim 'train: a finished run started again says so' exits 0 'has 4 epochs already' run four 2 \
        --epochs 4
    claim '... and is not touched' cmp "$tmp/before.h5" "$tmp/four.h5"
    claim 'train: fewer epochs than it has' exits 0 'has 4 epochs already' run four 1 --epochs 3
    claim '... and is not touched' cmp "$tmp/before.h5" "$tmp/four.h5"
    refusals
    claim 'train: --fresh begins again' run four 2 --epochs 4 --fresh --seed 3
    claim '... with other weights' exits 1 'differs' same_run "$tmp/before.h5" "$tmp/four.h5"
    claim 'train: --fresh with the old seed' run four 2 --epochs 4 --fresh
    claim '... the old bits' same_run "$tmp/before.h5" "$tmp/four.h5"
    claim 'train: no part file is left' is "$(find "$tmp" -name '*.part*')" ''
}

no_history() {
    is "$(values "$1" /history/train_loss | wc -l)" 0 && is "$(values "$1" /progress/epoch)" 0
}

refusals() {
    local option
    while read -r -a option <&3; do
        claim "train: going on with ${option[*]} is refused by name" exits 1 "trained with ${option[0]}" \
            run four 2 --epochs 6 "${option[@]}"
        claim '... the run is not touched' cmp "$tmp/before.h5" "$tmp/four.h5"
    done 3<<'END'
--learning-rate 0.01
--batch-size 16
--seed 1
--channels 8,8
--shuffle off
END
    claim 'train: going on with --init is refused by name' exits 1 'trained with --init' \
        run four 2 --epochs 6 --init "$tmp/r1.h5"
    claim 'train: going on over another store is refused' exits 1 'another store' \
        ranks 2 train "$tmp/seed5.h5" -o "$tmp/four.h5" "${quick[@]}" --epochs 6
    claim '... the run is not touched' cmp "$tmp/before.h5" "$tmp/four.h5"
}

train_init() {
    claim 'train: --init takes weights over' run init 1 --epochs 0 --init "$tmp/r1.h5"
    claim '... all of them' same "$tmp/r1.h5" "$tmp/init.h5" -x /best -x /optimizer -x /history \
        -x /steps -x /progress
    claim 'train: --init with the weights that it would draw' run drawn 1 --epochs 0
    claim '... trains' run drawn_init 1 --epochs 1 --init "$tmp/drawn.h5"
    claim '... to the same bits' same_run "$tmp/r1.h5" "$tmp/drawn_init.h5"
}

# ---- eval ----------------------------------------------------------------------------------------

report() { # NAME RANKS OPTION...   stdout into NAME.txt
    local name=$1 count=$2
    shift 2
    ranks "$count" eval "$tmp/tested.h5" "$tmp/rt.h5" -o "$tmp/$name.h5" --threads 1 "$@" \
        >"$tmp/$name.txt"
}

eval_over_ranks() {
    local n
    claim 'eval: a run to score' ranks 2 train "$tmp/tested.h5" -o "$tmp/rt.h5" "${quick[@]}" \
        --epochs 4
    cp "$tmp/rt.h5" "$tmp/rt-before.h5"
    claim 'eval: one rank' report e1 1
    for n in 2 3; do
        claim "eval: $n ranks" report "e$n" "$n"
        claim "eval: $n ranks print what one prints" cmp "$tmp/e1.txt" "$tmp/e$n.txt"
        claim "eval: $n ranks report what one reports" same "$tmp/e1.h5" "$tmp/e$n.h5"
    done
    claim 'eval: two threads' report t2 1 --threads 2
    claim '... report what one reports' same "$tmp/e1.h5" "$tmp/t2.h5"
    claim 'eval: the run is not touched' cmp "$tmp/rt.h5" "$tmp/rt-before.h5"
    claim 'eval: the history of the run is in the report' is "$(values "$tmp/e1.h5" \
        /history/val_accuracy)" "$(values "$tmp/rt.h5" /history/val_accuracy)"
    claim 'eval: the accuracy of the last epoch' accuracies_agree
    claim 'eval: every row once' is "$(values "$tmp/e1.h5" /predictions/source | sort)" \
        "$(values "$tmp/tested.h5" /val/source | sort)"
    claim 'eval: the text stands in the report' is "$(values "$tmp/e1.h5" /report/text | tr '?' '\n')" \
        "$(sed -n '1,/weighted avg/p' "$tmp/e1.txt")"
    eval_choices
}

# Validation in training and eval score the same rows with the same weights.
accuracies_agree() {
    awk -v a="$(values "$tmp/e1.h5" /report/accuracy)" \
        -v b="$(values "$tmp/rt.h5" /history/val_accuracy | tail -n 1)" \
        'BEGIN { print a, b; exit !(a > 0 && (a - b) ^ 2 < 1e-24) }'
}

eval_choices() {
    claim 'eval: --weights best' report best 2 --weights best
    claim 'eval: --split train' report train 2 --split train
    claim '... scores its rows' is "$(values "$tmp/train.h5" /predictions/source | wc -l)" \
        "$(values "$tmp/tested.h5" /train/source | wc -l)"
    claim 'eval: --split test' report test 2 --split test
    claim '... scores its rows' is "$(values "$tmp/test.h5" /predictions/source | sort)" \
        "$(values "$tmp/tested.h5" /test/source | sort)"
    claim 'eval: a store that it did not learn from is refused' exits 1 'any-store' \
        ranks 2 eval "$tmp/seed5.h5" "$tmp/rt.h5" -o "$tmp/foreign.h5"
    claim '... --any-store allows it' ranks 2 eval "$tmp/seed5.h5" "$tmp/rt.h5" \
        -o "$tmp/foreign.h5" --any-store
}

without_val() {
    claim 'a store without val' store nv 1 --val-fraction 0
    claim '... is learned from, and what is said of it is no nan' exits 0 \
        'no val rows.*images/s' ranks 2 train "$tmp/nv.h5" -o "$tmp/nvr.h5" "${quick[@]}" --epochs 1
    claim '... nor inf' is "$(grep -cE '\<(nan|inf)\>' "$tmp/output")" 0
    claim '... the run has no best epoch to score' exits 1 'nvr.h5 has no best epoch' \
        ranks 2 eval "$tmp/nv.h5" "$tmp/nvr.h5" -o "$tmp/nve.h5" --split train --weights best
    claim '... and none to export' exits 1 'nvr.h5 has no best epoch' \
        one eval --export "$tmp/nv.safetensors" "$tmp/nvr.h5" --weights best
}

claim 'frames to work on' make_input || exit 1
preprocess_over_ranks
preprocess_samples
preprocess_groups_and_tests
preprocess_lone_frames
preprocess_bad_files
train_over_ranks
train_goes_on
train_init
eval_over_ranks
without_val
finish
