/** Host syntax that assay_url_split and assay_url_target share. Internal to ref/base. */
#ifndef ASSAY_BASE_URL_HOST_H
#define ASSAY_BASE_URL_HOST_H

#include "base/bytes.h"

/** Whether text, without brackets, is an IPv6 address as the WHATWG URL standard parses one: eight
 *  groups of one to four hex digits, one "::", the last two groups also as a dotted quad; no zone.
 */
bool assay_url_is_ipv6(struct assay_bytes text);

/** Whether text is a host of a WHATWG URL with a special scheme: an IPv6 address in brackets, an
 * IPv4 address in any of its number forms, or another name of ASCII without forbidden characters
 * after percent-decoding. Names that would need IDNA are not taken. */
bool assay_url_is_host(struct assay_bytes text);

#endif
