#!/bin/bash
# Coverage as text, by gcov, of what ran since the .gcda files of a build were removed:
#   tools/coverage.sh build/cov           lines, and branches taken at least once, per file; then the
#                                         totals of each folder, of the references (ref/) and of all
#   tools/coverage.sh build/cov --ref     the references' totals alone, as one line
#   tools/coverage.sh build/cov --missed  the references' lines that have a branch which nothing took
#
# A branch counts as taken if it was in any object that has it: an inline function of a header is in
# many, and each source is compiled with defects and without (of which the first has more branches,
# and is what is told). Two kinds are left out, since no run that is right can take them:
#   - those of an assert, whose failure is the end of the program;
#   - of a switch without `default`, one that was not taken: the way past every case. Such a switch is
#     over an enumeration, and the compiler (-Wswitch-enum) sees to it that every name has its case.
set -euo pipefail
B=$1

# FILE, number of the line, whether it ran (1, 0; - has no code), branches, of these not taken, text.
lines() {
    find "$B" -name '*.gcda' ! -path '*/tests/*' -print0 | xargs -0 -r gcov -b -c -t 2>/dev/null | awk '
        / 0:Source:/ {
            file = $0; sub(/.*Source:/, "", file)
            own = file ~ /^(ref|harness|scenarios|reports)\// && file !~ /\/tests\//
            at = ""
        }
        !own { next }
        /^ *[-0-9#=*]+: *[0-9]+:/ {
            split($0, part, ":")
            n = part[2] + 0; at = file SUBSEP n; branch = 0
            if (!(at in text)) {
                text[at] = $0; sub(/^[^:]*:[^:]*:/, "", text[at])
                ran[at] = "-"
            }
            if (n > last[file]) last[file] = n
            if (part[1] ~ /[0-9]/) ran[at] = 1
            else if (part[1] ~ /[#=]/ && ran[at] == "-") ran[at] = 0
        }
        /^branch/ && at != "" {
            if (++branch > all[at]) all[at] = branch
            if ($0 !~ /never executed|taken 0/) taken[at, branch] = 1
        }
        function indent(s) { match(s, /^ */); return RLENGTH }
        # Whether the switch of that line has a default: the labels stand as far in as itself.
        function has_default(file, n, far, s) {
            far = indent(text[file, n])
            for (n++; n <= last[file]; n++) {
                s = text[file, n]
                if (indent(s) == far && s ~ /^ *default:/) return 1
                if (indent(s) == far && s ~ /^ *}/) return 0
            }
            return 1
        }
        END {
            for (file in last) {
                is_assert = 0
                for (n = 1; n <= last[file]; n++) {
                    if (!((file, n) in text)) continue
                    s = text[file, n]; count = all[file, n] + 0; lost = 0
                    for (i = 1; i <= count; i++) lost += !((file, n, i) in taken)
                    is_assert = is_assert || s ~ /^ *assert\(/
                    if (is_assert) count = lost = 0
                    if (is_assert && s ~ /;/) is_assert = 0
                    if (lost > 0 && s ~ /^ *switch \(/ && !has_default(file, n)) { count--; lost-- }
                    sub(/^ */, "", s)
                    printf "%s\t%d\t%s\t%d\t%d\t%s\n", file, n, ran[file, n], count, lost, s
                }
            }
        }'
}

report() {
    lines | awk -F'\t' '
        function row(name) {
            return sprintf("%6.1f%% of %6d lines  %6.1f%% of %6d branches  %s",
                LN[name] ? 100 * L[name] / LN[name] : 100, LN[name],
                RN[name] ? 100 * R[name] / RN[name] : 100, RN[name], name)
        }
        function add(name) {
            if ($3 != "-") { LN[name]++; L[name] += $3 }
            RN[name] += $4; R[name] += $4 - $5
        }
        {
            dir = $1; sub(/\/[^\/]*$/, "", dir)
            files[$1]; dirs[dir]; dirs["total"]
            add($1); add(dir); add("total")
            if ($1 ~ /^ref\//) { dirs["ref/"]; add("ref/") }
        }
        END {
            for (f in files) print row(f) | "sort -k8"
            close("sort -k8")
            for (d in dirs) print row(d) | "sort -k8"
        }'
}

case ${2:-} in
--missed)
    lines | awk -F'\t' '$1 ~ /^ref\// && $5 > 0 { printf "%s:%d: %d of %d branches: %s\n", $1, $2, $5, $4, $6 }' |
        sort -t: -k1,1 -k2,2n
    ;;
--ref) report | grep '  ref/$' ;;
*) report ;;
esac
