/** The parts of the role `node`: what it believes, what it says over RPC and REST, whom it tells of
 *  changes, how its answers are spoiled, its log, WebSocket, and its two servers. Internal to
 * harness/roles.
 *
 *  Two locks: the chain's, and the one of the log, which guards behaviour too. The second is never
 *  held while the first is taken, and none while anything is sent.
 */
#ifndef ROLES_KASPA_NODE_INTERNAL_H
#define ROLES_KASPA_NODE_INTERNAL_H

#include "base/json.h"
#include "roles/kaspa_node.h"

#include <pthread.h>

#define NODE_MESSAGE_MAX_BYTES (((size_t)4 << 20) + (64 << 10)) /**< digest, section 7.7 */
#define NODE_ANSWER_MAX_BYTES ((size_t)64 << 20)
#define NODE_CALL_MAX_BYTES ((size_t)256 << 20) /**< of memory; tokens of the largest message */
#define NODE_PARAMS_KEEP_BYTES ((size_t)64 << 10)

/* ---- kaspa_node_log.c: which calls came ---- */

struct node_log {
    pthread_mutex_t lock;
    pthread_cond_t came;
    struct assay_arena texts;
    struct kaspa_node_call *calls;
    size_t kept, room;
    uint64_t count;
    uint64_t submissions; /**< of them, calls that hand over a transaction */
};

void node_log_init(struct node_log *log);
void node_log_fini(struct node_log *log);
/** The lock is the caller's to take. Returns the call's number. */
uint64_t node_log_add(struct node_log *log, bool is_rest, const char *method,
                      struct assay_bytes params);
void node_log_answered(struct node_log *log, uint64_t number);
bool node_log_await(struct node_log *log, const char *method, uint64_t count, int deadline_ms);
bool node_is_submission(bool is_rest, const char *method);
uint64_t node_log_submissions(struct node_log *log);
bool node_log_await_submissions(struct node_log *log, uint64_t count, int deadline_ms);

/* ---- kaspa_node.c: the role, and what becomes of a call ---- */

/** The behaviour that holds for one call, copied. */
struct node_turn {
    uint64_t number; /**< in the log */
    struct kaspa_node_behaviour how;
    enum kaspa_node_fault fault; /**< of this call */
    bool knows_nothing;          /**< its answer is of ACCEPTS_NONE */
    struct kaspa_chain *chain;
    char network[KASPA_NODE_NAME_MAX_BYTES];
};

struct node_ws;
struct node_http;

struct kaspa_node {
    struct node_log log; /**< its lock guards the next six too */
    struct kaspa_node_behaviour how;
    char network_text[KASPA_NODE_NAME_MAX_BYTES], fault_method[KASPA_NODE_NAME_MAX_BYTES];
    unsigned faults;     /**< calls or connections that the fault was applied to */
    uint64_t tx_answers; /**< about transactions, of this behaviour */
    struct kaspa_chain *chain;
    struct node_ws *ws; /**< NULL: none is running, as in a restart */

    struct kaspa_chain_lock *chain_lock;
    int rpc_listener, rest_listener; /**< kept over restarts; the servers have copies */
    char rpc_url[32], rest_url[32];
    struct node_http *http;
};

/** Logs a call and decides what becomes of it. `part` is what fault_method speaks of. */
void node_turn_begin(struct kaspa_node *node, struct node_turn *turn, bool is_rest,
                     const char *method, const char *part, struct assay_bytes params,
                     bool is_about_tx);
/** The behaviour for what is no call: notifications. */
void node_turn_peek(struct kaspa_node *node, struct node_turn *turn);
/** Whether a new connection is closed at once. */
bool node_refuses(struct kaspa_node *node);

/* ---- kaspa_node_view.c: what the node believes or pretends ---- */

struct node_view {
    struct kaspa_chain *chain;
    const char *network_name;
    struct kaspa_node_behaviour how;
    bool knows_nothing;
    struct kaspa_chain_info info; /**< of the node's sink, which may lag; blue score as it is */
    uint64_t height;              /**< of its sink */
    struct kaspa_hash *mempool;   /**< of ACCEPTS_ALL: what the sink is said to have accepted */
    size_t mempool_count;
};

/** The chain's lock is held by the caller from here to _fini. False: out of memory. */
bool node_view_init(struct node_view *view, const struct node_turn *turn) ASSAY_MUST_USE;
void node_view_fini(struct node_view *view);
uint64_t node_blue_score(const struct node_view *view, uint64_t blue_score);
/** A block that the node knows of. */
bool node_view_block(const struct node_view *view, struct kaspa_chain_block *out,
                     const struct kaspa_hash *hash);
bool node_view_block_at(const struct node_view *view, struct kaspa_chain_block *out,
                        uint64_t height);
/** What a block is said to have accepted, in order. */
size_t node_accepted_count(const struct node_view *view, const struct kaspa_chain_block *block);
const struct kaspa_hash *node_accepted_id(const struct node_view *view,
                                          const struct kaspa_chain_block *block, size_t i);

struct node_tx {
    struct kaspa_tx tx; /**< as it is shown, but for OTHER_AMOUNT; borrowed from the chain */
    struct kaspa_hash id;
    uint64_t fee;
    bool is_accepted;
    struct kaspa_hash block;        /**< that accepted it */
    const struct kaspa_utxo *spent; /**< one an input, to be shown with it; NULL: they are not */
};
/** Without `spent`. */
bool node_view_tx(const struct node_view *view, struct node_tx *out, const struct kaspa_hash *id);
/** What a transaction spent, one an input, but for OTHER_AMOUNT; NULL: unknown, or a funding, which
 * spends what never was. */
const struct kaspa_utxo *node_view_spent(const struct node_view *view, const struct kaspa_hash *id);
/** The value of an output as it is shown. */
uint64_t node_amount(const struct node_view *view, uint64_t amount);

struct node_utxo {
    struct kaspa_outpoint outpoint;
    uint64_t amount, block_daa_score;
    bool is_coinbase, has_covenant;
    struct kaspa_hash covenant_id;
};
struct node_utxos {
    struct node_utxo *at; /**< in the order of their outpoints */
    size_t count, room;
};
/** False: out of memory. Fini in either case. */
bool node_view_utxos(const struct node_view *view, struct node_utxos *out,
                     const struct kaspa_spk *spk) ASSAY_MUST_USE;
void node_utxos_fini(struct node_utxos *utxos);
/** Order of two entries by outpoint, as qsort has it. */
int node_utxo_order(const void *a, const void *b);

/* ---- kaspa_node_json.c: its objects as RPC has them (digest, section 7.2) ---- */

struct node_hex {
    char text[2 * KASPA_HASH_BYTES + 1];
};
struct node_hex node_hex(const struct kaspa_hash *hash);
/** A document whose tokens are in the arena; false: no JSON, or no memory. */
bool node_json_parse(struct assay_json *doc, struct assay_arena *arena, struct assay_bytes text);
/** A text of 64 hex digits; NONE is none. */
bool node_json_hash(struct kaspa_hash *out, const struct assay_json *doc, uint32_t token);
const char *node_bool(bool value);
void node_add_tx(struct assay_buf *out, const struct node_view *view, const struct node_tx *tx,
                 const struct kaspa_chain_block *block); /**< that has it; NULL: none */
void node_add_header(struct assay_buf *out, const struct node_view *view,
                     const struct kaspa_chain_block *block);
void node_add_block(struct assay_buf *out, const struct node_view *view,
                    const struct kaspa_chain_block *block, bool with_txs);
/** An entry of getUtxosByAddresses and of notifications. */
void node_add_utxo(struct assay_buf *out, const char *address, const struct kaspa_spk *spk,
                   const struct node_utxo *utxo);
/** {"acceptingBlockHash", "acceptedTransactionIds"} */
void node_add_accepted(struct assay_buf *out, const struct node_view *view,
                       const struct kaspa_chain_block *block);

/* ---- kaspa_node_tell.c: subscriptions (digest, section 7.3) ---- */

struct node_watch; /**< one address, and what was told of it */

struct node_subscriber {
    bool block_added, virtual_chain, accepted_ids, daa_score, blue_score;
    struct node_watch *watches;
    size_t watch_count, watch_room;
};
void node_subscriber_fini(struct node_subscriber *subscriber);

struct node_address {
    char text[KASPA_ADDRESS_TEXT_MAX_BYTES];
    uint8_t script[KASPA_SPK_MAX_STANDARD_BYTES];
    size_t script_len;
};
struct kaspa_spk node_address_spk(const struct node_address *address);
/** From now on, or not any more. False: out of memory. */
bool node_watch_begin(struct node_subscriber *subscriber, const struct node_view *view,
                      const struct node_address *address) ASSAY_MUST_USE;
void node_watch_end(struct node_subscriber *subscriber, const struct node_address *address);
void node_watch_end_all(struct node_subscriber *subscriber);

/** What all subscribers were told of the chain. */
struct node_told {
    struct kaspa_hash *chain; /**< by height */
    size_t count, room;
    uint64_t daa_score, blue_score;
};
void node_told_fini(struct node_told *told);
/** What is new to who was told `told`: its first `kept` chain blocks stay. */
struct node_news {
    const struct node_told *told;
    size_t kept;
};
struct node_news node_news_of(const struct node_told *told, const struct node_view *view);
bool node_told_take(struct node_told *told, const struct node_view *view, size_t kept);
/** Hands `send` what one subscriber is to be told, one message a call. False: out of memory; it was
 * not told all. */
bool node_tell(struct node_subscriber *subscriber, const struct node_view *view,
               const struct node_news *news, void (*send)(void *cls, struct assay_bytes message),
               void *cls) ASSAY_MUST_USE;

/* ---- kaspa_node_submit.c: transactions that come in ---- */

enum node_tx_form { NODE_TX_RPC, NODE_TX_REST };
/** Reads the transaction at a token, hands it to the chain, and says what a node says. False: the
 * reason is appended to `reason`, and *id may be known or not. */
bool node_submit(const struct node_view *view, struct kaspa_hash *id, struct assay_buf *reason,
                 struct assay_arena *arena, const struct assay_json *doc, uint32_t token,
                 enum node_tx_form form, bool is_replacement);

/* ---- kaspa_node_rpc.c, kaspa_node_calls*.c: what is asked over RPC (section 7.1, 7.2) ---- */

/** One call while it is answered. */
struct node_ask {
    struct assay_arena *arena;
    const struct assay_json *doc;
    uint32_t params;
    const struct node_view *view;
    struct node_subscriber *subscriber;
    uint64_t connection;
    struct assay_buf *out;   /**< the response's params */
    struct assay_buf *error; /**< the message instead, of a call that fails */
};
struct node_method {
    const char *name;
    bool (*answer)(struct node_ask *ask); /**< false: `error` */
    bool is_about_tx, is_subscription;
};
/** NULL: there is none. */
const struct node_method *node_method_find(const struct assay_json *doc, uint32_t token);
bool node_ask_addresses(struct node_ask *ask, uint32_t list, struct node_address **out,
                        size_t *count);
/** Puts the message; returns false. */
bool node_ask_fail(struct node_ask *ask, const char *why);
bool node_ask_fail_missing(struct node_ask *ask, const char *name);
/** Members of the params that have to be there; else the message is put. */
bool node_want_hash(struct node_ask *ask, struct kaspa_hash *out, const char *name);
bool node_want_bool(struct node_ask *ask, bool *out, const char *name);
bool node_rpc_subscribe(struct node_ask *ask);
bool node_rpc_unsubscribe(struct node_ask *ask);
bool node_rpc_get_block(struct node_ask *ask);
bool node_rpc_get_current_block_color(struct node_ask *ask);
bool node_rpc_get_virtual_chain(struct node_ask *ask);
bool node_rpc_get_virtual_chain_v2(struct node_ask *ask);

struct node_request {
    struct assay_arena arena;
    struct assay_json doc;
    struct assay_bytes id; /**< as it came */
    const struct node_method *method;
    uint32_t params;
};
/** False: it closes the connection. Fini in either case. */
bool node_request_read(struct node_request *request, struct assay_bytes text);
void node_request_fini(struct node_request *request);
/** Appends the answer's text. The chain's lock is held by the caller. */
void node_request_answer(struct assay_buf *out, struct node_request *request,
                         const struct node_turn *turn, struct node_subscriber *subscriber,
                         uint64_t connection);

/* ---- kaspa_node_rest.c: what is asked over REST (section 7.7) ---- */

struct node_rest_request {
    const char *verb;
    const char *path; /**< unescaped, without the query */
    const char *query;
    struct assay_bytes body;
};
/** The first part of the path. */
void node_rest_part(char part[KASPA_NODE_NAME_MAX_BYTES], const char *path);
bool node_rest_is_about_tx(const struct node_rest_request *request);
/** Appends the answer; returns its status. The chain's lock is held by the caller. */
unsigned node_rest_answer(struct assay_buf *out, const struct node_rest_request *request,
                          const struct node_turn *turn);

/* ---- kaspa_node_spoil.c: answers as they should not be ---- */

/** MALFORMED and WRONG_SHAPE; others leave it. `member`: what is spoiled of an object; NULL: all
 * of it. */
void node_spoil(struct assay_buf *answer, enum kaspa_node_fault fault, const char *member);

/* ---- kaspa_node_frames.c: WebSocket as bytes (RFC 6455) ---- */

#define NODE_HELLO_MAX_BYTES 8192 /**< of a handshake's head */
enum {
    NODE_WS_CONTINUATION = 0,
    NODE_WS_TEXT = 1,
    NODE_WS_BINARY = 2,
    NODE_WS_CLOSE = 8,
    NODE_WS_PING = 9,
    NODE_WS_PONG = 10,
    NODE_WS_FINAL = 0x80, /**< set in a frame's first byte */
    NODE_FRAME_HEAD_MAX_BYTES = 14,
    NODE_FRAME_CONTROL_MAX_BYTES = 125, /**< of a control frame's payload */
};

/** Appends the answer to a client's head, which ends with its empty line. False: it is a refusal.
 */
bool node_hello_answer(struct assay_buf *out, struct assay_bytes head);

struct node_frame {
    uint8_t opcode;
    bool is_final;
    uint8_t mask[4];
    struct assay_bytes payload; /**< as it came */
    size_t len;                 /**< of all of it */
};
enum node_frame_state {
    NODE_FRAME_WHOLE,
    NODE_FRAME_MORE,      /**< its end has not come yet */
    NODE_FRAME_WRONG,     /**< no frame, or none that a client may send */
    NODE_FRAME_TOO_LARGE, /**< longer than NODE_MESSAGE_MAX_BYTES */
};
/** The frame that `in` begins with. */
enum node_frame_state node_frame_read(struct node_frame *out, struct assay_bytes in) ASSAY_MUST_USE;
void node_frame_unmask(struct assay_buf *out, const struct node_frame *frame); /**< appends */
/** Appends what stands before a payload of a server's frame; `first` is its first byte. */
void node_frame_head(struct assay_buf *out, uint8_t first, size_t payload_len);

/* ---- kaspa_node_outbox.c: what is to be sent to one client of RPC ---- */

struct node_message;

struct node_outbox {
    struct node_message *queue; /**< in the order of their making */
    struct node_message *sending;
    size_t queued;        /**< bytes of text in both */
    struct assay_buf out; /**< what goes out before them: frames, and the handshake's answer */
    size_t out_sent;
};
void node_outbox_init(struct node_outbox *box);
void node_outbox_fini(struct node_outbox *box);
/** A text of its own, `delay_ms` from now at the earliest, with spaces up to `large_bytes`, that
 * answers a call (0: none). False: out of memory, or too much waits already. */
bool node_outbox_put(struct node_outbox *box, struct assay_bytes text, uint64_t call,
                     size_t large_bytes, unsigned delay_ms) ASSAY_MUST_USE;
/** A control frame: goes out before what was put. */
void node_outbox_add(struct node_outbox *box, uint8_t opcode, struct assay_bytes payload);
void node_outbox_drop(struct node_outbox *box); /**< what was put, and does not go out already */
/** When it has something to send: 0: now; INT64_MAX: never, as it is. */
int64_t node_outbox_due_ns(const struct node_outbox *box);
/** Sends what the socket takes, at most a frame of what was put: who reads much does not hold up
 * others. False: the connection is of no more use, or there is no memory, or its pings are not
 * read. */
bool node_outbox_send(struct node_outbox *box, int fd, struct node_log *log) ASSAY_MUST_USE;

/* ---- kaspa_node_ws.c, kaspa_node_http.c: the servers ---- */

enum assay_code node_ws_start(struct node_ws **out, struct kaspa_node *node,
                              struct assay_err *err) ASSAY_MUST_USE;
void node_ws_stop(struct node_ws *ws);    /**< NULL is taken */
void node_ws_changed(struct node_ws *ws); /**< NULL is taken */
enum assay_code node_http_start(struct node_http **out, struct kaspa_node *node,
                                struct assay_err *err) ASSAY_MUST_USE;
void node_http_stop(struct node_http *http); /**< NULL is taken */

#endif
