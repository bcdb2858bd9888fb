#!/bin/bash
# The stand-in for signatures (fuzz/standin/sig.c) is in the fuzz targets that are named, and in nothing
# else that was built: tools/standin-test.sh build/VARIANT TARGET...
set -euo pipefail
B=$1
shift
mark='assay: a stand-in, and no signature'
failed=0
for built in "$B"/assay "$B"/assay-report "$B"/test-* "$B"/*.a "$B"/replay-* "$B"/fuzz-* "$B"/afl-* "$B"/cmplog-*; do
    [ -f "$built" ] || continue
    name=${built##*/}
    case $name in *.log) continue ;; esac
    has=no should=no
    ! grep -qF "$mark" "$built" || has=yes
    for target; do case $name in replay-"$target" | fuzz-"$target" | afl-"$target" | cmplog-"$target") should=yes ;; esac; done
    if [ "$has" != "$should" ]; then
        echo "standin-test: $built: stand-in for signatures: $has; it should be: $should" >&2
        failed=1
    fi
done
exit $failed
