/* SPDX-License-Identifier: MIT */
/* native_fence.c - CREATE, TIMELINE_*, SIGNAL, WAIT, QUERY, MERGE, SET_DEADLINE, CLOSE. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "caller/caller_array.h"
#include "container.h"
#include "fence/device_fence.h"
#include "fence/event.h"
#include "file/file.h"
#include "abi/ioctl.h"
#include "memory/memory_fence.h"
#include "merge.h"
#include "abi/native.h"
#include "unwrap.h"
#include "fence/fence_wait.h"

static bool is_error(int32_t error)
{
	return error <= 0 && error >= -DMA_FENCE_MAX_ERRNO;
}

static bool is_name(const char name[DMA_FENCE_NAME_SIZE])
{
	return memchr(name, '\0', DMA_FENCE_NAME_SIZE) != NULL;
}

int native_create(struct request *request, void *argument)
{
	struct dma_fence_create *create = argument;
	struct device *device = request->device;
	struct open_file *file = request->file;
	struct device_timeline *timeline = NULL;
	const uint32_t known = DMA_FENCE_CREATE_AUTO_SIGNAL | DMA_FENCE_CREATE_LAZY;
	bool auto_signal = create->flags & DMA_FENCE_CREATE_AUTO_SIGNAL;
	uint64_t timeout = create->timeout_ns ? create->timeout_ns : device->fence_timeout_ns;
	struct device_fence *fence;
	int64_t delay = -1;
	int ret;

	if (create->flags & ~known || !is_name(create->name) || !is_error(create->signal_error))
		return -EINVAL;
	if (!auto_signal && (create->signal_delay_ns || create->signal_error))
		return -EINVAL;
	if ((create->timeline && create->name[0]) || (!create->timeline && create->seqno))
		return -EINVAL;
	if (create->timeline) {
		ret = file_timeline(file, create->timeline, &timeline);
		if (ret)
			return ret;
	}
	if (timeout == DMA_FENCE_TIMEOUT_NEVER)
		timeout = 0;
	/* A job that ends past the end of the clock never does. */
	if (auto_signal && create->signal_delay_ns < (uint64_t)(INT64_MAX - dma_fence_now()))
		delay = (int64_t)create->signal_delay_ns;

	ret = file_handle_reserve(file, NULL);
	if (ret)
		return ret;
	ret = device_fence_create(device, create->name, timeline, create->seqno, &fence);
	if (ret)
		goto err_uncharge;
	ret = device_fence_set_times(fence, timeout, delay, create->signal_error);
	if (!ret && create->flags & DMA_FENCE_CREATE_LAZY)
		ret = device_fence_make_lazy(fence, file);
	if (ret) {
		device_fence_handle_closed(fence);
		dma_fence_put(&fence->base);
		goto err_uncharge;
	}
	create->handle = file_handle_add(file, &fence->base, true);
	if (fence->enable)
		fence->enable->record.event = create->handle;
	create->context = fence->base.context;
	create->seqno = fence->base.seqno;
	return 0;

err_uncharge:
	account_uncharge(file->account, account_fence_cost(NULL));
	return ret;
}

int native_timeline_create(struct request *request, void *argument)
{
	struct dma_fence_timeline_create *create = argument;
	struct device_timeline *timeline;
	int ret;

	if (create->flags || !is_name(create->name))
		return -EINVAL;
	ret = file_handle_reserve(request->file, NULL);
	if (ret)
		return ret;
	timeline = device_timeline_create(request->device, create->name, create->value);
	if (!timeline) {
		account_uncharge(request->file->account, account_fence_cost(NULL));
		return -ENOMEM;
	}
	create->handle = file_handle_add_timeline(request->file, timeline);
	create->context = sync_timeline_context(timeline->timeline);
	return 0;
}

int native_timeline_advance(struct request *request, void *argument)
{
	struct dma_fence_timeline_advance *advance = argument;
	struct device_timeline *timeline;
	uint64_t now;
	int ret;

	if (advance->flags & ~DMA_FENCE_ADVANCE_RELATIVE || !is_error(advance->error))
		return -EINVAL;
	ret = file_timeline(request->file, advance->handle, &timeline);
	if (ret)
		return ret;
	if (advance->flags & DMA_FENCE_ADVANCE_RELATIVE) {
		now = sync_timeline_value(timeline->timeline);
		if (advance->value > UINT64_MAX - now)
			return -EINVAL;
		advance->value += now;
	}
	return device_timeline_advance(timeline, advance->value, advance->error,
				       &advance->signaled);
}

/*
 * May each be signaled by this request? A fence that is named twice would be signaled a second
 * time.
 */
static int check_signal(struct open_file *file, const uint32_t *handles, uint32_t count)
{
	uint32_t checked;
	int ret = 0;

	for (checked = 0; checked < count; checked++) {
		struct handle *handle = file_handle(file, handles[checked]);

		if (!handle)
			ret = -ENOENT;
		else if (handle->kind != HANDLE_FENCE)
			ret = -EINVAL;
		else if (!handle->may_signal)
			ret = -EPERM;
		else if (handle->is_named || dma_fence_is_signaled(handle->fence))
			ret = -EINVAL;
		if (ret)
			break;
		handle->is_named = true;
	}
	while (checked--)
		file_handle(file, handles[checked])->is_named = false;
	return ret;
}

static int signal_handles(struct request *request, void *argument, void *array)
{
	const struct dma_fence_signal *signal = argument;
	const uint32_t *handles = array;
	int ret = check_signal(request->file, handles, signal->count);

	if (ret)
		return ret;
	/*
	 * One that another one of the list has signaled, a later point of its timeline, is left as
	 * it is.
	 */
	for (uint32_t i = 0; i < signal->count; i++)
		device_fence_signal(to_device_fence(file_handle(request->file, handles[i])->fence),
				    signal->error);
	return 0;
}

int native_signal(struct request *request, void *argument)
{
	struct dma_fence_signal *signal = argument;
	int ret;

	if (signal->flags || signal->reserved || !is_error(signal->error))
		return -EINVAL;
	ret = ioctl_check_array(request, argument, sizeof(*signal), signal->count, sizeof(uint32_t),
				signal->pointer);
	if (ret)
		return ret;
	if (signal->pointer)
		return caller_memory_read_and_go_on(request, argument, signal->pointer,
						    signal->count * sizeof(uint32_t),
						    signal_handles);
	return signal_handles(request, signal, signal + 1);
}

/*
 * The fences behind the handles, borrowed. Whatever is done with them takes time in proportion to
 * what they are made of, under the lock: so that is limited as the number of handles is. -E2BIG.
 */
static int find_fences(struct open_file *file, const uint32_t *handles, size_t stride,
		       uint32_t count, struct dma_fence **fences)
{
	uint64_t leaves = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t *handle = (const uint32_t *)((const char *)handles + i * stride);
		struct dma_fence *fence;
		int ret = file_fence(file, *handle, &fence);

		if (ret)
			return ret;
		leaves += dma_fence_leaf_count(fence);
		if (leaves > MAX_COUNT)
			return -E2BIG;
		if (fences)
			fences[i] = fence;
	}
	return 0;
}

static int wait_for_items(struct request *request, struct dma_fence_wait *wait,
			  struct dma_fence_wait_item *items)
{
	int ret = find_fences(request->file, &items->handle, sizeof(*items), wait->count, NULL);

	if (ret)
		return ret;
	return wait_for_fences(request->file, request->fuse, request->thread, wait, items,
			       request->size);
}

static int wait_for_array(struct request *request, void *argument, void *array)
{
	struct dma_fence_wait *wait = argument;
	int ret = wait_for_items(request, wait, array);

	if (ret != 0 && ret != -ETIME)
		return ret;
	caller_memory_write_and_reply(request->file, request->fuse, request->thread, wait->pointer,
				      array, wait->count * sizeof(struct dma_fence_wait_item), wait,
				      request->answer_size, ret);
	return REQUEST_PARKED;
}

int native_wait(struct request *request, void *argument)
{
	struct dma_fence_wait *wait = argument;
	int ret;

	if (wait->flags & ~DMA_FENCE_WAIT_ALL)
		return -EINVAL;
	ret = ioctl_check_array(request, argument, sizeof(*wait), wait->count,
				sizeof(struct dma_fence_wait_item), wait->pointer);
	if (ret)
		return ret;
	if (wait->pointer)
		return caller_memory_read_and_go_on(
			request, argument, wait->pointer,
			wait->count * sizeof(struct dma_fence_wait_item), wait_for_array);
	return wait_for_items(request, wait, (struct dma_fence_wait_item *)(wait + 1));
}

static void copy_name(char to[DMA_FENCE_NAME_SIZE], const char *from)
{
	memset(to, 0, DMA_FENCE_NAME_SIZE);
	memcpy(to, from, strnlen(from, DMA_FENCE_NAME_SIZE - 1));
}

static void fill_member(struct dma_fence_member *member, struct dma_fence *fence)
{
	/* First, since this look may be what finds it signaled. */
	int status = dma_fence_get_status(fence);

	*member = (struct dma_fence_member){
		.context = fence->context,
		.seqno = fence->seqno,
		.timestamp_ns = dma_fence_timestamp(fence),
		.status = status,
	};
}

/* The earliest hint that any part of it was given; INT64_MAX: none. */
static int64_t deadline_of(struct dma_fence *fence)
{
	struct device_fence *own = to_device_fence(fence);
	struct memory_fence *memory = to_memory_fence(fence);
	int64_t earliest = own ? own->deadline : memory ? memory->deadline : INT64_MAX;
	struct dma_fence_unwrap cursor;
	struct dma_fence *member;

	if (!dma_fence_is_container(fence))
		return earliest;
	dma_fence_unwrap_for_each(member, &cursor, fence)
	{
		int64_t deadline = deadline_of(member);

		if (deadline < earliest)
			earliest = deadline;
	}
	return earliest;
}

/* Those from first on. */
static void fill_members(struct dma_fence *fence, uint32_t first, struct dma_fence_member *members,
			 uint32_t capacity)
{
	struct dma_fence_unwrap cursor;
	struct dma_fence *member = dma_fence_unwrap_first(fence, &cursor);
	uint32_t index = 0, filled = 0;

	for (; member && filled < capacity; member = dma_fence_unwrap_next(&cursor)) {
		if (index++ >= first)
			fill_member(&members[filled++], member);
	}
	dma_fence_unwrap_end(&cursor);
}

int native_query(struct request *request, void *argument)
{
	struct dma_fence_query *query = argument;
	struct dma_fence_member *members = (struct dma_fence_member *)(query + 1);
	uint32_t capacity = query->member_capacity;
	struct dma_fence *fence;
	int ret;

	if (query->flags)
		return -EINVAL;
	if (capacity > (request->size - sizeof(*query)) / sizeof(*members))
		return -EINVAL;
	ret = ioctl_check_tail(request, argument, sizeof(*query) + capacity * sizeof(*members));
	if (!ret)
		ret = file_fence(request->file, query->handle, &fence);
	if (ret)
		return ret;
	/* First, since this look may be what finds it signaled. */
	query->status = dma_fence_get_status(fence);
	query->context = fence->context;
	query->seqno = fence->seqno;
	query->timestamp_ns = dma_fence_timestamp(fence);
	query->deadline_ns = deadline_of(fence);
	if (query->deadline_ns == INT64_MAX)
		query->deadline_ns = 0;
	query->member_count = dma_fence_member_count(fence);
	copy_name(query->driver_name, dma_fence_driver_name(fence));
	copy_name(query->timeline_name, dma_fence_timeline_name(fence));
	fill_members(fence, query->member_first, members, capacity);
	return 0;
}

static int merge_handles(struct request *request, void *argument, void *array)
{
	struct dma_fence_merge *merge = argument;
	struct open_file *file = request->file;
	const uint32_t *handles = array;
	struct dma_fence **fences, *merged;
	int ret = 0;

	fences = calloc(merge->count, sizeof(*fences));
	if (!fences)
		return -ENOMEM;
	ret = find_fences(file, handles, sizeof(*handles), merge->count, fences);
	if (ret)
		goto out;
	merged = merge->flags & DMA_FENCE_MERGE_ANY ? dma_fence_merge_any(merge->count, fences)
						    : dma_fence_merge_all(merge->count, fences);
	ret = !merged ? -ENOMEM : dma_fence_depth(merged) > MAX_DEPTH ? -E2BIG : 0;
	if (!ret)
		ret = file_handle_reserve(file, merged);
	if (ret)
		dma_fence_put(merged);
	else
		merge->handle = file_handle_add(file, merged, false);
out:
	free(fences);
	return ret;
}

int native_merge(struct request *request, void *argument)
{
	struct dma_fence_merge *merge = argument;
	int ret;

	if (merge->flags & ~DMA_FENCE_MERGE_ANY || merge->reserved)
		return -EINVAL;
	ret = ioctl_check_array(request, argument, sizeof(*merge), merge->count, sizeof(uint32_t),
				merge->pointer);
	if (ret)
		return ret;
	if (merge->pointer)
		return caller_memory_read_and_go_on(request, argument, merge->pointer,
						    merge->count * sizeof(uint32_t), merge_handles);
	return merge_handles(request, merge, merge + 1);
}

int native_set_deadline(struct request *request, void *argument)
{
	const struct dma_fence_set_deadline *deadline = argument;
	struct dma_fence *fence;
	int ret;

	if (deadline->flags)
		return -EINVAL;
	ret = file_fence(request->file, deadline->handle, &fence);
	if (!ret)
		dma_fence_set_deadline(fence, deadline->deadline_ns);
	return ret;
}

int native_close(struct request *request, void *argument)
{
	const struct dma_fence_close *close = argument;

	if (close->flags)
		return -EINVAL;
	return file_handle_close(request->file, close->handle);
}
