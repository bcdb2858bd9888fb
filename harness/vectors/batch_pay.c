/* Requests that are paid on a channel, made and signed; see batch_pay.h. Source: Kaspa x402 batch
 * digest, sections 3 to 7, 8.5 and 12. */
#include "vectors/batch_paying.h"

#include "base/hex.h"
#include "kaspa/covenant.h"
#include "run/operations_batch.h"

#include <ctype.h>

#define GENESIS "0101010101010101010101010101010101010101010101010101010101010101"
#define DEPOSITED "6666666666666666666666666666666666666666666666666666666666666666"
#define CLAIMED "4444444444444444444444444444444444444444444444444444444444444444"
#define TOPPED "4545454545454545454545454545454545454545454545454545454545454545"

/* Of a channel that has served 24 requests, of which 17 are claimed. idOf: the binding whose domain
 * the channel id is made under; script: another one than the channel's; lineage: another one than
 * the head's for who signs; signs: "sum", that alone; caller: what his context hash is of. */
static const char plan_text[] =
    "{'channelConfig': " BATCH_CONFIG ", 'idOf': null, 'script': null, 'head': {'outpoint': "
    "{'txid': '" CLAIMED "', 'index': 2}, 'value': '90000000', 'claimed': '17000000', "
    "'covenantId': '" BATCH_LINEAGE "'}, 'topUp': {'outpoint': {'txid': '" TOPPED
    "', 'index': 0}, 'value': '110000000'}, 'authorized': '24000000', 'charged': '24000000', "
    "'reserve': '2000000', 'total': '25000000', 'lineage': null, 'signer': 'client', 'signs': "
    "null, "
    "'presenter': 'client', 'identifier': '" PAY_ID "', 'nonce': "
    "'8888888888888888888888888888888888888888888888888888888888888888', 'expiresAt': "
    "'2098-12-31T23:59:30.000Z', 'request': {'method': 'GET', 'url': "
    "'https://api.example.test/file', 'body': null}, 'requestHash': null, 'caller': null}";

/* What other stories have instead; nothing is claimed of a deposit. */
static const char deposit_text[] =
    "{'head': {'outpoint': {'txid': '" DEPOSITED "', 'index': 0}, 'value': '90000000', 'claimed': "
    "'0'}, 'authorized': '0', 'charged': '0', 'total': '1000000'}";
static const char same_text[] = "{'authorized': '1000000', 'charged': '1000000', 'total': "
                                "'2000000'}";
/* Under kaspa-escrow-v1 what was claimed is not counted again. */
static const char coin_text[] = "{'authorized': '7000000', 'total': '8000000'}";

static const char required_text[] =
    "{'x402Version': 2, 'resource': {'url': 'https://api.example.test/file'}, 'accepts': [{"
    "'scheme': 'batch-settlement', 'network': 'kaspa:testnet-10', 'amount': '1000000', 'asset': "
    "'KAS', 'payTo': '@address:merchant', 'maxTimeoutSeconds': 60, 'extra': {'binding': '', "
    "'templateId': '', 'serverPublicKey': '@key:server', 'minDepositSompi': '90000000', "
    "'claimReserveSompi': '2000000', 'refundTimeoutDaa': '" BATCH_TIMEOUT
    "', 'securityContextHash': ''}}], 'extensions': {}}";

static const char acceptance_text[] =
    "{'status': 'accepted', 'transactionId': '', 'acceptingBlockHash': "
    "'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', "
    "'acceptingBlockBlueScore': '1000', 'confirmationCount': '30', 'checkpoint': {'blockHash': "
    "'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', 'blueScore': '1500', "
    "'daaScore': '900000'}}";

static bool has_failed(const struct pay_making *m)
{
    return m->v->err->code != ASSAY_OK;
}

/* ---- changes ---- */

static json_t *capitals(const char *name)
{
    char text[2 * ASSAY_XONLY_BYTES + 1];
    struct assay_key key;

    vectors_key(&key, name);
    assay_hex_encode(text, assay_bytes_of(key.xonly, sizeof(key.xonly)));
    for (size_t i = 0; text[i] != '\0'; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    return json_string(text);
}

static json_t *word(const char *text, void *context)
{
    struct pay_making *m = context;

    if (strncmp(text, "@KEY:", 5) == 0)
        return capitals(text + 5);
    return m->lane.tmpl != NULL ? vectors_lane_word(m->v, &m->arena, &m->lane, text) : NULL;
}

void pay_change(struct pay_making *m, enum vectors_pay_stage stage, json_t *value)
{
    for (size_t i = 0; i < VECTORS_PAY_PATCHES_MAX && m->patches[i].stage != PAY_END; i++) {
        const struct vectors_patch one[] = {{m->patches[i].path, m->patches[i].json}, {NULL, NULL}};

        if (m->patches[i].stage == stage)
            vectors_patch(m->v, value, one);
    }
    vectors_put_words(value, word, m);
}

/* ---- the plan ---- */

static void update(struct pay_making *m, const char *text)
{
    json_t *more = vectors_json(m->v, text);

    (void)json_object_update(m->plan, more);
    json_decref(more);
}

static void make_plan(struct pay_making *m, const char *template_id)
{
    json_t *config;

    m->plan = vectors_json(m->v, plan_text);
    config = json_object_get(m->plan, "channelConfig");
    (void)json_object_set_new(config, "templateId", json_string(template_id));
    if (m->story == PAY_DEPOSIT || m->story == PAY_SAME)
        update(m, deposit_text);
    else if (m->binding->is_of_outpoint)
        update(m, coin_text);
    if (m->story == PAY_SAME)
        update(m, same_text);
    vectors_put_words(m->plan, NULL, NULL);
}

static void open_lane(struct pay_making *m, struct kx_lane *lane)
{
    json_t *result = NULL;
    struct assay_err err = {0};

    if (batch_in_lane(lane, &m->arena, m->plan, &result, &err) == OPERATION_OK)
        m->lane = *lane;
    else if (result == NULL)
        assay_fail(m->v->err, err.code, 0, "a channel cannot be read: %s", err.text);
    json_decref(result);
}

/* Before and after the changes: see struct pay_making. */
static void make_channel(struct pay_making *m)
{
    const struct kx_batch_binding *binding = NULL;
    struct batch_channel changed;
    struct kx_lane lane;
    const char *id_of;

    open_lane(m, &lane);
    pay_change(m, PAY_PLAN, m->plan);
    if (has_failed(m))
        return;
    open_lane(m, &lane);
    id_of = vectors_text(m->plan, "idOf");
    if (has_failed(m) || !batch_in_channel(&changed, &m->arena, m->plan, m->v->err))
        return;
    binding = id_of[0] != '\0' ? kx_batch_binding_find(assay_str(id_of)) : changed.binding;
    kx_channel_id(m->channel_id, binding, &changed.channel);
}

/* ---- the head that is presented ---- */

static json_t *outpoint_json(const char *txid, int index)
{
    return json_pack("{s:s, s:i}", "txid", txid, "index", index);
}

/* The covenant id of the one output of a genesis (section 8.5). */
static void derive_lineage(struct pay_making *m)
{
    struct kaspa_output output = {.spk = m->spk};
    const struct kaspa_genesis_output genesis = {0, &output};
    struct kaspa_outpoint spent = {.index = 0};
    struct kaspa_hash id;

    memset(spent.txid.at, 0x01, sizeof(spent.txid.at));
    if (!kaspa_in_u64(&output.value, m->head, "value", m->v->err))
        return;
    kaspa_covenant_id(&id, &spent, &genesis, 1);
    (void)json_object_set_new(m->head, "covenantId", kaspa_out_hash(&id));
}

static void make_scripts(struct pay_making *m, uint64_t claimed)
{
    if (kx_lane_spk(&m->spk, &m->arena, &m->lane, claimed) != ASSAY_OK ||
        kx_lane_address(m->escrow_address, &m->arena, &m->lane, claimed) != ASSAY_OK)
        assay_fail(m->v->err, ASSAY_E_NOMEM, 0, "out of memory");
    if (vectors_text(m->plan, "script")[0] != '\0')
        (void)kaspa_in_spk(&m->spk, &m->arena, m->plan, "script", m->v->err);
}

static void make_head(struct pay_making *m)
{
    json_t *stored = json_object_get(m->plan, "head");
    uint64_t claimed = 0;

    m->head = json_deep_copy(stored);
    if (m->story == PAY_TOP_UP)
        (void)json_object_update(m->head, json_object_get(m->plan, "topUp"));
    if (!kaspa_in_u64(&claimed, m->head, "claimed", m->v->err))
        return;
    make_scripts(m, claimed);
    if (m->binding->is_of_outpoint)
        (void)json_object_del(m->head, "covenantId");
    else if (json_object_get(m->head, "covenantId") == NULL)
        derive_lineage(m);
    if (m->story != PAY_TOP_UP)
        (void)json_object_update(stored, m->head);
}

/* ---- the offer ---- */

static void hash_context(struct pay_making *m)
{
    const json_t *caller = json_object_get(m->plan, "caller");
    json_t *of_route = json_pack("{s:s, s:s}", "scope", "kaspa:x402:security-context:v1",
                                 "resource", "https://api.example.test/file");

    vectors_hash(m->context, json_is_null(caller) ? of_route : caller);
    json_decref(of_route);
}

static void make_offer(struct pay_making *m, const char *template_id)
{
    json_t *extra;

    m->required = vectors_json(m->v, required_text);
    extra = json_object_get(json_array_get(json_object_get(m->required, "accepts"), 0), "extra");
    (void)json_object_set_new(json_object_get(m->required, "extensions"), "payment-identifier",
                              vectors_identifier_extension());
    (void)json_object_set_new(extra, "binding", json_string(m->binding->name));
    (void)json_object_set_new(extra, "templateId", json_string(template_id));
    (void)json_object_set_new(extra, "securityContextHash", json_string(m->context));
    if (!m->binding->is_fixed)
        (void)json_object_del(extra, "securityContextHash");
    if (!m->binding->has_reserve)
        (void)json_object_del(extra, "claimReserveSompi");
    pay_change(m, PAY_OFFER, m->required);
    m->accepted = json_deep_copy(json_array_get(json_object_get(m->required, "accepts"), 0));
    pay_change(m, PAY_ACCEPTED, m->accepted);
}

/* ---- the payment ---- */

static void add_deposit(struct pay_making *m, json_t *payload)
{
    (void)json_object_set(payload, "channelConfig", json_object_get(m->plan, "channelConfig"));
    (void)json_object_set_new(payload, "escrowAddress", json_string(m->escrow_address));
    (void)json_object_set(payload, "fundingAmountSompi", json_object_get(m->head, "value"));
}

static json_t *payload_of(struct pay_making *m)
{
    bool is_voucher = m->story == PAY_VOUCHER;
    json_t *payload =
        json_pack("{s:s, s:o, s:O, s:o, s:o}", "type", is_voucher ? "voucher" : "deposit-voucher",
                  "channelId", kaspa_out_hex(assay_bytes_of(m->channel_id, 32)), "fundingOutpoint",
                  json_object_get(m->head, "outpoint"), "activeScriptPublicKey",
                  kaspa_out_spk(&m->spk), "voucher", pay_sent_voucher(m));

    if (is_voucher)
        (void)json_object_set(
            payload, "clientPublicKey",
            json_object_get(json_object_get(m->plan, "channelConfig"), "clientPublicKey"));
    else
        add_deposit(m, payload);
    if (m->binding->is_fixed)
        (void)json_object_set_new(payload, "presentation", pay_sent_presentation(m));
    return payload;
}

static void make_payment(struct pay_making *m)
{
    json_t *identifier = json_object_get(m->plan, "identifier"), *extensions, *shared;

    pay_present(m);
    shared = json_pack("{s:i, s:O, s:o}", "x402Version", X402_VERSION, "accepted", m->accepted,
                       "payload", payload_of(m));
    if (!json_is_null(identifier)) {
        extensions = json_deep_copy(json_object_get(m->required, "extensions"));
        (void)json_object_set(
            json_object_get(json_object_get(extensions, "payment-identifier"), "info"), "id",
            identifier);
        (void)json_object_set_new(shared, "extensions", extensions);
    }
    m->payment = json_deep_copy(shared); /* no part of it is that of another: see input_of */
    json_decref(shared);
    pay_change(m, PAY_SENT, m->payment);
}

/* ---- what judges it ---- */

static json_t *stored_channel(const struct pay_making *m)
{
    json_t *channel = json_pack(
        "{s:O, s:O, s:O, s:O}", "channelConfig", json_object_get(m->plan, "channelConfig"), "head",
        json_object_get(m->plan, "head"), "authorized", json_object_get(m->plan, "authorized"),
        "charged", json_object_get(m->plan, "charged"));

    if (m->binding->has_reserve)
        (void)json_object_set(channel, "reserve", json_object_get(m->plan, "reserve"));
    if (m->binding->is_of_outpoint)
        (void)json_object_del(json_object_get(channel, "head"), "covenantId");
    return channel;
}

static json_t *coin_of(const struct pay_making *m)
{
    json_t *coin = json_pack("{s:O, s:o, s:s}", "amount", json_object_get(m->head, "value"),
                             "scriptPublicKey", kaspa_out_spk(&m->spk), "blockDaaScore", "890000");

    if (!m->binding->is_of_outpoint)
        (void)json_object_set(coin, "covenantId", json_object_get(m->head, "covenantId"));
    return coin;
}

static json_t *birth_of(const struct pay_making *m)
{
    bool is_bound = !m->binding->is_of_outpoint;
    json_t *output = json_pack("{s:O, s:o}", "value", json_object_get(m->head, "value"),
                               "scriptPublicKey", kaspa_out_spk(&m->spk));
    json_t *birth = json_pack("{s:i, s:i, s:O, s:o}", "outputs", m->story == PAY_TOP_UP ? 2 : 1,
                              "authorized", is_bound ? 1 : 0, "outpoint",
                              json_object_get(m->head, "outpoint"), "output", output);

    if (is_bound) {
        (void)json_object_set(output, "covenantId", json_object_get(m->head, "covenantId"));
        (void)json_object_set_new(output, "authorizingInput", json_integer(0));
    }
    if (m->story == PAY_TOP_UP)
        (void)json_object_set(birth, "spent",
                              json_object_get(json_object_get(m->plan, "head"), "outpoint"));
    else
        (void)json_object_set_new(birth, "spent", outpoint_json(GENESIS, 0));
    return birth;
}

static json_t *sight_of(const struct pay_making *m)
{
    json_t *evidence = vectors_json(m->v, acceptance_text);
    json_t *sight = json_pack("{s:o, s:o, s:s}", "coin", coin_of(m), "evidence", evidence,
                              "daaScore", "900000");

    (void)json_object_set(evidence, "transactionId",
                          json_object_get(json_object_get(m->head, "outpoint"), "txid"));
    if (m->story != PAY_VOUCHER)
        (void)json_object_set_new(sight, "birth", birth_of(m));
    return sight;
}

/* No part of it is that of another, so that a change is of one alone. */
static json_t *input_of(struct pay_making *m)
{
    json_t *request = json_deep_copy(json_object_get(m->plan, "request")), *shared, *in;

    if (json_is_null(json_object_get(request, "body")))
        (void)json_object_del(request, "body");
    shared = json_pack("{s:O, s:O, s:o, s:s, s:o}", "required", m->required, "payment", m->payment,
                       "request", request, "now", "2098-12-31T23:59:00.000Z", "sight", sight_of(m));
    if (m->story != PAY_DEPOSIT)
        (void)json_object_set_new(shared, "channel", stored_channel(m));
    in = json_deep_copy(shared);
    json_decref(shared);
    pay_change(m, PAY_JUDGE, in);
    return in;
}

static json_t *make(struct pay_making *m, const char *template_id)
{
    make_plan(m, template_id);
    if (!has_failed(m))
        make_channel(m);
    if (!has_failed(m))
        make_head(m);
    if (has_failed(m))
        return NULL;
    hash_context(m);
    make_offer(m, template_id);
    make_payment(m);
    return input_of(m);
}

static void fini(struct pay_making *m)
{
    json_decref(m->plan);
    json_decref(m->head);
    json_decref(m->required);
    json_decref(m->accepted);
    json_decref(m->voucher);
    json_decref(m->presented);
    json_decref(m->payment);
    assay_arena_fini(&m->arena);
}

json_t *vectors_pay_base(struct vectors *v, int generation, enum vectors_pay_story story,
                         const struct vectors_pay_patch *patches)
{
    const char *template_id = kx_escrow_templates[generation - 1].id;
    struct pay_making m = {.v = v,
                           .patches = patches,
                           .story = story,
                           .arena = ASSAY_ARENA_INIT(EXACT_ARENA_MAX_BYTES),
                           .binding = kx_batch_bindings};
    json_t *in;

    while (!kx_batch_has_template(m.binding, assay_str(template_id)))
        m.binding++;
    in = make(&m, template_id);
    fini(&m);
    return in;
}
