/* SPDX-License-Identifier: MIT */
/*
 * daemon_fds.c - a daemon that can have no more file descriptors: it says so, and not that the
 * caller is out of its reach. Raw ioctls.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "daemon_suite.h"
#include "linux_sw_sync.h"
#include "process.h"
#include "syncobj.h"

static struct rlimit limit;

static void begin(void)
{
	own_daemon_begin();
	must(prlimit(daemon_of_test.pid, RLIMIT_NOFILE, NULL, &limit));
}

TestSuite(daemon_fds, .init = begin, .fini = own_daemon_end, .timeout = 60);

/* It keeps those that it has. */
static void allow_no_more(void)
{
	const struct rlimit none = { .rlim_cur = 3, .rlim_max = limit.rlim_max };

	must(prlimit(daemon_of_test.pid, RLIMIT_NOFILE, &none, NULL));
}

static void allow_as_before(void)
{
	must(prlimit(daemon_of_test.pid, RLIMIT_NOFILE, &limit, NULL));
}

Test(daemon_fds, without_more_requests_on_buffers_are_enospc)
{
	struct dma_fence_buffer_wait wait;
	uint32_t fence = new_fence(fd), handle, count, ticket = 0;
	int buffer = new_buffer(4096);

	allow_no_more();
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), -ENOSPC);
	expect(raw_buffer_fences(fd, buffer, DMA_FENCE_USAGE_WRITE, 0, &handle, &count), -ENOSPC);
	expect(raw_buffer_wait(fd, buffer, DMA_FENCE_USAGE_WRITE, 0, &wait), -ENOSPC);
	expect(raw_resv_lock(fd, &buffer, 1, 0, 0, &ticket, NULL), -ENOSPC);
	expect(raw_seqno_write(fd, fence, buffer, 0, 1, 8), -ENOSPC);
	expect(raw_mem_fence(fd, buffer, 0, 1, 8, &handle), -ENOSPC);
	allow_as_before();
	expect(raw_attach(fd, buffer, fence, DMA_FENCE_USAGE_WRITE), 0);
	expect(raw_signal(fd, fence, 0), 0);
	must(close(buffer));
}

Test(daemon_fds, without_more_requests_on_other_descriptors_are_enospc)
{
	uint32_t fence = new_fence(fd), syncobj = new_syncobj(fd, 0), handle, event;
	int sync_file = new_sync_file_at(daemon_of_test.node, fd, fence),
	    counter = must(eventfd(0, EFD_CLOEXEC));
	struct dma_fence_sync_file_merge merge = { .fd1 = sync_file, .fd2 = sync_file };
	struct sw_sync_get_deadline deadline = { .fence_fd = sync_file };

	allow_no_more();
	expect(raw_import(fd, sync_file, &handle), -ENOSPC);
	expect(raw_event_add(fd, fence, counter, 0, &event), -ENOSPC);
	expect(raw_ioctl(fd, DMA_FENCE_IOC_SYNC_FILE_MERGE, &merge), -ENOSPC);
	expect(raw_ioctl(fd, SW_SYNC_GET_DEADLINE, &deadline), -ENOSPC);
	expect(raw_import_sync_file(fd, syncobj, sync_file), -ENOSPC);
	expect(raw_from_fd(fd, sync_file, &handle), -ENOSPC);
	expect(raw_eventfd(fd, syncobj, 0, counter, 0), -ENOSPC);
	allow_as_before();
	expect(raw_import(fd, sync_file, &handle), 0);
	must(close(counter));
	must(close(sync_file));
}

Test(daemon_fds, without_more_it_does_not_say_that_it_has_no_access)
{
	struct dma_fence_caps caps, before;

	expect(raw_caps(fd, &before), 0);
	allow_no_more();
	expect(raw_caps(fd, &caps), -ENOSPC);
	allow_as_before();
	expect(raw_caps(fd, &caps), 0);
	expect(caps.features, before.features);
}
