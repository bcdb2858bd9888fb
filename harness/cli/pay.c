/* assay pay: the reference client of kaspa-x402. Buys one answer, and says what became of it. */
#include "cli/pay.h"

#include "defects/defects.h"

#include <stdio.h>

#define BODY_MAX_BYTES ((size_t)1 << 20)

enum { EXIT_REFUSED = 1, EXIT_UNRESOLVED = 2 };

enum option_code {
    OPTION_POLICY = 256,
    OPTION_WALLET,
    OPTION_NODE,
    OPTION_STATE,
    OPTION_METHOD,
    OPTION_BODY,
    OPTION_ID,
    OPTION_RETRIES,
    OPTION_WAIT,
    OPTION_POLL,
    OPTION_NODE_DEADLINE,
    OPTION_NODE_LAG,
    OPTION_DEFECT,
    OPTION_JSON,
    OPTION_LIST,
    OPTION_REFUND,
    OPTION_TOP_UP,
};

static const struct option long_options[] = {
    {"policy", required_argument, NULL, OPTION_POLICY},
    {"wallet", required_argument, NULL, OPTION_WALLET},
    {"node", required_argument, NULL, OPTION_NODE},
    {"state", required_argument, NULL, OPTION_STATE},
    {"method", required_argument, NULL, OPTION_METHOD},
    {"body", required_argument, NULL, OPTION_BODY},
    {"id", required_argument, NULL, OPTION_ID},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"poll", required_argument, NULL, OPTION_POLL},
    {"node-deadline", required_argument, NULL, OPTION_NODE_DEADLINE},
    {"node-lag", required_argument, NULL, OPTION_NODE_LAG},
    {"defect", required_argument, NULL, OPTION_DEFECT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"list", no_argument, NULL, OPTION_LIST},
    {"refund", required_argument, NULL, OPTION_REFUND},
    {"top-up", required_argument, NULL, OPTION_TOP_UP},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void help(void)
{
    fputs(
        "usage: assay pay URL --policy FILE --wallet URL --state DIR [options]\n"
        "       assay pay --refund CHANNEL --policy FILE --wallet URL --node URL --state DIR\n"
        "       assay pay --top-up CHANNEL --state DIR\n"
        "       assay pay --state DIR --list\n\n"
        "Buys the answer to one request from a Kaspa x402 server (schemes exact and\n"
        "batch-settlement). The answer goes to stdout, one line about the payment to stderr. A\n"
        "payment of the same request that is not resolved yet is taken up again: it is never paid\n"
        "twice. Where the policy allows channels (allowBatch), one is opened for a server that "
        "offers\n"
        "them, and what is bought there later is charged to it without a transaction.\n\n"
        "  --policy FILE   what may be paid, in JSON: allowedOrigins, allowedPayTo,\n"
        "                  maximumExactAmountSompi, requiredSource, and the limits of channels,\n"
        "                  below (docs/kaspa-x402.md has all of it)\n"
        "  --wallet URL    who signs: http on loopback (docs/wallet-role.md)\n"
        "  --node URL      node RPC (ws on loopback) whose word settles a payment; without it "
        "none\n"
        "                  is ever settled, and no channel is opened or charged\n"
        "  --state DIR     where attempts and channels are remembered; made if it is missing\n"
        "  --method M      default GET, or POST with --body\n"
        "  --body FILE     body of the request\n"
        "  --id ID         payment identifier, 16 to 128 of A-Z a-z 0-9 _ - (default: a fresh "
        "one)\n"
        "  --retries N     identical retries after 409, 429, 503, 504 or no answer (default 5)\n"
        "  --wait MS       for the node to show the payment, after the answer (default 60000)\n"
        "  --poll MS       between looks at the node (default 250)\n"
        "  --node-deadline MS  for one question to the node (default 10000)\n"
        "  --node-lag MS   how far the node's time may be behind the clock (default 600000;\n"
        "                  0: any time)\n"
        "  --json          the line on stderr is a JSON object\n"
        "  --list          the attempts and channels of the folder\n"
        "  --refund CHANNEL  takes back what is left of it, after its timeout; CHANNEL is an id "
        "of\n"
        "                  64 hex digits, from --list\n"
        "  --top-up CHANNEL  prints the top-up that waits for the server's signature, for its "
        "operator\n"
        "  --defect NAME   switch on a seeded defect; may be repeated (assay list defects)\n\n"
        "Members of the policy for channels (sums and DAA scores are texts):\n"
        "  allowBatch            true; then all up to allowedResources have to be there\n"
        "  maximumBatchChargeSompi              of one request\n"
        "  maximumInitialDepositSompi           of one channel\n"
        "  maximumTopUpSompi                    at once\n"
        "  maximumCumulativeAuthorizationSompi  of one channel, for its life\n"
        "  maximumTotalExposureSompi            ever put into one channel\n"
        "  minimumRefundLeadDaa  vouchers end so long before the refund\n"
        "  maximumRefundHorizonDaa              and the refund is nearer than that\n"
        "  allowedServerKeys     x-only keys, 64 hex digits each\n"
        "  allowedResources      URLs; one that ends in * is the beginning of some\n"
        "  depositSompi          default: the smallest that is offered\n"
        "  topUpSompi            default: what the request lacks\n"
        "  channelConfirmations  a number, default 30: how deep a channel's transactions are\n\n"
        "exit: 0 paid and delivered, or free, or refunded; 1 nothing was paid; 2 a payment, or a\n"
        "      transaction of a channel, is out that is not settled, or was not answered: run the\n"
        "      same again; 3 usage, a bad file, own trouble\n",
        stdout);
}

struct pay {
    struct kx_pay_options options;
    const char *policy_file, *body_file;
    const char *top_up; /* a channel's id */
    bool as_json, lists;
    bool wrong; /* said so already */
    int status;
};

static uint64_t number(struct pay *p, const char *option, const char *text, uint64_t most)
{
    uint64_t value = 0;

    p->wrong = !cli_number(&value, "pay", option, text, 0, most) || p->wrong;
    return value;
}

static void switch_on(struct pay *p, const char *name)
{
    struct assay_err err = {0};

    if (ref_defect_switch_on(assay_str(name), &err) == ASSAY_OK)
        return;
    cli_wrong("pay", "--defect %.80s: %s", name, err.text);
    p->wrong = true;
}

static void take_name(struct pay *p, int option, const char *text)
{
    struct kx_pay_options *o = &p->options;

    if (option == OPTION_POLICY)
        p->policy_file = text;
    else if (option == OPTION_WALLET)
        o->wallet = text;
    else if (option == OPTION_NODE)
        o->node = text;
    else if (option == OPTION_STATE)
        o->state = text;
    else if (option == OPTION_METHOD)
        o->method = text;
    else if (option == OPTION_BODY)
        p->body_file = text;
    else if (option == OPTION_REFUND)
        o->refund = text;
    else if (option == OPTION_TOP_UP)
        p->top_up = text;
    else
        o->identifier = text;
}

static void take(struct pay *p, int option, const char *text)
{
    struct kx_pay_options *o = &p->options;

    if (option == OPTION_RETRIES)
        o->retries = (unsigned)number(p, "--retries", text, 1000);
    else if (option == OPTION_WAIT)
        o->wait_ms = (int64_t)number(p, "--wait", text, 86400000);
    else if (option == OPTION_POLL)
        o->poll_ms = (int64_t)number(p, "--poll", text, 60000);
    else if (option == OPTION_NODE_DEADLINE)
        o->node_deadline_ms = (int64_t)number(p, "--node-deadline", text, 3600000);
    else if (option == OPTION_NODE_LAG)
        o->node_max_lag_ms = (int64_t)number(p, "--node-lag", text, 86400000);
    else if (option == OPTION_DEFECT)
        switch_on(p, text);
    else if (option == OPTION_JSON)
        p->as_json = true;
    else if (option == OPTION_LIST)
        p->lists = true;
    else
        take_name(p, option, text);
}

/* ---- what is said ---- */

static int status_of(enum kx_client_end end)
{
    switch (end) {
    case KX_CLIENT_SERVED:
    case KX_CLIENT_FREE:
    case KX_CLIENT_REFUNDED:
        return 0;
    case KX_CLIENT_REFUSED:
        return EXIT_REFUSED;
    case KX_CLIENT_UNRESOLVED:
        break;
    }
    return EXIT_UNRESOLVED;
}

static bool take_answer(void *cls, struct assay_bytes body, struct assay_bytes content_type)
{
    bool is_written = fwrite(body.at, 1, body.len, stdout) == body.len && fflush(stdout) == 0;

    (void)cls;
    (void)content_type;
    if (!is_written)
        cli_wrong("pay", "the answer cannot be written to stdout");
    return is_written;
}

static void report(void *cls, const struct kx_client_outcome *outcome,
                   const struct kx_client_attempt *attempt)
{
    struct pay *p = cls;

    p->status = status_of(outcome->end);
    pay_print_outcome(outcome, attempt, p->as_json);
}

/* ---- the list ---- */

static bool print_attempt(void *cls, const struct kx_client_attempt *attempt)
{
    const struct pay *p = cls;

    pay_print_attempt(attempt, p->as_json);
    return true;
}

static bool print_channel(void *cls, const struct kx_client_channel *channel)
{
    const struct pay *p = cls;

    pay_print_channel(channel, p->as_json);
    return true;
}

static int list(struct pay *p)
{
    struct assay_err err = {0};

    if (p->options.state == NULL)
        return cli_wrong("pay", "--state is missing: name the folder to list");
    if (kx_attempts_each(p->options.state, print_attempt, p, &err) != ASSAY_OK ||
        kx_channels_each(p->options.state, print_channel, p, &err) != ASSAY_OK)
        return cli_wrong("pay", "%s", err.text);
    return 0;
}

/* Half signed, and worth nothing to anybody but the channel's server. */
static int print_top_up(const struct pay *p)
{
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);
    struct kx_client_channel channel;
    struct assay_err err = {0};
    enum assay_code rc;
    int status = 0;

    if (p->options.state == NULL)
        return cli_wrong("pay", "--state is missing: name the folder of the channel");
    rc = kx_pay_find_channel(&channel, &arena, p->options.state, p->top_up, &err);
    if (rc != ASSAY_OK)
        status = cli_wrong("pay", "%s", err.text);
    else if (channel.state != KX_CHANNEL_IS_TOPPING_UP)
        status = cli_wrong("pay", "--top-up: the channel waits for none");
    else
        printf("%.*s\n", (int)channel.move.len, (const char *)channel.move.at);
    assay_arena_fini(&arena);
    return status;
}

/* ---- a payment ---- */

static const char *what_is_missing(const struct pay *p)
{
    if (p->policy_file == NULL)
        return "--policy is missing: name the file that says what may be paid";
    if (p->options.wallet == NULL)
        return "--wallet is missing: name the URL of who signs";
    if (p->options.state == NULL)
        return "--state is missing: name a folder for what must be remembered";
    return NULL;
}

/* Each of three options is a command of its own, that buys nothing. */
static bool contradicts(const struct pay *p, int urls)
{
    const struct kx_pay_options *o = &p->options;
    const char *command = p->lists ? "--list" : p->top_up != NULL ? "--top-up" : "--refund";

    if (p->lists + (p->top_up != NULL) + (o->refund != NULL) > 1)
        return cli_wrong("pay", "--list, --top-up and --refund are three commands: give one") != 0;
    if (!p->lists && p->top_up == NULL && o->refund == NULL)
        return urls != 1 && cli_wrong("pay", "name one URL to pay for") != 0;
    if (urls != 0)
        return cli_wrong("pay", "%s takes no URL", command) != 0;
    if (o->method != NULL || p->body_file != NULL || o->identifier != NULL)
        return cli_wrong("pay", "%s buys nothing: --method, --body and --id have no place there",
                         command) != 0;
    return false;
}

static int pay(struct pay *p)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_POLICY_MAX_BYTES),
                     body = ASSAY_BUF_INIT(BODY_MAX_BYTES);
    struct assay_arena arena = ASSAY_ARENA_INIT((size_t)8 << 20);
    struct assay_err err = {0};
    struct kx_policy policy;
    enum assay_code rc;

    rc = assay_file_read(&text, p->policy_file, &err);
    if (rc == ASSAY_OK)
        rc = kx_policy_read(&policy, &arena, assay_buf_view(&text), p->policy_file, &err);
    if (rc == ASSAY_OK && p->body_file != NULL)
        rc = assay_file_read(&body, p->body_file, &err);
    if (rc == ASSAY_OK) {
        p->options.policy = &policy;
        p->options.body = assay_buf_view(&body);
        p->options.has_body = p->body_file != NULL;
        rc =
            kx_pay_run(&p->options,
                       &(struct kx_pay_buyer){.take = take_answer, .told = report, .cls = p}, &err);
    }
    assay_arena_fini(&arena);
    assay_buf_fini(&text);
    assay_buf_fini(&body);
    return rc == ASSAY_OK ? p->status : cli_wrong("pay", "%s", err.text);
}

int cli_pay(int argc, char **argv)
{
    struct pay p = {.options = KX_PAY_OPTIONS_DEFAULT};
    const char *missing;
    int option;

    p.options.method = NULL;
    while ((option = cli_option(argc, argv, long_options)) != -1) {
        if (option == '?')
            return EXIT_TROUBLE;
        if (option == 'h') {
            help();
            return 0;
        }
        take(&p, option, optarg);
        if (p.wrong)
            return EXIT_TROUBLE;
    }
    if (contradicts(&p, argc - optind))
        return EXIT_TROUBLE;
    if (p.lists)
        return list(&p);
    if (p.top_up != NULL)
        return print_top_up(&p);
    if ((missing = what_is_missing(&p)) != NULL)
        return cli_wrong("pay", "%s", missing);
    p.options.url = argv[optind];
    if (p.options.method == NULL)
        p.options.method = p.body_file != NULL ? "POST" : "GET";
    return pay(&p);
}
