/* What assay pay says of payments and channels, in words and as JSON; see pay.h. */
#include "cli/pay.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_MAX_BYTES ((size_t)1 << 18)

/* Ends the line, with nothing in it that a terminal obeys. */
static void print_line(FILE *out, struct assay_buf *line)
{
    struct assay_buf shown = ASSAY_BUF_INIT((size_t)1 << 20);

    assay_utf8_add_printable(&shown, assay_buf_view(line));
    fprintf(out, "%s\n",
            assay_buf_ok(line) && assay_buf_cstr(&shown) != NULL ? assay_buf_cstr(&shown)
                                                                 : "assay pay: out of memory");
    assay_buf_fini(&shown);
    assay_buf_fini(line);
}

static const char *end_name(enum kx_client_end end)
{
    switch (end) {
    case KX_CLIENT_SERVED:
        return "paid";
    case KX_CLIENT_FREE:
        return "free";
    case KX_CLIENT_REFUSED:
        return "not paid";
    case KX_CLIENT_REFUNDED:
        return "refunded";
    case KX_CLIENT_UNRESOLVED:
        break;
    }
    return "unresolved";
}

static const char *word_name(enum kx_client_word word)
{
    static const char *const names[] = {
        [KX_CLIENT_SAID_NOTHING] = "nothing", [KX_CLIENT_SAID_NONSENSE] = "malformed",
        [KX_CLIENT_SAID_FAILED] = "failed",   [KX_CLIENT_SAID_OTHER] = "another payment",
        [KX_CLIENT_SAID_PAID] = "paid",
    };

    return names[word];
}

static void add_member(struct assay_buf *line, const char *name, struct assay_bytes text)
{
    assay_buf_printf(line, ",\"%s\":", name);
    assay_json_add_string(line, text);
}

static void add_attempt(struct assay_buf *line, const struct kx_client_attempt *a)
{
    add_member(line, "state", assay_str(kx_client_state_name(a->state)));
    assay_buf_printf(line, ",\"delivered\":%s", a->is_delivered ? "true" : "false");
    add_member(line, "identifier", a->identifier);
    add_member(line, "transaction", a->txid);
    add_member(line, "network", a->network);
    add_member(line, "amount", a->amount);
    add_member(line, "payTo", a->pay_to);
    add_member(line, "method", a->method);
    add_member(line, "url", a->url);
}

static void write_json(struct assay_buf *line, const struct kx_client_outcome *outcome,
                       const struct kx_client_attempt *attempt)
{
    assay_buf_printf(line, "{\"end\":\"%s\",\"status\":%d,\"said\":\"%s\"", end_name(outcome->end),
                     outcome->status, word_name(outcome->word));
    if (outcome->rule != NULL)
        add_member(line, "rule", assay_str(outcome->rule));
    if (outcome->why[0] != '\0')
        add_member(line, "why", assay_str(outcome->why));
    if (attempt != NULL)
        add_attempt(line, attempt);
    assay_buf_add_byte(line, '}');
}

static void write_words(struct assay_buf *line, const struct kx_client_outcome *outcome,
                        const struct kx_client_attempt *a)
{
    assay_buf_printf(line, "%s", end_name(outcome->end));
    if (a != NULL)
        assay_buf_printf(line, ": %.*s sompi to %.*s, transaction %.*s, %s, attempt %.*s",
                         (int)a->amount.len, (const char *)a->amount.at, (int)a->pay_to.len,
                         (const char *)a->pay_to.at, a->txid.len > 0 ? (int)a->txid.len : 4,
                         a->txid.len > 0 ? (const char *)a->txid.at : "none",
                         kx_client_state_name(a->state), (int)a->identifier.len,
                         (const char *)a->identifier.at);
    if (outcome->status != 0)
        assay_buf_printf(line, "; answered %d", outcome->status);
    if (outcome->why[0] != '\0')
        assay_buf_printf(line, "; %s%s%s%s", outcome->why, outcome->rule != NULL ? " (" : "",
                         outcome->rule != NULL ? outcome->rule : "",
                         outcome->rule != NULL ? ")" : "");
}

void pay_print_outcome(const struct kx_client_outcome *outcome,
                       const struct kx_client_attempt *attempt, bool as_json)
{
    struct assay_buf line = ASSAY_BUF_INIT(LINE_MAX_BYTES);

    if (as_json) {
        write_json(&line, outcome, attempt);
    } else {
        assay_buf_add_str(&line, "assay pay: ");
        write_words(&line, outcome, attempt);
    }
    print_line(stderr, &line);
}

void pay_print_attempt(const struct kx_client_attempt *a, bool as_json)
{
    struct assay_buf line = ASSAY_BUF_INIT(LINE_MAX_BYTES);

    if (as_json) {
        assay_buf_add_str(&line, "{\"format\":\"assay-payment-attempt/1\"");
        add_attempt(&line, a);
        assay_buf_add_byte(&line, '}');
    } else {
        assay_buf_printf(
            &line, "%-9s %-13s %.*s  %.*s sompi to %.*s  %.*s %.*s", kx_client_state_name(a->state),
            a->is_delivered ? "delivered" : "not delivered", (int)a->identifier.len,
            (const char *)a->identifier.at, (int)a->amount.len, (const char *)a->amount.at,
            (int)a->pay_to.len, (const char *)a->pay_to.at, (int)a->method.len,
            (const char *)a->method.at, (int)a->url.len, (const char *)a->url.at);
    }
    print_line(stdout, &line);
}

void pay_print_channel(const struct kx_client_channel *c, bool as_json)
{
    struct assay_buf line = ASSAY_BUF_INIT(LINE_MAX_BYTES);
    char id[X402_HASH_TEXT_BYTES];

    assay_hex_encode(id, assay_bytes_of(c->channel_id, sizeof(c->channel_id)));
    if (as_json) {
        assay_buf_add_str(&line, "{\"format\":\"assay-payment-channel/1\"");
        add_member(&line, "state", assay_str(kx_client_channel_state_name(c->state)));
        add_member(&line, "channel", assay_str(id));
        add_member(&line, "origin", c->origin);
        add_member(&line, "payTo", c->config.pay_to);
        assay_buf_printf(&line,
                         ",\"funding\":\"%" PRIu64 "\",\"charged\":\"%" PRIu64
                         "\",\"claimed\":\"%" PRIu64 "\",\"refundTimeoutDaa\":\"%" PRIu64 "\"}",
                         c->head.value, c->total, c->head.claimed, c->config.refund_timeout_daa);
    } else {
        assay_buf_printf(&line,
                         "%-9s channel       %s  %" PRIu64 " sompi, %" PRIu64 " charged, %" PRIu64
                         " claimed, refund above DAA %" PRIu64 "  %.*s",
                         kx_client_channel_state_name(c->state), id, c->head.value, c->total,
                         c->head.claimed, c->config.refund_timeout_daa, (int)c->origin.len,
                         (const char *)c->origin.at);
    }
    print_line(stdout, &line);
}
