#!/bin/sh
# deps.sh PACKAGE...: installs the Debian packages that are missing, or says what to install.
missing=
for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
        missing="$missing $package"
done
if ! command -v dpkg-query >/dev/null; then
    echo "unmask: not a Debian system: please provide a C compiler, make, pkg-config, Open MPI," \
        "parallel HDF5 (>= 1.10), libjpeg-turbo, OpenSSL, oneDNN 2 or 3, Check and gnuplot;" \
        "on a cluster, for example: module load gcc openmpi hdf5 onednn" >&2
    exit 0 # the build will say what it misses
fi
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "unmask: packages are missing; as root, run: apt-get update && $install" >&2
    exit 1
fi
echo "unmask: installing$missing"
log=$(mktemp)
# shellcheck disable=SC2086  # the list is meant to be split
if $as_root apt-get update >"$log" 2>&1 &&
    $as_root env DEBIAN_FRONTEND=noninteractive $install >>"$log" 2>&1; then
    rm -f "$log"
else
    tail -n 20 "$log" >&2
    echo "unmask: apt failed; the whole log is $log" >&2
    exit 1
fi
