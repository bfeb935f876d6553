/* SPDX-License-Identifier: MIT */
/*
 * bench.c - the signal that ends the program, and complaints.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static volatile sig_atomic_t end_signal;

int interrupted(void)
{
	return end_signal;
}

int complain(const char *what, int error)
{
	fprintf(stderr, "dma-fence-bench: %s: %s\n", what, strerror(-error));
	return error;
}

static void note_signal(int number)
{
	end_signal = number;
}

/* Without SA_RESTART: what blocks is to come back. */
void catch_signals(void)
{
	struct sigaction action = { .sa_handler = note_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}
