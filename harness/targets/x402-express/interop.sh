#!/bin/bash
# The published Express middleware, as a shop that it gates, against the profile x402. Its exit
# status is that of `assay run` with the failures that are known, one of each scenario then repeated
# by itself; where there can be none, it says why and succeeds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

own=harness/targets/x402-express
home=build/x402-express
log=$home/install.log

not_run() {
    echo "interop: x402-express: not run: $*"
    exit 0
}

command -v node >/dev/null || not_run "node is not installed"
command -v npm >/dev/null || not_run "npm is not installed"
major=$(node --version | sed -n 's/^v\([0-9]*\)\..*$/\1/p')
[ "${major:-0}" -ge 20 ] || not_run "node is $(node --version), and the packages need 20"

mkdir -p "$home"
if ! cmp -s "$own/package-lock.json" "$home/package-lock.json" || [ ! -d "$home/node_modules" ]; then
    cp "$own/package.json" "$own/package-lock.json" "$home"
    timeout "${FETCH_SECONDS:-300}" npm ci --prefix "$home" --ignore-scripts --no-audit --no-fund \
        >"$log" 2>&1 ||
        { rm -f "$home/package-lock.json"; not_run "the packages cannot be fetched; see $log"; }
fi
cp "$own/server.mjs" "$home"
[ -x build/debug/assay ] || make -s

exec harness/targets/judge.sh x402-express
