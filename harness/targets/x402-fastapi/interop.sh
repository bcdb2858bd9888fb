#!/bin/bash
# The published FastAPI middleware, as a shop that it gates, against the profile x402. Its exit
# status is that of `assay run` with the failures that are known, one of each scenario then repeated
# by itself; where there can be none, it says why and succeeds.
set -euo pipefail
cd "$(dirname "$0")/../../.."

own=harness/targets/x402-fastapi
home=build/x402-fastapi
log=$home/install.log

not_run() {
    echo "interop: x402-fastapi: not run: $*"
    exit 0
}

command -v python3 >/dev/null || not_run "python3 is not installed"
python3 -c 'import ensurepip, venv' 2>/dev/null || not_run "python3 cannot make environments (venv)"

mkdir -p "$home"
if ! cmp -s "$own/requirements.txt" "$home/requirements.txt" || [ ! -d "$home/packages" ]; then
    rm -rf "$home/packages"
    cp "$own/requirements.txt" "$home"
    { python3 -m venv "$home/venv" &&
        timeout "${FETCH_SECONDS:-300}" "$home/venv/bin/pip" install --require-hashes --no-deps \
            --only-binary=:all: --requirement "$home/requirements.txt" --target "$home/packages"
    } >"$log" 2>&1 ||
        { rm -f "$home/requirements.txt"; not_run "the packages cannot be fetched; see $log"; }
fi
cp "$own/server.py" "$home"
[ -x build/debug/assay ] || make -s

exec harness/targets/judge.sh x402-fastapi
