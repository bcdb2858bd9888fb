/* What a rule's result says to a person; see verify.h. */
#include "kaspa/verify.h"

#include <inttypes.h>
#include <stdio.h>

struct teller {
    struct assay_buf *out;
    const struct kaspa_verdict *v;
    const struct kaspa_check *check;
    const struct kaspa_tx *tx;
};

/* In groups of three digits. */
static void add_number(struct assay_buf *out, uint64_t number)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64, number);

    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            assay_buf_add_byte(out, ' ');
        assay_buf_add_byte(out, (uint8_t)digits[i]);
    }
}

static void add_numbers(struct assay_buf *out, uint64_t one, const char *between, uint64_t other,
                        const char *after)
{
    add_number(out, one);
    assay_buf_add_str(out, between);
    add_number(out, other);
    assay_buf_add_str(out, after);
}

static void tell_input_count(const struct teller *t)
{
    add_number(t->out, t->tx->input_count);
}

static void tell_output_count(const struct teller *t)
{
    add_number(t->out, t->tx->output_count);
}

static void tell_signature_script(const struct teller *t)
{
    add_number(t->out, t->tx->inputs[t->check->at].signature_script.len);
}

static void tell_output_script(const struct teller *t)
{
    add_number(t->out, t->tx->outputs[t->check->at].spk.script.len);
}

static void tell_value(const struct teller *t)
{
    add_number(t->out, t->tx->outputs[t->check->at].value);
    assay_buf_add_str(t->out, " sompi");
}

static void tell_version(const struct teller *t)
{
    add_number(t->out, t->tx->version);
}

static void tell_lock_time(const struct teller *t)
{
    bool is_score = t->tx->lock_time < KASPA_LOCK_TIME_THRESHOLD;

    assay_buf_add_str(t->out, is_score ? "DAA score " : "millisecond ");
    add_number(t->out, t->tx->lock_time);
}

static void tell_sums(const struct teller *t)
{
    add_numbers(t->out, t->v->output_sum, " sompi, of ", t->v->input_sum, "");
}

static void tell_storage_mass(const struct teller *t)
{
    add_numbers(t->out, t->tx->storage_mass, " instead of ", t->v->storage_mass, " grams");
}

static void tell_relative_lock(const struct teller *t)
{
    add_number(t->out, t->tx->inputs[t->check->at].sequence & KASPA_SEQUENCE_LOCK_MASK);
    assay_buf_add_str(t->out, " DAA");
}

static void tell_masses(const struct teller *t)
{
    add_numbers(t->out, t->v->compute_mass, " grams of compute, ", t->v->transient_mass,
                " of transient, ");
    if (t->v->has_storage_mass)
        add_number(t->out, t->v->storage_mass);
    else
        assay_buf_add_str(t->out, "unknown");
    assay_buf_add_str(t->out, " of storage mass");
}

static void tell_gas(const struct teller *t)
{
    add_number(t->out, t->tx->gas);
}

static void tell_fee(const struct teller *t)
{
    add_numbers(t->out, t->v->fee, " sompi, at least ", t->v->relay_fee, " are needed");
}

static void tell_script(const struct teller *t)
{
    const struct kaspa_run *run = &t->check->run;

    assay_buf_add_str(t->out,
                      t->check->why != NULL ? t->check->why : kaspa_script_error_text(run->error));
    if (run->error == KASPA_SCRIPT_EXCEEDED_SCRIPT_UNITS) {
        assay_buf_add_str(t->out, ", ");
        add_numbers(t->out, run->used_units, " units of ", kaspa_unit_limit(t->tx, t->check->at),
                    "");
    }
    if (run->part == KASPA_PART_NONE)
        return;
    assay_buf_printf(t->out, ", in the %s at byte ", kaspa_part_name(run->part));
    add_number(t->out, run->at);
    assay_buf_printf(t->out, " (%s)", kaspa_opcode_name(run->opcode));
}

enum subject { WHOLE, INPUT, OUTPUT };

/* What an error is about, and its figures. Of a kind without a row: the whole, and none. */
static const struct {
    enum subject subject;
    void (*figures)(const struct teller *t);
} tellings[KASPA_TX__COUNT] = {
    [KASPA_TX_TOO_MANY_INPUTS] = {WHOLE, tell_input_count},
    [KASPA_TX_TOO_BIG_SIGNATURE_SCRIPT] = {INPUT, tell_signature_script},
    [KASPA_TX_TOO_MANY_OUTPUTS] = {WHOLE, tell_output_count},
    [KASPA_TX_TOO_BIG_SCRIPT_PUBLIC_KEY] = {OUTPUT, tell_output_script},
    [KASPA_TX_COINBASE_HAS_INPUTS] = {WHOLE, tell_input_count},
    [KASPA_TX_COINBASE_TOO_MANY_OUTPUTS] = {WHOLE, tell_output_count},
    [KASPA_TX_COINBASE_SCRIPT_TOO_LONG] = {OUTPUT, tell_output_script},
    [KASPA_TX_OUT_ZERO] = {OUTPUT, NULL},
    [KASPA_TX_OUT_TOO_HIGH] = {OUTPUT, tell_value},
    [KASPA_TX_DUPLICATE_INPUTS] = {INPUT, NULL},
    [KASPA_TX_HAS_GAS] = {WHOLE, tell_gas},
    [KASPA_TX_UNKNOWN_VERSION] = {WHOLE, tell_version},
    [KASPA_TX_SIG_OP_COUNT_IN_V1] = {INPUT, NULL},
    [KASPA_TX_BUDGET_IN_V0] = {INPUT, NULL},
    [KASPA_TX_COVENANT_IN_V0] = {OUTPUT, NULL},
    [KASPA_TX_NOT_FINALIZED] = {WHOLE, tell_lock_time},
    [KASPA_TX_MISSING_OUTPOINTS] = {INPUT, NULL},
    [KASPA_TX_IMMATURE_COINBASE] = {INPUT, NULL},
    [KASPA_TX_SPEND_TOO_HIGH] = {WHOLE, tell_sums},
    [KASPA_TX_WRONG_MASS] = {WHOLE, tell_storage_mass},
    [KASPA_TX_SEQUENCE_LOCK] = {INPUT, tell_relative_lock},
    [KASPA_TX_WRONG_GENESIS] = {INPUT, NULL},
    [KASPA_TX_AUTH_INPUT_OUT_OF_BOUNDS] = {OUTPUT, NULL},
    [KASPA_TX_SIGNATURE_INVALID] = {INPUT, tell_script},
    [KASPA_TX_SIGNATURE_EMPTY] = {INPUT, tell_script},
    [KASPA_TX_NONSTANDARD_OUTPUT] = {OUTPUT, NULL},
    [KASPA_TX_NONSTANDARD_INPUT] = {INPUT, NULL},
    [KASPA_TX_TOO_MANY_SIG_OPS] = {INPUT, NULL},
    [KASPA_TX_MASS_ABOVE_LIMIT] = {WHOLE, tell_masses},
    [KASPA_TX_GAS_ABOVE_LIMIT] = {WHOLE, tell_gas},
    [KASPA_TX_FEE_TOO_LOW] = {WHOLE, tell_fee},
};

static void add_subject(struct assay_buf *out, enum subject subject, size_t at)
{
    if (subject != WHOLE)
        assay_buf_printf(out, "%s %zu: ", subject == INPUT ? "input" : "output", at);
}

static void explain_broken(const struct teller *t)
{
    enum kaspa_tx_error error = t->check->error;

    add_subject(t->out, tellings[error].subject, t->check->at);
    assay_buf_add_str(t->out, kaspa_tx_error_text(error));
    if (tellings[error].figures != NULL) {
        assay_buf_add_str(t->out, ": ");
        tellings[error].figures(t);
    }
}

void kaspa_check_explain(struct assay_buf *out, const struct kaspa_verdict *v,
                         enum kaspa_rule_number rule, const struct kaspa_tx *tx)
{
    const struct kaspa_check *check = &v->checks[rule];
    struct teller t = {.out = out, .v = v, .check = check, .tx = tx};

    switch (check->result) {
    case KASPA_CHECK_HELD:
        assay_buf_add_str(out, kaspa_rules[rule].sentence);
        break;
    case KASPA_CHECK_BROKEN:
        explain_broken(&t);
        break;
    case KASPA_CHECK_UNDECIDED:
        add_subject(out, rule == KASPA_RULE_SCRIPTS ? INPUT : WHOLE, check->at);
        assay_buf_printf(out, "cannot be decided here: %s", kaspa_undecided_name(check->run.why));
        break;
    case KASPA_CHECK_NOT_JUDGED:
        assay_buf_printf(out, "not judged: %s", check->why);
        break;
    }
}
