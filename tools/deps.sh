#!/bin/bash
# Says what is missing for the groups of work named as arguments (default: all of them), and installs
# it with apt. NO_INSTALL=1 only names it. Usage:
#   tools/deps.sh [--name] [build] [demo] [check] [lint] [fuzz] [afl] [package] [deb]    --name: install nothing here either
#   tools/deps.sh --has GROUP                                      succeed if nothing of it is missing
#   tools/deps.sh blake3                                           unpack BLAKE3 into build/blake3
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$1" >/dev/null; }
pkg() { pkg-config --exists "$1" 2>/dev/null; }
header() { echo "#include <$1>" | "${CC:-cc}" -E -o /dev/null - 2>/dev/null; }
fuzzer() { has clang && [ -n "$(find "$(clang -print-resource-dir)/lib" -name 'libclang_rt.fuzzer*' -print -quit 2>/dev/null)" ]; }
python() { [ -x /usr/bin/python3 ] && /usr/bin/python3 -c "import $1" 2>/dev/null; }
blake3() { pkg libblake3 || [ -e build/blake3/blake3.h ]; }

# What needs it; package; must (no work without it) or may (some tests are then unsupported); how it is known.
table() {
    cat <<'TABLE'
build,demo,check,lint,fuzz  gcc                   must  has cc
build,demo,check,lint,fuzz  libc6-dev             must  header stdio.h
build,demo,check,lint,fuzz  pkgconf               must  has pkg-config
build,demo,check,lint,fuzz  libssl-dev            must  pkg libcrypto
build,demo,check,lint,fuzz  libsecp256k1-dev      must  pkg libsecp256k1
build,demo,check,lint,fuzz  libb2-dev             must  pkg libb2
build,demo,check,lint,fuzz  libjansson-dev        must  pkg jansson
build,demo,check,lint,fuzz  libcurl4-openssl-dev  must  pkg libcurl
build,demo,check,lint,fuzz  libmicrohttpd-dev     must  pkg libmicrohttpd
build,demo,check,lint,fuzz  libsqlite3-dev        must  pkg sqlite3
build,demo,check,lint,fuzz  libwebsockets-dev     must  pkg libwebsockets
check,lint                  libcriterion-dev      must  pkg criterion
demo,check                  faketime              may   has faketime
check                       chromium              may   has chromium
check                       chromium-driver       may   has chromedriver
check                       python3-jsonschema    may   python jsonschema
check                       libxml2-utils         may   has xmllint
lint                        clang                 must  has clang
lint                        clang-format          must  has clang-format
lint                        clang-tidy            must  has clang-tidy
lint                        python3-yaml          may   python yaml
lint                        shellcheck            may   has shellcheck
fuzz                        clang                 may   has clang
fuzz                        RT                    may   fuzzer
check,deb                   dpkg-dev              may   has dpkg-shlibdeps
package                     zip                   must  has zip
package                     unzip                 must  has unzip
afl                         afl++                 may   has afl-clang-fast
TABLE
}

# The run-time library of clang is named after the release's version of it.
rt_name() {
    local v
    v=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -1)
    echo "libclang-rt-${v:-14}-dev"
}

wanted() { # prints "package must|may" for each missing package of the groups given
    local groups package need probe g
    while read -r groups package need probe; do
        for g in "$@"; do
            case ",$groups," in *",$g,"*) ;; *) continue ;; esac
            if ! $probe; then
                [ "$package" != RT ] || package=$(rt_name)
                echo "$package $need"
            fi
            break
        done
    done < <(table) | sort -u
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_install() { has apt-get && { [ "$(id -u)" = 0 ] || has sudo; }; }

# No package has the C library in Debian 12; the Rust one carries its sources, which are only unpacked.
unpack_blake3() {
    local tmp src
    if [ -n "${NO_INSTALL:-}" ]; then
        echo "deps: BLAKE3 is missing: install libblake3 so that pkg-config finds it, or run 'make deps', which unpacks the sources of the package librust-blake3-dev into build/blake3" >&2
        return 1
    fi
    if ! has apt-get || ! has dpkg-deb; then
        echo "deps: BLAKE3 is missing and there is no apt to fetch it: install libblake3 (https://github.com/BLAKE3-team/BLAKE3, folder c) so that pkg-config finds it" >&2
        return 1
    fi
    echo "deps: unpacking the BLAKE3 sources of the package librust-blake3-dev into build/blake3 (not installed)"
    mkdir -p build
    tmp=$(mktemp -d build/blake3.XXXXXX)
    if ! (cd "$tmp" && apt-get download -q -o APT::Sandbox::User=root librust-blake3-dev >/dev/null); then
        rm -rf "$tmp"
        echo "deps: librust-blake3-dev cannot be downloaded; is 'apt-get update' due?" >&2
        return 1
    fi
    dpkg-deb -x "$tmp"/librust-blake3-dev_*.deb "$tmp/x"
    src=$(find "$tmp/x" -path '*/c/blake3.h' -printf '%h\n' -quit)
    if [ -z "$src" ]; then
        rm -rf "$tmp"
        echo "deps: the package librust-blake3-dev no longer carries the C sources; install libblake3 so that pkg-config finds it" >&2
        return 1
    fi
    rm -rf build/blake3
    mv "$src" build/blake3
    rm -rf "$tmp"
}

if [ "${1:-}" = blake3 ]; then
    unpack_blake3
    exit
fi
if [ "${1:-}" = --has ]; then
    shift
    [ -z "$(wanted "$@")" ]
    exit
fi
why=
if [ "${1:-}" = --name ]; then
    shift
    why="'tools/deps.sh $*' installs it"
fi
[ -z "${NO_INSTALL:-}" ] || why="NO_INSTALL is set"
can_install || why="there is no apt-get here, or neither root nor sudo"
[ $# -gt 0 ] || set -- build demo check lint fuzz afl package deb

missing=$(wanted "$@")
names=$(cut -d' ' -f1 <<<"$missing" | tr '\n' ' ')
names=${names% }

if [ -n "$missing" ] && [ -n "$why" ]; then
    while read -r package need; do
        case $need in
        must) echo "deps: missing: $package, without which '$*' cannot be done ($why)" >&2 ;;
        may) echo "deps: missing: $package; what needs it will be reported as not run ($why)" >&2 ;;
        esac
    done <<<"$missing"
    ! grep -q ' must$' <<<"$missing" || exit 1
elif [ -n "$missing" ]; then
    # Debian 13 has the C library of BLAKE3 as a package, Debian 12 has not: known after the update.
    echo "deps: installing with apt-get: $names"
    export DEBIAN_FRONTEND=noninteractive
    as_root apt-get update -q || echo "deps: apt-get update had errors; trying what it has" >&2
    names=$(wanted "$@" | cut -d' ' -f1 | tr '\n' ' ')
    # shellcheck disable=SC2086 # a list of names
    as_root apt-get install -q -y --no-install-recommends $names
    left=$(wanted "$@" | sed -n 's/ must$//p' | tr '\n' ' ')
    if [ -n "$left" ]; then
        echo "deps: still missing after the installation: $left" >&2
        exit 1
    fi
fi
blake3 || unpack_blake3
