#!/usr/bin/env bash
# What the job scripts do with a launcher that does not end by itself, or ends too soon. The programs
# are stubs, the launcher is mpirun. (With real ones and a scheduler: tests/cluster.)
set -u
jobs=$PWD/jobs
failures=0
tmp=$(mktemp -d "${TMPDIR:-/tmp}/unmask-jobs.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/frames" "$tmp/bin"
printf 'BIN=%s START_LIMIT=2\n' "$tmp/bin" >"$tmp/site"
printf '#!/bin/sh\necho "unmask-preprocess: stub" >&2\n' | tee "$tmp/bin/unmask-preprocess" >"$tmp/bin/unmask-eval"

# with CLAIM CODE SECONDS PATTERN SCRIPT: the chain ends with CODE in time and says PATTERN, when
# SCRIPT stands for the training ($try counts its launches).
with() {
    local claim=$1 wrong='' code
    rm -rf "$tmp/out" "$tmp/tries"
    cat >"$tmp/bin/unmask-train" <<END
#!/bin/bash
[ "\$1" != --check ] || exec echo 'unmask-train: checked' >&2
echo x >>"$tmp/tries"
try=\$(grep -c x "$tmp/tries")
$5
END
    chmod +x "$tmp/bin/"*
    SECONDS=0
    "$jobs/local.sh" "$tmp/frames" "$tmp/out" --site "$tmp/site" >"$tmp/said" 2>&1
    code=$?
    [[ $code =~ ^($2)$ ]] || wrong+=" exit $code, not $2;"
    [ "$SECONDS" -le "$3" ] || wrong+=" after $SECONDS s;"
    grep -qE -- "$4" "$tmp/said" || wrong+=" does not say '$4';"
    if [ -z "$wrong" ]; then
        echo "ok - $claim"
        return
    fi
    failures=$((failures + 1))
    echo "FAIL - $claim:$wrong"
    sed 's/^/    | /' "$tmp/said"
}

# shellcheck disable=SC2016  # the stub's own variables
{
    with 'a launch that hangs is ended, and tried again once' 0 30 'no sign of life for 2 s' \
        '[ $try = 2 ] || exec sleep 100; echo unmask-train: done >&2'
    with 'a launch that crashes before its first word is tried again once' 0 30 'once more' \
        '[ $try = 2 ] || kill -SEGV $$; echo unmask-train: done >&2'
    with 'and only once' '139|1' 30 'once more' 'kill -SEGV $$'
    with 'a rank that is killed is not passed over in silence' 137 30 'killed by SIGKILL' \
        'echo unmask-train: here >&2; kill -KILL $$'
    with 'a failed program is not tried again' 1 30 'no such thing' \
        '[ $try = 1 ] || exit 7; echo "unmask-train: no such thing" >&2; exit 1'
    with 'when the ranks have lost one, the launcher does not wait for it' '[1-9][0-9]*' 30 'sets the limit' \
        'trap "" TERM; echo "unmask-train: [rank 0] rank 1 is silent (--timeout sets the limit)" >&2; exec sleep 100'
}
[ "$failures" -eq 0 ]
