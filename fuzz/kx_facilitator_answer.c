/* What a facilitator answers, through all of its client: the HTTP client below it is this file's,
 * and the input is the answer: a JSON document for a body, and three bytes, for the status, for how
 * the exchange went, and for what is expected. Each answer is judged a second time, by the
 * sentences of the digests over another library's reading. Held: YES only for an answer of 200 that
 * says so in every word; money that may have moved is never said to have stayed; nothing of the
 * facilitator's own text is told but for the log; and a refusal has a word of the list. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "net/facilitator.h"

enum { ARENA_BYTES = 1 << 25, OPTIONS = 3 };

/* Of the byte for the exchange: what has gone wrong, and how the answer came. */
enum {
    FAILURE = 7, /* 0: none */
    IS_CODED = 8,
    IS_IDENTITY = 16,
    IS_TOO_LARGE = 32,
};
/* Of the last byte. */
enum { WITH_AMOUNT = 1, WITH_PAYER = 2 };

#define NETWORK "eip155:84532"
#define AMOUNT "10000"
#define PAYER "0xpayer"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, OPTIONS, seed);
}

/* ---- the HTTP client, whose script comes with each call as a header ---- */

struct script {
    struct assay_bytes body;
    int status;
    uint8_t how;
};

struct ref_net_client {
    size_t body_max;
    bool reached, is_coded, is_identity;
};

static struct script script_of(struct assay_bytes input)
{
    static const int statuses[] = {200, 200, 200, 400, 400, 201, 204, 301, 401, 402,
                                   403, 404, 405, 408, 409, 413, 429, 500, 502, 503};
    size_t body = input.len > OPTIONS ? input.len - OPTIONS : 0;

    return (struct script){
        .body = assay_bytes_part(input, 0, body),
        .status = input.len >= OPTIONS ? statuses[input.at[body] % ARRAY_LEN(statuses)] : 200,
        .how = input.len >= OPTIONS ? input.at[body + 1] : 0,
    };
}

enum assay_code ref_net_client_check(const struct ref_net_client_options *options,
                                     struct assay_err *err)
{
    (void)options;
    (void)err;
    return ASSAY_OK;
}

struct ref_net_client *ref_net_client_new(const struct ref_net_client_options *options)
{
    struct ref_net_client *client = calloc(1, sizeof(*client));

    FUZZ_CHECK(client != NULL && options->is_single_use);
    client->body_max = options->response_max_bytes;
    return client;
}

void ref_net_client_free(struct ref_net_client *client)
{
    free(client);
}

/* TIMEOUT and CLOSED may come before or after the request was sent. */
enum assay_code ref_net_client_call(struct ref_net_client *client, struct ref_net_reply *reply,
                                    const struct ref_net_call *call, struct assay_err *err)
{
    static const struct {
        enum assay_code code;
        bool reached;
    } ends[] = {
        {ASSAY_OK, true},       {ASSAY_E_TIMEOUT, true}, {ASSAY_E_TIMEOUT, false},
        {ASSAY_E_CLOSED, true}, {ASSAY_E_IO, false},     {ASSAY_E_IO, true},
        {ASSAY_E_NOMEM, true},  {ASSAY_OK, true},
    };
    struct script script = script_of(call->headers[0].value);
    enum assay_code rc = ends[script.how & FAILURE].code;

    client->reached = ends[script.how & FAILURE].reached;
    client->is_coded = (script.how & IS_CODED) != 0;
    client->is_identity = (script.how & IS_IDENTITY) != 0;
    if (rc == ASSAY_OK && (script.body.len > client->body_max || script.how & IS_TOO_LARGE))
        rc = ASSAY_E_TOO_LARGE;
    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "the exchange");
    *reply = (struct ref_net_reply){.status = script.status, .body = script.body};
    return ASSAY_OK;
}

bool ref_net_client_reached(const struct ref_net_client *client)
{
    return client->reached;
}

size_t ref_net_client_header(const struct ref_net_client *client, struct assay_bytes *value,
                             const char *name)
{
    FUZZ_CHECK(strcmp(name, "Content-Encoding") == 0);
    *value = client->is_coded ? ASSAY_LIT("gzip") : ASSAY_LIT("identity");
    return client->is_coded || client->is_identity ? 1 : 0;
}

/* ---- the second judgement ---- */

/* Nothing but a whole answer of 200 can be a yes. */
static bool may_be_yes(const struct script *script, bool is_document)
{
    int failure = script->how & FAILURE;

    return is_document && script->status == 200 && (failure == 0 || failure == 7) &&
           (script->how & (IS_CODED | IS_TOO_LARGE)) == 0;
}

static bool is_text_or_absent(const json_t *said, const char *name)
{
    const json_t *member = json_object_get(said, name);

    return member == NULL || json_is_string(member);
}

static bool second_is_valid(const json_t *said)
{
    const json_t *extra = json_object_get(said, "extra");

    return json_is_true(json_object_get(said, "isValid")) && is_text_or_absent(said, "payer") &&
           is_text_or_absent(said, "invalidReason") && (extra == NULL || json_is_object(extra));
}

static bool is_empty_or(const json_t *said, const char *name, struct assay_bytes expected)
{
    struct assay_bytes text;

    (void)fuzz_second_text(&text, said, name);
    return is_text_or_absent(said, name) &&
           (text.len == 0 || expected.len == 0 || assay_bytes_equal(text, expected));
}

static bool second_is_settled(const json_t *said, const struct x402_expected *expected)
{
    const json_t *extensions = json_object_get(said, "extensions");
    struct assay_bytes transaction, network;

    (void)fuzz_second_text(&transaction, said, "transaction");
    (void)fuzz_second_text(&network, said, "network");
    return json_is_true(json_object_get(said, "success")) && x402_names_something(transaction) &&
           assay_bytes_equal(network, expected->network) &&
           is_empty_or(said, "amount", expected->amount) &&
           is_empty_or(said, "payer", expected->payer) &&
           is_empty_or(said, "errorReason", ASSAY_LIT("\n")) &&
           (extensions == NULL ||
            (json_is_object(extensions) && json_object_size(extensions) <= 32));
}

/* It says no by a word that is known to come before anything moved, and names no transaction. */
static bool second_has_not_moved(const json_t *said)
{
    struct assay_bytes transaction, reason;

    (void)fuzz_second_text(&transaction, said, "transaction");
    (void)fuzz_second_text(&reason, said, "errorReason");
    return json_is_false(json_object_get(said, "success")) && transaction.len == 0 &&
           x402_reason_find(reason) != NULL && !assay_bytes_is(reason, "unexpected_settle_error") &&
           !assay_bytes_is(reason, X402_REASON_PENDING);
}

/* Statuses that turn a request away before anything was done for it. */
static bool is_turned_away(int status)
{
    static const int away[] = {301, 401, 403, 404, 405, 413, 429};

    for (size_t i = 0; i < ARRAY_LEN(away); i++)
        if (status == away[i])
            return true;
    return false;
}

/* ---- what is told ---- */

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static void check_told(const struct ref_facilitator_answer *a)
{
    bool has_reason = a->outcome == REF_FACILITATOR_NO || a->outcome == REF_FACILITATOR_PENDING;

    FUZZ_CHECK((a->why.code == ASSAY_OK) == (a->outcome == REF_FACILITATOR_YES));
    FUZZ_CHECK(is_printable(a->why.text));
    FUZZ_CHECK((a->reason != NULL) == has_reason);
    FUZZ_CHECK(a->reason == NULL || x402_reason_find(assay_str(a->reason)) != NULL);
    FUZZ_CHECK(a->transaction.len == 0 || x402_names_something(a->transaction));
    FUZZ_CHECK(a->payer.len == 0 || x402_names_something(a->payer));
}

static void check_moved(const struct ref_facilitator_answer *a, const struct script *script,
                        const json_t *said)
{
    bool is_decided = a->outcome == REF_FACILITATOR_NO || a->outcome == REF_FACILITATOR_UNREACHABLE;

    if (a->may_have_moved)
        return;
    FUZZ_CHECK(is_decided ||
               (a->outcome == REF_FACILITATOR_STATUS && is_turned_away(script->status)));
    if (a->outcome == REF_FACILITATOR_NO && said != NULL)
        FUZZ_CHECK(second_has_not_moved(said));
}

struct asking {
    struct ref_facilitator *facilitator;
    struct assay_arena arena;
    struct script script;
    bool is_document; /* that is believed: no member twice, within the budgets */
    json_t *said;     /* NULL: the second library does not read it */
    struct x402_ask ask;
    struct x402_expected expected;
};

static void ask_supported(struct asking *a)
{
    struct x402_supported supported = {.left_out = SIZE_MAX};
    struct ref_facilitator_answer answer;

    ref_facilitator_supported(a->facilitator, &answer, &supported, &a->arena);
    check_told(&answer);
    FUZZ_CHECK(!answer.may_have_moved);
    FUZZ_CHECK((supported.left_out == SIZE_MAX) == (answer.outcome != REF_FACILITATOR_YES));
    if (answer.outcome == REF_FACILITATOR_YES && a->said != NULL)
        FUZZ_CHECK(supported.kind_count + supported.left_out ==
                   json_array_size(json_object_get(a->said, "kinds")));
    FUZZ_CHECK(answer.outcome != REF_FACILITATOR_YES || may_be_yes(&a->script, a->is_document));
}

static void ask_verify(struct asking *a)
{
    struct ref_facilitator_answer answer;
    bool is_yes;

    ref_facilitator_verify(a->facilitator, &answer, &a->arena, &a->ask);
    check_told(&answer);
    is_yes = answer.outcome == REF_FACILITATOR_YES;
    FUZZ_CHECK(!answer.may_have_moved && answer.outcome != REF_FACILITATOR_PENDING);
    if (a->said != NULL)
        FUZZ_CHECK(is_yes == (may_be_yes(&a->script, a->is_document) && second_is_valid(a->said)));
    else
        FUZZ_CHECK(!is_yes || may_be_yes(&a->script, a->is_document));
}

static void ask_settle(struct asking *a)
{
    struct ref_facilitator_answer answer;
    bool is_yes;

    ref_facilitator_settle(a->facilitator, &answer, &a->arena, &a->ask, &a->expected);
    check_told(&answer);
    is_yes = answer.outcome == REF_FACILITATOR_YES;
    check_moved(&answer, &a->script, a->said);
    FUZZ_CHECK(!is_yes || answer.transaction.len > 0);
    FUZZ_CHECK(answer.outcome != REF_FACILITATOR_PENDING || answer.transaction.len > 0);
    if (a->said != NULL)
        FUZZ_CHECK(is_yes == (may_be_yes(&a->script, a->is_document) &&
                              second_is_settled(a->said, &a->expected)));
    else
        FUZZ_CHECK(!is_yes || may_be_yes(&a->script, a->is_document));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t options = size > 0 ? data[size - 1] : 0;
    const struct ref_net_field script = {ASSAY_LIT("script"), assay_bytes_of(data, size)};
    struct ref_facilitator_options how = REF_FACILITATOR_OPTIONS_DEFAULT;
    struct asking a = {
        .arena = ASSAY_ARENA_INIT(ARENA_BYTES),
        .script = script_of(script.value),
        .ask = {.payload = ASSAY_LIT("{}"), .requirements = ASSAY_LIT("{}")},
        .expected = {.network = ASSAY_LIT(NETWORK),
                     .amount = options & WITH_AMOUNT ? ASSAY_LIT(AMOUNT) : ASSAY_LIT(""),
                     .payer = options & WITH_PAYER ? ASSAY_LIT(PAYER) : ASSAY_LIT("")},
    };
    struct assay_json doc;

    how.url = "http://127.0.0.1:1/path/";
    how.headers = &script;
    how.header_count = 1;
    FUZZ_CHECK(ref_facilitator_new(&a.facilitator, &how, NULL) == ASSAY_OK);
    /* within the budgets of documents the second reading decides, too */
    a.is_document = x402_document_parse(&doc, &a.arena, a.script.body, true, NULL) == ASSAY_OK;
    if (a.is_document)
        a.said = fuzz_second(doc.text);
    ask_supported(&a);
    ask_verify(&a);
    ask_settle(&a);
    json_decref(a.said);
    ref_facilitator_free(a.facilitator);
    assay_arena_fini(&a.arena);
    return 0;
}
