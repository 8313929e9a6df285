#!/usr/bin/env bash
# The bundle is complete: unpacked below a path with a blank, in a root folder that has the C library,
# a shell and readlink, and nothing else, it runs the whole chain on two ranks.
#
# shellcheck source=tests/e2e/common.bash
. "$(dirname "$0")/common.bash"

bundler=$(dirname "$0")/../../jobs/bundle.sh
root=$tmp/root
place='/opt/a place'

furnish() {
    local file
    mkdir -p "$root"/{bin,proc,sys,dev,tmp,work,opt}
    cp /bin/sh /bin/readlink "$root/bin" || return 1
    # What the bundle leaves to the machine: every file of the C library that is loaded here.
    for file in $(ldd /bin/sh "$bin/unmask-train" | sed -n 's/.*[ \t]\(\/[^ ]*\) (0x.*/\1/p' |
        grep -E '/(ld-linux|libc|libm|libdl|librt|libpthread|libresolv|libutil)[-.]' | sort -u); do
        install -D "$file" "$root$file" || return 1
    done
}

inside() { # COMMAND...: in that root, in a mount namespace of its own that leaves nothing behind
    # shellcheck disable=SC2016  # for the inner shell
    timeout 120 unshare --mount --pid --fork sh -c '
        root=$1 && shift && mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
        mount --rbind /dev "$root/dev" &&
        exec chroot "$root" /bin/sh -c "cd /work && PATH=\"$PATH_INSIDE\" && exec \"\$@\"" sh "$@"' \
        sh "$root" "$@" </dev/null
}

unpack() {
    mkdir -p "$root$place" && tar -C "$root$place" --strip-components=1 -xzf "$tmp/unmask.tar.gz"
}

two() { # PROGRAM WORD...
    inside mpirun --oversubscribe --bind-to none -n 2 "unmask-$1" "${@:2}"
}

if ! command -v patchelf >/dev/null; then
    skip 'the bundle: patchelf is not installed (make bundle would do it)'
    finish
    exit
fi
if [ "${SANITIZE:-0}" = 1 ]; then
    skip 'the bundle: not with sanitizers'
    finish
    exit
fi
if ! "$mpirun" --version | grep -q 'Open MPI) 4'; then
    skip 'the bundle: only of Open MPI 4'
    finish
    exit
fi
plugin=$(find "$bin/.." -path '*/lib/libunmask-cuda.so')
claim 'the bundle is made, within its limit' \
    bash "$bundler" "$tmp/unmask.tar.gz" "$bin"/unmask-* ${plugin:+"$plugin"} || exit 1
claim 'a root folder with nothing but the C library' furnish
claim 'the bundle unpacks there' unpack
if ! unshare --mount --pid --fork true 2>/dev/null; then
    skip 'the bundle, run: only root may make a root folder of its own'
    finish
    exit
fi
export PATH_INSIDE="$place/bin:/bin" HOME=/
unset LD_LIBRARY_PATH
"$frames_tool" "$root/work/frames" --videos 12 --frames 4 --size 64 >/dev/null
claim 'preprocess on 2 ranks' two preprocess frames -o s.h5 --image-size 32
claim 'train on 2 ranks' two train s.h5 -o r.h5 --epochs 2
claim 'eval on 2 ranks' two eval s.h5 r.h5 -o e.h5
claim 'train on 1 rank without a launcher' inside unmask-train s.h5 -o r.h5 --epochs 3
claim 'the same bits as from the build' eval "two train s.h5 -o a.h5 --epochs 2 &&
    ranks 2 train '$root/work/s.h5' -o '$tmp/b.h5' --epochs 2 && same_run '$root/work/a.h5' '$tmp/b.h5'"
finish
