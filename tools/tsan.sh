#!/bin/bash
# Runs a program that was built with the thread sanitizer: tools/tsan.sh PROGRAM ARGUMENT...
# The run-time library of gcc 12 needs addresses that are not randomised as far as new kernels do, and
# the children of the program report a race by their exit status and in the log files counted here.
set -euo pipefail
log=build/tsan/race
rm -f "$log".*
export TSAN_OPTIONS="halt_on_error=0 second_deadlock_stack=1 log_path=$PWD/$log${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
run=()
if setarch "$(uname -m)" -R true 2>/dev/null; then run=(setarch "$(uname -m)" -R); fi
rc=0
"${run[@]}" "$@" || rc=$?
if compgen -G "$log.*" >/dev/null; then
    cat "$log".* >&2
    echo "tsan: races were reported (above; $log.*)" >&2
    exit 1
fi
[ "$rc" = 0 ] && echo "tsan: no race in: $*"
exit "$rc"
