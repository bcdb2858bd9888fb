/* The embedded reference targets: this program itself, serving or paying (target/target.h). */
#include "target/embedded.h"

#include "base/hex.h"
#include "base/random.h"

#include <stdlib.h>

enum { SECRET_BYTES = 24, TEXT_MAX_BYTES = 1 << 16 };

static const struct embedded *find(const char *profile, enum target_side side)
{
    static const struct embedded *const lists[] = {embedded_paid_tools, embedded_kaspa_x402,
                                                   embedded_x402};

    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        for (const struct embedded *e = lists[i]; e->profile != NULL; e++)
            if (strcmp(e->profile, profile) == 0 && e->side == side)
                return e;
    return NULL;
}

bool target_has_embedded(const char *profile, enum target_side side)
{
    return find(profile, side) != NULL;
}

static bool has_rules(const struct embedded *e, const char *rules)
{
    size_t i = 0;

    while (e->rules[i] != NULL && strcmp(e->rules[i], rules) != 0)
        i++;
    return e->rules[i] != NULL;
}

static void add_filled(struct assay_buf *out, const char *text, const char *mark, const char *value)
{
    const char *at;

    while ((at = strstr(text, mark)) != NULL) {
        assay_buf_add(out, assay_bytes_of(text, (size_t)(at - text)));
        assay_buf_add_str(out, value);
        text = at + strlen(mark);
    }
    assay_buf_add_str(out, text);
}

/* Of a run the secret is in the environment, so that parent and workers know the same; else it is
 * made afresh. */
static enum assay_code fill(struct assay_buf *out, const char *text, const char *rules,
                            struct assay_err *err)
{
    struct assay_buf half = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const char *given = getenv("ASSAY_TEST_SECRET");
    char secret[2 * SECRET_BYTES + 1];
    uint8_t random[SECRET_BYTES];
    enum assay_code rc = assay_random_system(random, sizeof(random));

    if (rc != ASSAY_OK)
        return assay_fail(err, rc, 0, "the system gives no random bytes");
    assay_hex_encode(secret, assay_bytes_of(random, sizeof(random)));
    add_filled(&half, text, "@RULES@", rules);
    if (assay_buf_cstr(&half) != NULL)
        add_filled(out, assay_buf_cstr(&half), "@SECRET@", given != NULL ? given : secret);
    if (!assay_buf_ok(&half) || !assay_buf_ok(out))
        rc = assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    assay_buf_fini(&half);
    explicit_bzero(secret, sizeof(secret));
    explicit_bzero(random, sizeof(random));
    return rc;
}

enum assay_code target_embedded(struct target *out, struct assay_arena *arena, const char *profile,
                                enum target_side side, const char *rules, struct assay_err *err)
{
    struct assay_buf text = ASSAY_BUF_INIT(TEXT_MAX_BYTES);
    const struct embedded *e = find(profile, side);
    enum assay_code rc;

    if (e == NULL)
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "the profile %s has no embedded reference %s",
                          profile, target_side_name(side));
    if (!has_rules(e, rules))
        return assay_fail(err, ASSAY_E_UNKNOWN, 0, "the profile %s has no rule set \"%s\"", profile,
                          rules);
    rc = fill(&text, e->text, rules, err);
    if (rc == ASSAY_OK)
        rc = target_parse(out, arena, assay_buf_view(&text), "(embedded)", err);
    assay_buf_wipe(&text);
    return rc;
}
