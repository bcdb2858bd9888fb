/** A node that answers with texts, and the client of a node before it, for tests of what the client
 *  makes of every answer.
 *
 *  The texts tell of two blocks, a0 (the pruning point) and b1 (the sink), and of the transaction
 * c2, which b1 accepts: it pays 7 to the script SPK in output 0 and spends output 1 of d3. Others
 * are e4 and f5. The characters that texts stand for others with are those of ws_scripted.h.
 */
#ifndef TESTS_ANSWERS_WORLD_H
#define TESTS_ANSWERS_WORLD_H

#include "net/kaspa_node.h"
#include "ws_scripted.h"

#include <criterion/criterion.h>

enum { ANSWERS_DEADLINE_MS = 20000, ANSWER_MAX_BYTES = 65536 };

#define H16(byte) byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte byte
#define H(byte) H16(byte) H16(byte) /* a hash of one byte */
#define SPK "000020" H("11") "ac"
#define ANSWER(params) "{'id':$,'params':" params "}"
#define SAYS(words) "{'id':$,'error':{'code':0,'message':'" words "'}}"

#define SERVER "getServerInfo"
#define SYNC "getSyncStatus"
#define DAG "getBlockDagInfo"
#define PAGE "getVirtualChainFromBlock"
#define FULL_PAGE "getVirtualChainFromBlockV2"
#define BLOCK "getBlock"
#define COINS "getUtxosByAddresses"
#define MEMPOOL "getMempoolEntry"
#define SUBMIT "submitTransaction"

struct asking {
    struct ws_scripted *server;
    struct ref_kaspa_node *client;
    struct assay_arena arena;
    bool has_since; /**< looks begin at a0; else they are the first of their client */
    struct kx_sight sight;
    struct assay_err err;
};

/** Some answers of the caller's instead of the honest ones. */
void asking_begin(struct asking *a, const struct ws_scripted_row *special, size_t count);
void asking_begin_at(struct asking *a, const char *url); /**< without a server of its own */
void asking_end(struct asking *a);

/** The honest answer to a method with one part of it replaced; of `was` NULL the whole. The
 * caller's to free. */
char *answer_with(const char *method, const char *was, const char *is);

enum assay_code asking_look(struct asking *a); /**< for c2 */
enum assay_code asking_look_for(struct asking *a, const struct kaspa_hash *txid);

#endif
