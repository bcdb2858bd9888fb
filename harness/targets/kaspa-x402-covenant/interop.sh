#!/bin/bash
# The published covenant package against the known answers of batch settlement. Its exit status is
# that of `assay run` with the differences that are known; where there can be none, it says why and
# succeeds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

own=harness/targets/kaspa-x402-covenant
home=build/kaspa-x402-covenant
log=$home/install.log
found=out/kaspa-x402-covenant.txt

not_run() {
    echo "interop: kaspa-x402-covenant: not run: $*"
    exit 0
}

command -v node >/dev/null || not_run "node is not installed"
command -v npm >/dev/null || not_run "npm is not installed"
major=$(node --version | sed -n 's/^v\([0-9]*\)\..*$/\1/p')
[ "${major:-0}" -ge 20 ] || not_run "node is $(node --version), and the package needs 20"

mkdir -p "$home" out
if ! cmp -s "$own/package.json" "$home/package.json" || [ ! -d "$home/node_modules" ]; then
    cp "$own/package.json" "$home/package.json"
    timeout "${FETCH_SECONDS:-300}" npm install --prefix "$home" --no-package-lock --ignore-scripts \
        --no-audit --no-fund >"$log" 2>&1 ||
        { rm -f "$home/package.json"; not_run "the package cannot be fetched; see $log"; }
fi
[ -x build/debug/assay ] || make -s

echo "interop: kaspa-x402-covenant: every known answer (also in $found)"
node "$own/compare.mjs" "$home" | tee "$found"
if ! diff "$own/differences.txt" <(grep -v '^ ' "$found"); then
    echo "interop: kaspa-x402-covenant: the answers are not those of differences.txt (> is new)" >&2
    exit 1
fi

exec build/debug/assay run --target "$PWD/$own/target.json" \
    --expectations "$own/expectations.json" --out out/kaspa-x402-covenant --replace \
    voucher-regression covenant-drift batch-identity batch-cumulative batch-claim-bound \
    batch-continuation batch-refund-timing batch-accounting
