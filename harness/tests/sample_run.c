/* Made-up runs (sample_run.h), said briefly: most members have a default that a row may change. */
#include "sample_run.h"

#include "record/record.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *const sample_names[SAMPLE__COUNT] = {"passing",  "failing", "invalid",  "interrupted",
                                                 "selftest", "hostile", "expected", "several"};

const char sample_hostile_text[] =
    "</pre></script><script>window.canary = 1; alert(1)</script>\n"
    "<img src=x onerror=\"window.canary = 2\"><svg onload=window.canary=3>\n"
    "]]> &amp; &lt; \" ' \x1b[31mred\x1b]0;title\x07 tab\there \x01\x08\x7f \xc2\x9b\n"
    "\xe2\x80\xae"
    "esrever \xe2\x81\xa6 isolate \xef\xbf\xbe \xef\xbf\xbf end\r\n"
    "::error::workflow {{title}} {{script-hash}}";

static void must(bool holds)
{
    if (!holds)
        abort();
}

struct row {
    const char *scenario, *name, *title, *threat, *rule, *level, *verdict, *grade, *expected, *seen,
        *reason;
};

static const struct {
    const char *id, *threat, *asset, *severity, *stride;
} threats[] = {
    {"proof-replay", "One proof is presented again and buys a second response",
     "the protected work", "high", "S"},
    {"forged-proof", "A proof that nobody paid for is accepted", "revenue", "critical", "S"},
    {"clock-gap", "A proof outlives its nonce because two clocks disagree", "the protected work",
     "medium", "T"},
    {"nonce-flood", "The store of spent nonces is filled until the server fails", "availability",
     "medium", "D"},
};

static json_t *own(json_t *made)
{
    must(made != NULL);
    return made;
}

static json_t *make_catalogue(void)
{
    json_t *rules, *list = json_array(), *scenarios, *defects;

    rules = own(json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s}, {s:s, s:s, s:s, s:s, s:s, s:s}]", "id",
                          "NS-1", "profile", "paid-tools", "level", "must", "source", "digest 5.2",
                          "sentence", "A nonce that has bought a response buys no other.", "remedy",
                          "Record the nonce in the same step that looks it up, before the handler "
                          "runs, in a store all workers share.",
                          "id", "PF-2", "profile", "paid-tools", "level", "should", "source",
                          "digest 3", "sentence", "A proof whose MAC differs is refused.", "remedy",
                          "Compute the MAC over the nonce and the hash of the request, and compare "
                          "it in constant time."));
    for (size_t i = 0; i < ARRAY_LEN(threats); i++)
        must(json_array_append_new(
                 list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id",
                                 threats[i].id, "profile", "paid-tools", "asset", threats[i].asset,
                                 "threat", threats[i].threat, "mitigation",
                                 "Spent nonces are recorded atomically and outlive the proof.",
                                 "residual", "Whoever holds the secret can make proofs at will.",
                                 "severity", threats[i].severity, "stride", threats[i].stride,
                                 "notReached",
                                 "How the secret is kept cannot be seen from outside.")) == 0);
    scenarios = own(json_pack(
        "[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:s, s:[s], s:s, s:i}]", "name",
        "paid-tools/proof_replay", "title", "One proof buys one execution", "kind", "requirement",
        "side", "server", "threat", "proof-replay", "rule", "NS-1", "level", "must", "ideas",
        "PT-001", "restsOn", "paid-tools/honest_payment", "catches", "nonce.two_steps", "file",
        "scenarios/paid-tools/proof_replay.c", "line", 41));
    defects = own(json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:s}]", "id", "nonce.two_steps",
                            "profile", "paid-tools", "sets", "both", "threat", "proof-replay",
                            "rule", "NS-1", "place", "ref/store/sqlite.c", "sentence",
                            "Looking up and recording are two steps."));
    return own(json_pack("{s:s, s:[{s:s, s:s, s:s}], s:o, s:o, s:o, s:o}", "event", "catalogue",
                         "sources", "profile", "paid-tools", "document", "The proof format",
                         "revision", "x402-toolkit 74784d7", "rules", rules, "threats", list,
                         "scenarios", scenarios, "defects", defects));
}

static json_t *make_run(const char *verb, const char *name)
{
    return own(json_pack(
        "{s:s, s:s, s:{s:s}, s:s, s:[s, s, s, s, s, s], s:s, s:s, s:{s:s, s:s, s:s, s:s, s:b}, "
        "s:s}",
        "event", "run", "schema", RECORD_SCHEMA, "assay", "version", "0.1.0", "verb", verb,
        "command", "assay", verb, "--target", "shop.json", "--out", "out/run", "seed",
        "00c0ffee00c0ffee", "started", "2026-01-02T03:04:05.678Z", "target", "name", name,
        "profile", "paid-tools", "rules", "hardened", "interface", "http", "launched", 1, "failOn",
        "must"));
}

/* A second profile, whose one threat has the id of one of the first. */
static json_t *make_catalogue_of_two(void)
{
    json_t *catalogue = make_catalogue();
    json_t *rule = json_deep_copy(json_array_get(json_object_get(catalogue, "rules"), 0));
    json_t *threat = json_deep_copy(json_array_get(json_object_get(catalogue, "threats"), 0));

    must(json_object_set_new(rule, "profile", json_string("kaspa-x402")) == 0);
    must(json_object_set_new(rule, "sentence", json_string("One artifact is signed once.")) == 0);
    must(json_object_set_new(threat, "profile", json_string("kaspa-x402")) == 0);
    must(json_object_set_new(threat, "threat", json_string("A client pays twice")) == 0);
    must(json_array_append_new(json_object_get(catalogue, "rules"), rule) == 0);
    must(json_array_append_new(json_object_get(catalogue, "threats"), threat) == 0);
    return catalogue;
}

static json_t *make_leg(const char *id, const char *defect, const char *purpose)
{
    return own(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s?, s:s}", "event", "leg",
                         "id", id, "target", "shop.json", "name", "shop", "profile", "paid-tools",
                         "side", "server", "launched", 1, "rules", "hardened", "defect", defect,
                         "purpose", purpose));
}

static json_t *make_body(const char *text)
{
    return own(json_pack("{s:s%, s:i, s:b}", "text", text, strlen(text), "bytes", (int)strlen(text),
                         "cut", 0));
}

static json_t *make_exchange(int t, const char *label, int status, json_t *body)
{
    return own(json_pack(
        "{s:i, s:s, s:s, s:{s:s, s:s, s:[[s, s], [s, s]], s:n}, s:s, s:{s:i, s:[[s, s]], s:o}, "
        "s:i}",
        "t", t, "kind", "exchange", "label", label, "request", "method", "GET", "target",
        "/weather?city=Paris", "headers", "Host", "127.0.0.1:8402", "X-Payment-Proof",
        "eyJ2ZXJzaW9uIjoxLCJub25jZSI6IjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSJ9", "body",
        "outcome", "answered", "response", "status", status, "headers", "Content-Type",
        "application/json", "body", body, "milliseconds", 4));
}

static json_t *make_evidence(void)
{
    json_t *list = json_array();

    must(json_array_append_new(list, make_exchange(2, "the offer", 402,
                                                   make_body("{\"x402\":{\"version\":1}}"))) == 0);
    must(json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:i, s:i, s:i, s:{s:i, s:i, s:i}}",
                                               "t", 9, "kind", "burst", "label",
                                               "64 copies of one proof", "requests", 64, "inFlight",
                                               61, "releaseMicroseconds", 840, "statuses", "200", 7,
                                               "402", 56, "no connection", 1)) == 0);
    must(json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s, s:s}", "t", 12, "kind", "role",
                                               "role", "origin", "what", "GET /weather", "text",
                                               "executed for the 7th time")) == 0);
    must(json_array_append_new(
             list,
             json_pack("{s:i, s:s, s:s, s:[s, s], s:s, s:o, s:o, s:i}", "t", 13, "kind", "run",
                       "label", "the client pays", "command", "payer", "http://127.0.0.1:1/a b",
                       "outcome", "ended with exit status 1", "stdout", make_body(""), "stderr",
                       make_body("refused: too dear"), "milliseconds", 31)) == 0);
    must(json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:i, s:s}", "t", 14, "kind",
                                               "sample", "name", "resident memory", "value",
                                               18644992, "unit", "bytes")) == 0);
    must(json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:s}", "t", 15, "kind", "fault",
                                               "name", "clock", "text", "moved 301 s ahead")) == 0);
    must(json_array_append_new(list, json_pack("{s:i, s:s, s:s}", "t", 15, "kind", "note", "text",
                                               "an honest payment right after was served")) == 0);
    must(json_array_append_new(
             list, make_exchange(16, "again", 200,
                                 json_pack("{s:s, s:i, s:b}", "base64",
                                           "AAECAwT/gICAf0VMRgA=", "bytes", 9000, "cut", 1))) == 0);
    return list;
}

static json_t *make_case(const struct row *row, const char *leg, const char *kind)
{
    bool plain = strcmp(row->verdict, "pass") == 0;
    char replay[256];
    int len = snprintf(replay, sizeof(replay), "assay replay out/run %s%s%s", row->scenario,
                       *row->name ? "/" : "", row->name);

    must(len > 0 && (size_t)len < sizeof(replay));
    return own(json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:s, s:s, s:s, s:n, "
        "s:[{s:s, s:s}],"
        " s:i, s:s, s:s, s:o}",
        "event", "case", "leg", leg, "scenario", row->scenario, "case", row->name, "title",
        row->title, "kind", kind, "threat", row->threat, "rule", row->rule, "level", row->level,
        "verdict", row->verdict, "grade", row->grade, "expected", row->expected, "seen", row->seen,
        "reason", row->reason, "where", "scenarios/paid-tools/proof_replay.c:41", "expectation",
        "observations", "name", "status", "text", plain ? "402" : "200", "milliseconds", 12, "seed",
        "0123456789abcdef", "replay", replay, "evidence", make_evidence()));
}

static const struct row control = {"paid-tools/honest_payment",
                                   "",
                                   "An honest payment is served",
                                   "proof-replay",
                                   "NS-1",
                                   "must",
                                   "pass",
                                   "observed",
                                   "status 200",
                                   "status 200",
                                   ""};
static const struct row good[] = {
    {"paid-tools/proof_replay", "sequential", "One proof buys one execution", "proof-replay",
     "NS-1", "must", "pass", "observed", "1 execution", "1 execution", ""},
    {"paid-tools/proof_replay", "second-worker", "One proof buys one execution", "proof-replay",
     "NS-1", "must", "pass", "observed", "1 execution", "1 execution", ""},
    {"paid-tools/forged_mac", "bit-flip", "A MAC that differs is refused", "forged-proof", "PF-2",
     "must", "pass", "derived", "refused", "402", ""},
    {"paid-tools/forged_mac", "empty", "A MAC that differs is refused", "forged-proof", "PF-2",
     "must", "pass", "observed", "refused", "402", ""},
    {"paid-tools/flood", "", "A flood does not grow the store", "nonce-flood", "NS-1", "ours",
     "pass", "observed", "growth below 20 %", "growth 0 %", ""},
};
static const struct row unmovable = {
    "paid-tools/clock",
    "expiry",
    "A spent nonce never runs again",
    "clock-gap",
    "NS-1",
    "must",
    "unsupported",
    NULL,
    "",
    "",
    "the target's clock cannot be moved: faketime is not installed"};
static const struct row bad[] = {
    {"paid-tools/proof_replay", "64-at-once",
     "One proof buys one execution, however many copies arrive at once", "proof-replay", "NS-1",
     "must", "fail", "observed", "1 execution of the protected handler",
     "7 executions; 7 of 64 answers were 200", ""},
    {"paid-tools/forged_mac", "wrong-secret", "A MAC that differs is refused", "forged-proof",
     "PF-2", "must", "fail", "observed", "refused: 402 and no execution", "200 and one execution",
     ""},
    {"paid-tools/forged_mac", "upper-case", "A MAC in capitals is refused", "forged-proof", "PF-2",
     "should", "fail", "derived", "refused", "200", ""},
    {"paid-tools/flood", "far-expiry", "A far expiry pins nothing", "nonce-flood", "NS-1", "must",
     "fail", "observed", "growth below 20 %", "growth 180 %", ""},
    {"paid-tools/flood", "steady", "A flood does not grow the store", "nonce-flood", "NS-1", "must",
     "pass", "observed", "growth below 20 %", "growth 0 %", ""},
};

static void add(json_t *events, json_t *event)
{
    must(json_array_append_new(events, event) == 0);
}

static void expect(json_t *events, const char *what)
{
    must(json_object_set_new(json_array_get(events, json_array_size(events) - 1), "expectation",
                             json_string(what)) == 0);
}

static json_t *make_self_check(bool passed)
{
    return own(json_pack("{s:s, s:b, s:b, s:i, s:s, s:[{s:s, s:b, s:s, s:b, s:s}]}", "event",
                         "selfCheck", "ran", 1, "passed", passed, "milliseconds", 870, "reason", "",
                         "threats", "threat", "proof-replay", "accepts", 1, "defect",
                         "nonce.two_steps", "catches", passed, "scenario",
                         "paid-tools/proof_replay"));
}

static json_t *make_end(int status, bool valid, json_t *invalid, const int counts[5],
                        bool not_judged)
{
    json_t *list = json_array();

    if (not_judged)
        must(json_array_append_new(
                 list, json_pack("{s:s, s:s, s:s}", "profile", "paid-tools", "threat", "clock-gap",
                                 "reason", "faketime is not installed; apt install faketime")) ==
             0);
    return own(json_pack("{s:s, s:s, s:i, s:b, s:b, s:o, s:{s:i, s:i, s:i, s:i, s:i}, s:o}",
                         "event", "end", "ended", "2026-01-02T03:04:14.078Z", "exit", status,
                         "valid", valid, "interrupted", 0, "invalid", invalid, "counts", "pass",
                         counts[0], "fail", counts[1], "unsupported", counts[2], "skipped",
                         counts[3], "broken", counts[4], "notJudged", list));
}

static void add_bad(json_t *events)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        add(events, make_case(&bad[i], "target", "requirement"));
        if (i == 3)
            expect(events, "expected");
        if (i == 4)
            expect(events, "unexpected-pass");
    }
}

static void add_good(json_t *events, const char *leg, size_t count)
{
    add(events, make_case(&control, leg, "control"));
    for (size_t i = 0; i < count; i++)
        add(events, make_case(&good[i], leg, "requirement"));
}

static void add_invalid(json_t *events)
{
    struct row row = control;

    row.verdict = "fail";
    row.seen = "status 401";
    add(events, make_case(&row, "target", "control"));
    for (size_t i = 0; i < 3; i++) {
        row = good[i];
        row.verdict = "broken";
        row.grade = NULL;
        row.expected = row.seen = "";
        row.reason = "its control paid-tools/honest_payment failed: nothing can be concluded";
        add(events, make_case(&row, "target", "requirement"));
    }
    add(events, make_self_check(true));
    add(events, make_end(2, false,
                         json_pack("[{s:s, s:s}]", "code", "control-failed", "text",
                                   "the control paid-tools/honest_payment failed: expected status "
                                   "200, saw 401; check the secret in the target file"),
                         (const int[]){0, 1, 0, 0, 3}, true));
}

static void add_selftest(json_t *events)
{
    struct row alarm = bad[2];

    add(events, make_leg("correct", NULL, "selftest"));
    add(events, make_leg("defect-1", "nonce.two_steps", "selftest"));
    add_good(events, "correct", ARRAY_LEN(good));
    alarm.level = "must";
    add(events, make_case(&alarm, "correct", "requirement"));
    add(events, make_case(&bad[0], "defect-1", "requirement"));
    add(events,
        own(json_pack("{s:s, s:[{s:s, s:s, s:s, s:s, s:s, s:[s, s], s:[s], s:[], s:s},"
                      " {s:s, s:s, s:s, s:s, s:s, s:[s], s:[s, s], s:[s], s:s},"
                      " {s:s, s:s, s:s, s:s, s:s, s:[], s:[s], s:[s], s:s},"
                      " {s:s, s:s, s:s, s:s, s:s, s:[s], s:[s], s:[s], s:s}], s:[s], s:i}",
                      "event", "matrix", "rows", "defect", "nonce.two_steps", "profile",
                      "paid-tools", "side", "server", "rules", "hardened", "threat", "proof-replay",
                      "caughtBy", "paid-tools/proof_replay/64-at-once", "paid-tools/flood", "named",
                      "paid-tools/proof_replay", "missedBy", "verdict", "caught", "defect",
                      "nonce.any_case", "profile", "paid-tools", "side", "server", "rules", "base",
                      "threat", "proof-replay", "caughtBy", "paid-tools/proof_replay", "named",
                      "paid-tools/flood", "paid-tools/proof_replay", "missedBy", "paid-tools/flood",
                      "verdict", "partly", "defect", "nonce.unrecorded", "profile", "paid-tools",
                      "side", "server", "rules", "base", "threat", "proof-replay", "caughtBy",
                      "named", "paid-tools/proof_replay", "missedBy", "paid-tools/proof_replay",
                      "verdict", "survived", "defect", "hash.unchecked", "profile", "paid-tools",
                      "side", "client", "rules", "base", "threat", "forged-proof", "caughtBy",
                      "paid-tools/flood", "named", "paid-tools/forged_mac", "missedBy",
                      "paid-tools/forged_mac", "verdict", "unnamed", "falseAlarms",
                      "paid-tools/forged_mac/upper-case", "correctRuns", 2)));
    add(events, make_end(1, true, json_array(), (const int[]){7, 2, 0, 0, 0}, false));
}

static void add_several(json_t *events)
{
    struct row row = bad[0];
    json_t *leg = make_leg("kaspa-x402 client", NULL, "target");

    must(json_object_set_new(leg, "name", json_string("payer")) == 0);
    must(json_object_set_new(leg, "profile", json_string("kaspa-x402")) == 0);
    must(json_object_set_new(leg, "side", json_string("client")) == 0);
    must(json_object_set_new(leg, "rules", json_string("base")) == 0);
    add(events, leg);
    add_good(events, "target", ARRAY_LEN(good));
    row.scenario = "kaspa-x402/one_artifact";
    add(events, make_case(&row, "kaspa-x402 client", "requirement"));
    row.scenario = "kaspa-x402/honest_purchase";
    row.threat = "";
    row.verdict = "pass";
    add(events, make_case(&row, "kaspa-x402 client", "control"));
    add(events, make_self_check(true));
    add(events, make_end(1, true, json_array(), (const int[]){7, 1, 0, 0, 0}, true));
}

static void add_hostile(json_t *events)
{
    struct row row = bad[0];
    json_t *made, *evidence;
    char *large = malloc(4097);

    must(large != NULL);
    memset(large, 'A', 4096);
    large[4096] = '\0';
    row.title = row.expected = row.seen = row.reason = sample_hostile_text;
    row.scenario = "paid-tools/<script>alert(1)</script>";
    made = make_case(&row, "target", "requirement");
    evidence = json_object_get(made, "evidence");
    add(evidence, make_exchange(20, sample_hostile_text, 500, make_body(sample_hostile_text)));
    add(evidence,
        make_exchange(21, "a large one", 200,
                      json_pack("{s:s, s:i, s:b}", "text", large, "bytes", 900000000, "cut", 1)));
    add(evidence, own(json_pack("{s:i, s:s, s:s, s:{s:{s:s, s:i, s:b}}, s:s, s:n, s:i}", "t", 22,
                                "kind", "exchange", "label", "raw", "request", "raw", "text",
                                sample_hostile_text, "bytes", 9, "cut", 0, "outcome",
                                sample_hostile_text, "response", "milliseconds", 3)));
    free(large);
    add(events, made);
}

json_t *sample_events(enum sample sample)
{
    json_t *events = json_array();

    add(events, make_run(sample == SAMPLE_SELFTEST ? "selftest" : "run",
                         sample == SAMPLE_HOSTILE ? sample_hostile_text : "shop"));
    add(events, sample == SAMPLE_SEVERAL ? make_catalogue_of_two() : make_catalogue());
    if (sample != SAMPLE_SELFTEST)
        add(events, make_leg("target", NULL, "target"));
    switch (sample) {
    case SAMPLE_PASSING:
        add_good(events, "target", ARRAY_LEN(good));
        add(events, make_case(&unmovable, "target", "requirement"));
        add(events, make_self_check(true));
        add(events, make_end(0, true, json_array(), (const int[]){6, 0, 1, 0, 0}, true));
        break;
    case SAMPLE_FAILING:
        add_good(events, "target", ARRAY_LEN(good));
        add(events, make_case(&unmovable, "target", "requirement"));
        add_bad(events);
        add(events, make_self_check(true));
        add(events, make_end(1, true, json_array(), (const int[]){7, 4, 1, 0, 0}, true));
        break;
    case SAMPLE_INVALID:
        add_invalid(events);
        break;
    case SAMPLE_INTERRUPTED:
        add_good(events, "target", 2);
        break;
    case SAMPLE_SELFTEST:
        add_selftest(events);
        break;
    case SAMPLE_HOSTILE:
        add_hostile(events);
        add(events, make_self_check(true));
        add(events, make_end(1, true, json_array(), (const int[]){0, 1, 0, 0, 0}, false));
        break;
    case SAMPLE_EXPECTED:
        add_good(events, "target", ARRAY_LEN(good));
        add(events, make_case(&bad[2], "target", "requirement"));
        add(events, make_case(&bad[3], "target", "requirement"));
        expect(events, "expected");
        add(events, make_self_check(true));
        add(events, make_end(0, true, json_array(), (const int[]){6, 2, 0, 0, 0}, false));
        break;
    case SAMPLE_SEVERAL:
        add_several(events);
        break;
    case SAMPLE__COUNT:
        break;
    }
    return events;
}

void sample_folder_make(char path[64])
{
    int len = snprintf(path, 64, "/tmp/assay-record-XXXXXX");

    must(len > 0 && len < 64 && mkdtemp(path) != NULL);
}

void sample_folder_remove(const char *path)
{
    DIR *dir = opendir(path);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.' || entry->d_name[1] == 'r')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir != NULL)
        (void)closedir(dir);
    (void)rmdir(path);
}

json_t *sample_run(enum sample sample)
{
    json_t *events = sample_events(sample), *run = NULL, *event;
    struct record_writer *writer = NULL;
    struct assay_err err = {0};
    char folder[64];
    size_t i;

    sample_folder_make(folder);
    if (record_create(&writer, folder, NULL, &err) == ASSAY_OK) {
        json_array_foreach (events, i, event)
            if (record_add(writer, event, &err) != ASSAY_OK)
                break;
        if (record_close(writer, &err) != ASSAY_OK || record_read(&run, folder, &err) != ASSAY_OK)
            run = NULL;
    }
    if (err.code != ASSAY_OK)
        (void)fprintf(stderr, "sample: %s\n", err.text);
    must(run != NULL && err.code == ASSAY_OK);
    sample_folder_remove(folder);
    json_decref(events);
    return run;
}
