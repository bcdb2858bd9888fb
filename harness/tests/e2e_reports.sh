#!/bin/bash
# Every report of a failing run, of the same run with hostile texts and of an INVALID one is put to readers that are
# not ours: JSON schemas (reports/schema), xmllint, prove. $1: the program.
set -euo pipefail
assay=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$(dirname "$0")/../.."

fail() { echo "e2e_reports: $*" >&2; exit 1; }

# The distribution's Python: another one may lack the module.
python=
for p in /usr/bin/python3 python3; do
    if "$p" -c 'import jsonschema' 2>/dev/null; then python=$p; break; fi
done
[ -n "$python" ] || echo "e2e_reports: python3-jsonschema is not installed: no schema is checked"
command -v xmllint >/dev/null || echo "e2e_reports: xmllint is not installed: JUnit is not checked"
command -v prove >/dev/null || echo "e2e_reports: prove is not installed: TAP is not checked"

schema() { # FILE KIND
    [ -n "$python" ] || return 0
    "$python" -W ignore -m jsonschema -i "$1" "reports/schema/$2.json" | cut -c1-2000 ||
        fail "$1 is not what reports/schema/$2.json says"
}

# TAP::Harness knows version 13, where a subtest is unknown text; each is taken out and read by itself.
tap() { # FILE STATUS: of the whole, 0 or 1
    command -v prove >/dev/null || return 0
    local rc=0 part
    sed '1s/.*/TAP version 13/' "$1" >"$1.13"
    prove -e cat "$1.13" >"$1.log" 2>&1 || rc=1
    [ "$rc" = "$2" ] || { cat "$1.log"; fail "prove says $rc of $1, expected $2"; }
    ! grep -q 'Parse errors' "$1.log" || { cat "$1.log"; fail "$1 is not TAP"; }
    rm -rf "$1.parts" && mkdir "$1.parts"
    awk -v to="$1.parts/" '/^# Subtest: /{n++; print "TAP version 13" >(to n); next} /^    /{print substr($0, 5) >(to n)}' "$1"
    for part in "$1.parts"/*; do
        prove -e cat "$part" >"$part.log" 2>&1 || true
        ! grep -q 'Parse errors' "$part.log" || { cat "$part.log"; fail "subtest ${part##*/} of $1 is not TAP"; }
    done
}

check() { # RUN STATUS-OF-TAP
    local run=$1 out=$1.out
    mkdir -p "$out"
    "$assay" report "$run" --html "$out/html" --junit "$out/junit" --sarif "$out/sarif" --markdown "$out/markdown" \
        --tap "$out/tap" --ctrf "$out/ctrf" --har "$out/har" --audit "$out/audit" --annotations >"$out/annotations" || fail "no report of $run"
    for kind in sarif ctrf har; do schema "$out/$kind" $kind; done
    ! command -v xmllint >/dev/null || xmllint --noout "$out/junit" || fail "$out/junit is not XML"
    ! grep -qE '<(script|img|iframe|object|link)' "$out/audit" || fail "$out/audit fetches or runs something"
    tap "$out/tap" "$2"
    ! grep -vE '^::(error|warning|notice) title=[^:,]*::' "$out/annotations" || fail "an annotation is more than one"
    ! grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$out"/{sarif,ctrf,har,tap,markdown,annotations,audit} || fail "controls stand in a report"
    ! grep -d skip -lE "$ASSAY_TEST_SECRET|$(printf %s "$ASSAY_TEST_SECRET" | base64 | cut -c1-28)" "$out"/* || fail "a report holds a secret"
    ! grep -nE '<script|\]\(|://' "$out/markdown" || fail "the summary holds more than text"
}

# The embedded servers' secret, which no report may hold.
export ASSAY_TEST_SECRET=canary-5e1f0c7a93d2b8465e1f0c7a93d2b8465e1f0c7a
rc=0
"$assay" run --profile paid-tools --defect nonce.two_steps proof-replay forged-proof --out "$folder/failing" --no-self-check \
    --sarif "$folder/run.sarif" --junit "$folder/run.junit" >"$folder/said" || rc=$?
[ "$rc" = 1 ] || { cat "$folder/said"; fail "the broken server gave exit status $rc, not 1"; }
check "$folder/failing" 1
cmp "$folder/run.sarif" "$folder/failing.out/sarif" || fail "run and report write different SARIF"
cmp "$folder/run.junit" "$folder/failing.out/junit" || fail "run and report write different JUnit"
grep -q '"executionSuccessful":true' "$folder/run.sarif" || fail "a valid run is not called so"

# What checks is checked: each schema refuses a file that lacks a member.
sed 's/"version":/"other":/g' "$folder/run.sarif" >"$folder/wrong"
for kind in sarif ctrf har; do
    [ -z "$python" ] || ! "$python" -W ignore -m jsonschema -i "$folder/wrong" "reports/schema/$kind.json" >/dev/null 2>&1 ||
        fail "reports/schema/$kind.json takes what it must not"
done

hostile='<\/script><script>alert(1)<\/script>]]>\\n::error::x\\r##[error]\\u001b[31m \\u202e ![a](http:\/\/evil.example) | `@b` # TODO %0A'
mkdir "$folder/hostile"
sed -E "s/\"(seen|expected|title|sentence|remedy|replay|text|target|outcome|label)\":\"/&$hostile/g" \
    "$folder/failing/run.json" >"$folder/hostile/run.json"
check "$folder/hostile" 1
grep -qF '::error' "$folder/hostile.out/annotations" || fail "the hostile run has no annotation"

rc=0
"$assay" run --profile paid-tools --defect nonce.two_steps paid-tools/honest --out "$folder/invalid" --no-self-check >/dev/null || rc=$?
[ "$rc" = 2 ] || fail "a run that judges nothing gave exit status $rc, not 2"
check "$folder/invalid" 1
grep -q '^Bail out!' "$folder/invalid.out/tap" || fail "TAP of an INVALID run does not bail out"
grep -q '"executionSuccessful":false' "$folder/invalid.out/sarif" || fail "SARIF calls an INVALID run successful"
# The PDF: where there is no browser nothing is written.
rc=0
PATH=$folder "$assay" report "$folder/invalid" --audit "$folder/no.html" --audit-pdf "$folder/no.pdf" 2>"$folder/said" || rc=$?
[ "$rc" = 3 ] && grep -q 'install the package chromium' "$folder/said" || fail "without a browser: exit status $rc, not 3"
[ ! -e "$folder/no.pdf" ] && [ ! -e "$folder/no.html" ] || fail "without a browser something was written"
mkdir "$folder/wrong-browser" && ln -s /bin/true "$folder/wrong-browser/chromium"
rc=0
PATH=$folder/wrong-browser TMPDIR=$folder "$assay" report "$folder/invalid" --audit-pdf "$folder/no.pdf" 2>"$folder/said" || rc=$?
[ "$rc" = 3 ] && [ ! -e "$folder/no.pdf" ] || fail "a browser that prints nothing: exit status $rc, not 3"
[ -z "$(find "$folder" -maxdepth 1 -name 'assay-pdf-*')" ] || fail "the browser's folder is left"
if command -v chromium >/dev/null; then
    "$assay" report "$folder/hostile" --audit-pdf "$folder/audit.pdf" || fail "no PDF of the hostile run"
    [ "$(head -c 5 "$folder/audit.pdf")" = %PDF- ] || fail "what was printed is no PDF"
else
    echo "e2e_reports: chromium is not installed: no PDF is printed"
fi
echo "e2e_reports: every report of three runs is what its readers take"
