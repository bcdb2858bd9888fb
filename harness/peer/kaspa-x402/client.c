/* Policies and runs of a paying client. */
#include "peer/kaspa-x402/peer_internal.h"

enum {
    REQUEST_MS = 5000, /* for answers that come at once, on a busy machine */
    WALLET_MS = 5000,
    RETRY_MS = 20, /* the longest that it may wait for a server */
    CONFIRMATIONS = 5,
    POLICY_MAX_BYTES = 16384,
};

/* ---- the policy ---- */

static const char *or_else(const char *text, const char *other)
{
    return text != NULL ? text : other;
}

static void write_policy(struct assay_buf *out, struct kxp_policy p, const struct kaspa_shop *shop)
{
    assay_buf_printf(out, "{\"allowedOrigins\": [\"%s\"],\n \"allowedPayTo\": [\"%s\"",
                     or_else(p.origin, kaspa_shop_origin(shop)),
                     or_else(p.pay_to, kaspa_shop_pay_to(shop)));
    if (p.also_pay_to != NULL)
        assay_buf_printf(out, ", \"%s\"", p.also_pay_to);
    assay_buf_add_str(out, "],\n \"maximumExactAmountSompi\": \"");
    assay_buf_add_u64(out, p.amount != 0 ? p.amount : KASPA_SHOP_PRICE);
    assay_buf_printf(
        out,
        "\",\n \"requiredSource\": \"%s\",\n \"confirmations\": %d,\n"
        " \"requestTimeoutMilliseconds\": %u,\n \"walletTimeoutMilliseconds\": %u,\n"
        " \"maximumRetryAfterMilliseconds\": %u%s%s}\n",
        or_else(p.source, "hot-wallet"), CONFIRMATIONS,
        p.request_ms != 0 ? p.request_ms : REQUEST_MS, p.wallet_ms != 0 ? p.wallet_ms : WALLET_MS,
        p.retry_ms != 0 ? p.retry_ms : RETRY_MS, p.more != NULL ? ",\n " : "", or_else(p.more, ""));
}

const char *kxp_given_policy(struct assay_case *t, struct kxp_policy policy)
{
    const char *folder = instance_workdir(case_instance(t));
    struct assay_buf text = ASSAY_BUF_INIT(POLICY_MAX_BYTES);
    struct assay_err err = {0};
    const char *path;

    if (folder == NULL)
        case_end(t, VERDICT_BROKEN, "the client has no folder for its policy");
    path = case_printf(t, "%s/policy.json", folder);
    write_policy(&text, policy, kxp_shop(t));
    if (!assay_buf_ok(&text) || assay_file_write(path, peer_keep(t, &text), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the policy cannot be written: %s", err.text);
    return path;
}

/* ---- runs ---- */

/* What stands behind the authority. */
static const char *target_of(const char *url)
{
    const char *host = strstr(url, "://"), *path = host != NULL ? strchr(host + 3, '/') : NULL;

    return path != NULL ? path : "/";
}

static bool prints_goods(struct assay_case *t, const struct kxp_run *run)
{
    struct assay_buf goods = ASSAY_BUF_INIT(1 << 16);
    struct assay_bytes out = client_run_stdout(run->run), wanted;

    kaspa_shop_goods(&goods, run->target);
    wanted = peer_keep(t, &goods);
    return memmem(out.at, out.len, wanted.at, wanted.len) != NULL;
}

struct kxp_run *kxp_client_starts(struct assay_case *t, struct kxp_buys buys)
{
    const char *url = buys.url != NULL ? buys.url : kxp_shop_url(t, KXP_GOODS);
    const struct target_pair values[] = {
        {"URL", url}, {"POLICY", kxp_given_policy(t, buys.policy)}, {NULL, NULL}};
    const struct client_run_options options = {.values = values, .supervise = buys.supervised};
    struct kxp_run *run = case_alloc(t, sizeof(*run));

    *run = (struct kxp_run){.label = or_else(buys.label, "buy"),
                            .target = case_printf(t, "%s", target_of(url)),
                            .before = kxp_counts(t)};
    run->run = case_start_client(t, &options);
    return run;
}

const struct kxp_run *kxp_client_ends(struct assay_case *t, struct kxp_run *run)
{
    run->has_ended = client_run_await(run->run, case_patience_ms(t));
    if (!run->has_ended)
        client_run_kill(run->run);
    run->has_bought = run->has_ended && client_run_end(run->run).status == 0;
    run->has_goods = prints_goods(t, run);
    case_saw_run(t, run->run, run->label);
    return run;
}

const struct kxp_run *kxp_client_runs(struct assay_case *t, struct kxp_buys buys)
{
    return kxp_client_ends(t, kxp_client_starts(t, buys));
}

const struct kxp_run *kxp_client_buys(struct assay_case *t)
{
    return kxp_client_runs(t, (struct kxp_buys){.url = NULL});
}

const struct kxp_run *kxp_client_buys_at(struct assay_case *t, const char *target)
{
    return kxp_client_runs(t, (struct kxp_buys){.url = kxp_shop_url(t, target)});
}

void kxp_client_probe(struct assay_case *t)
{
    (kxp_expect_bought)(t, kxp_client_runs(t, (struct kxp_buys){.url = kxp_shop_url(t, "/probe"),
                                                                .label = "an honest purchase"}));
}
