/* A facilitator in virtual time, for tests; see fac_shop.h. */
#include "ref/tests/fac_shop.h"

#include <stdio.h>
#include <stdlib.h>

static const struct kx_fac_core both = {X402_MODE_VERIFY | X402_MODE_SETTLE};

static void take_payment(struct fac_shop *f)
{
    struct kx_world *w = f->world;
    const json_t *payload = json_object_get(w->payment, "payload");

    json_decref(f->body);
    f->body = json_pack("{s:i, s:o, s:o, s:O}", "x402Version", 2, "paymentPayload",
                        json_deep_copy(w->payment), "paymentRequirements",
                        json_deep_copy(json_object_get(w->payment, "accepted")), "requestHash",
                        json_object_get(payload, "requestHash"));
    cr_assert_not_null(f->body);
}

static void open_with(struct fac_shop *f, size_t entry)
{
    struct shop *s = &f->shop;
    struct kx_world *head = kx_world_new(KX_ADDITIVE);

    shop_open(s);
    shop_register_head(s, head);
    kx_world_free(head);
    f->body = NULL;
    f->world =
        shop_offer(s, &(struct shop_ask){.target = entry > 0 ? "/additive" : "/report"}, entry);
    (void)shop_seal(s, f->world);
    (void)shop_log(s);
    take_payment(f);
    s->core.pay_to[0] = '\0';
    s->core.route_count = 0;
    s->core.fac = &both;
    cr_assert_eq(kx_core_check(&s->core, NULL), ASSAY_OK);
}

void fac_open(struct fac_shop *f)
{
    open_with(f, 0);
}

void fac_open_additive(struct fac_shop *f)
{
    open_with(f, 1);
}

void fac_close(struct fac_shop *f)
{
    json_decref(f->body);
    kx_world_free(f->world);
    shop_close(&f->shop);
}

void fac_pay(struct fac_shop *f, uint8_t coin, const char *identifier)
{
    shop_other_coin(f->world, coin);
    f->world->identifier = identifier;
    (void)shop_seal(&f->shop, f->world);
    take_payment(f);
}

json_t *fac_at(struct fac_shop *f, const char *path)
{
    char name[64];
    json_t *at = f->body;

    while (*path != '\0') {
        size_t len = strcspn(path, ".");

        (void)snprintf(name, sizeof(name), "%.*s", (int)len, path);
        at = json_object_get(at, name);
        cr_assert_not_null(at, "%s", name);
        path += len + (path[len] == '.');
    }
    return at;
}

static struct shop_ask ask_with(const char *path, const char *token, const char *text)
{
    return (struct shop_ask){.method = strcmp(path, "/supported") == 0 ? "GET" : "POST",
                             .target = path,
                             .token = token,
                             .body = text,
                             .type = "application/json"};
}

struct shop_ask fac_ask(struct fac_shop *f, const char *path, const char *token)
{
    char *text = json_dumps(f->body, JSON_COMPACT);
    struct assay_bytes kept = assay_arena_copy(&f->shop.arena, assay_str(text));

    free(text);
    cr_assert_not_null(kept.at);
    return ask_with(path, token, (const char *)kept.at);
}

static struct fac_reply read_reply(struct shop_reply http)
{
    json_error_t error;
    struct fac_reply reply = {http, json_loads(http.body, JSON_REJECT_DUPLICATES, &error)};

    cr_assert_not_null(reply.said, "%s: %s", error.text, http.body);
    return reply;
}

struct fac_reply fac_end(struct shop_errand *errand)
{
    return read_reply(shop_end(errand));
}

struct fac_reply fac_send(struct fac_shop *f, const char *path, const char *token)
{
    const struct shop_ask ask = fac_ask(f, path, token);

    return read_reply(shop_send(&f->shop, &ask));
}

struct fac_reply fac_verify(struct fac_shop *f)
{
    return fac_send(f, "/verify", SHOP_TOKEN);
}

struct fac_reply fac_settle(struct fac_shop *f)
{
    return fac_send(f, "/settle", SHOP_TOKEN);
}

struct fac_reply fac_send_text(struct fac_shop *f, const char *path, const char *text)
{
    const struct shop_ask ask = ask_with(path, SHOP_TOKEN, text);

    return read_reply(shop_send(&f->shop, &ask));
}

void fac_drop(struct fac_reply *reply)
{
    json_decref(reply->said);
}

const char *fac_text(const struct fac_reply *reply, const char *member)
{
    const char *text = json_string_value(json_object_get(reply->said, member));

    return text != NULL ? text : "";
}

bool fac_is_valid(const struct fac_reply *reply)
{
    return json_is_true(json_object_get(reply->said, "isValid"));
}

bool fac_is_settled(const struct fac_reply *reply)
{
    return json_is_true(json_object_get(reply->said, "success"));
}
