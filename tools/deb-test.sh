#!/bin/bash
# The Debian package: the same bytes twice, its fields, its sums, and the program that it installs
# below a scratch root judges an embedded reference: tools/deb-test.sh build/VARIANT VERSION
set -euo pipefail
B=$1 version=$2
export DEB_COMPRESSION=-Zgzip # xz takes longer than all the rest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "deb-test: $*" >&2
    exit 1
}

tools/deb.sh "$B" "$version" >/dev/null
file=$(echo "$B/assay_${version}"_*.deb)
cp "$file" "$work/first.deb"
tools/deb.sh "$B" "$version" >/dev/null
cmp "$work/first.deb" "$file" || fail "a second package has other bytes"

[ "$(dpkg-deb -f "$file" Package Version | tr '\n' ' ')" = "Package: assay Version: $version " ] || fail "its name or version is wrong"
dpkg-deb -f "$file" Depends | grep 'libsecp256k1' >/dev/null || fail "it does not depend on libsecp256k1"
! dpkg-deb -c "$file" | awk '$2 != "root/root"' | grep . || fail "a file is not root's"

root=$work/root
mkdir -p "$root/var/lib/dpkg"
if [ "$(id -u)" = 0 ]; then
    mkdir -p "$root/var/lib/dpkg/updates" "$root/var/lib/dpkg/info"
    touch "$root/var/lib/dpkg/status"
    dpkg --root="$root" --log="$work/log" --force-depends --force-script-chrootless -i "$file" >"$work/said" 2>&1 ||
        { cat "$work/said" >&2; fail "dpkg does not install it"; }
    dpkg --root="$root" -s assay | grep '^Status: install ok installed' >/dev/null || fail "dpkg does not call it installed"
else
    dpkg -x "$file" "$root"
fi
dpkg-deb -e "$file" "$work/control"
(cd "$root" && md5sum -c --quiet "$work/control/md5sums")
[ "$("$root/usr/bin/assay" --version)" = "assay $version" ] || fail "the installed program says another version"
for path in share/man/man1/assay-run.1.gz share/bash-completion/completions/assay share/doc/assay/copyright; do
    [ -s "$root/usr/$path" ] || fail "$path is not in it"
done
(cd "$work" && "$root/usr/bin/assay" run --profile paid-tools --no-self-check --out run proof-replay >said 2>&1) ||
    { tail -5 "$work/said" >&2; fail "the installed program does not pass its own reference"; }
if [ "$(id -u)" = 0 ]; then
    dpkg --root="$root" --log="$work/log" --force-script-chrootless -P assay >/dev/null 2>&1
    [ ! -e "$root/usr/bin/assay" ] || fail "dpkg -P leaves the program"
fi
echo "deb-test: the package is the same twice, installs, and its program runs"
