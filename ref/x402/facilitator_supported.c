/* What a facilitator says that it can do, and what a server may publish of it; see facilitator.h.
 */
#include "x402/facilitator.h"

#include "base/planted.h"
#include "defects/defects.h"
#include "x402/envelope_internal.h"

#define X(name, text, bit) {text, bit},
static const struct {
    const char *text;
    unsigned bit;
} modes[] = {X402_MODES(X)};
#undef X

/* ---- reading ---- */

static bool is_list_of_texts(const struct assay_json *doc, uint32_t array)
{
    if (assay_json_type(doc, array) != ASSAY_JSON_ARRAY)
        return false;
    for (uint32_t at = assay_json_first(doc, array); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(doc, array, at))
        if (assay_json_type(doc, at) != ASSAY_JSON_STRING)
            return false;
    return true;
}

static bool is_signers(const struct assay_json *doc, uint32_t object)
{
    if (assay_json_type(doc, object) != ASSAY_JSON_OBJECT)
        return false;
    for (uint32_t name = assay_json_first(doc, object); name != ASSAY_JSON_NONE;
         name = assay_json_next_sibling(doc, object, name))
        if (!is_list_of_texts(doc, name + 1))
            return false;
    return true;
}

/* Of one word; 0: of none that is known. */
static unsigned mode_of(const struct assay_json *doc, uint32_t token)
{
    for (size_t i = 0; i < ARRAY_LEN(modes); i++)
        if (assay_json_string_is(doc, token, modes[i].text))
            return modes[i].bit;
    return 0;
}

static void read_modes(struct x402_kind *kind)
{
    uint32_t array = assay_json_member(kind->doc, kind->extra, "modes");
    unsigned found = 0;

    kind->modes_state = X402_MODES_WRONG;
    kind->modes = 0;
    if (array == ASSAY_JSON_NONE) {
        kind->modes_state = X402_MODES_PLAIN;
        kind->modes = X402_MODE_VERIFY | X402_MODE_SETTLE;
        return;
    }
    if (assay_json_type(kind->doc, array) != ASSAY_JSON_ARRAY)
        return;
    for (uint32_t at = assay_json_first(kind->doc, array); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(kind->doc, array, at)) {
        unsigned mode = mode_of(kind->doc, at);

        if (mode == 0)
            return;
        found |= mode;
    }
    kind->modes_state = X402_MODES_KNOWN;
    kind->modes = found;
}

static enum x402_fault read_kind(const struct x402_reader *r, struct x402_kind *out, uint32_t token)
{
    const struct x402_text_member texts[] = {
        {"scheme", X402_REQUIRED, &out->scheme},
        {"network", X402_REQUIRED, &out->network},
    };
    enum x402_fault fault;

    *out = (struct x402_kind){.doc = r->doc};
    if (assay_json_type(r->doc, token) != ASSAY_JSON_OBJECT ||
        !x402_integer(&out->version, r->doc, token, "x402Version"))
        return x402_wrong(r, X402_FAULT_SHAPE, token, "a kind");
    if ((fault = x402_read_texts(r, token, texts, ARRAY_LEN(texts), X402_FAULT_SHAPE)) !=
            X402_FAULT_NONE ||
        (fault = x402_read_object(r, &out->extra, token, "extra", X402_OPTIONAL,
                                  X402_FAULT_SHAPE)) != X402_FAULT_NONE)
        return fault;
    read_modes(out);
    return X402_FAULT_NONE;
}

/* One of another shape is left out: a later version may have kinds that this one does not know. */
static enum x402_fault read_kinds(const struct x402_reader *r, struct x402_supported *out,
                                  uint32_t array)
{
    size_t count = r->doc->tokens[array].count;
    struct x402_kind *kinds = assay_arena_alloc(r->arena, count * sizeof(*kinds));

    if (kinds == NULL) {
        (void)assay_fail(r->err, ASSAY_E_NOMEM, r->doc->tokens[array].start,
                         "x402: no memory for %zu kinds", count);
        return X402_FAULT_SHAPE;
    }
    for (uint32_t at = assay_json_first(r->doc, array); at != ASSAY_JSON_NONE;
         at = assay_json_next_sibling(r->doc, array, at)) {
        struct assay_err why = {0};
        const struct x402_reader inner = {r->doc, r->arena, &why, r->root};

        if (read_kind(&inner, &kinds[out->kind_count], at) == X402_FAULT_NONE) {
            out->kind_count++;
        } else if (why.code != ASSAY_E_NOMEM) {
            out->left_out++;
        } else {
            (void)assay_fail(r->err, why.code, why.at, "%s", why.text);
            return X402_FAULT_SHAPE;
        }
    }
    out->kinds = kinds;
    return X402_FAULT_NONE;
}

static enum x402_fault check_kinds(const struct x402_reader *r, uint32_t array)
{
    if (assay_json_type(r->doc, array) != ASSAY_JSON_ARRAY)
        return x402_wrong(r, X402_FAULT_SHAPE, array, "kinds");
    if (r->doc->tokens[array].count <= X402_KINDS_MAX_ITEMS)
        return X402_FAULT_NONE;
    (void)assay_fail(r->err, ASSAY_E_TOO_LARGE, r->doc->tokens[array].start,
                     "x402: kinds has more than %d items", X402_KINDS_MAX_ITEMS);
    return X402_FAULT_SHAPE;
}

enum x402_fault x402_supported_read(struct x402_supported *out, struct assay_arena *arena,
                                    const struct assay_json *doc, struct assay_err *err)
{
    const struct x402_reader r = {doc, arena, err, 0};
    struct x402_supported supported = {
        .doc = doc,
        .extensions = assay_json_member(doc, 0, "extensions"),
        .signers = assay_json_member(doc, 0, "signers"),
    };
    uint32_t kinds = assay_json_member(doc, 0, "kinds");
    enum x402_fault fault;

    if (assay_json_type(doc, 0) != ASSAY_JSON_OBJECT)
        return x402_wrong(&r, X402_FAULT_SHAPE, 0, "the answer");
    if ((fault = check_kinds(&r, kinds)) != X402_FAULT_NONE)
        return fault;
    if (!is_list_of_texts(doc, supported.extensions))
        return x402_wrong(&r, X402_FAULT_SHAPE, supported.extensions, "extensions");
    if (!is_signers(doc, supported.signers))
        return x402_wrong(&r, X402_FAULT_SHAPE, supported.signers, "signers");
    if ((fault = read_kinds(&r, &supported, kinds)) != X402_FAULT_NONE)
        return fault;
    *out = supported;
    return X402_FAULT_NONE;
}

/* ---- the intersection ---- */

static bool is_same_kind(const struct x402_kind *a, const struct x402_kind *b)
{
    return a->version == b->version && assay_bytes_equal(a->scheme, b->scheme) &&
           (PLANTED(kind_network)
                ? assay_bytes_equal(assay_bytes_part(a->network, 0, b->network.len), b->network)
                : assay_bytes_equal(a->network, b->network));
}

/* The modes in which a facilitator does this kind, in however many entries it says so. WRONG ones
 * have none. */
static unsigned listed_modes(bool *has_said, const struct x402_kind *kind,
                             const struct x402_kind *listed, size_t count)
{
    unsigned found = 0;

    *has_said = false;
    for (size_t i = 0; i < count; i++) {
        if (!is_same_kind(kind, &listed[i]))
            continue;
        found |= REF_DEFECT(fac_modes) ? X402_MODE_VERIFY | X402_MODE_SETTLE : listed[i].modes;
        *has_said = *has_said || listed[i].modes_state == X402_MODES_KNOWN;
    }
    return found;
}

size_t x402_kinds_publish(struct x402_kind *published, const struct x402_kind *own,
                          size_t own_count, const struct x402_kind *listed, size_t listed_count,
                          bool has_settler)
{
    size_t count = 0;

    for (size_t i = 0; i < own_count; i++) {
        bool is_batch = assay_bytes_is(own[i].scheme, X402_SCHEME_BATCH), has_said;
        unsigned both = own[i].modes & listed_modes(&has_said, &own[i], listed, listed_count);

        if (!is_batch || !has_settler)
            both &= X402_MODE_VERIFY | X402_MODE_SETTLE;
        if (both == 0)
            continue;
        published[count] = own[i];
        published[count].modes = both;
        if (has_said)
            published[count].modes_state = X402_MODES_KNOWN;
        count++;
    }
    return count;
}

/* ---- writing ---- */

static void add_comma(struct assay_buf *out)
{
    uint8_t last = out->len > 0 ? out->at[out->len - 1] : '{';

    if (last != '{' && last != '[')
        assay_buf_add_byte(out, ',');
}

static void add_modes(struct assay_buf *out, unsigned of)
{
    add_comma(out);
    assay_buf_add_str(out, "\"modes\":[");
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if ((of & modes[i].bit) == 0)
            continue;
        add_comma(out);
        assay_json_add_string(out, assay_str(modes[i].text));
    }
    assay_buf_add_byte(out, ']');
}

static void add_extra(struct assay_buf *out, const struct x402_kind *kind)
{
    bool has_modes = kind->modes_state == X402_MODES_KNOWN;
    uint32_t extra = kind->doc != NULL ? kind->extra : ASSAY_JSON_NONE;

    if (extra == ASSAY_JSON_NONE && !has_modes)
        return;
    assay_buf_add_str(out, ",\"extra\":{");
    for (uint32_t name = extra == ASSAY_JSON_NONE ? extra : assay_json_first(kind->doc, extra);
         name != ASSAY_JSON_NONE; name = assay_json_next_sibling(kind->doc, extra, name)) {
        if (has_modes && assay_json_string_is(kind->doc, name, "modes"))
            continue;
        add_comma(out);
        assay_buf_add(out, assay_json_raw(kind->doc, name));
        assay_buf_add_byte(out, ':');
        assay_buf_add(out, assay_json_raw(kind->doc, name + 1));
    }
    if (has_modes)
        add_modes(out, kind->modes);
    assay_buf_add_byte(out, '}');
}

static void add_kind(struct assay_buf *out, const struct x402_kind *kind)
{
    add_comma(out);
    assay_buf_add_str(out, "{\"x402Version\":");
    assay_buf_add_u64(out, kind->version);
    assay_buf_add_str(out, ",\"scheme\":");
    assay_json_add_string(out, kind->scheme);
    assay_buf_add_str(out, ",\"network\":");
    assay_json_add_string(out, kind->network);
    add_extra(out, kind);
    assay_buf_add_byte(out, '}');
}

void x402_supported_write(struct assay_buf *out, const struct x402_kind *kinds, size_t count,
                          struct assay_bytes extensions, struct assay_bytes signers)
{
    assay_buf_add_str(out, "{\"kinds\":[");
    for (size_t i = 0; i < count; i++)
        add_kind(out, &kinds[i]);
    assay_buf_add_str(out, "],\"extensions\":");
    assay_buf_add(out, extensions.len > 0 ? extensions : ASSAY_LIT("[]"));
    assay_buf_add_str(out, ",\"signers\":");
    assay_buf_add(out, signers.len > 0 ? signers : ASSAY_LIT("{}"));
    assay_buf_add_byte(out, '}');
}
