/* Names and texts of the error kinds, from the lists of errors.h. */
#include "kaspa/errors.h"

#include <assert.h>

struct kind {
    const char *name, *text;
};

#define X(constant, name, text) {name, text},
static const struct kind script_errors[] = {{"OK", "fine"}, KASPA_SCRIPT_ERRORS(X)};
static const struct kind tx_errors[] = {{"OK", "fine"}, KASPA_TX_ERRORS(X)};
#undef X

static_assert(ARRAY_LEN(script_errors) == KASPA_SCRIPT__COUNT, "one row a kind");
static_assert(ARRAY_LEN(tx_errors) == KASPA_TX__COUNT, "one row a kind");

const char *kaspa_script_error_name(enum kaspa_script_error error)
{
    return script_errors[error].name;
}

const char *kaspa_script_error_text(enum kaspa_script_error error)
{
    return script_errors[error].text;
}

const char *kaspa_tx_error_name(enum kaspa_tx_error error)
{
    return tx_errors[error].name;
}

const char *kaspa_tx_error_text(enum kaspa_tx_error error)
{
    return tx_errors[error].text;
}

const char *kaspa_undecided_name(enum kaspa_undecided why)
{
    static const char *const names[] = {"", "zk precompile", "sequencing commitment", "resource"};

    static_assert(ARRAY_LEN(names) == KASPA_UNDECIDED__COUNT, "one name a reason");
    return names[why];
}
