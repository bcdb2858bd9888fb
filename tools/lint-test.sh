#!/bin/bash
# Shows that lint.awk sees what it must: each row is one file with one mistake (or none) and what has to
# be said about it.
set -euo pipefail
cd "$(dirname "$0")/.."
lint=$PWD/tools/lint.awk
arrows=$PWD/tools/include-arrows.txt
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
mkdir -p ref/{base,core,net,store,server,paid_tools,tests} harness/{cli,record,run,tests} reports/main scenarios/paid-tools fuzz
cp "$arrows" include-arrows.txt
for header in ref/base/a ref/core/a ref/net/a ref/server/a ref/tests/a ref/paid_tools/a harness/cli/a \
    harness/record/a harness/run/a harness/tests/a reports/a scenarios/scenario fuzz/a; do
    echo '/* A header. */' >"$header.h"
done

failed=0
# file, its second line, what must be said ("" when nothing is wrong)
row() {
    local said rc=0
    printf '/* A file. */\n%b\n' "$2" >"$1"
    said=$(awk -f "$lint" include-arrows.txt "$1" ${4:+"$4"} 2>&1) || rc=$?
    if [ -z "$3" ] && [ "$rc$said" != 0 ]; then
        echo "lint-test: '$2' in $1 is fine, but lint says: $said" >&2
        failed=1
    elif [ -n "$3" ] && { [ "$rc" != 1 ] || [[ $said != *.[ch]:[0-9]*": "*"$3"* ]]; }; then
        echo "lint-test: '$2' in $1 must be refused with '$3'; lint says: ${said:-nothing}" >&2
        failed=1
    fi
    rm "$1"
}

row ref/base/x.c 'int a; // note' 'a // comment'
row ref/base/x.c 'const char *a = "http://b/*"; /* http://c */' ''
row ref/base/x.c 'int a = strlen("sleep(1)"); /* strcpy(a, b) */' ''
row harness/run/x.c 'int c = '"'\"'"'; int d; // x' 'a // comment'
for call in strcpy strcat sprintf vsprintf gets atoi strtok alloca sleep usleep nanosleep; do
    row harness/tests/x.c "    $call(a);" "$call is banned"
done
row harness/run/x.c '    my_sleep(a); ops->sleep(a); assay_sprintf(b);' ''
row harness/run/x.c '    poll(NULL, 0, 5);' 'is a sleep'
row harness/run/x.c '    poll(fds, 1, 5);' ''
row ref/base/x.c '#include <sys/socket.h>' 'is pure'
row ref/core/x.c '#include <pthread.h>' 'is pure'
row ref/paid_tools/x.c '#include <sqlite3.h>' 'is pure'
row ref/net/x.c '#include <sys/socket.h>' ''
row ref/base/x.c '#include "core/a.h"' 'ref/base may not include ref/core/a.h'
row ref/paid_tools/x.c '#include "core/a.h"' 'may not include'
row ref/core/x.c '#include "net/a.h"' 'may not include'
row ref/core/x.c '#include "paid_tools/a.h"' ''
row ref/server/x.c '#include "net/a.h"\n#include "core/a.h"' ''
row ref/server/x.c '#include "run/a.h"' 'may not include harness/run/a.h'
row harness/record/x.c '#include "run/a.h"' 'may not include'
row harness/record/x.c '#include "core/a.h"' 'may not include'
row harness/run/x.c '#include "cli/a.h"' 'may not include'
row harness/run/x.c '#include "server/a.h"' ''
row harness/run/x.c '#include "../tests/a.h"' 'may not include harness/tests/a.h'
row harness/run/x.c '#include "scenarios/scenario.h"' 'may not include'
row harness/cli/x.c '#include "cli/a.h"\n#include "reports/a.h"' ''
row scenarios/paid-tools/x.c '#include "scenarios/scenario.h"\n#include "run/a.h"' ''
row scenarios/paid-tools/x.c '#include "reports/a.h"' 'may not include'
row reports/x.c '#include "record/a.h"\n#include "base/a.h"' ''
row reports/x.c '#include "run/a.h"' 'may not include'
row reports/main/x.c '#include "reports/a.h"' ''
row fuzz/x.c '#include "base/a.h"' ''
row ref/tests/x.c '#include "tests/a.h"\n#include "net/a.h"' ''
row ref/net/x.c '#include "tests/a.h"' 'may not include'
row ref/net/x.c '#include "base/none.h"' 'is not found'
echo '#include "base/y.h"' | sed '1i/* One half of a cycle. */' >ref/base/z.h
row ref/base/y.h '#include "base/z.h"' 'break the cycle' ref/base/z.h
exit $failed
