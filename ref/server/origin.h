/** The protected handler behind a reference server: an origin over HTTP, or goods that are built
 * in. Shared by the threads of one worker. */
#ifndef REF_SERVER_ORIGIN_H
#define REF_SERVER_ORIGIN_H

#include "net/client.h"

struct ref_origin;

/** origin of the options NULL: the built-in goods. NULL: out of memory. */
struct ref_origin *ref_origin_new(const struct ref_net_client_options *options);
void ref_origin_free(struct ref_origin *origin); /**< once no visit is on; NULL is taken */

/** One request's way to the handler and back; its reply is borrowed until it leaves. */
struct ref_origin_visit {
    struct ref_origin *origin;
    struct ref_net_client *client;
    struct assay_buf goods;
    struct ref_net_field type; /**< of the goods */
};

void ref_origin_enter(struct ref_origin_visit *visit, struct ref_origin *origin);
/** Runs the handler. As ref_net_client_call; *reached: it may have run, whatever is returned. */
enum assay_code ref_origin_run(struct ref_origin_visit *visit, struct ref_net_reply *reply,
                               bool *reached, const struct ref_net_call *call,
                               struct assay_err *err) ASSAY_MUST_USE;
void ref_origin_leave(struct ref_origin_visit *visit);

#endif
