/* SPDX-License-Identifier: MIT */
/*
 * descriptor.c - the questions that are asked of any descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bed.h"
#include "descriptor.h"
#include "linux_sync_file.h"
#include "report.h"

/* A path is where the implementation keeps its files; any other link is printed unchanged. */
static const char *link_of(int fd)
{
	char path[64], link[128] = "";

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, link, sizeof(link) - 1) < 0)
		return strerrorname_np(errno);
	return text("%s", link[0] == '/' ? "a path" : link);
}

void answer_descriptor(const char *name, int fd)
{
	struct stat status;

	answer(text("%s: link", name), "%s", link_of(fd));
	if (fstat(fd, &status))
		give_up("fstat");
	answer(text("%s: mode", name), "%o", status.st_mode);
	answer(text("%s: F_GETFL", name), "0x%x", (unsigned int)fcntl(fd, F_GETFL) & ~O_LARGEFILE);
	answer(text("%s: F_GETFD", name), "0x%x", (unsigned int)fcntl(fd, F_GETFD));
}

static void answer_epoll(const char *name, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int set = epoll_create1(EPOLL_CLOEXEC), result;

	answer(text("%s: epoll_ctl", name), "%s",
	       returned(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event)));
	event.events = 0;
	result = epoll_wait(set, &event, 1, 0);
	answer(text("%s: epoll_wait", name), "ret=%d events=0x%x", result,
	       result > 0 ? event.events : 0);
	close(set);
}

void answer_calls(const char *name, int fd)
{
	unsigned char bytes[64] = {};
	void *memory;

	answer(text("%s: read", name), "%s", returned(read(fd, bytes, sizeof(bytes))));
	answer(text("%s: read of 0 bytes", name), "%s", returned(read(fd, bytes, 0)));
	answer(text("%s: write", name), "%s", returned(write(fd, bytes, 8)));
	answer(text("%s: pread", name), "%s", returned(pread(fd, bytes, 8, 0)));
	answer(text("%s: lseek", name), "%s", returned(lseek(fd, 0, SEEK_CUR)));
	memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	answer(text("%s: mmap", name), "%s", returned(memory == MAP_FAILED ? -1 : 0));
	answer(text("%s: ftruncate", name), "%s", returned(ftruncate(fd, 0)));
	answer(text("%s: fsync", name), "%s", returned(fsync(fd)));
	answer(text("%s: poll IN", name), "%s", polled(fd, POLLIN));
	answer(text("%s: poll OUT", name), "%s", polled(fd, POLLOUT));
	answer(text("%s: poll IN and OUT", name), "%s", polled(fd, POLLIN | POLLOUT));
	answer(text("%s: poll for nothing", name), "%s", polled(fd, 0));
	answer_epoll(name, fd);
	answer(text("%s: request '>' 99", name), "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, '>', 99, 8), bytes)));
	answer(text("%s: request 'd' 0xbf", name), "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', 0xbf, 8), bytes)));
	answer(text("%s: request 'b' 2", name), "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'b', 2, 8), bytes)));
}

void answer_reopening(const char *name, int fd)
{
	char path[64];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	answer(text("%s: reopened", name), "%s", again < 0 ? returned(-1) : "it opens");
	if (again >= 0)
		close(again);
}
