#!/bin/bash
# Someone else's parser, end to end: the reference behind its own adapter is fine, and adapters that
# lie, end, hang, garble, change their mind or grow are found, cut down and found again. The faulty
# ones are the reference behind a filter. Bounded by inputs; the only waits are those for hangs.
# Usage: e2e_fuzz_adapter.sh PROGRAM
set -euo pipefail
assay=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# target NAME SCRIPT: a target whose adapter is that shell script; $0 in it is the program.
target() {
    printf '%s\n' "$2" >"$1.sh"
    printf '{"name": "%s", "profile": "kaspa-x402", "interface": "adapter", "launch": {"command": ["/bin/sh", "%s/%s.sh", "%s"]}}\n' \
        "$1" "$work" "$1" "$assay" >"$1.json"
}
expect() { # STATUS WORDS...
    local wanted=$1 rc=0
    shift
    "$assay" fuzz run --adapter "$@" >said 2>&1 || rc=$?
    [ "$rc" = "$wanted" ] || { echo "assay fuzz run --adapter $*: exit $rc, not $wanted" >&2; cat said >&2; exit 1; }
}
says() { grep -q -- "$1" said || { echo "does not say: $1" >&2; cat said >&2; exit 1; }; }
bounds=(--op kaspa.script.class --seed 1 --runs 1000)

target right 'exec "$1" adapter'
target liar '"$1" adapter | sed -u s/nonstandard/pubkey/'
target dies 'while read -r l; do case $l in *"null"*) exit 7 ;; esac; printf "%s\n" "$l"; done | "$1" adapter'
target hangs '"$1" adapter | sed -u "/pubkeyecdsa/d"'
target garbles '"$1" adapter | sed -u "s/^.*pubkeyecdsa.*/oops/"'
target moody '"$1" adapter | sed -u "s/\"id\":\([0-9]*[02468]\),\"ok\":{\"class\":\"pubkey\"/\"id\":\1,\"ok\":{\"class\":\"nonstandard\"/;s/\"ok\":{\"class\":\"pubkey\"},\"id\":\([0-9]*[02468]\)}/\"ok\":{\"class\":\"nonstandard\"},\"id\":\1}/"'
target grows 'pad=$(printf %050000d 0); n=0; while read -r l; do n=$((n + 1)); eval "v$n=\$pad"; printf "%s\n" "$l"; done | "$1" adapter'
target other '"$1" adapter | sed -u "s/\"operations\":\[[^]]*\]/\"operations\":[\"a.b\"]/"'
target silent 'exit 0'

# 1: the reference is as it says
expect 0 right.json --seed 1 --runs 400
says '400 inputs, .* 0 found'
[ -n "$(ls out/fuzz-adapter/right/corpus)" ]

# and so it is from another folder than its target file's, whose path is relative
mkdir sub
printf '%s\n' 'exec "$1" adapter' >sub/own.sh
echo '{"name": "own folder", "profile": "kaspa-x402", "interface": "adapter", "launch": {"command": ["/bin/sh", "${WORKDIR}/own.sh", "${ASSAY}"], "workdir": "."}}' >sub/own.json
expect 0 sub/own.json --op kaspa.txid --runs 5

# 2: another answer is found, cut down to what needs it, and found again from its file
expect 1 liar.json "${bounds[@]}"
says '^difference: kaspa.script.class was sent {"scriptPublicKey":"[0-9]*"}; the reference says {"ok":{"class":"nonstandard"}}'
says ' 1 found'
file=$(echo out/fuzz-adapter/liar/findings/difference-*.json)
expect 1 liar.json --replay "$file"
says '^difference: kaspa.script.class'
expect 0 right.json --replay "$file"
says 'nothing is wrong'
grep -q '"replay": "assay fuzz run --adapter liar.json' "$file"

# 3: it ends
expect 1 dies.json --op kaspa.script.class --seed 1 --runs 20000 --findings 1
says '^crash: .*null'
expect 1 dies.json --replay "$(echo out/fuzz-adapter/dies/findings/crash-*.json)"

# 4: no answer
expect 1 hangs.json "${bounds[@]}" --timeout 1 --findings 1
says '^hang: '

# 5: a line that is none
expect 1 garbles.json "${bounds[@]}" --findings 1
says '^protocol: .*oops'
expect 1 garbles.json --replay "$(echo out/fuzz-adapter/garbles/findings/protocol-*.json)"

# 6: another answer to the same question, which may also be a wrong one at once
expect 1 moody.json "${bounds[@]}"
says '^nondeterminism: .*asked again'

# 7: it keeps what it was given
expect 1 grows.json --op kaspa.script.class --seed 1 --runs 1500 --growth 16
says '^growth: resident memory rose'

# 8: stopped, it says how far it came
rm -rf out/fuzz-adapter/right
"$assay" fuzz run --adapter right.json --minutes 60 >said 2>&1 &
pid=$!
until [ -n "$(ls out/fuzz-adapter/right/corpus 2>/dev/null)" ] || ! kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
kill -TERM "$pid"
rc=0
wait "$pid" || rc=$?
[ "$rc" = 130 ] || { echo "stopped: exit $rc, not 130" >&2; cat said >&2; exit 1; }
says ' inputs, .* 0 found'
says 'interrupted'

# 9: nothing to compare, no adapter, no such thing
expect 2 other.json --runs 20
says "nothing was compared"
expect 3 silent.json --runs 20
says 'hello'
expect 3 right.json --op no.such --runs 20
expect 3 right.json --replay right.json
expect 3 right.json --seed xyz
echo "e2e_fuzz_adapter: every fault was found, cut down and found again, and the reference is fine"
