/* Words of the tables: texts that stand for what is made of a key; see cases.h. */
#include "vectors/cases.h"

json_t *vectors_out_spk(struct assay_bytes script)
{
    const struct kaspa_spk spk = {.script = script};

    return kaspa_out_spk(&spk);
}

json_t *vectors_out_address(struct assay_bytes script, enum kaspa_network network)
{
    const struct kaspa_spk spk = {.script = script};
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES] = "";
    struct kaspa_address address;

    if (kaspa_address_of_script(&address, &spk, network))
        kaspa_address_encode(text, &address);
    return json_string(text);
}

static bool begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* What a word stands for, or NULL where the text is none. */
static json_t *of_key(const char *text)
{
    const char *name = strchr(text, ':');
    uint8_t room[KASPA_SPK_MAX_STANDARD_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    struct assay_key key;

    if (text[0] != '@' || name == NULL)
        return NULL;
    vectors_key(&key, name + 1);
    if (begins_with(text, "@key:"))
        return kaspa_out_hex(assay_bytes_of(key.xonly, sizeof(key.xonly)));
    if (begins_with(text, "@ecdsa:"))
        kaspa_script_add_pay_to_pubkey_ecdsa(&script, key.compressed);
    else
        kaspa_script_add_pay_to_pubkey(&script, key.xonly);
    if (begins_with(text, "@address:"))
        return vectors_out_address(assay_buf_view(&script), KASPA_TESTNET);
    if (begins_with(text, "@mainnet:"))
        return vectors_out_address(assay_buf_view(&script), KASPA_MAINNET);
    return vectors_out_spk(assay_buf_view(&script));
}

static json_t *word(const json_t *value, vectors_word *more, void *context)
{
    const char *text = json_string_value(value);
    json_t *stands = text != NULL && more != NULL ? more(text, context) : NULL;

    return stands != NULL || text == NULL ? stands : of_key(text);
}

/* As deep as the tables are. */
void vectors_put_words(json_t *value, vectors_word *more, void *context)
{
    json_t *one, *stands;
    const char *name;
    size_t i;

    json_object_foreach (value, name, one) {
        if ((stands = word(one, more, context)) != NULL)
            (void)json_object_set_new(value, name, stands);
        else
            vectors_put_words(one, more, context);
    }
    json_array_foreach (value, i, one)
        vectors_put_words(one, more, context);
}
