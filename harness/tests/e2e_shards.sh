#!/bin/bash
# Shards of a run, merged, are the run; and what compare, trend and matrix say of several runs. $1: the program.
set -euo pipefail
assay=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
seed=00000000000000a5

fail() { echo "e2e_shards: $*" >&2; exit 1; }
expect() { # STATUS COMMAND...: its output is in $folder/said
    local want=$1 rc=0
    shift
    "$@" >"$folder/said" 2>&1 || rc=$?
    [ "$rc" = "$want" ] || { cat "$folder/said"; fail "$* gave exit status $rc, not $want"; }
}
says() { grep -qF -- "$1" "$folder/said" || { cat "$folder/said"; fail "expected: $1"; }; }

whole_and_merged() { # NAME STATUS OPTIONS...: run as a whole and in three shards, which come to the same
    local name=$1 want=$2 i
    shift 2
    expect "$want" "$assay" run --no-self-check --seed $seed --out "$folder/$name" "$@"
    for i in 1 2 3; do
        "$assay" run --no-self-check --seed $seed --shard $i/3 --out "$folder/$name-$i" "$@" >/dev/null || [ $? -le "$want" ] ||
            fail "shard $i of $name"
    done
    expect "$want" "$assay" report merge "$folder/$name-merged" "$folder/$name-3" "$folder/$name-1" "$folder/$name-2"
    for i in "$name" "$name-merged" "$name-1"; do "$assay" report "$folder/$i" --projection "$folder/$i.cases"; done
    cmp "$folder/$name.cases" "$folder/$name-merged.cases" || fail "the merged shards of $name are not the whole"
    ! cmp -s "$folder/$name.cases" "$folder/$name-1.cases" || fail "shard 1 of $name is the whole"
}

whole_and_merged good 0 --profile paid-tools proof-replay forged-proof
whole_and_merged bad 1 --profile paid-tools --defect nonce.two_steps proof-replay forged-proof
# A control judges nothing.
whole_and_merged named 2 --profile paid-tools paid-tools/honest

expect 3 "$assay" report merge "$folder/no" "$folder/good-1" "$folder/good-2"
says "there are 2 of 3 shards"
expect 3 "$assay" report merge "$folder/no" "$folder/good-1" "$folder/good-2" "$folder/good-2"
says "are both shard 2 of 3"
expect 3 "$assay" report merge "$folder/no" "$folder/good-1" "$folder/bad-2" "$folder/good-3"
says "differs"
expect 3 "$assay" report merge "$folder/no" "$folder/good" "$folder/good-2" "$folder/good-3"
says "is no shard"
sed 's/"seed":"'$seed'"/"seed":"00000000000000a6"/' "$folder/good-2/run.json" >"$folder/other.json"
expect 3 "$assay" report merge "$folder/no" "$folder/good-1" "$folder/other.json" "$folder/good-3"
says "their seed differs"
for i in 1 2 3; do
    mkdir "$folder/old-$i"
    sed -E 's/"assay":\{"version":"[^"]*"/"assay":{"version":"0.0.1"/' "$folder/good-$i/run.json" >"$folder/old-$i/run.json"
done
expect 3 "$assay" report merge "$folder/no" "$folder"/old-[123]
says "merge with the version that ran them"
head -c 4000 "$folder/good-2/run.json" >"$folder/cut.json"
expect 3 "$assay" report merge "$folder/no" "$folder/good-1" "$folder/cut.json" "$folder/good-3"
[ ! -e "$folder/no" ] || fail "a refused merge has written something"
expect 3 "$assay" report merge "$folder/good-merged" "$folder"/good-[123]
says "is there already"
expect 0 "$assay" report merge "$folder/good-merged" "$folder"/good-[123] --replace
expect 3 "$assay" run --shard 1/3 --out "$folder/no"
says "--shard needs --seed"
for wrong in 0/3 4/3 1/0 1/1001 x -1/3 1/3x; do expect 3 "$assay" run --seed $seed --shard=$wrong --out "$folder/no"; done

expect 0 "$assay" report compare "$folder/good" "$folder/good-merged"
says "no regression: 0 broken, 0 new failure, 0 fixed, "
expect 1 "$assay" report compare "$folder/good" "$folder/bad" --markdown "$folder/changes.md"
says "REGRESSION: "
says "repeat    assay replay $folder/bad"
grep -q '^### broken: ' "$folder/changes.md" || fail "the Markdown has no broken cases"
expect 0 "$assay" report compare "$folder/bad" "$folder/good"
says "fixed: "
expect 2 "$assay" report compare "$folder/good" "$folder/named"
says "the later run is INVALID"
expect 3 "$assay" report compare "$folder/good" "$folder/cut.json"
expect 3 "$assay" report compare "$folder/good"
expect 0 "$assay" report trend "$folder/bad" "$folder/good"
[ "$(sed -n 2p "$folder/said" | cut -d' ' -f1)" = "$folder/good" ] || fail "the trend does not begin with the oldest run"
expect 0 "$assay" report matrix "$folder/good" "$folder/bad"
says "paid-tools/proof-replay"
expect 3 "$assay" report trend
echo "e2e_shards: merged shards are the whole, and several runs compare"
