#!/bin/bash
# A night of fuzzing with clang's own libFuzzer, bounded by inputs rather than by time: a target with
# one planted wrong claim is fuzzed, triaged, written as a seed, its corpus cut down, its page made.
# Usage: e2e_fuzz.sh PROGRAM
set -euo pipefail
assay=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/engines" "$work/fuzz/dict"
cat >"$work/fuzz/pay.c" <<'TARGET'
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 2 && memcmp(data, "PAY", 3) == 0) {
        fprintf(stderr, "fuzz/pay.c:12: does not hold: nobody pays\n");
        abort();
    }
    return 0;
}
TARGET
echo '"PAY"' >"$work/fuzz/dict/pay.dict"
if ! (cd "$work" && clang -g -fsanitize=fuzzer,address -o engines/fuzz-pay fuzz/pay.c) 2>"$work/cc"; then
    echo "e2e_fuzz: not run: clang with libFuzzer is not installed ('make deps' installs it)"
    exit 0
fi
cd "$work"

expect() { # STATUS WORDS...
    local wanted=$1 rc=0
    shift
    "$assay" fuzz "$@" >said 2>&1 || rc=$?
    [ "$rc" = "$wanted" ] || { echo "assay fuzz $*: exit $rc, not $wanted" >&2; cat said >&2; exit 1; }
}
says() { grep -q -- "$1" said || { echo "does not say: $1" >&2; cat said >&2; exit 1; }; }

expect 1 run --engines engines --sources fuzz --slices 1 --runs 1000000 --slice 600 --jobs 1
says 'new findings: 1;'
expect 1 triage --engines engines --sources fuzz --write --minimise 5
says 'pay .*: oracle, always: pay.c: nobody pays'
[ "$(cat fuzz/seeds/pay/oracle-*)" = PAY ]
expect 0 corpus --engines engines min pay
expect 0 report --engines engines --html page.html
grep -q 'pay.c: nobody pays' page.html
# mended: the seed passes, and so does the next triage
sed -i 's/memcmp(data, "PAY", 3) == 0/size > 1000000/' fuzz/pay.c
clang -g -fsanitize=fuzzer,address -o engines/fuzz-pay fuzz/pay.c
expect 0 triage --engines engines --sources fuzz
says 'oracle, never: pay.c: nobody pays'
expect 0 run --engines engines --sources fuzz --slices 1 --runs 1000
# a target that is wrong only where its fault is planted
sed 's/size > 1000000/getenv("ASSAY_PLANTED") != NULL \&\& memcmp(data, "PAY", 3) == 0/; s/pay\.c/sig.c/' fuzz/pay.c >fuzz/sig.c
cp fuzz/dict/pay.dict fuzz/dict/sig.dict
clang -g -fsanitize=fuzzer,address -o engines/fuzz-sig fuzz/sig.c
expect 0 prove --engines engines --sources fuzz --markdown table.md ecdsa_high
says 'ecdsa_high sig: missing case; found by oracle (sig.c: nobody pays)'
grep -q '^| `ecdsa_high` | ' table.md
echo "e2e_fuzz: found, sorted, cut down to a seed, and seen to be mended; a planted fault too"
