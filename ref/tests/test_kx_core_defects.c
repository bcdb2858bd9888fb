/* Every seeded defect of the decision core shows: what holds of the correct one does not hold with
 * the defect switched on. See defects/kaspa_x402.def. */
#include "ref/tests/kx_shop.h"

#include "base/base64.h"
#include "base/hex.h"
#include "ref/tests/seeded.h"

static struct shop shop;
static struct kx_world *world; /* of the payment in `paid` */
static struct shop_ask paid;

static void open_shop(void)
{
    shop_open(&shop);
    paid = (struct shop_ask){.target = NULL};
}

static void close_shop(void)
{
    if (world != NULL)
        kx_world_free(world);
    world = NULL;
    shop_close(&shop);
}

/* A payment for what is asked by an entry of the offer, changed before it is signed and after. */
static void make(const struct shop_ask *ask, size_t entry, kx_hook *change, kx_hook *after)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE);

    if (entry != 0)
        shop_register_head(&shop, head);
    kx_world_free(head);
    world = shop_offer(&shop, ask, entry);
    if (change != NULL)
        change(world);
    paid = *ask;
    paid.payment = shop_seal(&shop, world);
    if (after == NULL)
        return;
    after(world);
    paid.payment = shop_header(&shop, world->payment);
}

static void make_report(kx_hook *change, kx_hook *after)
{
    make(&(struct shop_ask){.target = "/report"}, 0, change, after);
}

static struct shop_reply send_paid(void)
{
    return shop_send(&shop, &paid);
}

/* ---- changes ---- */

/* NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared here */
#define EDIT(name, object, path, value)                                                            \
    static void name(struct kx_world *w)                                                           \
    {                                                                                              \
        kx_world_edit(w->object, path, value);                                                     \
    }
/* NOLINTEND(bugprone-macro-parentheses) */

EDIT(term_note, accepted, "extra.note", "\"x\"")
EDIT(term_timeout, accepted, "maxTimeoutSeconds", "61")
EDIT(term_finality, accepted, "extra.finality", "\"accepted\"")
EDIT(term_asset, accepted, "asset", "\"ETH\"")
EDIT(term_network, accepted, "network", "\"KASPA:TESTNET-10\"")
EDIT(term_threshold, accepted, "extra.additiveThresholdSompi", "\"10000001\"")
EDIT(term_challenge, accepted, "extra.challengeExpiresAt", "\"2098-12-31T23:59:44.000Z\"")
EDIT(sent_schema, payment, "extensions.payment-identifier.schema", "{\"type\":\"object\"}")
EDIT(sent_no_identifier, payment, "extensions", NULL)

static void term_amount(struct kx_world *w)
{
    kx_world_edit(w->accepted, "amount", "\"19999999\"");
    w->outputs[0].value--;
}

static void term_script(struct kx_world *w)
{
    struct assay_bytes script = kx_world_script(w, &w->stranger);

    w->outputs[0].spk.script = script;
    (void)json_object_set_new(json_object_get(w->accepted, "extra"), "payToScriptPublicKey",
                              kx_world_spk_hex(script));
}

static void term_pay_to(struct kx_world *w)
{
    struct kaspa_address address;
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];

    term_script(w);
    cr_assert(kaspa_address_of_script(&address, &w->outputs[0].spk, KASPA_TESTNET));
    kaspa_address_encode(text, &address);
    kx_world_set(w->accepted, "payTo", text);
}

/* A text member with its letters up to `last` in upper case. */
static void raise_case(json_t *object, const char *name, char last)
{
    const char *lower = json_string_value(json_object_get(object, name));
    char text[128] = "";

    for (size_t i = 0; lower[i] != '\0'; i++) {
        bool is_raised = lower[i] >= 'a' && lower[i] <= last;

        text[i] = is_raised ? (char)(lower[i] - 'a' + 'A') : lower[i];
    }
    kx_world_set(object, name, text);
}

static void term_pay_to_case(struct kx_world *w)
{
    raise_case(w->accepted, "payTo", 'z');
}

/* What is hashed is in lower case (section 4). */
static void sent_script_case(struct kx_world *w)
{
    json_t *accepted = json_deep_copy(w->accepted);

    raise_case(json_object_get(accepted, "extra"), "payToScriptPublicKey", 'f');
    (void)json_object_set_new(w->payment, "accepted", accepted);
}

static void sent_profile(struct kx_world *w)
{
    kx_world_set(kx_world_payload(w), "profile", "additive");
    kx_world_set(kx_world_payload(w), "challengeId",
                 "9191919191919191919191919191919191919191919191919191919191919191");
}

static void foreign_signer(struct kx_world *w)
{
    w->signer = &w->stranger;
}

static void foreign_change(struct kx_world *w)
{
    w->change.script = kx_world_script(w, &w->stranger);
}

static void lock_time(struct kx_world *w)
{
    w->plan.lock_time = 1;
}

static void two_sig_ops(struct kx_world *w)
{
    w->spends[0].commit = 2;
}

static void all_fee(struct kx_world *w)
{
    w->plan.change = NULL;
}

static void no_fee(struct kx_world *w)
{
    w->plan.change = NULL;
    w->spends[0].utxo.amount = KX_WORLD_AMOUNT;
    shop.utxos[0].amount = KX_WORLD_AMOUNT;
}

static void spend_twice(struct kx_world *w)
{
    w->spends[1] = w->spends[0];
    w->plan.spend_count = 2;
}

static void spend_script(struct kx_world *w)
{
    static const uint8_t always[] = {0x51};
    uint8_t room[KASPA_SPK_SCRIPT_HASH_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_script_hash(&script, assay_bytes_of(always, sizeof(always)));
    w->spends[1] = w->spends[0];
    w->spends[1].kind = KASPA_SPEND_SCRIPT_HASH;
    w->spends[1].key = NULL;
    w->spends[1].outpoint.index = 1;
    w->spends[1].commit = 1;
    w->spends[1].redeem = assay_bytes_of(always, sizeof(always));
    w->spends[1].utxo.spk.script = assay_arena_copy(&w->arena, assay_buf_view(&script));
    w->plan.spend_count = 2;
}

static void sign_none(struct kx_world *w)
{
    w->sighash = KASPA_SIGHASH_NONE;
}

static void far(struct kx_world *w)
{
    w->expires_at = "2099-01-01T00:00:00.001Z";
}

static void expired(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:00.000Z";
}

static void for_a_foreign_host(struct kx_world *w)
{
    w->url = "http://evil.test:8402/report";
}

static void other_identifier(struct kx_world *w)
{
    w->identifier = "another_identifier_0001";
}

static void other_resource(struct kx_world *w)
{
    w->url = SHOP_URL "/other";
}

static void other_coin(struct kx_world *w)
{
    shop_other_coin(w, 0x42);
}

static void later_expiry(struct kx_world *w)
{
    w->expires_at = "2098-12-31T23:59:31.000Z";
}

/* Changes the transaction's text as it is sent. */
static void edit_transaction(struct kx_world *w, const char *member, const char *value)
{
    json_t *payload = kx_world_payload(w);
    json_t *text = json_loads(json_string_value(json_object_get(payload, "transaction")), 0, NULL);
    char *changed;

    kx_world_edit(text, member, value);
    changed = json_dumps(text, JSON_COMPACT);
    kx_world_set(payload, "transaction", changed);
    free(changed);
    json_decref(text);
}

static void sent_id(struct kx_world *w)
{
    edit_transaction(w, "id",
                     "\"9999999999999999999999999999999999999999999999999999999999999999\"");
}

static void sent_mass(struct kx_world *w)
{
    edit_transaction(w, "storageMass", "\"1\"");
}

static void sent_no_mass(struct kx_world *w)
{
    edit_transaction(w, "storageMass", NULL);
}

static void sent_note(struct kx_world *w)
{
    edit_transaction(w, "note", "1");
}

/* A funding signature of nobody. */
static void sent_signature(struct kx_world *w)
{
    uint8_t push[KASPA_SIGNATURE_PUSH_BYTES] = {ASSAY_SIG_BYTES + 1};

    push[sizeof(push) - 1] = KASPA_SIGHASH_ALL;
    w->inputs[0].signature_script = assay_bytes_of(push, sizeof(push));
    kx_world_write(w);
    kx_world_pay(w);
}

static void sent_padding(struct kx_world *w)
{
    char text[16000];
    json_t *list = json_array();

    memset(text, 'x', sizeof(text));
    for (int i = 0; i < 4; i++)
        (void)json_array_append_new(list, json_stringn(text, sizeof(text)));
    (void)json_object_set_new(w->payment, "padding", list);
}

/* The challenge id of the terms as they are now. */
static void challenge_again(struct kx_world *w)
{
    struct assay_json doc = kx_world_doc(w, w->accepted);
    char id[X402_HASH_TEXT_BYTES];
    struct x402_terms terms;
    struct kx_terms read;

    cr_assert_eq(x402_terms_read(&terms, &w->arena, &doc, 0, NULL), X402_FAULT_NONE);
    cr_assert_eq(kx_terms_read(&read, &w->arena, &doc, &terms, NULL), KX_TERMS_OK);
    cr_assert_eq(kx_additive_challenge_id(id, &read), ASSAY_OK);
    kx_world_set(json_object_get(w->accepted, "extra"), "challengeId", id);
}

static void dust_at_the_head(struct kx_world *w)
{
    w->spends[0].outpoint.index = 1;
    w->spends[0].utxo.amount /= 2;
    w->outputs[0].value -= w->spends[0].utxo.amount;
    kx_world_edit(w->accepted, "extra.expectedHeadOutpoint.index", "1");
    kx_world_edit(w->accepted, "extra.headAmount", "\"50000000\"");
    challenge_again(w);
}

/* ---- forgeries are refused ---- */

static void coin_of_more(void)
{
    shop.utxos[0].amount++;
}

static void coin_too_young(void)
{
    shop.utxos[0].is_coinbase = true;
    shop.utxos[0].block_daa_score = KX_WORLD_AMOUNT;
}

static void head_moves(void)
{
    struct kaspa_outpoint next = {{{0x77}}, 0};
    struct kx_head_record head;
    uint8_t id[32];
    bool applied = false;

    memset(id, 0x90, sizeof(id));
    cr_assert_eq(shop.store->ops->load_head(shop.store, &head, id, NULL), ASSAY_OK);
    cr_assert_eq(shop.store->ops->move_head(shop.store, &head, &next, head.amount + 10000000, 1,
                                            &applied, NULL),
                 ASSAY_OK);
    cr_assert(applied);
}

static void confirmed_is_asked_for(void)
{
    shop.core.policy.finality = KX_FINALITY_CONFIRMED;
}

static void two_headers(void)
{
    paid.payment = assay_arena_printf(&shop.arena, "%s, e30=", paid.payment);
}

/* The amount that is offered, and behind it the one that is paid. */
static void amount_twice(void)
{
    char *text = json_dumps(world->payment, JSON_COMPACT | JSON_SORT_KEYS);
    const char *at = text != NULL ? strstr(text, "\"amount\":") : NULL;
    struct assay_buf twice = ASSAY_BUF_INIT(1 << 20), header = ASSAY_BUF_INIT(1 << 20);

    cr_assert_not_null(at);
    assay_buf_printf(&twice, "%.*s\"amount\":\"%llu\",%s", (int)(at - text), text,
                     (unsigned long long)KX_WORLD_AMOUNT, at);
    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_buf_view(&twice));
    paid.payment = assay_arena_printf(&shop.arena, "%s", assay_buf_cstr(&header));
    assay_buf_fini(&twice);
    assay_buf_fini(&header);
    free(text);
}

struct forgery {
    const char *defect;
    struct shop_ask ask, sent; /* sent.target NULL: what was asked */
    size_t entry;
    kx_hook *change, *after;
    void (*before)(void), (*meanwhile)(void);
};

#define REPORT                                                                                     \
    {                                                                                              \
        .target = "/report"                                                                        \
    }
#define ADDITIVE                                                                                   \
    {                                                                                              \
        .target = "/additive"                                                                      \
    }

static const struct forgery forgeries[] = {
    {"kx.offer.unmatched", REPORT, .change = term_note},
    {"kx.offer.additions_renew", REPORT, .change = term_note},
    {"kx.http.members_twice", REPORT, .change = term_amount, .meanwhile = amount_twice},
    {"kx.offer.without_amount", REPORT, .change = term_amount},
    {"kx.offer.without_pay_to", REPORT, .change = term_pay_to},
    {"kx.offer.without_finality", REPORT, .change = term_finality,
     .before = confirmed_is_asked_for},
    {"kx.offer.without_timeout", REPORT, .change = term_timeout},
    {"kx.offer.without_asset", REPORT, .change = term_asset},
    {"kx.offer.without_network", REPORT, .change = term_network},
    {"kx.terms.pay_to_case", REPORT, .change = term_pay_to_case},
    {"kx.terms.script_unchecked", REPORT, .change = term_script},
    {"kx.terms.profile_unchecked", REPORT, .after = sent_profile},
    {"kx.terms.head_unchecked", ADDITIVE, .entry = 1, .change = term_threshold},
    {"kx.id.believed", REPORT, .after = sent_id},
    {"kx.consensus.unchecked", REPORT, .meanwhile = coin_too_young},
    {"kx.outpoints.twice", REPORT, .change = spend_twice},
    {"kx.encoding.lenient", REPORT, .after = sent_no_mass},
    {"kx.change.foreign", REPORT, .change = foreign_change},
    {"kx.context.unchecked", REPORT, .change = lock_time},
    {"kx.commitments.unchecked", REPORT, .change = two_sig_ops},
    {"kx.mass.believed", REPORT, .after = sent_mass},
    {"kx.fee.unlimited", REPORT, .change = all_fee},
    {"kx.fee.unrelayed", REPORT, .change = no_fee},
    {"kx.hints.believed", REPORT, .meanwhile = coin_of_more},
    {"kx.funding.unverified", REPORT, .after = sent_signature},
    {"kx.funding.any_script", REPORT, .change = spend_script},
    {"kx.authorization.unverified", REPORT, .change = foreign_signer},
    {"kx.request.unbound", REPORT, .sent = {.target = "/other"}},
    {"kx.request.without_query", REPORT, .sent = {.target = "/report?a=1"}},
    {"kx.request.without_body",
     {.method = "POST", .target = "/action", .body = "a"},
     .sent = {.method = "POST", .target = "/action", .body = "b"}},
    {"kx.request.without_method",
     {.target = "/notes"},
     .sent = {.method = "POST", .target = "/notes"}},
    {"kx.request.without_caller",
     {.target = "/private", .token = SHOP_TOKEN},
     .sent = {.target = "/private", .token = SHOP_TOKEN_B}},
    {"kx.request.host_believed", REPORT, .sent = {.target = "/report", .host = "evil.test:8402"},
     .change = for_a_foreign_host},
    {"kx.identity.by_recipient", REPORT, .change = for_a_foreign_host},
    {"kx.identifier.unenforced", REPORT, .after = sent_no_identifier},
    {"kx.identifier.echo_unchecked", REPORT, .after = sent_schema},
    {"kx.expiry.unchecked", REPORT, .change = expired},
    {"kx.expiry.far", REPORT, .change = far},
    {"kx.expiry.milliseconds", REPORT, .change = far},
    {"kx.head.stale", ADDITIVE, .entry = 1, .meanwhile = head_moves},
    {"kx.head.challenge_unchecked", ADDITIVE, .entry = 1, .change = term_challenge},
    {"kx.head.adopts_dust", ADDITIVE, .entry = 1, .change = dust_at_the_head},
    {"kx.http.first_of_two", REPORT, .meanwhile = two_headers},
};

static bool is_refused(const struct forgery *f)
{
    struct shop_reply reply;
    const char *payment;

    if (f->before != NULL)
        f->before();
    make(&f->ask, f->entry, f->change, f->after);
    payment = paid.payment;
    if (f->sent.target != NULL)
        paid = f->sent;
    paid.payment = payment;
    if (f->meanwhile != NULL)
        f->meanwhile();
    reply = send_paid();
    return reply.status != 200 && shop.runs == 0 && shop.submissions == 0;
}

/* ---- and what else holds ---- */

static bool unpaid(const struct shop_ask *ask)
{
    (void)shop_send(&shop, ask);
    return shop.runs == 0;
}

static bool unpaid_head(void)
{
    return unpaid(&(struct shop_ask){.method = "HEAD"});
}

static bool unpaid_spelling(void)
{
    return unpaid(&(struct shop_ask){.target = "/./report"});
}

static bool unpaid_early(void)
{
    return unpaid(&(struct shop_ask){.target = "/report"});
}

static bool unpaid_malformed(void)
{
    return unpaid(&(struct shop_ask){.payment = "!"});
}

static bool unpaid_legacy(void)
{
    return unpaid(&(struct shop_ask){.legacy = "e30="});
}

static bool unpaid_is_not_stored(void)
{
    struct shop_reply reply = shop_send(&shop, &(struct shop_ask){.target = "/report"});

    return reply.no_store;
}

static bool unpaid_gets_an_offer(void)
{
    struct shop_reply reply = shop_send(&shop, &(struct shop_ask){.target = "/report"});

    return reply.offer != NULL;
}

static bool offers_the_price(void)
{
    struct shop_reply reply = shop_send(&shop, &(struct shop_ask){.target = "/report"});
    json_t *entry = json_array_get(json_object_get(reply.offer, "accepts"), 0);

    return strcmp(json_string_value(json_object_get(entry, "amount")), "20000000") == 0;
}

static bool offers_leave_the_head(void)
{
    struct kx_world *head = kx_world_new(KX_ADDITIVE);
    struct shop_ask ask = {.target = "/additive"};
    struct shop_reply reply;

    shop_register_head(&shop, head);
    kx_world_free(head);
    (void)shop_send(&shop, &ask);
    reply = shop_send(&shop, &ask);
    return json_array_size(json_object_get(reply.offer, "accepts")) == 2;
}

static bool limits_what_runs(void)
{
    struct shop_reply reply;

    shop.running = 65;
    reply = shop_send(&shop, &(struct shop_ask){.target = "/report"});
    return reply.status == 429;
}

static bool forgeries_cost_no_look(void)
{
    make_report(foreign_signer, NULL);
    (void)send_paid();
    return shop.coin_looks == 0;
}

static bool tells_wire_reasons(void)
{
    make_report(term_amount, NULL);
    return strstr(send_paid().error, "kaspa") == NULL;
}

static bool serves_other_signatures(void)
{
    make_report(sign_none, NULL);
    return send_paid().status == 200;
}

static void spend_two_coins(struct kx_world *w)
{
    w->spends[1] = w->spends[0];
    w->spends[1].outpoint.index++;
    w->plan.spend_count = 2;
    shop_add_coin(&shop, &w->spends[1].outpoint, &w->spends[1].utxo);
}

static bool serves_payments_of_two_coins(void)
{
    make_report(spend_two_coins, NULL);
    return send_paid().status == 200;
}

static bool serves_large_headers(void)
{
    make_report(NULL, sent_padding);
    return send_paid().status == 200;
}

static bool serves_the_published(void)
{
    make_report(NULL, NULL);
    (void)shop_publish(&shop, world);
    shop.tells_spent = true;
    return send_paid().status == 200;
}

/* Change would go back to the payer. */
static void no_change(struct kx_world *w)
{
    w->spends[0].utxo.amount = KX_WORLD_AMOUNT + 1000000;
    w->plan.change = NULL;
}

/* Its id has no signatures in it, and so stays as it is. */
static void sign_as_a_stranger(struct kx_world *w)
{
    w->hints[0].spk.script = kx_world_script(w, &w->stranger);
    w->spends[0].key = w->signer = &w->stranger;
    kx_world_sign(w);
    kx_world_write(w);
    kx_world_pay(w);
}

static bool the_published_is_its_payers(void)
{
    make_report(no_change, NULL);
    (void)shop_publish(&shop, world);
    shop.tells_spent = true;
    sign_as_a_stranger(world);
    paid.payment = shop_header(&shop, world->payment);
    return send_paid().status != 200;
}

/* The payment is sent; then, changed, once more. */
static struct shop_reply send_two(kx_hook *change, kx_hook *after)
{
    make_report(NULL, NULL);
    (void)send_paid();
    if (change != NULL)
        change(world);
    paid.payment = shop_seal(&shop, world);
    if (after != NULL)
        after(world);
    paid.payment = shop_header(&shop, world->payment);
    return send_paid();
}

static bool another_name_buys_nothing(void)
{
    (void)send_two(other_identifier, NULL);
    return shop.runs == 1;
}

static bool another_id_buys_nothing(void)
{
    make_report(NULL, sent_id);
    (void)send_paid();
    other_identifier(world);
    (void)shop_seal(&shop, world);
    paid.payment = shop_header(&shop, world->payment);
    (void)send_paid();
    return shop.runs <= 1 && shop.tx_count == shop.runs;
}

static bool another_text_buys_nothing(void)
{
    (void)send_two(other_identifier, sent_note);
    return shop.runs == 1;
}

static bool another_witness_buys_nothing(void)
{
    (void)send_two(other_identifier, shop_resign);
    return shop.runs == 1;
}

static bool another_profile_buys_nothing(void)
{
    (void)send_two(other_identifier, sent_profile);
    return shop.runs == 1;
}

static bool another_case_buys_nothing(void)
{
    (void)send_two(other_identifier, sent_script_case);
    return shop.runs == 1;
}

static void pay_two_outputs(struct kx_world *w)
{
    w->outputs[1] = w->outputs[0];
    w->plan.output_count = 2;
    w->plan.change = NULL;
    w->spends[0].utxo.amount = 2 * KX_WORLD_AMOUNT + 1000000;
}

static bool another_output_buys_nothing(void)
{
    make_report(pay_two_outputs, NULL);
    (void)send_paid();
    other_identifier(world);
    world->output_index = 1;
    paid.payment = shop_seal(&shop, world);
    (void)send_paid();
    return shop.runs < 2;
}

static void other_identifier_and_resource(struct kx_world *w)
{
    other_identifier(w);
    other_resource(w);
}

static bool another_resource_is_not_bought(void)
{
    make_report(NULL, NULL);
    (void)send_paid();
    other_identifier_and_resource(world);
    (void)shop_send(&shop,
                    &(struct shop_ask){.target = "/other", .payment = shop_seal(&shop, world)});
    return shop.runs == 1;
}

/* A copy under another name, while the first one's handler runs. */
static bool copies_buy_nothing_meanwhile(void)
{
    struct shop_errand *e;

    make_report(NULL, NULL);
    e = shop_begin(&shop, &paid);
    while (e->action.kind != KX_DO_ORIGIN && shop_step(e))
        continue;
    other_identifier(world);
    paid.payment = shop_seal(&shop, world);
    (void)send_paid();
    while (shop_step(e))
        continue;
    (void)shop_end(e);
    return shop.runs == 1;
}

static bool another_payment_is_a_conflict(void)
{
    return send_two(other_coin, NULL).status == 409;
}

static bool another_request_is_a_conflict(void)
{
    make_report(NULL, NULL);
    (void)send_paid();
    other_resource(world);
    return shop_send(&shop,
                     &(struct shop_ask){.target = "/other", .payment = shop_seal(&shop, world)})
               .status == 409;
}

static bool another_signature_is_a_conflict(void)
{
    return send_two(later_expiry, NULL).status == 409;
}

static bool a_retry_runs_nothing(void)
{
    (void)send_two(NULL, NULL);
    return shop.runs == 1;
}

static bool a_retry_is_answered_alike(void)
{
    struct shop_reply first, second;

    make_report(NULL, NULL);
    shop.result.status = 201;
    first = send_paid();
    second = send_paid();
    return second.status == first.status && second.type != NULL && second.receipt != NULL &&
           strcmp(second.type, first.type) == 0 && strcmp(second.receipt, first.receipt) == 0;
}

static bool the_forgotten_runs_nothing(void)
{
    make_report(NULL, NULL);
    (void)send_paid();
    shop.now_ms += 2 * INT64_C(86400000);
    cr_assert_eq(shop.store->ops->sweep(shop.store, shop.now_ms, NULL), ASSAY_OK);
    (void)send_paid();
    return shop.runs == 1;
}

static bool a_paid_answer_is_not_stored(void)
{
    struct shop_reply reply;

    make_report(NULL, NULL);
    shop.result.headers[0] =
        (struct kx_field){ASSAY_LIT("Cache-Control"), ASSAY_LIT("public, max-age=3600")};
    reply = send_paid();
    return reply.no_store && reply.header_count == 2;
}

static bool the_receipt_names_sompi(void)
{
    struct shop_reply reply;
    const char *amount;

    make_report(NULL, NULL);
    reply = send_paid();
    amount = json_string_value(json_object_get(reply.settlement, "amount"));
    return amount != NULL && strcmp(amount, "20000000") == 0;
}

static bool fails_closed(void)
{
    make_report(NULL, NULL);
    shop.break_at = KX_ASK_CLAIM;
    shop.break_code = ASSAY_E_IO;
    return send_paid().status == 503 && shop.submissions == 0;
}

/* ---- handlers ---- */

static struct shop_reply send_failed(void)
{
    make_report(NULL, NULL);
    shop.result.status = 500;
    return send_paid();
}

static bool a_failure_is_not_run_again(void)
{
    (void)send_failed();
    (void)send_paid();
    return shop.runs == 1;
}

static bool a_failure_is_not_final(void)
{
    (void)send_failed();
    return send_paid().status == 503;
}

static bool a_failure_frees_nothing(void)
{
    (void)send_failed();
    shop.result.status = 200;
    other_identifier(world);
    paid.payment = shop_seal(&shop, world);
    return send_paid().status != 200;
}

static bool a_failure_is_no_answer(void)
{
    return send_failed().settlement == NULL;
}

static bool nothing_is_cut_off(void)
{
    char *text = assay_arena_alloc(&shop.arena, KX_STORE_RESULT_MAX_BYTES + 1);

    cr_assert_not_null(text);
    make_report(NULL, NULL);
    shop.result.body = assay_bytes_of(text, KX_STORE_RESULT_MAX_BYTES + 1);
    return send_paid().status == 500;
}

static bool an_operators_result_is_delivered(void)
{
    char txids[1][X402_HASH_TEXT_BYTES];
    size_t count = 0;

    (void)send_failed();
    cr_assert_eq(shop.store->ops->unresolved(shop.store, txids, 1, &count, NULL), ASSAY_OK);
    cr_assert_eq(count, 1);
    shop.result.status = 200;
    cr_assert_eq(
        shop.store->ops->record_result(shop.store, txids[0], &shop.result, shop.now_ms, NULL),
        ASSAY_OK);
    return send_paid().status == 200;
}

/* ---- the chain ---- */

static bool waits(void)
{
    make_report(NULL, NULL);
    return send_paid().status == 503 && shop.runs == 0;
}

static bool waits_for_acceptance(void)
{
    shop.accepts = false;
    shop.tells_mempool = true;
    return waits();
}

static bool waits_for_confirmations(void)
{
    shop.core.policy.finality = KX_FINALITY_CONFIRMED;
    return waits();
}

static bool waits_for_a_slow_node(void)
{
    shop.evidence_code = ASSAY_E_TIMEOUT;
    return waits();
}

static bool waits_for_a_sound_node(void)
{
    shop.evidence_code = ASSAY_E_MALFORMED;
    return waits();
}

static bool another_spend_is_no_payment(void)
{
    shop.submit_code = ASSAY_E_DENIED;
    make_report(NULL, NULL);
    (void)send_paid();
    shop_spend_elsewhere(&shop, &world->spends[0].outpoint, 3);
    (void)send_paid();
    return shop.runs == 0;
}

static bool a_lost_reply_loses_nothing(void)
{
    shop.submit_code = ASSAY_E_CLOSED;
    shop.takes_silently = true;
    make_report(NULL, NULL);
    return send_paid().status == 200;
}

static bool submits_once(void)
{
    shop.accepts = false;
    make_report(NULL, NULL);
    (void)send_paid();
    (void)send_paid();
    return shop.submissions == 1;
}

static bool delivers_late(void)
{
    shop.accepts = false;
    make_report(NULL, NULL);
    (void)send_paid();
    shop.now_ms += 3600000;
    shop.accepts = true;
    return send_paid().status == 200;
}

static bool what_was_delivered_stays_so(void)
{
    make_report(NULL, NULL);
    (void)send_paid();
    shop.txs[0].is_accepted = false;
    other_identifier_and_resource(world);
    return shop_send(&shop,
                     &(struct shop_ask){.target = "/other", .payment = shop_seal(&shop, world)})
               .status == 409;
}

static const struct {
    const char *defect;
    bool (*holds)(void);
} probes[] = {
    {"kx.unpaid.head_served", unpaid_head},
    {"kx.unpaid.path_spelling", unpaid_spelling},
    {"kx.unpaid.runs_before_paid", unpaid_early},
    {"kx.unpaid.malformed_served", unpaid_malformed},
    {"kx.unpaid.legacy_header", unpaid_legacy},
    {"kx.unpaid.stored_answer_served", another_payment_is_a_conflict},
    {"kx.http.cacheable", unpaid_is_not_stored},
    {"kx.http.handler_cache_control", a_paid_answer_is_not_stored},
    {"kx.http.challenge_without_header", unpaid_gets_an_offer},
    {"kx.http.small_headers", serves_large_headers},
    {"kx.http.local_codes", tells_wire_reasons},
    {"kx.http.no_receipt", the_receipt_names_sompi},
    {"kx.http.receipt_of_offer", the_receipt_names_sompi},
    {"kx.limits.none", limits_what_runs},
    {"kx.price.unit", offers_the_price},
    {"kx.fee.dust_offer", offers_the_price},
    {"kx.head.claimed_by_offer", offers_leave_the_head},
    {"kx.verify.chain_first", forgeries_cost_no_look},
    {"kx.sighash.all_only", serves_other_signatures},
    {"kx.funding.one_coin", serves_payments_of_two_coins},
    {"kx.id.key", another_id_buys_nothing},
    {"kx.replay.unrecorded", another_name_buys_nothing},
    {"kx.replay.keyed_by_identifier", another_name_buys_nothing},
    {"kx.replay.keyed_by_text", another_text_buys_nothing},
    {"kx.replay.keyed_by_witness", another_witness_buys_nothing},
    {"kx.replay.keyed_with_profile", another_profile_buys_nothing},
    {"kx.replay.upper_case", another_case_buys_nothing},
    {"kx.replay.keyed_with_index", another_output_buys_nothing},
    {"kx.replay.keyed_with_request", another_resource_is_not_bought},
    {"kx.replay.recorded_late", copies_buy_nothing_meanwhile},
    {"kx.identifier.conflict_served", another_request_is_a_conflict},
    {"kx.identifier.resigned_taken", another_signature_is_a_conflict},
    {"kx.identifier.reruns", a_retry_runs_nothing},
    {"kx.identifier.retry_refused", a_retry_is_answered_alike},
    {"kx.cache.status_lost", a_retry_is_answered_alike},
    {"kx.cache.type_lost", a_retry_is_answered_alike},
    {"kx.cache.receipt_lost", a_retry_is_answered_alike},
    {"kx.cache.compacted_reruns", the_forgotten_runs_nothing},
    {"kx.store.fails_open", fails_closed},
    {"kx.handler.failed_reruns", a_failure_is_not_run_again},
    {"kx.handler.failed_burns", a_failure_is_not_final},
    {"kx.handler.failed_releases", a_failure_frees_nothing},
    {"kx.handler.error_stored", a_failure_is_no_answer},
    {"kx.handler.large_truncated", nothing_is_cut_off},
    {"kx.recovery.ignored", an_operators_result_is_delivered},
    {"kx.finality.at_submission", waits_for_acceptance},
    {"kx.finality.mempool", waits_for_acceptance},
    {"kx.finality.policy_ignored", waits_for_confirmations},
    {"kx.finality.replaced_served", another_spend_is_no_payment},
    {"kx.finality.late_is_lost", delivers_late},
    {"kx.finality.reorganised_released", what_was_delivered_stays_so},
    {"kx.finality.only_own_submissions", serves_the_published},
    {"kx.hints.of_own_spend", the_published_is_its_payers},
    {"kx.node.error_accepts", waits_for_a_slow_node},
    {"kx.node.malformed_accepts", waits_for_a_sound_node},
    {"kx.node.error_releases", a_lost_reply_loses_nothing},
    {"kx.node.resubmits", submits_once},
};

/* ---- each of them, without its defect and with it ---- */

Test(kx_core_defects, let_forgeries_pass)
{
    for (size_t i = 0; i < ARRAY_LEN(forgeries); i++) {
        open_shop();
        cr_expect(is_refused(&forgeries[i]), "%s: not refused without it", forgeries[i].defect);
        close_shop();
        open_shop();
        switch_on(forgeries[i].defect);
        cr_expect_not(is_refused(&forgeries[i]), "%s: does not show: %s", forgeries[i].defect,
                      shop_log(&shop));
        ref_defect_all_off();
        close_shop();
    }
}

Test(kx_core_defects, break_what_holds_without_them)
{
    for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
        open_shop();
        cr_expect(probes[i].holds(), "%s: does not hold without it", probes[i].defect);
        close_shop();
        open_shop();
        switch_on(probes[i].defect);
        cr_expect_not(probes[i].holds(), "%s: does not show: %s", probes[i].defect,
                      shop_log(&shop));
        ref_defect_all_off();
        close_shop();
    }
}

/* Those of channels, "batch.…", are in test_kx_batch_core_defects.c. */
static bool is_of_exact(const struct ref_defect *defect)
{
    return strncmp(defect->id, "kx.", strlen("kx.")) == 0 &&
           strncmp(defect->place, "ref/core/kx_", strlen("ref/core/kx_")) == 0;
}

Test(kx_core_defects, are_all_looked_for)
{
    static const struct seeded_ids tables[] = {SEEDED_IDS(forgeries, defect),
                                               SEEDED_IDS(probes, defect)};

    seeded_expect_all(is_of_exact, tables, ARRAY_LEN(tables));
}

/* Under every defect of the core the honest payment is served, or it is offered nothing that could
 * be paid: a defect is a wrong turn, not a broken server. */
Test(kx_core_defects, leave_the_honest_payment_alone)
{
    static const char *const unpayable[] = {"kx.price.unit", "kx.fee.dust_offer",
                                            "kx.http.challenge_without_header"};
    static const struct seeded_ids none = SEEDED_LIST(unpayable);

    for (int i = 0; i < REF_DEFECT__COUNT; i++) {
        const struct ref_defect *defect = ref_defect_at((enum ref_defect_id)i);

        if (!is_of_exact(defect) || seeded_is_in(defect->id, &none, 1))
            continue;
        open_shop();
        switch_on(defect->id);
        make_report(NULL, NULL);
        cr_expect_eq(send_paid().status, 200, "%s: %s", defect->id, shop_log(&shop));
        ref_defect_all_off();
        close_shop();
    }
}
