/* Programs: instructions with the operands that they take, in branches that run and branches that
 * do not; and what spends such a script. See kaspa_gen_program.h. */
#include "fuzz/kaspa_gen_program.h"

#define PROGRAM_MAX_BYTES ((size_t)1 << 18) /**< the longest item that is pushed is 16 KiB */

/* ---- the model ---- */

void gen_program_op(struct gen_program *p, uint8_t opcode)
{
    assay_buf_add_byte(p->out, opcode);
}

void gen_program_push(struct gen_program *p, char type, uint8_t key)
{
    if (p->len < PROGRAM_ITEMS_MAX)
        p->stack[p->len++] = (struct gen_item){type, key};
}

void gen_program_pop(struct gen_program *p, size_t count)
{
    p->len -= count < p->len ? count : p->len;
}

void gen_program_fresh(struct gen_program *p, char type)
{
    struct gen_item item;

    gen_program_add_operand(p, type, &item);
    gen_program_push(p, item.type, item.key);
}

void gen_program_pick(struct gen_program *p, size_t depth)
{
    struct gen_item item = p->stack[p->len - 1 - depth];

    gen_program_add_number(p, (int64_t)depth);
    gen_program_op(p, KASPA_OP_PICK);
    gen_program_push(p, item.type, item.key);
    p->wanted |= 1u << item.key;
}

/* Whether what is there can stand for what is asked for. */
static bool fits(char there, char wanted)
{
    if (there == wanted || wanted == 'x' || wanted == 'b')
        return true;
    if (wanted == 'n')
        return there == 's' || there == 'i' || there == 'o' || there == 't' || there == 'z';
    return wanted == 'h' && there == 'c';
}

void gen_program_need(struct gen_program *p, const char *types)
{
    size_t count = strlen(types);
    bool are_there = p->len >= count && gen_chance(p->g, 70);

    for (size_t i = 0; i < count && are_there; i++)
        are_there = fits(p->stack[p->len - count + i].type, types[i]);
    for (size_t i = 0; i < count && !are_there; i++)
        gen_program_fresh(p, types[i]);
}

/* ---- instructions ---- */

/* Those whose operands do not depend on each other: what they take, the last one from the top, and
 * what they leave. */
static const struct {
    uint8_t opcode;
    const char *in, *out;
} shapes[] = {
    {KASPA_OP_NOP, "", ""},
    {KASPA_OP_VERIFY, "t", ""},
    {KASPA_OP_DEPTH, "", "n"},
    {KASPA_OP_CAT, "bb", "b"},
    {KASPA_OP_SIZE, "b", "bn"},
    {KASPA_OP_INVERT, "b", "b"},
    {KASPA_OP_EQUAL, "bb", "n"},
    {KASPA_OP_1ADD, "n", "n"},
    {KASPA_OP_1SUB, "n", "n"},
    {KASPA_OP_NEGATE, "n", "n"},
    {KASPA_OP_ABS, "n", "n"},
    {KASPA_OP_NOT, "n", "n"},
    {KASPA_OP_0NOTEQUAL, "n", "n"},
    {KASPA_OP_ADD, "nn", "n"},
    {KASPA_OP_SUB, "nn", "n"},
    {KASPA_OP_MUL, "nn", "n"},
    {KASPA_OP_DIV, "nn", "n"},
    {KASPA_OP_MOD, "nn", "n"},
    {KASPA_OP_BOOLAND, "nn", "n"},
    {KASPA_OP_BOOLOR, "nn", "n"},
    {KASPA_OP_NUMEQUAL, "nn", "n"},
    {KASPA_OP_NUMNOTEQUAL, "nn", "n"},
    {KASPA_OP_LESSTHAN, "nn", "n"},
    {KASPA_OP_GREATERTHAN, "nn", "n"},
    {KASPA_OP_LESSTHANOREQUAL, "nn", "n"},
    {KASPA_OP_GREATERTHANOREQUAL, "nn", "n"},
    {KASPA_OP_MIN, "nn", "n"},
    {KASPA_OP_MAX, "nn", "n"},
    {KASPA_OP_WITHIN, "nnn", "n"},
    {KASPA_OP_BLAKE2BWITHKEY, "by", "h"},
    {KASPA_OP_SHA256, "b", "h"},
    {KASPA_OP_BLAKE2B, "b", "h"},
    {KASPA_OP_BLAKE3, "b", "h"},
    {KASPA_OP_BLAKE3WITHKEY, "bh", "h"},
    {KASPA_OP_CHECKLOCKTIMEVERIFY, "l", ""},
    {KASPA_OP_CHECKSEQUENCEVERIFY, "q", ""},
    {KASPA_OP_TXVERSION, "", "n"},
    {KASPA_OP_TXINPUTCOUNT, "", "n"},
    {KASPA_OP_TXOUTPUTCOUNT, "", "n"},
    {KASPA_OP_TXLOCKTIME, "", "n"},
    {KASPA_OP_TXSUBNETID, "", "b"},
    {KASPA_OP_TXGAS, "", "n"},
    {KASPA_OP_TXPAYLOADLEN, "", "n"},
    {KASPA_OP_TXINPUTINDEX, "", "i"},
    {KASPA_OP_OUTPOINTTXID, "i", "h"},
    {KASPA_OP_OUTPOINTINDEX, "i", "n"},
    {KASPA_OP_TXINPUTSEQ, "i", "b"},
    {KASPA_OP_TXINPUTAMOUNT, "i", "n"},
    {KASPA_OP_TXINPUTSPK, "i", "b"},
    {KASPA_OP_TXINPUTDAASCORE, "i", "n"},
    {KASPA_OP_TXINPUTISCOINBASE, "i", "n"},
    {KASPA_OP_TXINPUTSPKLEN, "i", "n"},
    {KASPA_OP_TXINPUTSCRIPTSIGLEN, "i", "n"},
    {KASPA_OP_TXOUTPUTAMOUNT, "o", "n"},
    {KASPA_OP_TXOUTPUTSPK, "o", "b"},
    {KASPA_OP_TXOUTPUTSPKLEN, "o", "n"},
    {KASPA_OP_AUTHOUTPUTCOUNT, "i", "s"},
    {KASPA_OP_NUM2BIN, "nz", "b"},
    {KASPA_OP_BIN2NUM, "n", "n"},
    {KASPA_OP_INPUTCOVENANTID, "i", "c"},
    {KASPA_OP_COVINPUTCOUNT, "c", "s"},
    {KASPA_OP_COVOUTPUTCOUNT, "c", "s"},
    {KASPA_OP_OUTPUTCOVENANTID, "o", "c"},
    {KASPA_OP_OUTPUTAUTHORIZINGINPUT, "o", "i"},
};

static void add_shape(struct gen_program *p)
{
    size_t i = gen_below(p->g, ARRAY_LEN(shapes));

    if (p->t->tx.output_count == 0 && shapes[i].in[0] == 'o' && !gen_one_in(p->g, 10))
        return; /* it would end here */
    gen_program_need(p, shapes[i].in);
    gen_program_op(p, shapes[i].opcode);
    gen_program_pop(p, strlen(shapes[i].in));
    for (const char *type = shapes[i].out; *type != '\0'; type++)
        gen_program_push(p, *type, 0);
}

/* The condition is known, so that the model follows the branch that runs. */
static void add_conditional(struct gen_program *p)
{
    bool is_live = gen_chance(p->g, 60), is_not = gen_one_in(p->g, 3);
    const struct assay_bytes falses[] = {ASSAY_LIT(""), ASSAY_LIT("\x80"), ASSAY_LIT("\x00\x00")};

    if (is_live != is_not)
        gen_program_add_operand(p, 't', NULL);
    else
        gen_push(p->g, p->out, falses[gen_chance(p->g, 70) ? 0 : gen_below(p->g, 3)]);
    gen_program_op(p, is_not ? KASPA_OP_NOTIF : KASPA_OP_IF);
    p->nesting++;
    for (uint32_t branches = 1 + gen_below(p->g, 3); branches > 0; branches--) {
        if (is_live)
            gen_program_run(p, 3);
        else
            gen_garbage(p->g, p->out);
        if (branches > 1) {
            gen_program_op(p, KASPA_OP_ELSE);
            is_live = !is_live;
        }
    }
    p->nesting--;
    if (!gen_one_in(p->g, 60))
        gen_program_op(p, KASPA_OP_ENDIF);
}

/* The depth of branches within branches is bounded, and so is the recursion. */
void gen_program_run(struct gen_program *p, uint32_t most)
{
    for (uint32_t count = 1 + gen_below(p->g, most); count > 0; count--) {
        uint32_t at = gen_below(p->g, 100);

        if (at < 65)
            add_shape(p);
        else if (at < 92 || p->nesting == PROGRAM_NESTING_MAX)
            gen_program_special(p);
        else
            add_conditional(p);
    }
}

/* Down to one item that is true, to whatever is on top, or not at all. */
static void finish(struct gen_program *p)
{
    static const uint8_t weights[] = {65, 25, 10};
    size_t how = gen_weighted(p->g, weights, ARRAY_LEN(weights));
    size_t keep = how == 0 ? 0 : how == 1 ? 1 : p->len;

    while (p->len > keep) {
        gen_program_op(p, p->len > keep + 1 ? KASPA_OP_2DROP : KASPA_OP_DROP);
        gen_program_pop(p, p->len > keep + 1 ? 2 : 1);
    }
    if (how == 0)
        gen_program_op(p, KASPA_OP_1);
}

/* ---- spending it ---- */

#define UNLOCK_ITEMS_MAX 6

struct unlock {
    struct gen_item items[UNLOCK_ITEMS_MAX];
    size_t count;
};

/* Signatures in the order of their keys, and other operands between them. */
static void plan_unlock(struct kaspa_gen *g, struct unlock *u)
{
    static const char types[] = "nsbhtcKk";
    uint8_t key = 0;

    u->count = gen_below(g, UNLOCK_ITEMS_MAX + 1);
    for (size_t i = 0; i < u->count; i++) {
        char type = key < GEN_KEYS && gen_one_in(g, 3) ? (gen_chance(g, 65) ? 'g' : 'G')
                                                       : types[gen_below(g, sizeof(types) - 1)];

        u->items[i] = (struct gen_item){type, 0};
        if (type == 'g' || type == 'G')
            u->items[i].key = key++;
    }
}

/* Pushes, with the true signatures of what the transaction is by now; where none is looked at, any
 * bytes will do. */
static void add_unlock(struct gen_program *p, const struct unlock *u)
{
    for (size_t i = 0; i < u->count; i++) {
        const struct gen_item *item = &u->items[i];

        if ((item->type == 'g' || item->type == 'G') && (p->wanted >> item->key & 1) != 0)
            gen_signature(p->g, p->t, p->out, item->key, item->type == 'G', 10);
        else
            gen_program_add_operand(p, item->type, NULL);
    }
    if (gen_one_in(p->g, 60))
        gen_garbage(p->g, p->out);
}

static void write_program(struct gen_program *p, const struct unlock *u)
{
    for (size_t i = 0; i < u->count; i++)
        gen_program_push(p, u->items[i].type, u->items[i].key);
    gen_program_run(p, 16);
    if (gen_one_in(p->g, 80))
        gen_garbage(p->g, p->out);
    finish(p);
}

static void lock_by_program(struct gen_program *p, struct gen_tx *t, const struct unlock *u,
                            bool is_hashed)
{
    struct kaspa_spk *spk = &t->utxos[t->input].spk;
    struct assay_bytes program = assay_buf_view(p->out);
    struct assay_buf unlock = gen_buf(p->g, PROGRAM_MAX_BYTES);

    spk->version = gen_one_in(p->g, 200) ? 1 : 0;
    spk->script = is_hashed ? gen_pay_to_script(p->g, program) : program;
    p->out = &unlock;
    add_unlock(p, u);
    if (is_hashed)
        gen_push(p->g, &unlock, program);
    t->inputs[t->input].signature_script = assay_buf_view(&unlock);
    p->out = NULL; /* the buffer ends here; what it holds is the generator's */
}

void gen_script_spend(struct kaspa_gen *g, struct gen_tx *t)
{
    static const uint8_t misfits[] = {0, 0, 0, 2, 10};
    struct assay_buf script = gen_buf(g, PROGRAM_MAX_BYTES);
    struct gen_program p = {.g = g, .t = t, .out = &script};
    struct unlock u;

    p.misfits = misfits[gen_below(g, ARRAY_LEN(misfits))];
    plan_unlock(g, &u);
    write_program(&p, &u);
    lock_by_program(&p, t, &u, gen_chance(g, 50));
}
