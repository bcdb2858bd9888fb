/* Pushes and operands of the generator's scripts; see kaspa_gen_program.h. */
#include "fuzz/kaspa_gen_program.h"

#include "kaspa/number.h"
#include "kaspa/sighash.h"

/* ---- pushes ---- */

/* The length in `width` bytes behind its opcode. */
static void push_as(struct assay_buf *out, uint8_t opcode, size_t width, struct assay_bytes bytes)
{
    assay_buf_add_byte(out, opcode);
    for (size_t i = 0; i < width; i++)
        assay_buf_add_byte(out, (uint8_t)(bytes.len >> (8 * i)));
    assay_buf_add(out, bytes);
}

void gen_push(struct kaspa_gen *g, struct assay_buf *out, struct assay_bytes bytes)
{
    uint32_t form = gen_chance(g, 88) ? 0 : 1 + gen_below(g, 4);

    if (form == 1 && bytes.len > 0 && bytes.len <= KASPA_OP_DATA75)
        push_as(out, (uint8_t)bytes.len, 0, bytes);
    else if (form == 2 && bytes.len <= UINT8_MAX)
        push_as(out, KASPA_OP_PUSHDATA1, 1, bytes);
    else if (form == 3 && bytes.len <= UINT16_MAX)
        push_as(out, KASPA_OP_PUSHDATA2, 2, bytes);
    else if (form == 4 || bytes.len > KASPA_ELEMENT_MAX_BYTES)
        push_as(out, KASPA_OP_PUSHDATA4, 4, bytes);
    else
        kaspa_script_add_push(out, bytes);
}

static bool is_control(uint8_t opcode)
{
    return opcode >= KASPA_OP_IF && opcode <= KASPA_OP_ENDIF;
}

/* What is refused even where it is not executed. */
static bool is_poison(uint8_t opcode)
{
    return opcode == KASPA_OP_LEFT || opcode == KASPA_OP_RIGHT || opcode == KASPA_OP_2MUL ||
           opcode == KASPA_OP_2DIV || opcode == KASPA_OP_LSHIFT || opcode == KASPA_OP_RSHIFT ||
           opcode == KASPA_OP_VERIF || opcode == KASPA_OP_VERNOTIF;
}

static void add_any_instruction(struct kaspa_gen *g, struct assay_buf *out)
{
    uint8_t opcode = (uint8_t)gen_below(g, 256);

    if (opcode > 0 && opcode <= KASPA_OP_PUSHDATA4)
        gen_push(g, out, gen_bytes(g, gen_below(g, opcode)));
    else if (!(is_poison(opcode) || is_control(opcode)) || gen_one_in(g, 20))
        assay_buf_add_byte(out, opcode);
}

void gen_garbage(struct kaspa_gen *g, struct assay_buf *out)
{
    bool is_block = gen_one_in(g, 5);

    if (is_block)
        assay_buf_add_byte(out, gen_chance(g, 50) ? KASPA_OP_IF : KASPA_OP_NOTIF);
    for (uint32_t n = gen_below(g, 7); n > 0; n--)
        add_any_instruction(g, out);
    if (is_block && gen_chance(g, 50))
        assay_buf_add_byte(out, KASPA_OP_ELSE);
    if (is_block)
        assay_buf_add_byte(out, KASPA_OP_ENDIF);
    if (gen_one_in(g, 60)) /* a push that is cut off, or its length */
        assay_buf_add_byte(out,
                           (uint8_t)(gen_chance(g, 50) ? 1 + gen_below(g, KASPA_OP_DATA75)
                                                       : KASPA_OP_PUSHDATA1 + gen_below(g, 3)));
}

/* ---- numbers ---- */

/* Forms that only bytes have: long ones, zeros of all kinds, one byte too many. */
static void add_odd_number(struct gen_program *p)
{
    const struct assay_bytes odd[] = {
        ASSAY_LIT("\x80"),
        ASSAY_LIT("\x00"),
        ASSAY_LIT("\x00\x80"),
        ASSAY_LIT("\x01\x00"),
        ASSAY_LIT("\x01\x80"),
        ASSAY_LIT("\x05\x00\x00\x00\x00\x00\x00\x00"),
        ASSAY_LIT("\x00\x00\x00\x00\x00\x00\x00\x80"),
        ASSAY_LIT("\xff\xff\xff\xff\xff\xff\xff\xff"),
        ASSAY_LIT("\xff\xff\xff\xff\xff\xff\xff\x7f"),
        ASSAY_LIT("\x01\x00\x00\x00\x00\x00\x00\x00\x00"),
    };

    gen_push(p->g, p->out, odd[gen_below(p->g, ARRAY_LEN(odd))]);
}

static int64_t edge_number(struct kaspa_gen *g)
{
    static const int64_t edges[] = {
        0,
        1,
        2,
        16,
        17,
        127,
        128,
        255,
        256,
        32767,
        32768,
        INT32_MAX,
        2147483648,
        4294967296,
        INT64_MAX,
        4611686018427387904,
        9007199254740993,
        3037000500,
    };
    int64_t number = edges[gen_below(g, ARRAY_LEN(edges))];

    if (number < INT64_MAX && gen_one_in(g, 4))
        number++;
    return gen_one_in(g, 3) ? -number : number;
}

void gen_program_add_number(struct gen_program *p, int64_t number)
{
    uint8_t bytes[KASPA_NUMBER_MAX_BYTES + 1] = {0};
    size_t len;

    if (kaspa_number_encode(bytes, &len, number) != KASPA_SCRIPT_OK)
        return;
    if (len > 0 && len < KASPA_NUMBER_MAX_BYTES && gen_one_in(p->g, 25)) { /* not minimal */
        bytes[len] = bytes[len - 1] & 0x80;
        bytes[len - 1] &= 0x7f;
        len++;
    }
    gen_push(p->g, p->out, assay_bytes_of(bytes, len));
}

static void add_any_number(struct gen_program *p)
{
    uint32_t at = gen_below(p->g, 100);

    if (at < 65)
        gen_program_add_number(p, (int64_t)gen_below(p->g, 40) - 8);
    else if (at < 85)
        gen_program_add_number(p, edge_number(p->g));
    else if (at < 95)
        gen_program_add_number(p, (int64_t)(gen_u64(p->g) >> (1 + gen_below(p->g, 62))));
    else
        add_odd_number(p);
}

/* Mostly one of `count`; else the first that is not there, or a number that is no index at all. */
static void add_index(struct gen_program *p, size_t count)
{
    uint32_t at = gen_below(p->g, 100);

    if (at < 90 && count > 0)
        gen_program_add_number(p, gen_below(p->g, (uint32_t)count));
    else if (at < 95)
        gen_program_add_number(p, (int64_t)count);
    else if (at < 97)
        gen_program_add_number(p, -1);
    else
        add_any_number(p);
}

void gen_program_add_range(struct gen_program *p, size_t len)
{
    uint32_t end = gen_below(p->g, (uint32_t)len + 1), start = gen_below(p->g, end + 1);

    if (gen_one_in(p->g, 12))
        end = (uint32_t)len + gen_below(p->g, 2);
    if (gen_one_in(p->g, 25))
        start = end + 1;
    gen_program_add_number(p, start);
    if (gen_one_in(p->g, 30))
        add_any_number(p);
    else
        gen_program_add_number(p, end);
}

/* ---- operands of each type ---- */

static void add_u64(struct gen_program *p, uint64_t value)
{
    uint8_t bytes[sizeof(value)];
    size_t len = 0;

    for (; len < sizeof(bytes) && value != 0; value >>= 8)
        bytes[len++] = (uint8_t)value;
    gen_push(p->g, p->out, assay_bytes_of(bytes, len));
}

/* A lock that is about open. */
static void add_lock(struct gen_program *p, uint64_t open)
{
    uint32_t at = gen_below(p->g, 100);

    if (at < 70)
        add_u64(p, open);
    else if (at < 80)
        add_u64(p, open - 1);
    else if (at < 85)
        add_u64(p, open + 1);
    else if (at < 98)
        add_u64(p, gen_edge(p->g));
    else
        gen_push(p->g, p->out, gen_bytes(p->g, 9));
}

static void add_hash(struct gen_program *p)
{
    gen_push(p->g, p->out, gen_bytes(p->g, gen_one_in(p->g, 40) ? 31 : KASPA_HASH_BYTES));
}

static void add_covenant_id(struct gen_program *p)
{
    const struct gen_tx *t = p->t;
    const struct kaspa_hash *id = NULL;

    if (t->tx.output_count > 0 && gen_chance(p->g, 40))
        id = &t->outputs[gen_below(p->g, (uint32_t)t->tx.output_count)].covenant_id;
    else if (gen_chance(p->g, 85))
        id = &t->utxos[gen_below(p->g, (uint32_t)t->tx.input_count)].covenant_id;
    if (id != NULL)
        gen_push(p->g, p->out, assay_bytes_of(id->at, sizeof(id->at)));
    else
        add_hash(p);
}

static uint8_t add_key(struct gen_program *p, bool is_ecdsa)
{
    uint8_t whose = (uint8_t)gen_below(p->g, GEN_KEYS);
    const struct assay_key *key = &p->g->keys[whose];
    uint8_t bytes[ASSAY_PUBKEY_BYTES];
    size_t len = is_ecdsa ? sizeof(key->compressed) : sizeof(key->xonly);

    memcpy(bytes, is_ecdsa ? key->compressed : key->xonly, len);
    if (gen_one_in(p->g, 15))
        bytes[gen_below(p->g, (uint32_t)len)] ^= (uint8_t)(1 << gen_below(p->g, 8));
    if (gen_one_in(p->g, 40))
        len--;
    gen_push(p->g, p->out, assay_bytes_of(bytes, len));
    return whose;
}

/* None: a script cannot hold a signature of what it is itself a part of. */
static void add_false_signature(struct gen_program *p)
{
    static const uint8_t weights[] = {30, 60, 5, 5};
    static const uint8_t lens[] = {0, ASSAY_SIG_BYTES, ASSAY_SIG_BYTES - 1, ASSAY_SIG_BYTES + 1};
    size_t len = lens[gen_weighted(p->g, weights, ARRAY_LEN(weights))];
    uint8_t *at = gen_room(p->g, len + 1);

    gen_fill(p->g, at, len);
    at[len] = gen_one_in(p->g, 15) ? (uint8_t)gen_below(p->g, 256) : KASPA_SIGHASH_ALL;
    gen_push(p->g, p->out, assay_bytes_of(at, len > 0 ? len + 1 : 0));
}

static void add_truth(struct gen_program *p)
{
    const struct assay_bytes truths[] = {ASSAY_LIT("\x01"), ASSAY_LIT("\x02"), ASSAY_LIT("\x81"),
                                         ASSAY_LIT("\x00\x01"), ASSAY_LIT("\x80\x00")};

    gen_push(p->g, p->out,
             gen_chance(p->g, 70) ? truths[0] : truths[gen_below(p->g, ARRAY_LEN(truths))]);
}

static void add_any(struct gen_program *p)
{
    if (gen_chance(p->g, 50))
        add_any_number(p);
    else
        gen_push(p->g, p->out, gen_bytes(p->g, gen_below(p->g, 40)));
}

void gen_program_add_operand(struct gen_program *p, char type, struct gen_item *item)
{
    static const char types[] = "nsiotlqzbhyckKgGx";
    const struct kaspa_tx *tx = &p->t->tx;
    uint8_t whose = 0;

    if (gen_chance(p->g, p->misfits))
        type = types[gen_below(p->g, sizeof(types) - 1)];
    if (type == 'n')
        add_any_number(p);
    else if (type == 's')
        add_index(p, 3);
    else if (type == 'i')
        add_index(p, tx->input_count);
    else if (type == 'o')
        add_index(p, tx->output_count);
    else if (type == 't')
        add_truth(p);
    else if (type == 'l')
        add_lock(p, tx->lock_time);
    else if (type == 'q')
        add_lock(p, tx->inputs[p->t->input].sequence & KASPA_SEQUENCE_LOCK_MASK);
    else if (type == 'z')
        gen_program_add_number(p,
                               gen_chance(p->g, 90) ? 3 + gen_below(p->g, 6) : gen_below(p->g, 10));
    else if (type == 'b')
        gen_push(p->g, p->out, gen_bytes(p->g, gen_below(p->g, gen_one_in(p->g, 10) ? 300 : 40)));
    else if (type == 'h')
        add_hash(p);
    else if (type == 'y')
        gen_push(p->g, p->out, gen_bytes(p->g, gen_below(p->g, 67)));
    else if (type == 'c')
        add_covenant_id(p);
    else if (type == 'k' || type == 'K')
        whose = add_key(p, type == 'K');
    else if (type == 'g' || type == 'G')
        add_false_signature(p);
    else
        add_any(p);
    if (item != NULL)
        *item = (struct gen_item){type, whose};
}
