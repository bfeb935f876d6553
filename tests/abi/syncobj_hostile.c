/* SPDX-License-Identifier: MIT */
/*
 * syncobj_hostile.c - syncobjs in the hands of clients that mean harm: memory that blocks the
 * thread that touches it, and more than a user may cost the device. Raw ioctls.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "foreign.h"
#include "process.h"
#include "syncobj.h"

TestSuite(syncobj_hostile, .init = fixture_begin, .fini = fixture_end, .timeout = TEST_TIMEOUT);

#define SYNC_FILE DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE

/* ---- memory that hangs ---- */

enum { WAYS = 5 };

struct client {
	int way;
	uint64_t address;
};

static void call_and_hang(void *data)
{
	const struct client *client = data;
	int fd = open_device();
	uint32_t handle = new_syncobj(fd, 0), first;
	struct drm_syncobj_timeline_array array = {
		.handles = (uintptr_t)&handle,
		.points = client->address,
		.count_handles = 1,
	};
	struct drm_version version = { .name = (char *)(uintptr_t)client->address, .name_len = 9 };

	switch (client->way) {
	case 0:
		raw_syncobj_wait(fd, (uint32_t *)(uintptr_t)client->address, 1, SUBMIT, INT64_MAX,
				 &first);
		break;
	case 1:
		raw_syncobj_array(fd, DRM_IOCTL_SYNCOBJ_SIGNAL,
				  (uint32_t *)(uintptr_t)client->address, 1);
		break;
	case 2:
		raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL, &array);
		break;
	case 3:
		raw_ioctl(fd, DRM_IOCTL_SYNCOBJ_QUERY, &array);
		break;
	default:
		raw_ioctl(fd, DRM_IOCTL_VERSION, &version);
	}
}

Test(syncobj_hostile, memory_that_hangs_stops_nobody_else)
{
	struct foreign foreign;
	pid_t pids[WAYS];
	void *memory;
	int file;

	foreign_start(&foreign, "foreign");
	file = foreign_open(&foreign);
	memory = must(mmap(NULL, FOREIGN_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
	foreign.control->hang = true;
	for (int way = 0; way < WAYS; way++) {
		struct client client = { way, (uintptr_t)memory + way * 4096 };

		pids[way] = spawn(call_and_hang, &client);
	}
	eventually(workers, WAYS);
	for (int i = 0; i < 100; i++) {
		uint32_t handle = new_syncobj(device, 0);

		expect(raw_syncobj_signal(device, handle), 0);
		expect(wait_one(device, handle, 0, 0), 0);
		expect(raw_destroy(device, handle), 0);
	}
	for (int way = 0; way < WAYS; way++)
		kill_child(pids[way]);
	eventually(files, 1);
	foreign_stop(&foreign);
	must(munmap(memory, FOREIGN_SIZE));
	close(file);
	eventually(workers, 0);
}

/* ---- more than a user may cost ---- */

enum { MEMBERS = 4000 };

/* A fence of many, whose references cost a lot, as a sync_file. */
static int new_expensive_sync_file(int fd)
{
	static uint32_t handles[MEMBERS];
	uint32_t merged;

	for (int i = 0; i < MEMBERS; i++)
		handles[i] = new_fence(fd);
	expect(raw_merge(fd, handles, MEMBERS, 0, &merged), 0);
	return new_sync_file(fd, merged);
}

/* Into new syncobjs of fd, until the user has to pay too much: how many that were. */
static int import_all_that_goes(int fd, int sync_file)
{
	int count = 0, result;

	while (!(result = raw_import_sync_file(fd, new_syncobj(fd, 0), sync_file)))
		count++;
	expect(result, -ENOMEM);
	return count;
}

Test(syncobj_hostile, fences_in_syncobjs_are_paid_for_until_they_are_out)
{
	int fd = open_device(), sync_file = new_expensive_sync_file(device), count, descriptor;
	uint32_t last;

	count = import_all_that_goes(fd, sync_file);
	check(count > 10);
	last = (uint32_t)count + 1;
	expect(raw_import_sync_file(fd, last, sync_file), -ENOMEM);
	/* What it was to replace is still there: nothing. */
	expect(wait_one(fd, last, 0, 0), -EINVAL);
	expect(raw_reset(fd, 1), 0);
	expect(raw_import_sync_file(fd, last, sync_file), 0);
	expect(raw_import_sync_file(fd, 1, sync_file), -ENOMEM);
	/* Below a point, and then out of the syncobj: it is there as long as the chain is. */
	expect(raw_reset(fd, 3), 0);
	expect(raw_signal_point(fd, 2, 1), 0);
	expect(raw_signal_point(fd, 2, 2), 0);
	descriptor = raw_to_fd(fd, 2, SYNC_FILE, 0);
	check(descriptor >= 0);
	expect(raw_import_sync_file(fd, 1, sync_file), 0);
	expect(raw_destroy(fd, 2), 0);
	expect(raw_import_sync_file(fd, 3, sync_file), -ENOMEM);
	expect(sync_file_status(descriptor), 0);
	must(close(descriptor));
	eventually(files, 3);
	expect(raw_import_sync_file(fd, 3, sync_file), 0);
	/* All of it comes back. */
	must(close(fd));
	eventually(files, 2);
	fd = open_device();
	expect(import_all_that_goes(fd, sync_file), count);
	must(close(fd));
	must(close(sync_file));
}

struct waiting {
	struct thread thread;
	int fd;
	uint32_t handle;
	int result;
};

static void wait_for_submission(void *data)
{
	struct waiting *this = data;

	this->result = wait_one(this->fd, this->handle, SUBMIT, INT64_MAX);
}

/* It keeps the fence that the syncobj has got rid of. */
Test(syncobj_hostile, fence_that_is_waited_for_is_paid_for_too)
{
	int fd = open_device(), other = open_device();
	int sync_file = new_expensive_sync_file(device), count;
	struct waiting waiting = { .fd = other, .handle = new_syncobj(other, 0) };

	count = import_all_that_goes(fd, sync_file);
	must(close(fd));
	eventually(files, 3);
	thread_start(&waiting.thread, wait_for_submission, &waiting);
	eventually(waits, 1);
	expect(raw_import_sync_file(other, waiting.handle, sync_file), 0);
	expect(raw_reset(other, waiting.handle), 0);
	fd = open_device();
	expect(import_all_that_goes(fd, sync_file), count - 1);
	must(close(fd));
	for (uint32_t fence = 1; fence <= MEMBERS; fence++)
		expect(raw_signal(device, fence, 0), 0);
	thread_join(&waiting.thread);
	expect(waiting.result, 0);
	must(close(other));
	must(close(sync_file));
}

/* It ends at once, and does not wait for memory that no user is charged for. */
Test(syncobj_hostile, wait_for_what_is_too_expensive_is_enomem)
{
	int fd = open_device(), other = open_device();
	int sync_file = new_expensive_sync_file(device);
	struct waiting waiting = { .fd = other, .handle = new_syncobj(other, 0) };

	import_all_that_goes(fd, sync_file);
	thread_start(&waiting.thread, wait_for_submission, &waiting);
	eventually(waits, 1);
	expect(raw_reset(fd, 1), 0);
	expect(raw_import_sync_file(other, waiting.handle, sync_file), 0);
	thread_join(&waiting.thread);
	expect(waiting.result, -ENOMEM);
	must(close(fd));
	must(close(other));
	must(close(sync_file));
}

Test(syncobj_hostile, processes_that_do_all_at_once_leave_nothing)
{
	/* Whatever they answer each other, the fixture finds what is left. */
	int event = must(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
	pid_t pids[4];

	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		must(pids[i]);
		if (pids[i])
			continue;
		srand(i);
		for (int step = 0; step < 400; step++) {
			uint32_t a = rand() % 8, b = rand() % 8, first;
			uint64_t point = rand() % 20;
			int fd;

			switch (rand() % 9) {
			case 0:
				new_syncobj(device, rand() % 2);
				break;
			case 1:
				raw_destroy(device, a);
				break;
			case 2:
				raw_syncobj_signal(device, a);
				break;
			case 3:
				raw_reset(device, a);
				break;
			case 4:
				raw_signal_point(device, a, point);
				break;
			case 5:
				raw_transfer(device, a, point, b, rand() % 20, 0);
				break;
			case 6:
				raw_timeline_wait(device, (uint32_t[]){ a, b },
						  (uint64_t[]){ point, 0 }, 2, SUBMIT, in_ms(2),
						  &first);
				break;
			case 7:
				fd = raw_to_fd(device, a, rand() % 2, 0);
				if (fd >= 0) {
					raw_from_fd(device, fd, &first);
					close(fd);
				}
				break;
			default:
				raw_eventfd(device, a, point, event, 0);
			}
		}
		_exit(0);
	}
	for (int i = 0; i < 4; i++)
		expect(reap(pids[i]), 0);
	must(close(event));
}

/* ---- many requests that wait for each other ---- */

enum { TRANSFERS = 1000 };

struct transferrer {
	struct thread thread;
	int fd;
	struct drm_syncobj_transfer argument;
	int result;
};

static void transfer_when_submitted(void *data)
{
	struct transferrer *this = data;

	this->result = raw_ioctl(this->fd, DRM_IOCTL_SYNCOBJ_TRANSFER, &this->argument);
}

/* Each puts a fence into the syncobj that the next one waits for. */
Test(syncobj_hostile, chain_of_transfers_is_no_chain_of_calls)
{
	static struct transferrer transferrers[TRANSFERS];
	uint32_t first = new_syncobj(device, 0), last = first;

	for (unsigned int i = 0; i < TRANSFERS; i++) {
		struct transferrer *this = &transferrers[i];

		this->fd = device;
		this->argument.src_handle = last;
		this->argument.dst_handle = last = new_syncobj(device, 0);
		this->argument.flags = SUBMIT;
		thread_start(&this->thread, transfer_when_submitted, this);
	}
	expect(raw_syncobj_array(device, DRM_IOCTL_SYNCOBJ_SIGNAL, &first, 1), 0);
	for (unsigned int i = 0; i < TRANSFERS; i++) {
		thread_join(&transferrers[i].thread);
		/* On a busy machine the timeout of the first may pass before the last thread has begun. */
		check(transferrers[i].result == 0 || transferrers[i].result == -ETIME);
	}
}
