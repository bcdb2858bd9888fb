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

# The seeds of up to so many bytes, and their mean size.
seeds_of() { # folder, most bytes
    find "$1" -type f -size -"$(($2 + 1))"c -printf '%s %p\n' | sort -k2 |
        awk '{ n++; b += $1; printf "%s%s", (n > 1 ? "," : ""), $2 } END { print "", (n ? int(b / n) : 0) }'
}

# Executions a second of the processor. Nothing is written meanwhile; the same seed.
rate() { # program, most bytes, seeds
    local log=$work/log user system
    TIMEFORMAT='%U %S'
    { time "$1" -seed=1 -max_total_time="$T" -max_len="$2" -len_control=0 -timeout=30 -print_final_stats=1 \
        -artifact_prefix="$work/" -seed_inputs="$3" >"$log" 2>&1; } 2>"$work/took" || { tail -5 "$log" >&2; return 1; }
    read -r user system <"$work/took"
    awk -v s="$user $system" 'BEGIN { split(s, t, " ") }
        /^stat::number_of_executed_units:/ && t[1] + t[2] > 0 { printf "%d\n", $2 / (t[1] + t[2]) }' "$log"
}

programs=("$B"/fuzz-*)
[ $# = 0 ] || programs=("${@/#/$B/fuzz-}")
printf '%-24s %12s %12s %10s %8s\n' target 'bytes (mean)' 'a second' empty share
for program in "${programs[@]}"; do
    name=${program##*/fuzz-}
    most=$(bytes_of "$name")
    read -r seeds bytes < <(seeds_of "fuzz/seeds/$name" "$most")
    one=$(rate "$program" "$most" "$seeds")
    empty=$(rate "$B/empty" "$most" "$seeds")
    awk -v n="$name" -v b="$bytes" -v r="$one" -v e="$empty" \
        'BEGIN { printf "%-24s %12d %12d %10d %7.1f%%\n", n, b, r, e, e ? 100 * r / e : 0 }'
done
