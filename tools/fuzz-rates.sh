#!/bin/bash
# How fast fuzz targets are on one core, under the sanitizers: tools/fuzz-rates.sh build/fuzz [NAME …].
# Each runs on seeds of up to so many bytes, and beside it, in turns, the target that does nothing;
# the share of the two is what can be compared between machines. A second is one of the processor, so
# that other work on the machine counts little. SECONDS_EACH: of a turn (default 3).
set -euo pipefail
B=$1
shift
T=${SECONDS_EACH:-3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Most bytes of an input, by target; the limit on what the engine makes of the seeds.
bytes_of() {
    case $1 in
    paid_tools_hash | url_target | text | x402_header | paid_tools_proof | adapter_line) echo 256 ;;
    *) echo 1024 ;;
    esac
}

# Executions a second of the processor, and the mean size of what it kept. A fresh folder each time; the same seed.
rate() { # program, most bytes, seeds
    local corpus=$work/corpus log=$work/log
    rm -rf "$corpus"
    mkdir "$corpus"
    TIMEFORMAT='%U %S'
    { time "$1" -seed=1 -max_total_time="$T" -max_len="$2" -len_control=0 -timeout=30 -print_final_stats=1 \
        -artifact_prefix="$work/" "$corpus" "$3" >"$log" 2>&1; } 2>"$work/took" || { tail -5 "$log" >&2; return 1; }
    local per count bytes user system
    read -r user system <"$work/took"
    per=$(awk -v s="$user $system" 'BEGIN { split(s, t, " ") }
        /^stat::number_of_executed_units:/ && t[1] + t[2] > 0 { printf "%d", $2 / (t[1] + t[2]) }' "$log")
    read -r count bytes < <(find "$corpus" "$3" -type f -printf '%s\n' | awk -v most="$2" '$1 <= most { n++; b += $1 } END { print n, b }')
    echo "$per $((count > 0 ? bytes / count : 0))"
}

programs=("$B"/fuzz-*)
[ $# = 0 ] || programs=("${@/#/$B/fuzz-}")
printf '%-24s %12s %12s %10s %8s\n' target 'bytes (mean)' 'a second' empty share
for program in "${programs[@]}"; do
    name=${program##*/fuzz-}
    most=$(bytes_of "$name")
    read -r one bytes < <(rate "$program" "$most" "fuzz/seeds/$name")
    read -r empty _ < <(rate "$B/empty" "$most" "fuzz/seeds/$name")
    awk -v n="$name" -v b="$bytes" -v r="$one" -v e="$empty" \
        'BEGIN { printf "%-24s %12d %12d %10d %7.1f%%\n", n, b, r, e, e ? 100 * r / e : 0 }'
done
