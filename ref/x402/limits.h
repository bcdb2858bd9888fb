/** How much of a message x402 parties read: budgets that hold before anything is verified.
 *
 *  Source: Kaspa x402 exact digest, section 19. They are the reference's; another server may
 *  differ. A text is counted as it stands: also a member that a later one of its name displaces,
 *  which the reference has lost before it counts.
 */
#ifndef X402_LIMITS_H
#define X402_LIMITS_H

#include "base/bytes.h"

/** Of base64. */
#define X402_HEADER_MAX_CHARS 131072
/** Of JSON text: a header, a canonical form, a facilitator's body, MCP params. */
#define X402_DECODED_MAX_BYTES 98304
/** Of a text or a member's name, unescaped. */
#define X402_STRING_MAX_BYTES 16384
/** Of the texts that carry transactions, signatures and scripts, by their member's name. */
#define X402_ARTIFACT_MAX_BYTES 65536
#define X402_ARRAY_MAX_ITEMS 256
#define X402_ACCEPTS_MAX_ITEMS 16 /**< of an array named accepts */
#define X402_OBJECT_MAX_MEMBERS 128
#define X402_EXTENSIONS_MAX_MEMBERS 32 /**< of an object named extensions or _meta */
#define X402_MAX_DEPTH 32              /**< of containers, the root being 0 */
#define X402_MAX_NODES 4096            /**< values; member names are none */
/** Nodes, array items and object members together. Each node but the root is an item or a member,
 *  so that this is passed where the nodes are, and no sooner. */
#define X402_MAX_WORK 8191

#endif
