/** How much of a message x402 parties read: budgets that hold before anything is verified.
 *  Source: Kaspa x402 exact digest, section 19. They are the reference's; another server may
 * differ. */
#ifndef X402_LIMITS_H
#define X402_LIMITS_H

#include "base/bytes.h"

#define X402_HEADER_MAX_CHARS 131072 /**< of base64 */
#define X402_DECODED_MAX_BYTES                                                                     \
    98304                           /**< of JSON text: a header, a facilitator's body, MCP params */
#define X402_STRING_MAX_BYTES 16384 /**< of a text or a member's name, unescaped */
#define X402_ARTIFACT_MAX_BYTES 65536 /**< of the texts that carry transactions and scripts */
#define X402_ARRAY_MAX_ITEMS 256
#define X402_OBJECT_MAX_MEMBERS 128
#define X402_MAX_DEPTH 32   /**< of containers, the root being 0 */
#define X402_MAX_NODES 4096 /**< values, member names not counted */
#define X402_MAX_WORK 8191  /**< nodes, array items and object members together */
#define X402_ACCEPTS_MAX_ITEMS 16
#define X402_EXTENSIONS_MAX_MEMBERS 32

#endif
