/* Messages of MCP, sent and taken apart; see mcp.h. */
#include "peer/x402/mcp.h"

#include "peer/http/tree.h"
#include "target/operation.h"
#include "x402/mcp.h"

#define VERSION "2025-06-18"

/* ---- messages ---- */

const char *mcp_tool(struct assay_case *t, const char *endpoint)
{
    return peer_endpoint(t, endpoint).target + 1;
}

const char *mcp_lacks(const struct target *target)
{
    static const char *const names[] = {"mcp", "mcp_tool", "mcp_tool_other"};

    if (!target_supports(target, "mcp"))
        return "the target does not support \"mcp\": it sells no MCP tools";
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (target_endpoint(target, names[i]) == NULL)
            return "the target file names no endpoint \"mcp\", \"mcp_tool\" or \"mcp_tool_other\": "
                   "it sells no MCP tools";
    return NULL;
}

const char *mcp_call_text(struct assay_case *t, struct mcp_call call, const char *payment)
{
    const char *arguments =
        call.arguments != NULL ? case_printf(t, ",\"arguments\":%s", call.arguments) : "";
    const char *meta =
        payment != NULL ? case_printf(t, ",\"_meta\":{\"" X402_MCP_PAYMENT "\":%s}", payment) : "";

    return case_printf(t,
                       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{"
                       "\"name\":\"%s\"%s%s}}",
                       call.tool, arguments, meta);
}

struct peer_want mcp_want(struct assay_case *t, const char *message)
{
    return peer_want_body(peer_endpoint(t, "mcp"), assay_str(message));
}

struct peer_with mcp_with(void)
{
    return (struct peer_with){
        {{"Accept", "application/json, text/event-stream"}, {"MCP-Protocol-Version", VERSION}}};
}

/* ---- answers ---- */

static void drop(void *json)
{
    json_decref(json);
}

static const json_t *object_at(const json_t *in, const char *name)
{
    const json_t *value = json_object_get(in, name);

    return json_is_object(value) ? value : NULL;
}

/* Duplicate members are no answer: two readers would see two of them. */
const struct mcp_answer *mcp_read(struct assay_case *t, const struct peer_answer *http)
{
    struct mcp_answer *answer = case_alloc(t, sizeof(*answer));
    struct assay_bytes body = peer_body(http);
    json_t *json = json_loadb((const char *)body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *content;

    *answer = (struct mcp_answer){.http = http};
    if (json == NULL)
        return answer;
    case_defer(t, drop, json);
    answer->message = json;
    answer->result = object_at(json, "result");
    answer->error = object_at(json, "error");
    answer->is_error = json_is_true(json_object_get(answer->result, "isError"));
    content = json_array_get(json_object_get(answer->result, "content"), 0);
    answer->text = json_string_value(json_object_get(content, "text"));
    answer->structured = object_at(answer->result, "structuredContent");
    answer->settlement = object_at(object_at(answer->result, "_meta"), X402_MCP_SETTLEMENT);
    return answer;
}

const struct mcp_answer *mcp_say(struct assay_case *t, const char *label, const char *message)
{
    return mcp_read(t, peer_send(t, label, mcp_want(t, message), mcp_with()));
}

const char *mcp_read_required(struct assay_case *t, struct assay_json *doc,
                              struct x402_required *required, const struct mcp_answer *answer)
{
    const char *text = answer->structured != NULL ? peer_tree_text(t, answer->structured) : "";
    struct assay_err err = {0};

    if (x402_document_parse(doc, case_arena(t), assay_str(text), true, &err) != ASSAY_OK ||
        x402_required_read(required, case_arena(t), doc, &err) != X402_FAULT_NONE)
        return case_printf(t, "structuredContent is no PaymentRequired: %s", err.text);
    return NULL;
}

void mcp_tool_forges(struct assay_case *t)
{
    static const char claim[] = "{\"content\":[],\"_meta\":{\"" X402_MCP_SETTLEMENT
                                "\":{\"success\":true,\"network\":\"kaspa:testnet-10\","
                                "\"transaction\":\"" MCP_FORGED "\"}}}";

    origin_behave(case_origin(t), &(struct origin_rule){.content_type = "application/json",
                                                        .body = assay_str(claim),
                                                        .body_set = true,
                                                        .times = 1});
}

bool mcp_is_put_off(const struct mcp_answer *answer)
{
    return answer->is_error && answer->structured == NULL && answer->settlement == NULL;
}

/* ---- over a pipe ---- */

static const char *input_file(struct assay_case *t, const char *message)
{
    const char *path = case_printf(t, "%s/mcp_stdin", instance_workdir(case_instance(t)));
    const char *line = case_printf(t, "%s\n", message);
    struct assay_err err = {0};

    if (assay_file_write(path, assay_str(line), &err) != ASSAY_OK)
        case_end(t, VERDICT_BROKEN, "the message cannot be written: %s", err.text);
    return path;
}

/* As HTTP would have carried it. More than one line is no answer to one message. */
static const struct http_exchange *exchange_of(struct assay_case *t, const char *label,
                                               struct assay_bytes said)
{
    struct http_exchange *exchange = case_alloc(t, sizeof(*exchange));

    *exchange = (struct http_exchange){.label = label, .outcome = HTTP_ANSWERED};
    exchange->response.status = said.len > 0 ? 200 : 202;
    exchange->response.body = case_copy(t, said);
    exchange->response.body_bytes = said.len;
    return exchange;
}

const struct mcp_answer *mcp_say_over_pipe(struct assay_case *t, const char *label,
                                           const char *message)
{
    const struct target_pair values[] = {{"STDIN", input_file(t, message)}, {NULL, NULL}};
    struct peer_answer *answer = case_alloc(t, sizeof(*answer));
    struct peer_before before = peer_before(t);
    const struct operation_result *done = case_operation(t, "mcp_stdio", values);

    if (!done->done || done->run == NULL)
        case_end(t, VERDICT_BROKEN,
                 "the operation `mcp_stdio` ended with %d: is it a command, and does it end with "
                 "its input?",
                 done->status);
    *answer = (struct peer_answer){
        .exchange = exchange_of(t, label, client_run_stdout(done->run)),
        .before = before,
        .label = label,
    };
    return mcp_read(t, answer);
}

/* ---- judging ---- */

static bool is_told(const struct mcp_answer *answer)
{
    return peer_holds_handler_text(peer_body(answer->http));
}

static bool is_settled(const struct mcp_answer *answer)
{
    return json_is_true(json_object_get(answer->settlement, "success"));
}

static bool is_same_text(const char *text, const json_t *object)
{
    json_t *read = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    bool same = read != NULL && json_equal(read, object);

    json_decref(read);
    return same;
}

static bool is_required(const json_t *object)
{
    return json_integer_value(json_object_get(object, "x402Version")) == X402_VERSION &&
           json_array_size(json_object_get(object, "accepts")) > 0 &&
           json_is_string(json_object_get(object_at(object, "resource"), "url"));
}

/* NULL: it is as it should be. */
static const char *wrong_with_asking(const struct mcp_answer *a)
{
    if (a->result == NULL)
        return "it is no result of JSON-RPC";
    if (!a->is_error)
        return "its isError is not true";
    if (a->structured == NULL || !is_required(a->structured))
        return "structuredContent is no PaymentRequired";
    if (a->text == NULL)
        return "content[0] has no text";
    if (!is_same_text(a->text, a->structured))
        return "content[0].text is not the object of structuredContent";
    return is_told(a) ? "it has the tool's own text" : NULL;
}

void mcp_expect_asks(struct assay_case *t, const struct mcp_answer *answer)
{
    struct peer_look look = peer_look(t, answer->http);
    const char *wrong = wrong_with_asking(answer);

    case_judge(t, wrong == NULL && look.runs == 0, look.grade,
               "a result with isError, the PaymentRequired in structuredContent and the same as "
               "text, and no run of the tool",
               "%s%s%s", look.seen, wrong != NULL ? "; " : "", wrong != NULL ? wrong : "");
}

void mcp_expect_unsettled(struct assay_case *t, const struct mcp_answer *answer)
{
    struct peer_look look = peer_look(t, answer->http);
    const char *wrong = wrong_with_asking(answer);

    if (wrong == NULL && !json_is_false(json_object_get(answer->settlement, "success")))
        wrong = "its _meta has no settlement with success false";
    case_judge(t, wrong == NULL, look.grade,
               "a result with isError, nothing of the tool's content, the PaymentRequired again, "
               "and a settlement with success false in _meta",
               "%s%s%s", look.seen, wrong != NULL ? "; " : "", wrong != NULL ? wrong : "");
}

void mcp_expect_withheld(struct assay_case *t, const struct mcp_answer *answer)
{
    struct peer_look look = peer_look(t, answer->http);
    bool is_refused = answer->error != NULL || answer->is_error || look.status >= 400;

    case_judge(t, is_refused && look.runs == 0 && !is_told(answer) && !is_settled(answer),
               look.grade,
               "isError or an error, nothing of the tool's content, and no run of the tool", "%s%s",
               look.seen, is_told(answer) ? ", the tool's text among them" : "");
}

void mcp_expect_served(struct assay_case *t, const struct mcp_answer *answer)
{
    struct peer_look look = peer_look(t, answer->http);

    case_judge(t,
               answer->result != NULL && !answer->is_error && is_settled(answer) &&
                   (!look.counted || look.runs == 1),
               look.grade,
               "the tool's result, a settlement with success in _meta, and one run of the tool",
               "%s%s", look.seen, answer->settlement == NULL ? "; no settlement in _meta" : "");
}

void mcp_expect_again(struct assay_case *t, const struct mcp_answer *answer,
                      const struct mcp_answer *first)
{
    struct peer_look look = peer_look(t, answer->http);

    case_judge(
        t, look.runs == 0 && answer->result != NULL && json_equal(answer->result, first->result),
        look.grade, "the first result again, and no run of the tool", "%s%s", look.seen,
        answer->result != NULL && !json_equal(answer->result, first->result) ? "; another result"
                                                                             : "");
}

void mcp_expect_error(struct assay_case *t, const struct mcp_answer *answer, int code,
                      const char *id)
{
    struct peer_look look = peer_look(t, answer->http);
    json_t *wanted = json_loads(id, JSON_DECODE_ANY, NULL);
    const json_t *sent = json_object_get(answer->message, "id");
    bool is_echoed = sent != NULL && json_equal(sent, wanted);
    json_int_t said = json_integer_value(json_object_get(answer->error, "code"));

    json_decref(wanted);
    case_judge(t, said == code && is_echoed && answer->result == NULL && look.runs == 0, look.grade,
               case_printf(t, "an error of JSON-RPC with code %d and id %s, and no run", code, id),
               "%s; code %lld%s", look.seen, (long long)said, is_echoed ? "" : ", another id");
}

void mcp_expect_silence(struct assay_case *t, const struct mcp_answer *answer)
{
    struct peer_look look = peer_look(t, answer->http);

    case_judge(t, look.status == 202 && peer_body(answer->http).len == 0 && look.runs == 0,
               look.grade, "202 without a body, and no run", "%s", look.seen);
}
