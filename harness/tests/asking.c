/* Operations as their tests ask them; see asking.h. */
#include "asking.h"

#include "base/base64.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum operation_answer ask(const char *op, const json_t *in, json_t **out, struct assay_err *err)
{
    const struct operation *operation = operation_find(op);

    cr_assert_not_null(operation, "%s", op);
    return operation_run(operation, in, out, err);
}

void expect_text(const json_t *object, const char *name, const char *text)
{
    const char *is = json_string_value(json_object_get(object, name));

    cr_expect(is != NULL && strcmp(is, text) == 0, "%s: %s", name, is);
}

void expect_wrong(const char *op, const json_t *in, const char *row, enum assay_code code,
                  const char *says)
{
    json_t *out = NULL;
    struct assay_err err = {0};
    enum operation_answer answer = ask(op, in, &out, &err);

    cr_expect_eq(answer, OPERATION_ERROR, "%s: %s: %d", op, row, (int)answer);
    cr_expect_null(out, "%s: %s", op, row);
    cr_expect_eq(err.code, code, "%s: %s: %s: %s", op, row, assay_code_name(err.code), err.text);
    cr_expect_not_null(strstr(err.text, says), "%s: %s: %s", op, row, err.text);
    json_decref(out);
}

/* Puts the header's value of a message where it stood itself. */
static void encode(json_t *in, const char *member)
{
    char *text = json_dumps(json_object_get(in, member), JSON_COMPACT);
    struct assay_buf header = ASSAY_BUF_INIT(1 << 20);

    assay_base64_encode(&header, ASSAY_BASE64_STD, assay_str(text));
    json_object_set_new(in, member, json_string(assay_buf_cstr(&header)));
    assay_buf_fini(&header);
    free(text);
}

void expect_same_by_header(const char *op, json_t *in)
{
    json_t *by_object = NULL, *by_header = NULL;

    cr_expect_eq(ask(op, in, &by_object, NULL), OPERATION_OK);
    encode(in, "required");
    encode(in, "payment");
    cr_expect_eq(ask(op, in, &by_header, NULL), OPERATION_OK);
    cr_expect(json_equal(by_object, by_header));
    json_decref(by_object);
    json_decref(by_header);
}

void expect_no_refusal_without_memory(const char *op, const json_t *in)
{
    size_t undecided = 0;

    for (size_t n = 0; n < 400; n++) {
        struct assay_err err = {0};
        enum operation_answer answer;
        json_t *out = NULL;
        size_t asked;

        (void)assay_alloc_fail_after(n);
        answer = ask(op, in, &out, &err);
        asked = assay_alloc_fail_after(SIZE_MAX);
        cr_expect_neq(answer, OPERATION_REFUSED, "%zu", n);
        undecided += answer != OPERATION_OK;
        json_decref(out);
        if (asked <= n)
            break;
    }
    cr_expect_gt(undecided, 0);
}
