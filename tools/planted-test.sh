#!/bin/bash
# Every planted fault (ref/base/planted.def) is found by its target in the input that fuzzing found it
# with, fuzz/planted/NAME, in which nothing is wrong without it. Usage: tools/planted-test.sh build/VARIANT
set -euo pipefail
B=$1
failed=0 count=0
ulimit -c 0

# Its status under the fault: 0 nothing was seen, 3 it did not run, 124 it took too long, else it was stopped.
planted() {
    local rc=0
    (ASSAY_PLANTED=$1 timeout "$4" "$B/replay-$2" "$3"; exit $?) >/dev/null 2>&1 || rc=$?
    echo $rc
}

while IFS='|' read -r name target kind; do
    input=fuzz/planted/$name
    if [ ! -f "$input" ]; then
        echo "planted-test: $name: no input finds it: add $input" >&2
        failed=1
    elif ! "$B/replay-$target" "$input" >/dev/null; then
        echo "planted-test: $name: $input is a finding although nothing is planted" >&2
        failed=1
    else
        limit=60 slow=
        if [ "$kind" = "exponential time" ]; then limit=10 slow=1; fi # what is found is that it takes so long
        rc=$(planted "$name" "$target" "$input" $limit)
        case $rc$slow in
        1241) ;;
        *1 | 0 | 3 | 124)
            echo "planted-test: $name: replay-$target does not find it in $input (status $rc)" >&2
            failed=1
            ;;
        esac
    fi
    count=$((count + 1))
done < <(sed -n 's/^X(\([a-z0-9_]*\), "\([a-z0-9_]*\)", "\([^"]*\)".*/\1|\2|\3/p' ref/base/planted.def)
[ "$count" -gt 0 ] || { echo "planted-test: the list of faults is empty" >&2; exit 1; }
[ "$failed" = 0 ] || exit 1
echo "planted-test: each of $count planted faults is found"
