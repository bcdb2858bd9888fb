/* The log of a facilitator's calls, kept in order up to a limit; see facilitator.h. */
#include "roles/facilitator_internal.h"

#include "http/sock.h"

static const char *keep_text(struct facilitator *f, const char *text)
{
    struct assay_bytes copy = assay_arena_copy(&f->texts, assay_str(text));

    return copy.at != NULL ? (const char *)copy.at : "";
}

static struct assay_bytes keep_bytes(struct facilitator *f, struct assay_bytes bytes)
{
    struct assay_bytes copy = assay_arena_copy(&f->texts, bytes);

    return copy.at != NULL ? copy : ASSAY_LIT("");
}

struct facilitator_call *facilitator_log(struct facilitator *f, const struct facilitator_call *came)
{
    struct facilitator_call *call = NULL;

    f->running++;
    f->count++;
    if (came->is_elsewhere)
        f->counts.elsewhere++;
    else
        f->counts.calls[came->what]++;
    if (f->count <= FACILITATOR_CALLS_MAX) {
        call = &f->calls[f->count - 1];
        *call = (struct facilitator_call){
            .number = f->count,
            .what = came->what,
            .is_elsewhere = came->is_elsewhere,
            .method = keep_text(f, came->method),
            .target = keep_text(f, came->target),
            .headers = keep_text(f, came->headers),
            .body = keep_bytes(f, came->body),
            .at_ns = sock_now_ns(),
            .reply = ASSAY_LIT(""),
            .lie = "",
            .shape = "",
            .fault = "",
        };
    }
    pthread_cond_broadcast(&f->changed);
    return call;
}

static void tell_rule(struct facilitator_call *call, const struct facilitator_rule *rule)
{
#define X(name, text) text,
    static const char *const lies[] = {FACILITATOR_LIES(X)};
    static const char *const shapes[] = {FACILITATOR_SHAPES(X)};
    static const char *const faults[] = {FACILITATOR_FAULTS(X)};
#undef X

    call->lie = lies[rule->lie];
    call->shape = shapes[rule->shape];
    call->fault = faults[rule->fault];
}

void facilitator_log_end(struct facilitator *f, struct facilitator_call *call,
                         const struct facilitator_rule *rule, int status, struct assay_bytes reply)
{
    f->running--;
    if (call != NULL) {
        tell_rule(call, rule);
        call->status = status;
        call->reply = keep_bytes(f, reply);
        call->ended_ns = sock_now_ns();
    }
    pthread_cond_broadcast(&f->changed);
}

void facilitator_describe(struct assay_buf *out, const struct facilitator_call *call)
{
    assay_buf_printf(out, "%s %s", call->method, call->target);
    if (call->ended_ns == 0)
        assay_buf_add_str(out, ", not ended");
    else if (call->status == 0)
        assay_buf_add_str(out, ", not answered");
    else
        assay_buf_printf(out, ", answered %d", call->status);
    assay_buf_printf(out, ": %s; %s; %s", call->lie, call->shape, call->fault);
}
