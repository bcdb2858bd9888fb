/* What a paying client meets: a wallet with coins, a shop, and what they saw of it. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/hex.h"

enum { COINS = 24 };

#define COIN (5 * KASPA_SOMPI_PER_KAS)

/* The shop's key in channels; the embedded server has the same. */
static void channel_key(struct assay_key *key)
{
    kaspa_key_from_seed(key, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("channel server"));
}

/* The address of a key that nobody keeps; the embedded server is paid at the same. */
static void merchant(char text[KASPA_ADDRESS_TEXT_MAX_BYTES])
{
    struct kaspa_address address = {
        .network = KASPA_TESTNET, .version = KASPA_ADDRESS_PUBKEY, .payload_len = 32};
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("merchant"));
    memcpy(address.payload, key.xonly, 32);
    kaspa_address_encode(text, &address);
    assay_key_wipe(&key);
}

static enum assay_code fund(struct kxp_roles *r)
{
    struct kaspa_spk spk = kaspa_wallet_spk(r->wallet);
    struct kaspa_outpoint outpoint;
    enum assay_code rc = ASSAY_OK;

    kaspa_chain_lock_take(r->lock);
    for (int i = 0; i < COINS && rc == ASSAY_OK; i++)
        rc = kaspa_chain_fund(r->chain, &outpoint, &spk, COIN);
    kaspa_chain_lock_give(r->lock);
    return rc;
}

enum assay_code kxp_client_roles_start(struct kxp_roles *r,
                                       const struct profile_roles_options *options,
                                       struct assay_err *err)
{
    const struct kaspa_wallet_options wallet = {
        .chain = r->chain,
        .lock = r->lock,
        .seed = assay_bytes_of(&options->seed, sizeof(options->seed)),
        .network = KASPA_TESTNET,
        .port = target_role_port(options->target, "wallet")};
    char pay_to[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct assay_key key;
    const struct kaspa_shop_options shop = {
        .chain = r->chain, .lock = r->lock, .node = r->node, .pay_to = pay_to, .channel_key = &key};
    enum assay_code rc;

    merchant(pay_to);
    if ((rc = kaspa_wallet_start(&r->wallet, &wallet, err)) != ASSAY_OK)
        return rc;
    if (fund(r) != ASSAY_OK)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the coins of a wallet");
    channel_key(&key);
    rc = kaspa_shop_start(&r->shop, &shop, err);
    assay_key_wipe(&key);
    return rc;
}

void kxp_client_roles_stop(struct kxp_roles *r)
{
    kaspa_shop_stop(r->shop);
    kaspa_wallet_stop(r->wallet);
}

/* ---- what they saw ---- */

static uint64_t count_calls(struct kxp_roles *r, const char *const *names)
{
    uint64_t count = 0;

    for (; *names != NULL; names++)
        count += kaspa_wallet_count(r->wallet, *names);
    return count;
}

/* A coin that the wallet makes for itself pays nobody. */
static bool is_to_itself(const struct kaspa_tx *tx, const struct kaspa_spk *own)
{
    for (size_t i = 0; i < tx->output_count; i++)
        if (!kaspa_spk_equal(&tx->outputs[i].spk, own))
            return false;
    return true;
}

static uint64_t count_submissions(struct kxp_roles *r)
{
    const struct kaspa_spk own = kaspa_wallet_spk(r->wallet);
    struct kaspa_chain_event event;
    uint64_t count = 0;

    kaspa_chain_lock_take(r->lock);
    for (size_t i = 0; kaspa_chain_event(r->chain, i, &event); i++)
        count += !is_to_itself(event.tx, &own);
    kaspa_chain_lock_give(r->lock);
    return count;
}

static struct kxp_counts count_all(struct kxp_roles *r)
{
    static const char *const orders[] = {"payExactTransaction",
                                         "createChannelKey",
                                         "prepareEscrowDeposit",
                                         "prepareEscrowTopUp",
                                         "signBatchPayment",
                                         "signEscrowRefund",
                                         NULL};
    static const char *const finals[] = {"finalizeExactPaymentAttempt", "finalizeEscrowTransition",
                                         NULL};
    struct kxp_counts all = {.wallet_calls = kaspa_wallet_calls(r->wallet),
                             .kinds = kaspa_wallet_count(r->wallet, "sourceKind"),
                             .orders = count_calls(r, orders),
                             .finals = count_calls(r, finals),
                             .signatures = kaspa_wallet_signed(r->wallet),
                             .vouchers = kaspa_wallet_vouchers(r->wallet),
                             .requests = kaspa_shop_calls(r->shop)};
    struct kaspa_shop_call call;

    for (uint64_t i = 1; kaspa_shop_call(r->shop, i, &call); i++) {
        all.paid += call.payment != NULL;
        all.elsewhere += call.is_elsewhere;
    }
    all.events = count_submissions(r);
    return all;
}

static struct kxp_counts difference(struct kxp_counts a, struct kxp_counts b)
{
    return (struct kxp_counts){.wallet_calls = a.wallet_calls - b.wallet_calls,
                               .kinds = a.kinds - b.kinds,
                               .orders = a.orders - b.orders,
                               .finals = a.finals - b.finals,
                               .signatures = a.signatures - b.signatures,
                               .vouchers = a.vouchers - b.vouchers,
                               .requests = a.requests - b.requests,
                               .paid = a.paid - b.paid,
                               .elsewhere = a.elsewhere - b.elsewhere,
                               .events = a.events - b.events};
}

void kxp_client_roles_calm(struct kxp_roles *r)
{
    kaspa_shop_behave(r->shop, &(struct kaspa_shop_behaviour){.unpaid_count = 0});
    kaspa_wallet_behave(r->wallet, &(struct kaspa_wallet_behaviour){.kind_from = 0});
    r->before = count_all(r);
}

static struct kxp_roles *roles_with_client(struct assay_case *t)
{
    struct kxp_roles *r = kxp_roles_of(t);

    if (r->wallet == NULL || r->shop == NULL)
        case_end(t, VERDICT_BROKEN, "the roles of a client, wallet and shop, are not there");
    return r;
}

struct kxp_counts kxp_counts(struct assay_case *t)
{
    struct kxp_roles *r = roles_with_client(t);

    return difference(count_all(r), r->before);
}

struct kxp_counts kxp_during(struct assay_case *t, const struct kxp_run *run)
{
    return difference(kxp_counts(t), run->before);
}

bool kxp_asked(struct assay_case *t, uint64_t n, struct kaspa_shop_call *out)
{
    struct kxp_roles *r = roles_with_client(t);

    return kaspa_shop_call(r->shop, r->before.requests + n, out);
}

bool kxp_shown(struct assay_case *t, uint64_t n, struct kaspa_shop_call *out)
{
    uint64_t seen = 0;

    for (uint64_t i = 1; kxp_asked(t, i, out); i++)
        if (out->payment != NULL && ++seen == n)
            return true;
    return false;
}

static bool was_shown_before(struct assay_case *t, uint64_t n, const char *payment)
{
    struct kaspa_shop_call call;

    for (uint64_t i = 1; i < n && kxp_shown(t, i, &call); i++)
        if (strcmp(call.payment, payment) == 0)
            return true;
    return false;
}

size_t kxp_payments_shown(struct assay_case *t)
{
    struct kaspa_shop_call call;
    size_t different = 0;

    for (uint64_t i = 1; kxp_shown(t, i, &call); i++)
        different += !was_shown_before(t, i, call.payment);
    return different;
}

bool kxp_wallet_was_asked(struct assay_case *t, const char *name, uint64_t n,
                          struct kaspa_node_call *out)
{
    struct kxp_roles *r = roles_with_client(t);
    uint64_t seen = 0;

    for (uint64_t i = r->before.wallet_calls + 1; kaspa_wallet_call(r->wallet, i, out); i++)
        if (strcmp(out->method, name) == 0 && ++seen == n)
            return true;
    return false;
}

/* ---- evidence ---- */

static void tell_shop_call(struct assay_case *t, const struct kaspa_shop_call *call)
{
    const char *paid = call->payment == NULL ? ", without a payment"
                       : call->fault == NULL ? ", with a good payment"
                                             : case_printf(t, ", with a payment: %s", call->fault);

    case_saw_role(
        t, call->is_elsewhere ? "shop elsewhere" : "shop", call->at_ns,
        case_printf(t, "%s %s%s, answered %d", call->method, call->target, paid, call->status),
        assay_str(call->txid));
}

void kxp_roles_tell(void *with, struct assay_case *t)
{
    struct kxp_roles *r = with;
    struct kaspa_node_call asked;
    struct kaspa_shop_call call;

    if (r->wallet == NULL || r->shop == NULL)
        return;
    while (kaspa_wallet_call(r->wallet, r->wallet_told + 1, &asked)) {
        r->wallet_told++;
        case_saw_role(t, "wallet", asked.at_ns, asked.method, assay_str(asked.params));
    }
    while (kaspa_shop_call(r->shop, r->shop_told + 1, &call)) {
        r->shop_told++;
        tell_shop_call(t, &call);
    }
}

/* ---- steering them ---- */

struct kaspa_shop *kxp_shop(struct assay_case *t)
{
    return roles_with_client(t)->shop;
}

struct kaspa_wallet *kxp_wallet(struct assay_case *t)
{
    return roles_with_client(t)->wallet;
}

const char *kxp_shop_url(struct assay_case *t, const char *target)
{
    return case_printf(t, "%s%s", kaspa_shop_origin(kxp_shop(t)), target);
}

const char *kxp_elsewhere_url(struct assay_case *t, const char *target)
{
    return case_printf(t, "%s%s", kaspa_shop_elsewhere(kxp_shop(t)), target);
}

void kxp_shop_behaves(struct assay_case *t, struct kaspa_shop_behaviour behaviour)
{
    kaspa_shop_behave(kxp_shop(t), &behaviour);
}

void kxp_shop_is_honest(struct assay_case *t)
{
    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.unpaid_count = 0});
}

void kxp_shop_offers(struct assay_case *t, kaspa_shop_edit *edit, const void *arg)
{
    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.edit = edit, .arg = arg});
}

void kxp_shop_answers_paid(struct assay_case *t, struct kaspa_shop_answer answer)
{
    kxp_shop_behaves(t, (struct kaspa_shop_behaviour){.paid = {answer}, .paid_count = 1});
}

void kxp_wallet_behaves(struct assay_case *t, struct kaspa_wallet_behaviour behaviour)
{
    kaspa_wallet_behave(kxp_wallet(t), &behaviour);
}

void kxp_wallet_is_sound(struct assay_case *t)
{
    kxp_wallet_behaves(t, (struct kaspa_wallet_behaviour){.kind_from = 0});
}

/* ---- editing offers ---- */

json_t *kxp_offer_at(json_t *required, size_t index)
{
    return json_array_get(json_object_get(required, "accepts"), index);
}

json_t *kxp_offer_before(json_t *required)
{
    json_t *copy = json_deep_copy(kxp_offer_at(required, 0));

    (void)json_array_insert_new(json_object_get(required, "accepts"), 0, copy);
    return copy;
}

static const char *address_text(struct assay_case *t, const struct kaspa_address *address)
{
    char *text = case_alloc(t, KASPA_ADDRESS_TEXT_MAX_BYTES);

    kaspa_address_encode(text, address);
    return text;
}

static struct kaspa_address address_of(struct assay_case *t, const char *text)
{
    struct kaspa_address address = {.payload_len = 0};

    if (kaspa_address_decode(&address, NULL, assay_str(text)) != KASPA_ADDRESS_OK)
        case_end(t, VERDICT_BROKEN, "%s is no address", text);
    return address;
}

const char *kxp_address_on(struct assay_case *t, const char *text, enum kaspa_network network)
{
    struct kaspa_address address = address_of(t, text);

    address.network = network;
    return address_text(t, &address);
}

const char *kxp_address_like(struct assay_case *t, const char *text)
{
    struct kaspa_address address = address_of(t, text);

    address.payload[address.payload_len - 1] ^= 1;
    return address_text(t, &address);
}

void kxp_offer_pays(json_t *offer, const char *text)
{
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES], room[2 + KASPA_SPK_MAX_STANDARD_BYTES];
    char hex[2 * sizeof(room) + 1];
    struct assay_buf bytes = ASSAY_BUF_OVER(room);
    struct kaspa_address address;
    struct kaspa_spk spk;

    if (kaspa_address_decode(&address, NULL, assay_str(text)) != KASPA_ADDRESS_OK)
        return;
    kaspa_address_script(&spk, script, &address);
    kaspa_spk_add_bytes(&bytes, &spk);
    assay_hex_encode(hex, assay_buf_view(&bytes));
    kxp_set_text(offer, "payTo", text);
    kxp_set_text(offer, "extra.payToScriptPublicKey", hex);
}
