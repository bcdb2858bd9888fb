#!/bin/sh
# Behaves like a libFuzzer program towards assay fuzz, so that its tests need no clang. As what it
# is called decides how it fuzzes: fuzz-growing, fuzz-flat, fuzz-finding, fuzz-repeating,
# fuzz-hanging, fuzz-leaving, fuzz-flooding, fuzz-ending. Of those that faults are planted for,
# fuzz-json finds one by fuzzing, fuzz-sig in its seeds, fuzz-text also finds nothing planted, and
# fuzz-url_target cannot begin with one.
# What an input is, its first line decides when it is run alone:
#   claim X | overflow F | undefined F | leak F | slow | large F | once F | fine
set -u
name=${0##*/fuzz-}
prefix='' runs=10 merge='' minimise='' exact=''
first='' more=''
for arg in "$@"; do
    case $arg in
    -artifact_prefix=*) prefix=${arg#*=} ;;
    -exact_artifact_path=*) exact=${arg#*=} ;;
    -runs=*) runs=${arg#*=} ;;
    -merge=1) merge=1 ;;
    -minimize_crash=1) minimise=1 ;;
    -*) ;;
    *) if [ -z "$first" ]; then first=$arg; else more="$more $arg"; fi ;;
    esac
done

stack() {
    echo "    #0 0x1 in abort stdlib/abort.c:79:7"
    echo "    #1 0x2 in $1 /a/tree/ref/base/json.c:12:3"
    echo "    #2 0x3 in LLVMFuzzerTestOneInput /a/tree/fuzz/x.c:30:3"
}

# Runs one input: prints what a sanitizer would, and ends as libFuzzer does.
run_input() {
    read -r what which <"$1" || [ -n "$what" ]
    case $what in
    claim) echo "fuzz/x.c:3: does not hold: $which"; echo "==1== ERROR: libFuzzer: deadly signal"; exit 77 ;;
    overflow) echo "==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x$$"; stack "$which"; exit 77 ;;
    undefined) echo "ref/base/json.c:1:2: runtime error: signed integer overflow"; stack "$which"; exit 77 ;;
    leak) echo "==1==ERROR: LeakSanitizer: detected memory leaks"; stack "$which"; exit 23 ;;
    slow) echo "==1== ERROR: libFuzzer: timeout after 10 seconds"; stack spin; exit 70 ;;
    large) echo "==1== ERROR: libFuzzer: out-of-memory (malloc(9))"; stack "$which"; exit 71 ;;
    once)
        [ ! -e "$0.seen" ] || exit 0
        : >"$0.seen"
        echo "==1==ERROR: AddressSanitizer: SEGV on unknown address 0x0"
        stack "$which"
        exit 77
        ;;
    esac
}

if [ -n "$merge" ]; then
    # keeps the first input of each first line
    for folder in $more; do
        for file in "$folder"/*; do
            [ -f "$file" ] || continue
            line=$(head -n 1 "$file" | tr -c 'a-zA-Z0-9\n' _)
            [ -e "$first/$line" ] || cp "$file" "$first/$line"
        done
    done
    exit 0
fi
if [ -n "$minimise" ]; then
    head -n 1 "$first" >"$exact"
    exit 0
fi
if [ -f "$first" ]; then
    echo "Running: $first"
    run_input "$first"
    exit 0
fi

# A finding that says which fault is planted.
find_planted() {
    echo "claim <${ASSAY_PLANTED-nothing}> | is planted" >"${prefix}crash-0"
    printf '#7\tNEW cov: 5 ft: 5 corp: 1/1b exec/s: 7 rss: 3Mb\n'
    run_input "${prefix}crash-0"
}

count=$(find "$first" -type f | wc -l)
case $name in
growing)
    count=$((count + 1))
    echo "input $count" >"$first/input-$count"
    ;;
finding | repeating)
    n=0
    if [ "$name" = finding ]; then n=$(cat "$0.n" 2>/dev/null || echo 0); echo $((n + 1)) >"$0.n"; fi
    echo "claim a == b" >"${prefix}crash-$n"
    echo "$n" >>"${prefix}crash-$n"
    echo "#7	NEW cov: 5 ft: 5 corp: 1/1b exec/s: 7 rss: 3Mb"
    run_input "${prefix}crash-$n"
    ;;
hanging)
    trap '' INT
    sleep 1000 &
    echo $! >"$0.child"
    echo $$ >"$0.pid"
    while :; do sleep 1000; done
    ;;
leaving) # as afl-fuzz leaves what it compares with
    setsid sh -c 'echo $$ >"$1"; exec sleep 1000' sh "$0.child" &
    until [ -s "$0.child" ]; do sleep 0.01; done
    ;;
flooding) while :; do echo "a flood of lines, a flood of lines, a flood of lines, a flood of lines"; done ;;
ending) echo "cannot begin"; exit 1 ;;
json) [ -z "${ASSAY_PLANTED-}" ] || [ "$runs" = 1 ] || find_planted ;;
sig) [ -z "${ASSAY_PLANTED-}" ] || find_planted ;;
text) find_planted ;;
url_target) [ -z "${ASSAY_PLANTED-}" ] || { echo "cannot begin"; exit 1; } ;;
esac
printf '#2\tINITED cov: %s ft: %s corp: 1/1b exec/s: 0 rss: 2Mb\n' "$((count / 2))" "$count"
printf '#%s\tDONE cov: %s ft: %s corp: 1/1b exec/s: %s rss: 3Mb\n' "$runs" "$count" "$count" "$runs"
echo "stat::number_of_executed_units: $runs"
