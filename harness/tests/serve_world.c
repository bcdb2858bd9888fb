/* A server as a program, with the world around it; see serve_world.h. */
#include "serve_world.h"

#include "fault/tree.h"
#include "http/sock.h"

#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- the chain ----------------------------------------------------------------------------------
 */

/* Until the node is called again, or a little later: what changes the mempool is a call. */
static void await_call(struct serve_world *w)
{
    (void)kaspa_node_await(w->chain.node, NULL, kaspa_node_calls(w->chain.node) + 1, LOOK_AGAIN_MS);
}

/* Mines whatever is waiting, as long as it is to. */
static void *mine_what_waits(void *with)
{
    struct serve_world *w = with;

    while (!atomic_load(&w->ended)) {
        if (atomic_load(&w->mines) && world_info(&w->chain).mempool_size > 0)
            world_mine(&w->chain, 1);
        await_call(w);
    }
    return NULL;
}

size_t serve_submissions(struct serve_world *w)
{
    size_t count;

    kaspa_chain_lock_take(w->chain.lock);
    count = kaspa_chain_event_count(w->chain.chain);
    kaspa_chain_lock_give(w->chain.lock);
    return count;
}

bool serve_await_mempool(struct serve_world *w, size_t size)
{
    for (int i = 0; i < PATIENCE_MS / LOOK_AGAIN_MS; i++) {
        if (world_info(&w->chain).mempool_size == size)
            return true;
        await_call(w);
    }
    return false;
}

/* ---- the server ---------------------------------------------------------------------------------
 */

void serve_use(struct serve_world *w, const char *argument)
{
    size_t i = 0;

    while (w->wanted[i] != NULL)
        i++;
    cr_assert_lt(i, SERVE_ARGS - 1);
    w->wanted[i] = argument;
}

const char *serve_text(struct serve_world *w, const char *name, const char *value)
{
    const char *text = assay_arena_printf(&w->chain.arena, "%s%s", name, value);

    cr_assert_not_null(text);
    return text;
}

/* The ready line's URL; "" where it did not come. */
static void read_ready_line(struct serve_world *w)
{
    const char *start = w->facilitates ? "ready facilitator " : "ready kaspa-x402 ";
    size_t len = strlen(start);
    struct assay_buf out = ASSAY_BUF_INIT(4096);
    const char *line;

    program_read(&w->server, "stdout", &out);
    line = assay_buf_cstr(&out);
    w->url[0] = '\0';
    if (line != NULL && strncmp(line, start, len) == 0)
        (void)snprintf(w->url, sizeof(w->url), "%.*s", (int)strcspn(line + len, "\n"), line + len);
    assay_buf_fini(&out);
}

/* One that it can have again after it has ended. */
static void choose_port(struct serve_world *w)
{
    struct assay_err err = {0};
    uint16_t port;

    cr_assert_eq(sock_find_port(&port, &err), ASSAY_OK, "%s", err.text);
    (void)snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%u", (unsigned)port);
}

void serve_start(struct serve_world *w)
{
    static const char *const environment[] = {"KX_TEST_TOKEN=" SERVE_TOKEN,
                                              "KX_TEST_OTHER_TOKEN=" SERVE_OTHER_TOKEN,
                                              "KX_TEST_SECRET=" SERVE_SECRET, NULL};
    const char *args[SERVE_ARGS] = {"serve",         w->facilitates ? "facilitator" : "kaspa-x402",
                                    "--store=store", "--node-lag=0",
                                    "--poll=20",     SERVE_WORKERS_OPTION};
    size_t n = 6;

    if (w->url[0] == '\0')
        choose_port(w);
    args[n++] = serve_text(w, "--listen=", w->url + strlen("http://"));
    args[n++] = serve_text(w, "--node=", kaspa_node_rpc_url(w->chain.node));
    if (w->facilitates) {
        args[n++] = "--tenant=shop:KX_TEST_TOKEN";
        args[n++] = "--tenant=other:KX_TEST_OTHER_TOKEN";
    } else {
        args[n++] = serve_text(w, "--pay-to=", w->merchant);
    }
    if (w->origin != NULL && !w->facilitates) /* else the built-in goods */
        args[n++] = serve_text(w, "--origin=", origin_url(w->origin));
    for (size_t i = 0; w->wanted[i] != NULL; i++) {
        cr_assert_lt(n, SERVE_ARGS - 1);
        args[n++] = w->wanted[i];
    }
    program_start(&w->server, args, environment);
    (void)program_await_text(&w->server, "stdout", "\n", PATIENCE_MS);
    read_ready_line(w);
    if (w->url[0] == '\0')
        program_end(&w->server, 0);
    cr_assert_neq(w->url[0], '\0', "%.*s", (int)w->server.err.len, (const char *)w->server.err.at);
}

void serve_stop(struct serve_world *w)
{
    cr_assert_eq(kill(w->server.pid, SIGTERM), 0);
    program_end(&w->server, PATIENCE_MS);
    cr_expect_eq(w->server.status, 0, "%d: %.*s", w->server.status, (int)w->server.err.len,
                 (const char *)w->server.err.at);
    cr_expect_not(program_says(&w->server, "did not stop well"), "%.*s", (int)w->server.err.len,
                  (const char *)w->server.err.at);
}

void serve_workers(const struct serve_world *w, pid_t workers[SERVE_WORKERS])
{
    const struct process_tree tree = {.first = w->server.pid};
    pid_t members[SERVE_WORKERS + 2];
    size_t count = process_tree_list(&tree, members, ARRAY_LEN(members));
    size_t n = 0;

    cr_assert_eq(count, SERVE_WORKERS + 1);
    for (size_t i = 0; i < count; i++)
        if (members[i] != w->server.pid && n < SERVE_WORKERS)
            workers[n++] = members[i];
    cr_assert_eq(n, SERVE_WORKERS);
}

/* The workers die of their parent's death, a little later, and hold its port until then. */
void serve_kill(struct serve_world *w)
{
    struct pollfd ended[SERVE_WORKERS];
    pid_t workers[SERVE_WORKERS];

    serve_workers(w, workers);
    for (size_t i = 0; i < SERVE_WORKERS; i++) {
        ended[i] = (struct pollfd){.fd = pidfd_open(workers[i], 0), .events = POLLIN};
        cr_assert_geq(ended[i].fd, 0);
    }
    cr_assert_eq(kill(w->server.pid, SIGKILL), 0);
    program_end(&w->server, PATIENCE_MS);
    for (size_t i = 0; i < SERVE_WORKERS; i++) {
        cr_assert_eq(poll(&ended[i], 1, PATIENCE_MS), 1);
        (void)close(ended[i].fd);
    }
}

int serve_recover(struct serve_world *w, const char *const *more, struct program *said)
{
    const char *args[SERVE_ARGS] = {"serve", "kaspa-x402", "--recover", "--node-lag=0"};
    size_t n = 4;

    program_init(said);
    args[n++] = serve_text(w, "--store=", serve_text(w, w->server.folder, "/store"));
    args[n++] = serve_text(w, "--node=", kaspa_node_rpc_url(w->chain.node));
    while (*more != NULL)
        args[n++] = *more++;
    program_run(said, args, NULL);
    return said->status;
}

/* Another key's than the payer's: change to who is paid would be a second payment. */
static void make_merchant(struct serve_world *w)
{
    uint8_t room[KASPA_SPK_SCHNORR_BYTES];
    struct assay_buf script = ASSAY_BUF_OVER(room);
    struct kaspa_address address;
    struct kaspa_spk spk = {0};
    struct assay_key key;

    kaspa_key_from_seed(&key, ASSAY_LIT("serve"), ASSAY_LIT("merchant"));
    kaspa_script_add_pay_to_pubkey(&script, key.xonly);
    spk.script = assay_buf_view(&script);
    cr_assert(kaspa_address_of_script(&address, &spk, KASPA_TESTNET));
    kaspa_address_encode(w->merchant, &address);
}

void serve_world_begin(struct serve_world *w)
{
    struct assay_err err = {0};

    *w = (struct serve_world){.identifiers = 0};
    world_begin(&w->chain);
    make_merchant(w);
    cr_assert_eq(origin_start(&w->origin, 0, &err), ASSAY_OK, "%s", err.text);
    program_init(&w->server);
    atomic_store(&w->mines, true);
    cr_assert_eq(pthread_create(&w->miner, NULL, mine_what_waits, w), 0);
}

void serve_world_end(struct serve_world *w)
{
    atomic_store(&w->ended, true);
    (void)pthread_join(w->miner, NULL);
    program_fini(&w->server);
    origin_stop(w->origin);
    world_end(&w->chain);
}

/* ---- requests -----------------------------------------------------------------------------------
 */

struct http_request request_of(const char *method, const char *target, const char *body)
{
    struct http_request request = {.method = method, .target = target};

    if (body != NULL) {
        request.body = assay_str(body);
        request.has_body = true;
    }
    return request;
}

struct http_peer serve_peer(const struct serve_world *w)
{
    struct http_peer p = {0};

    cr_assert_eq(assay_url_split(&p.url, assay_str(w->url), NULL), ASSAY_OK);
    return p;
}

const struct http_exchange *serve_send(struct serve_world *w, const struct http_request *request)
{
    struct http_request *kept = assay_arena_alloc(&w->chain.arena, sizeof(*kept));
    struct http_peer *to = assay_arena_alloc(&w->chain.arena, sizeof(*to));
    struct http_client *client = http_client_new();
    struct http_exchange *exchange = NULL;
    struct assay_err err = {0};

    cr_assert(kept != NULL && to != NULL && client != NULL);
    *kept = *request;
    *to = serve_peer(w);
    cr_assert_eq(http_send(client, &exchange, &w->chain.arena, to, kept, PATIENCE_MS, &err),
                 ASSAY_OK, "%s", err.text);
    http_client_free(client);
    return exchange;
}

void serve_send_copies(struct serve_world *w, const struct http_request *request, int *statuses,
                       size_t count)
{
    struct http_exchange *answers[HTTP_BURST_MAX];
    const struct http_request *requests[HTTP_BURST_MAX];
    const struct http_peer *peers[HTTP_BURST_MAX];
    struct http_peer to = serve_peer(w);
    struct http_overlap overlap;
    struct assay_err err = {0};

    cr_assert_leq(count, HTTP_BURST_MAX);
    for (size_t i = 0; i < count; i++) {
        requests[i] = request;
        peers[i] = &to;
    }
    cr_assert_eq(
        http_burst(answers, &overlap, &w->chain.arena, peers, requests, count, PATIENCE_MS, &err),
        ASSAY_OK, "%s", err.text);
    for (size_t i = 0; i < count; i++)
        statuses[i] = status_of(answers[i]);
}

int status_of(const struct http_exchange *exchange)
{
    return exchange->outcome == HTTP_ANSWERED ? exchange->response.status : 0;
}

const char *body_of(struct serve_world *w, const struct http_exchange *exchange)
{
    struct assay_bytes body = assay_arena_copy(&w->chain.arena, exchange->response.body);

    return (const char *)body.at;
}

struct assay_bytes header_of(const struct http_exchange *exchange, const char *name)
{
    return http_response_header(&exchange->response, name, NULL);
}

struct purchase serve_buy_as(struct serve_world *w, const char *method, const char *target,
                             const char *body, const char *profile, const char *principal)
{
    struct purchase p = {.request = request_of(method, target, body)};
    const struct http_exchange *challenge;
    struct kx_bill bill = {
        .profile = profile, .method = method, .body = body, .principal = principal};
    char number[16];

    (void)snprintf(number, sizeof(number), "%u", ++w->identifiers);
    bill.identifier = serve_text(w, "an_identifier_of_the_test_", number);
    if (principal != NULL)
        cr_assert(http_request_add(&p.request, "Authorization", ASSAY_LIT("Bearer " SERVE_TOKEN)));
    challenge = serve_send(w, &p.request);
    cr_assert_eq(status_of(challenge), 402, "%d: %s", status_of(challenge), body_of(w, challenge));
    bill.required = header_of(challenge, "PAYMENT-REQUIRED");
    bill.url = assay_arena_printf(&w->chain.arena, "%s%s", w->url, target);
    p.cheque = kx_payer_pay(&w->chain, &bill);
    cr_assert(http_request_add(&p.request, "PAYMENT-SIGNATURE", assay_str(p.cheque.header)));
    return p;
}

struct purchase serve_buy(struct serve_world *w, const char *target)
{
    return serve_buy_as(w, "GET", target, NULL, NULL, NULL);
}

void expect_bought(struct serve_world *w, const struct http_exchange *e, const char *row)
{
    cr_expect_eq(status_of(e), 200, "%s: %d %s", row, status_of(e), body_of(w, e));
    cr_expect_gt(header_of(e, "PAYMENT-RESPONSE").len, 0, "%s", row);
    cr_expect(assay_bytes_is(header_of(e, "Cache-Control"), "private, no-store, max-age=0"), "%s",
              row);
}

void expect_pending(struct serve_world *w, const struct http_exchange *e, const char *row)
{
    cr_expect_eq(status_of(e), 503, "%s: %d %s", row, status_of(e), body_of(w, e));
    cr_expect_eq(header_of(e, "PAYMENT-RESPONSE").len, 0, "%s", row);
    cr_expect(assay_bytes_is(header_of(e, "Retry-After"), "1"), "%s", row);
    cr_expect_not_null(strstr(body_of(w, e), "exact_settlement_recovery_required"), "%s", row);
}

void expect_alike(struct serve_world *w, const struct http_exchange *a,
                  const struct http_exchange *b)
{
    cr_expect_eq(status_of(a), status_of(b), "%d, %d: %s", status_of(a), status_of(b),
                 body_of(w, b));
    cr_expect(assay_bytes_equal(a->response.body, b->response.body));
    cr_expect(
        assay_bytes_equal(header_of(a, "PAYMENT-RESPONSE"), header_of(b, "PAYMENT-RESPONSE")));
    cr_expect(assay_bytes_equal(header_of(a, "Content-Type"), header_of(b, "Content-Type")));
}

static void *send_it(void *with)
{
    struct sending *s = with;
    struct http_client *client = http_client_new();

    (void)!http_send(client, &s->exchange, &s->arena, &s->to, s->request, PATIENCE_MS, NULL);
    http_client_free(client);
    return NULL;
}

void begin_sending(struct sending *s, struct serve_world *w, const struct http_request *request)
{
    *s = (struct sending){
        .request = request, .to = serve_peer(w), .arena = ASSAY_ARENA_INIT((size_t)16 << 20)};
    cr_assert_eq(pthread_create(&s->thread, NULL, send_it, s), 0);
}

const struct http_exchange *end_sending(struct sending *s)
{
    cr_assert_eq(pthread_join(s->thread, NULL), 0);
    cr_assert_not_null(s->exchange);
    return s->exchange;
}

void forget_sending(struct sending *s)
{
    assay_arena_fini(&s->arena);
}

void serve_stall_origin(struct serve_world *w)
{
    origin_behave(w->origin, &(struct origin_rule){.behaviour = ORIGIN_STALL});
}

void serve_answer(struct serve_world *w)
{
    origin_behave(w->origin, &(struct origin_rule){.behaviour = ORIGIN_ANSWER});
}

void hang_up_in_the_handler(struct serve_world *w, const struct http_request *request,
                            const char *logged)
{
    struct assay_buf bytes = ASSAY_BUF_INIT(1 << 20);
    struct http_peer to = serve_peer(w);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(to.url.port)};
    uint64_t before = origin_executions(w->origin);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    http_request_write(&bytes, &to, request, false);
    cr_assert_eq(send(fd, bytes.at, bytes.len, MSG_NOSIGNAL), (ssize_t)bytes.len);
    cr_assert(origin_await(w->origin, before + 1, PATIENCE_MS));
    (void)close(fd);
    origin_release(w->origin);
    cr_expect(program_await_text(&w->server, "stderr", logged, PATIENCE_MS), "%s", logged);
    assay_buf_fini(&bytes);
}
