#!/bin/bash
# A live server under assay fuzz run --target: a correct one is not accused, seeded defects and a
# server that dies, stands still or grows are found, cut down, kept and replayed. Bounded by sequences
# rather than by time.
# Usage: e2e_fuzz_live.sh PROGRAM
set -euo pipefail
assay=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work # so that whatever is left behind can be told
cd "$work"

expect() { # STATUS WORDS...
    local wanted=$1 rc=0
    shift
    "$assay" fuzz run "$@" >said 2>&1 || rc=$?
    [ "$rc" = "$wanted" ] || { echo "assay fuzz run $*: exit $rc, not $wanted" >&2; cat said >&2; exit 1; }
}
says() { grep -q -- "$1" said || { echo "does not say: $1" >&2; cat said >&2; exit 1; }; }

# A server that does something to itself at a request of a method nobody else uses, or with each.
cat >faulty.sh <<'SERVER'
#!/bin/bash
# faulty.sh SIGNAL ASSAY ARGUMENTS...: serves; the worker that logs a BREW gets the signal. LEAK is
# none: a megabyte is kept of each request.
signal=$1
shift
exec 3>&1
coproc "$@" 2>&1 >&3
server=$COPROC_PID
while read -r line <&"${COPROC[0]}"; do
    echo "$line" >&2
    [ "$signal" != LEAK ] || printf -v "kept_$((++requests))" '%01000000d' 0
    case $line in *'"method":"BREW"'*)
        worker=${line#*'"pid":'}
        kill "-$signal" "${worker%%,*}" ;;
    esac
done
wait "$server"
SERVER
chmod +x faulty.sh
faulty() { # SIGNAL: a target file
    cat <<TARGET
{"name": "faulty", "profile": "paid-tools", "interface": "http",
 "launch": {"command": ["./faulty.sh", "$1", "\${ASSAY}", "serve", "paid-tools", "--listen",
   "127.0.0.1:0", "--store", "\${STORE}", "--workers", "1", "--secret-env", "ASSAY_TEST_SECRET",
   "--origin", "\${ORIGIN}"], "ready": "ready paid-tools "},
 "reset": "fresh-store",
 "endpoints": {"paid_get": {"method": "GET", "target": "/weather?city=Paris"}},
 "secrets": {"mac": {"value": "0123456789abcdef0123456789abcdef", "pass_as": "ASSAY_TEST_SECRET"}},
 "executions": "origin"}
TARGET
}
bent() { # EXCHANGES: a kept sequence of a BREW and these, so that the fault is met at once
    echo '{"format": "assay-live/1", "profile": "paid-tools", "exchanges": ['"$1"'
      {"endpoint": "paid_get", "payment": 0, "way": "", "key": 0, "edits": [
        {"what": "method", "text": "BREW"}]},
      {"endpoint": "paid_get", "payment": 0, "way": "", "key": 0, "edits": [
        {"what": "pause", "at": 500, "how": 100}]}]}'
}

expect 0 --profile paid-tools --runs 90 --seed 1 --out sound
says 'findings: 0;'
for found in 5xx:proof.null_crashes unpaid:unpaid.malformed_proof_served replay:nonce.unrecorded; do
    kind=${found%%:*} defect=${found#*:}
    expect 1 --profile paid-tools --defect "$defect" --runs 130 --seed 1 --findings 1 --out "$kind"
    says "^$kind, always: "
    kept=$(echo "$kind"/findings/"$kind"-*.request)
    [ -s "${kept%.request}.log" ] || { echo "no log beside $kept" >&2; exit 1; }
    grep -q "\"kind\": \"$kind\"" "${kept%.request}.json" || { echo "no kind beside $kept" >&2; exit 1; }
    expect 1 --profile paid-tools --defect "$defect" --replay "$kept"
    says "^$kind, always: "
done
expect 0 --profile paid-tools --replay "$kept"
says 'nothing was found'
faulty SEGV >crash.json
mkdir -p crash/corpus/paid-tools
bent '{"endpoint": "paid_get", "payment": 1, "way": "", "key": 0, "edits": []},' >crash/corpus/paid-tools/bent
expect 1 --target "$work/crash.json" --runs 130 --seed 1 --findings 1 --out crash
says '^crash, always: '
kept=$(echo crash/findings/crash-*.request)
grep -q BREW "$kept" || { echo "not found by its cause: $kept" >&2; cat "$kept" >&2; exit 1; }
if grep -q '"payment": 1' "$kept"; then echo "not cut down: $kept" >&2; exit 1; fi
faulty STOP >hang.json
bent '' >hang.request
expect 1 --target "$work/hang.json" --timeout 2 --replay hang.request
says '^hang, always: request [12],' # stopped behind its log line, before or after the answer
says 'a plain request behind it is not answered either'
faulty LEAK >growth.json
expect 1 --target "$work/growth.json" --runs 130 --seed 1 --memory 48 --findings 1 --out growth
says '^growth: resident memory is '
expect 3 --target nowhere.json
expect 3 --profile paid-tools --replay nowhere.request
if pgrep -f "$work" >&2; then echo "left behind" >&2; exit 1; fi
echo "e2e_fuzz_live: six kinds of findings, each of a sequence again from its file; the correct server is not accused"
