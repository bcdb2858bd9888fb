/** What the files of `assay kaspa` share: its verbs, and how they read and show. Internal. */
#ifndef CLI_KASPA_H
#define CLI_KASPA_H

#include "cli/cli.h"
#include "kaspa/safejson.h"

/** Each has argv[0] = "kaspa NAME", and an exit status of design section 5. */
int kaspa_cli_address(int argc, char **argv);
int kaspa_cli_script(int argc, char **argv);
int kaspa_cli_disasm(int argc, char **argv);
int kaspa_cli_txid(int argc, char **argv);
int kaspa_cli_verify(int argc, char **argv);
int kaspa_cli_run(int argc, char **argv);

#define KASPA_CLI_TEXT_MAX_BYTES KASPA_JSON_MAX_BYTES

/** The one argument behind the options, or standard input where it is "-" or absent, without the
 * white space around it. False after saying what is wrong. */
bool kaspa_cli_text(struct assay_buf *out, int argc, char **argv);
/** Bytes from hex digits; false where the text is none. */
bool kaspa_cli_hex(struct assay_buf *out, struct assay_bytes text);
void kaspa_cli_print_hex(struct assay_bytes bytes);
/** For what comes from outside: controls and the like are escaped. */
void kaspa_cli_print(const char *text);
/** The exit status of a whole command, once all is printed. */
int kaspa_cli_end(const char *verb, int status);

/** A transaction from a file or standard input, in any published JSON form. */
struct kaspa_cli_tx {
    struct assay_arena arena;
    struct kaspa_tx tx;
    struct kaspa_claims claims;
    /** what the text says that it spends, where it says so of every input; else NULL */
    const struct kaspa_utxo *utxos;
    size_t without; /**< the first input without such a claim */
};

/** False after saying what is wrong, with file, line, column and member. Needs kaspa_cli_tx_fini
 * in any case. */
bool kaspa_cli_tx_read(struct kaspa_cli_tx *t, int argc, char **argv, bool unknown_members);
void kaspa_cli_tx_fini(struct kaspa_cli_tx *t);
#define KASPA_CLI_UNKNOWN_HELP                                                                     \
    "  --ignore-unknown  members that no published form has are passed over instead of refused\n"
/** Says that what is spent is only claimed. */
void kaspa_cli_say_claims(void);

#endif
