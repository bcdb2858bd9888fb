#!/bin/bash
# Runs the tests of one variant: tools/check.sh build/VARIANT. What they counted goes to
# build/VARIANT/counts, one "passed failed skipped name" a line, for the closing lines of a CI run.
set -euo pipefail
B=$1
: > "$B/counts"
# Leaks of the test framework itself are passed over by their direct caller; with more of the stack than
# that every test's would be, too, since the framework calls it.
export ASAN_OPTIONS=abort_on_error=1:detect_leaks=1:malloc_context_size=2${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export LSAN_OPTIONS=suppressions=$PWD/tools/lsan.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}
export UBSAN_OPTIONS=print_stacktrace=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}
export ASSAY="$PWD/$B/assay"
failed=0 steps_lost=

# Criterion prints its failures, then one line of counts.
criterion() {
    local log="$B/$1.log" passed=0 lost=0 skipped=0 rc=0
    echo "check: $1 ($B)"
    "$B/$1" --jobs 2 --short-filename 2>&1 | tee "$log" || rc=$?
    if [[ $(sed 's/\x1b\[[0-9;]*m//g' "$log" | tail -20) =~ Tested:\ +([0-9]+)\ .*Passing:\ +([0-9]+) ]]; then
        passed=${BASH_REMATCH[2]}
        lost=$((BASH_REMATCH[1] - passed))
    fi
    if [ "$passed" = 0 ] && [ "$rc" = 0 ]; then
        echo "check: $1 ran no test" >&2
        rc=1
    fi
    [ "$rc" = 0 ] || [ "$lost" != 0 ] || lost=1
    # A test whose data is not there says so in one line, and is neither passed nor failed.
    skipped=$(grep -c '^\[SKIP\] not run: ' "$log" || true)
    [ "$skipped" = 0 ] || echo "check: $1: $skipped tests not run; each says why above"
    echo "$passed $lost $skipped $1" >> "$B/counts"
    [ "$rc" = 0 ] || failed=1
}

step() {
    local name=$1
    shift
    echo "check: $name ($B)"
    if ! "$@" 2>&1 | tee "$B/step.log"; then
        echo "check: $name failed" >&2
        failed=1 steps_lost+="$name, whose last lines were:"$'\n'"$(tail -12 "$B/step.log" | cut -c1-400)"$'\n'
    fi
}

criterion test-ref
criterion test-harness
for program in "$B"/replay-*; do
    [ -x "$program" ] || continue
    name=${program##*/replay-}
    if [ -d "fuzz/seeds/$name" ]; then step "replay of fuzz/seeds/$name" "$program" "fuzz/seeds/$name"; fi
done
for script in harness/tests/e2e*.sh; do
    [ ! -e "$script" ] || step "$script" bash "$script" "$ASSAY"
done
# Said again in the end, since it stands far above.
if [ "$failed" != 0 ]; then
    echo "check: what failed:"
    sed 's/\x1b\[[0-9;]*m//g' "$B"/test-*.log | grep -E '^\[(FAIL|----|CRSH|TIME)' | head -80 || true
    [ -z "$steps_lost" ] || printf '%s\n' "$steps_lost"
fi
exit $failed
