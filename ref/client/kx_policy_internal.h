/** A policy while it is read, by the files that read it. Internal to ref/client. */
#ifndef KX_POLICY_INTERNAL_H
#define KX_POLICY_INTERNAL_H

#include "client/kx_policy.h"
#include "kaspa_x402/exact_read.h"

struct kx_policy_reading {
    struct kx_policy *out;
    struct kx_reader r;
    const char *path;
};

/** Takes one text of a list; false after saying what is wrong with it. */
typedef bool kx_policy_take(struct kx_policy_reading *p, uint32_t token, struct assay_bytes text);

bool kx_policy_read_list(struct kx_policy_reading *p, const char *name, bool is_optional,
                         kx_policy_take *take);
void kx_policy_put(struct kx_policy_list *list, struct assay_bytes text);
/** Of a member that may be missing, and is off then. */
bool kx_policy_read_switch(struct kx_policy_reading *p, const char *name, bool *is_on);
/** From 1 to `most`. */
bool kx_policy_in_range(struct kx_policy_reading *p, const char *name, uint64_t value,
                        uint64_t most);
bool kx_policy_allows_pay_to(const struct kx_policy *policy, struct assay_bytes pay_to);

/* kx_policy_batch.c */

/** Whether a member is one of channels. */
bool kx_policy_batch_knows(const struct assay_json *doc, uint32_t name);
bool kx_policy_batch_read(struct kx_policy_reading *p);

#endif
