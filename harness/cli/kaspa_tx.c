/* assay kaspa txid and verify. */
#include "cli/kaspa.h"
#include "kaspa/mass.h"
#include "kaspa/txid.h"
#include "kaspa/verify.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- txid ---- */

static const char txid_help[] =
    "usage: assay kaspa txid [FILE] [--ignore-unknown]\n\n"
    "Prints id, hash, size, masses and fees of a transaction, from a file or standard input, in "
    "any "
    "published\nJSON form (safe JSON, the node's own; that of RPC with "
    "--ignore-unknown).\n\n" KASPA_CLI_UNKNOWN_HELP "\nexample: assay kaspa txid transaction.json\n"
    "exit: 0 printed, 1 the id that the text claims is another one, 3 usage, or no transaction "
    "(with file,\n      line, column and member)\n";

static void print_hash(const char *label, const struct kaspa_hash *hash)
{
    printf("%-15s ", label);
    kaspa_cli_print_hex(assay_bytes_of(hash->at, sizeof hash->at));
    putchar('\n');
}

static void print_number(const char *label, uint64_t number, const char *note)
{
    printf("%-15s %" PRIu64 "%s\n", label, number, note);
}

static void print_storage_mass(const struct kaspa_cli_tx *t)
{
    uint64_t storage;

    if (t->utxos == NULL && !kaspa_tx_is_coinbase(&t->tx))
        printf("%-15s not known: input %zu has no utxo block\n", "storage mass", t->without);
    else if (kaspa_storage_mass(&storage, &t->tx, t->utxos))
        print_number("storage mass", storage, " (from the utxo blocks, which are claims)");
    else
        printf("%-15s does not fit 64 bits\n", "storage mass");
    if (t->claims.has_storage_mass)
        print_number("committed to", t->tx.storage_mass, " of storage mass");
    else
        printf("%-15s no storage mass\n", "committed to");
}

/* False after saying that the text claims another id than its transaction has. */
static bool show_claimed_id(const struct kaspa_cli_tx *t, const struct kaspa_hash *id)
{
    if (!t->claims.has_id || kaspa_hash_equal(&t->claims.id, id))
        return true;
    print_hash("WRONG: claims", &t->claims.id);
    return false;
}

static int show_ids(const struct kaspa_cli_tx *t)
{
    struct kaspa_hash id, hash;

    kaspa_txid(&id, &t->tx);
    kaspa_tx_hash(&hash, &t->tx);
    print_hash("id", &id);
    print_hash("hash", &hash);
    print_number("version", t->tx.version, "");
    printf("%-15s %zu inputs, %zu outputs, %zu bytes of payload\n", "holds", t->tx.input_count,
           t->tx.output_count, t->tx.payload.len);
    print_number("size", kaspa_estimated_size(&t->tx), " (estimated, as masses are made of it)");
    print_number("compute mass", kaspa_compute_mass(&t->tx), "");
    print_number("transient mass", kaspa_transient_mass(&t->tx), "");
    print_storage_mass(t);
    print_number("relay fee", kaspa_relay_fee(&t->tx), " sompi at least");
    return show_claimed_id(t, &id) ? 0 : 1;
}

int kaspa_cli_txid(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"ignore-unknown", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    int option, status = EXIT_TROUBLE;
    struct kaspa_cli_tx t;
    bool unknown = false;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return EXIT_TROUBLE;
        if (option == 'h') {
            fputs(txid_help, stdout);
            return 0;
        }
        unknown = true;
    }
    if (kaspa_cli_tx_read(&t, argc, argv, unknown))
        status = kaspa_cli_end(argv[0], show_ids(&t));
    kaspa_cli_tx_fini(&t);
    return status;
}

/* ---- verify ---- */

static const char verify_help[] =
    "usage: assay kaspa verify [FILE] [--daa N --median-ms N] [--fill-mass] [--ignore-unknown]\n\n"
    "Judges every rule of a transaction, consensus and relay, in the node's order. What it spends "
    "is taken\nfrom its utxo blocks, where every input has one.\n\n"
    "  --daa N           DAA score at which it is judged (a node's virtual DAA score)\n"
    "  --median-ms N     past median time there, in milliseconds\n"
    "  --fill-mass       a storage mass of 0 is no claim: the mempool fills it "
    "in\n" KASPA_CLI_UNKNOWN_HELP
    "\nexample: assay kaspa verify transaction.json --daa 500000000 --median-ms 1800000000000\n"
    "exit: by consensus: 0 valid, 1 invalid (or the id that the text claims is another one), 2 "
    "undecided;\n      3 usage, or no transaction\n";

static void print_check(const struct kaspa_verdict *v, enum kaspa_rule_number rule,
                        const struct kaspa_tx *tx)
{
    static const char *const marks[] = {"held", "BROKEN", "undecided", "not judged"};
    struct assay_buf why = ASSAY_BUF_INIT((size_t)1 << 16);
    enum kaspa_check_result result = v->checks[rule].result;

    printf("%-10s  %-32s %s\n", marks[result], kaspa_rules[rule].id, kaspa_rules[rule].sentence);
    if (result != KASPA_CHECK_HELD) {
        kaspa_check_explain(&why, v, rule, tx);
        printf("%-10s  ", "");
        kaspa_cli_print(assay_buf_ok(&why) ? assay_buf_cstr(&why) : "");
        putchar('\n');
    }
    assay_buf_fini(&why);
}

static int print_outcome(const struct kaspa_verdict *v, bool from_claims)
{
    static const int status[] = {[KASPA_VALID] = 0, [KASPA_INVALID] = 1, [KASPA_UNDECIDED] = 2};

    printf("\nconsensus   %s", kaspa_outcome_name(v->outcome));
    if (v->outcome == KASPA_INVALID)
        printf(": %s: %s", kaspa_tx_error_name(v->error), kaspa_tx_error_text(v->error));
    if (v->outcome == KASPA_INVALID && v->script_error != KASPA_SCRIPT_OK)
        printf(" (%s)", kaspa_script_error_name(v->script_error));
    if (v->outcome == KASPA_VALID && from_claims)
        printf(", if its utxo blocks are true");
    printf("\nrelay       %s\n", kaspa_outcome_name(v->relay));
    return status[v->outcome];
}

static int verify(const struct kaspa_cli_tx *t, const struct kaspa_point_of_view *pov,
                  bool fill_mass, struct kaspa_verdict *v)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    bool id_is_right;
    int status;
    const struct kaspa_verify with = {
        .utxos = t->utxos, .pov = pov, .mass_is_filled_in = fill_mass, .arena = &arena};

    kaspa_tx_verify(v, &t->tx, &with);
    assay_arena_fini(&arena);
    print_hash("id", &v->id);
    id_is_right = show_claimed_id(t, &v->id);
    if (t->utxos != NULL && t->tx.input_count > 0)
        kaspa_cli_say_claims();
    putchar('\n');
    for (int i = 0; i < KASPA_RULE__COUNT; i++)
        print_check(v, (enum kaspa_rule_number)i, &t->tx);
    status = print_outcome(v, t->tx.input_count > 0);
    if (status == 2 && pov == NULL)
        puts("the point of view is not known: give --daa and --median-ms, as a node tells them");
    if (status == 2 && t->utxos == NULL && t->tx.input_count > 0)
        puts("what it spends is not known: give each input its utxo block");
    return id_is_right ? status : 1;
}

struct verify_options {
    struct kaspa_point_of_view pov;
    bool has_daa, has_median, fill_mass, unknown, help;
};

static bool verify_options(struct verify_options *out, int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, 'h'},
                                            {"daa", required_argument, NULL, 'd'},
                                            {"median-ms", required_argument, NULL, 'm'},
                                            {"fill-mass", no_argument, NULL, 'f'},
                                            {"ignore-unknown", no_argument, NULL, 'u'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return false;
        if (option == 'd' && !(out->has_daa = cli_number(&out->pov.daa_score, argv[0], "--daa",
                                                         optarg, 0, UINT64_MAX)))
            return false;
        if (option == 'm' && !(out->has_median = cli_number(&out->pov.past_median_time_ms, argv[0],
                                                            "--median-ms", optarg, 0, UINT64_MAX)))
            return false;
        out->fill_mass = out->fill_mass || option == 'f';
        out->unknown = out->unknown || option == 'u';
        out->help = out->help || option == 'h';
    }
    if (out->has_daa == out->has_median)
        return true;
    cli_wrong(argv[0], "--daa and --median-ms make one point of view: give both, or none");
    return false;
}

int kaspa_cli_verify(int argc, char **argv)
{
    struct verify_options options = {0};
    struct kaspa_verdict *verdict;
    struct kaspa_cli_tx t;
    int status = EXIT_TROUBLE;

    if (!verify_options(&options, argc, argv))
        return EXIT_TROUBLE;
    if (options.help) {
        fputs(verify_help, stdout);
        return 0;
    }
    if (kaspa_cli_tx_read(&t, argc, argv, options.unknown)) {
        verdict = assay_arena_alloc(&t.arena, sizeof *verdict);
        status = verdict == NULL
                     ? cli_wrong(argv[0], "out of memory")
                     : kaspa_cli_end(argv[0], verify(&t, options.has_daa ? &options.pov : NULL,
                                                     options.fill_mass, verdict));
    }
    kaspa_cli_tx_fini(&t);
    return status;
}
