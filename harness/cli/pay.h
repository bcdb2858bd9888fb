/** What the files of `assay pay` share: what is said of a payment. Internal. */
#ifndef CLI_PAY_H
#define CLI_PAY_H

#include "cli/cli.h"
#include "client/kx_pay.h"

/** Each is one line, in words or as a JSON object, whatever a server or a wallet put into it. */

/** To stderr. attempt: NULL where there is none. */
void pay_print_outcome(const struct kx_client_outcome *outcome,
                       const struct kx_client_attempt *attempt, bool as_json);
/** To stdout: a row of the list. */
void pay_print_attempt(const struct kx_client_attempt *attempt, bool as_json);
void pay_print_channel(const struct kx_client_channel *channel, bool as_json);

#endif
