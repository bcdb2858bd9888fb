/** `assay serve kaspa-x402`, or `assay serve facilitator`, as a program on loopback, with a
 * simulated chain behind its node, an origin and an honest payer, for tests of it. */
#ifndef TESTS_SERVE_WORLD_H
#define TESTS_SERVE_WORLD_H

#include "kx_payer.h"
#include "program.h"
#include "roles/origin.h"

#include <pthread.h>
#include <stdatomic.h>

#define SERVE_TOKEN "a token of many bytes" /**< in the variable KX_TEST_TOKEN of the server */
#define SERVE_OTHER_TOKEN "another token of many bytes" /**< in KX_TEST_OTHER_TOKEN */
/** In KX_TEST_SECRET: of the address 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf. */
#define SERVE_SECRET "0000000000000000000000000000000000000000000000000000000000000001"
#define SERVE_ARGS 28
#define SERVE_WORKERS 2
#define SERVE_WORKERS_OPTION "--workers=2"
enum { PATIENCE_MS = 60000, LOOK_AGAIN_MS = 10 };

struct serve_world {
    struct node_world chain;
    struct origin *origin;
    char merchant[KASPA_ADDRESS_TEXT_MAX_BYTES];
    struct program server;
    char url[64];     /**< of the server; kept over a restart */
    bool facilitates; /**< servers started from now on are facilitators of the tenants shop and
                         other, with the two tokens */
    const char *wanted[SERVE_ARGS]; /**< arguments beside the usual ones */
    unsigned identifiers;
    atomic_bool mines; /**< whatever is in the mempool; on from the start */
    atomic_bool ended;
    pthread_t miner;
};

void serve_world_begin(struct serve_world *w);
void serve_world_end(struct serve_world *w);

/** One text of two, in the world's arena. */
const char *serve_text(struct serve_world *w, const char *name, const char *value);
/** One more argument of servers started from now on. */
void serve_use(struct serve_world *w, const char *argument);
void serve_start(struct serve_world *w); /**< on the port of the one before */
void serve_stop(struct serve_world *w);  /**< as told to, with status 0 */
void serve_kill(struct serve_world *w);  /**< at once, with all its workers */
/** Their process ids. */
void serve_workers(const struct serve_world *w, pid_t workers[SERVE_WORKERS]);
/** Runs the operator's command beside the server, with more arguments up to NULL; its status. */
int serve_recover(struct serve_world *w, const char *const *more, struct program *said);

size_t serve_submissions(struct serve_world *w); /**< that the chain has seen */
bool serve_await_mempool(struct serve_world *w, size_t size);
void serve_stall_origin(struct serve_world *w); /**< until it is released */
void serve_answer(struct serve_world *w);       /**< the origin, from now on */

struct http_request request_of(const char *method, const char *target, const char *body);
/** Sends it on a connection of its own, so that any worker may get it. */
const struct http_exchange *serve_send(struct serve_world *w, const struct http_request *request);
/** Many copies of one request at once; their statuses. */
void serve_send_copies(struct serve_world *w, const struct http_request *request, int *statuses,
                       size_t count);
struct http_peer serve_peer(const struct serve_world *w);
int status_of(const struct http_exchange *exchange); /**< 0: none */
const char *body_of(struct serve_world *w, const struct http_exchange *exchange);
struct assay_bytes header_of(const struct http_exchange *exchange, const char *name);

/** A request with its payment, to be sent as often as one likes. */
struct purchase {
    struct http_request request;
    struct kx_cheque cheque;
};
/** Takes a challenge and pays it; body, profile and principal may be NULL (see kx_payer.h). */
struct purchase serve_buy_as(struct serve_world *w, const char *method, const char *target,
                             const char *body, const char *profile, const char *principal);
struct purchase serve_buy(struct serve_world *w, const char *target);

void expect_bought(struct serve_world *w, const struct http_exchange *exchange, const char *row);
void expect_pending(struct serve_world *w, const struct http_exchange *exchange, const char *row);
void expect_alike(struct serve_world *w, const struct http_exchange *a,
                  const struct http_exchange *b);

/** One that is sent by a thread of its own. */
struct sending {
    const struct http_request *request;
    struct http_peer to;
    struct assay_arena arena;
    struct http_exchange *exchange;
    pthread_t thread;
};
void begin_sending(struct sending *s, struct serve_world *w, const struct http_request *request);
/** Waits for its end. The exchange lives until _forget. */
const struct http_exchange *end_sending(struct sending *s);
void forget_sending(struct sending *s);

/** Sends it, waits until the handler, which stalls, runs, and hangs up; then the handler answers,
 * and the server's log says that text. */
void hang_up_in_the_handler(struct serve_world *w, const struct http_request *request,
                            const char *logged);

#endif
