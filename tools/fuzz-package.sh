#!/bin/bash
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite do, and checks what came out: every program
# starts away from the machine's own libraries, runs over its seeds, and has its seed archive,
# dictionary and options. Usage: tools/fuzz-package.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p "$1"
folder=$(cd "$1" && pwd)
export CC=${CC:-clang} CXX=${CXX:-clang++} SANITIZER=${SANITIZER:-address}
export OUT=$folder/out WORK=$folder/work LIB_FUZZING_ENGINE=${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}
# the define is there as the engines have it
export CFLAGS=${CFLAGS:--O1 -g -fno-omit-frame-pointer -fsanitize=address,fuzzer-no-link -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION}
export CXXFLAGS=${CXXFLAGS:-$CFLAGS}

rm -rf "$OUT"
bash fuzz/oss-fuzz/build.sh

failed=0
wrong() {
    echo "fuzz-package: $*" >&2
    failed=1
}

check_target() {
    local name=$1 seeds=$WORK/seeds/$1 log=$WORK/$1.log
    [ -x "$OUT/$name" ] || { wrong "$name: no program was made"; return; }
    rm -rf "$seeds"
    mkdir -p "$seeds"
    if ! unzip -q "$OUT/${name}_seed_corpus.zip" -d "$seeds" || [ -z "$(ls "$seeds")" ]; then
        wrong "$name: no seeds: put some into fuzz/seeds/$name"
        return
    fi
    grep -qx "dict = $name.dict" "$OUT/$name.options" || wrong "$name: its options name no dictionary"
    if readelf -d "$OUT/$name" | grep -q 'R.*PATH.*\[/'; then wrong "$name: looks for libraries in a folder of this machine"; fi
    # an empty environment, the package's own libraries first; a dictionary that cannot be read stops it
    if ! (cd "$OUT" && env -i ASAN_OPTIONS=detect_leaks=1 timeout 120 "./$name" -runs=100 -seed=1 -dict="$name.dict" "$seeds") >"$log" 2>&1; then
        tail -20 "$log" >&2
        wrong "$name: does not run over its seeds (repeat: cd $OUT && ./$name $seeds)"
    fi
}

count=0
for source in fuzz/*.c; do
    name=$(basename "$source" .c)
    [ "$name" != replay ] || continue
    check_target "$name"
    count=$((count + 1))
done
[ "$failed" = 0 ] || exit 1
echo "fuzz-package: $count targets in $OUT, each with seeds, dictionary and options"
