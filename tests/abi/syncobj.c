/* SPDX-License-Identifier: MIT */
/*
 * syncobj.c - syncobjs and what a client asks before it uses them: create, destroy, signal, reset,
 * shapes of requests. Raw ioctls.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "process.h"
#include "syncobj.h"

DEVICE_SUITE(syncobj);

static int get_cap(uint64_t capability, uint64_t *value)
{
	struct drm_get_cap cap = { .capability = capability, .value = UNTOUCHED };
	int result = raw_ioctl(device, DRM_IOCTL_GET_CAP, &cap);

	*value = cap.value;
	return result;
}

Test(syncobj, version_tells_a_driver_in_the_room_there_is)
{
	char name[16], description[64];
	struct drm_version version = { .name_len = 0 };

	expect(raw_ioctl(device, DRM_IOCTL_VERSION, &version), 0);
	expect(version.name_len, strlen("dma-fence"));
	check(version.date_len > 0 && version.desc_len > 0);
	check(version.desc_len < sizeof(description));
	memset(name, 'x', sizeof(name));
	version = (struct drm_version){
		.name = name, .name_len = 3, .desc = description, .desc_len = sizeof(description)
	};
	expect(raw_ioctl(device, DRM_IOCTL_VERSION, &version), 0);
	/* Cut, without a NUL; the length is the whole one. */
	expect(version.name_len, strlen("dma-fence"));
	expect(strncmp(name, "dmaxxx", 6), 0);
	version = (struct drm_version){ .name = (char *)8, .name_len = 3 };
	expect(raw_ioctl(device, DRM_IOCTL_VERSION, &version), -EFAULT);
	version = (struct drm_version){ .name = NULL, .name_len = 3 };
	expect(raw_ioctl(device, DRM_IOCTL_VERSION, &version), 0);
	expect(raw_ioctl(device, with_size(DRM_IOCTL_VERSION, 12), &version), 0);
}

#ifdef __x86_64__
/* The system call as 32-bit programs issue it; not every kernel takes it from any. */
static int ioctl_of_32_bit(int fd, unsigned long request, uint32_t address)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(54), "b"(fd), "c"((uint32_t)request), "d"(address)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

static void try_32_bit(void *argument)
{
	signal(SIGSEGV, SIG_DFL);
	ioctl_of_32_bit(-1, 0, 0);
}

Test(syncobj, version_knows_the_struct_of_a_32_bit_caller)
{
	/* Their pointers have to fit. */
	char *low = must(mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0));
	uint32_t address = (uint32_t)(uintptr_t)low, *version = (uint32_t *)low;
	const unsigned long request = with_size(DRM_IOCTL_VERSION, 9 * sizeof(version[0]));

	if (reap(spawn(try_32_bit, NULL)))
		cr_skip_test("the kernel has no 32-bit system calls");
	version[3] = 9;
	version[4] = address + 64;
	expect(ioctl_of_32_bit(device, request, address), 0);
	expect(version[0], 1);
	expect(version[3], 9);
	expect(strncmp(low + 64, "dma-fence", 9), 0);
	check(version[5] && version[7]);
	must(munmap(low, 4096));
}
#endif

Test(syncobj, version_of_that_size_is_cut_off)
{
	struct drm_version version = { .version_major = 77 };

	expect(raw_ioctl(device, with_size(DRM_IOCTL_VERSION, 36), &version), 0);
	expect(version.version_major, 1);
	expect(version.name_len, strlen("dma-fence"));
	check(!version.name && version.date_len);
	expect(version.desc_len, 0);
}

Test(syncobj, capabilities_are_those_of_a_render_node_with_syncobjs)
{
	uint64_t value;

	expect(get_cap(DRM_CAP_SYNCOBJ, &value), 0);
	expect(value, 1);
	expect(get_cap(DRM_CAP_SYNCOBJ_TIMELINE, &value), 0);
	expect(value, 1);
	expect(get_cap(DRM_CAP_TIMESTAMP_MONOTONIC, &value), 0);
	expect(value, 1);
	expect(get_cap(DRM_CAP_PRIME, &value), 0);
	expect(value, 0);
	expect(get_cap(DRM_CAP_DUMB_BUFFER, &value), -EOPNOTSUPP);
	expect(get_cap(0, &value), -EINVAL);
	expect(get_cap(0x1234, &value), -EINVAL);
}

Test(syncobj, other_requests_are_refused_as_a_render_node_does)
{
	static const struct {
		unsigned int number;
		int result;
	} rows[] = {
		{ 0x01, -EACCES },		      /* GET_UNIQUE */
		{ 0x02, -EACCES },		      /* GET_MAGIC */
		{ 0x03, -EINVAL }, { 0x0d, -EACCES }, /* SET_CLIENT_CAP */
		{ 0x1e, -EACCES },		      /* SET_MASTER */
		{ 0x40, -EINVAL },		      /* a driver's own */
		{ 0xa0, -EACCES },		      /* MODE_GETRESOURCES */
		{ 0xbe, -EACCES }, { 0xce, -EACCES }, { 0xd0, -EACCES },
		{ 0xd1, -EINVAL }, { 0xff, -EINVAL },
	};
	unsigned char room[64] = { 0 };

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect(raw_ioctl(device, _IOWR('d', rows[i].number, room), room), rows[i].result);
	expect(raw_ioctl(device, _IOWR('F', 1, room), room), -ENOTTY);
}

Test(syncobj, handles_are_the_lowest_free_ones)
{
	uint32_t i;

	for (i = 1; i <= 200; i++)
		expect(new_syncobj(device, 0), i);
	expect(raw_destroy(device, 170), 0);
	expect(raw_destroy(device, 3), 0);
	expect(raw_destroy(device, 90), 0);
	expect(new_syncobj(device, 0), 3);
	expect(new_syncobj(device, 0), 90);
	expect(new_syncobj(device, 0), 170);
	expect(new_syncobj(device, 0), 201);
}

Test(syncobj, handles_are_of_their_own_space_and_of_their_open)
{
	int other = open_device();
	uint32_t fence = new_fence(device), syncobj = new_syncobj(device, 0);

	expect(fence, 1);
	expect(syncobj, 1);
	expect(new_syncobj(other, 0), 1);
	expect(new_syncobj(other, 0), 2);
	expect(wait_one(device, 2, SUBMIT, 0), -ENOENT);
	must(close(other));
}

Test(syncobj, create_answers_as_the_kernel)
{
	struct drm_syncobj_create create = { .flags = 2, .handle = 77 };
	struct {
		struct drm_syncobj_create create;
		unsigned char tail[56];
	} longer = { .tail = { 1 } };

	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &create), -EINVAL);
	expect(create.handle, 77);
	create.flags = 0;
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &create), 0);
	expect(create.handle, 1);
	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, NULL), -EFAULT);
	/* A longer struct is cut, whatever its tail is. */
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_CREATE, 64), &longer), 0);
	expect(longer.create.handle, 2);
	expect(longer.tail[0], 1);
	/* A shorter one is zero from there on. */
	create = (struct drm_syncobj_create){ .flags = 2 };
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_CREATE, 4), &create), 0);
	expect(create.handle, 3);
	expect(raw_ioctl(device, with_size(DRM_IOCTL_SYNCOBJ_CREATE, 0), &create), 0);
	expect(create.handle, 3);
	/* _IOR brings nothing in, _IOW nothing back. */
	expect(raw_ioctl(device, with_direction(DRM_IOCTL_SYNCOBJ_CREATE, _IOC_READ), &create), 0);
	expect(create.handle, 5);
	create = (struct drm_syncobj_create){ .handle = 77 };
	expect(raw_ioctl(device, with_direction(DRM_IOCTL_SYNCOBJ_CREATE, _IOC_WRITE), &create), 0);
	expect(create.handle, 77);
	expect(new_syncobj(device, 0), 7);
}

Test(syncobj, destroy_answers_as_the_kernel)
{
	struct drm_syncobj_destroy destroy = { .handle = new_syncobj(device, 0), .pad = 1 };

	expect(raw_ioctl(device, DRM_IOCTL_SYNCOBJ_DESTROY, &destroy), -EINVAL);
	expect(raw_destroy(device, destroy.handle), 0);
	expect(raw_destroy(device, destroy.handle), -EINVAL);
	expect(raw_destroy(device, 0), -EINVAL);
	expect(raw_destroy(device, 0xffffffff), -EINVAL);
}

/* SIGNAL and RESET refuse the same things. */
Test(syncobj, wrong_arrays_are_refused_and_change_nothing)
{
	static const unsigned long requests[] = { DRM_IOCTL_SYNCOBJ_SIGNAL,
						  DRM_IOCTL_SYNCOBJ_RESET };
	uint32_t good = new_syncobj(device, 0), signaled = new_syncobj(device, 1);
	uint32_t bad = NO_SUCH_HANDLE, pairs[2][2] = { { good, bad }, { signaled, bad } };

	for (unsigned int i = 0; i < 2; i++) {
		unsigned long request = requests[i];
		struct drm_syncobj_array array = {
			.handles = (uintptr_t)&good,
			.count_handles = 1,
			.pad = 1,
		};

		expect(raw_ioctl(device, request, &array), -EINVAL);
		expect(raw_syncobj_array(device, request, &good, 0), -EINVAL);
		expect(raw_syncobj_array(device, request, NULL, 1), -EFAULT);
		expect(raw_syncobj_array(device, request, &bad, 1), -ENOENT);
		expect(raw_syncobj_array(device, request, pairs[i], 2), -ENOENT);
		expect(raw_syncobj_array(device, request, &good, 0x20000000), -ENOMEM);
		expect(wait_one(device, good, 0, 0), -EINVAL);
		expect(wait_one(device, signaled, 0, 0), 0);
	}
}

Test(syncobj, is_signaled_and_reset_any_number_of_times)
{
	uint32_t handle = new_syncobj(device, 0);

	for (int i = 0; i < 2; i++) {
		expect(raw_syncobj_signal(device, handle), 0);
		expect(wait_one(device, handle, 0, 0), 0);
		expect(raw_syncobj_signal(device, handle), 0);
		expect(raw_reset(device, handle), 0);
		expect(wait_one(device, handle, 0, 0), -EINVAL);
		expect(raw_reset(device, handle), 0);
	}
}

Test(syncobj, many_are_signaled_in_one_request)
{
	enum { COUNT = 5000 };
	static uint32_t handles[COUNT];
	uint32_t first;

	for (int i = 0; i < COUNT; i++)
		handles[i] = new_syncobj(device, 0);
	expect(raw_syncobj_array(device, DRM_IOCTL_SYNCOBJ_SIGNAL, handles, COUNT), 0);
	expect(raw_syncobj_wait(device, handles, COUNT, ALL, 0, &first), 0);
	expect(first, 0);
	expect(raw_syncobj_array(device, DRM_IOCTL_SYNCOBJ_RESET, handles, COUNT), 0);
	expect(raw_syncobj_wait(device, handles, COUNT, SUBMIT, 0, &first), -ETIME);
}

Test(syncobj, handles_have_a_limit)
{
	struct dma_fence_caps caps;
	struct drm_syncobj_create create = { 0 };
	int other = open_device();
	uint32_t i;

	expect(raw_caps(device, &caps), 0);
	for (i = 0; i < caps.max_handles; i++)
		new_syncobj(other, 0);
	expect(raw_ioctl(other, DRM_IOCTL_SYNCOBJ_CREATE, &create), -ENOSPC);
	/* Others continue. */
	expect(new_syncobj(device, 0), 1);
	expect(raw_destroy(other, 77), 0);
	expect(new_syncobj(other, 0), 77);
	must(close(other));
	eventually(handles, 1);
}

/* What it leaves is found by the fixture. */
static void leave_some(void *data)
{
	int fd = open_device();
	uint32_t syncobj;

	new_pending_syncobj(fd, &syncobj);
	new_syncobj_fd(fd, new_syncobj(fd, 1));
	expect(raw_transfer(fd, syncobj, 0, new_syncobj(fd, 0), 5, 0), 0);
	tell(*(int *)data);
	pause();
}

Test(syncobj, those_of_a_killed_process_go)
{
	struct link link;
	pid_t pid;

	link_open(&link);
	pid = spawn(leave_some, &link.ends[1]);
	hear(link.ends[0]);
	kill_child(pid);
	eventually(files, 1);
	eventually(handles, 0);
	eventually(fences, 0);
	link_close(&link);
	device_goes_on();
}
