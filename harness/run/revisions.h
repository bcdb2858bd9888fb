/** @file
 *  The revisions of the public documents that Assay was written against. Known answers, profiles
 * and so each record and audit report name them; where a document moves on, this is the place.
 *  Source: the first lines of each digest.
 */
#ifndef ASSAY_RUN_REVISIONS_H
#define ASSAY_RUN_REVISIONS_H

#define REVISION_KASPA "rusty-kaspa 593399eb0187764c11f7f5c3729ae63d4c8e6505"
#define REVISION_KASPA_X402 "kaspa-x402 37c2d8a5ba39b992b88c640279d9ca8506e14122"
#define REVISION_X402 "x402 dd927a2"
#define REVISION_PAID_TOOLS "x402-toolkit 74784d7"

#endif
