/* Launch manifests as JSON; see launch.h. */
#include "kaspa_x402/launch.h"

#include "kaspa_x402/exact_write.h"
#include "kaspa_x402/lineage_json_internal.h"

/* ---- reading ---- */

static enum assay_code read_format(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return kx_json_expect(r, token, KX_LAUNCH_FORMAT);
}

static enum assay_code read_derivation(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    (void)out;
    return kx_json_expect(r, token, KX_LAUNCH_DERIVATION);
}

/* Its canonical form, in the arena. */
static enum assay_code read_part(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    struct assay_buf text = ASSAY_BUF_INIT(KX_LAUNCH_MAX_BYTES);
    enum assay_code rc = assay_json_canonical(&text, r->doc, token, NULL);
    struct assay_bytes copy = assay_arena_copy(r->arena, assay_buf_view(&text));

    assay_buf_fini(&text);
    if (rc != ASSAY_OK)
        return kaspa_json_fail(r, rc, token, "has no canonical form within 65536 bytes");
    if (copy.at == NULL)
        return kaspa_json_fail_memory(r, token);
    *(struct assay_bytes *)out = copy;
    return ASSAY_OK;
}

/* A part that is an object of exactly these texts. */
static enum assay_code read_texts(struct kaspa_json_reader *r, uint32_t token,
                                  const char *const *names, size_t count, void *out)
{
    struct kaspa_json_member members[3];
    struct kaspa_json_shape shape = {members, count, 0};
    struct assay_bytes text = ASSAY_LIT("");
    enum assay_code rc;

    for (size_t i = 0; i < count; i++)
        members[i] =
            (struct kaspa_json_member){names[i], kaspa_json_text, 0, sizeof(text), 1U << i, false};
    rc = kx_json_whole(r, token, &shape, &text);
    return rc == ASSAY_OK ? read_part(r, token, out) : rc;
}

static enum assay_code read_bytecode(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"templateId", "compiledBaseSha256"};

    return read_texts(r, token, names, ARRAY_LEN(names), out);
}

static enum assay_code read_compiler(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"name", "checkedCommit", "command"};

    return read_texts(r, token, names, ARRAY_LEN(names), out);
}

static enum assay_code read_selectors(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"claim", "topUp", "refund"};

    return read_texts(r, token, names, ARRAY_LEN(names), out);
}

static enum assay_code read_source(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const char *const names[] = {"path", "sha256"};

    return read_texts(r, token, names, ARRAY_LEN(names), out);
}

static enum assay_code read_genesis(struct kaspa_json_reader *r, uint32_t token, void *out)
{
    static const struct kaspa_json_member members[] = {
        {"derivation", read_derivation, 0, sizeof(struct kx_launch), 1, false},
        {"covenantId", kaspa_json_hash, KASPA_JSON_AT(struct kx_launch, covenant_id), 2, false},
        {"authorizingInput", kaspa_json_u32, KASPA_JSON_AT(struct kx_launch, authorizing_input), 4,
         false},
        {"transactionId", kaspa_json_hash, KASPA_JSON_AT(struct kx_launch, txid), 8, false},
        {"outpoint", kx_json_outpoint, KASPA_JSON_AT(struct kx_launch, outpoint), 16, false},
        {"scriptPublicKey", kaspa_json_spk, KASPA_JSON_AT(struct kx_launch, spk), 32, false},
        {"value", kx_json_amount, KASPA_JSON_AT(struct kx_launch, value), 64, false},
        {"claimedCumulativeAmount", kx_json_amount, KASPA_JSON_AT(struct kx_launch, claimed), 128,
         false},
        {"acceptance", kx_json_acceptance, KASPA_JSON_AT(struct kx_launch, acceptance), 256, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);

    return kx_json_whole(r, token, &shape, out);
}

#define PART(part) KASPA_JSON_AT(struct kx_launch, parts[part])

enum kx_lineage_rule kx_launch_read(struct kx_launch *out, struct assay_arena *arena,
                                    const struct assay_json *doc, uint32_t token,
                                    struct assay_err *err)
{
    static const struct kaspa_json_member members[] = {
        {"format", read_format, 0, sizeof(struct kx_launch), 1, false},
        {"network", kaspa_json_text, KASPA_JSON_AT(struct kx_launch, network), 2, false},
        {"compiler", read_compiler, PART(KX_LAUNCH_COMPILER), 4, false},
        {"source", read_source, PART(KX_LAUNCH_SOURCE), 8, false},
        {"bytecode", read_bytecode, PART(KX_LAUNCH_BYTECODE), 16, false},
        {"constructorSlots", read_part, PART(KX_LAUNCH_SLOTS), 32, false},
        {"abi", read_part, PART(KX_LAUNCH_ABI), 64, false},
        {"selectors", read_selectors, PART(KX_LAUNCH_SELECTORS), 128, false},
        {"identitySha256", kx_json_bytes32, KASPA_JSON_AT(struct kx_launch, identity), 256, false},
        {"genesis", read_genesis, 0, sizeof(struct kx_launch), 512, false},
    };
    static const struct kaspa_json_shape shape = KASPA_JSON_SHAPE(members, 0);
    struct kaspa_json_reader r = kx_json_reader(doc, arena, err);

    *out = (struct kx_launch){.value = 0};
    return kx_json_whole(&r, token, &shape, out) == ASSAY_OK ? KX_LINEAGE_OK
                                                             : KX_LINEAGE_LAUNCH_FORM;
}

/* ---- writing ---- */

static void write_part(struct assay_buf *out, const char *name, const struct kx_launch *launch,
                       enum kx_launch_part part)
{
    kx_write_name(out, name);
    assay_buf_add(out, launch->parts[part]);
}

static void write_genesis(struct assay_buf *out, const struct kx_launch *launch)
{
    kx_write_name(out, "genesis");
    assay_buf_add_byte(out, '{');
    kx_write_acceptance(out, "acceptance", &launch->acceptance);
    kx_write_number(out, "authorizingInput", launch->authorizing_input);
    kx_write_decimal(out, "claimedCumulativeAmount", launch->claimed);
    kx_write_hash32(out, "covenantId", &launch->covenant_id);
    kx_write_str(out, "derivation", KX_LAUNCH_DERIVATION);
    kx_write_outpoint(out, "outpoint", &launch->outpoint);
    kx_write_spk(out, "scriptPublicKey", &launch->spk);
    kx_write_hash32(out, "transactionId", &launch->txid);
    kx_write_decimal(out, "value", launch->value);
    assay_buf_add_byte(out, '}');
}

void kx_launch_write(struct assay_buf *out, const struct kx_launch *launch)
{
    assay_buf_add_byte(out, '{');
    write_part(out, "abi", launch, KX_LAUNCH_ABI);
    write_part(out, "bytecode", launch, KX_LAUNCH_BYTECODE);
    write_part(out, "compiler", launch, KX_LAUNCH_COMPILER);
    write_part(out, "constructorSlots", launch, KX_LAUNCH_SLOTS);
    kx_write_str(out, "format", KX_LAUNCH_FORMAT);
    write_genesis(out, launch);
    kx_write_hex(out, "identitySha256", assay_bytes_of(launch->identity, 32));
    kx_write_text(out, "network", launch->network);
    write_part(out, "selectors", launch, KX_LAUNCH_SELECTORS);
    write_part(out, "source", launch, KX_LAUNCH_SOURCE);
    assay_buf_add_byte(out, '}');
}
