/* The role `node`: starting and ending it, its behaviour, and what becomes of each call; see
 * kaspa_node.h. */
#include "roles/kaspa_node.h"

#include "http/sock.h"
#include "roles/kaspa_node_internal.h"

#include <stdio.h>
#include <unistd.h>

/* ---- the chain's lock ---- */

struct kaspa_chain_lock {
    pthread_mutex_t mutex;
};

enum assay_code kaspa_chain_lock_new(struct kaspa_chain_lock **out)
{
    struct kaspa_chain_lock *lock = assay_alloc(sizeof(*lock));

    if (lock == NULL)
        return ASSAY_E_NOMEM;
    pthread_mutex_init(&lock->mutex, NULL);
    *out = lock;
    return ASSAY_OK;
}

void kaspa_chain_lock_free(struct kaspa_chain_lock *lock)
{
    if (lock == NULL)
        return;
    pthread_mutex_destroy(&lock->mutex);
    assay_free(lock);
}

void kaspa_chain_lock_take(struct kaspa_chain_lock *lock)
{
    pthread_mutex_lock(&lock->mutex);
}

void kaspa_chain_lock_give(struct kaspa_chain_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

/* ---- behaviour ---- */

/* Keeps a text of behaviour; NULL stays NULL. */
static const char *keep(char room[KASPA_NODE_NAME_MAX_BYTES], const char *text)
{
    if (text == NULL)
        return NULL;
    (void)!snprintf(room, KASPA_NODE_NAME_MAX_BYTES, "%s", text);
    return room;
}

void kaspa_node_behave(struct kaspa_node *node, const struct kaspa_node_behaviour *behaviour)
{
    pthread_mutex_lock(&node->log.lock);
    node->how = *behaviour;
    node->how.network = keep(node->network_text, behaviour->network);
    node->how.fault_method = keep(node->fault_method, behaviour->fault_method);
    node->faults = 0;
    node->tx_answers = 0;
    pthread_mutex_unlock(&node->log.lock);
}

/* Counts a call, or a connection, that the fault is for; false when it has worn off. */
static bool takes_fault(struct kaspa_node *node)
{
    if (node->how.fault_times != 0 && node->faults >= node->how.fault_times)
        return false;
    node->faults++;
    return true;
}

static bool is_faulty(const char *fault_method, bool is_rest, const char *method, const char *part)
{
    return fault_method == NULL || strcmp(fault_method, part) == 0 ||
           (strcmp(fault_method, "submitTransaction") == 0 && node_is_submission(is_rest, method));
}

static enum kaspa_node_fault fault_of(struct kaspa_node *node, bool is_rest, const char *method,
                                      const char *part)
{
    const struct kaspa_node_behaviour *how = &node->how;

    if (how->fault == KASPA_NODE_SOUND || how->fault == KASPA_NODE_REFUSE ||
        !is_faulty(how->fault_method, is_rest, method, part) || !takes_fault(node))
        return KASPA_NODE_SOUND;
    if (how->fault != KASPA_NODE_FLAP)
        return how->fault;
    return node->faults % 2 == 0 ? KASPA_NODE_DROP : KASPA_NODE_SOUND;
}

/* The log's lock is held. */
static void copy_behaviour(const struct kaspa_node *node, struct node_turn *turn)
{
    *turn = (struct node_turn){.how = node->how, .chain = node->chain};
    turn->how.network = keep(turn->network, node->how.network);
    turn->how.fault_method = NULL;
    turn->knows_nothing = node->how.lie == KASPA_NODE_ACCEPTS_NONE;
}

void node_turn_begin(struct kaspa_node *node, struct node_turn *turn, bool is_rest,
                     const char *method, const char *part, struct assay_bytes params,
                     bool is_about_tx)
{
    pthread_mutex_lock(&node->log.lock);
    copy_behaviour(node, turn);
    turn->number = node_log_add(&node->log, is_rest, method, params);
    turn->fault = fault_of(node, is_rest, method, part);
    if (is_about_tx && node->how.lie == KASPA_NODE_CONTRADICT)
        turn->knows_nothing = node->tx_answers++ % 2 == 1;
    pthread_mutex_unlock(&node->log.lock);
}

void node_turn_peek(struct kaspa_node *node, struct node_turn *turn)
{
    pthread_mutex_lock(&node->log.lock);
    copy_behaviour(node, turn);
    pthread_mutex_unlock(&node->log.lock);
}

bool node_refuses(struct kaspa_node *node)
{
    bool refuses;

    pthread_mutex_lock(&node->log.lock);
    refuses = node->how.fault == KASPA_NODE_REFUSE && takes_fault(node);
    pthread_mutex_unlock(&node->log.lock);
    return refuses;
}

/* ---- starting and ending ---- */

/* Returns the one before, which nobody is told of a change through any more. */
static struct node_ws *exchange_ws(struct kaspa_node *node, struct node_ws *ws)
{
    struct node_ws *before;

    pthread_mutex_lock(&node->log.lock);
    before = node->ws;
    node->ws = ws;
    pthread_mutex_unlock(&node->log.lock);
    return before;
}

static enum assay_code start_servers(struct kaspa_node *node, struct assay_err *err)
{
    struct node_ws *ws = NULL;
    enum assay_code rc = node_ws_start(&ws, node, err);

    (void)exchange_ws(node, ws);
    return rc == ASSAY_OK ? node_http_start(&node->http, node, err) : rc;
}

static void stop_servers(struct kaspa_node *node)
{
    node_ws_stop(exchange_ws(node, NULL));
    node_http_stop(node->http);
    node->http = NULL;
}

static enum assay_code listen_at(int *fd, char url[32], const char *scheme, uint16_t port,
                                 struct assay_err *err)
{
    enum assay_code rc = sock_listen(fd, &port, port, err);

    if (rc == ASSAY_OK)
        (void)!snprintf(url, 32, "%s://127.0.0.1:%u", scheme, (unsigned)port);
    return rc;
}

enum assay_code kaspa_node_start(struct kaspa_node **out, const struct kaspa_node_options *options,
                                 struct assay_err *err)
{
    struct kaspa_node *node = assay_alloc(sizeof(*node));
    enum assay_code rc;

    if (node == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory for a node");
    *node = (struct kaspa_node){
        .chain = options->chain,
        .chain_lock = options->lock,
        .rpc_listener = -1,
        .rest_listener = -1,
    };
    node_log_init(&node->log);
    if ((rc = listen_at(&node->rpc_listener, node->rpc_url, "ws", options->rpc_port, err)) !=
            ASSAY_OK ||
        (rc = listen_at(&node->rest_listener, node->rest_url, "http", options->rest_port, err)) !=
            ASSAY_OK ||
        (rc = start_servers(node, err)) != ASSAY_OK) {
        kaspa_node_stop(node);
        return rc;
    }
    *out = node;
    return ASSAY_OK;
}

void kaspa_node_stop(struct kaspa_node *node)
{
    if (node == NULL)
        return;
    stop_servers(node);
    if (node->rpc_listener >= 0)
        close(node->rpc_listener);
    if (node->rest_listener >= 0)
        close(node->rest_listener);
    node_log_fini(&node->log);
    assay_free(node);
}

enum assay_code kaspa_node_restart(struct kaspa_node *node, struct assay_err *err)
{
    enum assay_code rc;

    stop_servers(node);
    rc = start_servers(node, err);
    if (rc != ASSAY_OK)
        stop_servers(node);
    return rc;
}

/* ---- its owner's side ---- */

const char *kaspa_node_rpc_url(const struct kaspa_node *node)
{
    return node->rpc_url;
}

const char *kaspa_node_rest_url(const struct kaspa_node *node)
{
    return node->rest_url;
}

void kaspa_node_changed(struct kaspa_node *node)
{
    pthread_mutex_lock(&node->log.lock);
    node_ws_changed(node->ws);
    pthread_mutex_unlock(&node->log.lock);
}

void kaspa_node_switch(struct kaspa_node *node, struct kaspa_chain *chain)
{
    pthread_mutex_lock(&node->log.lock);
    node->chain = chain;
    pthread_mutex_unlock(&node->log.lock);
    kaspa_node_changed(node);
}

uint64_t kaspa_node_calls(struct kaspa_node *node)
{
    uint64_t count;

    pthread_mutex_lock(&node->log.lock);
    count = node->log.count;
    pthread_mutex_unlock(&node->log.lock);
    return count;
}

bool kaspa_node_call(struct kaspa_node *node, uint64_t number, struct kaspa_node_call *out)
{
    bool found;

    pthread_mutex_lock(&node->log.lock);
    found = number != 0 && number <= node->log.kept;
    if (found)
        *out = node->log.calls[number - 1];
    pthread_mutex_unlock(&node->log.lock);
    return found;
}

uint64_t kaspa_node_submissions(struct kaspa_node *node)
{
    return node_log_submissions(&node->log);
}

bool kaspa_node_await_submissions(struct kaspa_node *node, uint64_t count, int deadline_ms)
{
    return node_log_await_submissions(&node->log, count, deadline_ms);
}

bool kaspa_node_await(struct kaspa_node *node, const char *method, uint64_t count, int deadline_ms)
{
    return node_log_await(&node->log, method, count, deadline_ms);
}
