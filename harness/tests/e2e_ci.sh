#!/bin/bash
# The step that action.yml and the GitLab template run: a service is started, judged, reported and ended;
# a broken one stops the job, unless what is broken is known. $1: the program.
set -euo pipefail
assay=$1
judge=$PWD/tools/judge.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "e2e_ci: $*" >&2
    cat "$work/said" >&2 || true
    exit 1
}

# A port where nothing listens.
port=$((20000 + RANDOM % 10000))
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((20000 + RANDOM % 10000)); done

export ASSAY_SECRET=a-test-secret-of-at-least-32-bytes-1
cat >target.json <<TARGET
{"name": "started by the step", "profile": "paid-tools", "base_url": "http://127.0.0.1:$port",
 "secrets": {"mac": {"env": "ASSAY_SECRET"}}, "supports": ["proof"],
 "endpoints": {"paid_get": {"method": "GET", "target": "/weather?city=Paris", "price": "0.001"},
   "paid_get_other": {"method": "GET", "target": "/forecast?city=Paris", "price": "0.002"}}}
TARGET
serve="'$assay' serve paid-tools --listen 127.0.0.1:$port --store memory --workers 1"

# step STATUS START NAMES [variables]: the step ends with that status, and its service with it.
step() {
    local wanted=$1 start=$2 names=$3 status=0
    shift 3
    rm -rf out summary output
    env ASSAY="$assay" ASSAY_TARGET=target.json ASSAY_NAMES="$names" ASSAY_START="$start" \
        ASSAY_READY="http://127.0.0.1:$port/free" READY_SECONDS=20 ASSAY_OUT=out \
        GITHUB_STEP_SUMMARY="$work/summary" GITHUB_OUTPUT="$work/output" "$@" bash "$judge" >said 2>&1 || status=$?
    [ "$status" = "$wanted" ] || fail "status $status for \"$names\", not $wanted"
    ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || fail "the service goes on"
}

names='paid-tools/honest_payment_is_served proof-replay'
step 0 "$serve" "$names"
[ -s out/junit.xml ] && [ -s out/index.html ] && [ -s out/run.json ] || fail "a report is missing"
if grep -q '^  --markdown ' <<<"$("$assay" report --help)"; then [ -s summary ] && [ -s out/assay.sarif ] || fail "no summary, or no SARIF"; fi
grep -qx status=0 output || fail "no output"

# A broken service, and the same with what is broken known.
defect=$("$assay" list defects | awk -F'\t' '$2 == "paid-tools" && $4 == "proof-replay" && !found { found = 1; print $1 }')
step 1 "$serve --defect $defect" "$names"
grep -qx status=1 output || fail "no output"
grep -q '<failure' out/junit.xml || fail "the failure is not in the JUnit report"
"$assay" report out --projection - |
    sed -n 's/^{"case":"\([^"]*\)".*"scenario":"\([^"]*\)","verdict":"fail"}$/{"scenario":"\2","case":"\1","reason":"tracked"}/p' |
    sed 's/"case":"",//' | sort -u | paste -sd, | sed 's/.*/{"known": [&]}/' >known.json
step 0 "$serve --defect $defect" "$names" ASSAY_EXPECTATIONS=known.json
step 1 "$serve" "$names" ASSAY_EXPECTATIONS=known.json # what is mended has to leave the list

# A service that ends at once, one that never answers, words that are no program's.
step 3 "echo $'\e[31m\n::error::no'; exit 1" "$names"
! grep -q $'\e\|^ *::error' said || fail "a control of the service comes through"
step 3 "exec sleep 1000" "$names" READY_SECONDS=1
step 3 "$serve" "no-such-scenario"
echo "e2e_ci: ends as the run does, with its service, in each of 7 cases"
