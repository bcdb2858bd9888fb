/* What is offered of the kinds that a facilitator settles: what this server sells and the
 * facilitator lists. Source: x402 v2 digest, sections 2.1 and 4; Kaspa x402 exact digest, section
 * 15 (intersection rule). */
#include "core/kx_core_internal.h"

#include "defects/defects.h"
#include "kaspa_x402/exact_write.h"

static struct kx_facilitated_entry entry_of(const struct kx_facilitated_kind *kind)
{
    return (struct kx_facilitated_entry){.scheme = assay_str(kind->scheme),
                                         .network = assay_str(kind->network),
                                         .asset = assay_str(kind->asset),
                                         .pay_to = assay_str(kind->pay_to),
                                         .extra =
                                             assay_str(kind->extra != NULL ? kind->extra : "")};
}

static bool is_kind(const struct kx_facilitated_kind *kind, struct assay_bytes scheme,
                    struct assay_bytes network)
{
    return assay_bytes_is(scheme, kind->scheme) && assay_bytes_is(network, kind->network);
}

static bool is_own(const struct kx_facilitated_core *f, struct assay_bytes scheme,
                   struct assay_bytes network)
{
    for (size_t i = 0; i < f->kind_count; i++)
        if (is_kind(&f->kinds[i], scheme, network))
            return true;
    return false;
}

/* ---- the intersection ---- */

/* Of what this server sells with what the facilitator does: nothing that is listed there widens it.
 */
static size_t published(struct x402_kind *out, const struct kx_core_request *r)
{
    const struct kx_facilitated_core *f = r->core->facilitated;
    const struct x402_supported *listed = r->event.supported;
    struct x402_kind own[KX_FACILITATED_KINDS_MAX];

    if (listed == NULL)
        return 0;
    for (size_t i = 0; i < f->kind_count; i++)
        own[i] = (struct x402_kind){.extra = ASSAY_JSON_NONE,
                                    .version = X402_VERSION,
                                    .scheme = assay_str(f->kinds[i].scheme),
                                    .network = assay_str(f->kinds[i].network),
                                    .modes_state = X402_MODES_KNOWN,
                                    .modes = X402_MODE_VERIFY | X402_MODE_SETTLE};
    return x402_kinds_publish(out, own, f->kind_count, listed->kinds, listed->kind_count, false);
}

static bool is_published(const struct kx_facilitated_kind *kind, const struct x402_kind *kinds,
                         size_t count)
{
    const unsigned both = X402_MODE_VERIFY | X402_MODE_SETTLE;

    for (size_t i = 0; i < count; i++)
        if (is_kind(kind, kinds[i].scheme, kinds[i].network) && (kinds[i].modes & both) == both)
            return true;
    return REF_DEFECT(fac_list_ignored);
}

/* ---- of defects: what the facilitator's list adds ---- */

static const struct x402_kind *listed_kind(const struct kx_core_request *r,
                                           struct assay_bytes scheme, struct assay_bytes network)
{
    const struct x402_supported *listed = r->event.supported;

    for (size_t i = 0; listed != NULL && i < listed->kind_count; i++)
        if (assay_bytes_equal(listed->kinds[i].scheme, scheme) &&
            assay_bytes_equal(listed->kinds[i].network, network))
            return &listed->kinds[i];
    return NULL;
}

/* The extra that is listed of a kind, or where it is named a member of it; empty: none. */
static struct assay_bytes listed_extra(const struct kx_core_request *r,
                                       const struct kx_facilitated_entry *entry, const char *member)
{
    const struct x402_kind *kind = listed_kind(r, entry->scheme, entry->network);
    uint32_t found = kind != NULL && kind->doc != NULL ? kind->extra : ASSAY_JSON_NONE;

    if (found != ASSAY_JSON_NONE && member != NULL)
        found = assay_json_member(kind->doc, found, member);
    return found != ASSAY_JSON_NONE ? assay_json_raw(kind->doc, found) : ASSAY_LIT("");
}

static bool lists_other_asset(struct kx_facilitated_entry *other, const struct kx_core_request *r,
                              const struct kx_facilitated_entry *entry)
{
    struct assay_bytes text = listed_extra(r, entry, "asset");

    *other = *entry;
    if (text.len > 2)
        other->asset = assay_bytes_part(text, 1, text.len - 1); /* without its quotes */
    return !assay_bytes_equal(other->asset, entry->asset);
}

/* ---- the entries ---- */

/* What is published now, so far. */
struct entries {
    struct kx_facilitated_entry *at;
    size_t count;
};

static void add_entry(struct entries *out, const struct kx_facilitated_entry *entry)
{
    if (out->count < X402_ACCEPTS_MAX_ITEMS)
        out->at[out->count++] = *entry;
}

/* What this server sells, as it has it. */
static void add_own(struct entries *out, const struct kx_core_request *r,
                    const struct kx_facilitated_kind *kind)
{
    struct kx_facilitated_entry entry = entry_of(kind), other;

    if (REF_DEFECT(fac_extra) && listed_extra(r, &entry, NULL).len > 0)
        entry.extra = listed_extra(r, &entry, NULL);
    add_entry(out, &entry);
    if (REF_DEFECT(fac_assets) && lists_other_asset(&other, r, &entry))
        add_entry(out, &other);
}

/* Of a defect: all else that the facilitator lists, on the terms of the first kind. */
static void add_listed(struct entries *out, const struct kx_core_request *r)
{
    const struct kx_facilitated_core *f = r->core->facilitated;
    const struct x402_supported *listed = r->event.supported;
    struct kx_facilitated_entry entry = entry_of(&f->kinds[0]);

    for (size_t i = 0; listed != NULL && i < listed->kind_count; i++) {
        entry.scheme = listed->kinds[i].scheme;
        entry.network = listed->kinds[i].network;
        if (!is_own(f, entry.scheme, entry.network))
            add_entry(out, &entry);
    }
}

size_t kx_facilitated_entries(struct kx_facilitated_entry *out, const struct kx_core_request *r)
{
    const struct kx_facilitated_core *f = r->core->facilitated;
    struct x402_kind kinds[KX_FACILITATED_KINDS_MAX];
    struct entries entries = {.at = out};
    size_t count;

    if (f == NULL)
        return 0;
    count = published(kinds, r);
    for (size_t i = 0; i < f->kind_count; i++)
        if (is_published(&f->kinds[i], kinds, count))
            add_own(&entries, r, &f->kinds[i]);
    if (REF_DEFECT(fac_kinds_union))
        add_listed(&entries, r);
    return entries.count;
}

uint64_t kx_facilitated_price(const struct kx_core_request *r)
{
    return r->route->price + (REF_DEFECT(x402_unstable) ? r->event.random % 1000 : 0);
}

/* ---- writing ---- */

static void write_entry(struct assay_buf *out, const struct kx_core_request *r,
                        const struct kx_facilitated_entry *entry)
{
    uint64_t price = kx_facilitated_price(r);

    assay_buf_add_byte(out, '{');
    if (REF_DEFECT(x402_amount_number))
        kx_write_number(out, "amount", price);
    else
        kx_write_decimal(out, "amount", price);
    kx_write_text(out, "asset", entry->asset);
    if (entry->extra.len > 0) {
        kx_write_name(out, "extra");
        assay_buf_add(out, entry->extra);
    }
    kx_write_number(out, "maxTimeoutSeconds", r->core->max_timeout_s);
    kx_write_text(out, "network", entry->network);
    kx_write_text(out, "payTo", entry->pay_to);
    kx_write_text(out, "scheme", entry->scheme);
    assay_buf_add_byte(out, '}');
}

size_t kx_facilitated_write(struct assay_buf *out, const struct kx_core_request *r, size_t before)
{
    struct kx_facilitated_entry entries[X402_ACCEPTS_MAX_ITEMS];
    size_t count = kx_facilitated_entries(entries, r);

    for (size_t i = 0; i < count; i++) {
        assay_buf_add_str(out, before + i == 0 ? "" : ",");
        write_entry(out, r, &entries[i]);
    }
    return count;
}

bool kx_facilitated_is_paid(struct kx_core_request *r)
{
    uint32_t accepted = assay_json_member(&r->doc, 0, "accepted");
    const struct kx_facilitated_core *f = r->core->facilitated;
    struct assay_bytes scheme, network;

    if (f == NULL || accepted == ASSAY_JSON_NONE ||
        !x402_text(&scheme, &r->arena, &r->doc, accepted, "scheme") ||
        !x402_text(&network, &r->arena, &r->doc, accepted, "network"))
        return false;
    return is_own(f, scheme, network) ||
           (REF_DEFECT(fac_kinds_union) && listed_kind(r, scheme, network) != NULL);
}
