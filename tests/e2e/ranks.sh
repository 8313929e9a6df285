#!/usr/bin/env bash
# One rank in trouble: it dies, it stops, its store is cut under it. The others must not wait for
# ever, and somebody must say why. And a plain mpirun must not cost a core.
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

store=$tmp/s.h5
run=$tmp/r.h5
limit_s=20 # a job in trouble ends within this, on a busy machine too; alone it would run for hours
endless=(--channels '8,16' --batch-size 4 --threads 1 --epochs 1000000 --checkpoint-every 1000000)

# begin RANKS OPTION...   a training without end, in the background; returns when it is on its way.
begin() {
    local count=$1 i
    shift
    rm -f "$run"*
    : >"$tmp/log"
    "$mpirun" --oversubscribe --bind-to none -n "$count" "$bin/unmask-train" "$store" -o "$run" \
        "${endless[@]}" "$@" >"$tmp/log" 2>&1 </dev/null &
    job=$!
    for ((i = 0; i < 3000; i++)); do
        grep -q '^epoch 2/' "$tmp/log" && break
        sleep 0.01
    done
    read -r -d '' -a pids <"/proc/$job/task/$job/children"
    [ "${#pids[@]}" -ge "$count" ] && grep -q '^epoch 2/' "$tmp/log"
}

# ended CODES PATTERN: the job ends in time with one of the codes, says PATTERN, leaves no process.
ended() {
    local codes=$1 pattern=$2 start=$SECONDS got pid i
    while kill -0 "$job" 2>/dev/null && [ $((SECONDS - start)) -lt "$limit_s" ]; do
        sleep 0.1
    done
    kill -0 "$job" 2>/dev/null && {
        kill -9 "$job" "${pids[@]}"
        echo "unmask-: still running after $limit_s s: $(grep '^unmask' "$tmp/log" | tail -n 1)"
        return 1
    }
    wait "$job"
    got=$?
    cat "$tmp/log"
    [[ " $codes " == *" $got "* ]] || {
        echo "unmask-: exit $got, not $codes"
        return 1
    }
    grep -qaE -- "$pattern" "$tmp/log" || {
        echo "unmask-: not a word of /$pattern/: $(grep '^unmask' "$tmp/log" | tail -n 1)"
        return 1
    }
    for pid in "${pids[@]}"; do
        for ((i = 0; i < 50; i++)); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        ! kill -0 "$pid" 2>/dev/null || {
            kill -9 "$pid"
            echo "unmask-: rank with process $pid is left"
            return 1
        }
    done
}

dead_ranks() {
    local victim
    for victim in 0 1; do
        claim 'two ranks train' begin 2
        kill -9 "${pids[victim]}"
        claim "rank $victim is killed: the job ends, non-zero, nothing left" ended '137 1' 'signal 9|Killed|proc-aborted'
    done
    claim 'three ranks train' begin 3 --timeout 3
    kill -STOP "${pids[2]}"
    kill -9 "${pids[1]}"
    claim 'one rank is killed while another is stopped' ended '137 1' 'signal 9|Killed|proc-aborted|silent'
}

stopped_ranks() {
    local victim
    for victim in 0 1; do
        claim 'two ranks train' begin 2 --timeout 3
        kill -STOP "${pids[victim]}"
        claim "rank $victim is stopped: the other names it and where it was, and ends the job" \
            ended 1 "rank $((1 - victim)) .*epoch [0-9]+.*rank $victim on .* has been silent"
    done
    claim 'two ranks train' begin 2 --timeout 60
    kill -STOP "${pids[@]}"
    sleep 1
    kill -CONT "${pids[@]}"
    sleep 0.5
    kill -USR1 "$job"
    claim 'both are stopped for a while: the job lives on' ended 75 'interrupted, checkpoint saved'
}

cut_store() {
    local size
    size=$(stat -c %s "$store")
    cp "$store" "$tmp/whole.h5"
    claim 'three ranks train' begin 3
    truncate -s $((size * 2 / 3)) "$store"
    claim 'the store is cut under them: one line says so, exit 1' ended 1 's.h5: ends early'
    claim '... once' is "$(grep -c '^unmask-train.*ends early' "$tmp/log")" 1
    cp "$tmp/whole.h5" "$store"
}

# bound SAYS OPTION...   One rank with two threads, launched with these options.
bound() {
    local says=$1 i allowed
    shift
    rm -f "$run"*
    : >"$tmp/log"
    "$mpirun" -n 1 "$@" "$bin/unmask-train" "$store" -o "$run" "${endless[@]}" --threads 2 \
        >"$tmp/log" 2>&1 </dev/null &
    job=$!
    for ((i = 0; i < 3000; i++)); do
        grep -q '^epoch 2/' "$tmp/log" && break
        sleep 0.01
    done
    read -r -d '' -a pids <"/proc/$job/task/$job/children"
    allowed=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/${pids[0]}/status")
    if ! grep -q '^epoch 2/' "$tmp/log"; then
        skip "mpirun $*: cannot bind here: $(grep -v -e '^--*$' "$tmp/log" | head -n 2)"
        return
    fi
    kill -USR1 "$job"
    claim "mpirun -n 1 $*: two threads train" ended 75 "$says"
    claim '... on more than one CPU' grep -q '[,-]' <<<"$allowed"
}

# mpirun binds each rank to one core unless told otherwise.
binding() {
    if [ "$(nproc)" -lt 2 ]; then
        skip 'binding: one CPU'
        return
    fi
    bound 'checkpoint saved'
    bound 'bound this rank to 1 CPU, .*binding widened' --bind-to core
}

make_store() {
    "$frames_tool" "$tmp/in" --videos 10 --frames 8 --size 64 &&
        one preprocess "$tmp/in" -o "$store" --image-size 64
}

claim 'a store to learn from' make_store || exit 1
dead_ranks
stopped_ranks
cut_store
binding
finish
