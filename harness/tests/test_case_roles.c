/* A case with the roles of its profile, a client in it, and the evidence of both. */
#include "peer/kaspa-x402/peer.h"
#include "record/shape.h"
#include "run/scenario.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static struct assay_arena arena = ASSAY_ARENA_INIT(1 << 22);
static struct target target;
static struct case_world *world;

static void given_world(const char *members)
{
    struct assay_buf text = ASSAY_BUF_INIT(1 << 16);
    struct assay_err err = {0};

    assay_buf_printf(&text, "{\"name\": \"one\", \"profile\": \"kaspa-x402\", %s}", members);
    cr_assert_eq(target_parse(&target, &arena, assay_buf_view(&text), "t.json", &err), ASSAY_OK,
                 "%s", err.text);
    assay_buf_fini(&text);
    world = case_world_new(&(struct case_world_options){.target = &target, .seed = 7});
    cr_assert_not_null(world);
}

static void end_world(void)
{
    case_world_free(world);
    world = NULL;
    assay_arena_fini(&arena);
}

#define SERVER                                                                                     \
    "\"launch\": {\"command\": [\"sh\", \"-c\", \"echo ready http://127.0.0.1:7/ $* V=$V; exec "   \
    "tail -f "                                                                                     \
    "/dev/null\", \"x\", \"${NODE}\", \"--wallet\", \"${FACILITATOR}\"], \"ready\": \"ready \"}, " \
    "\"roles\": {\"node\": \"V\"}, "                                                               \
    "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}}"
#define CLIENT                                                                                     \
    "\"interface\": \"command\", \"launch\": {\"command\": [\"sh\", \"-c\", \"echo $*; echo no "   \
    ">&2; "                                                                                        \
    "exit 2\", \"x\", \"${URL}\", \"${NODE}\"]}"

/* A control, so that no honest purchase follows it. */
#define OF_A_TEST                                                                                  \
    .name = "kaspa-x402/zz", .title = "Something holds", .kind = SCENARIO_CONTROL,                 \
    .rule = "http.challenge", .file = "zz.c"

static json_t *run(const struct scenario *s)
{
    json_t *event = case_run(world, s, 0);
    const char *verdict = json_string_value(json_object_get(event, "verdict"));

    cr_assert_not_null(event);
    cr_expect_str_eq(verdict, "pass", "%s %s", json_string_value(json_object_get(event, "reason")),
                     json_string_value(json_object_get(event, "seen")));
    return event;
}

static bool says(struct assay_bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

/* ---- roles ---- */

static void *seen_roles[2];
static size_t seen_count;

static void looks_at_its_roles(struct assay_case *t)
{
    const struct profile *profile = scenario_profile(case_scenario(t));
    struct assay_bytes said = instance_stdout(case_instance(t));
    const char *url;

    expect(t, case_roles(t) != NULL, "roles", "none");
    url = profile->role_url(case_roles(t), "node");
    expect(t, url != NULL && says(said, case_printf(t, "7/ %s V=%s\n", url, url)),
           "the node's URL twice, and nothing of what is not played", "%s",
           (const char *)case_copy(t, said).at);
    seen_roles[seen_count++ % 2] = case_roles(t);
}

Test(case_roles, are_started_for_the_target_and_told_to_it)
{
    const struct scenario shared = {OF_A_TEST, .body = looks_at_its_roles},
                          fresh = {OF_A_TEST, .body = looks_at_its_roles, .fresh = true};

    given_world(SERVER);
    json_decref(run(&shared));
    json_decref(run(&shared));
    cr_expect_eq(seen_roles[0], seen_roles[1], "the cases of an instance share its roles");
    json_decref(run(&fresh));
    json_decref(run(&shared));
    cr_expect_eq(seen_count, 4);
    end_world();
}

Test(case_roles, are_not_pretended_where_the_target_looks_for_them)
{
    const struct scenario s = {OF_A_TEST, .body = looks_at_its_roles};
    json_t *event;

    given_world("\"base_url\": \"http://127.0.0.1:1\", \"endpoints\": {\"paid_get\": {\"method\": "
                "\"GET\", \"target\": \"/\"}}, \"roles\": {\"facilitator\": {\"listen\": "
                "\"127.0.0.1:18210\"}}");
    event = case_run(world, &s, 0);
    cr_expect_str_eq(json_string_value(json_object_get(event, "verdict")), "unsupported");
    cr_expect_not_null(strstr(json_string_value(json_object_get(event, "reason")),
                              "looks for the role facilitator at 127.0.0.1:18210"));
    json_decref(event);
    end_world();
}

/* A port that nobody else is given, and that who asks for it can listen at: it is bound, and not
 * listened at. */
static int reserve_port(unsigned *port)
{
    static const int one = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

#define RUNNING                                                                                    \
    "\"base_url\": \"http://127.0.0.1:1\", \"executions\": \"origin\", \"endpoints\": "            \
    "{\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}}, "

static const struct profile *played;
static char places[3][32]; /* of node, node-rest and origin */

static void looks_where_its_roles_are(struct assay_case *t)
{
    static const char *const roles[] = {"node", "node-rest"};
    void *with = case_roles(t);

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        const char *url = with != NULL ? played->role_url(with, roles[i]) : NULL;

        expect(t, url != NULL && strstr(url, places[i]) != NULL, places[i], "%s",
               url != NULL ? url : "none");
    }
    expect(t, case_origin(t) != NULL && strstr(origin_url(case_origin(t)), places[2]) != NULL,
           places[2], "%s", case_origin(t) != NULL ? origin_url(case_origin(t)) : "none");
}

static void given_running_server(const unsigned port[3])
{
    char text[1024];

    for (size_t i = 0; i < 3; i++)
        cr_assert_lt(snprintf(places[i], sizeof places[i], "127.0.0.1:%u", port[i]),
                     (int)sizeof places[i]);
    cr_assert_lt(snprintf(text, sizeof text,
                          RUNNING "\"roles\": {\"node\": {\"listen\": \"%s\"}, \"node-rest\": "
                                  "{\"listen\": \"%s\"}, \"origin\": {\"listen\": \"%s\"}}",
                          places[0], places[1], places[2]),
                 (int)sizeof text);
    given_world(text);
    played = profile_find("kaspa-x402");
}

Test(case_roles, are_played_where_a_running_server_looks_for_them)
{
    const struct scenario s = {OF_A_TEST, .body = looks_where_its_roles_are};
    unsigned port[3];
    int held[3];

    for (size_t i = 0; i < 3; i++)
        held[i] = reserve_port(&port[i]);
    for (int round = 0; round < 2; round++) { /* they can be had again at once */
        given_running_server(port);
        json_decref(run(&s));
        end_world();
    }
    for (size_t i = 0; i < 3; i++)
        close(held[i]);
}

/* It would be judged by what it was not told to be. */
Test(case_roles, are_not_asked_of_a_running_server_in_another_variant)
{
    const struct scenario s = {OF_A_TEST, .variant = "confirmed", .body = looks_at_its_roles};
    json_t *event;

    given_world("\"base_url\": \"http://127.0.0.1:1\", \"endpoints\": {\"paid_get\": {\"method\": "
                "\"GET\", \"target\": \"/\"}}");
    event = case_run(world, &s, 0);
    cr_expect_str_eq(json_string_value(json_object_get(event, "verdict")), "unsupported");
    cr_expect_not_null(
        strstr(json_string_value(json_object_get(event, "reason")), "with other options"));
    json_decref(event);
    end_world();
}

/* The launch would be `broken`: that it is not tried is seen by that. */
Test(case_roles, spend_no_start_on_a_target_that_cannot_be_asked)
{
    static const struct scenario scenarios[] = {
        {OF_A_TEST, .needs = KXP_ADDITIVE, .body = looks_at_its_roles},
        {OF_A_TEST, .needs = KXP_ADDITIVE, .fresh = true, .body = looks_at_its_roles},
    };

    for (size_t i = 0; i < ARRAY_LEN(scenarios); i++) {
        json_t *event;

        given_world("\"launch\": {\"command\": [\"false\"], \"ready\": \"ready \"}, "
                    "\"endpoints\": {\"paid_get\": {\"method\": \"GET\", \"target\": \"/\"}}");
        event = case_run(world, &scenarios[i], 0);
        cr_expect_str_eq(json_string_value(json_object_get(event, "verdict")), "unsupported");
        cr_expect_not_null(
            strstr(json_string_value(json_object_get(event, "reason")), "\"additive\""));
        json_decref(event);
        end_world();
    }
}

Test(case_roles, say_what_to_do_about_a_place_that_is_taken)
{
    static const char *const said[] = {"roles of kaspa-x402", "roles of kaspa-x402", "role origin"};
    const struct scenario s = {OF_A_TEST, .body = looks_where_its_roles_are};
    unsigned port[3];
    int held[3];

    for (size_t i = 0; i < 3; i++)
        held[i] = reserve_port(&port[i]);
    for (size_t i = 0; i < 3; i++) {
        const char *reason;
        json_t *event;

        cr_assert_eq(listen(held[i], 1), 0); /* somebody else's, until it is closed */
        given_running_server(port);
        event = case_run(world, &s, 0);
        reason = json_string_value(json_object_get(event, "reason"));
        cr_expect_str_eq(json_string_value(json_object_get(event, "verdict")), "broken");
        cr_expect(strstr(reason, said[i]) != NULL && strstr(reason, places[i]) != NULL &&
                      strstr(reason, "is in use: end the program that listens there, or choose "
                                     "another port (`roles` in the target file") != NULL,
                  "%s", reason);
        json_decref(event);
        end_world();
        close(held[i]);
    }
}

/* ---- a client ---- */

static const struct target_pair values[] = {{"URL", "http://127.0.0.1:1/buy"}, {NULL, NULL}};

static void buys(struct assay_case *t)
{
    const struct client_run_options options = {.values = values};
    struct client_run *run = case_start_client(t, &options);

    case_note(t, "the client was started");
    expect(t, client_run_await(run, PATIENCE_MS), "an end", "none");
    case_saw_run(t, run, "the client pays");
    expect(t, client_run_end(run).status == 2, "status 2", "%d", client_run_end(run).status);
    expect(t, says(client_run_stdout(run), "http://127.0.0.1:1/buy "), "what to buy", "else");
}

static const json_t *entry_of(const json_t *event, size_t index, const char *kind)
{
    const json_t *entry = json_array_get(json_object_get(event, "evidence"), index);

    cr_assert_not_null(entry);
    cr_expect_str_eq(json_string_value(json_object_get(entry, "kind")), kind);
    return entry;
}

/* As the record asks for it, with what the runner adds. */
static void expect_recordable(json_t *event)
{
    enum shape_event_kind kind;
    struct assay_err err = {0};

    json_object_set_new(event, "leg", json_string("l"));
    json_object_set_new(event, "expectation", json_null());
    json_object_set_new(event, "replay", json_string(""));
    cr_expect_eq(shape_check_event(&kind, event, &err), ASSAY_OK, "%s", err.text);
}

Test(case_roles, runs_a_client_and_keeps_what_it_said)
{
    const struct scenario s = {OF_A_TEST, .side = SIDE_CLIENT, .body = buys};
    const json_t *entry;
    json_t *event;

    given_world(CLIENT);
    event = run(&s);
    entry = entry_of(event, 1, "run");
    cr_expect_str_eq(json_string_value(json_object_get(entry, "outcome")),
                     "ended with exit status 2");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(entry, "command"), 4)),
                     "http://127.0.0.1:1/buy");
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(entry, "stderr"), "text")),
                     "no\n");
    expect_recordable(event);
    json_decref(event);
    end_world();
}

static const void *folders[2];

static void leaves_something_in_its_store(struct assay_case *t)
{
    size_t i = folders[0] == NULL ? 0 : 1;

    folders[i] = assay_arena_printf(&arena, "%s", instance_workdir(case_instance(t)));
    expect(t, true, "nothing", "nothing");
}

Test(case_roles, give_each_client_case_a_store_of_its_own)
{
    const struct scenario s = {OF_A_TEST, .side = SIDE_CLIENT,
                               .body = leaves_something_in_its_store};

    given_world(CLIENT);
    json_decref(run(&s));
    json_decref(run(&s));
    cr_expect_str_neq(folders[0], folders[1]);
    end_world();
}

/* ---- evidence ---- */

static void tells_late(struct assay_case *t)
{
    case_note(t, "now");
    case_saw_role(t, "node", 1, "getInfo", ASSAY_LIT("{\"a\":1}"));
    case_saw_role(t, "node", 0, "submit", ASSAY_LIT("\xff"));
    case_saw_role(t, "node", INT64_MAX, "far", ASSAY_LIT(""));
    case_note(t, "then");
    expect(t, true, "nothing", "nothing");
}

Test(case_roles, tell_what_they_saw_in_the_order_of_time)
{
    static const char *const kinds[] = {"role", "note", "role", "note", "role"};
    const struct scenario s = {OF_A_TEST, .body = tells_late};
    json_t *event;

    given_world(SERVER);
    event = run(&s);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        (void)entry_of(event, i, kinds[i]);
    cr_expect_str_eq(json_string_value(json_object_get(entry_of(event, 0, "role"), "what")),
                     "getInfo");
    cr_expect_str_eq(json_string_value(json_object_get(entry_of(event, 2, "role"), "text")),
                     "\xEF\xBF\xBD");
    expect_recordable(event);
    json_decref(event);
    end_world();
}
