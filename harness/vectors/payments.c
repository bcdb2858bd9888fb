/* What payments of both schemes are made of; see cases.h. Source: Kaspa x402 exact digest, sections
 * 4 and 12. */
#include "vectors/cases.h"

#include "base/hash.h"
#include "x402/payment_identifier.h"

#include <stdlib.h>

#define EXTENSION_MAX_BYTES 4096

json_t *vectors_member(const json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);

    return value != NULL ? value : json_null();
}

const char *vectors_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

json_t *vectors_loaded(const struct assay_buf *text)
{
    struct assay_bytes view = assay_buf_view(text);

    return json_loadb((const char *)view.at, view.len, 0, NULL);
}

void vectors_hash(char *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    assay_sha256_hex(out, assay_str(text));
    free(text);
}

json_t *vectors_signature(struct vectors *v, const uint8_t digest[32], const char *signer)
{
    uint8_t signature[ASSAY_SIG_BYTES] = {0};
    struct assay_key key;

    vectors_key(&key, signer);
    if (assay_schnorr_sign(signature, digest, &key, NULL) != ASSAY_OK)
        assay_fail(v->err, ASSAY_E_RANGE, 0, "nothing can be signed by %s", signer);
    return kaspa_out_hex(assay_bytes_of(signature, sizeof(signature)));
}

json_t *vectors_identifier_extension(void)
{
    struct assay_buf text = ASSAY_BUF_INIT(EXTENSION_MAX_BYTES);
    json_t *extension;

    x402_identifier_write(&text, true, ASSAY_LIT(""));
    extension = vectors_loaded(&text);
    assay_buf_fini(&text);
    return extension;
}
