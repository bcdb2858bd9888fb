/* Channels for tests of the Kaspa x402 store; see kx_lanes.h. */
#include "ref/tests/kx_lanes.h"

#include "ref/tests/hex_text.h"

#include <stdio.h>

enum { LOAD_BYTES = 1 << 20, PAYER = 0x55 };

static void name_of(char out[X402_HASH_TEXT_BYTES], unsigned n, unsigned what)
{
    cr_assert_eq(snprintf(out, X402_HASH_TEXT_BYTES, "%04x%060x", what, n), 64);
}

static void hash_of(struct kaspa_hash *out, unsigned n, unsigned what)
{
    char text[X402_HASH_TEXT_BYTES];

    name_of(text, n, what);
    from_hex(out->at, sizeof(out->at), text);
}

void kx_lane_make(struct kx_test_lane *lane, unsigned n)
{
    struct kx_lane_record *r = &lane->record;

    *lane = (struct kx_test_lane){.record = {.status = KX_CHANNEL_ACTIVE,
                                             .head = {.outpoint.index = 0, .value = LANE_FUNDING}}};
    cr_assert_gt(snprintf(lane->config, sizeof(lane->config), "{\"salt\":\"%u\"}", n), 0);
    cr_assert_gt(snprintf(lane->lineage, sizeof(lane->lineage), "[\"genesis of %u\"]", n), 0);
    r->config = assay_str(lane->config);
    r->lineage = assay_str(lane->lineage);
    name_of(r->channel_id, n, 0xc0de);
    hash_of(&r->head.outpoint.txid, n, 0xc001);
    hash_of(&r->head.covenant_id, n, 0xc002);
    memset(r->client, PAYER, sizeof(r->client));
}

void kx_paid_for_lane(struct kx_paid *paid, unsigned n, const struct kx_lane_record *lane)
{
    struct kx_attempt *a = &paid->attempt;
    struct kx_charge *c = &a->charge;

    kx_paid_make(paid, n);
    a->amount = LANE_CHARGE;
    a->output_index = paid->payment.output_index = 0;
    a->transaction = a->pay_to_spk = ASSAY_LIT("");
    paid->transaction[0] = '\0';
    memcpy(a->payer, lane->client, sizeof(a->payer));
    a->has_channel = true;
    memcpy(c->channel_id, lane->channel_id, sizeof(c->channel_id));
    c->version = lane->version;
    c->before = lane->charged;
    c->after = c->before + a->amount;
    memset(c->voucher, (int)(n % 255) + 1, sizeof(c->voucher));
    name_of(c->commitment_id, n, 0xc0c0);
}

void kx_paid_deposits(struct kx_paid *paid, unsigned n, const struct kx_lane_record *lane)
{
    kx_paid_for_lane(paid, n, lane);
    paid->attempt.deposit = lane;
}

void kx_lane_opened(struct kx_store *store, struct kx_test_lane *lane, unsigned n)
{
    struct kx_paid paid;

    kx_lane_make(lane, n);
    kx_paid_deposits(&paid, n, &lane->record);
    paid.attempt.txid[5] = 'f'; /* no other payment's */
    paid.attempt.identifier = ASSAY_LIT("");
    cr_assert_eq(kx_claimed(store, &paid), KX_CLAIM_CREATED);
    cr_assert_eq(store->ops->abandon(store, paid.attempt.txid, PHASES_NOW, NULL), ASSAY_OK);
}

struct kx_lane_record kx_lane_loaded(struct kx_store *store, const char *channel_id)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(LOAD_BYTES);
    struct kx_lane_record r = {0};
    struct assay_err err = {0};

    cr_assert_eq(store->ops->load_channel(store, &r, &arena, channel_id, false, &err), ASSAY_OK,
                 "%s", err.text);
    assay_arena_fini(&arena);
    r.config = r.lineage = ASSAY_LIT("");
    return r;
}

static void expect_head(const struct kx_lane_head *head, const struct kx_lane_head *want,
                        const char *when)
{
    cr_expect(kaspa_outpoint_equal(&head->outpoint, &want->outpoint), "%s: outpoint", when);
    cr_expect(kaspa_hash_equal(&head->covenant_id, &want->covenant_id), "%s: covenant", when);
    cr_expect_eq(head->value, want->value, "%s: V %lu", when, (unsigned long)head->value);
    cr_expect_eq(head->claimed, want->claimed, "%s: S %lu", when, (unsigned long)head->claimed);
}

void kx_lane_expect(struct kx_store *store, const struct kx_lane_record *want, const char *when)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(LOAD_BYTES);
    struct kx_lane_record r = {0};

    cr_assert_eq(store->ops->load_channel(store, &r, &arena, want->channel_id, true, NULL),
                 ASSAY_OK, "%s", when);
    cr_expect_eq(memcmp(r.client, want->client, sizeof(r.client)), 0, "%s: client", when);
    cr_expect(assay_bytes_equal(r.config, want->config), "%s: config", when);
    cr_expect_eq(r.status, want->status, "%s: status %d", when, (int)r.status);
    cr_expect_eq(r.is_closed, want->is_closed, "%s: closed", when);
    expect_head(&r.head, &want->head, when);
    cr_expect(assay_bytes_equal(r.lineage, want->lineage), "%s: lineage", when);
    cr_expect_eq(r.charged, want->charged, "%s: A %lu", when, (unsigned long)r.charged);
    cr_expect_eq(r.authorized, want->authorized, "%s: T %lu", when, (unsigned long)r.authorized);
    cr_expect_eq(r.has_voucher, want->has_voucher, "%s: voucher", when);
    cr_expect_eq(memcmp(r.voucher, want->voucher, sizeof(r.voucher)), 0, "%s: voucher", when);
    cr_expect_eq(r.version, want->version, "%s: version %lu", when, (unsigned long)r.version);
    cr_expect_str_eq(r.lease, want->lease, "%s: lease", when);
    cr_expect_str_eq(r.last_attempt, want->last_attempt, "%s: last attempt", when);
    assay_arena_fini(&arena);
}

void kx_lane_charged(struct kx_lane_record *lane, const struct kx_paid *paid)
{
    const struct kx_charge *c = &paid->attempt.charge;

    lane->charged = lane->authorized = c->after;
    lane->has_voucher = true;
    memcpy(lane->voucher, c->voucher, sizeof(lane->voucher));
    memcpy(lane->last_attempt, paid->attempt.txid, sizeof(lane->last_attempt));
    lane->lease[0] = '\0';
    lane->version++;
}

void kx_lane_moved(struct kx_store *store, struct kx_lane_record *lane)
{
    bool applied = false;
    struct assay_err err = {0};

    cr_assert_eq(store->ops->put_lineage(store, lane, PHASES_NOW + 9, &applied, &err), ASSAY_OK,
                 "%s", err.text);
    cr_assert(applied);
    lane->version++;
    lane->is_closed |= lane->status == KX_CHANNEL_SUSPICIOUS || lane->status == KX_CHANNEL_REFUNDED;
}

struct kx_lane_operation kx_operation_of(unsigned n, enum kx_transition_kind kind,
                                         const struct kx_lane_record *lane, uint64_t amount)
{
    struct kx_lane_operation o = {.version = lane->version,
                                  .kind = kind,
                                  .amount = amount,
                                  .has_successor = kind != KX_REFUND,
                                  .confirmations = 30,
                                  .transaction = ASSAY_LIT("{\"version\":1}")};

    name_of(o.txid, n, 0x0b0b);
    memcpy(o.channel_id, lane->channel_id, sizeof(o.channel_id));
    if (!o.has_successor)
        return o;
    o.successor = lane->head;
    o.successor.outpoint.index = kind == KX_CLAIM ? 1 : 0;
    hash_of(&o.successor.outpoint.txid, n, 0x0b0b);
    if (kind == KX_CLAIM) {
        o.successor.value -= amount;
        o.successor.claimed += amount;
    } else {
        o.successor.value += amount;
    }
    return o;
}

enum kx_operation_result kx_operation_begun(struct kx_store *store,
                                            const struct kx_lane_operation *operation)
{
    enum kx_operation_result result = KX_OPERATION_MOVED;
    struct assay_err err = {0};

    cr_assert_eq(store->ops->begin_operation(store, operation, PHASES_NOW, &result, &err), ASSAY_OK,
                 "%s", err.text);
    return result;
}

void kx_lane_after(struct kx_lane_record *lane, const struct kx_lane_operation *operation)
{
    if (operation->has_successor) {
        lane->head = operation->successor;
    } else {
        lane->status = KX_CHANNEL_REFUNDED;
        lane->is_closed = true;
    }
}
