/* The checks of an exact payment, and the verdict that they make; see exact_verify.h. */
#include "kaspa_x402/exact_verify_internal.h"

#include <assert.h>

const struct kx_exact_rule_row kx_exact_rules[KX_EXACT__COUNT] = {
#define X(constant, id, local, source, sentence, remedy) {id, KX_LOCAL_##local, source, sentence},
#include "kaspa_x402/exact_checks.def"
#undef X
};

void kx_check_hold(struct kx_verifying *v, enum kx_exact_rule rule)
{
    v->out->checks[rule].result = KASPA_CHECK_HELD; /* the rest is zero: it is judged once */
}

void kx_check_break(struct kx_verifying *v, enum kx_exact_rule rule, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    kx_check_set_broken_v(&v->out->checks[rule], kx_exact_rules[rule].local, format, args);
    va_end(args);
}

void kx_check_pass_over(struct kx_verifying *v, enum kx_exact_rule rule, const char *why)
{
    kx_check_set_not_judged(&v->out->checks[rule], why);
}

void kx_check_undecided(struct kx_verifying *v, enum kx_exact_rule rule)
{
    kx_check_set_undecided(&v->out->checks[rule]);
}

/* What a check rests on. */
enum {
    NOTHING = 0,
    TERMS = 1,
    TX = 2,
    COINS = 4,
    EVIDENCE = 8,
    HEAD = 16,
};

static const struct {
    unsigned needs;
    kx_judge *judge;
} judges[KX_EXACT__COUNT] = {
    [KX_EXACT_OFFERED] = {NOTHING, kx_judge_offered},
    [KX_EXACT_IDENTIFIER_ECHO] = {NOTHING, kx_judge_echo},
    [KX_EXACT_IDENTIFIER] = {NOTHING, kx_judge_identifier},
    [KX_EXACT_NETWORK] = {NOTHING, kx_judge_terms},
    [KX_EXACT_ASSET] = {NOTHING, kx_judge_terms},
    [KX_EXACT_PAY_TO] = {NOTHING, kx_judge_terms},
    [KX_EXACT_BINDING] = {NOTHING, kx_judge_terms},
    [KX_EXACT_AMOUNT] = {NOTHING, kx_judge_terms},
    [KX_EXACT_HEAD_TERMS] = {NOTHING, kx_judge_head_terms},
    [KX_EXACT_PROFILE] = {TERMS, kx_judge_profile},
    [KX_EXACT_REQUEST] = {TERMS, kx_judge_request},
    [KX_EXACT_CHALLENGE] = {TERMS, kx_judge_challenge},
    [KX_EXACT_HEAD] = {TERMS | HEAD, kx_judge_head},
    [KX_EXACT_DEADLINES] = {TERMS, kx_judge_deadlines},
    [KX_EXACT_ENCODING] = {NOTHING, kx_judge_encoding},
    [KX_EXACT_OUTPOINTS] = {TX, kx_judge_outpoints},
    [KX_EXACT_SHAPE] = {TERMS | TX, kx_judge_shape},
    [KX_EXACT_OUTPUTS] = {TERMS | TX, kx_judge_outputs},
    [KX_EXACT_COMMITMENTS] = {TERMS | TX, kx_judge_commitments},
    [KX_EXACT_STORAGE_MASS] = {TERMS | TX, kx_judge_storage_mass},
    [KX_EXACT_FEE] = {TERMS | TX, kx_judge_fee},
    [KX_EXACT_ID] = {TX, kx_judge_id},
    [KX_EXACT_MERCHANT] = {TERMS | TX, kx_judge_merchant},
    [KX_EXACT_FUNDING] = {TERMS | TX, kx_judge_funding},
    [KX_EXACT_HINTS] = {TERMS | TX | COINS, kx_judge_hints},
    [KX_EXACT_SIGNER] = {TERMS | TX, kx_judge_signer},
    [KX_EXACT_AUTHORIZATION] = {TERMS | TX, kx_judge_authorization},
    [KX_EXACT_CHANGE] = {TERMS | TX, kx_judge_change},
    [KX_EXACT_CONSENSUS] = {TERMS | TX | COINS, kx_judge_consensus},
    [KX_EXACT_LIVE] = {TERMS, kx_judge_live},
    [KX_EXACT_FINALITY] = {TERMS | TX | EVIDENCE, kx_judge_finality},
};

/* What is missing of it, in words; NULL: nothing. */
static const char *why_not(const struct kx_verifying *v, unsigned needs)
{
    if ((needs & TERMS) != 0 && v->fault != KX_TERMS_OK)
        return "the terms are not right";
    if ((needs & TX) != 0 && !v->out->has_transaction)
        return "the transaction could not be read";
    if ((needs & COINS) != 0 && v->with->utxos == NULL)
        return "what it spends is not known";
    if ((needs & EVIDENCE) != 0 && v->with->evidence == NULL)
        return "nothing is known of the transaction's place in the chain";
    if ((needs & HEAD) != 0 && kx_pays_head(v) && v->with->head == NULL)
        return "the server's head is not known";
    return NULL;
}

void kx_exact_verify(struct kx_exact_verdict *out, const struct kx_exact *with)
{
    struct kx_verifying v = {.with = with, .payment = with->payment, .out = out};
    size_t first = 0;

    assert(with->offer != NULL && with->payment != NULL && with->request != NULL &&
           with->arena != NULL);
    memset(out, 0, sizeof(*out));
    kx_verify_read(&v);
    for (int i = 0; i < KX_EXACT__COUNT; i++) {
        enum kx_exact_rule rule = (enum kx_exact_rule)i;
        const char *why = why_not(&v, judges[rule].needs);

        if (why != NULL)
            kx_check_pass_over(&v, rule, why);
        else
            judges[rule].judge(&v, rule);
    }
    out->outcome = kx_checks_conclude(&first, out->checks, ARRAY_LEN(out->checks));
    out->first = (enum kx_exact_rule)first;
}
