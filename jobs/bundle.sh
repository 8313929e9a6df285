#!/usr/bin/env bash
# Packs programs with every library they need into one archive that runs wherever it is unpacked, on
# machines with a C library and a shell: the body of `make bundle`.
#
#   jobs/bundle.sh ARCHIVE.tar.gz PROGRAM...      a word that ends in .so is a plug-in of ours
#
#   unmask-.../bin/NAME        a copy of jobs/start: sets what libexec/NAME needs, and starts it
#              libexec/        the programs, mpirun and orted
#              lib/            their libraries        lib/openmpi/ lib/pmix/   plugins
#              share/openmpi/  the launcher's messages
#              jobs/ README.md         tests/  when test_engine is among the programs
#
# All find their libraries by DT_RPATH, relative to themselves, so nothing has to stand in
# LD_LIBRARY_PATH, where it would reach ssh, srun and gnuplot too. Left out: the C library, the GPU's
# driver, CUDA's large libraries (the GPU node has its own), and the plugins that want UCX, libfabric
# or verbs: ranks on several nodes talk TCP.
set -u
here=$(cd "$(dirname "$0")" && pwd)
limit_mb=60
from_the_machine='(ld-linux|lib(c|m|dl|rt|pthread|resolv|util|anl|nsl)\.so|lib(cud|nccl|cublas|nv))'
left_out='libuc[pst]\.so|libfabric\.so|libibverbs\.so|librdmacm\.so|libpsm'

stop() {
    echo "bundle: $*" >&2
    exit 1
}

[ $# -ge 2 ] || stop 'usage: bundle.sh ARCHIVE.tar.gz PROGRAM...'
for tool in patchelf ompi_info ldd; do
    command -v "$tool" >/dev/null || stop "$tool is missing (Debian: patchelf openmpi-bin libc-bin)"
done
archive=$1
shift
name=$(basename "$archive" .tar.gz)
work=$(mktemp -d "${TMPDIR:-/tmp}/unmask-bundle.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
root=$work/$name
mkdir -p "$root"/{bin,libexec,lib/openmpi,lib/pmix,share/openmpi}

folder_of_mpi() { # pkglibdir or pkgdatadir
    ompi_info --path "$1" --parsable | sed -n "s/^path:$1://p" | head -n 1
}

# put FOLDER RPATH FILE...: copies, each finding its libraries by the RPATH
put() {
    local folder=$root/$1 rpath=$2 file copy
    shift 2
    for file in "$@"; do
        copy=$folder/$(basename "$file")
        if ! install -m 755 "$file" "$copy" || ! patchelf --force-rpath --set-rpath "$rpath" "$copy"; then
            stop "cannot copy $file"
        fi
    done
}

# libraries FILE...: the paths of all that they load, and a failure if one is not there
libraries() {
    local lacks
    ldd "$@" >"$work/ldd" 2>/dev/null
    lacks=$(grep 'not found' "$work/ldd" | grep -vE "$from_the_machine" | head -n 1)
    [ -z "$lacks" ] || stop "a library is missing here:$lacks"
    sed -n 's/.* => \(\/.*\) (0x[0-9a-f]*)$/\1/p' "$work/ldd" | grep -vE "/$from_the_machine" | sort -u
}

plugins=()
for file in "$(folder_of_mpi pkglibdir)"/mca_*.so; do
    ldd "$file" | grep -qE "$left_out" || plugins+=("$file")
done
[ ${#plugins[@]} -gt 50 ] ||
    stop 'only an Open MPI whose plugins are files can be packed (4; in 5 they are built in, UCX with them)'
programs=() ours=()
for file in "$@"; do
    if [[ $file == *.so ]]; then ours+=("$file"); else programs+=("$file"); fi
done
for tool in mpirun orted; do
    cp "$(command -v $tool)" "$work/$tool" || stop "no $tool"
    programs+=("$work/$tool")
done

mapfile -t needed < <(libraries "${programs[@]}" "${ours[@]}" "${plugins[@]}")
[ ${#needed[@]} -gt 0 ] || exit 1
pmix=$(printf '%s\n' "${needed[@]}" | grep '/libpmix\.so' | head -n 1)
[ -z "$pmix" ] || for file in "$(dirname "$(readlink -f "$pmix")")"/pmix/pmix_mca_*.so; do
    [ -f "$file" ] && pmix_plugins+=("$file")
done
put libexec "\$ORIGIN/../lib" "${programs[@]}"
put lib "\$ORIGIN" "${needed[@]}" "${ours[@]}"
put lib/openmpi "\$ORIGIN/.." "${plugins[@]}"
put lib/pmix "\$ORIGIN/.." "${pmix_plugins[@]}"
cp "$(folder_of_mpi pkgdatadir)"/help-*.txt "$root/share/openmpi" || stop "no messages of Open MPI"
for file in "${programs[@]}"; do
    install -m 755 "$here/start" "$root/bin/$(basename "$file")" || exit 1
done
mkdir "$root/jobs" && cp "$here"/*.{sh,sbatch,example} "$root/jobs" && rm "$root/jobs/bundle.sh" &&
    cp "$here/../README.md" "$root" || exit 1

if [ -e "$root/bin/test_engine" ]; then
    (cd "$here/.." && cp --parents tests/gpu/* tests/e2e/common.bash tests/bench/{bench_gpu.sh,peer_{gpu,train}.py} "$root") ||
        exit 1
fi
mkdir -p "$(dirname "$archive")"
if ! tar -C "$work" --owner=0 --group=0 -czf "$archive.part" "$name" || ! mv "$archive.part" "$archive"; then
    stop "cannot write $archive"
fi
megabytes=$(($(stat -c %s "$archive") / 1000000 + 1))
echo "$archive: $megabytes MB packed, $(du -sm "$root" | cut -f1) MB unpacked, ${#needed[@]} libraries, ${#plugins[@]} plugins"
[ $megabytes -le $limit_mb ] || stop "more than $limit_mb MB"
