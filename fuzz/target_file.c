/* Target files: one that is accepted is accepted in its canonical form and is the same target, is
 * what another library reads of it, and is refused with a member more or with its name twice; one
 * that is refused names the file, and a line that there is. */
#include "fuzz.h"

#include "fuzz/lib/json_mutate.h"
#include "fuzz/lib/second.h"
#include "target/target.h"

enum { ARENA_BYTES = 1 << 24 };

#define PATH "fuzz/target.json"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return fuzz_json_mutate(data, size, max_size, 0, seed);
}

static size_t lines_of(struct assay_bytes text)
{
    size_t lines = 1;

    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n' ? 1 : 0;
    return lines;
}

static bool parse(struct target *out, struct assay_arena *arena, struct assay_bytes text)
{
    static const struct target untouched;
    struct assay_err err = {0};
    enum assay_code rc;

    *out = untouched;
    rc = target_parse(out, arena, text, PATH, &err);
    FUZZ_CHECK(rc == err.code && rc != ASSAY_E_NOMEM);
    if (rc != ASSAY_OK) {
        FUZZ_CHECK(out->name == NULL);
        FUZZ_CHECK(strncmp(err.text, PATH ":", sizeof(PATH)) == 0);
        FUZZ_CHECK(err.line <= lines_of(text));
    }
    return rc == ASSAY_OK;
}

static bool is_same_text(const char *a, const char *b)
{
    return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static bool is_same_list(const struct target_list *a, const struct target_list *b)
{
    bool is_same = a->count == b->count;

    for (size_t i = 0; i < a->count && is_same; i++)
        is_same = is_same_text(a->items[i], b->items[i]);
    return is_same;
}

/* The counts, and what has an order of its own: members of free names stand in another one. */
static void check_same(const struct target *a, const struct target *b)
{
    FUZZ_CHECK(is_same_text(a->name, b->name) && is_same_text(a->profile, b->profile));
    FUZZ_CHECK(is_same_text(a->interface, b->interface) && a->side == b->side);
    FUZZ_CHECK(is_same_text(a->rules, b->rules) && is_same_text(a->public_url, b->public_url));
    FUZZ_CHECK(is_same_list(&a->base_urls, &b->base_urls) && a->has_launch == b->has_launch);
    FUZZ_CHECK(is_same_list(&a->launch.command, &b->launch.command));
    FUZZ_CHECK(is_same_text(a->launch.ready_url, b->launch.ready_url));
    FUZZ_CHECK(is_same_text(a->launch.ready_line, b->launch.ready_line));
    FUZZ_CHECK(a->launch.env_count == b->launch.env_count);
    FUZZ_CHECK(a->launch.ready_ms == b->launch.ready_ms && is_same_text(a->reset, b->reset));
    FUZZ_CHECK(a->endpoint_count == b->endpoint_count && a->secret_count == b->secret_count);
    FUZZ_CHECK(is_same_list(&a->supports, &b->supports));
    FUZZ_CHECK(is_same_text(a->executions, b->executions));
    FUZZ_CHECK(a->clock_movable == b->clock_movable && a->persistent == b->persistent);
    FUZZ_CHECK(is_same_list(&a->store_paths, &b->store_paths));
    FUZZ_CHECK(a->operation_count == b->operation_count && a->role_count == b->role_count);
    FUZZ_CHECK(a->principal_count == b->principal_count && a->variant_count == b->variant_count);
    FUZZ_CHECK(a->ttl_ms == b->ttl_ms && a->body_max_bytes == b->body_max_bytes);
    FUZZ_CHECK(a->rate_per_second == b->rate_per_second && a->sweep_ms == b->sweep_ms);
    FUZZ_CHECK(is_same_text(a->expectations, b->expectations));
}

static bool is_text(const json_t *file, const char *name, const char *text)
{
    const char *told = json_string_value(json_object_get(file, name));

    return told == NULL || is_same_text(told, text);
}

static bool is_count(const json_t *file, const char *name, size_t count)
{
    return json_object_size(json_object_get(file, name)) == count;
}

/* What another library reads of the members that are plain. */
static void check_second(const struct target *target, const json_t *file)
{
    const json_t *limits = json_object_get(file, "limits");
    const json_t *ttl = json_object_get(limits, "challenge_ttl_ms");
    const json_t *command = json_object_get(json_object_get(file, "launch"), "command");

    FUZZ_CHECK(json_is_string(json_object_get(file, "name")));
    FUZZ_CHECK(is_text(file, "name", target->name) && is_text(file, "profile", target->profile));
    FUZZ_CHECK(is_text(file, "interface", target->interface));
    FUZZ_CHECK(is_text(file, "side", target_side_name(target->side)));
    FUZZ_CHECK(is_text(file, "rules", target->rules));
    FUZZ_CHECK(is_text(file, "repository", target->repository));
    FUZZ_CHECK(is_count(file, "endpoints", target->endpoint_count));
    FUZZ_CHECK(is_count(file, "principals", target->principal_count));
    FUZZ_CHECK(is_count(file, "variants", target->variant_count));
    FUZZ_CHECK(is_count(file, "operations", target->operation_count));
    FUZZ_CHECK(is_count(file, "roles", target->role_count));
    FUZZ_CHECK(json_array_size(json_object_get(file, "supports")) == target->supports.count);
    FUZZ_CHECK(json_array_size(command) == target->launch.command.count);
    FUZZ_CHECK((uint64_t)json_integer_value(ttl) == target->ttl_ms);
    for (size_t i = 0; i < target->endpoint_count; i++) {
        FUZZ_CHECK(json_object_get(json_object_get(file, "endpoints"), target->endpoints[i].name) !=
                   NULL);
        FUZZ_CHECK(target->endpoints[i].target[0] == '/');
    }
    for (size_t i = 0; i < target->launch.command.count; i++)
        FUZZ_CHECK(is_same_text(json_string_value(json_array_get(command, i)),
                                target->launch.command.items[i]));
}

/* What is found by a name is the one of that name. */
static void check_lookup(const struct target *target)
{
    for (size_t i = 0; i < target->endpoint_count; i++)
        FUZZ_CHECK(target_endpoint(target, target->endpoints[i].name) == &target->endpoints[i]);
    for (size_t i = 0; i < target->principal_count; i++)
        FUZZ_CHECK(target_principal(target, target->principals[i].name) == &target->principals[i]);
    for (size_t i = 0; i < target->variant_count; i++)
        FUZZ_CHECK(target_variant(target, target->variants[i].name) == &target->variants[i]);
    FUZZ_CHECK(target_is_command(target) + target_is_adapter(target) <= 1);
}

/* The file with one more member before the others. */
static void check_refused(struct assay_arena *arena, const struct assay_json *doc,
                          const char *member)
{
    struct assay_buf text = ASSAY_BUF_INIT(ARENA_BYTES);
    struct target target;

    assay_buf_printf(&text, "{%s", member);
    assay_buf_add(&text, assay_bytes_part(doc->text, doc->tokens[0].start + 1, doc->text.len));
    FUZZ_CHECK(assay_buf_ok(&text));
    FUZZ_CHECK(!parse(&target, arena, assay_buf_view(&text)));
    assay_buf_fini(&text);
}

static void check_accepted(struct assay_arena *arena, const struct target *target,
                           struct assay_bytes text)
{
    size_t room = assay_json_token_bound(text);
    struct assay_json_token *tokens = assay_arena_alloc(arena, room * sizeof(*tokens));
    struct assay_buf canonical = ASSAY_BUF_INIT(ARENA_BYTES);
    json_t *second = fuzz_second(text);
    struct assay_json doc;
    struct target again;

    FUZZ_CHECK(tokens != NULL);
    FUZZ_CHECK(assay_json_parse(&doc, tokens, room, text, ASSAY_JSON_STRICT, NULL) == ASSAY_OK);
    FUZZ_CHECK(assay_json_canonical(&canonical, &doc, 0, NULL) == ASSAY_OK);
    FUZZ_CHECK(parse(&again, arena, assay_buf_view(&canonical)));
    check_same(target, &again);
    check_lookup(target);
    if (second != NULL)
        check_second(target, second);
    check_refused(arena, &doc, "\"nmae\":\"x\",");
    check_refused(arena, &doc, "\"name\":\"x\",");
    json_decref(second);
    assay_buf_fini(&canonical);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_arena arena = ASSAY_ARENA_INIT(ARENA_BYTES);
    struct assay_bytes text = assay_bytes_of(data, size);
    struct target target;

    if (parse(&target, &arena, text))
        check_accepted(&arena, &target, text);
    assay_arena_fini(&arena);
    return 0;
}
