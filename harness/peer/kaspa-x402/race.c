/* Races of payments that exclude each other: whoever wins, one of them is delivered. */
#include "peer/kaspa-x402/peer_internal.h"

#include <inttypes.h>

struct race {
    const struct peer_answer *const *at_once;
    const struct peer_answer **later; /* what each was answered when it was sent again, alone */
    size_t n;
};

/* That all were refused at once is no harm where one is served when it comes again: each is sent
 * again until it is known what became of it. Those who are put off share one wait. */
static void settle(struct assay_case *t, struct race *race, const char *label,
                   const struct peer_shot *shots)
{
    struct kxp_tries tries = kxp_tries(t);

    for (size_t i = 0; i < race->n; i++) {
        const struct http_peer *peer = shots[i].peer != NULL ? shots[i].peer : case_peer(t);
        const char *again = case_printf(t, "%s: %zu of %zu, again", label, i + 1, race->n);

        do
            race->later[i] = peer_send_counted(t, peer, again, shots[i].want, shots[i].with,
                                               race->at_once[0]->before);
        while (kxp_try_again(t, &tries, race->later[i]));
    }
}

static size_t count_served(const struct race *race)
{
    size_t served = 0;

    for (size_t i = 0; i < race->n; i++)
        served += kxp_is_served(race->at_once[i]) || kxp_is_served(race->later[i]) ? 1 : 0;
    return served;
}

void kxp_expect_one_winner(struct assay_case *t, const char *label, const struct peer_shot *shots,
                           size_t n)
{
    struct race race = {.at_once = peer_burst_held(t, label, shots, n),
                        .later = case_alloc(t, n * sizeof(void *)),
                        .n = n};
    const char *last;
    uint64_t runs;
    size_t served;

    kxp_expect_one_run(t, race.at_once, n);
    settle(t, &race, label, shots);
    kxp_expect_one_run(t, race.later, n);
    served = count_served(&race);
    runs = case_can_count(t) ? case_executions(t) - race.at_once[0]->before.runs : 1;
    last = peer_seen(t, race.later[n - 1]);
    case_judge(t, served > 0 && runs == 1, case_can_count(t) ? GRADE_OBSERVED : GRADE_DERIVED,
               case_printf(t,
                           "one of the %zu is served, at once or when each is sent again alone, "
                           "after one run of the handler",
                           n),
               "%zu served; %s; the last one's answer: %s", served,
               peer_runs_text(t, case_can_count(t), runs), last);
}
