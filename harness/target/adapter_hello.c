/* What an adapter says of itself (target/adapter.h). */
#include "target/adapter_internal.h"

static const char *said_text(struct adapter *a, const json_t *hello, const char *member)
{
    const char *text = json_string_value(json_object_get(hello, member));

    return text != NULL ? (const char *)assay_arena_copy(adapter_arena(a), assay_str(text)).at : "";
}

static enum assay_code code_of(enum adapter_status status)
{
    switch (status) {
    case ADAPTER_OK:
        return ASSAY_OK;
    case ADAPTER_CRASHED:
        return ASSAY_E_CRASHED;
    case ADAPTER_HUNG:
        return ASSAY_E_TIMEOUT;
    case ADAPTER_REFUSED:
    case ADAPTER_UNSUPPORTED:
    case ADAPTER_ERROR:
    case ADAPTER_OVERSIZED:
    case ADAPTER_GARBLED:
        break;
    }
    return ASSAY_E_MALFORMED;
}

enum assay_code adapter_hello(struct adapter *a, struct adapter_hello *out, int deadline_ms,
                              struct assay_err *err)
{
    struct adapter_answer answer;
    json_t *operations;
    uint64_t id = 0;
    enum assay_code rc = adapter_ask(a, &id, "hello", NULL, err);

    if (rc != ASSAY_OK)
        return rc;
    adapter_await(a, id, deadline_ms, &answer);
    rc = code_of(answer.status);
    operations = json_object_get(answer.value, "operations");
    if (rc != ASSAY_OK)
        rc = assay_fail(err, rc, 0, "adapter: hello: %s", answer.text);
    else if (!json_is_array(operations) || !json_is_string(json_object_get(answer.value, "name")))
        rc = assay_fail(err, ASSAY_E_MALFORMED, 0, "adapter: hello: expected name and operations");
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(operations); i++) {
        if (!json_is_string(json_array_get(operations, i)))
            rc = assay_fail(err, ASSAY_E_MALFORMED, 0,
                            "adapter: hello: operations[%zu]: expected a text", i);
    }
    if (rc == ASSAY_OK)
        *out = (struct adapter_hello){
            .name = said_text(a, answer.value, "name"),
            .version = said_text(a, answer.value, "version"),
            .language = said_text(a, answer.value, "language"),
            .operations = json_incref(operations),
        };
    adapter_answer_fini(&answer);
    return rc;
}
