/* Scripts at the limits of a million: exactly there, or one beyond; see kaspa_gen_internal.h. */
#include "fuzz/kaspa_gen_internal.h"

#include "kaspa/engine.h"

#define GIANT_MAX_BYTES ((size_t)KASPA_SCRIPT_MAX_BYTES + 16)
#define PUSH_HEADER_BYTES 5

static void add_filling(struct assay_buf *out, uint8_t byte, size_t len)
{
    uint8_t *at = assay_buf_extend(out, len);

    if (at != NULL)
        memset(at, byte, len);
}

/* A push that ends a script of `total` bytes, its length in four bytes. */
static void add_push_up_to(struct assay_buf *out, size_t total)
{
    size_t len = total - out->len - PUSH_HEADER_BYTES;

    assay_buf_add_byte(out, KASPA_OP_PUSHDATA4);
    for (size_t i = 0; i < PUSH_HEADER_BYTES - 1; i++)
        assay_buf_add_byte(out, (uint8_t)(len >> (8 * i)));
    add_filling(out, 0xa5, len);
}

enum { TRIPLES = 6, MULTISIG_OPERATIONS = TRIPLES + 1 + KASPA_MULTISIG_MAX_KEYS };

/* Of no signatures; its keys count as operations too. */
static void add_multisig(struct assay_buf *out)
{
    add_filling(out, KASPA_OP_0, 3);
    add_filling(out, KASPA_OP_3DUP, TRIPLES);
    kaspa_script_add_number(out, KASPA_MULTISIG_MAX_KEYS);
    kaspa_script_add_opcode(out, KASPA_OP_CHECKMULTISIG);
}

static void add_operations(struct assay_buf *out, size_t beyond)
{
    add_multisig(out);
    add_filling(out, KASPA_OP_NOP, KASPA_OPERATIONS_MAX - MULTISIG_OPERATIONS + beyond);
}

static void add_operations_before(struct assay_buf *out, size_t beyond)
{
    add_filling(out, KASPA_OP_NOP, KASPA_OPERATIONS_MAX - MULTISIG_OPERATIONS + beyond);
    add_multisig(out);
}

static void add_long_script(struct assay_buf *out, size_t beyond)
{
    kaspa_script_add_opcode(out, KASPA_OP_1);
    kaspa_script_add_opcode(out, KASPA_OP_NOP);
    add_push_up_to(out, KASPA_SCRIPT_MAX_BYTES - 1 + beyond);
    kaspa_script_add_opcode(out, KASPA_OP_DROP);
}

/* What is doubled is a 64th of the most that an item may be, or a byte more. */
static void add_long_item(struct assay_buf *out, size_t beyond)
{
    static const uint8_t end[] = {KASPA_OP_BLAKE2B, KASPA_OP_SIZE, KASPA_OP_NIP};
    enum { DOUBLINGS = 6 };

    add_push_up_to(out, (KASPA_ELEMENT_MAX_BYTES >> DOUBLINGS) + beyond + PUSH_HEADER_BYTES);
    for (int i = 0; i < DOUBLINGS; i++) {
        kaspa_script_add_opcode(out, KASPA_OP_DUP);
        kaspa_script_add_opcode(out, KASPA_OP_CAT);
    }
    assay_buf_add(out, assay_bytes_of(end, sizeof(end)));
}

static void add_drop(struct assay_buf *out, size_t beyond)
{
    (void)beyond;
    kaspa_script_add_opcode(out, KASPA_OP_DROP);
    kaspa_script_add_opcode(out, KASPA_OP_1);
}

void gen_giant_spend(struct kaspa_gen *g, struct gen_tx *t, uint64_t which)
{
    static const struct {
        void (*add)(struct assay_buf *out, size_t beyond);
    } locks[] = {
        {add_operations}, {add_operations_before}, {add_long_script}, {add_long_item}, {add_drop}};
    struct assay_buf script = gen_buf(g, GIANT_MAX_BYTES), unlock = gen_buf(g, GIANT_MAX_BYTES);
    size_t lock = which % ARRAY_LEN(locks), beyond = which / ARRAY_LEN(locks) % 2;

    locks[lock].add(&script, beyond);
    if (locks[lock].add == add_drop)
        add_push_up_to(&unlock, KASPA_SCRIPT_MAX_BYTES + beyond);
    t->utxos[t->input].spk = (struct kaspa_spk){.script = assay_buf_view(&script)};
    t->inputs[t->input].signature_script = assay_buf_view(&unlock);
    t->has_units = true;
    t->units = KASPA_UNITS_UNLIMITED;
}
