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
grep -q 'exit status 1; its last words: ' said || fail "no exit status of the service"
step 3 "exit 4" "$names" GITHUB_ACTIONS=true
grep -q 'exit status 4; its last words: (none)' said || fail "what ended without a word"
grep -q '^::error title=Assay could not judge::the service ended' said || fail "trouble is no annotation"
grep -q 'the service ended' summary || fail "trouble is not in the summary"
grep -qx status=3 output || fail "no output of trouble"
step 3 "exec sleep 1000" "$names" READY_SECONDS=1
step 3 "$serve" "no-such-scenario" GITHUB_ACTIONS=true
grep -q '^::error title=Assay could not judge::assay run ended with status 3: assay run: "no-such-scenario"' said || fail "trouble of the run is no annotation"

# What the command had started ends with it, and one that ends with 0 has started the service.
step 3 "sleep 987 & echo \$! >'$work/left'; exit 1" "$names"
! kill -0 "$(cat left)" 2>/dev/null || fail "what the service started goes on"
step 0 "$serve &" "$names"
ASSAY_PROGRAM=$assay
assay="$work/no-such-program"
step 3 "" "$names" GITHUB_ACTIONS=true ASSAY_START=
grep -q '^::error title=Assay could not judge::assay run ended with status 127' said || fail "a missing program is no annotation"
assay=$ASSAY_PROGRAM

# A right server that listens there already must not be judged for the one that is started.
eval "$serve >/dev/null 2>&1 &"
other=$!
trap 'kill "$other" 2>/dev/null || true; rm -rf "$work"' EXIT
for _ in {1..100}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then break; fi
    sleep 0.1
done
status=0
env ASSAY="$assay" ASSAY_TARGET=target.json ASSAY_NAMES="$names" ASSAY_START="$serve --defect $defect" \
    ASSAY_READY="http://127.0.0.1:$port/free" ASSAY_OUT=out bash "$judge" >said 2>&1 || status=$?
[ "$status" = 3 ] && grep -q 'something answers at' said || fail "status $status where another server listens, not 3"
kill "$other"
wait "$other" || fail "the other server did not end well"
echo "e2e_ci: ends as the run does, with its service, in each of 12 cases"
