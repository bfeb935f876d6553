/* SPDX-License-Identifier: MIT */
/* daemon_start.c - how a daemon starts, or says why it does not: options, readiness, permissions.
 * Raw ioctls. */
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "fixture.h"
#include "process.h"

DEVICE_SUITE(daemon_start);

#define NOBODY 65534

static struct daemon daemon_of_test;

/* Starts one of the test's own, and opens it. */
static int start(const char *const *options)
{
	daemon_place(&daemon_of_test, "another");
	expect(daemon_start(&daemon_of_test, options), 0);
	return open_node(daemon_of_test.node);
}

static void stop(int fd)
{
	must(close(fd));
	expect(daemon_stop(&daemon_of_test), 0);
}

/* It exits, with an error, after one line that says why. */
static void expect_one_line(struct daemon *daemon, const char *const *options, const char *word)
{
	char output[1024];
	int status = daemon_fail(daemon, options, output, sizeof(output));
	const char *end = strchr(output, '\n');

	if (!WIFEXITED(status) || WEXITSTATUS(status) == 0)
		check_failed(__FILE__, __LINE__,
			     "it does not exit with an error, but with status %d: %s", status,
			     output);
	if (!end || end == output || end[1])
		check_failed(__FILE__, __LINE__, "not one line: \"%s\"", output);
	if (word && !strstr(output, word))
		check_failed(__FILE__, __LINE__, "no word of %s: %s", word, output);
}

static void refused_option(const char *option, const char *value, const char *word)
{
	const char *const options[] = { option, value, NULL };
	struct daemon daemon;

	daemon_place(&daemon, "another");
	expect_one_line(&daemon, options, word);
	check(access(daemon.node, F_OK) < 0);
}

/* ---- options ---- */

Test(daemon_start, unknown_option_is_one_line)
{
	refused_option("--bogus", NULL, "bogus");
}

Test(daemon_start, superfluous_argument_is_one_line)
{
	refused_option("bogus", NULL, "bogus");
}

Test(daemon_start, option_without_its_value_is_one_line)
{
	refused_option("--mode", NULL, "mode");
}

Test(daemon_start, unknown_transport_is_one_line)
{
	refused_option("--transport", "pigeon", "pigeon");
}

Test(daemon_start, bad_mode_is_one_line)
{
	refused_option("--mode", "0888", "mode");
	refused_option("--mode", "7777", "mode");
	refused_option("--mode", "", "mode");
	refused_option("--mode", "-1", "mode");
}

Test(daemon_start, bad_fence_timeout_is_one_line)
{
	refused_option("--fence-timeout", "soon", "fence-timeout");
	refused_option("--fence-timeout", "-1", "fence-timeout");
	refused_option("--fence-timeout", "nan", "fence-timeout");
	refused_option("--fence-timeout", "inf", "fence-timeout");
	refused_option("--fence-timeout", "1e300", "fence-timeout");
	refused_option("--fence-timeout", "1s", "fence-timeout");
}

Test(daemon_start, bad_resv_timeout_is_one_line)
{
	refused_option("--resv-timeout", "soon", "resv-timeout");
	refused_option("--resv-timeout", "-1", "resv-timeout");
	refused_option("--resv-timeout", "1s", "resv-timeout");
}

Test(daemon_start, bad_stop_timeout_is_one_line)
{
	refused_option("--stop-timeout", "soon", "stop-timeout");
	refused_option("--stop-timeout", "-1", "stop-timeout");
}

Test(daemon_start, bad_memory_poll_is_one_line)
{
	refused_option("--memory-poll", "0", "memory-poll");
	refused_option("--memory-poll", "1e-6", "memory-poll");
	refused_option("--memory-poll", "2", "memory-poll");
	refused_option("--memory-poll", "nan", "memory-poll");
	refused_option("--memory-poll", "-1", "memory-poll");
	refused_option("--memory-poll", "1ms", "memory-poll");
}

Test(daemon_start, unknown_owner_is_one_line)
{
	refused_option("--owner", "no such user", "owner");
	refused_option("--group", "no such group", "group");
}

Test(daemon_start, ready_fd_that_is_not_open_is_one_line)
{
	refused_option("--ready-fd", "900", "ready-fd");
	refused_option("--ready-fd", "x", "ready-fd");
}

static void expect_exit_0(const char *option)
{
	const char *const options[] = { option, NULL };
	struct daemon daemon;
	char output[4096];

	daemon_place(&daemon, "another");
	/* To the standard output, which is not what is collected. */
	expect(daemon_fail(&daemon, options, output, sizeof(output)), 0);
	cr_assert_str_eq(output, "");
	check(access(daemon.node, F_OK) < 0);
}

Test(daemon_start, help_and_version_are_no_errors)
{
	expect_exit_0("--help");
	expect_exit_0("--version");
}

Test(daemon_start, auto_serves_over_what_there_is)
{
	const char *const options[] = { "--transport=auto", NULL };
	int fd;

	daemon_place(&daemon_of_test, "another");
	if (strncmp(daemon_of_test.node, "/dev/", 5) && access("/dev/cuse", F_OK) == 0)
		cr_skip_test("it would take CUSE, which is not what is tested here");
	fd = start(options);
	expect(status_of(fd, new_fence(fd)), 0);
	stop(fd);
}

/* ---- readiness ---- */

Test(daemon_start, ready_means_that_it_can_be_opened)
{
	int i;

	for (i = 0; i < 10; i++)
		stop(start(NULL));
}

Test(daemon_start, ready_fd_gets_one_line_and_its_end)
{
	struct daemon daemon;
	char line[PATH_MAX] = "";
	ssize_t size, length = 0;
	int ready[2];

	daemon_place(&daemon, "another");
	must(pipe2(ready, O_CLOEXEC));
	expect(daemon_spawn(&daemon, NULL, ready[1], -1), 0);
	must(close(ready[1]));
	while (poll_for(ready[0], PATIENCE_MS) &&
	       (size = read(ready[0], line + length, sizeof(line) - 1 - length)) > 0)
		length += size;
	check(strchr(line, '\n') == line + length - 1);
	must(access(daemon.node, R_OK | W_OK));
	must(close(ready[0]));
	expect(daemon_stop(&daemon), 0);
}

static int manager_socket(struct sockaddr_un *address)
{
	int fd = must(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	const char *directory = getenv("TMPDIR");

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	expect(snprintf(address->sun_path, sizeof(address->sun_path), "%s/manager",
			directory ? directory : "/tmp") < (int)sizeof(address->sun_path),
	       1);
	must(bind(fd, (struct sockaddr *)address, sizeof(*address)));
	return fd;
}

static void expect_notification(int fd, const char *wanted)
{
	char message[256];
	ssize_t size;

	do {
		expect(poll_for(fd, PATIENCE_MS), POLLIN);
		size = must(recv(fd, message, sizeof(message) - 1, 0));
		message[size] = '\0';
	} while (!strstr(message, wanted));
}

Test(daemon_start, manager_is_told_when_it_is_ready_and_when_it_stops)
{
	struct sockaddr_un address;
	int manager = manager_socket(&address), fd;

	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	fd = start(NULL);
	expect_notification(manager, "READY=1");
	stop(fd);
	expect_notification(manager, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	must(close(manager));
	must(unlink(address.sun_path));
}

/* ---- permissions ---- */

Test(daemon_start, mode_is_that_of_the_node)
{
	const char *const options[] = { "--mode", "0640", NULL };
	int fd = start(options);
	struct stat stat;

	must(fstat(fd, &stat));
	expect(stat.st_mode & 07777, 0640);
	stop(fd);
}

Test(daemon_start, owner_and_group_are_those_of_the_node)
{
	const char *const options[] = { "--owner", "65534", "--group", "12345", NULL };
	struct stat stat;
	int fd;

	if (geteuid())
		cr_skip_test("only root gives files away");
	fd = start(options);
	must(fstat(fd, &stat));
	expect(stat.st_uid, 65534);
	expect(stat.st_gid, 12345);
	stop(fd);
}

Test(daemon_start, owner_can_be_a_name)
{
	const char *const options[] = { "--owner", "nobody", NULL };
	struct stat stat;
	int fd;

	if (geteuid())
		cr_skip_test("only root gives files away");
	fd = start(options);
	must(fstat(fd, &stat));
	expect(stat.st_uid, NOBODY);
	stop(fd);
}

static void become_nobody(void)
{
	must(setgroups(0, NULL));
	must(setresgid(NOBODY, NOBODY, NOBODY));
	must(setresuid(NOBODY, NOBODY, NOBODY));
}

static void cannot_open(void *data)
{
	become_nobody();
	check(open(daemon_of_test.node, O_RDWR | O_CLOEXEC) < 0);
	expect(errno, EACCES);
}

Test(daemon_start, mode_keeps_others_out)
{
	const char *const options[] = { "--mode", "0600", NULL };
	int fd;

	if (geteuid())
		cr_skip_test("only root can become another user");
	fd = start(options);
	expect_success(spawn(cannot_open, NULL));
	stop(fd);
}

static void serve_as_nobody(void *data)
{
	become_nobody();
	expect_one_line(data, NULL, "ermission");
}

Test(daemon_start, no_permission_is_one_line)
{
	struct stat fuse, cuse;
	struct daemon daemon;

	if (geteuid())
		cr_skip_test("only root can become another user");
	/* Whichever it is that the transport needs. */
	if ((stat("/dev/fuse", &fuse) == 0 && fuse.st_mode & 06) ||
	    (stat("/dev/cuse", &cuse) == 0 && cuse.st_mode & 06))
		cr_skip_test("everybody may serve devices on this system");
	daemon_place(&daemon, "another");
	expect_success(spawn(serve_as_nobody, &daemon));
}

static void hide_dev(void)
{
	must(unshare(CLONE_NEWNS));
	must(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(mount("none", "/dev", "tmpfs", 0, NULL));
}

static void serve_without_dev(void *data)
{
	hide_dev();
	expect_one_line(data, NULL, "/dev/");
}

Test(daemon_start, nothing_to_serve_with_is_one_line)
{
	struct daemon daemon;

	if (geteuid())
		cr_skip_test("only root can hide /dev");
	daemon_place(&daemon, "another");
	expect_success(spawn(serve_without_dev, &daemon));
}

static void serve_name_without_cuse(void *data)
{
	const char *const options[] = { "--transport=auto", NULL };
	struct daemon daemon;

	/* Whatever it would serve instead, there is no place for it. */
	unsetenv("XDG_RUNTIME_DIR");
	if (!geteuid())
		hide_dev();
	setenv("DMA_FENCE_TRANSPORT", "cuse", 1);
	daemon_place(&daemon, "named");
	expect_one_line(&daemon, options, "/dev/cuse");
}

Test(daemon_start, name_is_not_served_as_something_else_without_cuse)
{
	if (geteuid() && access("/dev/cuse", F_OK) == 0)
		cr_skip_test("only root can hide /dev/cuse");
	expect_success(spawn(serve_name_without_cuse, NULL));
}

/* ---- the node ---- */

Test(daemon_start, second_daemon_on_the_same_node_is_one_line)
{
	int fd = start(NULL);
	struct daemon second = daemon_of_test;
	uint32_t fence = new_fence(fd);

	expect_one_line(&second, NULL, NULL);
	/* And the first one does not mind. */
	expect(raw_signal(fd, fence, 0), 0);
	must(close(open_node(daemon_of_test.node)));
	stop(fd);
}

Test(daemon_start, node_of_a_killed_daemon_is_taken_over)
{
	struct dma_fence_caps caps;
	int old = start(NULL), fd;

	must(kill(daemon_of_test.pid, SIGKILL));
	check(WIFSIGNALED(daemon_wait(&daemon_of_test)));
	expect(raw_caps(old, &caps), -ENOTCONN);
	fd = start(NULL);
	expect(status_of(fd, new_fence(fd)), 0);
	expect(raw_caps(old, &caps), -ENOTCONN);
	/* Closed it is, though the flush that FUSE would like to send fails. */
	close(old);
	stop(fd);
	check(!is_mounted(daemon_of_test.node));
	/* The first would have removed what it had made. */
	expect_errno(access(daemon_of_test.node, F_OK), ENOENT);
}

Test(daemon_start, file_with_something_in_it_is_one_line)
{
	struct daemon daemon;
	char text[8] = "";
	int file;

	daemon_place(&daemon, "mine");
	if (strncmp(daemon.node, "/dev/", 5) == 0)
		cr_skip_test("a device is on no file");
	file = must(open(daemon.node, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	expect(write(file, "mine", 4), 4);
	expect_one_line(&daemon, NULL, "empty");
	expect(pread(file, text, sizeof(text), 0), 4);
	cr_assert_str_eq(text, "mine");
	must(unlink(daemon.node));
	must(close(file));
}

Test(daemon_start, node_that_cannot_be_made_is_one_line)
{
	struct daemon daemon;

	daemon_place(&daemon, "no/such/folder/here");
	if (strncmp(daemon.node, "/dev/", 5) == 0)
		cr_skip_test("a device makes its own folders");
	expect_one_line(&daemon, NULL, "folder");
}

Test(daemon_start, file_that_was_there_stays)
{
	struct daemon daemon;
	int file;

	daemon_place(&daemon, "mine");
	if (strncmp(daemon.node, "/dev/", 5) == 0)
		cr_skip_test("a device is on no file");
	file = must(open(daemon.node, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	expect(daemon_start(&daemon, NULL), 0);
	must(close(open_node(daemon.node)));
	expect(daemon_stop(&daemon), 0);
	must(unlink(daemon.node));
	must(close(file));
}

/* ---- the default timeout ---- */

Test(daemon_start, fence_timeout_is_the_default_of_its_fences)
{
	const char *const options[] = { "--fence-timeout", "0.05", NULL };
	int fd = start(options);
	int64_t begin = now_ns();
	uint32_t fence = new_default_fence(fd);
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	expect(caps.fence_timeout_ns, 50 * NSEC_PER_MSEC);
	expect(raw_wait(fd, fence, in_ms(PATIENCE_MS)), 0);
	expect(status_of(fd, fence), -ETIMEDOUT);
	check(now_ns() - begin >= 50 * NSEC_PER_MSEC);
	stop(fd);
}

Test(daemon_start, fence_timeout_of_0_is_never)
{
	const char *const options[] = { "--fence-timeout", "0", NULL };
	int fd = start(options);
	struct dma_fence_create create = { .timeout_ns = 10 * NSEC_PER_MSEC };
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	expect(caps.fence_timeout_ns, 0);
	expect(raw_wait(fd, new_default_fence(fd), in_ms(50)), -ETIME);
	/* One of its own is kept. */
	expect(raw_ioctl(fd, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_wait(fd, create.handle, in_ms(PATIENCE_MS)), 0);
	stop(fd);
}

/* ---- the hold time; what happens at its end is in resv_death.c ---- */

static uint64_t hold_time(const char *const *options)
{
	int fd = start(options);
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	stop(fd);
	return caps.resv_hold_ns;
}

Test(daemon_start, resv_timeout_is_a_second_unless_told)
{
	const char *const never[] = { "--resv-timeout", "0", NULL };
	const char *const half[] = { "--resv-timeout", "0.5", NULL };

	expect(hold_time(NULL), NSEC_PER_SEC);
	expect(hold_time(half), NSEC_PER_SEC / 2);
	expect(hold_time(never), 0);
}

static uint64_t memory_poll_of(const char *const *options)
{
	int fd = start(options);
	struct dma_fence_caps caps;

	expect(raw_caps(fd, &caps), 0);
	stop(fd);
	return caps.memory_poll_ns;
}

Test(daemon_start, memory_poll_is_a_millisecond_unless_told)
{
	const char *const options[] = { "--memory-poll", "0.25", NULL };

	expect(memory_poll_of(NULL), NSEC_PER_MSEC);
	expect(memory_poll_of(options), 250 * NSEC_PER_MSEC);
}
