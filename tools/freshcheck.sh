#!/bin/bash
# Proves `make demo` and `make check` on fresh machines: tools/freshcheck.sh RELEASE...
# Each release gets a new root from mmdebstrap with git and make in it, a clone of HEAD, and a mount and
# process namespace of its own, so that nothing of it stays mounted or running. What is kept under
# build/freshcheck is the base tarball (for a week), the packages downloaded, and the log. Mirror and
# proxy are those of this machine's apt. KEEP=1 keeps the root for a look.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$PWD/build/freshcheck

trouble() {
    echo "freshcheck: $*" >&2
    exit 3
}

[ "$(id -u)" = 0 ] || trouble "needs root, since it mounts and changes roots; run: sudo make freshcheck"
command -v mmdebstrap >/dev/null || trouble "needs the package mmdebstrap: apt-get install mmdebstrap"
command -v apt-get >/dev/null || trouble "needs apt, whose mirror it uses"

# The archive (main and security) as this machine's apt knows it.
mirror_of() {
    apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        awk -F'|' -v label="$1" '$1 == label { print $2; exit }'
}
mirror=$(mirror_of Debian)
security=$(mirror_of Debian-Security)
[ -n "$mirror" ] || trouble "apt knows no Debian archive here; run apt-get update first"

sources_of() {
    echo "deb $mirror $1 main"
    echo "deb $mirror $1-updates main"
    [ -z "$security" ] || echo "deb $security $1-security main"
}

make_base() {
    local release=$1 tar=$work/$1.tar options=()
    [ -z "$(find "$tar" -mtime -7 2>/dev/null)" ] || return 0
    while IFS= read -r option; do
        options+=(--aptopt="$option")
    done < <(apt-config dump | grep -iE '^Acquire::(https?|ftp)::.*proxy|^Acquire::Check-' || true)
    echo "freshcheck: $release: making the base"
    sources_of "$release" |
        mmdebstrap --quiet --format=tar --variant=minbase --include=git,make,ca-certificates "${options[@]}" \
            "$release" "$tar.new" - || trouble "mmdebstrap could not make $release"
    mv "$tar.new" "$tar"
}

# Runs inside the new namespaces: mounts what a machine has, then the commands in the new root.
inside() {
    local root=$1 debs=$2
    shift 2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs tmpfs "$root/tmp"
    mkdir -p "$debs/partial"
    mount --bind "$debs" "$root/var/cache/apt/archives"
    exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/srv LANG=C.UTF-8 \
        chroot "$root" /bin/bash -c 'cd /srv/assay && "$@"' freshcheck "$@"
}
if [ "${1:-}" = --inside ]; then
    shift
    inside "$@"
fi

in_root() {
    unshare --mount --pid --fork --kill-child "$0" --inside "$root" "$work/debs-$release" "$@"
}

step() {
    local start=$SECONDS
    echo "freshcheck: $release: $*"
    if ! in_root "$@" >>"$log" 2>&1 </dev/null; then
        tail -n 40 "$log" >&2
        echo "freshcheck: $release failed at: $* (whole log: $log)" >&2
        return 1
    fi
    echo "freshcheck: $release: $* took $((SECONDS - start)) s"
}

remove_root() {
    if [ -n "${root:-}" ] && [ -z "${KEEP:-}" ]; then rm -rf --one-file-system "$root"; fi
    root=
}
trap remove_root EXIT

check_release() {
    log=$work/$release.log
    : >"$log"
    make_base "$release"
    root=$(mktemp -d "$work/$release.XXXXXX")
    chmod 755 "$root"
    tar -C "$root" --numeric-owner -xf "$work/$release.tar" --exclude='./dev/*'
    cp -L /etc/resolv.conf "$root/etc/resolv.conf"
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts" # as every machine and container has it
    git clone -q --no-hardlinks "$PWD" "$root/srv/assay"

    # Forbidden to install, the first command has to name what is missing and stop.
    if in_root make demo NO_INSTALL=1 >>"$log" 2>&1 || ! grep -q 'missing: libssl-dev' "$log"; then
        echo "freshcheck: $release: make demo NO_INSTALL=1 did not stop and name libssl-dev ($log)" >&2
        return 1
    fi
    step make demo
    if ! [ -s "$root/srv/assay/out/demo/index.html" ]; then
        echo "freshcheck: $release: make demo left no out/demo/index.html" >&2
        return 1
    fi
    step make check
    echo "freshcheck: $release passed"
    remove_root
}

# A process of its own for each release: one that fails does not keep the next from its turn.
if [ "${1:-}" = --one ]; then
    release=$2
    check_release
    exit
fi

mkdir -p "$work"
git diff --quiet HEAD || echo "freshcheck: what is not committed is not tested: it clones HEAD" >&2
failed=0
for release in "$@"; do
    "$0" --one "$release" || failed=1
done
exit $failed
