/** An offer and its payment as one input: the text of PAYMENT-REQUIRED, a line's end, that of
 *  PAYMENT-SIGNATURE, a line's end, and options. */
#ifndef ASSAY_FUZZ_LIB_PAYMENT_H
#define ASSAY_FUZZ_LIB_PAYMENT_H

#include "fuzz/lib/edit.h"
#include "fuzz/lib/input.h"
#include "x402/envelope.h"

struct fuzz_payment {
    struct assay_arena arena;
    struct assay_json offer_doc, payment_doc;
    struct x402_required offer;
    struct fuzz_input options; /**< what follows the second line; nothing is no option */
};

enum { FUZZ_PAYMENT_ARENA_BYTES = 1 << 24 };

/** False: one of them is no document, or the first one no offer. _fini in any case; nothing is
 *  moved in between. */
bool fuzz_payment_init(struct fuzz_payment *out, struct assay_bytes input);
void fuzz_payment_fini(struct fuzz_payment *p);

/** What a scheme does to make a payment right after a change: adds to the buffer the payment's new
 *  text. False: it cannot be. */
typedef bool fuzz_resign(struct assay_buf *out, struct fuzz_payment *p, struct fuzz_dice *dice);

/** A mutator of such inputs: the engine's change of bytes, or one value of offer or payment, or an
 *  option; then, by dice, the offer is accepted anew and the payment made right again. */
size_t fuzz_payment_mutate(uint8_t *data, size_t size, size_t max_size, unsigned seed,
                           fuzz_resign *resign);

#endif
