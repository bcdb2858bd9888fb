/* Asking a server what it is (target/survey.h). */
#include "target/survey.h"

#include "http/client.h"
#include "target/ready.h"

#include <string.h>

/* ---- one request ---- */

static const char tools_list[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";

static enum assay_code ask(const struct http_response **out, struct survey *s,
                           struct http_client *client, const char *method, const char *target,
                           const char *body, struct assay_err *err)
{
    struct http_request *request = assay_arena_alloc(s->arena, sizeof(*request));
    struct http_exchange *exchange = NULL;
    struct http_peer peer;
    enum assay_code rc;

    *out = NULL;
    if (request == NULL)
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    if (s->requests == SURVEY_REQUESTS_MAX)
        return ASSAY_OK;
    s->requests++;
    *request =
        body != NULL ? http_post(target, "application/json", assay_str(body)) : http_get(target);
    request->method = method;
    (void)http_request_add(request, "Accept", ASSAY_LIT("application/json, text/event-stream"));
    if ((rc = ready_use_url(&peer, s->base_url, s->allowed_hosts, err)) != ASSAY_OK ||
        (rc = http_send(client, &exchange, s->arena, &peer, request, SURVEY_DEADLINE_MS, err)) !=
            ASSAY_OK)
        return rc;
    if (exchange->outcome == HTTP_ANSWERED)
        *out = &exchange->response;
    return ASSAY_OK;
}

static json_t *json_of(const struct http_response *response)
{
    return json_loadb((const char *)response->body.at, response->body.len, JSON_REJECT_DUPLICATES,
                      NULL);
}

/* ---- routes ---- */

enum assay_code survey_add(struct survey *s, const char *name, const char *method,
                           const char *target, struct assay_err *err)
{
    if (s->route_count == SURVEY_ROUTES_MAX)
        return assay_fail(err, ASSAY_E_TOO_LARGE, 0, "more than %d routes", SURVEY_ROUTES_MAX);
    s->routes[s->route_count++] =
        (struct survey_route){.name = name, .method = method, .target = target};
    return ASSAY_OK;
}

static bool has_body(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           strcmp(method, "DELETE") != 0;
}

static bool is_mcp(const struct survey_route *route)
{
    return route->name != NULL && strcmp(route->name, "mcp") == 0;
}

static enum assay_code ask_route(struct survey *s, struct http_client *client,
                                 struct survey_route *route, struct assay_err *err)
{
    const struct http_response *answer;
    const char *body = is_mcp(route) ? tools_list : has_body(route->method) ? "{}" : NULL;
    enum assay_code rc = ask(&answer, s, client, route->method, route->target, body, err);

    if (rc != ASSAY_OK || answer == NULL)
        return rc;
    route->status = answer->status;
    if (answer->status == 402)
        survey_read_challenge(s, route, answer);
    return ASSAY_OK;
}

/* ---- discovery documents ---- */

static const char *kept(struct survey *s, const char *text)
{
    return (const char *)assay_arena_copy(s->arena, assay_str(text)).at;
}

/* A path that a request can name as it stands: of an origin-form target, and without parameters. */
static bool is_plain_target(const char *target)
{
    return target[0] == '/' && strlen(target) < 512 && strpbrk(target, " {}<>\"\\\r\n\t") == NULL;
}

static bool is_known(const struct survey *s, const char *target)
{
    for (size_t i = 0; i < s->route_count; i++)
        if (strcmp(s->routes[i].target, target) == 0)
            return true;
    return false;
}

/* What nobody asked for: as much as there is room for. */
/* One beyond those that were asked for; status 0: it has not answered yet. */
static void add_extra(struct survey *s, const char *name, const char *method, const char *target,
                      int status)
{
    if (survey_add(s, name, method, target, NULL) == ASSAY_OK)
        s->routes[s->route_count - 1].status = status;
}

static void add_found(struct survey *s, const char *method, const char *target)
{
    const char *copy = is_plain_target(target) && !is_known(s, target) ? kept(s, target) : NULL;

    if (copy != NULL && s->route_count + 4 < SURVEY_ROUTES_MAX)
        add_extra(s, NULL, method, copy, 0);
}

/* OpenAPI: the operations that say they answer 402, and whether anybody sends an Idempotency-Key.
 */
static void read_openapi(struct survey *s, json_t *document)
{
    static const char *const methods[][2] = {{"get", "GET"}, {"post", "POST"}};
    const char *path;
    json_t *operations;

    json_object_foreach (json_object_get(document, "paths"), path, operations)
        for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
            const json_t *operation = json_object_get(operations, methods[i][0]);

            if (json_object_get(json_object_get(operation, "responses"), "402") != NULL)
                add_found(s, methods[i][1], path);
        }
}

/* A list of resources, as URLs or objects with one. */
static void read_resources(struct survey *s, const json_t *document)
{
    const json_t *resources = json_object_get(document, "resources"), *one;
    size_t i;

    json_array_foreach (resources, i, one) {
        const char *text =
            json_string_value(json_is_string(one) ? one : json_object_get(one, "resource"));
        size_t len = strlen(s->base_url);

        if (text != NULL && strncmp(text, s->base_url, len) == 0)
            add_found(s, "GET", text + len);
    }
}

static bool mentions(struct assay_bytes text, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= text.len; i++)
        if (assay_bytes_equal_nocase(assay_bytes_part(text, i, i + len), assay_str(word)))
            return true;
    return false;
}

static enum assay_code ask_documents(struct survey *s, struct http_client *client,
                                     struct assay_err *err)
{
    static const char *const places[] = {"/.well-known/x402", "/openapi.json"};
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_LEN(places) && rc == ASSAY_OK; i++) {
        const struct http_response *answer;
        json_t *document = NULL;

        rc = ask(&answer, s, client, "GET", places[i], NULL, err);
        if (rc == ASSAY_OK && answer != NULL && answer->status == 200)
            document = json_of(answer);
        if (json_is_object(document)) {
            s->documents[s->document_count++] = places[i];
            s->has_idempotency = s->has_idempotency || mentions(answer->body, "idempotency-key");
            read_openapi(s, document);
            read_resources(s, document);
        }
        json_decref(document);
    }
    return rc;
}

/* Where tools and free answers usually are. */
static enum assay_code ask_mcp(struct survey *s, struct http_client *client, const char *target,
                               struct assay_err *err)
{
    const struct http_response *answer;
    enum assay_code rc = ask(&answer, s, client, "POST", target, tools_list, err);
    json_t *document = NULL;

    if (rc != ASSAY_OK || answer == NULL || answer->status != 200)
        return rc;
    document = json_of(answer);
    s->has_mcp = json_is_array(json_object_get(json_object_get(document, "result"), "tools"));
    json_decref(document);
    if (s->has_mcp && !is_known(s, target))
        add_extra(s, "mcp", "POST", target, answer->status);
    return ASSAY_OK;
}

static enum assay_code ask_free(struct survey *s, struct http_client *client, struct assay_err *err)
{
    static const char *const places[] = {"/health", "/free"};
    enum assay_code rc = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_LEN(places) && rc == ASSAY_OK; i++) {
        const struct http_response *answer;

        if (is_known(s, places[i]))
            continue;
        rc = ask(&answer, s, client, "GET", places[i], NULL, err);
        if (rc != ASSAY_OK || answer == NULL || answer->status != 200)
            continue;
        add_extra(s, "free", "GET", places[i], answer->status);
        break;
    }
    return rc;
}

static bool has_answer(const struct survey *s)
{
    bool any = false;

    for (size_t i = 0; i < s->route_count; i++)
        any = any || s->routes[i].status != 0;
    return any || s->has_mcp || s->document_count > 0;
}

enum assay_code survey_ask(struct survey *s, struct assay_err *err)
{
    struct http_client *client = http_client_new();
    const char *mcp = "/mcp";
    enum assay_code rc = client != NULL ? ASSAY_OK : assay_fail(err, ASSAY_E_NOMEM, 0, "no memory");

    if (rc == ASSAY_OK)
        rc = ask_documents(s, client, err);
    for (size_t i = 0; rc == ASSAY_OK && i < s->route_count; i++) {
        mcp = is_mcp(&s->routes[i]) ? s->routes[i].target : mcp;
        rc = ask_route(s, client, &s->routes[i], err);
    }
    if (rc == ASSAY_OK)
        rc = ask_mcp(s, client, mcp, err);
    if (rc == ASSAY_OK)
        rc = ask_free(s, client, err);
    http_client_free(client);
    if (rc == ASSAY_OK && !has_answer(s) && s->profile == NULL)
        return assay_fail(err, ASSAY_E_CLOSED, 0,
                          "%s: nothing answers there as it should: is the server running? Name a "
                          "route that it has with --endpoint",
                          s->base_url);
    if (rc == ASSAY_OK)
        survey_name_routes(s);
    return rc;
}
