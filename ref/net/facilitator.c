/* The client of a facilitator: one exchange a call, and what it means; see facilitator.h. */
#include "net/facilitator.h"

#include "base/planted.h"
#include "base/url.h"
#include "defects/defects.h"

enum {
    REQUEST_MAX_BYTES = 4 * X402_DECODED_MAX_BYTES,
    URL_PATH_MAX_BYTES = 2048,
    ANY_BYTES = 8 << 20 /* of a defect */
};

struct ref_facilitator {
    struct ref_facilitator_options options;
    struct ref_net_client *client;
    struct assay_bytes path; /* of its URL, without a slash at the end */
};

#define UNEXPECTED_SETTLE "unexpected_settle_error"

/* One call while it is made. */
struct turn {
    struct ref_facilitator *facilitator;
    struct ref_facilitator_answer *answer;
    struct assay_arena *arena;
    const char *path;       /* "/verify" */
    bool refuses;           /* whether a status of 400 carries its decision too */
    bool moves;             /* whether it is one that can move money */
    bool has_moved_nothing; /* a refusal that says so: of a known reason, without a transaction */
    struct assay_json doc;
};

const char *ref_facilitator_outcome_name(enum ref_facilitator_outcome outcome)
{
#define X(name, text) #name,
    static const char *const names[] = {REF_FACILITATOR_OUTCOMES(X)};
#undef X

    return names[outcome];
}

const char *ref_facilitator_outcome_text(enum ref_facilitator_outcome outcome)
{
#define X(name, text) text,
    static const char *const texts[] = {REF_FACILITATOR_OUTCOMES(X)};
#undef X

    return texts[outcome];
}

/* ---- where it is ---- */

static struct ref_net_client_options client_options(const struct ref_facilitator_options *o)
{
    return (struct ref_net_client_options){
        .origin = o->url,
        .is_public = o->is_public,
        .deadline_ms = o->deadline_ms,
        .response_max_bytes = REF_DEFECT(fac_oversized) ? ANY_BYTES : o->answer_max_bytes,
        .is_single_use = true, /* a kept connection that ends leaves a settlement in doubt */
    };
}

static enum assay_code find_path(struct assay_bytes *out,
                                 const struct ref_facilitator_options *options,
                                 struct assay_err *err)
{
    struct assay_url url;
    enum assay_code rc = assay_url_split(&url, assay_str(options->url), err);

    if (rc != ASSAY_OK)
        return rc;
    if (url.has_query || url.path.len > URL_PATH_MAX_BYTES)
        return assay_fail(err, ASSAY_E_MALFORMED, 0,
                          "has a query, or a path of more than %d bytes: give the URL that "
                          "/verify and /settle stand behind",
                          URL_PATH_MAX_BYTES);
    if (url.path.len > 0 && url.path.at[url.path.len - 1] == '/')
        url.path.len--;
    *out = url.path;
    return ASSAY_OK;
}

static enum assay_code check(struct assay_bytes *path,
                             const struct ref_facilitator_options *options, struct assay_err *err)
{
    const struct ref_net_client_options client = client_options(options);
    enum assay_code rc = ref_net_client_check(&client, err);

    if (rc == ASSAY_OK)
        rc = find_path(path, options, err);
    return assay_err_wrap(err, rc, "the facilitator's URL %s", options->url);
}

enum assay_code ref_facilitator_check(const struct ref_facilitator_options *options,
                                      struct assay_err *err)
{
    struct assay_bytes path;

    return check(&path, options, err);
}

enum assay_code ref_facilitator_new(struct ref_facilitator **out,
                                    const struct ref_facilitator_options *options,
                                    struct assay_err *err)
{
    const struct ref_net_client_options client = client_options(options);
    struct assay_bytes path;
    enum assay_code rc = check(&path, options, err);
    struct ref_facilitator *f;

    if (rc != ASSAY_OK)
        return rc;
    f = assay_alloc(sizeof(*f));
    if (f == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for the client of a facilitator");
    *f = (struct ref_facilitator){
        .options = *options, .client = ref_net_client_new(&client), .path = path};
    if (f->client == NULL) {
        ref_facilitator_free(f);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for the client of a facilitator");
    }
    *out = f;
    return ASSAY_OK;
}

void ref_facilitator_free(struct ref_facilitator *f)
{
    if (f == NULL)
        return;
    ref_net_client_free(f->client);
    assay_free(f);
}

/* ---- an exchange ---- */

static struct turn begin_call(struct ref_facilitator *f, struct ref_facilitator_answer *answer,
                              struct assay_arena *arena, const char *path)
{
    *answer = (struct ref_facilitator_answer){.transaction = ASSAY_LIT(""), .payer = ASSAY_LIT("")};
    return (struct turn){.facilitator = f, .answer = answer, .arena = arena, .path = path};
}

/* Statuses with which a server turns a request away before it does anything for it. */
static bool is_turned_away(int status)
{
    static const int statuses[] = {401, 403, 404, 405, 406, 411, 413,
                                   414, 415, 417, 421, 426, 429, 431};

    for (size_t i = 0; i < ARRAY_LEN(statuses); i++)
        if (status == statuses[i])
            return true;
    return status >= 300 && status < 400; /* a redirect, which is not followed */
}

/* Ends the call; the first thing that is wrong stands in why. */
static void end_call(struct turn *t, enum ref_facilitator_outcome outcome, enum assay_code code,
                     const char *why)
{
    struct ref_facilitator_answer *a = t->answer;

    a->outcome = outcome;
    a->may_have_moved = t->moves && outcome != REF_FACILITATOR_UNREACHABLE &&
                        !(outcome == REF_FACILITATOR_STATUS && is_turned_away(a->status)) &&
                        !(outcome == REF_FACILITATOR_NO && t->has_moved_nothing);
    if (outcome != REF_FACILITATOR_YES)
        (void)assay_fail(&a->why, code, 0, "%s", why);
    (void)assay_err_wrap(&a->why, a->why.code, "the facilitator's %s", t->path);
}

/* Nothing was sent, or no whole answer came. */
static void end_unanswered(struct turn *t, enum assay_code code)
{
    enum ref_facilitator_outcome outcome = REF_FACILITATOR_UNKNOWN;

    if (!ref_net_client_reached(t->facilitator->client))
        outcome = REF_FACILITATOR_UNREACHABLE;
    else if (code == ASSAY_E_TOO_LARGE)
        outcome = REF_FACILITATOR_MALFORMED;
    end_call(t, outcome, code, assay_code_text(code));
}

static bool is_coded(const struct ref_net_client *client)
{
    struct assay_bytes coding;
    size_t count = ref_net_client_header(client, &coding, "Content-Encoding");

    return count > 1 || (count == 1 && !assay_bytes_equal_nocase(coding, ASSAY_LIT("identity")));
}

/* Of a defect: what came is told as if it were the reason of a refusal. */
static void reflect(struct turn *t, struct assay_bytes body)
{
    if (REF_DEFECT(fac_error))
        t->answer->reason =
            assay_arena_printf(t->arena, "%.*s", (int)body.len, (const char *)body.at);
}

/* Parses what a status of 200 or 400 came with. The document is in the arena. */
static bool open_body(struct turn *t, struct assay_bytes body)
{
    struct assay_bytes text = assay_arena_copy(t->arena, body);
    enum assay_code rc = ASSAY_E_NOMEM;

    if (is_coded(t->facilitator->client) && !REF_DEFECT(fac_coding)) {
        end_call(t, REF_FACILITATOR_MALFORMED, ASSAY_E_UNSUPPORTED,
                 "the answer has a Content-Encoding, which was not asked for");
        return false;
    }
    if (text.at != NULL)
        rc = x402_document_parse(&t->doc, t->arena, text, !REF_DEFECT(fac_duplicates),
                                 &t->answer->why);
    if (rc != ASSAY_OK) {
        reflect(t, body);
        end_call(t, REF_FACILITATOR_MALFORMED, rc, assay_code_text(rc));
    }
    return rc == ASSAY_OK;
}

static enum assay_code exchange(struct turn *t, struct ref_net_reply *reply, const char *method,
                                struct assay_bytes body)
{
    struct ref_facilitator *f = t->facilitator;
    uint8_t room[URL_PATH_MAX_BYTES + 32];
    struct assay_buf target = ASSAY_BUF_OVER(room); /* the path was measured when it was found */
    struct ref_net_call call = {
        .method = assay_str(method),
        .body = body,
        .content_type = body.len > 0 ? ASSAY_LIT("application/json") : ASSAY_LIT(""),
        .headers = f->options.headers,
        .header_count = f->options.header_count,
    };

    assay_buf_add(&target, f->path);
    assay_buf_add_str(&target, t->path);
    call.target = assay_buf_view(&target);
    return ref_net_client_call(f->client, reply, &call, &t->answer->why);
}

/* True: there is a document to be read. Else the call has ended. */
static bool ask(struct turn *t, const char *method, struct assay_bytes body)
{
    struct ref_net_reply reply = {.status = 0};
    enum assay_code rc = exchange(t, &reply, method, body);

    if (rc != ASSAY_OK) {
        end_unanswered(t, rc);
        return false;
    }
    t->answer->status = REF_DEFECT(fac_status) ? 200 : reply.status;
    if (t->answer->status != 200 && !(reply.status == 400 && t->refuses)) {
        reflect(t, reply.body);
        end_call(t, REF_FACILITATOR_STATUS, ASSAY_E_DENIED, "its status carries no decision");
        return false;
    }
    return open_body(t, reply.body);
}

/* The same with a request for a body. */
static bool ask_about(struct turn *t, const struct x402_ask *what)
{
    struct assay_buf body = ASSAY_BUF_INIT(REQUEST_MAX_BYTES);
    bool is_answered = false;

    x402_request_write(&body, what);
    if (assay_buf_ok(&body)) {
        is_answered = ask(t, "POST", assay_buf_view(&body));
    } else {
        end_call(t, REF_FACILITATOR_UNREACHABLE, body.bad, "the request is too large to be sent");
    }
    assay_buf_fini(&body);
    return is_answered;
}

/* ---- what the answers mean ---- */

static void end_malformed(struct turn *t)
{
    end_call(t, REF_FACILITATOR_MALFORMED, ASSAY_E_MALFORMED, "the answer has another shape");
}

/* A name is kept as such, or not at all. */
static struct assay_bytes named(struct assay_bytes text)
{
    return x402_names_something(text) ? text : ASSAY_LIT("");
}

static void end_refused(struct turn *t, struct assay_bytes reason, const char *unexpected)
{
    const char *found = x402_reason_find(reason);

    t->answer->reason = found != NULL ? found : unexpected;
    if (REF_DEFECT(fac_reason) && reason.len > 0)
        t->answer->reason =
            assay_arena_printf(t->arena, "%.*s", (int)reason.len, (const char *)reason.at);
    if (x402_names_something(reason))
        (void)assay_fail(&t->answer->why, ASSAY_E_DENIED, 0, "refused: %.*s", (int)reason.len,
                         (const char *)reason.at);
    end_call(t, REF_FACILITATOR_NO, ASSAY_E_DENIED, "refused, without a reason that can be shown");
}

void ref_facilitator_supported(struct ref_facilitator *f, struct ref_facilitator_answer *answer,
                               struct x402_supported *supported, struct assay_arena *arena)
{
    struct turn t = begin_call(f, answer, arena, X402_PATH_SUPPORTED);
    struct x402_supported read;
    struct assay_json *doc;

    if (!ask(&t, "GET", ASSAY_LIT("")))
        return;
    doc = assay_arena_alloc(arena, sizeof(*doc));
    if (doc == NULL) {
        end_call(&t, REF_FACILITATOR_MALFORMED, ASSAY_E_NOMEM, assay_code_text(ASSAY_E_NOMEM));
        return;
    }
    *doc = t.doc;
    if (x402_supported_read(&read, arena, doc, &answer->why) != X402_FAULT_NONE) {
        end_malformed(&t);
        return;
    }
    *supported = read;
    end_call(&t, REF_FACILITATOR_YES, ASSAY_OK, "");
}

void ref_facilitator_verify(struct ref_facilitator *f, struct ref_facilitator_answer *answer,
                            struct assay_arena *arena, const struct x402_ask *what)
{
    struct turn t = begin_call(f, answer, arena, X402_PATH_VERIFY);
    struct x402_verified verified;

    t.refuses = true;
    if (!ask_about(&t, what))
        return;
    if (x402_verified_read(&verified, arena, &t.doc, &answer->why) != X402_FAULT_NONE) {
        end_malformed(&t);
        return;
    }
    answer->payer = named(verified.payer);
    if (!verified.is_valid)
        end_refused(&t, verified.invalid_reason, "unexpected_verify_error");
    else if (answer->status != 200 && !PLANTED(answer_status))
        end_call(&t, REF_FACILITATOR_MISMATCH, ASSAY_E_MISMATCH,
                 "it says yes under a status that says no");
    else
        end_call(&t, REF_FACILITATOR_YES, ASSAY_OK, "");
}

/* The first fact for which a settlement is not the one that was asked for; NULL: there is none. */
static const char *mismatch_of(const struct x402_settled *s, int status)
{
    if (status != 200)
        return "it says yes under a status that says no";
    if (s->said.error_reason.len > 0)
        return "it says that it settled, and why it did not";
    if (!s->has_transaction && !REF_DEFECT(fac_transaction))
        return "it says that it settled, and names no transaction";
    if (!s->is_same_network && !REF_DEFECT(fac_network))
        return "it settled on another network than the accepted one";
    if (!s->is_same_amount && !REF_DEFECT(fac_amount))
        return "it settled another amount than the accepted one";
    return s->is_same_payer || REF_DEFECT(fac_payer) ? NULL : "it settled for another payer";
}

static void end_settled(struct turn *t, const struct x402_settled *settled)
{
    const char *mismatch = mismatch_of(settled, t->answer->status);

    if (mismatch != NULL)
        end_call(t, REF_FACILITATOR_MISMATCH, ASSAY_E_MISMATCH, mismatch);
    else
        end_call(t, REF_FACILITATOR_YES, ASSAY_OK, "");
}

/* What is pending has a transaction (x402 v2 digest, section 2.3). */
static void end_pending(struct turn *t, const struct x402_settled *settled)
{
    if (!settled->has_transaction) {
        end_call(t, REF_FACILITATOR_MISMATCH, ASSAY_E_MISMATCH,
                 "it says that the settlement is pending, and names no transaction");
        return;
    }
    t->answer->reason = X402_REASON_PENDING;
    end_call(t, REF_FACILITATOR_PENDING, ASSAY_E_BUSY, "the settlement is pending");
}

/* An unexpected error may be one behind the broadcast, and so may what no list has. */
static bool is_known(struct assay_bytes reason)
{
    return x402_reason_find(reason) != NULL && !assay_bytes_is(reason, UNEXPECTED_SETTLE);
}

void ref_facilitator_settle(struct ref_facilitator *f, struct ref_facilitator_answer *answer,
                            struct assay_arena *arena, const struct x402_ask *what,
                            const struct x402_expected *expected)
{
    struct turn t = begin_call(f, answer, arena, X402_PATH_SETTLE);
    struct x402_settled settled;

    t.refuses = t.moves = true;
    if (!ask_about(&t, what))
        return;
    if (x402_settled_read(&settled, arena, &t.doc, expected, &answer->why) != X402_FAULT_NONE) {
        end_malformed(&t);
        return;
    }
    answer->transaction = named(settled.said.transaction);
    answer->payer = named(settled.said.payer);
    t.has_moved_nothing = settled.said.transaction.len == 0 && is_known(settled.said.error_reason);
    switch (settled.state) {
    case X402_SETTLED:
        end_settled(&t, &settled);
        break;
    case X402_PENDING:
        end_pending(&t, &settled);
        break;
    case X402_REFUSED:
        end_refused(&t, settled.said.error_reason, UNEXPECTED_SETTLE);
        break;
    }
}
