/* What a facilitator remembers: which payments came, and whose money moved; see facilitator.h. */
#include "roles/facilitator_internal.h"

#include "base/hash.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY_MAX_BYTES = 128 << 10 };

/* Letters of hex are one whatever their case: an authorization is used once, however it is spelled.
 */
static void add_lower(struct assay_buf *out, struct assay_bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        assay_buf_add_byte(out,
                           text.at[i] >= 'A' && text.at[i] <= 'Z' ? text.at[i] | 0x20 : text.at[i]);
    assay_buf_add_byte(out, '\n');
}

/* The same of a value of the document, without the escapes that it may be written with. */
static bool add_lower_value(struct assay_buf *out, const struct assay_json *doc, uint32_t token)
{
    struct assay_buf text = ASSAY_BUF_INIT(KEY_MAX_BYTES);
    bool is_there =
        token != ASSAY_JSON_NONE && assay_json_canonical(&text, doc, token, NULL) == ASSAY_OK;

    if (is_there)
        add_lower(out, assay_buf_view(&text));
    assay_buf_fini(&text);
    return is_there;
}

/* Where its nonce stands: in an authorization, as on EVM networks, or beside the rest of an opaque
 * payload. */
static uint32_t authorized(const struct assay_json *doc, uint32_t payload)
{
    uint32_t authorization = assay_json_member(doc, payload, "authorization");

    return authorization != ASSAY_JSON_NONE ? authorization : payload;
}

/* What a payment spends: a nonce of a payer, which he may use once, or else the payload. What
 * stands around it (the offer, identifiers, further members) makes no other payment of it. */
static bool add_key(struct assay_buf *out, const struct x402_request *request)
{
    const struct assay_json *doc = request->doc;
    uint32_t payload = request->payment.payload;
    uint32_t spent = authorized(doc, payload);

    add_lower(out, request->requirements.network);
    if (!add_lower_value(out, doc, assay_json_member(doc, spent, "nonce")))
        return assay_json_canonical(out, doc, payload, NULL) == ASSAY_OK;
    add_lower(out, request->requirements.asset);
    (void)add_lower_value(out, doc, assay_json_member(doc, spent, "from"));
    return assay_buf_ok(out);
}

static struct facilitator_payment *find(struct facilitator *f, const char *key)
{
    for (size_t i = 0; i < f->payment_count; i++)
        if (strcmp(f->payments[i].key, key) == 0)
            return &f->payments[i];
    return NULL;
}

struct facilitator_payment *facilitator_payment_of(struct facilitator *f,
                                                   const struct x402_request *request)
{
    struct assay_buf text = ASSAY_BUF_INIT(KEY_MAX_BYTES);
    struct facilitator_payment *payment = NULL;
    char key[sizeof(payment->key)];

    if (add_key(&text, request)) {
        assay_sha256_hex(key, assay_buf_view(&text));
        payment = find(f, key);
        if (payment == NULL && f->payment_count < FACILITATOR_PAYMENTS_MAX) {
            payment = &f->payments[f->payment_count++];
            *payment = (struct facilitator_payment){.settled = 0};
            memcpy(payment->key, key, sizeof(key));
        }
    }
    assay_buf_fini(&text);
    return payment;
}

bool facilitator_knows(const struct facilitator *f, const struct facilitator_payment *payment)
{
    return payment->settled > 0 && !f->forgotten[payment - f->payments];
}

void facilitator_name_transaction(struct facilitator *f, char out[68], struct assay_bytes network)
{
    bool is_evm = assay_bytes_is(assay_bytes_part(network, 0, 7), "eip155:");
    char text[64], hex[65];

    (void)!snprintf(text, sizeof(text), "transaction %" PRIu64 " of a facilitator",
                    ++f->transactions);
    assay_sha256_hex(hex, assay_str(text));
    (void)!snprintf(out, 68, "%s%s", is_evm ? "0x" : "", hex);
}

void facilitator_move(struct facilitator *f, struct facilitator_payment *payment,
                      struct assay_bytes network)
{
    if (payment->settled == 0)
        f->counts.settled++;
    payment->settled++;
    f->counts.moved++;
    f->forgotten[payment - f->payments] = false;
    facilitator_name_transaction(f, payment->transaction, network);
}
