/* SPDX-License-Identifier: MIT */
/*
 * drm_direction.c - DRM requests that are answered by another thread than the one that reads them.
 * Where the number has no _IOC_READ they have their effect, and nothing is written to the caller's
 * struct, as in the kernel, which goes by the rest of the number; with it the struct goes back
 * after a failure, too. Raw ioctls.
 */
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(drm_direction);

/* With _IOC_WRITE alone; the struct stays as it was. */
static int without_read(unsigned long request, void *argument)
{
	char before[256], *bytes = argument;
	size_t size = _IOC_SIZE(request);
	int result;

	check(size <= sizeof(before));
	memcpy(before, bytes, size);
	result = raw_ioctl(device, with_direction(request, _IOC_WRITE), bytes);
	check(!memcmp(before, bytes, size));
	return result;
}

static struct drm_syncobj_array array_of(const uint32_t *handle)
{
	return (struct drm_syncobj_array){ .handles = (uintptr_t)handle, .count_handles = 1 };
}

static struct drm_syncobj_timeline_array points_of(const uint32_t *handle, uint64_t *point)
{
	return (struct drm_syncobj_timeline_array){
		.handles = (uintptr_t)handle,
		.points = (uintptr_t)point,
		.count_handles = 1,
	};
}

static struct drm_syncobj_wait wait_of(const uint32_t *handle, int64_t timeout_nsec)
{
	return (struct drm_syncobj_wait){
		.handles = (uintptr_t)handle,
		.timeout_nsec = timeout_nsec,
		.count_handles = 1,
		.flags = SUBMIT,
		.first_signaled = UNTOUCHED,
	};
}

Test(drm_direction, signal_and_reset_without_read)
{
	uint32_t handle = new_syncobj(device, 0);
	struct drm_syncobj_array array = array_of(&handle);

	expect(without_read(DRM_IOCTL_SYNCOBJ_SIGNAL, &array), 0);
	expect(wait_one(device, handle, 0, 0), 0);
	expect(without_read(DRM_IOCTL_SYNCOBJ_RESET, &array), 0);
	expect(wait_one(device, handle, 0, 0), -EINVAL);
	handle = NO_SUCH_HANDLE;
	expect(without_read(DRM_IOCTL_SYNCOBJ_SIGNAL, &array), -ENOENT);
}

Test(drm_direction, points_without_read)
{
	uint32_t handle = new_syncobj(device, 0);
	uint64_t point = 5;
	struct drm_syncobj_timeline_array array = points_of(&handle, &point);

	expect(without_read(DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array), 0);
	expect(query_point(device, handle, 0), 5);
	point = UNTOUCHED;
	/* Its answer is in the array, which is not part of the struct. */
	expect(without_read(DRM_IOCTL_SYNCOBJ_QUERY, &array), 0);
	expect(point, 5);
}

Test(drm_direction, waits_without_read)
{
	uint32_t handle = new_syncobj(device, 1);
	uint64_t point = 0;
	struct drm_syncobj_wait wait = wait_of(&handle, 0);
	struct drm_syncobj_timeline_wait timeline_wait = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.count_handles = 1,
		.first_signaled = UNTOUCHED,
	};

	expect(without_read(DRM_IOCTL_SYNCOBJ_WAIT, &wait), 0);
	expect(without_read(DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &timeline_wait), 0);
	expect(raw_reset(device, handle), 0);
	expect(without_read(DRM_IOCTL_SYNCOBJ_WAIT, &wait), -ETIME);
	/* One that has to wait until its time is over. */
	wait.timeout_nsec = in_ms(20);
	expect(without_read(DRM_IOCTL_SYNCOBJ_WAIT, &wait), -ETIME);
}

struct call {
	struct thread thread;
	unsigned long request;
	void *argument;
	int result;
};

static void run_call(void *data)
{
	struct call *call = data;

	call->result = without_read(call->request, call->argument);
}

static void start(struct call *call)
{
	thread_start(&call->thread, run_call, call);
	eventually(waits, 1);
}

Test(drm_direction, wait_that_is_ended_without_read)
{
	uint32_t handle = new_syncobj(device, 0);
	struct drm_syncobj_wait wait = wait_of(&handle, INT64_MAX);
	struct call call = { .request = DRM_IOCTL_SYNCOBJ_WAIT, .argument = &wait };

	start(&call);
	expect(raw_syncobj_signal(device, handle), 0);
	thread_join(&call.thread);
	expect(call.result, 0);
}

Test(drm_direction, transfer_that_waits_without_read)
{
	uint32_t source = new_syncobj(device, 0), destination = new_syncobj(device, 0);
	struct drm_syncobj_transfer transfer = {
		.src_handle = source,
		.dst_handle = destination,
		.flags = SUBMIT,
	};
	struct call call = { .request = DRM_IOCTL_SYNCOBJ_TRANSFER, .argument = &transfer };

	start(&call);
	expect(raw_syncobj_signal(device, source), 0);
	thread_join(&call.thread);
	expect(call.result, 0);
	expect(wait_one(device, destination, 0, 0), 0);
}

Test(drm_direction, import_without_read)
{
	uint32_t handle = new_syncobj(device, 0), fence = new_signaled_fence(device, 0);
	int sync_file = new_sync_file(device, fence), syncobj;
	struct drm_syncobj_handle into = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
		.fd = sync_file,
	};

	expect(without_read(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &into), 0);
	expect(wait_one(device, handle, 0, 0), 0);
	/* It has a handle, the lowest, though no caller has chosen it. */
	syncobj = new_syncobj_fd(device, handle);
	into = (struct drm_syncobj_handle){ .fd = syncobj, .handle = UNTOUCHED };
	expect(without_read(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &into), 0);
	expect(wait_one(device, handle + 1, 0, 0), 0);
	must(close(syncobj));
	must(close(sync_file));
}

/* One that is answered by a worker: DRM's argument goes back after a failure, too. */
Test(drm_direction, failure_hands_back_what_did_not_come_in)
{
	const unsigned long request = with_direction(
		with_size(DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, sizeof(struct drm_syncobj_handle) + 8),
		_IOC_READ);
	unsigned char bytes[sizeof(struct drm_syncobj_handle) + 16];

	memset(bytes, 'x', sizeof(bytes));
	/* No fd has come in: it is 0, which is no syncobj. */
	expect(raw_ioctl(device, request, bytes), -EINVAL);
	for (size_t i = 0; i < sizeof(bytes); i++)
		expect(bytes[i], i < _IOC_SIZE(request) ? 0 : 'x');
}

Test(drm_direction, failure_with_a_struct_that_cannot_be_written)
{
	const uint32_t nothing = NO_SUCH_HANDLE;
	struct drm_syncobj_array *array =
		must(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	*array = array_of(&nothing);
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_SIGNAL, array), -ENOENT);
	must(mprotect(array, 4096, PROT_READ));
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_SIGNAL, array), -EFAULT);
	must(munmap(array, 4096));
}

Test(drm_direction, eventfd_without_read)
{
	int event = must(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	struct drm_syncobj_eventfd request = { .handle = new_syncobj(device, 1), .fd = event };

	need_feature(DMA_FENCE_FEATURE_EVENTFD, "the system has no asynchronous I/O contexts left");
	expect(without_read(DRM_IOCTL_SYNCOBJ_EVENTFD, &request), 0);
	expect(eventfd_count(event), 1);
	must(close(event));
}

Test(drm_direction, version_without_read)
{
	char name[16] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) };

	expect(without_read(DRM_IOCTL_VERSION, &version), 0);
	expect(strncmp(name, "dma-fence", 9), 0);
}
