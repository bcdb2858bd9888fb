/* assay serve kaspa-x402: its reference server, correct unless a defect is asked for by name, and
 * what an operator does about payments that did not end by themselves. */
#include "cli/serve_table.h"

#include "base/hex.h"

#include <stdio.h>
#include <unistd.h>

#define VERB "serve kaspa-x402"
#define RECOVERED_MAX_BYTES ((size_t)64 << 20) /* of lines about payments */

enum { EXIT_UNKNOWN = 2 };

enum {
    HEAD = KIND_OWN,
    SELL,
    PRINCIPAL,
    RECOVER,
    CLAIM,
    TOP_UP,
    SECRET,
    NOT_RUN,
    SETTLED,
    NOT_SETTLED,
    STATUS,
    BODY,
    TYPE,
};

static const struct row rows[] = {
    {"listen", TEXT, FIELD(listen), 0, 0, "ADDR:PORT",
     "default 127.0.0.1:8402; port 0: the system chooses one"},
    {"base-url", TEXT, FIELD(base_url), 0, 0, "URL",
     "what clients call it (default: the listening address)"},
    {"store", TEXT, FIELD(store), 0, 0, "FILE|memory",
     "where payments are remembered; memory: one worker, forgets"},
    {"origin", TEXT, FIELD(origin), 0, 0, "URL",
     "the protected handler; without it a built-in one echoes"},
    {"pay-to", TEXT, FIELD(pay_to), 0, 0, "ADDRESS", "who is paid"},
    {"price", NUMBER, FIELD(price), 1, ANY, "SOMPI",
     "of everything that is priced (default: each thing its own)"},
    {"timeout", NUMBER, FIELD(max_timeout_s), 1, UINT32_MAX, "S",
     "how far ahead an authorization may end (default 60)"},
    {"head-owner", TEXT, FIELD(head_owner), 0, 0, "KEY",
     "x-only key, 64 hex digits, that additive heads belong to"},
    {"head", HEAD, NO_FIELD, 0, 0, "TXID:INDEX", "a head to sell for; may be repeated"},
    {"threshold", NUMBER, FIELD(threshold), 1, INT64_MAX, "SOMPI",
     "by which a head must grow (default 10000000)"},
    {"facilitator", TEXT, FIELD(facilitator), 0, 0, "URL",
     "who verifies and settles what is sold through it; without\n--pay-to and --node that is "
     "sold alone"},
    {"sell", SELL, NO_FIELD, 0, 0, "KIND",
     "what: SCHEME,NETWORK,ASSET,PAYTO and perhaps ,EXTRA, a JSON\nobject; may be repeated"},
    {"facilitator-token", TEXT, FIELD(facilitator_token), 0, 0, "VAR",
     "the variable with the bearer token that it asks for, which is\nwiped (default: none)"},
    {"offer-key", TEXT, FIELD(offer_key), 0, 0, "VAR",
     "the variable with the secret, 64 hex digits and wiped, by which\noffers and receipts on "
     "eip155 are signed (default: none)"},
    {"facilitator-deadline", NUMBER, FIELD(facilitator_deadline_ms), 1, HOUR_MS, "MS",
     "for its answer to a call (default 10000)"},
    {"facilitator-list", NUMBER, FIELD(facilitator_list_ms), 1, HOUR_MS, "MS",
     "after which it is asked again what it does (default\n30000)"},
    {"ask-identifier", FLAG, FIELD(asks_identifier), 0, 0, NULL,
     "take no payment without a payment identifier, which what\n--pay-to is paid needs anyway"},
    {"channel-key", TEXT, FIELD(channel_key), 0, 0, "KEY",
     "x-only key, 64 hex digits, of the server in channels; with\nit what is priced is also sold "
     "by scheme batch-settlement"},
    {"channel-deposit", NUMBER, FIELD(channel_deposit), 1, INT64_MAX, "SOMPI",
     "the smallest (default 2000000000)"},
    {"channel-reserve", NUMBER, FIELD(channel_reserve), 0, INT64_MAX, "SOMPI",
     "of a deposit, for fees (default 50000000)"},
    {"channel-claim-above", NUMBER, FIELD(channel_claim_above), 0, INT64_MAX, "SOMPI",
     "the claim policy that clients are told, and no more: run\n--claim so often (default: "
     "none)"},
    {"channel-claim-after", NUMBER, FIELD(channel_claim_s), 0, UINT32_MAX, "S",
     "the same, by time (default: none)"},
    {"channel-confirmations", NUMBER, FIELD(channel_confirmations), 1, 1000000, "N",
     "of what made a channel's head (default 30)"},
    {"channel-life", NUMBER, FIELD(channel_refund_daa), 1, KX_BATCH_TIMEOUT_MAX, "DAA",
     "of a channel that is offered, at least (default 864000)"},
    {"channel-bucket", NUMBER, FIELD(channel_bucket_daa), 1, KX_BATCH_TIMEOUT_MAX, "DAA",
     "that refund timeouts are multiples of (default 36000)"},
    {"channel-lead", NUMBER, FIELD(channel_lead_daa), 0, KX_BATCH_TIMEOUT_MAX, "DAA",
     "vouchers end before the refund (default 1000)"},
    {"principal", PRINCIPAL, NO_FIELD, 0, 0, "NAME:TENANT:VAR",
     "who may buy /private, with the bearer token in that variable,\nwhich is wiped; TENANT may be "
     "empty; may be repeated"},
    {"records", NUMBER, FIELD(limits.max_records), 1, ANY, "N",
     "payments that are kept with their answers (default 10000)"},
    {"heads-max", NUMBER, FIELD(limits.max_heads), 1, ANY, "N",
     "heads that are kept (default 256)"},
    {"challenge", NUMBER, FIELD(challenge_ms), 1000, 24 * HOUR_MS, "MS",
     "life of an additive offer, and of a signed one (default\n60000)"},
    {"accept-wait", NUMBER, FIELD(accept_wait_ms), 0, HOUR_MS, "MS",
     "for the chain to accept a payment (default 60000)"},
    {"quota", NUMBER, FIELD(caller_quota), 0, UINT32_MAX, "N",
     "requests of a caller in 60 s; 0: any (default 1000)"},
    {"caller-running", NUMBER, FIELD(caller_running_max), 0, UINT32_MAX, "N",
     "requests at once of one caller (default 16)"},
    {"scope-running", NUMBER, FIELD(scope_running_max), 0, UINT32_MAX, "N",
     "and of one payment (default 8)"},
    {"body-max", NUMBER, FIELD(body_max_bytes), 0, 16u << 20, "BYTES",
     "of a request (default 1048576)"},
    {"origin-deadline", NUMBER, FIELD(origin_deadline_ms), 1, HOUR_MS, "MS",
     "for the origin's whole answer (default 30000)"},
    {"mcp", FLAG, FIELD(has_mcp), 0, 0, NULL,
     "sells MCP tools too, at POST /mcp; with the word stdio behind\nit they alone are sold, over "
     "stdin and stdout"},
    {"public", FLAG, FIELD(is_public), 0, 0, NULL,
     "may listen, and reach node and origin, beyond loopback"},
    {"recover", RECOVER, NO_FIELD, 0, 0, NULL, NULL},
    {"claim", CLAIM, NO_FIELD, 0, 0, NULL, NULL},
    {"top-up", TOP_UP, NO_FIELD, 0, 0, "FILE", NULL},
    {"channel-secret", SECRET, NO_FIELD, 0, 0, "VAR", NULL},
    {"not-run", NOT_RUN, NO_FIELD, 0, 0, NULL, NULL},
    {"settled", SETTLED, NO_FIELD, 0, 0, "TRANSACTION", NULL},
    {"not-settled", NOT_SETTLED, NO_FIELD, 0, 0, NULL, NULL},
    {"status", STATUS, NO_FIELD, 200, 599, "N", NULL},
    {"body", BODY, NO_FIELD, 0, 0, "FILE", NULL},
    {"content-type", TYPE, NO_FIELD, 0, 0, "TYPE", NULL},
};

struct serve {
    struct kx_server_options server;
    bool recover, claim, has_result, has_not_run, has_not_settled;
    const char *settled; /* transaction */
    const char *secret;  /* variable */
    const char *top_up;  /* file */
    const char *body;    /* file */
    struct kx_result result;
    bool wrong; /* said so already */
};

static void help(void)
{
    fputs("usage: assay serve kaspa-x402 --store FILE --node URL --pay-to ADDRESS [options]\n"
          "       assay serve kaspa-x402 --store FILE --facilitator URL --sell KIND [options]\n"
          "       assay serve kaspa-x402 --mcp stdio --base-url URL --store FILE ... [options]\n"
          "       assay serve kaspa-x402 --recover [TXID | all] --store FILE --node URL [options]\n"
          "       assay serve kaspa-x402 --claim [CHANNEL] --channel-secret VAR --store FILE\n"
          "                              --node URL [options]\n"
          "       assay serve kaspa-x402 --top-up FILE CHANNEL --channel-secret VAR --store FILE\n"
          "                              --node URL [options]\n\n"
          "Runs the reference server until SIGTERM or SIGINT. Prints one line when it accepts:\n"
          "  ready kaspa-x402 http://127.0.0.1:PORT\n"
          "and one line of JSON for each request on stderr.\n\n",
          stdout);
    serve_table_list(rows, ARRAY_LEN(rows));
    fputs(
        "\nPayments that did not end by themselves, beside a running server or without one:\n\n"
        "  --recover                   lists them: one line of JSON each, with what it needs\n"
        "  --recover TXID | all        asks the chain what became of it, or of each: accepted,\n"
        "                              or void\n"
        "  --recover TXID --status N [--body FILE] [--content-type TYPE]\n"
        "                              supplies the handler's result, which the payer's next\n"
        "                              identical request is answered with\n"
        "  --recover TXID --not-run    says that the handler, although it was started, has not\n"
        "                              run: the payer's next identical request runs it\n"
        "  --recover TXID --settled TRANSACTION | --not-settled\n"
        "                              says what became of a settlement that the facilitator was\n"
        "                              asked for: the payer's next identical request is given the\n"
        "                              answer, or the payment is the payer's again\n\n"
        "Channels, beside a running server or without one. --channel-secret names the variable\n"
        "with the secret of --channel-key, which is wiped; each waits --accept-wait for the chain\n"
        "and prints a line of JSON a channel, and is to be said again for what is pending:\n\n"
        "  --claim [CHANNEL]           claims what the client owes in that channel, or in each\n"
        "                              where more is charged than claimed\n"
        "  --top-up FILE CHANNEL       signs and submits a client's top-up, which the file has as\n"
        "                              JSON with its client's signatures and its inputs' coins\n\n"
        "exit: 0 stopped when told to, or nothing is unresolved or left to do; 2 still\n"
        "      unresolved, or not done; 3 usage or trouble\n",
        stdout);
}

/* ---- options ------------------------------------------------------------------------------------
 */

static void take_status(struct serve *s, const struct row *row, const char *text)
{
    s->result.status = (int)serve_number(&s->wrong, VERB, "--status", text, row->least, row->most);
    s->has_result = true;
}

static void take(void *cls, const struct row *row, const char *text)
{
    struct serve *s = cls;
    struct kx_server_options *o = &s->server;

    switch (row->kind) {
    case HEAD:
        serve_take_one_of(&s->wrong, VERB, row->name, text, o->heads, &o->head_count,
                          ARRAY_LEN(o->heads));
        break;
    case SELL:
        serve_take_one_of(&s->wrong, VERB, row->name, text, o->sells, &o->sell_count,
                          ARRAY_LEN(o->sells));
        break;
    case PRINCIPAL:
        serve_take_one_of(&s->wrong, VERB, row->name, text, o->principals, &o->principal_count,
                          ARRAY_LEN(o->principals));
        break;
    case RECOVER:
        s->recover = true;
        break;
    case CLAIM:
        s->claim = true;
        break;
    case TOP_UP:
        s->top_up = text;
        break;
    case SECRET:
        s->secret = text;
        break;
    case NOT_RUN:
        s->has_not_run = true;
        break;
    case SETTLED:
        s->settled = text;
        break;
    case NOT_SETTLED:
        s->has_not_settled = true;
        break;
    case STATUS:
        take_status(s, row, text);
        break;
    case BODY:
        s->body = text;
        break;
    case TYPE:
        s->result.headers[0] = (struct kx_field){ASSAY_LIT("content-type"), assay_str(text)};
        s->result.header_count = 1;
        break;
    }
}

/* ---- recovery -----------------------------------------------------------------------------------
 */

/* The lines, and why there are not more. */
static int tell(const struct assay_buf *out, enum assay_code code, const struct assay_err *err)
{
    int status = code == ASSAY_E_UNKNOWN ? EXIT_UNKNOWN : 0;

    if (out->len > 0 && (fwrite(out->at, 1, out->len, stdout) != out->len || fflush(stdout) != 0))
        status = cli_wrong(VERB, "the answer cannot be printed");
    if (code == ASSAY_E_UNKNOWN)
        fprintf(stderr, "assay " VERB ": %s\n", err->text);
    else if (code != ASSAY_OK)
        status = cli_wrong(VERB, "%s", err->text);
    return status;
}

static int run_recovery(struct serve *s, const struct kx_recovery_request *request)
{
    struct assay_buf out = ASSAY_BUF_INIT(RECOVERED_MAX_BYTES);
    struct assay_err err = {0};
    enum assay_code code = kx_server_recover(&s->server, request, &out, &err);
    bool unresolved = request->txid == NULL && !request->asks_all && out.len > 0;
    int status = tell(&out, code, &err);

    assay_buf_fini(&out);
    return status == 0 && unresolved ? EXIT_UNKNOWN : status;
}

/* The id in the form that the store has it; empty where the text is none. */
static void read_id(char out[X402_HASH_TEXT_BYTES], const char *text)
{
    uint8_t bytes[32];

    out[0] = '\0';
    if (assay_hex_decode(bytes, sizeof(bytes), assay_str(text), false) == ASSAY_OK)
        assay_hex_encode(out, assay_bytes_of(bytes, sizeof(bytes)));
}

/* 0, or the status of what cannot be meant: one thing at a time is said, of one payment. */
static int check_recovery(const struct serve *s, const struct kx_recovery_request *request)
{
    const bool said[] = {s->has_result, s->has_not_run, s->settled != NULL, s->has_not_settled};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(said); i++)
        count += said[i];
    if (!s->has_result && (s->body != NULL || s->result.header_count > 0))
        return cli_wrong(VERB, "--body and --content-type are of a result, which has a --status");
    if (count > 1)
        return cli_wrong(VERB, "--status, --not-run, --settled, --not-settled: say one of them");
    if (count == 1 && request->txid == NULL)
        return cli_wrong(VERB, "name the transaction that it is about: --recover TXID");
    return 0;
}

static int recover(struct serve *s, const char *txid)
{
    struct assay_buf body = ASSAY_BUF_INIT(KX_STORE_RESULT_MAX_BYTES);
    struct kx_recovery_request request = {
        .asks_all = txid != NULL && strcmp(txid, "all") == 0,
        .result = s->has_result ? &s->result : NULL,
        .has_not_run = s->has_not_run,
        .settled = s->settled,
        .has_not_settled = s->has_not_settled,
    };
    char id[X402_HASH_TEXT_BYTES];
    struct assay_err err = {0};
    int status;

    if (txid != NULL && !request.asks_all) {
        read_id(id, txid);
        request.txid = id;
        if (id[0] == '\0')
            return cli_wrong(
                VERB, "\"%.80s\" is no transaction id, which is 64 hex digits, nor all", txid);
    }
    if ((status = check_recovery(s, &request)) != 0)
        return status;
    if (s->body != NULL && assay_file_read(&body, s->body, &err) != ASSAY_OK) {
        status = cli_wrong(VERB, "--body: %s", err.text);
    } else {
        s->result.body = assay_buf_view(&body);
        status = run_recovery(s, &request);
    }
    assay_buf_fini(&body);
    return status;
}

/* ---- channels -------------------------------------------------------------------------------- */

static int run_operator(struct serve *s, struct kx_operate_request request, const char *channel)
{
    struct assay_buf out = ASSAY_BUF_INIT(RECOVERED_MAX_BYTES);
    char id[X402_HASH_TEXT_BYTES];
    struct assay_err err = {0};
    int status;

    if (channel != NULL) {
        read_id(id, channel);
        request.channel_id = id;
        if (id[0] == '\0')
            return cli_wrong(VERB, "\"%.80s\" is no channel id, which is 64 hex digits", channel);
    }
    status = tell(&out, kx_server_operate(&s->server, &request, &out, &err), &err);
    assay_buf_fini(&out);
    return status;
}

static int operate(struct serve *s, const char *channel)
{
    struct assay_buf text = ASSAY_BUF_INIT(X402_ARTIFACT_MAX_BYTES);
    struct kx_operate_request request = {.secret_variable = s->secret};
    struct assay_err err = {0};
    int status;

    if (s->secret == NULL)
        return cli_wrong(VERB, "--channel-secret names the variable with the key to sign with");
    if (s->top_up != NULL && channel == NULL)
        return cli_wrong(VERB, "--top-up: name the channel that it is of");
    if (s->top_up != NULL && assay_file_read(&text, s->top_up, &err) != ASSAY_OK) {
        status = cli_wrong(VERB, "--top-up: %s", err.text);
    } else {
        if (s->top_up != NULL)
            request.top_up = assay_buf_view(&text);
        status = run_operator(s, request, channel);
    }
    assay_buf_fini(&text);
    return status;
}

int serve_kaspa(int argc, char **argv)
{
    struct serve s = {.server = KX_SERVER_OPTIONS_DEFAULT};
    const struct serve_table table = {.verb = VERB,
                                      .rows = rows,
                                      .row_count = ARRAY_LEN(rows),
                                      .help = help,
                                      .options = &s.server,
                                      .own = take,
                                      .cls = &s,
                                      .wrong = &s.wrong};
    struct assay_err err = {0};
    char verb[] = VERB;
    bool operates;
    int status, words;

    argv[0] = verb;
    status = serve_table_take(&table, argc, argv);
    words = argc - optind; /* the profile, and of --recover a transaction, of others a channel */
    operates = s.claim || s.top_up != NULL;
    if (status >= 0)
        return status;
    s.server.is_piped = words == 2 && s.server.has_mcp && strcmp(argv[optind + 1], "stdio") == 0;
    if (words > (s.recover || operates || s.server.is_piped ? 2 : 1))
        return cli_wrong(VERB, "\"%.60s\" is one word too many", argv[argc - 1]);
    if (s.recover + s.claim + (s.top_up != NULL) > 1)
        return cli_wrong(VERB, "--recover, --claim and --top-up are commands of their own");
    if (s.recover)
        return recover(&s, words == 2 ? argv[optind + 1] : NULL);
    if (operates)
        return operate(&s, words == 2 ? argv[optind + 1] : NULL);
    if (s.secret != NULL)
        return cli_wrong(
            VERB,
            "--channel-secret goes with --claim or --top-up: serving channels needs no secret");
    if (s.has_result || s.has_not_run || s.settled != NULL || s.has_not_settled || s.body != NULL ||
        s.result.header_count > 0)
        return cli_wrong(VERB, "--status, --body, --content-type, --not-run, --settled and "
                               "--not-settled go with --recover");
    if (kx_server_run(&s.server, &err) != ASSAY_OK)
        return cli_wrong(VERB, "%s", err.text);
    return 0;
}
