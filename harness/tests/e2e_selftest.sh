#!/bin/bash
# The suite proves its own strength: every seeded defect is caught by a scenario that names it, and the correct
# servers of both rule sets are never accused. $1: the program.
set -euo pipefail
exec "$1" selftest --named --out "$(dirname "$1")/selftest" --replace
