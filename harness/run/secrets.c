/* The secrets of a target, named to the redactor (run/secrets.h). */
#include "run/secrets.h"

#include "base/base64.h"

enum { SECRET_LEAST_BYTES = 4, DECODED_MAX_BYTES = 4096 };

struct naming {
    struct record_redactor *redactor;
    const char *name; /* whose they are */
    enum assay_code rc;
};

static void add(struct naming *n, struct assay_bytes value)
{
    if (n->rc == ASSAY_OK && value.len >= SECRET_LEAST_BYTES)
        n->rc = record_redactor_add(n->redactor, n->name, value);
}

/* "a=1; b=2" */
static void add_cookies(struct naming *n, struct assay_bytes value)
{
    for (size_t from = 0; from < value.len;) {
        size_t to = assay_bytes_find(value, ';', from);
        struct assay_bytes one = assay_bytes_part(value, from, to);

        add(n, assay_bytes_part(one, assay_bytes_find(one, '=', 0) + 1, one.len));
        from = to + 1;
    }
}

/* "user:password" in base64 */
static void add_basic(struct naming *n, struct assay_bytes base64)
{
    struct assay_buf pair = ASSAY_BUF_INIT(DECODED_MAX_BYTES);

    if (assay_base64_decode(&pair, ASSAY_BASE64_STD_ANY_BITS, base64, NULL) == ASSAY_OK) {
        struct assay_bytes text = assay_buf_view(&pair);

        add(n, text);
        add(n, assay_bytes_part(text, assay_bytes_find(text, ':', 0) + 1, text.len));
    }
    assay_buf_wipe(&pair);
}

static void add_header(struct naming *n, const struct target_pair *header)
{
    struct assay_bytes name = assay_str(header->name), value = assay_str(header->value);
    size_t space = assay_bytes_find(value, ' ', 0);
    struct assay_bytes scheme = assay_bytes_part(value, 0, space);
    struct assay_bytes behind = assay_bytes_part(value, space + 1, value.len);

    /* a key that buys a stored answer, where a target file chose it; ours are drawn from the seed
     */
    if (!record_is_credential(name) &&
        !assay_bytes_equal_nocase(name, ASSAY_LIT("idempotency-key")))
        return;
    add(n, value);
    if (assay_bytes_equal_nocase(name, ASSAY_LIT("cookie")))
        add_cookies(n, value);
    else
        add(n, behind);
    if (assay_bytes_equal_nocase(scheme, ASSAY_LIT("basic")))
        add_basic(n, behind);
}

/* Whether a variable of that name holds what nobody else is to know. */
static bool is_secret_name(const char *variable)
{
    static const char *const words[] = {"SECRET",     "TOKEN",   "PASSWORD",
                                        "PASSPHRASE", "API_KEY", "PRIVATE_KEY"};
    bool found = false;

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        found = found || strcasestr(variable, words[i]) != NULL;
    return found;
}

/* What a launch puts into the environment, and no placeholder stands for. */
static void add_environment(struct naming *n, const struct target_pair *env, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        n->name = env[i].name;
        if (is_secret_name(env[i].name) && strstr(env[i].value, "${") == NULL)
            add(n, assay_str(env[i].value));
    }
}

enum assay_code secrets_add(struct record_redactor *redactor, const struct target *target)
{
    struct naming n = {.redactor = redactor, .rc = ASSAY_OK};

    /* of a value that stands at two places the later name is the one that is shown */
    add_environment(&n, target->launch.env, target->launch.env_count);
    for (size_t i = 0; i < target->variant_count; i++)
        add_environment(&n, target->variants[i].env, target->variants[i].env_count);
    for (size_t i = 0; i < target->secret_count; i++) {
        n.name = target->secrets[i].name;
        add(&n, assay_str(target->secrets[i].value));
    }
    for (size_t i = 0; i < target->principal_count; i++) {
        n.name = target->principals[i].name;
        for (size_t k = 0; k < target->principals[i].header_count; k++)
            add_header(&n, &target->principals[i].headers[k]);
    }
    for (size_t i = 0; i < target->operation_count; i++) {
        n.name = target->operations[i].name;
        for (size_t k = 0; k < target->operations[i].header_count; k++)
            add_header(&n, &target->operations[i].headers[k]);
    }
    return n.rc;
}
