/** Cases of the kaspa operations on what is no transaction. Internal to the generator. Each gives
 *  the input of its operation, a new reference, or NULL: no memory. */
#ifndef FUZZ_KASPA_GEN_DATA_H
#define FUZZ_KASPA_GEN_DATA_H

#include "fuzz/kaspa_gen_json.h"

json_t *gen_make_class(struct kaspa_gen *g);
json_t *gen_make_sig_ops(struct kaspa_gen *g);
json_t *gen_make_address_decode(struct kaspa_gen *g);
json_t *gen_make_address_encode(struct kaspa_gen *g);
json_t *gen_make_address_of_script(struct kaspa_gen *g);
json_t *gen_make_covenant_id(struct kaspa_gen *g);
json_t *gen_make_header_hash(struct kaspa_gen *g);

#endif
