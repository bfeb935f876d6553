/* SPDX-License-Identifier: MIT */
/* bad_fd.c - for every request that takes an fd: fds that are closed, of another kind, or of
 * a foreign FUSE server. Raw ioctls. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "fixture.h"
#include "foreign.h"
#include "process.h"
#include "requests.h"

DEVICE_SUITE(bad_fd);

/* Where each request has its fd. */
#define FD_REQUESTS(X)                     \
	X(attach, attach.fd)               \
	X(buffer_fences, buffer_fences.fd) \
	X(buffer_wait, buffer_wait.fd)     \
	X(resv_lock, resv_lock_fds)        \
	X(import, import.fd)               \
	X(seqno_write, seqno_write.fd)     \
	X(mem_fence, mem_fence.fd)         \
	X(event_add, event_add.eventfd)

static size_t fd_offset(enum request_kind kind)
{
	switch (kind) {
#define FD_OFFSET(name, field) \
	case REQUEST_##name:   \
		return offsetof(struct prepared, field) - offsetof(struct prepared, bytes);
		FD_REQUESTS(FD_OFFSET)
	default:
		check_failed(__FILE__, __LINE__, "it takes no fd");
	}
}

/* The request as it should be, with another fd. */
static void prepare_with_fd(struct prepared *p, enum request_kind kind, int fd)
{
	prepare(p, kind, device);
	memcpy(p->bytes + fd_offset(kind), &fd, sizeof(fd));
}

static void refused(enum request_kind kind, int fd, int error, const char *what)
{
	struct prepared p;

	if (kind == REQUEST_event_add)
		need_feature(DMA_FENCE_FEATURE_EVENTFD,
			     "the system has no asynchronous I/O contexts left");
	prepare_with_fd(&p, kind, fd);
	expect_refused(&p, error, what);
	prepared_close(&p);
}

/* ---- fds that are none ---- */

static void closed_fd(enum request_kind kind)
{
	/* So high that nothing else gets its number. */
	int fd = must(fcntl(0, F_DUPFD_CLOEXEC, 900));

	must(close(fd));
	refused(kind, fd, -EBADF, "closed");
	refused(kind, 0x7fffffff, -EBADF, "never opened");
}

static void negative_fd(enum request_kind kind)
{
	refused(kind, -2, -EBADF, "-2");
	refused(kind, INT32_MIN, -EBADF, "the least of all");
	/* For EVENT_ADD it means that there is none. */
	if (kind != REQUEST_event_add)
		refused(kind, -1, -EBADF, "-1");
}

static void path_fd(enum request_kind kind)
{
	int buffer = new_buffer(4096), fd;

	/* What it names would do. */
	fd = reopen(buffer, O_PATH);
	refused(kind, fd, -EBADF, "O_PATH");
	must(close(fd));
	must(close(buffer));
}

/* ---- fds of another kind ---- */

static void refused_and_closed(enum request_kind kind, int fd, const char *what)
{
	refused(kind, must(fd), -EINVAL, what);
	must(close(fd));
}

static void pipe_fd(enum request_kind kind)
{
	int ends[2];

	must(pipe2(ends, O_CLOEXEC));
	refused_and_closed(kind, ends[0], "the reading end of a pipe");
	refused_and_closed(kind, ends[1], "the writing end of a pipe");
}

static void other_anonymous_fds(enum request_kind kind)
{
	refused_and_closed(kind, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), "a timerfd");
	refused_and_closed(kind, epoll_create1(EPOLL_CLOEXEC), "an epoll");
	refused_and_closed(kind, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket");
	if (kind != REQUEST_event_add)
		refused_and_closed(kind, eventfd(0, EFD_CLOEXEC), "an eventfd");
}

static void other_files(enum request_kind kind)
{
	refused_and_closed(kind, open("/dev/null", O_RDWR | O_CLOEXEC), "/dev/null");
	refused_and_closed(kind, open("/proc/self/status", O_RDONLY | O_CLOEXEC),
			   "a file of procfs");
	refused_and_closed(kind, open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "a file on a disk");
	refused_and_closed(kind, open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "a directory");
}

static void the_node_itself(enum request_kind kind)
{
	refused(kind, device, -EINVAL, "the fd that the request is made on");
	refused_and_closed(kind, open_device(), "a fresh open of the node");
}

static void bound_fd(enum request_kind kind)
{
	refused_and_closed(kind, new_sync_file(device, new_fence(device)), "a sync_file");
}

static void buffer_where_none_belongs(enum request_kind kind)
{
	refused_and_closed(kind, new_buffer(4096), "a memfd");
}

/* ---- fds of another daemon ---- */

static void fence_of_another_daemon(enum request_kind kind)
{
	struct daemon daemon;
	uint64_t token[2];
	int other, fd;

	daemon_place(&daemon, "another");
	expect(daemon_start(&daemon, NULL), 0);
	other = open_node(daemon.node);
	fd = open_node(daemon.node);
	expect(raw_export(other, new_fence(other), token), 0);
	refused(kind, other, -EINVAL, "a node of another daemon");
	expect(raw_bind(fd, token), 0);
	refused(kind, fd, -EINVAL, "a sync_file of another daemon");
	/* And it has not become ours. */
	expect(sync_file_status(fd), 0);
	must(close(fd));
	must(close(other));
	expect(daemon_stop(&daemon), 0);
}

/* ---- a file of a foreign FUSE server ---- */

static void foreign_file(enum request_kind kind)
{
	struct foreign foreign;
	int fd;

	foreign_start(&foreign, "foreign");
	fd = foreign_open(&foreign);
	foreign.control->hang = true;
	refused(kind, fd, -EINVAL, "a file whose server does not answer");
	expect(foreign.control->unanswered, 0);
	must(close(fd));
	foreign_stop(&foreign);
}

struct issue_in_child {
	enum request_kind kind;
	int fd;
};

static void issue_in_child(void *data)
{
	struct issue_in_child *this = data;
	struct prepared p;

	prepare_with_fd(&p, this->kind, this->fd);
	expect(issue(&p), -EINVAL);
}

/*
 * Such a server can block a close of its file, and so the thread that has borrowed it. That may
 * cost the caller its answer, but neither its life nor the time of other clients.
 */
static void foreign_file_that_cannot_be_closed(enum request_kind kind)
{
	struct issue_in_child child = { .kind = kind };
	int64_t end = in_ms(PATIENCE_MS);
	struct foreign foreign;
	int status = 0;
	pid_t pid;

	foreign_start(&foreign, "foreign");
	child.fd = foreign_open(&foreign);
	foreign.control->hang = true;
	foreign.control->hang_flush = true;
	pid = spawn(issue_in_child, &child);
	/* Until it is answered, or held by the server. */
	while (!reap_within(pid, 1, &status)) {
		check(now_ns() < end);
		if (!foreign.control->unanswered)
			continue;
		must(kill(pid, SIGKILL));
		status = reap(pid);
		break;
	}
	check(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	device_goes_on();
	must(close(child.fd));
	foreign_stop(&foreign);
	eventually(workers, 0);
}

#define FD_TESTS(kind, field)                                                      \
	Test(bad_fd, kind##_of_a_closed_fd_is_ebadf)                               \
	{                                                                          \
		closed_fd(REQUEST_##kind);                                         \
	}                                                                          \
	Test(bad_fd, kind##_of_a_negative_fd_is_ebadf)                             \
	{                                                                          \
		negative_fd(REQUEST_##kind);                                       \
	}                                                                          \
	Test(bad_fd, kind##_of_an_o_path_fd_is_ebadf)                              \
	{                                                                          \
		path_fd(REQUEST_##kind);                                           \
	}                                                                          \
	Test(bad_fd, kind##_of_a_pipe_is_einval)                                   \
	{                                                                          \
		pipe_fd(REQUEST_##kind);                                           \
	}                                                                          \
	Test(bad_fd, kind##_of_another_anonymous_fd_is_einval)                     \
	{                                                                          \
		other_anonymous_fds(REQUEST_##kind);                               \
	}                                                                          \
	Test(bad_fd, kind##_of_another_file_is_einval)                             \
	{                                                                          \
		other_files(REQUEST_##kind);                                       \
	}                                                                          \
	Test(bad_fd, kind##_of_the_node_itself_is_einval)                          \
	{                                                                          \
		the_node_itself(REQUEST_##kind);                                   \
	}                                                                          \
	Test(bad_fd, kind##_of_a_fence_of_another_daemon_is_einval)                \
	{                                                                          \
		fence_of_another_daemon(REQUEST_##kind);                           \
	}                                                                          \
	Test(bad_fd, kind##_of_a_foreign_file_that_never_answers_is_einval)        \
	{                                                                          \
		foreign_file(REQUEST_##kind);                                      \
	}                                                                          \
	Test(bad_fd, kind##_of_a_foreign_file_that_cannot_be_closed_can_be_killed) \
	{                                                                          \
		foreign_file_that_cannot_be_closed(REQUEST_##kind);                \
	}
FD_REQUESTS(FD_TESTS)

/* The one request that takes a sync_file is IMPORT, and those that take a buffer are not tried with
 * one. */

#define BOUND_FD_TEST(kind)                          \
	Test(bad_fd, kind##_of_a_bound_fd_is_einval) \
	{                                            \
		bound_fd(REQUEST_##kind);            \
	}
BOUND_FD_TEST(attach)
BOUND_FD_TEST(buffer_fences)
BOUND_FD_TEST(buffer_wait)
BOUND_FD_TEST(resv_lock)
BOUND_FD_TEST(seqno_write)
BOUND_FD_TEST(mem_fence)
BOUND_FD_TEST(event_add)

#define BUFFER_TEST(kind)                                  \
	Test(bad_fd, kind##_of_a_buffer_is_einval)         \
	{                                                  \
		buffer_where_none_belongs(REQUEST_##kind); \
	}
BUFFER_TEST(import)
BUFFER_TEST(event_add)
