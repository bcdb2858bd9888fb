/* Threat forged-proof: proofs that nobody paid for. Whatever is wrong with signature, text, type,
 * version or price: a refusal that is never 5xx, the handler does not run, and the honest proof of
 * the same offer still buys. */
#include "peer/paid-tools/peer.h"

#include "base/hex.h"

static const char *mac_over(struct assay_case *t, struct assay_bytes secret, const char *text)
{
    uint8_t mac[ASSAY_SHA256_BYTES];
    char *hex = case_alloc(t, PT_HASH_TEXT_BYTES);

    assay_hmac_sha256(mac, secret, assay_str(text));
    assay_hex_encode(hex, assay_bytes_of(mac, sizeof mac));
    return hex;
}

static struct assay_bytes own_secret(struct assay_case *t)
{
    return assay_str(target_secret(case_target(t), "mac"));
}

static const char *honest(struct assay_case *t, const struct pt_proof *paid)
{
    (void)t;
    return paid->signature;
}

static const char *random_digits(struct assay_case *t, const struct pt_proof *paid)
{
    uint8_t bytes[ASSAY_SHA256_BYTES];
    char *hex = case_alloc(t, PT_HASH_TEXT_BYTES);

    (void)paid;
    assay_random_bytes(case_random(t), bytes, sizeof bytes);
    assay_hex_encode(hex, assay_bytes_of(bytes, sizeof bytes));
    return hex;
}

static const char *empty(struct assay_case *t, const struct pt_proof *paid)
{
    (void)t;
    (void)paid;
    return "";
}

static const char *first_digit(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "%.1s", paid->signature);
}

static const char *one_short(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "%.63s", paid->signature);
}

static const char *one_more(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "%s0", paid->signature);
}

static const char *twice(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "%s%s", paid->signature, paid->signature);
}

static const char *last_digit_off(struct assay_case *t, const struct pt_proof *paid)
{
    char *text = case_printf(t, "%s", paid->signature);

    text[63] = text[63] == '0' ? '1' : '0';
    return text;
}

/* Most signatures have a letter; one without is the same in capitals and is honest. */
static const char *capitals(struct assay_case *t, const struct pt_proof *paid)
{
    char *text = case_printf(t, "%s", paid->signature);
    bool changed = false;

    for (char *at = text; *at != '\0'; at++) {
        changed = changed || (*at >= 'a' && *at <= 'f');
        *at = (char)(*at >= 'a' && *at <= 'f' ? *at - 'a' + 'A' : *at);
    }
    if (!changed)
        case_end(t, VERDICT_BROKEN, "the signature has no letter: try again");
    return text;
}

static const char *space_before(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, " %s", paid->signature);
}

static const char *line_end_behind(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "%s\n", paid->signature);
}

static const char *hex_prefix(struct assay_case *t, const struct pt_proof *paid)
{
    return case_printf(t, "0x%s", paid->signature);
}

static const char *without_bar(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, own_secret(t), case_printf(t, "%s%s", paid->nonce, paid->request_hash));
}

static const char *two_bars(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, own_secret(t), case_printf(t, "%s||%s", paid->nonce, paid->request_hash));
}

static const char *other_way_round(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, own_secret(t), case_printf(t, "%s|%s", paid->request_hash, paid->nonce));
}

static const char *nonce_alone(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, own_secret(t), paid->nonce);
}

static const char *plain_digest(struct assay_case *t, const struct pt_proof *paid)
{
    char *hex = case_alloc(t, PT_HASH_TEXT_BYTES);

    assay_sha256_hex(hex, assay_str(case_printf(t, "%s|%s", paid->nonce, paid->request_hash)));
    return hex;
}

static const char *empty_secret(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, ASSAY_LIT(""), case_printf(t, "%s|%s", paid->nonce, paid->request_hash));
}

static const char *default_secret(struct assay_case *t, const struct pt_proof *paid)
{
    return mac_over(t, ASSAY_LIT(PT_DEFAULT_SECRET),
                    case_printf(t, "%s|%s", paid->nonce, paid->request_hash));
}

struct forgery {
    const char *name;
    const char *(*sign)(struct assay_case *t, const struct pt_proof *paid);
    const char *behind_nonce; /* NULL: the nonce stays as it is */
};

static void expect_forgery_refused(struct assay_case *t)
{
    const struct forgery *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    struct pt_proof *forged = pt_copy(t, paid);
    const char *json;

    if (row->behind_nonce != NULL)
        memcpy(forged->nonce + strlen(paid->nonce), row->behind_nonce,
               strlen(row->behind_nonce) + 1);
    json = pt_json_with(t, forged, "signature", pt_quote(t, row->sign(t, paid)));
    expect_refused(
        t, pt_send(t, "forged", want, (struct pt_with){.proof = pt_encode(t, assay_str(json))}));
    expect_still_buys(t, want, (struct pt_with){.proof = pt_header(t, paid)});
}

static const struct forgery forgeries[] = {
    {"random digits", random_digits, NULL},
    {"empty", empty, NULL},
    {"its first digit alone", first_digit, NULL},
    {"a digit short", one_short, NULL},
    {"a digit more", one_more, NULL},
    {"twice in a row", twice, NULL},
    {"the last digit off", last_digit_off, NULL},
    {"in capitals", capitals, NULL},
    {"behind a space", space_before, NULL},
    {"before a line end", line_end_behind, NULL},
    {"behind 0x", hex_prefix, NULL},
    {"over nonce and hash without the bar", without_bar, NULL},
    {"over two bars", two_bars, NULL},
    {"over hash and nonce", other_way_round, NULL},
    {"over the nonce alone", nonce_alone, NULL},
    {"a plain digest", plain_digest, NULL},
    {"the bar moved into the nonce", honest, "|"},
};

SCENARIO(wrong_signature_is_refused,
         .title = "Only the exact MAC over nonce, bar and requestHash is a signature",
         .threat = "forged-proof", .rule = "SG-1", .ideas = "T7-01 T7-02 T7-05",
         .catches = DEFECTS("mac.unchecked", "mac.case_insensitive", "mac.prefix_compared",
                            "mac.separator_optional"),
         .needs = PT_SECRET, TABLE(forgeries))
{
    expect_forgery_refused(t);
}

static const struct forgery known_secrets[] = {
    {"the public default", default_secret, NULL},
    {"the empty secret", empty_secret, NULL},
};

SCENARIO(known_secret_signs_nothing,
         .title = "A signature under a secret that everybody knows is refused",
         .threat = "forged-proof", .rule = "SG-2", .ideas = "T7-03",
         .catches = DEFECTS("secret.default_accepted"), .needs = PT_SECRET, TABLE(known_secrets))
{
    expect_forgery_refused(t);
}

static void free_instance(void *instance)
{
    instance_free(instance);
}

static const struct weak_secret {
    const char *name, *secret;
} weak_secrets[] = {
    {"empty", ""},
    {"one character", "x"},
    {"31 characters", "0123456789abcdef0123456789abcde"},
    {"the public default", PT_DEFAULT_SECRET},
};

SCENARIO(weak_secret_does_not_start,
         .title = "A server does not start with a secret that is empty, short or public",
         .threat = "forged-proof", .rule = "SG-2", .ideas = "T7-03",
         .catches = DEFECTS("secret.short_starts"), .needs = NEED_LAUNCH, TABLE(weak_secrets))
{
    const struct weak_secret *row = case_row(t);
    struct assay_err err = {0};
    struct instance *started;

    if (case_target(t)->secret_env_count == 0)
        case_end(t, VERDICT_UNSUPPORTED,
                 "the target file does not say how a launched target gets its secret");
    started = case_try_instance(t, (struct instance_options){.secret_override = row->secret}, &err);
    if (started != NULL)
        case_defer(t, free_instance, started);
    else if (err.code != ASSAY_E_CRASHED && err.code != ASSAY_E_TIMEOUT)
        case_end(t, VERDICT_BROKEN, "the target could not be tried with another secret: %s",
                 err.text);
    expect(t, started == NULL, "it ends before it is ready, and says why", "%s",
           started == NULL ? err.text : "it started, and serves whoever can guess that secret");
}

static const struct member_text {
    const char *name, *member, *raw; /* raw NULL: left out */
} signature_types[] = {
    {"number", "signature", "5"},
    {"object", "signature", "{}"},
    {"array of byte values", "signature", "[1,2,3,4]"},
    {"array of text", "signature", "[\"00\"]"},
    {"null", "signature", "null"},
    {"true", "signature", "true"},
    {"left out", "signature", NULL},
    {"hash is a number", "requestHash", "5"},
    {"hash is null", "requestHash", "null"},
    {"hash left out", "requestHash", NULL},
    {"nonce is null", "nonce", "null"},
    {"nonce left out", "nonce", NULL},
    {"expiry is an object", "expiresAt", "{}"},
    {"expiry left out", "expiresAt", NULL},
};

static void expect_member_refused(struct assay_case *t)
{
    const struct member_text *row = case_row(t);
    struct peer_want want = peer_endpoint(t, "paid_get");
    const struct pt_proof *paid = given_payment(t, given_offer(t, want));
    const char *json = pt_json_with(t, paid, row->member, row->raw);

    expect_refused(
        t, pt_send(t, row->name, want, (struct pt_with){.proof = pt_encode(t, assay_str(json))}));
    expect_still_buys(t, want, (struct pt_with){.proof = pt_header(t, paid)});
}

SCENARIO(mistyped_member_is_refused,
         .title = "A signed member of another type, or none, is a refusal and no failure",
         .threat = "forged-proof", .rule = "PF-2", .ideas = "T7-04",
         .catches = DEFECTS("proof.type_error_crashes"), .needs = PT_SECRET, TABLE(signature_types))
{
    expect_member_refused(t);
}

static const struct member_text unsigned_types[] = {
    {"payer is a number", "payer", "5"},
    {"payer is an object", "payer", "{\"name\":\"x\"}"},
    {"payer is null", "payer", "null"},
    {"timestamp is a number", "timestamp", "1700000000000"},
    {"timestamp is an array", "timestamp", "[]"},
};

SCENARIO(mistyped_unsigned_member_is_refused,
         .title = "Members that nobody signed have their types as well", .threat = "forged-proof",
         .rule = "PF-1", .ideas = "T7-04", .catches = DEFECTS("proof.untyped_members"),
         .needs = PT_SECRET, TABLE(unsigned_types))
{
    expect_member_refused(t);
}

static const struct member_text versions[] = {
    {"0", "version", "0"},
    {"2", "version", "2"},
    {"99", "version", "99"},
    {"-1", "version", "-1"},
    {"the text 1", "version", "\"1\""},
    {"null", "version", "null"},
    {"left out", "version", NULL},
};

SCENARIO(other_version_is_refused, .title = "A proof of another version than 1 is refused",
         .threat = "forged-proof", .rule = "PF-3", .ideas = "T7-09",
         .catches = DEFECTS("proof.version_ignored"), .needs = PT_SECRET, TABLE(versions))
{
    expect_member_refused(t);
}
