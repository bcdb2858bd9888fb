/* What is wanted: requests as the target file has them, and their variations. */
#include "peer/http/peer_internal.h"

static bool carries_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

struct peer_want peer_endpoint(struct assay_case *t, const char *name)
{
    const struct target_endpoint *endpoint = target_endpoint(case_target(t), name);
    struct peer_want want;

    if (endpoint == NULL)
        case_end(t, VERDICT_UNSUPPORTED, "the target file names no endpoint \"%s\"", name);
    want = (struct peer_want){.method = endpoint->method, .target = endpoint->target};
    if (carries_body(want.method))
        want = peer_want_body(want, ASSAY_LIT("{\"a\":1}"));
    return want;
}

struct peer_want peer_want_target(struct peer_want want, const char *target)
{
    want.target = target;
    return want;
}

struct peer_want peer_want_method(struct peer_want want, const char *method)
{
    want.method = method;
    return want;
}

struct peer_want peer_want_body(struct peer_want want, struct assay_bytes body)
{
    want.body = body;
    want.has_body = true;
    if (want.content_type == NULL)
        want.content_type = "application/json";
    return want;
}

struct peer_want peer_want_query(struct assay_case *t, struct peer_want want, const char *member)
{
    char mark = strchr(want.target, '?') == NULL ? '?' : '&';

    return peer_want_target(want, case_printf(t, "%s%c%s", want.target, mark, member));
}
