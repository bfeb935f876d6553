/* SPDX-License-Identifier: MIT */
/* daemon_suite.c - see daemon_suite.h. */
#include <unistd.h>

#include "daemon_suite.h"

struct daemon daemon_of_test;
int fd = -1;

void own_daemon_start(const char *const *options)
{
	daemon_place(&daemon_of_test, "another");
	expect(daemon_start(&daemon_of_test, options), 0);
	fd = open_node(daemon_of_test.node);
}

void own_daemon_stop(void)
{
	must(close(fd));
	expect(daemon_stop(&daemon_of_test), 0);
}

void own_daemon_begin(void)
{
	fixture_begin();
	own_daemon_start(NULL);
}

void own_daemon_end(void)
{
	own_daemon_stop();
	fixture_end();
}
