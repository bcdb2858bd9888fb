#!/bin/bash
# Every fuzz target for its share of two minutes (SECONDS_IN_ALL), from its seeds, with its dictionary:
# tools/fuzz-smoke.sh build/fuzz. The engine's seed is fixed: the same programs try the same inputs in
# the same order, and only how many of them depends on the machine.
set -euo pipefail
B=$1
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
programs=("$B"/fuzz-*)
jobs=$(nproc)
share=$((${SECONDS_IN_ALL:-120} * jobs / ${#programs[@]}))
[ "$share" -gt 0 ] || share=1

# One target; its last line says how many inputs it tried. Fails with what the engine said.
smoke() {
    local program=$1 share=$2 name=${1##*/fuzz-} rc=0
    local work=${1%/*}/smoke/$name
    local log=$work/log options=(-seed=1 -max_total_time="$share" -timeout=30 -rss_limit_mb=1024
        -print_final_stats=1 -artifact_prefix="$work/")
    rm -rf "$work"
    mkdir -p "$work/corpus"
    [ ! -e "fuzz/dict/$name.dict" ] || options+=(-dict="fuzz/dict/$name.dict")
    timeout -k 5 $((share + 120)) "$program" "${options[@]}" "$work/corpus" "fuzz/seeds/$name" >"$log" 2>&1 || rc=$?
    local tried
    tried=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    if [ "$rc" != 0 ] || [ "${tried:-0}" = 0 ]; then
        tail -40 "$log" | tr -c '[:print:]\n' '?' >&2
        echo "fuzz-smoke: $name failed (status $rc; 124: it did not end). What it found is in $work; repeat it with $program FILE" >&2
        return 1
    fi
    echo "fuzz-smoke: $name: $tried inputs"
}
export -f smoke

[ -x "${programs[0]}" ] || { echo "fuzz-smoke: no fuzz target is built in $B" >&2; exit 1; }
echo "fuzz-smoke: ${#programs[@]} targets, $share s each, $jobs at once"
printf '%s\0' "${programs[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'smoke "$@"' smoke {} "$share"
