/** Reads the head of a request out of libmicrohttpd and refuses what is not framed beyond doubt.
 * For net/server.c alone; what is refused stands in net/server.h. */
#ifndef REF_NET_FRAMING_H
#define REF_NET_FRAMING_H

#include "net/server.h"

struct MHD_Connection;

struct ref_net_head {
    struct ref_net_header headers[REF_NET_HEADERS_MAX];
    size_t header_count;
    struct assay_buf joined; /**< holds the values of repeated headers */
    uint64_t content_length; /**< 0 where none was sent */
};

/** `uri` is what MHD_OPTION_URI_LOG_CALLBACK gave: only its address is used, for a check of what
 * lay between it and the version. Returns 0, or the status of the refusal. The headers borrow from
 * the connection until the request ends. */
int ref_net_head_read(struct ref_net_head *head, struct MHD_Connection *connection,
                      const struct ref_net_server_options *options, struct assay_bytes method,
                      struct assay_bytes target, const char *uri, const char *version);

/** Whether text is a token of HTTP: the name of a method or a header field. */
bool ref_net_is_token(struct assay_bytes text);

#endif
