/* Operations of a target (target/operation.h). */
#include "target/operation.h"

#include "target/client_run_internal.h"
#include "target/ready.h"

static enum assay_code cannot_fill(struct assay_err *err, const char *text)
{
    return assay_fail(err, ASSAY_E_MISSING, 0,
                      "\"%s\" cannot be filled in: a placeholder has no value here", text);
}

static enum assay_code run_command(struct instance *i, const struct target_operation *operation,
                                   const struct target_pair *values, int deadline_ms,
                                   struct operation_result *result, struct assay_err *err)
{
    const struct instance_program program = {.command = &operation->command};
    enum assay_code rc = client_run_of(&result->run, i, &program, values, err);

    if (rc != ASSAY_OK)
        return rc;
    if (client_run_await(result->run, deadline_ms))
        result->status = client_run_end(result->run).status;
    else
        client_run_kill(result->run);
    result->done = result->status == 0;
    return ASSAY_OK;
}

/* The peer of an absolute URL, or the instance's own for a path; *target is what is asked for. */
static enum assay_code find_peer(struct http_peer *peer, const char **target, struct instance *i,
                                 const char *url, struct assay_err *err)
{
    enum assay_code rc;

    *peer = i->peer;
    *target = url;
    if (url[0] == '/')
        return ASSAY_OK;
    rc = ready_use_url(peer, url, i->options.allowed_hosts, err);
    if (rc != ASSAY_OK)
        return rc;
    *target = strstr(url, "://") + 3;
    *target += strcspn(*target, "/?");
    *target = (*target)[0] == '/' ? *target : "/";
    peer->url.path.len = 0;
    return ASSAY_OK;
}

static enum assay_code fill_headers(struct http_request *request, struct assay_arena *arena,
                                    const struct target_operation *operation,
                                    const struct command_values *values, struct assay_err *err)
{
    for (size_t k = 0; k < operation->header_count; k++) {
        const struct target_pair *header = &operation->headers[k];
        const char *value = command_text(arena, header->value, values);

        if (value == NULL)
            return cannot_fill(err, header->value);
        (void)http_request_add(request, header->name, assay_str(value)); /* they are few */
    }
    return ASSAY_OK;
}

static enum assay_code make_request(struct http_request *request, struct http_peer *peer,
                                    struct instance *i, struct assay_arena *arena,
                                    const struct target_operation *operation,
                                    const struct command_values *values, struct assay_err *err)
{
    const char *url = command_text(arena, operation->url, values), *target = "/";
    enum assay_code rc;

    if (url == NULL)
        return cannot_fill(err, operation->url);
    rc = find_peer(peer, &target, i, url, err);
    *request = http_get(target);
    request->method = operation->method;
    return rc == ASSAY_OK ? fill_headers(request, arena, operation, values, err) : rc;
}

static enum assay_code send(struct instance *i, struct assay_arena *arena,
                            const struct target_operation *operation,
                            const struct command_values *values, int deadline_ms,
                            struct operation_result *result, struct assay_err *err)
{
    struct http_request *request = assay_arena_alloc(arena, sizeof(*request));
    struct http_client *client = http_client_new();
    struct http_exchange *exchange = NULL;
    struct http_peer peer;
    enum assay_code rc;

    if (request == NULL || client == NULL) {
        http_client_free(client);
        return assay_fail(err, ASSAY_E_NOMEM, 0, "out of memory");
    }
    rc = make_request(request, &peer, i, arena, operation, values, err);
    if (rc == ASSAY_OK)
        rc = http_send(client, &exchange, arena, &peer, request, deadline_ms, err);
    http_client_free(client);
    if (rc != ASSAY_OK)
        return rc;
    result->exchange = exchange;
    if (exchange->outcome == HTTP_ANSWERED)
        result->status = exchange->response.status;
    result->done = result->status >= 200 && result->status < 300;
    return ASSAY_OK;
}

enum assay_code instance_operation(struct instance *i, struct assay_arena *arena, const char *name,
                                   const struct target_pair *values, int deadline_ms,
                                   struct operation_result *result, struct assay_err *err)
{
    const struct target_operation *operation = target_operation(i->target, name);
    struct command_values all = i->values;
    enum assay_code rc;

    *result = (struct operation_result){.status = -1};
    if (operation == NULL)
        return assay_fail(err, ASSAY_E_UNSUPPORTED, 0,
                          "the target file has no operation \"%s\" (`operations`)", name);
    if (i->url != NULL)
        command_value_set(&all, "URL", i->url);
    for (const struct target_pair *v = values; v != NULL && v->name != NULL; v++)
        command_value_set(&all, v->name, v->value);
    rc = operation->url != NULL ? send(i, arena, operation, &all, deadline_ms, result, err)
                                : run_command(i, operation, all.at, deadline_ms, result, err);
    return assay_err_wrap(err, rc, "operation %s", name);
}

void operation_result_fini(struct operation_result *result)
{
    client_run_free(result->run);
    *result = (struct operation_result){0};
}
