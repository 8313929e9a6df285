#!/usr/bin/env bash
# What a program can say about style: format, static analysis, warnings as errors, size.
set -u
bad=0
say() { printf '%s\n' "$*"; bad=1; }
mapfile -t sources < <(git ls-files '*.c' '*.h')
mapfile -t scripts < <(git ls-files '*.sh' '*.sbatch')

for tool in clang-format-14 cppcheck ctags shellcheck; do
    command -v $tool >/dev/null || say "lint: $tool is missing (Debian: clang-format-14 cppcheck universal-ctags shellcheck)"
done
clang-format-14 --dry-run --Werror "${sources[@]}" || say "lint: run clang-format-14 -i on these"
cppcheck --quiet --std=c11 --enable=warning --inline-suppr --error-exitcode=1 \
    --suppress=missingIncludeSystem -Icommon -I. preprocess train eval common || say "lint: cppcheck"
shellcheck "${scripts[@]}" || say "lint: shellcheck"
make --no-print-directory -s -j2 BUILD="${BUILD:-build-lint}" CFLAGS='-O2 -g -Werror' all tests ||
    say "lint: warnings"
for header in $(git ls-files 'common/*.h' 'preprocess/*.h' 'train/*.h' 'eval/*.h'); do
    printf '#include "%s"\n' "${header#common/}" | gcc -std=c11 -D_GNU_SOURCE -Icommon -I. \
        $(pkg-config --cflags hdf5-openmpi ompi-c) -fsyntax-only -x c - ||
        say "lint: $header does not compile alone"
done
long=$(wc -l "${sources[@]}" "${scripts[@]}" Makefile | awk '$2 != "total" && $1 > 400')
[ -z "$long" ] || say "files past 400 lines:" "$long"
functions=$(ctags --languages=C --kinds-C=f --fields=+ne -o - "${sources[@]}" | awk -F'\t' '{
    for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) a = substr($i, 6); if ($i ~ /^end:/) b = substr($i, 5) }
    if (b - a >= 60) print "  " b - a + 1 " lines  " $1 "  " $2 }')
[ -z "$functions" ] || say "functions past 60 lines:" "$functions"
total=$(git ls-files 'common/*.[ch]' 'preprocess/*.[ch]' 'train/*.[ch]' 'eval/*.[ch]' | xargs cat | wc -l)
printf 'lint: %d lines of C without the tests\n' "$total"
exit $bad
