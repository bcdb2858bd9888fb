/* For hooks: members by path, texts, keys; see peer.h. */
#include "peer/kaspa-x402/peer_internal.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/time.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 64, IDENTIFIER_RANDOM_BYTES = 16 };

json_t *kxp_owned(struct assay_case *t, json_t *value)
{
    if (value == NULL || json_array_append_new(kxp_roles_of(t)->trees, value) != 0)
        case_end(t, VERDICT_BROKEN, "out of memory for the JSON of a payment");
    return value;
}

static json_t *step(json_t *at, const char *name, size_t len)
{
    char text[NAME_MAX_BYTES];

    if (len >= sizeof(text))
        return NULL;
    memcpy(text, name, len);
    text[len] = '\0';
    return json_is_array(at) ? json_array_get(at, (size_t)strtoul(text, NULL, 10))
                             : json_object_get(at, text);
}

/* The object that holds the last name of the path, and that name. */
static json_t *holder(json_t *object, const char **path)
{
    const char *dot;

    while (object != NULL && (dot = strchr(*path, '.')) != NULL) {
        object = step(object, *path, (size_t)(dot - *path));
        *path = dot + 1;
    }
    return object;
}

json_t *kxp_get(json_t *object, const char *path)
{
    json_t *in = holder(object, &path);

    return step(in, path, strlen(path));
}

void kxp_set(json_t *object, const char *path, json_t *value)
{
    json_t *in = holder(object, &path);

    if (value == NULL)
        (void)json_object_del(in, path);
    else if (json_is_array(in))
        (void)json_array_set_new(in, (size_t)strtoul(path, NULL, 10), value);
    else
        (void)json_object_set_new(in, path, value);
}

void kxp_set_text(json_t *object, const char *path, const char *text)
{
    kxp_set(object, path, json_string(text));
}

const char *kxp_json_text(struct assay_case *t, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = text != NULL ? case_printf(t, "%s", text) : NULL;

    free(text);
    if (kept == NULL)
        case_end(t, VERDICT_BROKEN, "out of memory for the JSON of a payment");
    return kept;
}

const char *kxp_encode(struct assay_case *t, struct assay_bytes text)
{
    struct assay_buf out = ASSAY_BUF_INIT(2 * text.len + 16);

    assay_base64_encode(&out, ASSAY_BASE64_STD, text);
    return (const char *)peer_keep(t, &out).at;
}

const char *kxp_hex(struct assay_case *t, struct assay_bytes bytes)
{
    char *text = case_alloc(t, 2 * bytes.len + 1);

    assay_hex_encode(text, bytes);
    return text;
}

const char *kxp_identifier(struct assay_case *t)
{
    uint8_t bytes[IDENTIFIER_RANDOM_BYTES];
    char hex[2 * sizeof(bytes) + 1];

    /* Not from the case's seed: what must never have been used may not repeat when the run does. */
    if (assay_random_system(bytes, sizeof(bytes)) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the system gives no random bytes");
    assay_hex_encode(hex, assay_bytes_of(bytes, sizeof(bytes)));
    return case_printf(t, "assay-%s", hex);
}

const char *kxp_time_text(struct assay_case *t, int64_t ms)
{
    char *text = case_alloc(t, ASSAY_TIME_TEXT_BYTES);

    assay_time_text(text, ms);
    return text;
}

struct assay_key kxp_stranger(struct assay_case *t)
{
    struct assay_key key;

    (void)t;
    kaspa_key_from_seed(&key, ASSAY_LIT("assay kaspa-x402"), ASSAY_LIT("stranger"));
    return key;
}

struct kaspa_spk kxp_spk_of(struct assay_case *t, const struct assay_key *key)
{
    uint8_t room[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);

    kaspa_script_add_pay_to_pubkey(&script, key->xonly);
    return (struct kaspa_spk){.script = case_copy(t, assay_buf_view(&script))};
}
