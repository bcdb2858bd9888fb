#!/bin/bash
# Line coverage as text: tools/coverage.sh build/cov. gcovr where it is installed, else gcov itself.
set -euo pipefail
B=$1
if command -v gcovr >/dev/null; then
    gcovr --root . --exclude '.*/tests/.*' --exclude 'fuzz/.*' --exclude build --object-directory "$B" --gcov-ignore-parse-errors
    exit
fi
find "$B" -name '*.gcda' ! -path '*/tests/*' -print0 |
    xargs -0 -r gcov -n 2>/dev/null |
    awk -F"[':% ]+" '
        /^File/ { file = $2 }
        /^Lines executed/ && file ~ /^(ref|harness|scenarios|reports)\// && file !~ /\/tests\// {
            lines = $NF; hit = $3 * lines / 100
            if (hit > best[file]) best[file] = hit
            if (lines > all[file]) all[file] = lines
            file = ""
        }
        END {
            for (f in all) { printf "%6.1f%%  %6d  %s\n", 100 * best[f] / all[f], all[f], f | "sort -k3"; a += all[f]; b += best[f] }
            close("sort -k3")
            if (a) printf "%6.1f%%  %6d  total\n", 100 * b / a, a
        }'
