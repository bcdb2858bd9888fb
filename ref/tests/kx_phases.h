/** Payments for tests of the Kaspa x402 store: each is taken through the phases of its life, and
 * all that a store says of it is compared with what its phase means. */
#ifndef REF_TESTS_KX_PHASES_H
#define REF_TESTS_KX_PHASES_H

#include "store/kx_sqlite.h"

#include <criterion/criterion.h>

#define PHASES_NOW INT64_C(1000000)
#define PHASES_MARK (PHASES_NOW + 3) /* when handlers start */
#define PHASES_RETENTION_MS 1000

enum kx_phase {
    PHASE_UNKNOWN,
    PHASE_PENDING,
    PHASE_BROADCAST,
    PHASE_ACCEPTED,
    PHASE_STARTED,
    PHASE_RECOVERY,
    PHASE_ANSWERED,
    PHASE_APPLIED,
    PHASE_COMPACTED,
    PHASE_RELEASED,
    PHASE__COUNT
};

/** Not to be copied: slices point into it. */
struct kx_paid {
    struct kx_attempt attempt;
    struct kx_result result;
    struct kx_payment_record payment;
    char identifier[48], transaction[64];
};

const char *kx_phase_name(enum kx_phase phase);

/** The kinds of stores: 0 is memory, 1 is SQLite in a new folder. */
#define KX_STORE_KINDS 2
#define KX_STORE_SQLITE 1
extern const char *const kx_store_kinds[KX_STORE_KINDS];
extern const struct kx_store_limits kx_store_test_limits;
/** Fixtures of a suite; also one after the other, for a new file. */
void kx_store_folder_make(void);
void kx_store_folder_drop(void);
const char *kx_store_file(void);
enum assay_code kx_store_open(struct kx_store **out, size_t kind,
                              const struct kx_store_limits *limits, struct assay_err *err);
struct kx_store *kx_store_opened(size_t kind); /**< with the limits for tests */

/** What a SQLite store writes through, for tests that look behind it. */
struct ref_sqlite_connection *kx_store_writer(struct kx_store *store);

/** The nth payment, standard-native: other than every other in all that must be unique. */
void kx_paid_make(struct kx_paid *paid, unsigned n);
/** Has it claim a head at its version, to grow by its amount. */
void kx_paid_for_head(struct kx_paid *paid, const struct kx_head_record *head);
/** The nth head: available, at version 7. */
struct kx_head_record kx_head_of(unsigned n);
void kx_head_registered(struct kx_store *store, const struct kx_head_record *head);
struct kx_head_record kx_head_loaded(struct kx_store *store, const struct kx_head_record *head);

enum kx_claim_result kx_claimed(struct kx_store *store, const struct kx_paid *paid);
bool kx_begun(struct kx_store *store, const struct kx_paid *paid);
/** From UNKNOWN by the shortest way. */
void kx_paid_take_to(struct kx_store *store, struct kx_paid *paid, enum kx_phase phase);
/** Everything that the store says of it is what the phase means. */
void kx_paid_expect(struct kx_store *store, const struct kx_paid *paid, enum kx_phase phase,
                    const char *when);

#endif
