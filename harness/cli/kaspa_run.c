/* assay kaspa run: the scripts of a transaction's inputs, step by step. */
#include "cli/kaspa.h"
#include "kaspa/engine.h"

#include <inttypes.h>
#include <stdio.h>

#define ITEM_SHOWN_BYTES 32

static const char help[] =
    "usage: assay kaspa run [FILE] [--input N] [--trace] [--units N|unlimited] "
    "[--ignore-unknown]\n\n"
    "Runs the scripts of a transaction whose inputs have utxo blocks, which are taken as they are "
    "claimed.\n\n"
    "  --input N         that input alone (from 0)\n"
    "  --trace           each step with the stack before it, its top last\n"
    "  --units N         script units instead of what the inputs committed to; or "
    "\"unlimited\"\n" KASPA_CLI_UNKNOWN_HELP "\nexample: assay kaspa run transaction.json --trace\n"
    "exit: 0 all valid, 1 one is invalid, 2 one is undecided and none invalid, 3 usage, or no "
    "such transaction\n";

struct options {
    bool trace, has_input, has_units, unknown, help;
    uint64_t input, units;
};

static bool options_of(struct options *out, int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},           {"input", required_argument, NULL, 'i'},
        {"trace", no_argument, NULL, 't'},          {"units", required_argument, NULL, 'n'},
        {"ignore-unknown", no_argument, NULL, 'u'}, {NULL, 0, NULL, 0}};
    int option;

    while ((option = cli_option(argc, argv, options)) != -1) {
        if (option == '?')
            return false;
        if (option == 'i' &&
            !(out->has_input = cli_number(&out->input, argv[0], "--input", optarg, 0, UINT32_MAX)))
            return false;
        if (option == 'n') {
            out->has_units = true;
            out->units = KASPA_UNITS_UNLIMITED;
            if (strcmp(optarg, "unlimited") != 0 &&
                !cli_number(&out->units, argv[0], "--units", optarg, 0, UINT64_MAX - 1))
                return false;
        }
        out->trace = out->trace || option == 't';
        out->unknown = out->unknown || option == 'u';
        out->help = out->help || option == 'h';
    }
    return true;
}

/* ---- the trace ---- */

static void print_item(struct assay_bytes item)
{
    printf(" 0x");
    kaspa_cli_print_hex(assay_bytes_part(item, 0, ITEM_SHOWN_BYTES));
    if (item.len > ITEM_SHOWN_BYTES)
        printf("…(%zu bytes)", item.len);
}

static void print_stack(const char *name, const struct assay_bytes *items, size_t count)
{
    printf("      %s %zu:", name, count);
    for (size_t i = 0; i < count; i++)
        print_item(items[i]);
    putchar('\n');
}

static void print_step(void *context, const struct kaspa_step *step)
{
    (void)context;
    printf("    %s %zu: %s%s", kaspa_part_name(step->part), step->instruction.at,
           kaspa_opcode_name(step->instruction.opcode), step->executed ? "" : " (not executed)");
    if (step->instruction.data.len > 0)
        print_item(step->instruction.data);
    printf("  [%" PRIu64 " units]\n", step->used_units);
    print_stack("stack", step->stack, step->stack_len);
    if (step->alt_len > 0)
        print_stack("alt", step->alt, step->alt_len);
}

/* ---- the result ---- */

static void print_units(uint64_t used, uint64_t limit)
{
    printf("  used %" PRIu64, used);
    if (limit == KASPA_UNITS_UNLIMITED)
        puts(" script units, with no limit");
    else
        printf(" of %" PRIu64 " script units\n", limit);
}

static void print_run(size_t input, const struct kaspa_run *run, uint64_t limit)
{
    printf("input %zu: %s", input, kaspa_outcome_name(run->outcome));
    if (run->outcome == KASPA_INVALID)
        printf(": %s: %s", kaspa_script_error_name(run->error),
               kaspa_script_error_text(run->error));
    if (run->outcome == KASPA_UNDECIDED)
        printf(": %s", kaspa_undecided_name(run->why));
    putchar('\n');
    if (run->outcome != KASPA_VALID && run->part != KASPA_PART_NONE)
        printf("  at: %s, offset %zu, %s\n", kaspa_part_name(run->part), run->at,
               kaspa_opcode_name(run->opcode));
    print_units(run->used_units, limit);
}

/* One input, with memory of its own. */
static enum kaspa_outcome run_one(struct kaspa_engine *engine, const struct options *options,
                                  size_t input)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(KASPA_ENGINE_ARENA_BYTES);
    struct kaspa_run run;

    engine->arena = &arena;
    engine->input = input;
    engine->unit_limit = options->has_units ? options->units : kaspa_unit_limit(engine->tx, input);
    if (options->trace)
        printf("input %zu:\n", input);
    kaspa_engine_run_input(&run, engine);
    print_run(input, &run, engine->unit_limit);
    assay_arena_fini(&arena);
    return run.outcome;
}

static int run_all(struct kaspa_engine *engine, const struct options *options)
{
    size_t first = options->has_input ? (size_t)options->input : 0;
    size_t end = options->has_input ? first + 1 : engine->tx->input_count;
    int status = 0;

    for (size_t i = first; i < end; i++) {
        enum kaspa_outcome outcome = run_one(engine, options, i);

        if (outcome == KASPA_INVALID)
            status = 1;
        else if (outcome == KASPA_UNDECIDED && status == 0)
            status = 2;
    }
    return status;
}

/* A node makes sure of the covenants before it runs any script. */
static int run(struct kaspa_cli_tx *t, const struct options *options, const char *verb)
{
    struct kaspa_covenants covenants = {0};
    struct kaspa_sighash_cache cache = {0};
    struct kaspa_engine engine = {.tx = &t->tx,
                                  .utxos = t->utxos,
                                  .covenants = &covenants,
                                  .cache = &cache,
                                  .on_step = options->trace ? print_step : NULL};
    enum kaspa_tx_error error;
    bool resource = false;
    size_t at = 0;

    if (t->tx.input_count == 0)
        return cli_wrong(verb, "the transaction has no inputs");
    if (t->utxos == NULL)
        return cli_wrong(verb, "input %zu has no utxo block, and scripts see all of them",
                         t->without);
    if (options->has_input && options->input >= t->tx.input_count)
        return cli_wrong(verb, "--input: the transaction has %zu inputs", t->tx.input_count);
    kaspa_cli_say_claims();
    error = kaspa_covenants_make(&covenants, &at, &resource, &t->tx, t->utxos, &t->arena);
    if (resource)
        return cli_wrong(verb, "its covenants need more memory than there is");
    if (error != KASPA_TX_OK) {
        printf("no script is run: %s: %s (%s %zu)\n", kaspa_tx_error_name(error),
               kaspa_tx_error_text(error), error == KASPA_TX_WRONG_GENESIS ? "input" : "output",
               at);
        return 1;
    }
    return run_all(&engine, options);
}

int kaspa_cli_run(int argc, char **argv)
{
    struct options options = {0};
    struct kaspa_cli_tx t;
    int status = EXIT_TROUBLE;

    if (!options_of(&options, argc, argv))
        return EXIT_TROUBLE;
    if (options.help) {
        fputs(help, stdout);
        return 0;
    }
    if (kaspa_cli_tx_read(&t, argc, argv, options.unknown))
        status = kaspa_cli_end(argv[0], run(&t, &options, argv[0]));
    kaspa_cli_tx_fini(&t);
    return status;
}
