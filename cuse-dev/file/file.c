/* SPDX-License-Identifier: MIT */
/* file.c - open files and their handles. What read() and poll() do with them is in file_io.c. */
#include <errno.h>
#include <stdlib.h>

#include "fence/device_fence.h"
#include "fence/event.h"
#include "descriptor/export.h"
#include "file/file.h"
#include "abi/sw_sync_file.h"
#include "syncobj/syncobj_event.h"
#include "buffer/ticket.h"

struct open_file *file_open(struct device *device, uid_t user, pid_t opener)
{
	struct open_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->account = account_get(device, user);
	if (!file->account)
		goto err_free;
	if (account_charge(file->account, sizeof(*file)))
		goto err_put;
	file->device = device;
	file->opener = opener;
	file->references = 1;
	DL_APPEND(device->files, file);
	device->stats.files++;
	return file;

err_put:
	account_put(device, file->account);
err_free:
	free(file);
	return NULL;
}

void file_get(struct open_file *file)
{
	file->references++;
}

void file_put(struct open_file *file)
{
	if (--file->references)
		return;
	account_uncharge(file->account, sizeof(*file));
	account_put(file->device, file->account);
	free(file);
}

static void unbind(struct open_file *file)
{
	struct bound *bound = file->bound;

	if (!bound)
		return;
	file->bound = NULL;
	if (bound->syncobj) {
		account_uncharge(file->account, SYNCOBJ_COST);
		device_syncobj_put(bound->syncobj);
		free(bound);
		return;
	}
	if (bound->callback_added)
		dma_fence_remove_callback(bound->sync_file.fence, &bound->callback);
	account_uncharge(file->account, account_fence_cost(bound->sync_file.fence));
	sync_file_fini(&bound->sync_file);
	free(bound);
}

void file_cancel(struct open_file *file)
{
	for (uint32_t number = 1; number <= file->handle_count; number++)
		file_handle_close(file, number);
	sw_sync_drop(file);
}

bool file_is_needed(const struct open_file *file)
{
	return (file->bound && !file->bound->syncobj) || file->ready;
}

void file_release(struct open_file *file)
{
	struct device *device = file->device;

	/* Events first: the fences that are cancelled below must not run into them. */
	events_drop_all(file);
	syncobj_events_drop_all(file);
	exports_drop_all(file);
	file_cancel(file);
	syncobj_handles_drop_all(file);
	free(file->handles);
	account_uncharge(file->account, file->handle_capacity * sizeof(*file->handles));
	file->handles = NULL;
	file->handle_count = file->handle_capacity = file->handles_free = 0;
	unbind(file);
	if (file->poll_handle) {
		fuse_pollhandle_destroy(file->poll_handle);
		file->poll_handle = NULL;
	}
	DL_DELETE(device->files, file);
	device->stats.files--;
	file_put(file);
}

bool file_is_fresh(const struct open_file *file)
{
	return !file->bound && !file->handles_open && !file->exports && !file->events &&
	       !file->ready && !file->prepared && !file->waits && !file->jobs && !file->sw_sync &&
	       !file->syncobjs.open && !file->syncobj_events;
}

int file_bind(struct open_file *file, struct dma_fence *fence, const char *name)
{
	struct bound *bound = calloc(1, sizeof(*bound));

	if (!bound)
		return -ENOMEM;
	if (account_charge(file->account, account_fence_cost(fence))) {
		free(bound);
		return -ENOMEM;
	}
	bound->file = file;
	sync_file_init(&bound->sync_file, fence, name);
	file->bound = bound;
	/* Somebody may have begun to poll it before. */
	if (file->poll_handle)
		file_watch_bound(file);
	return 0;
}

int file_bind_syncobj(struct open_file *file, struct device_syncobj *syncobj)
{
	struct bound *bound = calloc(1, sizeof(*bound));

	if (!bound)
		return -ENOMEM;
	if (account_charge(file->account, SYNCOBJ_COST)) {
		free(bound);
		return -ENOMEM;
	}
	bound->file = file;
	bound->syncobj = device_syncobj_get(syncobj);
	file->bound = bound;
	/* Somebody may have begun to poll it before. */
	file_became_readable(file);
	return 0;
}

static int grow(struct open_file *file)
{
	uint32_t capacity = file->handle_capacity ? file->handle_capacity * 2 : 16;
	uint64_t charge = (capacity - file->handle_capacity) * sizeof(struct handle);
	struct handle *grown;

	if (file->handle_capacity >= MAX_HANDLES)
		return -EMFILE;
	if (account_charge(file->account, charge))
		return -ENOMEM;
	grown = realloc(file->handles, capacity * sizeof(*grown));
	if (!grown) {
		account_uncharge(file->account, charge);
		return -ENOMEM;
	}
	file->handles = grown;
	file->handle_capacity = capacity;
	return 0;
}

int file_handle_reserve(struct open_file *file, struct dma_fence *fence)
{
	int ret = 0;

	if (!file->handles_free && file->handle_count == file->handle_capacity)
		ret = grow(file);
	if (!ret)
		ret = account_charge(file->account, account_fence_cost(fence));
	return ret;
}

static uint32_t next_handle(struct open_file *file, struct handle **handle)
{
	uint32_t number = file->handles_free;

	if (number)
		file->handles_free = file->handles[number - 1].next_free;
	else
		number = ++file->handle_count;
	file->handles_open++;
	file->device->stats.handles++;
	*handle = &file->handles[number - 1];
	return number;
}

uint32_t file_handle_add(struct open_file *file, struct dma_fence *fence, bool may_signal)
{
	struct handle *handle;
	uint32_t number = next_handle(file, &handle);

	*handle = (struct handle){ .fence = fence, .kind = HANDLE_FENCE, .may_signal = may_signal };
	return number;
}

uint32_t file_handle_add_timeline(struct open_file *file, struct device_timeline *timeline)
{
	struct handle *handle;
	uint32_t number = next_handle(file, &handle);

	*handle = (struct handle){ .timeline = timeline, .kind = HANDLE_TIMELINE };
	return number;
}

uint32_t file_handle_add_ticket(struct open_file *file, struct ticket *ticket)
{
	struct handle *handle;
	uint32_t number = next_handle(file, &handle);

	*handle = (struct handle){ .ticket = ticket, .kind = HANDLE_TICKET };
	return number;
}

struct handle *file_handle(struct open_file *file, uint32_t number)
{
	/* Number 0 wraps to the largest index. */
	if (number - 1 >= file->handle_count || file->handles[number - 1].kind == HANDLE_FREE)
		return NULL;
	return &file->handles[number - 1];
}

int file_fence(struct open_file *file, uint32_t number, struct dma_fence **fence)
{
	struct handle *handle = file_handle(file, number);

	if (!handle)
		return -ENOENT;
	if (handle->kind != HANDLE_FENCE)
		return -EINVAL;
	*fence = handle->fence;
	return 0;
}

int file_timeline(struct open_file *file, uint32_t number, struct device_timeline **timeline)
{
	struct handle *handle = file_handle(file, number);

	if (!handle)
		return -ENOENT;
	if (handle->kind != HANDLE_TIMELINE)
		return -EINVAL;
	*timeline = handle->timeline;
	return 0;
}

int file_ticket(struct open_file *file, uint32_t number, struct ticket **ticket)
{
	struct handle *handle = file_handle(file, number);

	if (!handle)
		return -ENOENT;
	if (handle->kind != HANDLE_TICKET)
		return -EINVAL;
	*ticket = handle->ticket;
	return 0;
}

static void close_fence(struct open_file *file, const struct handle *was)
{
	account_uncharge(file->account, account_fence_cost(was->fence));
	if (was->may_signal)
		device_fence_handle_closed(to_device_fence(was->fence));
	dma_fence_put(was->fence);
}

int file_handle_close(struct open_file *file, uint32_t number)
{
	struct handle *handle = file_handle(file, number), was;

	if (!handle)
		return -ENOENT;
	was = *handle;
	*handle = (struct handle){ .next_free = file->handles_free, .kind = HANDLE_FREE };
	file->handles_free = number;
	file->handles_open--;
	file->device->stats.handles--;
	if (was.kind == HANDLE_FENCE) {
		close_fence(file, &was);
		return 0;
	}
	account_uncharge(file->account, account_fence_cost(NULL));
	if (was.kind == HANDLE_TIMELINE)
		device_timeline_handle_closed(was.timeline);
	else
		ticket_handle_closed(was.ticket);
	return 0;
}
