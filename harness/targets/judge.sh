#!/bin/bash
# Judges harness/targets/NAME by what its target file says and writes out/NAME, report included;
# then repeats a known failure of each scenario by itself, so that they stand for something that one
# command shows again. Fails where the run does, and where one of them does not fail again.
set -euo pipefail
cd "$(dirname "$0")/../.."

name=$1
run=out/$name
assay=build/debug/assay
rc=0

# The cases of a record that MEMBER of the projection says WORD of, as SCENARIO/CASE.
cases() { # RECORD MEMBER WORD
    "$assay" report "$1" --projection - | sed -n "/\"$2\":\"$3\"/ {
        s|^{\"case\":\"\(.*\)\",\"defect\":.*\"scenario\":\"\([^\"]*\)\".*|\2/\1|
        s|/\$||; s|\\\\\\(.\\)|\1|g; p }"
}

"$assay" run --target "$PWD/harness/targets/$name/target.json" --out "$run" --replace || rc=$?
[ "$rc" -le 2 ] || exit "$rc"
"$assay" report "$run" --html "$run/index.html"

again=0
while read -r known; do
    [ -n "$known" ] || continue
    "$assay" replay "$run" "$known" --out "$run/replay" --replace >"$run/replay.txt" 2>&1 || true
    if [ "$(cases "$run/replay" verdict fail)" = "$known" ]; then
        again=$((again + 1))
    else
        tail -n 20 "$run/replay.txt" >&2
        echo "interop: $name: does not fail again by itself: $known" >&2
        rc=1
    fi
done < <(cases "$run" expectation expected | awk -F/ '!seen[$1, $2]++')
echo "interop: $name: scenarios that are known to fail, and fail again: $again; report: $run/index.html"
exit "$rc"
