/** What keys and signatures of OpenSSH are written in: strings with their length in front (RFC
 *  4251, section 5), and base64 between two lines that say what it is. */
#ifndef BUNDLE_SSH_WIRE_H
#define BUNDLE_SSH_WIRE_H

#include "base/buf.h"
#include "base/cursor.h"

#define SSH_KEY_TYPE "ssh-ed25519"

void ssh_add_u32(struct assay_buf *out, uint32_t number);
void ssh_add_string(struct assay_buf *out, struct assay_bytes text);
/** The next string; a short one marks the cursor and is empty. */
struct assay_bytes ssh_cur_string(struct assay_cur *c);
/** The next string equals that text; else the cursor is marked. */
void ssh_cur_expect(struct assay_cur *c, const char *text);

/** Appends "-----BEGIN label-----", base64 in lines of 70, "-----END label-----". */
void ssh_add_armour(struct assay_buf *out, const char *label, struct assay_bytes blob);
/** Appends what is between the two lines of that label, which begin and end the text; white space
 *  at its end and line ends of two bytes are let pass. MALFORMED, TOO_LARGE, NOMEM. */
enum assay_code ssh_armour_decode(struct assay_buf *out, const char *label, struct assay_bytes text,
                                  struct assay_err *err) ASSAY_MUST_USE;

#endif
