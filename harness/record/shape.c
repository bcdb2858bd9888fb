/* The tables of record/shape.h. They follow record/FORMAT.md from top to bottom. */
#include "record/shape.h"

#include "record/record.h"

#define MEMBER(name_, type_, need_, words_, of_)                                                   \
    {                                                                                              \
        .name = (name_), .type = (type_), .need = (need_), .words = (words_), .of = (of_)          \
    }
#define TEXT(name_) MEMBER(name_, SHAPE_TEXT, SHAPE_REQUIRED, NULL, NULL)
#define COUNT(name_) MEMBER(name_, SHAPE_COUNT, SHAPE_REQUIRED, NULL, NULL)
#define FLAG(name_) MEMBER(name_, SHAPE_FLAG, SHAPE_REQUIRED, NULL, NULL)
#define WORD(name_, words_) MEMBER(name_, SHAPE_WORD, SHAPE_REQUIRED, words_, NULL)
#define OBJECT(name_, of_) MEMBER(name_, SHAPE_OBJECT, SHAPE_REQUIRED, NULL, of_)
#define LIST(name_, of_) MEMBER(name_, SHAPE_LIST, SHAPE_REQUIRED, NULL, of_)
#define CHOICE(member_, word_, of_)                                                                \
    {                                                                                              \
        .member = (member_), .word = (word_), .of = (of_)                                          \
    }

#define MEMBERS(array) .members = (array), .count = ARRAY_LEN(array)
#define CHOICES(array) .choices = (array), .choice_count = ARRAY_LEN(array)

static const char levels[] = "must should may ours report";
static const char sides[] = "server client library facilitator";
static const char verdicts[] = "pass fail unsupported skipped broken";

/* ---- evidence ---- */

static const struct shape_member text_body_members[] = {
    TEXT("text"),
    COUNT("bytes"),
    FLAG("cut"),
};
static const struct shape_member binary_body_members[] = {
    TEXT("base64"),
    COUNT("bytes"),
    FLAG("cut"),
};
static const struct shape text_body = {.name = "textBody", MEMBERS(text_body_members)};
static const struct shape binary_body = {.name = "binaryBody", MEMBERS(binary_body_members)};
static const struct shape_choice body_choices[] = {
    CHOICE("text", NULL, &text_body),
    CHOICE("base64", NULL, &binary_body),
};
static const struct shape body = {.name = "body", CHOICES(body_choices)};

static const struct shape_member raw_request_members[] = {
    OBJECT("raw", &body),
};
static const struct shape_member framed_request_members[] = {
    TEXT("method"),
    TEXT("target"),
    MEMBER("headers", SHAPE_PAIRS, SHAPE_REQUIRED, NULL, NULL),
    MEMBER("body", SHAPE_OBJECT, SHAPE_NULLABLE, NULL, &body),
};
static const struct shape raw_request = {.name = "rawRequest", MEMBERS(raw_request_members)};
static const struct shape framed_request = {.name = "framedRequest",
                                            MEMBERS(framed_request_members)};
static const struct shape_choice request_choices[] = {
    CHOICE("raw", NULL, &raw_request),
    CHOICE("method", NULL, &framed_request),
};
static const struct shape request = {.name = "request", CHOICES(request_choices)};

static const struct shape_member response_members[] = {
    COUNT("status"),
    MEMBER("headers", SHAPE_PAIRS, SHAPE_REQUIRED, NULL, NULL),
    MEMBER("body", SHAPE_OBJECT, SHAPE_NULLABLE, NULL, &body),
};
static const struct shape response = {.name = "response", MEMBERS(response_members)};

static const struct shape_member exchange_members[] = {
    COUNT("t"),
    WORD("kind", "exchange"),
    TEXT("label"),
    OBJECT("request", &request),
    TEXT("outcome"),
    MEMBER("response", SHAPE_OBJECT, SHAPE_NULLABLE, NULL, &response),
    COUNT("milliseconds"),
};
static const struct shape_member burst_members[] = {
    COUNT("t"),
    WORD("kind", "burst"),
    TEXT("label"),
    COUNT("requests"),
    COUNT("inFlight"),
    COUNT("releaseMicroseconds"),
    MEMBER("statuses", SHAPE_TALLY, SHAPE_REQUIRED, NULL, NULL),
};
static const struct shape_member role_members[] = {
    COUNT("t"), WORD("kind", "role"), TEXT("role"), TEXT("what"), TEXT("text"),
};
static const struct shape_member run_members[] = {
    COUNT("t"),      WORD("kind", "run"),     TEXT("label"),           LIST("command", NULL),
    TEXT("outcome"), OBJECT("stdout", &body), OBJECT("stderr", &body), COUNT("milliseconds"),
};
static const struct shape_member sample_members[] = {
    COUNT("t"),   WORD("kind", "sample"),
    TEXT("name"), MEMBER("value", SHAPE_INTEGER, SHAPE_REQUIRED, NULL, NULL),
    TEXT("unit"),
};
static const struct shape_member fault_members[] = {
    COUNT("t"),
    WORD("kind", "fault"),
    TEXT("name"),
    TEXT("text"),
};
static const struct shape_member note_members[] = {
    COUNT("t"),
    WORD("kind", "note"),
    TEXT("text"),
};
static const struct shape exchange = {.name = "exchange", MEMBERS(exchange_members)};
static const struct shape burst = {.name = "burst", MEMBERS(burst_members)};
static const struct shape role = {.name = "role", MEMBERS(role_members)};
static const struct shape program_run = {.name = "programRun", MEMBERS(run_members)};
static const struct shape sample = {.name = "sample", MEMBERS(sample_members)};
static const struct shape fault = {.name = "fault", MEMBERS(fault_members)};
static const struct shape note = {.name = "note", MEMBERS(note_members)};
static const struct shape_choice evidence_choices[] = {
    CHOICE("kind", "exchange", &exchange), CHOICE("kind", "burst", &burst),
    CHOICE("kind", "role", &role),         CHOICE("kind", "run", &program_run),
    CHOICE("kind", "sample", &sample),     CHOICE("kind", "fault", &fault),
    CHOICE("kind", "note", &note),
};
static const struct shape evidence = {.name = "evidence", CHOICES(evidence_choices)};

/* ---- the catalogue ---- */

static const struct shape_member source_members[] = {
    TEXT("profile"),
    TEXT("document"),
    TEXT("revision"),
};
static const struct shape_member rule_members[] = {
    TEXT("id"),     TEXT("profile"),  WORD("level", levels),
    TEXT("source"), TEXT("sentence"), TEXT("remedy"),
};
static const struct shape_member threat_members[] = {
    TEXT("id"),       TEXT("profile"),  TEXT("asset"),  TEXT("threat"),     TEXT("mitigation"),
    TEXT("residual"), TEXT("severity"), TEXT("stride"), TEXT("notReached"),
};
static const struct shape_member scenario_members[] = {
    TEXT("name"),          TEXT("title"),       WORD("kind", "control requirement observation"),
    WORD("side", sides),   TEXT("threat"),      TEXT("rule"),
    WORD("level", levels), LIST("ideas", NULL), TEXT("restsOn"),
    LIST("catches", NULL), TEXT("file"),        COUNT("line"),
};
static const struct shape_member defect_members[] = {
    TEXT("id"),   TEXT("profile"), TEXT("sets"),     TEXT("threat"),
    TEXT("rule"), TEXT("place"),   TEXT("sentence"),
};
static const struct shape source = {.name = "source", MEMBERS(source_members)};
static const struct shape rule = {.name = "rule", MEMBERS(rule_members)};
static const struct shape threat = {.name = "threat", MEMBERS(threat_members)};
static const struct shape scenario = {.name = "scenario", MEMBERS(scenario_members)};
static const struct shape defect = {.name = "defect", MEMBERS(defect_members)};

static const struct shape_member catalogue_members[] = {
    MEMBER("sources", SHAPE_LIST, SHAPE_OPTIONAL, NULL, &source),
    LIST("rules", &rule),
    LIST("threats", &threat),
    LIST("scenarios", &scenario),
    LIST("defects", &defect),
};
static const struct shape catalogue = {.name = "catalogue", MEMBERS(catalogue_members)};

/* ---- legs and cases ---- */

static const struct shape_member leg_members[] = {
    TEXT("id"),
    TEXT("target"),
    TEXT("name"),
    TEXT("profile"),
    WORD("side", sides),
    FLAG("launched"),
    TEXT("rules"),
    MEMBER("defect", SHAPE_TEXT, SHAPE_NULLABLE, NULL, NULL),
    WORD("purpose", "target self-check selftest"),
};
static const struct shape leg = {.name = "leg", MEMBERS(leg_members)};

static const struct shape_member observation_members[] = {
    TEXT("name"),
    TEXT("text"),
};
static const struct shape observation = {.name = "observation", MEMBERS(observation_members)};

static const struct shape_member case_members[] = {
    TEXT("leg"),
    TEXT("scenario"),
    TEXT("case"),
    TEXT("title"),
    WORD("kind", "control requirement observation"),
    TEXT("threat"),
    TEXT("rule"),
    WORD("level", levels),
    WORD("verdict", verdicts),
    MEMBER("grade", SHAPE_WORD, SHAPE_NULLABLE, "observed derived claimed", NULL),
    TEXT("expected"),
    TEXT("seen"),
    TEXT("reason"),
    TEXT("where"),
    MEMBER("expectation", SHAPE_WORD, SHAPE_NULLABLE, "expected unexpected-pass", NULL),
    LIST("observations", &observation),
    COUNT("milliseconds"),
    MEMBER("seed", SHAPE_SEED, SHAPE_REQUIRED, NULL, NULL),
    TEXT("replay"),
    LIST("evidence", &evidence),
};
static const struct shape judged_case = {.name = "case", MEMBERS(case_members)};

/* ---- self-check, matrix, outcome ---- */

static const struct shape_member checked_threat_members[] = {
    TEXT("threat"), FLAG("accepts"), TEXT("defect"), FLAG("catches"), TEXT("scenario"),
};
static const struct shape checked_threat = {.name = "checkedThreat",
                                            MEMBERS(checked_threat_members)};
static const struct shape_member self_check_members[] = {
    FLAG("ran"),
    FLAG("passed"),
    COUNT("milliseconds"),
    TEXT("reason"),
    LIST("threats", &checked_threat),
};
static const struct shape self_check = {.name = "selfCheck", MEMBERS(self_check_members)};

static const struct shape_member matrix_row_members[] = {
    TEXT("defect"),      TEXT("profile"),        WORD("side", sides),
    TEXT("rules"),       TEXT("threat"),         LIST("caughtBy", NULL),
    LIST("named", NULL), LIST("missedBy", NULL), WORD("verdict", "caught partly survived unnamed"),
};
static const struct shape matrix_row = {.name = "matrixRow", MEMBERS(matrix_row_members)};
static const struct shape_member matrix_members[] = {
    LIST("rows", &matrix_row),
    LIST("falseAlarms", NULL),
    COUNT("correctRuns"),
};
static const struct shape matrix = {.name = "matrix", MEMBERS(matrix_members)};

static const struct shape_member invalid_members[] = {
    TEXT("code"),
    TEXT("text"),
};
static const struct shape_member counts_members[] = {
    COUNT("pass"), COUNT("fail"), COUNT("unsupported"), COUNT("skipped"), COUNT("broken"),
};
static const struct shape_member not_judged_members[] = {
    TEXT("profile"),
    TEXT("threat"),
    TEXT("reason"),
};
static const struct shape invalid = {.name = "invalid", MEMBERS(invalid_members)};
static const struct shape counts = {.name = "counts", MEMBERS(counts_members)};
static const struct shape not_judged = {.name = "notJudged", MEMBERS(not_judged_members)};

static const struct shape_member outcome_members[] = {
    MEMBER("ended", SHAPE_TIME, SHAPE_NULLABLE, NULL, NULL),
    COUNT("exit"),
    FLAG("valid"),
    FLAG("interrupted"),
    LIST("invalid", &invalid),
    OBJECT("counts", &counts),
    LIST("notJudged", &not_judged),
};
static const struct shape outcome = {.name = "outcome", MEMBERS(outcome_members)};

/* ---- the document ---- */

static const struct shape_member assay_members[] = {
    TEXT("version"),
};
static const struct shape assay = {.name = "assay", MEMBERS(assay_members)};
static const struct shape_member target_members[] = {
    TEXT("name"), TEXT("profile"), TEXT("rules"), TEXT("interface"), FLAG("launched"),
};
static const struct shape target = {.name = "target", MEMBERS(target_members)};

static const struct shape_member shard_members[] = {
    COUNT("index"),
    COUNT("of"),
    LIST("names", NULL),
};
static const struct shape shard = {.name = "shard", MEMBERS(shard_members)};

enum { RUN_MEMBERS = 9 };
static const struct shape_member document_members[] = {
    WORD("schema", RECORD_SCHEMA),
    OBJECT("assay", &assay),
    WORD("verb", "run selftest replay"),
    LIST("command", NULL),
    MEMBER("seed", SHAPE_SEED, SHAPE_REQUIRED, NULL, NULL),
    MEMBER("started", SHAPE_TIME, SHAPE_REQUIRED, NULL, NULL),
    OBJECT("target", &target),
    WORD("failOn", "must should ours"),
    MEMBER("shard", SHAPE_OBJECT, SHAPE_OPTIONAL, NULL, &shard),
    OBJECT("catalogue", &catalogue),
    LIST("legs", &leg),
    LIST("cases", &judged_case),
    MEMBER("selfCheck", SHAPE_OBJECT, SHAPE_OPTIONAL, NULL, &self_check),
    MEMBER("matrix", SHAPE_OBJECT, SHAPE_OPTIONAL, NULL, &matrix),
    OBJECT("outcome", &outcome),
};
const struct shape shape_document = {.name = "run.json", MEMBERS(document_members)};
static const struct shape run = {.name = "run", .members = document_members, .count = RUN_MEMBERS};

const struct shape_event shape_events[EVENT__COUNT] = {
    [EVENT_RUN] = {"run", NULL, false, &run},
    [EVENT_CATALOGUE] = {"catalogue", "catalogue", false, &catalogue},
    [EVENT_LEG] = {"leg", "legs", true, &leg},
    [EVENT_CASE] = {"case", "cases", true, &judged_case},
    [EVENT_SELF_CHECK] = {"selfCheck", "selfCheck", false, &self_check},
    [EVENT_MATRIX] = {"matrix", "matrix", false, &matrix},
    [EVENT_END] = {"end", "outcome", false, &outcome},
};
