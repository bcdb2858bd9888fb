/** The launch manifest of a lineage: which code a channel runs, where it began, and on what terms.
 *
 *  It is written once and never changes. Compiler, source and bytecode are held to the pins of the
 *  template; everything else is recomputed: the identity, the script, and of a genesis transaction
 *  that is at hand its id and covenant id. Source: Kaspa x402 batch digest, sections 8.5, 9.1, 13.
 */
#ifndef KX_LAUNCH_H
#define KX_LAUNCH_H

#include "kaspa_x402/acceptance.h"
#include "kaspa_x402/lane.h"

#define KX_LAUNCH_FORMAT "kaspa-x402-covenant-launch-v1"
#define KX_LAUNCH_DERIVATION "kip20-covenant-id-v1"
#define KX_LAUNCH_MAX_BYTES ((size_t)64 << 10)
#define KX_LAUNCH_SLOTS_MAX 16
#define KX_LAUNCH_OFFSETS_MAX 4

struct kx_launch_slot {
    const char *name;
    uint32_t bytes;
    uint32_t offsets[KX_LAUNCH_OFFSETS_MAX]; /**< in the script; 0 behind the last */
};

/** What is known of a template's making. */
struct kx_launch_pins {
    const char *template_id;
    const char *compiler, *commit, *command;
    const char *source_path, *source_sha256;
    const char *base_sha256; /**< of the compiled sample */
    const struct kx_launch_slot *slots;
    size_t slot_count;
    const char *abi; /**< canonical */
};
/** NULL: none are known. */
const struct kx_launch_pins *kx_launch_pins_find(struct assay_bytes template_id);

/** The parts that the identity hashes, in canonical order. */
enum kx_launch_part {
    KX_LAUNCH_ABI,
    KX_LAUNCH_BYTECODE,
    KX_LAUNCH_COMPILER,
    KX_LAUNCH_SLOTS,
    KX_LAUNCH_SELECTORS,
    KX_LAUNCH_SOURCE,
    KX_LAUNCH_PARTS
};

struct kx_launch {
    struct assay_bytes network;
    struct assay_bytes parts[KX_LAUNCH_PARTS]; /**< canonical JSON */
    uint8_t identity[32];                      /**< as it is claimed */
    struct kaspa_hash covenant_id, txid;
    uint32_t authorizing_input;
    struct kaspa_outpoint outpoint;
    struct kaspa_spk spk;
    uint64_t value, claimed;
    struct kx_acceptance acceptance;
};

/** The manifest of a lane whose genesis is described by outpoint, value and covenant id: with the
 *  template's pins, in the arena. UNSUPPORTED: the template has no pins; NOMEM. */
enum assay_code kx_launch_make(struct kx_launch *out, struct assay_arena *arena,
                               const struct kx_lane *lane, const struct kx_lane_head *genesis,
                               const struct kx_acceptance *acceptance) ASSAY_MUST_USE;

/** Reads one by its form; in the arena. LAUNCH_FORM: err says where. *out is unspecified then. */
enum kx_lineage_rule kx_launch_read(struct kx_launch *out, struct assay_arena *arena,
                                    const struct assay_json *doc, uint32_t token,
                                    struct assay_err *err) ASSAY_MUST_USE;
/** Appends it, canonical. Fails as the buffer does. */
void kx_launch_write(struct assay_buf *out, const struct kx_launch *launch);
/** SHA-256 of that. NOMEM. */
enum assay_code kx_launch_digest(uint8_t out[32], const struct kx_launch *launch) ASSAY_MUST_USE;
void kx_launch_identity(uint8_t out[32], const struct kx_launch *launch);

/** Judges it for a channel. genesis: the genesis transaction; NULL: not at hand, and then neither
 *  its id nor the covenant id is judged. LAUNCH_FORM with err's code NOMEM: no memory. */
enum kx_lineage_rule kx_launch_judge(const struct kx_launch *launch, struct assay_arena *arena,
                                     const struct kx_lane *lane, const struct kaspa_tx *genesis,
                                     struct assay_err *err) ASSAY_MUST_USE;

/** Where the lineage begins. */
struct kx_lane_head kx_launch_head(const struct kx_launch *launch);

#endif
