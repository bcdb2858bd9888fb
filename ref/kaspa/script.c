/* Opcodes by name, instructions, standard scripts, pushes, P2SH; see script.h. The text form is in
 * script_text.c. */
#include "kaspa/script.h"

#include "base/hash.h"
#include "base/planted.h"
#include "kaspa/number.h"

#include <assert.h>
#include <stdlib.h>

/* Above any name, without underscores. */
#define NAME_ROOM_BYTES 32

#define UNKNOWN(byte, name) [byte] = #name

static const char *const opcode_names[] = {
#define X(constant, byte, name) [byte] = (name),
#include "kaspa/opcodes.def"
#undef X
    UNKNOWN(0xCA, UNKNOWN_CA), UNKNOWN(0xDB, UNKNOWN_DB), UNKNOWN(0xDC, UNKNOWN_DC),
    UNKNOWN(0xDD, UNKNOWN_DD), UNKNOWN(0xDE, UNKNOWN_DE), UNKNOWN(0xDF, UNKNOWN_DF),
    UNKNOWN(0xE0, UNKNOWN_E0), UNKNOWN(0xE1, UNKNOWN_E1), UNKNOWN(0xE2, UNKNOWN_E2),
    UNKNOWN(0xE3, UNKNOWN_E3), UNKNOWN(0xE4, UNKNOWN_E4), UNKNOWN(0xE5, UNKNOWN_E5),
    UNKNOWN(0xE6, UNKNOWN_E6), UNKNOWN(0xE7, UNKNOWN_E7), UNKNOWN(0xE8, UNKNOWN_E8),
    UNKNOWN(0xE9, UNKNOWN_E9), UNKNOWN(0xEA, UNKNOWN_EA), UNKNOWN(0xEB, UNKNOWN_EB),
    UNKNOWN(0xEC, UNKNOWN_EC), UNKNOWN(0xED, UNKNOWN_ED), UNKNOWN(0xEE, UNKNOWN_EE),
    UNKNOWN(0xEF, UNKNOWN_EF), UNKNOWN(0xF0, UNKNOWN_F0), UNKNOWN(0xF1, UNKNOWN_F1),
    UNKNOWN(0xF2, UNKNOWN_F2), UNKNOWN(0xF3, UNKNOWN_F3), UNKNOWN(0xF4, UNKNOWN_F4),
    UNKNOWN(0xF5, UNKNOWN_F5), UNKNOWN(0xF6, UNKNOWN_F6), UNKNOWN(0xF7, UNKNOWN_F7),
    UNKNOWN(0xF8, UNKNOWN_F8), UNKNOWN(0xF9, UNKNOWN_F9), UNKNOWN(0xFA, UNKNOWN_FA),
    UNKNOWN(0xFB, UNKNOWN_FB), UNKNOWN(0xFC, UNKNOWN_FC), UNKNOWN(0xFD, UNKNOWN_FD),
    UNKNOWN(0xFE, UNKNOWN_FE), UNKNOWN(0xFF, UNKNOWN_FF),
};

static_assert(ARRAY_LEN(opcode_names) == UINT8_MAX + 1, "one name a byte");

const char *kaspa_opcode_name(uint8_t opcode)
{
    return opcode_names[opcode];
}

static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* A word as names are written, but without underscores: TX_INPUT_SEQ and TxInputSeq are one. False:
 * no name is like it. */
static bool make_plain(char plain[NAME_ROOM_BYTES], struct assay_bytes word)
{
    size_t len = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] == '_')
            continue;
        if (len == NAME_ROOM_BYTES - 1 || word.at[i] == '\0')
            return false;
        plain[len++] = (char)upper(word.at[i]);
    }
    plain[len] = '\0';
    return len > 0;
}

/* As strcmp, of a name without its underscores. */
static int compare_plain(const char *plain, const char *name)
{
    for (;; plain++, name++) {
        while (*name == '_')
            name++;
        if (*plain != *name || *plain == '\0')
            return (uint8_t)*plain - (uint8_t)*name;
    }
}

/* The opcodes in the order of their names without underscores, for bsearch: covenants are assembled
 * word by word. */
static const uint8_t by_name[] = {
    0x4f, 0x00, 0x92, 0x51, 0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x8b, 0x8c, 0x52, 0x8e, 0x6d,
    0x6e, 0x8d, 0x70, 0x71, 0x72, 0x53, 0x6f, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x90, 0x93, 0x84,
    0xcb, 0xcc, 0xce, 0xaa, 0xa7, 0xd9, 0xda, 0x9a, 0x9b, 0x7e, 0xd4, 0xb0, 0xae, 0xa9, 0xaf, 0xb1,
    0xac, 0xab, 0xd7, 0xd8, 0xad, 0xd0, 0xd1, 0xd2, 0xd3, 0x01, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x02, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x03,
    0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x04, 0x28, 0x29, 0x2a, 0x2b, 0x2c,
    0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x05, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b,
    0x06, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x07, 0x46, 0x47, 0x48, 0x49,
    0x4a, 0x4b, 0x08, 0x09, 0x74, 0x96, 0x75, 0x76, 0x67, 0x68, 0x87, 0x88, 0x6c, 0xa0, 0xa2, 0x63,
    0x73, 0xcf, 0x83, 0x80, 0x9f, 0xa1, 0x98, 0xa4, 0xa3, 0x97, 0x95, 0x8f, 0x77, 0x61, 0x91, 0x64,
    0xcd, 0x9c, 0x9d, 0x9e, 0x85, 0xbb, 0xba, 0xd6, 0xd5, 0x78, 0x79, 0x4c, 0x4d, 0x4e, 0x50, 0x89,
    0x8a, 0x6a, 0x81, 0x7a, 0x7b, 0x99, 0xa8, 0x82, 0x94, 0x7f, 0x7c, 0x6b, 0x7d, 0xb7, 0xbe, 0xb3,
    0xc0, 0xb9, 0xc1, 0xc9, 0xbc, 0xbd, 0xbf, 0xc5, 0xc6, 0xb5, 0xc2, 0xb4, 0xc3, 0xc7, 0xc8, 0xc4,
    0xb8, 0xb6, 0xb2, 0xca, 0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6,
    0xe7, 0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6,
    0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, 0x62, 0x65, 0x69, 0x66, 0xa5, 0x86, 0xa6,
};

static_assert(ARRAY_LEN(by_name) == ARRAY_LEN(opcode_names), "each opcode is found by its name");

static int compare_with(const void *plain, const void *opcode)
{
    const uint8_t *at = opcode;

    return compare_plain(plain, opcode_names[*at]);
}

int kaspa_opcode_find(struct assay_bytes name)
{
    static const struct {
        const char *name;
        enum kaspa_opcode opcode;
    } also[] = {{"FALSE", KASPA_OP_0}, {"TRUE", KASPA_OP_1}, {"1NEGATE", KASPA_OP_1NEGATE}};
    char plain[NAME_ROOM_BYTES];
    const uint8_t *found;

    if (assay_bytes_equal_nocase(assay_bytes_part(name, 0, 2), ASSAY_LIT("OP")))
        name = assay_bytes_part(name, 2, name.len);
    if (!make_plain(plain, name))
        return -1;
    for (size_t i = 0; i < ARRAY_LEN(also); i++) {
        if (strcmp(plain, also[i].name) == 0)
            return (int)also[i].opcode;
    }
    found = bsearch(plain, by_name, ARRAY_LEN(by_name), sizeof(by_name[0]), compare_with);
    return found != NULL ? *found : -1;
}

bool kaspa_opcode_is_push(uint8_t opcode)
{
    return opcode <= KASPA_OP_16;
}

/* How many bytes behind the opcode say how long its data is. */
static size_t length_bytes(uint8_t opcode)
{
    switch (opcode) {
    case KASPA_OP_PUSHDATA1:
        return 1;
    case KASPA_OP_PUSHDATA2:
        return 2;
    case KASPA_OP_PUSHDATA4:
        return 4;
    default:
        return 0;
    }
}

enum kaspa_script_error kaspa_instruction_decode(struct kaspa_instruction *out,
                                                 struct assay_bytes script, size_t at)
{
    uint8_t opcode = script.at[at];
    size_t prefix = length_bytes(opcode);
    size_t left = script.len - at - 1; /* behind the opcode */
    size_t len = opcode <= KASPA_OP_DATA75 ? opcode : 0;

    if (prefix > left)
        return KASPA_SCRIPT_MALFORMED_PUSH_SIZE;
    for (size_t i = 0; i < prefix; i++)
        len |= (size_t)script.at[at + 1 + i] << (8 * i);
    if (len > left - prefix + PLANTED(script_push_length))
        return KASPA_SCRIPT_MALFORMED_PUSH;
    *out = (struct kaspa_instruction){
        .at = at,
        .opcode = opcode,
        .data = {script.at + at + 1 + prefix, len},
        .next = at + 1 + prefix + len,
    };
    return KASPA_SCRIPT_OK;
}

/* The standard scripts: `head`, the payload, `tail`. Digest, section 3. */
struct shape {
    const char *name;
    size_t head_len;
    uint8_t head[2];
    uint8_t payload_len;
    uint8_t tail;
};

static const struct shape shapes[] = {
    [KASPA_CLASS_NONSTANDARD] = {"nonstandard", 0, {0}, 0, 0},
    [KASPA_CLASS_PUBKEY] = {"pubkey", 1, {KASPA_OP_DATA32}, 32, KASPA_OP_CHECKSIG},
    [KASPA_CLASS_PUBKEY_ECDSA] = {"pubkeyecdsa", 1, {KASPA_OP_DATA33}, 33, KASPA_OP_CHECKSIGECDSA},
    [KASPA_CLASS_SCRIPT_HASH] =
        {"scripthash", 2, {KASPA_OP_BLAKE2B, KASPA_OP_DATA32}, 32, KASPA_OP_EQUAL},
};

static bool has_shape(struct assay_bytes script, const struct shape *shape)
{
    return script.len == shape->head_len + shape->payload_len + 1 &&
           memcmp(script.at, shape->head, shape->head_len) == 0 &&
           script.at[script.len - 1] == shape->tail;
}

enum kaspa_class kaspa_spk_class(const struct kaspa_spk *spk)
{
    if (spk->version > 0)
        return KASPA_CLASS_NONSTANDARD;
    if (has_shape(spk->script, &shapes[KASPA_CLASS_PUBKEY]))
        return KASPA_CLASS_PUBKEY;
    if (has_shape(spk->script, &shapes[KASPA_CLASS_PUBKEY_ECDSA]))
        return KASPA_CLASS_PUBKEY_ECDSA;
    if (has_shape(spk->script, &shapes[KASPA_CLASS_SCRIPT_HASH]))
        return KASPA_CLASS_SCRIPT_HASH;
    return KASPA_CLASS_NONSTANDARD;
}

const char *kaspa_class_name(enum kaspa_class class)
{
    return shapes[class].name;
}

struct assay_bytes kaspa_spk_payload(const struct kaspa_spk *spk)
{
    const struct shape *shape = &shapes[kaspa_spk_class(spk)];

    return assay_bytes_part(spk->script, shape->head_len,
                            shape->head_len + (size_t)shape->payload_len);
}

bool kaspa_spk_equal(const struct kaspa_spk *a, const struct kaspa_spk *b)
{
    return a->version == b->version && assay_bytes_equal(a->script, b->script);
}

bool kaspa_spk_is_unspendable(const struct kaspa_spk *spk)
{
    struct kaspa_instruction i;

    if (spk->version > 0) /* anyone's to spend, whatever it says */
        return false;
    if (spk->script.len > KASPA_SCRIPT_MAX_BYTES)
        return true;
    for (size_t at = 0; at < spk->script.len; at = i.next) {
        if (kaspa_instruction_decode(&i, spk->script, at) != KASPA_SCRIPT_OK ||
            (at == 0 && i.opcode == KASPA_OP_RETURN))
            return true;
    }
    return false;
}

void kaspa_script_add_standard(struct assay_buf *out, enum kaspa_class class,
                               const uint8_t *payload)
{
    const struct shape *shape = &shapes[class];

    assert(class != KASPA_CLASS_NONSTANDARD);
    assay_buf_add(out, assay_bytes_of(shape->head, shape->head_len));
    assay_buf_add(out, assay_bytes_of(payload, shape->payload_len));
    assay_buf_add_byte(out, shape->tail);
}

void kaspa_script_add_pay_to_pubkey(struct assay_buf *out, const uint8_t *xonly)
{
    kaspa_script_add_standard(out, KASPA_CLASS_PUBKEY, xonly);
}

void kaspa_script_add_pay_to_pubkey_ecdsa(struct assay_buf *out, const uint8_t *compressed)
{
    kaspa_script_add_standard(out, KASPA_CLASS_PUBKEY_ECDSA, compressed);
}

void kaspa_script_add_pay_to_script_hash(struct assay_buf *out, struct assay_bytes redeem)
{
    uint8_t hash[KASPA_HASH_BYTES];

    assay_blake2b(hash, sizeof(hash), ASSAY_LIT(""), redeem);
    kaspa_script_add_standard(out, KASPA_CLASS_SCRIPT_HASH, hash);
}

/* The opcode that pushes this one byte by itself, or 0: of -1 (0x81) and 1..16. */
static uint8_t opcode_of_byte(uint8_t byte)
{
    if (byte == 0x81)
        return KASPA_OP_1NEGATE;
    return byte >= 1 && byte <= 16 ? (uint8_t)(KASPA_OP_1 - 1 + byte) : 0;
}

/* The opcode that pushes so many bytes with the fewest in front of them. */
static uint8_t opcode_of_length(size_t len)
{
    if (len <= KASPA_OP_DATA75)
        return (uint8_t)len;
    if (len <= UINT8_MAX)
        return KASPA_OP_PUSHDATA1;
    return len <= UINT16_MAX ? KASPA_OP_PUSHDATA2 : KASPA_OP_PUSHDATA4;
}

void kaspa_script_add_push(struct assay_buf *out, struct assay_bytes bytes)
{
    uint8_t opcode = opcode_of_length(bytes.len);

    if (bytes.len == 1 && opcode_of_byte(bytes.at[0]) != 0) {
        assay_buf_add_byte(out, opcode_of_byte(bytes.at[0]));
        return;
    }
    if (bytes.len > KASPA_ELEMENT_MAX_BYTES) {
        if (assay_buf_ok(out))
            out->bad = ASSAY_E_TOO_LARGE;
        return;
    }
    assay_buf_add_byte(out, opcode);
    for (size_t i = 0; i < length_bytes(opcode); i++)
        assay_buf_add_byte(out, (uint8_t)(bytes.len >> (8 * i)));
    assay_buf_add(out, bytes);
}

void kaspa_script_add_number(struct assay_buf *out, int64_t number)
{
    static const uint8_t lowest[] = {0, 0, 0, 0, 0, 0, 0, 0x80, 0x80}; /* -2^63 */
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES];
    size_t len;

    if (kaspa_number_encode(bytes, &len, number) == KASPA_SCRIPT_OK)
        kaspa_script_add_push(out, assay_bytes_of(bytes, len));
    else
        kaspa_script_add_push(out, assay_bytes_of(lowest, sizeof(lowest)));
}

void kaspa_script_add_opcode(struct assay_buf *out, uint8_t opcode)
{
    assay_buf_add_byte(out, opcode);
}

void kaspa_spk_add_bytes(struct assay_buf *out, const struct kaspa_spk *spk)
{
    assay_buf_add_byte(out, (uint8_t)(spk->version >> 8));
    assay_buf_add_byte(out, (uint8_t)spk->version);
    assay_buf_add(out, spk->script);
}

enum assay_code kaspa_spk_parse(struct kaspa_spk *out, struct assay_bytes bytes)
{
    if (bytes.len < 2)
        return ASSAY_E_MALFORMED;
    out->version = (uint16_t)(bytes.at[0] << 8 | bytes.at[1]);
    out->script = assay_bytes_part(bytes, 2, bytes.len);
    return ASSAY_OK;
}

/* What an instruction pushes; false: it is no push, or the reserved one. */
static bool pushed_bytes(struct assay_bytes *out, const struct kaspa_instruction *i)
{
    static const uint8_t minus_one = 0x81;
    static const uint8_t small[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

    if (!kaspa_opcode_is_push(i->opcode) || i->opcode == KASPA_OP_RESERVED)
        return false;
    *out = i->data;
    if (i->opcode == KASPA_OP_1NEGATE)
        *out = assay_bytes_of(&minus_one, 1);
    if (i->opcode >= KASPA_OP_1)
        *out = assay_bytes_of(&small[i->opcode - KASPA_OP_1], 1);
    return true;
}

bool kaspa_script_last_push(struct assay_bytes *out, struct assay_bytes signature_script)
{
    struct kaspa_instruction i = {.opcode = KASPA_OP_NOP};

    for (size_t at = 0; at < signature_script.len; at = i.next) {
        if (kaspa_instruction_decode(&i, signature_script, at) != KASPA_SCRIPT_OK)
            return false;
    }
    return pushed_bytes(out, &i);
}

/* How many keys a multisig behind this instruction is counted with: the constant that it pushes,
 * else the most that there can be. Digest, section 5. */
static unsigned multisig_keys(const struct kaspa_instruction *before)
{
    struct assay_bytes bytes;
    int64_t number;

    if (!pushed_bytes(&bytes, before) || kaspa_number_decode(&number, bytes) != KASPA_SCRIPT_OK ||
        number < 1 || number > KASPA_MULTISIG_MAX_KEYS)
        return KASPA_MULTISIG_MAX_KEYS;
    return (unsigned)number;
}

static unsigned sig_ops(const struct kaspa_instruction *before, uint8_t opcode)
{
    switch (opcode) {
    case KASPA_OP_CHECKSIG:
    case KASPA_OP_CHECKSIGVERIFY:
    case KASPA_OP_CHECKSIGECDSA:
    case KASPA_OP_CHECKSIGFROMSTACK:
    case KASPA_OP_CHECKSIGFROMSTACKECDSA:
        return 1;
    case KASPA_OP_CHECKMULTISIG:
    case KASPA_OP_CHECKMULTISIGVERIFY:
    case KASPA_OP_CHECKMULTISIGECDSA:
        return multisig_keys(before);
    default:
        return 0;
    }
}

uint64_t kaspa_p2sh_sig_ops(struct assay_bytes signature_script, const struct kaspa_spk *spk)
{
    struct kaspa_instruction before = {.opcode = KASPA_OP_NOP}, i;
    struct assay_bytes redeem;
    uint64_t count = 0;

    /* The node looks at the script alone: of a later version too, which relay refuses elsewhere. */
    if (!has_shape(spk->script, &shapes[KASPA_CLASS_SCRIPT_HASH]) ||
        !kaspa_script_last_push(&redeem, signature_script))
        return 0;
    for (size_t at = 0; at < redeem.len; at = i.next) {
        if (kaspa_instruction_decode(&i, redeem, at) != KASPA_SCRIPT_OK)
            return 0;
        count += sig_ops(&before, i.opcode);
        before = i;
    }
    return count;
}
