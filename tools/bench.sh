#!/bin/bash
# Measures the program against its limits: tools/bench.sh build/release. Each line is a figure, its
# limit, and the ratio of the two; nothing is asserted, since the machine decides. Programs of
# harness/tests/bench/ (build/release/bench-*) print lines of the same shape for what needs C.
set -euo pipefail
B=$1
assay=$B/assay
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
exec {idle}<> <(:) # never readable: reading it with a timeout waits

figure() { # name, value in thousandths, limit in thousandths, unit
    awk -v n="$1" -v v="$2" -v l="$3" -v u="$4" \
        'BEGIN { printf "bench: %-44s %9.3f %-3s limit %9.3f  ratio %.2f\n", n, v / 1000, u, l / 1000, v / l }'
}

now_us() { echo "${EPOCHREALTIME//[.,]/}"; }

# The median of 21 starts.
starts=()
for _ in {1..21}; do
    t0=$(now_us)
    "$assay" --version >/dev/null
    starts+=($(($(now_us) - t0)))
done
mapfile -t starts < <(printf '%s\n' "${starts[@]}" | sort -n)
figure "assay --version" "${starts[10]}" 50000 ms

# One run of all scenarios; the peak resident size is that of the runner, not of what it starts.
t0=$(now_us)
"$assay" run --out "$out/run" >"$out/log" 2>&1 &
pid=$!
peak=0
while hwm=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$hwm" ]; do
    peak=$hwm
    read -rt 0.02 _ <&"$idle" || true
done
rc=0
wait "$pid" || rc=$?
figure "assay run, embedded reference" $((($(now_us) - t0) / 1000)) 10000 s
figure "assay run, runner's peak resident size" $((peak * 1000 / 1024)) 64000 MiB
[ "$rc" = 0 ] || echo "bench: that run exited $rc, so its figures mean little: $(tail -1 "$out/log")"

for program in "$B"/bench-*; do
    [ ! -x "$program" ] || ASSAY=$assay "$program"
done
