#!/bin/bash
# Coverage of the tests as text, by gcov: tools/coverage.sh build/cov. Lines, and branches taken at
# least once, per file; then the totals of each library and of all.
set -euo pipefail
B=$1
find "$B" -name '*.gcda' ! -path '*/tests/*' -print0 |
    xargs -0 -r gcov -b -n 2>/dev/null |
    awk -F"[':% ]+" '
        # The same source is compiled with defects and without: the better of the two counts.
        function best(kind) {
            n = $NF; hit = $(NF - 2) * n / 100
            if (hit >= most[kind, file]) { most[kind, file] = hit; all[kind, file] = n }
        }
        /^File/ { file = $2; ok = file ~ /^(ref|harness|scenarios|reports)\// && file !~ /\/tests\//; if (ok) seen[file] = 1 }
        ok && /^Lines executed/ { best("l") }
        ok && /^Taken at least once/ { best("b") }
        function row(name, l, ln, b, bn) {
            return sprintf("%6.1f%% of %6d lines  %6.1f%% of %6d branches  %s", ln ? 100 * l / ln : 100, ln, bn ? 100 * b / bn : 100, bn, name)
        }
        END {
            for (f in seen) {
                dir = f; sub(/\/[^\/]*$/, "", dir)
                split("total " dir, to, " ")
                for (i = 1; i <= 2; i++) {
                    L[to[i]] += most["l", f]; LN[to[i]] += all["l", f]; D[to[i]] = 1
                    R[to[i]] += most["b", f]; RN[to[i]] += all["b", f]
                }
                print row(f, most["l", f], all["l", f], most["b", f], all["b", f]) | "sort -k8"
            }
            close("sort -k8")
            for (d in D) print row(d, L[d], LN[d], R[d], RN[d]) | "sort -k8"
        }'
