/* Scheme exact by EIP-3009, judged; see exact_evm.h. */
#include "x402/exact_evm.h"

#include "base/planted.h"

#include <stdio.h>

#define FIRST_OF_PAYLOAD X402_EVM_SHAPE

struct judging {
    const struct x402_evm *with;
    struct x402_evm_verdict *out;
    struct x402_evm_terms terms;
};

static void set(struct judging *j, enum x402_evm_rule rule, enum x402_evm_result result,
                const char *why)
{
    struct x402_evm_check *check = &j->out->checks[rule];

    check->result = result;
    (void)snprintf(check->why, sizeof(check->why), "%.*s", (int)sizeof(check->why) - 1, why);
}

static void require(struct judging *j, enum x402_evm_rule rule, bool holds, const char *why)
{
    set(j, rule, holds ? X402_EVM_HELD : X402_EVM_BROKEN, holds ? "" : why);
}

/* What a reader found of the rules from `first` on; it stops at the first that is broken. */
static void tell_read(struct judging *j, enum x402_evm_rule first, enum x402_evm_rule end,
                      enum x402_evm_rule fault, const struct assay_err *err)
{
    bool is_open = err->code == ASSAY_E_NOMEM || err->code == ASSAY_E_UNSUPPORTED;

    for (int rule = (int)first; rule < (int)end && rule < (int)fault; rule++)
        set(j, (enum x402_evm_rule)rule, X402_EVM_HELD, "");
    if (fault != X402_EVM__COUNT)
        set(j, fault, is_open ? X402_EVM_OPEN : X402_EVM_BROKEN, err->text);
}

static enum x402_evm_rule judge_terms(struct judging *j)
{
    struct assay_err err = {0};
    enum x402_evm_rule fault =
        x402_evm_terms_read(&j->terms, j->with->arena, j->with->offer, j->with->terms, &err);

    tell_read(j, X402_EVM_SCHEME, FIRST_OF_PAYLOAD, fault, &err);
    return fault;
}

static enum x402_evm_rule judge_payload(struct judging *j)
{
    struct assay_err err = {0};
    enum x402_evm_rule fault = x402_evm_payload_read(&j->out->payload, j->with->arena,
                                                     j->with->payment, j->with->payload, &err);

    tell_read(j, FIRST_OF_PAYLOAD, X402_EVM_RECIPIENT, fault, &err);
    j->out->has_payload = fault == X402_EVM__COUNT;
    return fault;
}

/* As the contract has it, which compares with the time of its block: strictly on either side. */
static void judge_window(struct judging *j)
{
    const struct evm_transfer *transfer = &j->out->payload.transfer;
    const struct evm_uint256 now =
        evm_uint256_of(j->with->now_ms > 0 ? (uint64_t)j->with->now_ms / 1000 : 0);

    require(j, X402_EVM_VALID_AFTER, evm_uint256_compare(&transfer->valid_after, &now) < 0,
            "validAfter is not in the past");
    require(j, X402_EVM_VALID_BEFORE, evm_uint256_compare(&now, &transfer->valid_before) < 0,
            "validBefore is not in the future");
}

/* A text of more than 65 bytes is for a contract to judge, be it there or (EIP-6492) not yet. */
static void judge_signature(struct judging *j)
{
    const struct x402_evm_payload *payload = &j->out->payload;
    struct evm_address signer;
    const char *why = NULL;

    x402_evm_digest(j->out->digest, &j->terms, &payload->transfer);
    j->out->has_digest = true;
    set(j, X402_EVM_SIGNATURE, X402_EVM_HELD, "");
    if (payload->signature.len != EVM_SIGNATURE_BYTES) {
        set(j, X402_EVM_SIGNER, X402_EVM_OPEN,
            "the signature is longer than a key's: the contract wallet judges it, on the chain");
        return;
    }
    if (evm_signature_recover(&signer, payload->signature.at, j->out->digest, &why) != ASSAY_OK) {
        require(j, X402_EVM_SIGNATURE, false, why);
        return;
    }
    require(j, X402_EVM_SIGNER, evm_address_equal(&signer, &payload->transfer.from),
            "it is another's signature, or one of other values, another token or another chain");
}

static void judge_both(struct judging *j)
{
    const struct evm_transfer *transfer = &j->out->payload.transfer;

    require(j, X402_EVM_RECIPIENT, evm_address_equal(&transfer->to, &j->terms.pay_to),
            "`to` is not payTo");
    require(j, X402_EVM_VALUE,
            PLANTED(evm_value)
                ? memcmp(transfer->value.at, j->terms.amount.at, EVM_WORD_BYTES - 1) == 0
                : evm_uint256_compare(&transfer->value, &j->terms.amount) == 0,
            "value is not the amount");
    judge_window(j);
    judge_signature(j);
}

static void conclude(struct x402_evm_verdict *out)
{
    out->outcome = X402_EVM_VALID;
    for (int rule = 0; rule < X402_EVM__COUNT; rule++) {
        if (out->checks[rule].result == X402_EVM_BROKEN) {
            out->outcome = X402_EVM_INVALID;
            out->first = (enum x402_evm_rule)rule;
            return;
        }
        if (out->checks[rule].result == X402_EVM_OPEN)
            out->outcome = X402_EVM_UNDECIDED;
    }
}

void x402_evm_verify(struct x402_evm_verdict *out, const struct x402_evm *with)
{
    struct judging j = {.with = with, .out = out};
    enum x402_evm_rule fault;

    *out = (struct x402_evm_verdict){.has_payload = false};
    for (int rule = 0; rule < X402_EVM__COUNT; rule++)
        set(&j, (enum x402_evm_rule)rule, X402_EVM_OPEN, "something before it could not be read");
    fault = judge_terms(&j);
    /* another transfer method has another payload */
    if (fault != X402_EVM_METHOD && judge_payload(&j) == X402_EVM__COUNT &&
        fault == X402_EVM__COUNT)
        judge_both(&j);
    conclude(out);
}
