/* Ports for programs that a test or a run starts. */
#include "http/sock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

enum { PORTS = 200 };

/* Who starts again must get its port again, so nobody may be given it meanwhile. */
Test(sock, finds_ports_that_the_system_gives_to_nobody)
{
    FILE *range = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
    unsigned first = 0;

    cr_assert_not_null(range);
    cr_assert_eq(fscanf(range, "%u", &first), 1);
    cr_assert_eq(fclose(range), 0);
    for (int i = 0; i < PORTS; i++) {
        struct assay_err err = {0};
        uint16_t port = 0, got = 0;
        int fd;

        cr_assert_eq(sock_find_port(&port, &err), ASSAY_OK, "%s", err.text);
        cr_expect_gt(port, 1023);
        if (first > 20000)
            cr_expect_lt(port, first);
        cr_assert_eq(sock_listen(&fd, &got, port, &err), ASSAY_OK, "%s", err.text);
        cr_expect_eq(got, port);
        cr_assert_eq(close(fd), 0);
    }
}

Test(sock, finds_no_port_where_somebody_listens)
{
    int fds[PORTS];

    for (size_t i = 0; i < PORTS; i++) {
        uint16_t port, got;

        cr_assert_eq(sock_find_port(&port, NULL), ASSAY_OK);
        cr_assert_eq(sock_listen(&fds[i], &got, port, NULL), ASSAY_OK, "port %u of %zu",
                     (unsigned)port, i);
    }
    for (size_t i = 0; i < PORTS; i++)
        cr_assert_eq(close(fds[i]), 0);
}
