#!/bin/bash
# Coverage as text, by gcov, of what ran since the .gcda files of a build were removed:
#   tools/coverage.sh build/cov           lines, and branches taken at least once, per file; then the
#                                         totals of each folder, of the references (ref/) and of all
#   tools/coverage.sh build/cov --ref     the references' totals alone, as one line
#   tools/coverage.sh build/cov --missed  the references' lines that have a branch which nothing took
set -euo pipefail
B=$1

# The name and the text of every line with a branch that was never taken, of how many. A file is
# compiled with defects and without; the first is what the tests and the fuzz targets run.
missed() {
    find "$B/ref" -name '*.gcda' ! -path '*/tests/*' -print0 | xargs -0 -r gcov -b -c -t 2>/dev/null | awk '
        function row() {
            if (lost > 0) printf "%s:%d: %d of %d branches: %s\n", file, line, lost, all, text
            lost = all = 0
        }
        / 0:Source:/ { row(); file = $0; sub(/.*Source:/, "", file); own = file ~ /^ref\// }
        own && /^ *[-0-9#=*]+: *[0-9]+:/ {
            row()
            text = $0; sub(/^[^:]*: */, "", text); line = text + 0; sub(/^[0-9]+: */, "", text)
        }
        own && /^branch/ { all++; if (/never executed|taken 0/) lost++ }
        END { row() }' | sort -u -t: -k1,1 -k2,2n
}

report() {
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
                    split("total " dir (f ~ /^ref\// ? " ref/" : ""), to, " ")
                    for (i in to) {
                        L[to[i]] += most["l", f]; LN[to[i]] += all["l", f]; D[to[i]] = 1
                        R[to[i]] += most["b", f]; RN[to[i]] += all["b", f]
                    }
                    delete to
                    print row(f, most["l", f], all["l", f], most["b", f], all["b", f]) | "sort -k8"
                }
                close("sort -k8")
                for (d in D) print row(d, L[d], LN[d], R[d], RN[d]) | "sort -k8"
            }'
}

case ${2:-} in
--missed) missed ;;
--ref) report | grep '  ref/$' ;;
*) report ;;
esac
