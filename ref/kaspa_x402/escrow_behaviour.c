/* What a script lets happen that its template does not; see escrow_behaviour.h. */
#include "kaspa_x402/escrow_behaviour_internal.h"

#include "kaspa/engine.h"
#include "kaspa/sign.h"
#include "kaspa_x402/escrow_drift.h"

#include <assert.h>

#define X(path, constant, by, name, ...) {{KX_ESCROW_##path, by, name}, __VA_ARGS__},
const struct kx_execution kx_executions[KX_EXECUTION__COUNT] = {
#include "kaspa_x402/escrow_behaviour.def"
};
#undef X

const struct kx_execution_row *kx_execution(enum kx_execution_id id)
{
    return &kx_executions[id].row;
}

static uint8_t *cover_of(const struct kx_behaviour *b, size_t execution)
{
    return b->cover + execution * b->reference.len;
}

/* False: there is no memory. */
static bool run_reference(struct kx_behaviour *b)
{
    struct kx_play_hashes hashes = {.count = 0};

    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
        struct kx_play play = {
            .b = b,
            .execution = &kx_executions[i],
            .way = b->lane->tmpl,
            .script = b->reference,
            .hashes = &hashes,
            .cover = cover_of(b, i),
        };

        b->allowed[i] = kx_play(&play);
        b->ended_at[i] = play.ended_at;
        if (play.has_no_memory)
            return false;
    }
    return true;
}

/* Somebody's script who has no part in the channel. */
static bool meet_stranger(struct kx_behaviour *b, struct assay_arena *arena)
{
    uint8_t *script = assay_arena_alloc(arena, KASPA_SPK_SCHNORR_BYTES);
    struct assay_buf out = {.at = script,
                            .room = KASPA_SPK_SCHNORR_BYTES,
                            .max = KASPA_SPK_SCHNORR_BYTES,
                            .fixed = true};
    struct assay_key key;

    if (script == NULL)
        return false;
    kaspa_key_from_seed(&key, ASSAY_LIT("escrow behaviour"), ASSAY_LIT("stranger"));
    kaspa_script_add_pay_to_pubkey(&out, key.xonly);
    assay_key_wipe(&key);
    b->stranger = (struct kaspa_spk){.script = assay_buf_view(&out)};
    return true;
}

enum assay_code kx_behaviour_open(struct kx_behaviour *out, struct assay_arena *arena,
                                  const struct kx_lane *lane, uint64_t claimed,
                                  const struct assay_key *keys, struct assay_err *err)
{
    *out = (struct kx_behaviour){.lane = lane, .claimed = claimed, .keys = keys};
    if (lane->tmpl->state_at == 0)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "%s has no lineage: its scripts are not compared by what they do",
                          lane->tmpl->id);
    if (claimed > KX_BEHAVIOUR_CLAIMED_MAX)
        return assay_fail(err, ASSAY_E_RANGE, 0,
                          "the total claimed is above 10^18: there is no room for claims of it");
    if (!meet_stranger(out, arena) ||
        kx_lane_redeem(&out->reference, arena, lane, claimed) != ASSAY_OK ||
        (out->cover = assay_arena_alloc(arena, KX_EXECUTION__COUNT * out->reference.len)) == NULL ||
        !run_reference(out))
        return assay_fail(err, ASSAY_E_NOMEM, 0, "no memory for the executions of a script");
    return ASSAY_OK;
}

/* ---- comparing ---- */

/* Of the executions that the reference allows, too. */
static unsigned families_of(const bool *allowed, const bool *also)
{
    unsigned families = 0;

    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++)
        if (allowed[i] && also[i])
            families |= 1U << kx_executions[i].row.path;
    return families;
}

static void compare(struct kx_behaviour_verdict *v, const struct kx_behaviour *b)
{
    v->more_count = v->less_count = 0;
    v->more = v->less = 0;
    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
        unsigned family = 1U << kx_executions[i].row.path;

        if (v->allowed[i] == b->allowed[i])
            continue;
        v->more_count += v->allowed[i] ? 1 : 0;
        v->less_count += v->allowed[i] ? 0 : 1;
        *(v->allowed[i] ? &v->more : &v->less) |= family;
    }
    v->dead = families_of(b->allowed, b->allowed) & ~families_of(b->allowed, v->allowed);
    v->class = (enum kx_behaviour_class)((v->more != 0 ? KX_BEHAVIOUR_MORE : KX_BEHAVIOUR_SAME) |
                                         (v->less != 0 ? KX_BEHAVIOUR_LESS : KX_BEHAVIOUR_SAME));
}

static_assert((KX_BEHAVIOUR_MORE | KX_BEHAVIOUR_LESS) == KX_BEHAVIOUR_BOTH, "both are both");

/* A candidate, and in whose way it is spent. */
struct trial {
    struct assay_bytes script;
    const struct kx_escrow_template *way;
    struct kx_play_hashes hashes;
    bool has_no_memory; /* for one of its executions */
};

static bool is_allowed(const struct kx_behaviour *b, size_t execution, struct trial *trial)
{
    struct kx_play play = {
        .b = b,
        .execution = &kx_executions[execution],
        .way = trial->way,
        .script = trial->script,
        .hashes = &trial->hashes,
    };
    bool allowed = kx_play(&play);

    trial->has_no_memory = trial->has_no_memory || play.has_no_memory;
    return allowed;
}

/* The template that it is an instance of, where that is not the channel's. */
static const struct kx_escrow_template *other_way(const struct kx_behaviour *b,
                                                  struct assay_bytes candidate)
{
    struct kx_escrow_instance instance;

    if (!kx_escrow_identify(&instance, candidate) || instance.tmpl == b->lane->tmpl ||
        instance.tmpl->state_at == 0)
        return NULL;
    return instance.tmpl;
}

enum assay_code kx_behaviour_judge(struct kx_behaviour_verdict *out, const struct kx_behaviour *b,
                                   struct assay_bytes candidate)
{
    struct trial own = {.script = candidate, .way = b->lane->tmpl}, other = {.script = candidate};

    if (candidate.len > KX_BEHAVIOUR_SCRIPT_MAX)
        return ASSAY_E_TOO_LARGE;
    other.way = other_way(b, candidate);
    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
        out->allowed[i] = is_allowed(b, i, &own);
        if (other.way != NULL && !out->allowed[i] && !b->allowed[i])
            out->allowed[i] = is_allowed(b, i, &other);
    }
    compare(out, b);
    return own.has_no_memory || other.has_no_memory ? ASSAY_E_NOMEM : ASSAY_OK;
}

/* ---- one byte ---- */

/* Whether an opcode does something in a dead branch too: it has data, it is a condition, or it
 * fails wherever it stands. Consensus digest, section 4.2. */
static bool counts_when_dead(uint8_t opcode)
{
    switch (opcode) {
    case KASPA_OP_IF:
    case KASPA_OP_NOTIF:
    case KASPA_OP_VERIF:
    case KASPA_OP_VERNOTIF:
    case KASPA_OP_ELSE:
    case KASPA_OP_ENDIF:
    case KASPA_OP_LEFT:
    case KASPA_OP_RIGHT:
    case KASPA_OP_2MUL:
    case KASPA_OP_2DIV:
    case KASPA_OP_LSHIFT:
    case KASPA_OP_RSHIFT:
        return true;
    default:
        return opcode > 0 && opcode < KASPA_OP_1NEGATE;
    }
}

/* An execution is the same up to the instruction that the byte belongs to; and behind it, where
 * that one is in a dead branch and does nothing there. */
static bool can_differ(const struct kx_behaviour *b, size_t execution, size_t at, uint8_t byte)
{
    switch ((enum kx_play_cover)cover_of(b, execution)[at]) {
    case KX_COVER_NONE:
    case KX_COVER_DATA:
        return false;
    case KX_COVER_DEAD:
        return counts_when_dead(byte) || counts_when_dead(b->reference.at[at]);
    case KX_COVER_RUN:
        break;
    }
    return true;
}

enum assay_code kx_behaviour_judge_byte(struct kx_behaviour_verdict *out,
                                        const struct kx_behaviour *b, size_t at, uint8_t byte)
{
    uint8_t room[KX_ESCROW_BYTES_MAX];
    struct trial trial = {.script = assay_bytes_of(room, b->reference.len), .way = b->lane->tmpl};

    memcpy(room, b->reference.at, b->reference.len);
    room[at] = byte;
    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++)
        out->allowed[i] = can_differ(b, i, at, byte) ? is_allowed(b, i, &trial) : b->allowed[i];
    compare(out, b);
    return trial.has_no_memory ? ASSAY_E_NOMEM : ASSAY_OK;
}

/* ---- words ---- */

const char *kx_behaviour_class_name(enum kx_behaviour_class class)
{
    static const char *const names[] = {"same", "allows more", "locks", "allows more and locks"};

    static_assert(ARRAY_LEN(names) == KX_BEHAVIOUR_BOTH + 1, "a name for every class");
    return names[class];
}

static void add_part(struct assay_buf *out, bool *is_first)
{
    assay_buf_add_str(out, *is_first ? "" : "; ");
    *is_first = false;
}

/* Those that differ in one way, up to `max`, but for what is left out since its whole family is. */
static void add_differing(struct assay_buf *out, const struct kx_behaviour *b,
                          const struct kx_behaviour_verdict *v, bool is_more, size_t max,
                          bool *is_first)
{
    size_t told = 0, left = 0;

    for (size_t i = 0; i < KX_EXECUTION__COUNT; i++) {
        const struct kx_execution_row *row = &kx_executions[i].row;

        if (v->allowed[i] == b->allowed[i] || v->allowed[i] != is_more ||
            (!is_more && (v->dead & 1U << row->path) != 0))
            continue;
        if (told == max) {
            left++;
            continue;
        }
        add_part(out, is_first);
        assay_buf_printf(out, "%s is %s", row->name, is_more ? "allowed" : "refused");
        told++;
    }
    if (left > 0)
        assay_buf_printf(out, " (and %zu more)", left);
}

void kx_behaviour_add_text(struct assay_buf *out, const struct kx_behaviour *b,
                           const struct kx_behaviour_verdict *verdict, size_t max)
{
    static const char *const families[KX_ESCROW_PATHS] = {
        [KX_ESCROW_COMMON] = "path",
        [KX_ESCROW_CLAIM] = "claim",
        [KX_ESCROW_TOP_UP] = "top-up",
        [KX_ESCROW_REFUND] = "refund",
    };
    bool is_first = true;

    if (verdict->class == KX_BEHAVIOUR_SAME) {
        assay_buf_printf(out, "none of %d executions tried comes out otherwise",
                         (int)KX_EXECUTION__COUNT);
        return;
    }
    add_differing(out, b, verdict, true, max, &is_first);
    for (int path = KX_ESCROW_CLAIM; path < KX_ESCROW_PATHS; path++) {
        if ((verdict->dead & 1U << path) == 0)
            continue;
        add_part(out, &is_first);
        assay_buf_printf(
            out, "no %s%s is possible",
            (families_of(verdict->allowed, verdict->allowed) & 1U << path) != 0 ? "honest " : "",
            families[path]);
    }
    add_differing(out, b, verdict, false, max, &is_first);
}
