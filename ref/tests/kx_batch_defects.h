/** Tables of seeded defects of a server of batch-settlement: what holds of the correct one does not
 *  hold with the defect switched on. */
#ifndef REF_TESTS_KX_BATCH_DEFECTS_H
#define REF_TESTS_KX_BATCH_DEFECTS_H

#include "ref/tests/kx_batch_shop.h"
#include "ref/tests/seeded.h"

/** Done in a shop of its own, without the defect and with it; the shop is empty: nothing is on its
 *  chain. */
struct kx_batch_probe {
    const char *defect;
    bool (*holds)(struct batch_shop *b);
};

void kx_batch_probes_expect(const struct kx_batch_probe *probes, size_t count);

/** A payment that is refused for one thing, which is what the defect lets pass. */
struct kx_batch_forgery {
    const char *defect;
    enum kx_batch_story story; /**< OPEN: of a channel that is on the chain; else of one that is
                                    open, too */
    struct kx_batch_change change;
    uint64_t total; /**< of its voucher; 0: the next one */
    struct shop_ask ask;
    struct shop_ask sent; /**< what it comes with; target NULL: what it is for */
    /** The client's channel, before it is funded and where it is presented. */
    void (*lane)(struct kx_lane_world *lane);
    void (*prepare)(struct batch_shop *b);   /**< instead of funding and opening it */
    void (*meanwhile)(struct batch_shop *b); /**< between signing and sending */
};

void kx_batch_forgeries_expect(const struct kx_batch_forgery *forgeries, size_t count);

/** Under a defect an honest deposit and an honest voucher after it are served. */
void kx_batch_honest_expect(const struct ref_defect *defect);

#endif
