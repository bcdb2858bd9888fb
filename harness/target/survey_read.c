/* What a challenge says of the server that sent it, and the file made of that (target/survey.h). */
#include "target/survey.h"

#include "base/base64.h"
#include "base/time.h"
#include "target/members.h"

#include <stdlib.h>
#include <time.h>

enum { HEADER_MAX_BYTES = 1 << 16 };

/* ---- challenges ---- */

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static const char *kept(struct survey *s, const char *text)
{
    return text != NULL ? (const char *)assay_arena_copy(s->arena, assay_str(text)).at : NULL;
}

static json_t *offer_of(const struct http_response *response)
{
    struct assay_bytes header = http_response_header(response, "PAYMENT-REQUIRED", NULL);
    struct assay_buf text = ASSAY_BUF_INIT(HEADER_MAX_BYTES);
    json_t *offer = NULL;

    if (header.len > 0 &&
        assay_base64_decode(&text, ASSAY_BASE64_STD_ANY_BITS, header, NULL) == ASSAY_OK)
        offer = json_loadb((const char *)text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    assay_buf_fini(&text);
    return offer;
}

/* Of paid-tools: a nonce that ends at a time of the system's clock. */
static void read_ttl(struct survey *s, const char *expires)
{
    struct timespec now;
    int64_t ms = 0, left;

    if (expires == NULL || assay_time_parse(&ms, assay_str(expires)) != ASSAY_OK ||
        clock_gettime(CLOCK_REALTIME, &now) != 0)
        return;
    left = ms - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    if (left > 0 && left < (int64_t)366 * 86400 * 1000)
        s->ttl_ms = (uint64_t)(left + 999) / 1000 * 1000; /* whole seconds, less the way here */
}

static void read_extensions(struct survey *s, const json_t *offer)
{
    const json_t *extensions = json_object_get(offer, "extensions");

    s->has_identifier =
        s->has_identifier || json_object_get(extensions, "payment-identifier") != NULL;
    s->has_receipts = s->has_receipts || json_object_get(extensions, "offer-receipt") != NULL;
}

static bool begins(const char *text, const char *with)
{
    return text != NULL && strncmp(text, with, strlen(with)) == 0;
}

/* The URL that it calls itself by, where that begins otherwise than the one it was reached at. */
static void read_public_url(struct survey *s, const char *url)
{
    const char *host = url != NULL ? strstr(url, "://") : NULL;

    if (host == NULL || begins(url, s->base_url) || s->public_url != NULL)
        return;
    s->public_url = assay_arena_printf(
        s->arena, "%.*s", (int)((size_t)(host + 3 - url) + strcspn(host + 3, "/?#")), url);
}

static const char *read_offer(struct survey *s, struct survey_route *route, const json_t *offer)
{
    const json_t *accepts = json_object_get(offer, "accepts"), *first, *one;
    const char *network;
    size_t i;

    first = json_array_get(accepts, 0);
    network = text_of(first, "network");
    if (network == NULL)
        return NULL;
    if (json_integer_value(json_object_get(offer, "x402Version")) == 1 &&
        text_of(json_object_get(first, "extra"), "requestHash") == NULL) {
        s->is_version_one = true;
        return NULL;
    }
    if (text_of(json_object_get(first, "extra"), "requestHash") != NULL)
        return "paid-tools";
    s->network = s->network != NULL ? s->network : kept(s, network);
    s->has_two_offers = s->has_two_offers || json_array_size(accepts) > 1;
    json_array_foreach (accepts, i, one) {
        const char *scheme = text_of(one, "scheme");

        s->has_channels =
            s->has_channels || (scheme != NULL && strcmp(scheme, "batch-settlement") == 0);
    }
    read_extensions(s, offer);
    read_public_url(s, text_of(json_object_get(offer, "resource"), "url"));
    if (begins(network, "kaspa:"))
        return "kaspa-x402";
    route->price = kept(s, text_of(first, "amount"));
    return "x402";
}

void survey_read_challenge(struct survey *s, struct survey_route *route,
                           const struct http_response *response)
{
    json_t *body = json_loadb((const char *)response->body.at, response->body.len,
                              JSON_REJECT_DUPLICATES, NULL);
    json_t *offer = offer_of(response);
    const json_t *own = json_object_get(body, "x402");
    const json_t *said = offer != NULL ? offer : body;

    if (text_of(own, "nonce") != NULL && text_of(own, "requestHash") != NULL) {
        s->is_in_body = true;
        route->profile = "paid-tools";
        route->price = kept(s, text_of(own, "price"));
        read_ttl(s, text_of(own, "expiresAt"));
    } else
        route->profile = read_offer(s, route, said);
    s->is_in_header = s->is_in_header || offer != NULL;
    if (s->profile == NULL)
        s->profile = route->profile;
    json_decref(body);
    json_decref(offer);
}

/* ---- names ---- */

static bool is_taken(const struct survey *s, const char *name)
{
    for (size_t i = 0; i < s->route_count; i++)
        if (s->routes[i].name != NULL && strcmp(s->routes[i].name, name) == 0)
            return true;
    return false;
}

void survey_name_routes(struct survey *s)
{
    static const char *const gets[] = {"paid_get", "paid_get_other", "dear"};

    for (size_t i = 0; i < s->route_count; i++) {
        struct survey_route *route = &s->routes[i];

        if (route->name != NULL || s->profile == NULL || route->profile != s->profile)
            continue;
        if (strcmp(route->method, "POST") == 0)
            route->name = is_taken(s, "paid_post") ? NULL : "paid_post";
        for (size_t k = 0; k < ARRAY_LEN(gets) && strcmp(route->method, "GET") == 0; k++)
            if (route->name == NULL && !is_taken(s, gets[k]))
                route->name = gets[k];
    }
}

/* ---- what is left ---- */

static const struct {
    const char *profile; /* NULL: of every one */
    const char *text;
} left[] = {
    {"paid-tools", "secrets.mac: the test secret that the server signs its challenges with"},
    {"kaspa-x402",
     "roles.node.listen: where the server looks for its Kaspa node (start it with that "
     "address); Assay plays the node there"},
    {"x402", "roles.facilitator.listen: where the server looks for its facilitator (start it with "
             "that address); Assay plays it there"},
    {NULL,
     "launch, in the place of base_url: the command that starts the server, so that restarts, "
     "clocks and crashes are judged, too"},
    {NULL, "roles.origin and executions: where priced routes do their work, so that runs of it are "
           "counted"},
    {NULL, "store.paths: the files in which it remembers payments"},
    {NULL, "endpoints: more priced routes (paid_get_other, paid_post), and what else the profile "
           "names"},
    {NULL, "principals: the headers of two callers, where the server tells callers apart"},
    {"paid-tools", "supports: \"idempotency\", where it keeps answers under an Idempotency-Key"},
};

const char *survey_left(const struct survey *s, size_t i)
{
    for (size_t k = 0; k < ARRAY_LEN(left); k++)
        if (left[k].profile == NULL ||
            (s->profile != NULL && strcmp(left[k].profile, s->profile) == 0)) {
            if (i == 0)
                return left[k].text;
            i--;
        }
    return NULL;
}

/* ---- the file ---- */

static bool is_profile(const struct survey *s, const char *profile)
{
    return strcmp(s->profile, profile) == 0;
}

static json_t *endpoints_of(const struct survey *s)
{
    json_t *endpoints = json_object();

    for (size_t i = 0; i < s->route_count; i++) {
        const struct survey_route *route = &s->routes[i];
        json_t *one = json_pack("{s:s, s:s}", "method", route->method, "target", route->target);

        if (route->price != NULL && route->profile != NULL)
            (void)json_object_set_new(one, "price", json_string(route->price));
        if (route->name != NULL)
            (void)json_object_set_new(endpoints, route->name, one);
        else
            json_decref(one);
    }
    return endpoints;
}

static json_t *supports_of(const struct survey *s)
{
    bool is_paid_tools = is_profile(s, "paid-tools"), is_x402 = is_profile(s, "x402");
    const struct {
        const char *word;
        bool holds;
    } words[] = {
        {"proof", is_paid_tools && s->is_in_body},
        {"bridge", is_paid_tools && s->is_in_header},
        {"wire-dual", is_paid_tools && s->is_in_body && s->is_in_header},
        {"mcp", s->has_mcp && !is_x402},
        {"idempotency", is_paid_tools && s->has_idempotency},
        {"two-offers", is_x402 && s->has_two_offers},
        {"payment-identifier", is_x402 && s->has_identifier},
        {"offer-receipt", is_x402 && s->has_receipts},
    };
    json_t *supports = json_array();

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (words[i].holds)
            (void)json_array_append_new(supports, json_string(words[i].word));
    return supports;
}

static json_t *comments_of(const struct survey *s)
{
    json_t *comments = json_array();
    const char *text;

    (void)json_array_append_new(
        comments, json_string("Written by assay init. Texts that begin with " MEMBERS_FILL_IN
                              " have to be replaced before this runs; of what else is said here "
                              "each makes more of the server visible (docs/adding-a-target.md)."));
    for (size_t i = 0; (text = survey_left(s, i)) != NULL; i++)
        (void)json_array_append_new(comments, json_string(text));
    return comments;
}

static void add_left(json_t *file, const struct survey *s)
{
    if (is_profile(s, "paid-tools"))
        (void)json_object_set_new(
            file, "secrets",
            json_pack("{s:{s:s}}", "mac", "value",
                      MEMBERS_FILL_IN " the test secret that the server signs with; never one that "
                                      "holds value"));
    else
        (void)json_object_set_new(
            file, "roles",
            json_pack("{s:{s:s}}", is_profile(s, "x402") ? "facilitator" : "node", "listen",
                      MEMBERS_FILL_IN " 127.0.0.1:PORT, where the server looks for it"));
    if (s->ttl_ms > 0)
        (void)json_object_set_new(file, "limits",
                                  json_pack("{s:I}", "challenge_ttl_ms", (json_int_t)s->ttl_ms));
}

static int append_to_buf(const char *at, size_t len, void *buf)
{
    assay_buf_add(buf, assay_bytes_of(at, len));
    return assay_buf_ok(buf) ? 0 : -1;
}

enum assay_code survey_write(struct assay_buf *out, const struct survey *s, struct assay_err *err)
{
    const char *host = strstr(s->base_url, "://");
    json_t *file = json_pack("{s:o, s:s+, s:s, s:s}", "$comment", comments_of(s), "name",
                             "server at ", host != NULL ? host + 3 : s->base_url, "profile",
                             s->profile, "base_url", s->base_url);
    json_t *supports = supports_of(s);
    bool ok = file != NULL;

    if (ok && s->public_url != NULL)
        ok = json_object_set_new(file, "public_url", json_string(s->public_url)) == 0;
    if (ok)
        add_left(file, s);
    ok = ok && json_object_set_new(file, "endpoints", endpoints_of(s)) == 0;
    if (ok && json_array_size(supports) > 0)
        ok = json_object_set(file, "supports", supports) == 0;
    ok = ok && json_dump_callback(file, append_to_buf, out, JSON_INDENT(2)) == 0;
    assay_buf_add_byte(out, '\n');
    json_decref(supports);
    json_decref(file);
    return ok && assay_buf_ok(out) ? ASSAY_OK : assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
}
