/* Instructions whose operands go together, and rare ones; see kaspa_gen_program.h. */
#include "fuzz/kaspa_gen_program.h"

#include "kaspa/engine.h"

/* ---- moving items ---- */

enum move { DROP, COPY, RAISE };

/* COPY: `upper` of the top `depth` items; RAISE: the lowest `upper` of them. */
static const struct {
    uint8_t opcode;
    enum move move;
    size_t depth, upper;
} moves[] = {
    {KASPA_OP_2DROP, DROP, 2, 0},  {KASPA_OP_DROP, DROP, 1, 0},  {KASPA_OP_2DUP, COPY, 2, 2},
    {KASPA_OP_3DUP, COPY, 3, 3},   {KASPA_OP_DUP, COPY, 1, 1},   {KASPA_OP_2OVER, COPY, 4, 2},
    {KASPA_OP_OVER, COPY, 2, 1},   {KASPA_OP_2ROT, RAISE, 6, 2}, {KASPA_OP_ROT, RAISE, 3, 1},
    {KASPA_OP_2SWAP, RAISE, 4, 2}, {KASPA_OP_SWAP, RAISE, 2, 1},
};

static void raise_items(struct gen_program *p, size_t depth, size_t lowest)
{
    struct gen_item *from = p->stack + p->len - depth, raised[2];

    memcpy(raised, from, lowest * sizeof(*from));
    memmove(from, from + lowest, (depth - lowest) * sizeof(*from));
    memcpy(from + depth - lowest, raised, lowest * sizeof(*from));
}

static void copy_items(struct gen_program *p, size_t depth, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct gen_item item = p->stack[p->len - depth];

        gen_program_push(p, item.type, item.key);
    }
}

static void need_items(struct gen_program *p, size_t count)
{
    while (p->len < count)
        gen_program_fresh(p, 'x');
}

static void add_move(struct gen_program *p)
{
    size_t i = gen_below(p->g, ARRAY_LEN(moves));

    need_items(p, moves[i].depth);
    gen_program_op(p, moves[i].opcode);
    if (moves[i].move == DROP)
        gen_program_pop(p, moves[i].depth);
    else if (moves[i].move == COPY)
        copy_items(p, moves[i].depth, moves[i].upper);
    else
        raise_items(p, moves[i].depth, moves[i].upper);
}

/* NIP and TUCK: a swap, then one item less or more. */
static void add_nip_or_tuck(struct gen_program *p)
{
    bool is_nip = gen_chance(p->g, 50);

    need_items(p, 2);
    gen_program_op(p, is_nip ? KASPA_OP_NIP : KASPA_OP_TUCK);
    raise_items(p, 2, 1);
    if (is_nip)
        gen_program_pop(p, 1);
    else
        copy_items(p, 2, 1);
}

static void add_pick_or_roll(struct gen_program *p)
{
    size_t depth;

    need_items(p, 2);
    depth = gen_below(p->g, (uint32_t)p->len);
    if (gen_one_in(p->g, 25)) { /* one too deep */
        gen_program_add_number(p, (int64_t)p->len);
        gen_program_op(p, gen_chance(p->g, 50) ? KASPA_OP_PICK : KASPA_OP_ROLL);
    } else if (gen_chance(p->g, 50)) {
        gen_program_pick(p, depth);
    } else {
        gen_program_add_number(p, (int64_t)depth);
        gen_program_op(p, KASPA_OP_ROLL);
        raise_items(p, depth + 1, 1);
    }
}

static void add_alt(struct gen_program *p)
{
    if (p->alt_len > 0 ? gen_chance(p->g, 50) : gen_one_in(p->g, 25)) {
        gen_program_op(p, KASPA_OP_FROMALTSTACK);
        if (p->alt_len > 0) {
            p->alt_len--;
            gen_program_push(p, p->alt[p->alt_len].type, p->alt[p->alt_len].key);
        }
        return;
    }
    need_items(p, 1);
    gen_program_op(p, KASPA_OP_TOALTSTACK);
    if (p->alt_len < PROGRAM_ITEMS_MAX)
        p->alt[p->alt_len++] = p->stack[p->len - 1];
    gen_program_pop(p, 1);
}

static void add_ifdup(struct gen_program *p)
{
    bool is_true = gen_chance(p->g, 50);

    gen_program_op(p, is_true ? KASPA_OP_1 : KASPA_OP_0);
    gen_program_op(p, KASPA_OP_IFDUP);
    gen_program_push(p, 's', 0);
    if (is_true)
        gen_program_push(p, 's', 0);
}

/* ---- operands that fit each other ---- */

static void add_bitwise(struct gen_program *p)
{
    size_t len = gen_below(p->g, 20);

    gen_push(p->g, p->out, gen_bytes(p->g, len));
    gen_push(p->g, p->out, gen_bytes(p->g, gen_one_in(p->g, 15) ? len + 1 : len));
    gen_program_op(p, (uint8_t)(KASPA_OP_AND + gen_below(p->g, 3)));
    gen_program_push(p, 'b', 0);
}

static void add_equality(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_EQUALVERIFY, KASPA_OP_NUMEQUALVERIFY,
                                      KASPA_OP_EQUAL};
    size_t i = gen_below(p->g, ARRAY_LEN(opcodes));

    need_items(p, 1);
    if (opcodes[i] == KASPA_OP_NUMEQUALVERIFY)
        gen_program_need(p, "n");
    gen_program_op(p, KASPA_OP_DUP);
    if (gen_one_in(p->g, 20))
        gen_program_op(p, KASPA_OP_SIZE);
    gen_program_op(p, opcodes[i]);
    gen_program_pop(p, 1);
    if (opcodes[i] == KASPA_OP_EQUAL)
        gen_program_push(p, 's', 0);
}

static void add_part(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_SUBSTR, KASPA_OP_TXPAYLOADSUBSTR,
                                      KASPA_OP_TXINPUTSCRIPTSIGSUBSTR, KASPA_OP_TXINPUTSPKSUBSTR,
                                      KASPA_OP_TXOUTPUTSPKSUBSTR};
    uint8_t opcode = opcodes[gen_below(p->g, ARRAY_LEN(opcodes))];
    const struct gen_tx *t = p->t;
    size_t len = gen_below(p->g, 40);

    if (opcode == KASPA_OP_SUBSTR) {
        gen_push(p->g, p->out, gen_bytes(p->g, len));
    } else if (opcode == KASPA_OP_TXPAYLOADSUBSTR) {
        len = t->tx.payload.len;
    } else if (opcode == KASPA_OP_TXOUTPUTSPKSUBSTR) {
        gen_program_add_operand(p, 'o', NULL);
        len = t->tx.output_count > 0 ? 2 + t->outputs[0].spk.script.len : 0;
    } else {
        gen_program_add_operand(p, 'i', NULL);
        len = opcode == KASPA_OP_TXINPUTSPKSUBSTR ? 2 + t->utxos[0].spk.script.len
                                                  : t->inputs[0].signature_script.len;
    }
    gen_program_add_range(p, len);
    gen_program_op(p, opcode);
    gen_program_push(p, 'b', 0);
}

/* An entry of the lists that covenants have, or the one behind the last. */
static void add_covenant_entry(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_AUTHOUTPUTIDX, KASPA_OP_COVINPUTIDX,
                                      KASPA_OP_COVOUTPUTIDX};
    uint8_t opcode = opcodes[gen_below(p->g, ARRAY_LEN(opcodes))];
    const struct gen_tx *t = p->t;
    size_t input = gen_below(p->g, (uint32_t)t->tx.input_count), i = 0;

    while (i < t->tx.output_count &&
           (t->outputs[i].authorizing_input != input ||
            !kaspa_hash_equal(&t->outputs[i].covenant_id, &t->utxos[input].covenant_id)))
        i++;
    if ((i == t->tx.output_count || !t->outputs[i].has_covenant) && !gen_one_in(p->g, 10))
        return; /* the list would be empty */
    if (opcode == KASPA_OP_AUTHOUTPUTIDX)
        gen_program_add_number(p, (int64_t)input);
    else
        gen_push(p->g, p->out, assay_bytes_of(t->utxos[input].covenant_id.at, KASPA_HASH_BYTES));
    gen_program_add_number(p, gen_one_in(p->g, 6) ? 1 : gen_one_in(p->g, 50) ? -1 : 0);
    gen_program_op(p, opcode);
    gen_program_push(p, opcode == KASPA_OP_COVINPUTIDX ? 'i' : 'o', 0);
}

/* ---- signatures ---- */

/* The depth of a signature of that type, from the top or from below; SIZE_MAX: there is none. */
static size_t find_signature(const struct gen_program *p, char type, bool from_below)
{
    for (size_t i = 0; i < p->len; i++) {
        size_t depth = from_below ? p->len - 1 - i : i;

        if (p->stack[p->len - 1 - depth].type == type)
            return depth;
    }
    return SIZE_MAX;
}

static void push_key(struct gen_program *p, uint8_t whose, bool is_ecdsa)
{
    const struct assay_key *key = &p->g->keys[whose];

    gen_push(p->g, p->out,
             is_ecdsa ? assay_bytes_of(key->compressed, sizeof(key->compressed))
                      : assay_bytes_of(key->xonly, sizeof(key->xonly)));
}

static void add_checksig(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_CHECKSIG, KASPA_OP_CHECKSIGVERIFY,
                                      KASPA_OP_CHECKSIGECDSA};
    uint8_t opcode = opcodes[gen_below(p->g, ARRAY_LEN(opcodes))];
    bool is_ecdsa = opcode == KASPA_OP_CHECKSIGECDSA;
    size_t depth = find_signature(p, is_ecdsa ? 'G' : 'g', gen_chance(p->g, 50));

    if (depth != SIZE_MAX && gen_chance(p->g, 90)) {
        uint8_t whose = p->stack[p->len - 1 - depth].key;

        gen_program_pick(p, depth);
        gen_program_pop(p, 1);
        push_key(p, gen_one_in(p->g, 12) ? (uint8_t)gen_below(p->g, GEN_KEYS) : whose, is_ecdsa);
    } else {
        gen_program_add_operand(p, 'g', NULL);
        gen_program_add_operand(p, is_ecdsa ? 'K' : 'k', NULL);
    }
    gen_program_op(p, opcode);
    if (opcode != KASPA_OP_CHECKSIGVERIFY)
        gen_program_push(p, 's', 0);
}

static void add_checksig_from_stack(struct gen_program *p)
{
    bool is_ecdsa = gen_chance(p->g, 50);
    size_t whose = gen_below(p->g, GEN_KEYS);
    uint8_t message[ASSAY_SIG_MESSAGE_BYTES + 1], sig[ASSAY_SIG_BYTES] = {0};
    size_t message_len = ASSAY_SIG_MESSAGE_BYTES + (gen_one_in(p->g, 25) ? 1 : 0);

    gen_fill(p->g, message, sizeof(message));
    if (gen_chance(p->g, 85) &&
        (is_ecdsa ? assay_ecdsa_sign(sig, message, &p->g->keys[whose])
                  : assay_schnorr_sign(sig, message, &p->g->keys[whose], NULL)) != ASSAY_OK)
        return;
    if (gen_one_in(p->g, 10))
        sig[gen_below(p->g, sizeof(sig))] ^= 1;
    gen_push(p->g, p->out, assay_bytes_of(sig, gen_one_in(p->g, 30) ? 63 : sizeof(sig)));
    gen_push(p->g, p->out, assay_bytes_of(message, message_len));
    push_key(p, (uint8_t)whose, is_ecdsa != gen_one_in(p->g, 25));
    gen_program_op(p, is_ecdsa ? KASPA_OP_CHECKSIGFROMSTACKECDSA : KASPA_OP_CHECKSIGFROMSTACK);
    gen_program_push(p, 's', 0);
}

/* The signatures that are there, each with the key that it is by, and other keys among them. */
static void add_multisig(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_CHECKMULTISIG, KASPA_OP_CHECKMULTISIGVERIFY,
                                      KASPA_OP_CHECKMULTISIGECDSA};
    uint8_t opcode = opcodes[gen_below(p->g, ARRAY_LEN(opcodes))];
    bool is_ecdsa = opcode == KASPA_OP_CHECKMULTISIGECDSA;
    size_t there = p->len, sigs = 0, keys = 0;

    for (size_t i = 0; i < there; i++) {
        if (p->stack[i].type == (is_ecdsa ? 'G' : 'g') && gen_chance(p->g, 80)) {
            gen_program_pick(p, p->len - 1 - i);
            sigs++;
        }
    }
    if (sigs == 0 || gen_one_in(p->g, 15)) {
        gen_program_fresh(p, gen_chance(p->g, 70) ? 'g' : 'b');
        sigs++;
    }
    gen_program_add_number(p,
                           (int64_t)sigs + (gen_one_in(p->g, 15) ? 1 + 3 * gen_below(p->g, 2) : 0));
    for (uint8_t k = 0; k < GEN_KEYS; k++, keys++)
        push_key(p, gen_one_in(p->g, 20) ? 0 : k, is_ecdsa);
    for (; gen_one_in(p->g, 15) && keys < KASPA_MULTISIG_MAX_KEYS; keys++)
        gen_program_add_operand(p, is_ecdsa ? 'K' : 'k', NULL);
    if (gen_one_in(p->g, 20))
        gen_program_add_operand(p, 's', NULL);
    else
        gen_program_add_number(p,
                               gen_one_in(p->g, 25) ? KASPA_MULTISIG_MAX_KEYS + 1 : (int64_t)keys);
    gen_program_op(p, opcode);
    gen_program_pop(p, sigs);
    if (opcode != KASPA_OP_CHECKMULTISIGVERIFY)
        gen_program_push(p, 's', 0);
}

/* ---- what ends a script, and what fills the stack ---- */

static void add_end(struct gen_program *p)
{
    static const uint8_t opcodes[] = {KASPA_OP_RETURN,       KASPA_OP_VER,
                                      KASPA_OP_RESERVED,     KASPA_OP_RESERVED1,
                                      KASPA_OP_RESERVED2,    KASPA_OP_VERIF,
                                      KASPA_OP_VERNOTIF,     KASPA_OP_LEFT,
                                      KASPA_OP_RIGHT,        KASPA_OP_2MUL,
                                      KASPA_OP_2DIV,         KASPA_OP_LSHIFT,
                                      KASPA_OP_RSHIFT,       0xca,
                                      KASPA_OP_IF,           KASPA_OP_ELSE,
                                      KASPA_OP_ENDIF,        KASPA_OP_PUSHDATA2,
                                      KASPA_OP_CHECKMULTISIG};

    if (gen_chance(p->g, 70))
        gen_program_op(p, opcodes[gen_below(p->g, ARRAY_LEN(opcodes))]);
    else if (gen_chance(p->g, 70))
        gen_program_op(p, (uint8_t)(KASPA_OP_BLAKE3WITHKEY + 1 + gen_below(p->g, 37)));
    else if (gen_chance(p->g, 80))
        gen_garbage(p->g, p->out);
    else
        gen_program_op(p,
                       gen_chance(p->g, 50) ? KASPA_OP_ZKPRECOMPILE : KASPA_OP_CHAINBLOCKSEQCOMMIT);
}

/* As many items as there may be, or one more. */
static void add_flood(struct gen_program *p)
{
    size_t most = KASPA_STACK_MAX_ITEMS - 1 + gen_below(p->g, 3);

    while (p->len + p->alt_len < most) {
        gen_program_op(p, KASPA_OP_1);
        gen_program_push(p, 's', 0);
    }
}

/* One item doubled until it is as long as it may be, or more. */
static void add_giant_item(struct gen_program *p)
{
    enum { DOUBLINGS = 6 };

    kaspa_script_add_push(
        p->out, gen_bytes(p->g, (KASPA_ELEMENT_MAX_BYTES >> DOUBLINGS) - 1 + gen_below(p->g, 3)));
    for (int i = 0; i < DOUBLINGS; i++) {
        gen_program_op(p, KASPA_OP_DUP);
        gen_program_op(p, KASPA_OP_CAT);
    }
    gen_program_push(p, 'b', 0);
}

void gen_program_special(struct gen_program *p)
{
    static const struct {
        void (*add)(struct gen_program *p);
        uint8_t weight;
    } specials[] = {
        {add_move, 30},
        {add_nip_or_tuck, 6},
        {add_pick_or_roll, 8},
        {add_alt, 10},
        {add_ifdup, 4},
        {add_bitwise, 10},
        {add_equality, 14},
        {add_part, 24},
        {add_checksig, 16},
        {add_multisig, 8},
        {add_end, 3},
        {add_checksig_from_stack, 6},
        {add_covenant_entry, 20},
    };
    uint8_t weights[ARRAY_LEN(specials)];

    if (gen_one_in(p->g, 400)) {
        if (gen_one_in(p->g, 4))
            add_giant_item(p);
        else
            add_flood(p);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(specials); i++)
        weights[i] = specials[i].weight;
    specials[gen_weighted(p->g, weights, ARRAY_LEN(weights))].add(p);
}
