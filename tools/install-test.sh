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

# Its pages and completions, used from where they were put: `man` finds a page, bash completes.
[ -s "$root/usr/share/man/man1/assay-run.1" ] && [ -s "$root/usr/share/zsh/site-functions/_assay" ]
if command -v man >/dev/null; then
    MANPATH="$root/usr/share/man" MANPAGER=cat man assay-run 2>&1 | grep -- --target >/dev/null
fi
# shellcheck disable=SC2016 # for the other bash
offered=$(PATH="$root/usr/bin:$PATH" bash --norc -c '. "$0"; COMP_WORDS=(assay bundle --pub); COMP_CWORD=2
    _assay; echo "${COMPREPLY[@]}"' "$root/usr/share/bash-completion/completions/assay")
if [ "$offered" != --public-key ]; then
    echo "check: the installed completion offers \"$offered\" for assay bundle --pub" >&2
    exit 1
fi
echo "check: man pages and completions are installed, and work from there"

# A program of somebody else's: the first C block of the library's guide compiles against what was
# installed, and prints what the guide's first text block says.
guide=docs/kaspa-library.md
block() { awk -v mark='```'"$1" '$0 == "```" && on { exit } on { print } $0 == mark { on = 1 }' "$guide"; }
block c > "$root/use.c"
block text > "$root/expected"
[ -s "$root/use.c" ] && [ -s "$root/expected" ]
export PKG_CONFIG_PATH="$root/usr/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR=
flags=$(pkg-config --define-variable=prefix="$root/usr" --cflags --libs assay-kaspa)
case $B in *asan) flags="$flags -fsanitize=address,undefined" ;; *cov) flags="$flags --coverage" ;; esac
# shellcheck disable=SC2086 # a list of flags
${CC:-cc} -std=c11 -Wall -Wextra -o "$root/use" "$root/use.c" $flags
(cd "$root" && ./use > printed)
diff -u "$root/expected" "$root/printed"
echo "check: the program of $guide compiles against what is installed, and prints what it says"
rm -f "$root"/use "$root"/use.c "$root"/expected "$root"/printed "$root"/*.gc*

"${MAKE:-make}" --no-print-directory V="${B#build/}" DESTDIR="$root" PREFIX=/usr uninstall >/dev/null
left=$(find "$root" ! -type d)
if [ -n "$left" ]; then
    echo "check: uninstall left: $left" >&2
    exit 1
fi
rm -rf "$root"
