#!/bin/bash
# Every fuzz target over its seeds, then over 20000 inputs or 60 seconds: tools/fuzz-smoke.sh build/fuzz
set -euo pipefail
B=$1
export ASAN_OPTIONS=detect_leaks=1
for program in "$B"/fuzz-*; do
    name=${program##*/fuzz-}
    seeds=fuzz/seeds/$name
    work=$B/corpus/$name
    mkdir -p "$work"
    echo "fuzz-smoke: $name"
    log=$work.log
    if ! "$program" -seed=1 -runs="${RUNS:-20000}" -max_total_time=60 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$work-" "$work" $([ ! -d "$seeds" ] || echo "$seeds") >"$log" 2>&1; then
        tail -40 "$log" >&2
        echo "fuzz-smoke: $name failed; repeat with $program $work-*" >&2
        exit 1
    fi
    grep -E '^Done|^stat' "$log" || true
done
