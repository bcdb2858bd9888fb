/** The verbs that scenarios about MCP are written in, whatever pays: messages to the endpoint "mcp"
 *  of the target file, and what is told of a tool that is sold for a payment by x402.
 *
 *  Tools are endpoints too, whose target is a slash and the tool's name: "mcp_tool" is priced,
 * "mcp_tool_other" costs the same. Everything lives as long as the case.
 *
 *  Source: x402 v2 digest, section 5.
 */
#ifndef PEER_X402_MCP_H
#define PEER_X402_MCP_H

#include "peer/http/peer.h"
#include "x402/envelope.h"

#include <jansson.h>

/** The tool of an endpoint; `unsupported` without. */
const char *mcp_tool(struct assay_case *t, const char *endpoint);
/** Why the target cannot be asked; NULL: it can. */
const char *mcp_lacks(const struct target *target);

/** A call of a tool. */
struct mcp_call {
    const char *tool;
    const char *arguments; /**< a JSON object; NULL: none are sent */
};
/** Its message, with id 1. payment: JSON of whatever kind; NULL: none. */
const char *mcp_call_text(struct assay_case *t, struct mcp_call call, const char *payment);

/** What is no payment where one is to stand. */
struct mcp_no_payment {
    const char *name, *payment; /**< NULL: there is no _meta */
};
extern const struct mcp_no_payment mcp_no_payments[6];

/** A message that is no call of a tool, and its answer. */
struct mcp_message {
    const char *name, *text; /**< '@' stands for the priced tool */
    int code;                /**< of the error, or MCP_SILENCE: nothing is answered */
    const char *id;          /**< of the error, JSON */
};
#define MCP_SILENCE 0
extern const struct mcp_message mcp_messages[16];
const char *mcp_message_text(struct assay_case *t, const struct mcp_message *message);

/** The request that a message is, and the headers that it needs. */
struct peer_want mcp_want(struct assay_case *t, const char *message);
struct peer_with mcp_with(void);

/** What came back, taken apart; members are NULL where they are not there or of another type. */
struct mcp_answer {
    const struct peer_answer *http;
    const json_t *message, *result, *error;
    bool is_error;            /**< of a result */
    const char *text;         /**< content[0].text */
    const json_t *structured; /**< structuredContent */
    const json_t *settlement; /**< _meta["x402/payment-response"] */
};
const struct mcp_answer *mcp_read(struct assay_case *t, const struct peer_answer *http);
const struct mcp_answer *mcp_say(struct assay_case *t, const char *label, const char *message);
/** The same to the operation "mcp_stdio" of the target file, a command that speaks MCP over its
 * stdin and stdout: it is started, told this one message, and waited for. What it writes is taken
 * for the answer; nothing, as HTTP's 202. */
const struct mcp_answer *mcp_say_over_pipe(struct assay_case *t, const char *label,
                                           const char *message);
/** The PaymentRequired of a result. NULL, or what is wrong with it; then the outputs are not to be
 *  used. `required` has its slices in `doc`. */
const char *mcp_read_required(struct assay_case *t, struct assay_json *doc,
                              struct x402_required *required, const struct mcp_answer *answer);
/** The tool that runs next says, as its own content, that a payment was settled by MCP_FORGED. */
void mcp_tool_forges(struct assay_case *t);
#define MCP_FORGED "forged"
/** A result that says no and asks for no payment: told to come again, or that it broke. */
bool mcp_is_put_off(const struct mcp_answer *answer);

/* Judging. */
/** Asked for a payment: a result with isError, the PaymentRequired in structuredContent and the
 * same object as text; the tool did not run. */
#define expect_tool_asks(t, answer) (PEER_HERE(t), (mcp_expect_asks)((t), (answer)))
/** No content, whichever way it is said, no settlement that succeeded, and no run. */
#define expect_tool_withheld(t, answer) (PEER_HERE(t), (mcp_expect_withheld)((t), (answer)))
/** Although the tool may have run: a result with isError and none of its content, the challenge's
 * shape, and a settlement that failed. */
#define expect_tool_unsettled(t, answer) (PEER_HERE(t), (mcp_expect_unsettled)((t), (answer)))
/** A result of the tool with a settlement that succeeded, and one run. */
#define expect_tool_served(t, answer) (PEER_HERE(t), (mcp_expect_served)((t), (answer)))
/** The first result again, and no run. */
#define expect_tool_again(t, answer, first)                                                        \
    (PEER_HERE(t), (mcp_expect_again)((t), (answer), (first)))
/** An error of JSON-RPC with that code and id (JSON), and no run. */
#define expect_rpc_error(t, answer, code, id)                                                      \
    (PEER_HERE(t), (mcp_expect_error)((t), (answer), (code), (id)))
/** Nothing is answered, and nothing ran. */
#define expect_rpc_silence(t, answer) (PEER_HERE(t), (mcp_expect_silence)((t), (answer)))
/** One of these two, as the message has it. */
#define expect_rpc_answer(t, answer, message)                                                      \
    (PEER_HERE(t), (mcp_expect_answer)((t), (answer), (message)))

void mcp_expect_asks(struct assay_case *t, const struct mcp_answer *answer);
void mcp_expect_withheld(struct assay_case *t, const struct mcp_answer *answer);
void mcp_expect_unsettled(struct assay_case *t, const struct mcp_answer *answer);
void mcp_expect_served(struct assay_case *t, const struct mcp_answer *answer);
void mcp_expect_again(struct assay_case *t, const struct mcp_answer *answer,
                      const struct mcp_answer *first);
void mcp_expect_error(struct assay_case *t, const struct mcp_answer *answer, int code,
                      const char *id);
void mcp_expect_silence(struct assay_case *t, const struct mcp_answer *answer);
void mcp_expect_answer(struct assay_case *t, const struct mcp_answer *answer,
                       const struct mcp_message *message);

#endif
