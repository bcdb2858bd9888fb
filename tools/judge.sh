#!/bin/bash
# The step of a CI job: starts the service where it is told how, judges it, writes every report, ends
# the service, and exits with the run's status. What action.yml and docs/examples/gitlab.yml run.
#   ASSAY               the program (default: assay)
#   ASSAY_TARGET        target file; empty: the embedded references
#   ASSAY_NAMES         what to run, parted by spaces; empty: everything
#   ASSAY_START         shell command that starts the service; ASSAY_READY: URL that answers then
#   ASSAY_EXPECTATIONS  known failures, which do not count
#   ASSAY_FAIL_ON, ASSAY_SHARD, ASSAY_SEED, ASSAY_OUT (default out/assay)
# In GitHub Actions the summary of the job gets the Markdown report, and the output `status` the status; what
# kept the run from judging is an annotation and in the summary, too.
set -uo pipefail
assay=${ASSAY:-assay} out=${ASSAY_OUT:-out/assay} service='' is_over=''
READY_SECONDS=${READY_SECONDS:-60}
errors=$(mktemp) || exit 3

# One line for a workflow command or a log: what a service said is in it.
one_line() {
    tr -c '[:print:]' ' ' <<<"$*" | sed 's/  */ /g; s/ $//'
}

tell_github() {
    local text
    text=$(one_line "$*")
    [ -z "${GITHUB_ACTIONS:-}" ] || echo "::error title=Assay could not judge::${text//%/%25}"
    [ -z "${GITHUB_STEP_SUMMARY:-}" ] || printf '## Assay could not judge\n\n    %s\n' "$text" >>"$GITHUB_STEP_SUMMARY"
    [ -z "${GITHUB_OUTPUT:-}" ] || echo "status=3" >>"$GITHUB_OUTPUT"
}

trouble() {
    echo "judge: $(one_line "$*")" >&2
    tell_github "$*"
    exit 3
}

last_words() {
    local words
    words=$(one_line "$(tail -c 2000 "$out/service.log" | tail -5)")
    echo "its last words: ${words:-(none)}"
}

# The service leads a session of its own, so that all that it started ends with it.
stop_service() {
    [ -n "$service" ] || return 0
    kill -TERM -- "-$service" 2>/dev/null
    for _ in {1..50}; do
        kill -0 -- "-$service" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$service" 2>/dev/null
    wait "$service" 2>/dev/null
    service=
}
trap 'stop_service; rm -f "$errors"' EXIT
trap 'exit 130' INT TERM

# Whether an http URL answers anything.
answers() (
    rest=${1#http://}
    host=${rest%%[/?#]*}
    path=${rest#"$host"}
    port=${host##*:}
    [ "$port" != "$host" ] || port=80
    exec 2>/dev/null 3<>"/dev/tcp/${host%:*}/$port" || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "${path:-/}" "$host" >&3 || exit 1
    IFS= read -r -t 5 line <&3 || exit 1
    [[ $line == HTTP/* ]]
)

# A command that ends with 0 has put the service in the background, within the session.
see_command() {
    local status=0
    if [ -n "$is_over" ] || kill -0 "$service" 2>/dev/null; then return; fi
    is_over=1
    wait "$service" || status=$?
    [ "$status" = 0 ] || trouble "the service ended before it was there, with exit status $status; $(last_words)"
}

start_service() {
    [ -n "${ASSAY_READY:-}" ] || trouble "a service that is started needs a URL that answers once it is there (ready)"
    [[ $ASSAY_READY == http://* ]] || trouble "ready: expected a URL like http://127.0.0.1:8402/health, found \"$ASSAY_READY\""
    ! answers "$ASSAY_READY" || trouble "something answers at $ASSAY_READY before the service is started, and would be judged in its place: end it, or use another port"
    setsid bash -c "$ASSAY_START" >"$out/service.log" 2>&1 </dev/null &
    service=$!
    local until=$((SECONDS + READY_SECONDS))
    until answers "$ASSAY_READY"; do
        see_command
        [ "$SECONDS" -lt "$until" ] || trouble "the service did not answer at $ASSAY_READY within $READY_SECONDS s; $(last_words)"
        sleep 0.2
    done
    see_command # another one may answer
}

# An older program may lack a form of report.
reports() {
    local help form file wanted=()
    help=$("$assay" report --help)
    while read -r form file; do
        if grep -q "^  --$form " <<<"$help"; then wanted+=("--$form" "$out/$file"); fi
    done <<'FORMS'
junit junit.xml
html index.html
sarif assay.sarif
markdown summary.md
FORMS
    "$assay" report "$out" "${wanted[@]}" || return 3
    if [ -n "${GITHUB_ACTIONS:-}" ] && grep -q '^  --annotations ' <<<"$help"; then "$assay" report "$out" --annotations || return 3; fi
    if [ -n "${GITHUB_STEP_SUMMARY:-}" ] && [ -f "$out/summary.md" ]; then cat "$out/summary.md" >>"$GITHUB_STEP_SUMMARY"; fi
}

options=(--out "$out" --replace --fail-on "${ASSAY_FAIL_ON:-must}")
[ -z "${ASSAY_TARGET:-}" ] || options+=(--target "$ASSAY_TARGET")
[ -z "${ASSAY_EXPECTATIONS:-}" ] || options+=(--expectations "$ASSAY_EXPECTATIONS")
[ -z "${ASSAY_SHARD:-}" ] || options+=(--shard "$ASSAY_SHARD")
[ -z "${ASSAY_SEED:-}" ] || options+=(--seed "$ASSAY_SEED")
read -ra names <<<"${ASSAY_NAMES:-}"

mkdir -p "$out" || trouble "$out cannot be made"
[ -z "${ASSAY_START:-}" ] || start_service
{
    "$assay" run "${options[@]}" -- "${names[@]}" 2>&1 >&3 | tee "$errors" >&2
    status=${PIPESTATUS[0]}
} 3>&1
stop_service
case $status in
0 | 1 | 2 | 130) ;;
*)
    tell_github "assay run ended with status $status: $(tail -c 2000 "$errors")"
    exit 3
    ;;
esac
if [ -e "$out/run.json" ]; then
    reports || trouble "the reports cannot be written"
fi
[ -z "${GITHUB_OUTPUT:-}" ] || echo "status=$status" >>"$GITHUB_OUTPUT"
exit "$status"
