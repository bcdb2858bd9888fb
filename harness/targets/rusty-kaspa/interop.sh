#!/bin/bash
# Our Kaspa library against the official crates, on CASES random cases from SEED. Its exit status is
# that of the comparison; where there can be none, it says why and succeeds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

manifest=harness/targets/rusty-kaspa/Cargo.toml
target=build/rusty-kaspa
log=$target/cargo.log

not_run() {
    echo "interop: rusty-kaspa: not run: $*"
    exit 0
}

command -v cargo >/dev/null || not_run "cargo is not installed"
found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2) || not_run "rustc does not run"
needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$manifest")
oldest=$(printf '%s\n' "$needed" "$found" | sort -V | head -n 1)
[ "$oldest" = "$needed" ] || not_run "rustc is $found, and the crates need $needed"

mkdir -p "$target"
host=$(rustc -vV | sed -n 's/^host: //p')
timeout "${FETCH_SECONDS:-300}" cargo fetch --target "$host" --manifest-path "$manifest" \
    >"$log" 2>&1 || not_run "the crates cannot be fetched; see $log"

echo "interop: rusty-kaspa: building the adapter (minutes, the first time)"
if ! CARGO_TARGET_DIR=$target cargo build --release --offline --manifest-path "$manifest" \
    >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "interop: rusty-kaspa: the adapter does not build" >&2
    exit 1
fi
[ -x build/debug/assay ] || make -s

exec build/debug/assay diff --cases "${CASES:-200000}" --seed "${SEED:-1}" -- \
    "$target/release/assay-adapter-rusty-kaspa"
