#!/bin/bash
# The suite proves its own strength: every seeded defect is caught by every scenario that names it, under each rule
# set, and the correct servers of both rule sets are never accused. $1: the program.
set -euo pipefail
"$1" selftest --named --out "$(dirname "$1")/selftest" --replace
exec "$1" selftest --named --profile paid-tools --rules base --correct 0 --out "$(dirname "$1")/selftest-base" --replace
