#!/bin/bash
# Installs below a scratch DESTDIR, runs what was installed, uninstalls, and wants nothing left:
# tools/install-test.sh build/VARIANT
set -euo pipefail
B=$1
root=$PWD/$B/installed
rm -rf "$root"
mkdir -p "$root"
"${MAKE:-make}" --no-print-directory V="${B#build/}" DESTDIR="$root" PREFIX=/usr install >/dev/null
echo "check: installed program says: $("$root/usr/bin/assay" --version)"

# A program of somebody else's compiles against the installed headers and library.
cat > "$root/use.c" <<'C'
#include "base/err.h"
#include "base/hash.h"
int main(void)
{
    return ASSAY_OK;
}
C
${CC:-cc} -std=c11 -D_GNU_SOURCE -I"$root/usr/include/assay" -fsyntax-only "$root/use.c"
rm "$root/use.c"

"${MAKE:-make}" --no-print-directory V="${B#build/}" DESTDIR="$root" PREFIX=/usr uninstall >/dev/null
left=$(find "$root" ! -type d)
if [ -n "$left" ]; then
    echo "check: uninstall left: $left" >&2
    exit 1
fi
rm -rf "$root"
