/* SPDX-License-Identifier: MIT */
/*
 * main.c - dma-fenced from start to end: options, transport, device, loop, and back.
 *
 * Signals are blocked in all threads but the one that waits for them; it ends the loop, and
 * everything else happens in the first thread, in order.
 */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "device/log.h"
#include "options.h"
#include "server.h"
#include "transport/loop.h"
#include "transport/ready.h"
#include "transport/transport.h"

static struct device device;
static struct options options;
static const struct transport *transport;
static bool is_ready;
static sigset_t end_signals;

static void node_is_ready(void)
{
	is_ready = true;
	log_verbose("serving %s (%s)", transport->path(), transport->name);
	ready_write_line(options.ready_fd, transport->path());
	ready_notify_manager("READY=1");
}

static void *wait_for_end(void *data)
{
	int number;

	sigwait(&end_signals, &number);
	log_verbose("%s: stopping", strsignal(number));
	loop_stop();
	return NULL;
}

static void block_signals(void)
{
	sigset_t blocked;

	sigemptyset(&end_signals);
	sigaddset(&end_signals, SIGTERM);
	sigaddset(&end_signals, SIGINT);
	sigaddset(&end_signals, SIGHUP);
	blocked = end_signals;
	sigaddset(&blocked, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static const struct transport *choose_transport(void)
{
	if (!strcmp(options.transport, "cuse"))
		return &cuse_transport;
	if (!strcmp(options.transport, "fuse"))
		return &fuse_transport;
	if (cuse_transport.available(false))
		return &cuse_transport;
	log_error("/dev/cuse: %s%s; trying FUSE instead", strerror(errno),
		  errno == ENOENT ? " (try 'modprobe cuse')" : "");
	return &fuse_transport;
}

static int start_end_thread(void)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, wait_for_end, NULL);

	if (ret) {
		log_error("cannot start a thread: %s", strerror(ret));
		return -ret;
	}
	return -pthread_detach(thread);
}

int main(int argc, char **argv)
{
	int ret;

	options_parse(&options, argc, argv);
	log_init(options.verbose);
	block_signals();
	/* A heap for each worker costs more memory than it saves time: they share one lock. */
	mallopt(M_ARENA_MAX, 1);

	transport = choose_transport();
	if (!transport->available(true))
		return EXIT_FAILURE;
	ret = server_start(&device, &options);
	if (ret) {
		log_error("cannot start: %s", strerror(-ret));
		return EXIT_FAILURE;
	}
	device.transport = transport->number;
	transport_set_ready(node_is_ready);
	if (transport->start(&device, &options))
		return EXIT_FAILURE;
	loop_prepare();
	ret = start_end_thread();
	if (!ret)
		loop_run(&device);

	if (!loop_was_stopped() && !ret) {
		if (is_ready)
			log_error("the node is gone: stopping");
		else if (!log_has_complained())
			log_error("the kernel refuses to make the node");
		ret = -ENODEV;
	}
	ready_notify_manager("STOPPING=1");
	server_end_work(&device);
	if (loop_was_stopped())
		loop_drain(&device, server_is_drained,
			   dma_fence_now() + (int64_t)options.stop_timeout_ns);
	server_stop(&device);
	transport->stop(&device);
	server_fini(&device);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
