/* The Kaspa x402 store in trouble; see kx_trouble.h. */
#include "ref/tests/kx_trouble.h"

#include <stdio.h>

enum { MOST_FAILURES = 5000, HEADS = 200 /* in one store */ };

void kx_trouble_make(void)
{
    store_trouble_install();
    kx_store_folder_make();
}

static bool is_trouble(enum assay_code code)
{
    return code == ASSAY_E_NOMEM || code == ASSAY_E_IO || code == ASSAY_E_BUSY;
}

static void close_store(struct kx_troubled *s)
{
    s->store->ops->close(s->store);
    kx_store_folder_drop();
    kx_store_folder_make();
}

void kx_trouble_expect(size_t store_kind, enum store_trouble trouble,
                       const struct kx_trouble_flow *flow, const void *what)
{
    struct kx_troubled s = {.store = kx_store_opened(store_kind), .what = what};
    bool is_open = false, has_struck = true;

    for (size_t before = 0; has_struck; before++) {
        enum assay_code code;
        char when[160];

        cr_assert_lt(before, MOST_FAILURES);
        cr_assert_gt(snprintf(when, sizeof(when), "%s, %s: %s, %zu before",
                              kx_store_kinds[store_kind], store_trouble_name(trouble), flow->name,
                              before),
                     0);
        if (!is_open)
            flow->open(&s, (unsigned)(before % HEADS) + 1);
        s.err = (struct assay_err){0};
        store_trouble_arm(trouble, before);
        code = flow->act(&s);
        has_struck = store_trouble_struck();
        cr_assert(code == ASSAY_OK || (has_struck && is_trouble(code)), "%s: %d %s", when,
                  (int)code, s.err.text);
        cr_expect(code == ASSAY_OK || s.err.text[0] != '\0', "%s", when);
        flow->expect(&s, code == ASSAY_OK, when);
        is_open = code != ASSAY_OK;
        if (!is_open && has_struck) { /* it can do without that: anew, for what comes after it */
            close_store(&s);
            s.store = kx_store_opened(store_kind);
        }
    }
    close_store(&s);
}
