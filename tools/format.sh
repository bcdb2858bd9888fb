#!/bin/bash
# Lays out, or judges the layout of, the files given: tools/format.sh -i|--check FILE...
# Releases of clang-format disagree on details, so the layout is that of 14, the one of Debian 12, and no
# other judges it. Tables are not aligned: 14 dies of one whose first row is shorter than a later one.
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
exec clang-format "${how[@]}" "$@"
