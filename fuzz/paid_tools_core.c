/* The decision core against a model: bytes become payments, replays, retries, failures and steps of
 * the clock. Held: an answer comes in bounded steps; the handler runs only on a reservation of a
 * nonce that was signed for this very request; a nonce is spent at most once, whatever the clock
 * does; and what is granted was run or is a replay. */
#include "fuzz.h"

#include "base/cursor.h"
#include "core/paid_tools.h"

enum { PAYMENTS_MAX = 48, KEYS_MAX = 4, EVENTS_MAX = 64, STEPS_MAX = 8, DEPTH_MAX = 2 };

#define START_MS INT64_C(1767225600000)
#define SECRET ASSAY_LIT("0123456789abcdef0123456789abcdef")

/* A proof that the model signed, and what the store knows of its nonce. */
struct payment {
    struct pt_proof proof;
    unsigned request;
    bool is_reserved, is_remembered, was_spent;
    int64_t until_ms;
};

struct kept {
    bool is_reserved, has_answer;
    int64_t until_ms;
    char hash[PT_HASH_TEXT_BYTES], payment[ASSAY_UUID_TEXT_BYTES];
    int status;
};

struct model {
    struct assay_cur in;
    struct pt_core core;
    struct payment payments[PAYMENTS_MAX];
    size_t payment_count;
    struct kept keys[KEYS_MAX];
    int64_t now_ms, floor_ms, last_sweep_ms;
    unsigned depth, events;
    bool store_fails;
    bool has_edited; /* under the base rules whoever edits an expiry steers what is remembered: EX-2
                      */
};

static const struct pt_route routes[] = {
    {"GET", "/weather", "0.001", NULL},
    {"POST", "/action", "0.002", NULL},
    {"GET", "/free", NULL, NULL},
};
static const char *const tools[] = {"t", NULL};

static const struct {
    const char *method, *target, *body;
} requests[] = {
    {"GET", "/weather?a=1&b=2", ""},
    {"HEAD", "/weather", ""},
    {"POST", "/action", "{}"},
    {"POST", "/mcp", "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"t\"}}"},
    {"GET", "/free", ""},
    {"GET", "//weather", ""},
};

static struct payment *payment_of(struct model *m, struct assay_bytes nonce)
{
    for (size_t i = 0; i < m->payment_count; i++) {
        if (assay_bytes_is(nonce, m->payments[i].proof.nonce))
            return &m->payments[i];
    }
    return NULL;
}

static struct kept *key_of(struct model *m, struct assay_bytes key)
{
    return key.len == 1 ? &m->keys[(unsigned)(key.at[0] - 'a') % KEYS_MAX] : NULL;
}

static enum ref_claim_result ask_key(const struct kept *key, const struct ref_claim *claim,
                                     struct ref_found *found)
{
    if (key == NULL || (!key->is_reserved && !key->has_answer) || key->until_ms <= claim->now_ms)
        return REF_CLAIM_FREE;
    found->payment = assay_str(key->payment);
    found->answer = (struct ref_answer){key->status, ASSAY_LIT("text/plain"), ASSAY_LIT("kept")};
    if (!assay_bytes_is(claim->request_hash, key->hash))
        return REF_CLAIM_KEY_CONFLICT;
    return key->has_answer ? REF_CLAIM_ANSWERED : REF_CLAIM_KEY_BUSY;
}

static void copy_text(char *out, size_t room, struct assay_bytes text)
{
    FUZZ_CHECK(text.len < room);
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

static enum ref_claim_result begin(struct model *m, const struct ref_claim *claim,
                                   struct ref_found *found)
{
    struct payment *payment = payment_of(m, claim->nonce);
    struct kept *key = key_of(m, claim->key);
    enum ref_claim_result result = ask_key(key, claim, found);

    FUZZ_CHECK(payment != NULL); /* verified: so it was signed */
    if (result != REF_CLAIM_FREE)
        return result;
    if (payment->is_remembered)
        return REF_CLAIM_NONCE_TAKEN;
    payment->is_reserved = payment->is_remembered = true;
    payment->until_ms = claim->nonce_until_ms;
    if (key != NULL) {
        *key = (struct kept){.is_reserved = true, .until_ms = claim->key_until_ms};
        copy_text(key->hash, sizeof(key->hash), claim->request_hash);
        copy_text(key->payment, sizeof(key->payment), claim->payment);
    }
    return REF_CLAIM_FREE;
}

static void finish(struct model *m, const struct pt_action *action)
{
    struct payment *payment = payment_of(m, action->claim.nonce);
    struct kept *key = key_of(m, action->claim.key);

    FUZZ_CHECK(payment != NULL && payment->is_reserved);
    payment->is_reserved = false;
    if (action->outcome == REF_OUTCOME_RELEASED) {
        FUZZ_CHECK(m->core.rules == PT_RULES_HARDENED && !action->store_answer);
        payment->is_remembered = false;
    } else {
        FUZZ_CHECK(!payment->was_spent || (m->core.rules == PT_RULES_BASE && m->has_edited));
        payment->was_spent = true;
    }
    if (key == NULL)
        return;
    key->is_reserved = false;
    key->has_answer = action->store_answer;
    if (action->store_answer) {
        key->status = action->answer.status;
        FUZZ_CHECK(key->status < 500 && key->status != 402 && key->status != 409);
    }
}

static void sweep(struct model *m, int64_t now_ms)
{
    for (size_t i = 0; i < m->payment_count; i++) {
        if (m->payments[i].is_remembered && m->payments[i].until_ms <= now_ms &&
            !m->payments[i].is_reserved)
            m->payments[i].is_remembered = false;
    }
    m->floor_ms = m->floor_ms > now_ms ? m->floor_ms : now_ms;
    m->last_sweep_ms = now_ms;
}

static void happen(struct model *m);

/* The handler: other requests may come and go while it runs. */
static struct pt_action run(struct model *m, struct pt_core_request *r,
                            const struct pt_action *action, unsigned request)
{
    static const int statuses[] = {200, 200, 404, 500, 402, 99};
    struct payment *payment = payment_of(m, action->claim.nonce);
    uint8_t how = assay_cur_u8(&m->in);
    struct ref_answer answer = {statuses[how % ARRAY_LEN(statuses)], ASSAY_LIT("text/plain"),
                                ASSAY_LIT("made")};

    FUZZ_CHECK(payment != NULL && payment->is_reserved);
    FUZZ_CHECK(payment->request == request);
    FUZZ_CHECK(action->claim.now_ms < payment->proof.expires_ms ||
               (m->core.rules == PT_RULES_BASE && m->has_edited));
    if (how >= 128 && m->depth < DEPTH_MAX) {
        m->depth++;
        happen(m);
        m->depth--;
    }
    return pt_core_origin(r, how % 7 == 6 ? ASSAY_E_TIMEOUT : ASSAY_OK, &answer);
}

static struct pt_action step(struct model *m, struct pt_core_request *r,
                             const struct pt_action *action, struct ref_found *found)
{
    enum ref_claim_result result = REF_CLAIM_FREE;

    if (m->store_fails) {
        m->store_fails = false;
        return pt_core_store(r, ASSAY_E_IO, result, found);
    }
    if (action->kind == PT_DO_STORE_LOOKUP)
        result = ask_key(key_of(m, action->claim.key), &action->claim, found);
    else if (action->kind == PT_DO_STORE_BEGIN)
        result = begin(m, &action->claim, found);
    else
        finish(m, action);
    return pt_core_store(r, ASSAY_OK, result, found);
}

static void sign(struct model *m, struct assay_bytes body, unsigned request)
{
    struct payment *payment = &m->payments[m->payment_count];
    struct pt_challenge challenge;

    if (m->payment_count == PAYMENTS_MAX ||
        pt_challenge_parse(&challenge, body, NULL) != ASSAY_OK ||
        payment_of(m, assay_str(challenge.nonce)) != NULL)
        return;
    *payment = (struct payment){.request = request};
    FUZZ_CHECK(pt_proof_pay(&payment->proof, &challenge, SECRET, "payer", m->now_ms) == ASSAY_OK);
    m->payment_count++;
}

static void send(struct model *m, unsigned request, struct assay_bytes header, bool is_bridge,
                 struct assay_bytes key)
{
    struct pt_core_request *r = pt_core_request_new(&m->core);
    struct pt_event_request event = {
        .request = {assay_str(requests[request].method), assay_str(requests[request].target),
                    ASSAY_LIT("shop"), assay_str(requests[request].body)},
        .proof = is_bridge ? ASSAY_LIT("") : header,
        .bridge = is_bridge ? header : ASSAY_LIT(""),
        .key = key,
        .content_type = ASSAY_LIT(""),
        .now_ms = m->now_ms,
        .floor_ms = m->floor_ms,
        .last_sweep_ms = m->last_sweep_ms,
    };
    struct ref_found found = {.storage = ASSAY_BUF_INIT(64)};
    struct pt_action action;
    bool has_run = false;

    if (r == NULL)
        return;
    for (size_t i = 0; i < sizeof(event.random); i++)
        event.random[i] = (uint8_t)(m->events * 7 + i * m->payment_count);
    action = pt_core_request(r, &event);
    if (action.sweep)
        sweep(m, action.claim.now_ms);
    for (int steps = 0; action.kind != PT_DO_RESPOND; steps++) {
        FUZZ_CHECK(steps < STEPS_MAX);
        has_run = has_run || action.kind == PT_DO_ORIGIN;
        action =
            action.kind == PT_DO_ORIGIN ? run(m, r, &action, request) : step(m, r, &action, &found);
    }
    FUZZ_CHECK(action.response.status >= 200 && action.response.status <= 599);
    FUZZ_CHECK(!action.response.granted || has_run || action.response.replay);
    FUZZ_CHECK(!action.response.replay || key.len > 0);
    FUZZ_CHECK(!action.response.replay || m->core.rules == PT_RULES_BASE || header.len > 0);
    if (action.response.status == 402 && header.len == 0)
        sign(m, action.response.body, request);
    pt_core_request_free(r);
    assay_buf_fini(&found.storage);
}

/* A proof that was signed before, perhaps with a byte of it changed, for its own or another
 * request. */
static void use(struct model *m, uint8_t how, struct assay_bytes key)
{
    struct assay_buf header = ASSAY_BUF_INIT(1 << 18);
    struct payment *payment;
    unsigned request;

    if (m->payment_count > 0) {
        payment = &m->payments[assay_cur_u8(&m->in) % m->payment_count];
        request = how & 1 ? (unsigned)assay_cur_u8(&m->in) % (unsigned)ARRAY_LEN(requests)
                          : payment->request;
        if (how & 2)
            pt_bridge_encode(&header, &payment->proof);
        else
            pt_proof_encode(&header, &payment->proof);
        if (how & 4) {
            size_t at = assay_cur_u16be(&m->in) % header.len;

            header.at[at] = assay_cur_u8(&m->in);
            m->has_edited = true;
        }
        send(m, request, assay_buf_view(&header), (how & 2) != 0, key);
    }
    assay_buf_fini(&header);
}

static void happen(struct model *m)
{
    static const int64_t leaps[] = {1, 1000, 60000, 299999, 300000, 361000, -200000, -600000};
    uint8_t what = assay_cur_u8(&m->in), how = assay_cur_u8(&m->in);
    struct assay_bytes key = how & 0x80 ? ASSAY_LIT("a") : ASSAY_LIT("");

    if (m->in.bad || m->events++ >= EVENTS_MAX)
        return;
    if (how & 0x40)
        key = key.len > 0 ? ASSAY_LIT("b") : ASSAY_LIT("");
    switch (what % 6) {
    case 0:
    case 1:
        send(m, how % (unsigned)ARRAY_LEN(requests), ASSAY_LIT(""), false, key);
        break;
    case 2:
    case 3:
        use(m, how, key);
        break;
    case 4:
        m->now_ms += leaps[how % ARRAY_LEN(leaps)];
        break;
    case 5:
        if (how % 4 == 0)
            m->store_fails = true;
        else
            send(m, how % (unsigned)ARRAY_LEN(requests), assay_cur_view(&m->in, how), how & 1, key);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model *m = calloc(1, sizeof(*m));

    if (m == NULL)
        return 0;
    m->in = assay_cur_of(assay_bytes_of(data, size));
    m->now_ms = m->last_sweep_ms = START_MS;
    m->core = (struct pt_core){
        .rules = assay_cur_u8(&m->in) & 1 ? PT_RULES_HARDENED : PT_RULES_BASE,
        .secret = SECRET,
        .asset = "USDC",
        .network = "mock",
        .recipient = "shop",
        .places = 6,
        .ttl_ms = 300000,
        .key_ttl_ms = 3600000,
        .sweep_every_ms = 60000,
        .routes = routes,
        .route_count = ARRAY_LEN(routes),
        .mcp_path = "/mcp",
        .mcp_tools = tools,
        .mcp_price = "0.001",
    };
    while (!m->in.bad && m->events < EVENTS_MAX)
        happen(m);
    free(m);
    return 0;
}
