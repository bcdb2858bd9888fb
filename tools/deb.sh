#!/bin/bash
# Makes a Debian package of what `make install` installs: tools/deb.sh build/VARIANT VERSION
# The same build gives the same bytes: times are SOURCE_DATE_EPOCH, or that of the last commit.
# DEB_COMPRESSION: an option of dpkg-deb (-Zxz).
set -euo pipefail
B=$1 version=$2
root=$PWD/$B/deb
arch=$(dpkg --print-architecture)
file=$B/assay_${version}_$arch.deb
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH LC_ALL=C
umask 022

rm -rf "$root" "$file"
mkdir -p "$root/DEBIAN"
"${MAKE:-make}" --no-print-directory V="${B#build/}" DESTDIR="$root" PREFIX=/usr install >/dev/null
strip --strip-unneeded "$root/usr/bin/assay"
strip --strip-debug --enable-deterministic-archives "$root"/usr/lib/assay/*.a
doc=$root/usr/share/doc/assay
mv "$doc/LICENSE" "$doc/copyright"
printf 'assay (%s) unstable; urgency=medium\n\n  * Packaged from its source.\n\n -- The Assay authors <assay@localhost>  %s\n' \
    "$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" | gzip -9n > "$doc/changelog.gz"
gzip -9n "$root"/usr/share/man/man1/*.1
for guide in docs/*.md; do install -D -m 644 "$guide" "$doc/$guide"; done

# dpkg-shlibdeps wants the source package's control file.
mkdir "$root/shlibs" "$root/shlibs/debian"
printf 'Source: assay\n\nPackage: assay\nArchitecture: any\n' > "$root/shlibs/debian/control"
depends=$(cd "$root/shlibs" && dpkg-shlibdeps -O "$root/usr/bin/assay" 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
rm -rf "$root/shlibs"
[ -n "$depends" ] || { echo "deb: dpkg-shlibdeps does not know the libraries of the program" >&2; exit 1; }

(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
cat > "$root/DEBIAN/control" <<CONTROL
Package: assay
Version: $version
Architecture: $arch
Maintainer: The Assay authors <assay@localhost>
Installed-Size: $(cd "$root" && find usr -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
Depends: $depends
Recommends: faketime
Suggests: openssh-client
Section: devel
Priority: optional
Description: conformance and attack suite for payment-gated APIs
 Judges servers, clients, facilitators and libraries that sell a response for a
 payment (HTTP 402, x402, Kaspa, HMAC proofs), fuzzes what they parse, and writes
 reports that a third party can check.
 .
 With the libraries that its references are made of, their headers, and the known
 answers.
CONTROL
dpkg-deb --root-owner-group "${DEB_COMPRESSION:--Zxz}" --build "$root" "$file" >/dev/null
rm -rf "$root"
echo "deb: $file"
