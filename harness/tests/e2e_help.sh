#!/bin/bash
# Completions and man pages say what --help says: bash and zsh complete, roff is clean. $1: the program.
set -euo pipefail
assay=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "e2e_help: $*" >&2
    exit 1
}

# ---- man pages ----

"$assay" man --dir "$work/man"
pages=("$work"/man/*.1)
[ ${#pages[@]} -gt 20 ] || fail "only ${#pages[@]} man pages"
for verb in $("$assay" --help | awk '/^  [a-z]/ { print $1 }'); do
    page=$work/man/assay-$verb.1
    [ -s "$page" ] || fail "$verb has no man page"
    "$assay" man "$verb" | cmp - "$page"
    # roff hides a dash behind a backslash
    "$assay" "$verb" --help | awk '/^  --/ { print $1 }' | while read -r option; do
        grep -qF -- "\\fB$option\\fR" <<<"$(sed 's/\\-/-/g' "$page")" || fail "$option is not in $page"
    done
done
grep -q 'assay\\-fuzz\\-run(1)' "$work/man/assay.1" || fail "assay(1) does not name assay-fuzz-run(1)"
! LC_ALL=C grep -n '[^ -~]' "${pages[@]}" || fail "a page has bytes that are no ASCII"
if command -v groff >/dev/null; then
    for page in "${pages[@]}"; do
        said=$(groff -ww -man -Tutf8 -P-cbou "$page" 2>&1 >"$work/page")
        [ -z "$said" ] || fail "groff: $page: $said"
        grep -q 'NAME' "$work/page" || fail "groff shows nothing of $page"
    done
else
    echo "e2e_help: groff is not installed: the pages were not set"
fi
if command -v mandoc >/dev/null; then
    # no date: the same program gives the same pages
    said=$(mandoc -Tlint -Wwarning "${pages[@]}" 2>&1 | grep -v 'missing date' || true)
    [ -z "$said" ] || fail "mandoc: $said"
fi

# ---- completion ----

"$assay" completion bash >"$work/assay.bash"
"$assay" completion zsh >"$work/_assay"
! command -v shellcheck >/dev/null || shellcheck -s bash "$work/assay.bash" || fail "shellcheck has something to say"
ln -s "$(realpath "$assay")" "$work/assay"
PATH=$work:$PATH

# complete WORDS…: what bash offers for the last of them.
complete_bash() {
    bash --norc -c '. "$0"; COMP_WORDS=(assay "$@"); COMP_CWORD=$#; _assay; printf "%s\n" "${COMPREPLY[@]}"' \
        "$work/assay.bash" "$@"
}
complete_zsh() {
    zsh -f -c 'compdef() { :; }; _files() { print -l -- *(N); }
        compadd() { local none=1 word; shift; for word; do [[ $word == "$words[CURRENT]"* ]] && { print -r -- "$word"; none=0; }; done; return none; }
        . "$1"; shift; words=(assay "$@"); CURRENT=$#words; _assay' zsh "$work/_assay" "$@" |
        grep -- "^${!#}" || true
}
wants() { # wants SHELL "offers" WORDS…: exactly these, sorted
    local how=$1 wanted=$2 found
    shift 2
    found=$("complete_$how" "$@" | sort -u | tr '\n' ' ')
    [ "${found% }" = "$wanted" ] || fail "$how offers \"$found\" for \"$*\", not \"$wanted\""
}
shells=(bash)
! command -v zsh >/dev/null || shells+=(zsh)
cd "$work/man"
for shell in "${shells[@]}"; do
    wants "$shell" "selftest serve" se
    wants "$shell" "--target" run --targ
    wants "$shell" "--public-key" bundle verify --pu
    wants "$shell" "keygen" bundle ke
    wants "$shell" "make" vectors m
    wants "$shell" "triage" fuzz t
    wants "$shell" "--tries" fuzz triage --tr
    wants "$shell" "facilitator" serve f
    wants "$shell" "kaspa.txid" verify kaspa.txi
    wants "$shell" "paid-tools" run --profile paid
    wants "$shell" "assay-doctor.1" report assay-do
    wants "$shell" "assay-doctor.1" run --target assay-do
    wants "$shell" "" run --seed assay-do
    wants "$shell" "paid-tools/honest_payment_is_served" run paid-tools/honest_pay
done
echo "e2e_help: ${#pages[@]} man pages; completion in: ${shells[*]}"
