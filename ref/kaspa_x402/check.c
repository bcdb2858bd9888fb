/* One check of a verdict; see check.h. */
#include "kaspa_x402/check.h"

#include <assert.h>
#include <stdio.h>

void kx_check_set_broken_v(struct kx_check *check, enum kx_local local, const char *format,
                           va_list args)
{
    *check = (struct kx_check){.result = KASPA_CHECK_BROKEN, .local = local};
    (void)vsnprintf(check->why, sizeof(check->why), format, args);
}

void kx_check_set_broken(struct kx_check *check, enum kx_local local, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kx_check_set_broken_v(check, local, format, args);
    va_end(args);
}

static void set_unjudged(struct kx_check *check, enum kaspa_check_result result, const char *why)
{
    *check = (struct kx_check){.result = result};
    (void)snprintf(check->why, sizeof(check->why), "%s", why);
}

void kx_check_set_not_judged(struct kx_check *check, const char *why)
{
    set_unjudged(check, KASPA_CHECK_NOT_JUDGED, why);
}

void kx_check_set_undecided(struct kx_check *check)
{
    set_unjudged(check, KASPA_CHECK_UNDECIDED, assay_code_text(ASSAY_E_NOMEM));
}

enum kaspa_outcome kx_checks_conclude(size_t *first, const struct kx_check *checks, size_t count)
{
    enum kaspa_outcome outcome = KASPA_VALID;

    for (size_t i = 0; i < count; i++) {
        if (checks[i].result == KASPA_CHECK_BROKEN) {
            *first = i;
            return KASPA_INVALID;
        }
        if (checks[i].result != KASPA_CHECK_HELD)
            outcome = KASPA_UNDECIDED;
    }
    return outcome;
}

/* Rules of relay come behind those of consensus, one of which has what the outcome is for.
 * KASPA_RULE__COUNT: none has that result. */
static enum kaspa_rule_number first_that(const struct kaspa_verdict *verdict,
                                         enum kaspa_check_result result)
{
    int i = 0;

    while (i < KASPA_RULE__COUNT && verdict->checks[i].result != result)
        i++;
    return (enum kaspa_rule_number)i;
}

void kx_check_set_undecided_as(struct kx_check *check, const struct kaspa_verdict *verdict,
                               enum kaspa_rule_number rule, const struct kaspa_tx *tx)
{
    char room[512];
    struct assay_buf why = ASSAY_BUF_OVER(room);

    kaspa_check_explain(&why, verdict, rule, tx);
    *check = (struct kx_check){.result = KASPA_CHECK_UNDECIDED};
    (void)snprintf(check->why, sizeof(check->why), "%.*s", (int)why.len, room);
}

static void set_refused(struct kx_check *check, enum kx_local local,
                        const struct kaspa_verdict *verdict, const struct kaspa_tx *tx)
{
    char room[512];
    struct assay_buf why = ASSAY_BUF_OVER(room);

    kaspa_check_explain(&why, verdict, first_that(verdict, KASPA_CHECK_BROKEN), tx);
    kx_check_set_broken(check, local, "%.*s", (int)why.len, room);
}

void kx_check_set_by_consensus(struct kx_check *check, enum kx_local local,
                               const struct kaspa_verdict *verdict, const struct kaspa_tx *tx)
{
    enum kaspa_rule_number open = first_that(verdict, KASPA_CHECK_UNDECIDED);

    switch (verdict->outcome) {
    case KASPA_VALID:
        check->result = KASPA_CHECK_HELD;
        break;
    case KASPA_INVALID:
        set_refused(check, local, verdict, tx);
        break;
    case KASPA_UNDECIDED:
        if (open != KASPA_RULE__COUNT)
            kx_check_set_undecided_as(check, verdict, open, tx);
        else
            kx_check_set_not_judged(
                check, verdict->checks[first_that(verdict, KASPA_CHECK_NOT_JUDGED)].why);
        break;
    }
}
