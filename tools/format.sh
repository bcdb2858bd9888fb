#!/bin/bash
# Lays out, or judges the layout of, the files given: tools/format.sh -i|--check FILE...
# clang-format 14 dies of a table whose first row is shorter than a later one while it aligns tables;
# such a file is laid out without that alignment. Releases of clang-format disagree on details, so the
# layout is that of 14, the one of Debian 12, and no other judges it.
set -euo pipefail
cd "$(dirname "$0")/.."
case $1 in
-i) how=(-i) ;;
--check) how=(--dry-run -Werror) ;;
*) exit 3 ;;
esac
shift
version=$(clang-format --version)
if [[ $version != *"version 14."* ]]; then
    echo "format: not done: the layout is defined by clang-format 14, here is $version"
    exit 0
fi
mkdir -p build
sed '/^AlignArrayOfStructures/d' .clang-format >build/ragged.clang-format
failed=0
for file in "$@"; do
    rc=0
    said=$(clang-format "${how[@]}" "$file" 2>&1) || rc=$?
    if [ "$rc" -gt 128 ]; then
        rc=0
        said=$(clang-format --style=file:build/ragged.clang-format "${how[@]}" "$file" 2>&1) || rc=$?
    fi
    [ "$rc" = 0 ] || failed=1
    [ -z "$said" ] || echo "$said" >&2
done
exit $failed
