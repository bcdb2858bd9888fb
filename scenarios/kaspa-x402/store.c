/* Threats store-exact, store-cache and store-durable: the store under kills, full disks, quotas and
 * several workers. Wherever the server dies, the payment is not lost and the handler does not run
 * twice. */
#include "peer/kaspa-x402/kills.h"

#include <errno.h>
#include <inttypes.h>

enum { CRASHES_MAX = 60, STOP_MS = 10000 };

/* A payment whose server was killed on its way, and what had become of it by then. */
struct survivor {
    struct peer_want want;
    const struct kxp_payment *paid;
    uint64_t runs_before;
    bool was_accepted; /* and so its handler may have been started, as far as the server knew */
};

static uint64_t runs_of(struct assay_case *t, const struct survivor *s)
{
    return case_executions(t) - s->runs_before;
}

static const struct peer_answer *ask_again(struct assay_case *t, const struct survivor *s,
                                           const char *label)
{
    return kxp_send_until_known(t, label, s->want, s->paid);
}

/* An operator is needed. Where the handler did not run, that is for a start mark alone: it is
 * neither lost nor due to the operator's invention that there is an answer. */
static const struct peer_answer *with_an_operator(struct assay_case *t, const struct survivor *s,
                                                  const struct peer_answer *answer)
{
    bool ran = runs_of(t, s) > 0;

    expect(t, ran || s->was_accepted,
           "the payment's one answer: it was not accepted yet when the server was killed, so that "
           "its handler cannot have been started",
           "%s", peer_look(t, answer).seen);
    if (!ran)
        case_observe(t, "killed before its handler ran",
                     "the identical retry is answered with %d until an operator says that it did "
                     "not run",
                     peer_status(answer));
    if (!ran && kxp_not_run(t, s->paid))
        return ask_again(t, s, "after the operator has said that the handler did not run");
    if (!kxp_can_recover(t))
        return answer;
    kxp_recover(t, s->paid, "supplied by the operator\n");
    return ask_again(t, s, "after the operator");
}

/* Whatever state the kill left behind: delivered once, now or by an operator. */
static void expect_survives(struct assay_case *t, const struct survivor *s)
{
    const struct peer_answer *answer;

    if (kxp_state(t, s->paid) == KASPA_TX_UNKNOWN) {
        answer = kxp_send(t, "after the restart, never submitted", s->want, s->paid);
        if (kxp_is_served(answer))
            return;
        kxp_submit_ourselves(t, &s->paid->tx);
    }
    if (kxp_state(t, s->paid) == KASPA_TX_IN_MEMPOOL)
        kxp_mine(t, 1);
    answer = s->was_accepted || runs_of(t, s) > 0 /* nothing more is waited for */
                 ? kxp_send_briefly(t, "the identical retry", s->want, s->paid)
                 : ask_again(t, s, "the identical retry");
    if (peer_status(answer) == 503)
        answer = with_an_operator(t, s, answer);
    expect(t, runs_of(t, s) <= 1, "at most one run of the handler", "%" PRIu64 " runs",
           runs_of(t, s));
    expect(t, kxp_is_served(answer) || (peer_status(answer) == 503 && !kxp_can_recover(t)),
           "the payment's one answer, now or once an operator has said what became of the handler",
           "%s", peer_seen(t, answer));
}

SCENARIO(no_kill_loses_a_payment_or_repeats_its_work,
         .title = "A server that is killed before any of its syncs or sends, or of its writes once "
                  "the handler runs, loses no payment and repeats no work",
         .threat = "store-exact", .rule = "store.durable", .ideas = "KX-141 KX-142 KX-143 KX-144",
         .catches = DEFECTS("kx.replay.memory_only", "kx.store.commit_in_two_steps",
                            "kx.handler.restart_reruns"),
         .needs = KXP_PAY | NEED_SUPERVISOR | NEED_ORIGIN, TABLE(kxp_kills))
{
    const struct kxp_kill *row = case_row(t);
    struct survivor s = {.want = peer_endpoint(t, "paid_get")};
    uint64_t n = 0;
    bool died = true;

    while (died && n < CRASHES_MAX) {
        s.paid = kxp_paid(t, s.want);
        s.runs_before = case_executions(t);
        died = kxp_dies_before(t, row, ++n, s.want, s.paid);
        s.was_accepted = kxp_state(t, s.paid) == KASPA_TX_ACCEPTED;
        if (died)
            kxp_restart(t);
        expect_survives(t, &s);
    }
    case_observe(t, row->name, "killed before each of %" PRIu64, n - 1);
    expect(t, n > 1, "at least one such call for a payment", "none");
}

SCENARIO(killed_handler_is_not_run_again,
         .title =
             "A server that is killed while the handler runs does not run it again, and says that "
             "an operator is needed",
         .threat = "handler-failure", .rule = "handler.once", .ideas = "KX-143",
         .catches = DEFECTS("kx.handler.restart_reruns"),
         .needs = KXP_PAY | NEED_LAUNCH | NEED_ORIGIN, .fresh = true)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    struct peer_cut *cut;

    origin_behave(case_origin(t), &(struct origin_rule){.behaviour = ORIGIN_STALL, .times = 1});
    cut = kxp_send_unheard(t, "pay", want, paid);
    instance_kill(case_instance(t));
    peer_hang_up(t, cut);
    origin_release(case_origin(t));
    kxp_restart(t);
    expect_later(t, kxp_send(t, "the identical retry", want, paid));
    expect_submissions(t, 1);
}

static const struct ending {
    const char *name;
    bool kill;
} endings[] = {{"stopped", false}, {"killed", true}};

SCENARIO(stored_answer_survives,
         .title = "The stored answer is the same after a restart: status, body, content type and "
                  "PAYMENT-RESPONSE",
         .threat = "store-cache", .rule = "store.cache", .ideas = "KX-144",
         .catches = DEFECTS("kx.replay.memory_only", "kx.cache.type_lost", "kx.cache.receipt_lost"),
         .needs = KXP_PAY | NEED_LAUNCH, .fresh = true, TABLE(endings))
{
    const struct ending *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *first = kxp_send_until_known(t, "pay", want, paid);
    struct assay_err err = {0};

    expect_delivered(t, first, paid);
    if (row->kill)
        instance_kill(case_instance(t));
    else if (instance_stop(case_instance(t), STOP_MS, &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the target could not be stopped: %s", err.text);
    kxp_restart(t);
    expect_cached(t, kxp_send(t, "the identical retry", want, paid), first);
}

static const struct result {
    const char *name;
    struct origin_rule rule;
} results[] = {
    {"201", {.status = 201, .times = 1}},
    {"404", {.status = 404, .behaviour = ORIGIN_FAIL, .times = 1}},
    {"another type", {.content_type = "text/html; charset=utf-8", .times = 1}},
    {"bytes",
     {.content_type = "application/octet-stream",
      .body = {(const uint8_t *)"\0\1\xff\xfe", 4},
      .body_set = true,
      .times = 1}},
    {"nothing", {.body_set = true, .times = 1}},
};

SCENARIO(stored_answer_is_the_first_one,
         .title = "The stored answer has status, body and content type of the handler's, whatever "
                  "they are",
         .threat = "store-cache", .rule = "store.cache", .ideas = "KX-047",
         .catches = DEFECTS("kx.cache.status_lost", "kx.cache.type_lost"),
         .needs = KXP_PAY | NEED_ORIGIN, TABLE(results))
{
    const struct result *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);
    const struct peer_answer *first;

    origin_behave(case_origin(t), &row->rule);
    first = kxp_send_until_known(t, "pay", want, paid);
    expect(t, peer_status(first) == (row->rule.status != 0 ? row->rule.status : 200),
           "the handler's status", "%s", peer_seen(t, first));
    expect_cached(t, kxp_send(t, "the identical retry", want, paid), first);
}

SCENARIO(receipt_names_what_was_paid,
         .title = "PAYMENT-RESPONSE names the computed transaction, the network and the amount in "
                  "sompi, first and from the store",
         .rests_on = PROFILE "/free_route_is_free", .threat = "store-cache",
         .rule = "settlement.response",
         .catches = DEFECTS("kx.http.no_receipt", "kx.http.receipt_of_offer"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want);

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
    expect_not_lost(t, want, paid);
}

static void forge_under_the_identifier(struct kxp_draft *d)
{
    d->identifier = d->arg;
    d->signer = kxp_stranger(d->t);
}

SCENARIO(stored_answer_needs_the_payment,
         .title = "Whoever names a known identifier without its payment is given no stored answer",
         .threat = "unpaid-access", .rule = "store.cache",
         .catches = DEFECTS("kx.unpaid.stored_answer_served"), .needs = KXP_PAY)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *paid = kxp_paid(t, want), *forged;

    expect_delivered(t, kxp_send_until_known(t, "pay", want, paid), paid);
    forged =
        kxp_bent(t, given_offer(t, want),
                 (struct kxp_bend){.text = forge_under_the_identifier, .arg = paid->identifier});
    expect_refused(t, kxp_send(t, "the identifier with a forgery", want, forged));
}

/* The node takes the submission and keeps silent: what was synced by then is what was synced before
 * it, since the server cannot know yet what becomes of it. */
SCENARIO(payment_is_synced_before_it_is_acted_upon,
         .title = "A payment is synced to the disk before it is submitted: what was acted upon "
                  "outlives the power",
         .threat = "store-durable", .rule = "store.durable",
         .catches = DEFECTS("kx.store.unsynced"), .needs = KXP_PAY | NEED_SUPERVISOR)
{
    struct supervisor *supervisor = kxp_supervisor(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *before = kxp_paid(t, want), *paid;
    struct peer_pending *pending;
    uint64_t syncs;

    supervisor_behave(supervisor, &(struct supervisor_rule){.calls = SUPERVISOR_SYNC});
    expect_delivered(t, kxp_send_until_known(t, "pay", want, before), before);
    kxp_end_unless_writes_are_seen(t);
    expect(t, supervisor_seen(supervisor, SUPERVISOR_SYNC) > 0, "at least one sync for a payment",
           "none, though files of the store were written");
    paid = kxp_paid(t, want);
    kxp_node_behaves(t, (struct kaspa_node_behaviour){.fault = KASPA_NODE_SILENT,
                                                      .fault_method = "submitTransaction",
                                                      .fault_times = 1});
    supervisor_behave(supervisor, &(struct supervisor_rule){.calls = SUPERVISOR_SYNC});
    pending = peer_send_beside(t, NULL, "pay, and the node takes the submission in silence", want,
                               kxp_headers(paid));
    if (!kxp_await_submissions(t, 2))
        case_end(t, VERDICT_BROKEN, "a second payment was not submitted");
    syncs = supervisor_seen(supervisor, SUPERVISOR_SYNC);
    (void)peer_finish(t, pending);
    kxp_node_is_sound(t);
    expect(t, syncs > 0, "a sync between the request and the submission of its payment",
           "none: the payment was submitted before anything of it was on the disk");
    expect_not_lost(t, want, paid);
}

/* ---- disks and quotas ---- */

static const struct disk {
    const char *name;
    int error;
} disks[] = {{"no space", ENOSPC}, {"an error", EIO}, {"read-only", EROFS}};

SCENARIO(
    store_that_cannot_be_written_delivers_nothing,
    .title = "A server whose store cannot be written delivers nothing and submits nothing, and "
             "serves again when it can",
    .threat = "store-exact", .rule = "store.fail-closed", .catches = DEFECTS("kx.store.fails_open"),
    .needs = KXP_PAY | NEED_SUPERVISOR, TABLE(disks))
{
    const struct disk *row = case_row(t);
    struct supervisor *supervisor = kxp_supervisor(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *before = kxp_paid(t, want), *paid;

    supervisor_behave(supervisor, &(struct supervisor_rule){.calls = SUPERVISOR_SYNC});
    expect_delivered(t, kxp_send_until_known(t, "while it can be written", want, before), before);
    kxp_end_unless_writes_are_seen(t);
    paid = kxp_paid(t, want);
    supervisor_behave(supervisor, &(struct supervisor_rule){.calls = SUPERVISOR_DURABLE,
                                                            .fail_errno = row->error});
    expect_not_served(t, kxp_send(t, "while the store fails", want, paid));
    expect_submissions(t, 1);
    supervisor_behave(supervisor, NULL);
    expect_not_lost(t, want, paid);
}

enum { MORE_THAN_FITS = 6 };

SCENARIO(full_store_refuses_new_payments_and_keeps_the_old,
         .title = "A full store refuses new payments, and the answers it has are still given",
         .threat = "store-exact", .rule = "store.quota", .ideas = "KX-148",
         .catches = DEFECTS("kx.store.evicts"), .variant = "small_store", .uses_up = true,
         .needs = KXP_PAY | NEED_ORIGIN)
{
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct kxp_payment *first = kxp_paid(t, want);
    const struct peer_answer *answer = kxp_send_until_known(t, "the first", want, first);
    bool was_refused = false;

    expect_delivered(t, answer, first);
    for (int i = 1; i < MORE_THAN_FITS && !was_refused; i++) {
        const struct kxp_payment *more = kxp_paid(t, want);

        was_refused = !kxp_is_served(kxp_send(t, "one more", want, more));
    }
    expect(t, was_refused, "a refusal once the store is full", "%d payments were served",
           MORE_THAN_FITS);
    expect_cached(t, kxp_send(t, "the first, again", want, first), answer);
}

SCENARIO(writes_that_wait_open_no_window,
         .title = "However slow the disk, of copies of one payment at once one runs the handler",
         .threat = "store-exact", .rule = "store.atomic", .ideas = "KX-048",
         .catches = DEFECTS("kx.store.claim_in_two_steps"),
         .needs = KXP_PAY | NEED_SUPERVISOR | NEED_ORIGIN)
{
    struct supervisor *supervisor = kxp_supervisor(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    supervisor_behave(supervisor,
                      &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .hold_ms = 10});
    for (int round = 0; round < 4; round++) {
        const struct kxp_payment *paid = kxp_paid(t, want);

        expect_one_run(t, kxp_copies(t, "copy", want, paid, 32), 32);
        expect_not_lost(t, want, paid);
    }
    expect(t, kxp_submissions(t) <= 4, "one submission for each of 4 payments",
           "%" PRIu64 " submissions", kxp_submissions(t));
}

SCENARIO(copies_of_an_accepted_payment_run_once,
         .title = "Of copies that all find their payment accepted at once one runs the handler, "
                  "however slow the disk",
         .threat = "store-exact", .rule = "handler.once", .ideas = "KX-048",
         .catches = DEFECTS("kx.store.start_mark_in_two_steps"),
         .needs = KXP_PAY | NEED_SUPERVISOR | NEED_ORIGIN)
{
    struct supervisor *supervisor = kxp_supervisor(t);
    struct peer_want want = peer_endpoint(t, "paid_get");

    for (int round = 0; round < 6; round++) {
        const struct kxp_payment *paid = kxp_paid(t, want);

        kxp_mining(t, false);
        expect_later(t, kxp_send(t, "not accepted yet", want, paid));
        kxp_mine(t, 1);
        supervisor_behave(supervisor,
                          &(struct supervisor_rule){.calls = SUPERVISOR_SYNC, .hold_ms = 10});
        expect_one_run(t, kxp_copies(t, "copy", want, paid, 16), 16);
        supervisor_behave(supervisor, NULL);
        expect_not_lost(t, want, paid);
    }
}
