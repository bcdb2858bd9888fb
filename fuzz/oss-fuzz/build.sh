#!/bin/bash
# What OSS-Fuzz and ClusterFuzzLite run, and `make fuzz-package` here: every fuzz target, with its seeds,
# dictionary and options beside it. The environment says how:
#   CC CXX CFLAGS CXXFLAGS   compilers and flags, the sanitizer's among them
#   LIB_FUZZING_ENGINE       what is linked as the engine
#   SANITIZER                address, undefined or coverage
#   OUT WORK                 where the result goes, and what lies in between
set -euo pipefail
if [ ! -e fuzz/oss-fuzz/build.sh ]; then cd "$(dirname "$0")/../.."; fi # OSS-Fuzz runs a copy, from the root
for name in CC CXX CFLAGS LIB_FUZZING_ENGINE SANITIZER OUT WORK; do
    if [ -z "${!name:-}" ]; then
        echo "build.sh: $name is not set: run it by 'make fuzz-package', or where the engine sets it" >&2
        exit 3
    fi
done
case $SANITIZER in
address | undefined | coverage) ;;
*)
    echo "build.sh: SANITIZER=$SANITIZER: the libraries that are linked are not built with it; use address, undefined or coverage" >&2
    exit 3
    ;;
esac
mkdir -p "$OUT/lib" "$WORK"

# Signatures that cost nothing are for the targets that the Makefile gives them to, not for all.
make --no-print-directory -j"$(nproc)" V=package B="$WORK/assay" CC="$CC" CXX="$CXX" \
    CFLAGS="${CFLAGS//-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION/}" CXXFLAGS="${CXXFLAGS:-$CFLAGS}" \
    LIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE" fuzz-built

# The machines that run them have the C library and no other.
copy_libraries() {
    ldd "$1" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
        case ${library##*/} in
        libc.so* | libm.so* | libdl.so* | librt.so* | libpthread.so* | libgcc_s.so* | libstdc++.so* | ld-linux*) ;;
        *) cp -Lu "$library" "$OUT/lib/" ;;
        esac
    done
}

for program in "$WORK"/assay/fuzz-*; do
    name=${program##*/fuzz-}
    cp "$program" "$OUT/$name"
    copy_libraries "$program"
    rm -f "$OUT/${name}_seed_corpus.zip"
    zip -q -j -X -D -r "$OUT/${name}_seed_corpus.zip" "fuzz/seeds/$name"
    cp "fuzz/dict/$name.dict" "$OUT/$name.dict"
    printf '[libfuzzer]\ndict = %s.dict\nmax_len = 65536\ntimeout = 25\nrss_limit_mb = 2048\n' "$name" >"$OUT/$name.options"
done
