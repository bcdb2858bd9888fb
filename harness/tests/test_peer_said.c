/* Tests of what is told of a target's own words about its refusals. */
#include "base/base64.h"
#include "peer/http/peer.h"
#include "run/case_internal.h"

#include <criterion/criterion.h>

enum { LONG = 5000 };

static const struct row {
    const char *name;
    int status;
    const char *body, *header; /* header: JSON of PAYMENT-REQUIRED, encoded here; NULL: none */
    const char *said;
} rows[] = {
    {"an error in the body", 402, "{\"error\":\"invalid_payload\"}", NULL, "\"invalid_payload\""},
    {"an error in the header", 402, "{}", "{\"x402Version\":2,\"error\":\"expired\"}",
     "\"expired\" in PAYMENT-REQUIRED"},
    {"one error in both", 402, "{\"error\":\"expired\"}", "{\"error\":\"expired\"}", "\"expired\""},
    {"two errors", 402, "{\"error\":\"Payment Required\"}", "{\"error\":\"expired\"}",
     "\"Payment Required\" in its body and \"expired\" in PAYMENT-REQUIRED"},
    {"an error within an error", 400, "{\"error\":{\"code\":7,\"message\":\"no\"}}", NULL,
     "\"no\""},
    {"an error too deep", 400, "{\"error\":{\"error\":{\"error\":\"no\"}}}", NULL, NULL},
    {"problem details", 409, "{\"title\":\"Conflict\",\"status\":409}", NULL, "\"Conflict\""},
    {"text", 404, "Not Found\r\n", NULL, "\"Not Found\""},
    {"controls and bytes", 400, "{\"error\":\"a\\u001b[31m\\u000a\\u00e9\"}", NULL,
     "\"a?[31m???\""},
    {"half a document", 400, "{\"error\":\"inv", NULL, NULL},
    {"another type", 400, "{\"error\":7}", NULL, NULL},
    {"a list", 400, "[\"error\"]", NULL, "\"[\"error\"]\""},
    {"nothing", 500, "", NULL, NULL},
    {"a success", 200, "{\"error\":\"none\"}", NULL, NULL},
};

static const char *said_of(struct assay_case *t, int status, struct assay_bytes body,
                           const char *header)
{
    struct http_exchange *x = case_alloc(t, sizeof *x);
    struct peer_answer answer = {.exchange = x};
    struct assay_buf encoded = ASSAY_BUF_INIT(4096);

    *x = (struct http_exchange){.outcome = HTTP_ANSWERED};
    x->response.status = status;
    x->response.body = body;
    if (header != NULL) {
        assay_base64_encode(&encoded, ASSAY_BASE64_STD, assay_str(header));
        x->response.headers[0] = (struct http_header){
            .name = "PAYMENT-REQUIRED", .value = case_copy(t, assay_buf_view(&encoded))};
        x->response.header_count = 1;
    }
    assay_buf_fini(&encoded);
    return peer_said(t, &answer);
}

Test(peer_said, is_what_the_target_says_of_its_refusal)
{
    struct assay_case t = {.arena = ASSAY_ARENA_INIT((size_t)1 << 20), .thread = pthread_self()};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *said = said_of(&t, rows[i].status, assay_str(rows[i].body), rows[i].header);

        cr_expect((said == NULL) == (rows[i].said == NULL) &&
                      (said == NULL || strcmp(said, rows[i].said) == 0),
                  "%s: %s", rows[i].name, said != NULL ? said : "nothing");
    }
    assay_arena_fini(&t.arena);
}

Test(peer_said, is_cut_where_it_is_long)
{
    struct assay_case t = {.arena = ASSAY_ARENA_INIT((size_t)1 << 20), .thread = pthread_self()};
    char text[LONG + 1], *json;

    memset(text, 'x', LONG);
    text[LONG] = '\0';
    json = case_printf(&t, "{\"error\":\"%s\"}", text);
    cr_expect_eq(strlen(said_of(&t, 402, assay_str(json), NULL)), 100 + strlen("\"\" and more"));
    cr_expect_null(said_of(&t, 402, assay_str(text), NULL), "a page is no message");
    assay_arena_fini(&t.arena);
}
