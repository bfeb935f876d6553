/* SPDX-License-Identifier: MIT */
/* native_fence.c - CREATE, TIMELINE_*, SIGNAL, WAIT, QUERY, MERGE, SET_DEADLINE, CLOSE. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/ioctl.h"
#include "abi/native.h"
#include "caller/caller_array.h"
#include "container.h"
#include "fence/device_fence.h"
#include "fence/fence_wait.h"
#include "memory/memory_request.h"
#include "merge.h"
#include "unwrap.h"

static bool is_error(int32_t error)
{
	return error <= 0 && error >= -DMA_FENCE_MAX_ERRNO;
}

static bool is_name(const char name[DMA_FENCE_NAME_SIZE])
{
	return memchr(name, '\0', DMA_FENCE_NAME_SIZE) != NULL;
}

static int find_timeline(struct open_file *file, uint32_t number, struct device_timeline **timeline)
{
	void *object = NULL;
	int ret = handle_get(&file->handles, number, &timeline_class, &object);

	*timeline = object;
	return ret;
}

int native_create(const struct request *request, void *argument)
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
		ret = find_timeline(file, create->timeline, &timeline);
		if (ret)
			return ret;
	}
	if (timeout == DMA_FENCE_TIMEOUT_NEVER)
		timeout = 0;
	/* A job that ends past the end of the clock never does. */
	if (auto_signal && create->signal_delay_ns < (uint64_t)(INT64_MAX - dma_fence_now()))
		delay = (int64_t)create->signal_delay_ns;

	ret = handle_reserve(&file->handles, &created_fence_class, NULL);
	if (ret)
		return ret;
	ret = device_fence_create(device, create->name, timeline, create->seqno, &fence);
	if (ret)
		goto err_unreserve;
	ret = device_fence_set_times(fence, timeout, delay, create->signal_error);
	if (!ret && create->flags & DMA_FENCE_CREATE_LAZY)
		ret = device_fence_make_lazy(fence, file);
	if (ret) {
		created_fence_class.closed(&fence->base);
		goto err_unreserve;
	}
	create->handle = handle_add(&file->handles, &created_fence_class, &fence->base);
	if (fence->enable)
		fence->enable->event.event = create->handle;
	create->context = fence->base.context;
	create->seqno = fence->base.seqno;
	return 0;

err_unreserve:
	handle_unreserve(&file->handles, &created_fence_class, NULL);
	return ret;
}

int native_timeline_create(const struct request *request, void *argument)
{
	struct dma_fence_timeline_create *create = argument;
	struct handle_table *handles = &request->file->handles;
	struct device_timeline *timeline;
	int ret;

	if (create->flags || !is_name(create->name))
		return -EINVAL;
	ret = handle_reserve(handles, &timeline_class, NULL);
	if (ret)
		return ret;
	timeline = device_timeline_create(request->device, create->name, create->value);
	if (!timeline) {
		handle_unreserve(handles, &timeline_class, NULL);
		return -ENOMEM;
	}
	create->handle = handle_add(handles, &timeline_class, timeline);
	create->context = sync_timeline_context(timeline->timeline);
	return 0;
}

int native_timeline_advance(const struct request *request, void *argument)
{
	struct dma_fence_timeline_advance *advance = argument;
	struct device_timeline *timeline;
	uint64_t now;
	int ret;

	if (advance->flags & ~DMA_FENCE_ADVANCE_RELATIVE || !is_error(advance->error))
		return -EINVAL;
	ret = find_timeline(request->file, advance->handle, &timeline);
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
 * Can all be signaled by this request? A fence that is in the list twice would be signaled a second
 * time.
 */
static int check_signal(struct handle_table *handles, const uint32_t *numbers, uint32_t count,
			struct device_fence **fences)
{
	uint32_t checked;
	int ret = 0;

	for (checked = 0; checked < count; checked++) {
		struct handle *handle = handle_find(handles, numbers[checked]);

		if (!handle)
			ret = -ENOENT;
		else if (!handle->class->is_fence)
			ret = -EINVAL;
		else if (handle->class != &created_fence_class)
			ret = -EPERM;
		if (ret)
			break;
		fences[checked] = to_device_fence(handle->object);
		if (fences[checked]->is_listed || dma_fence_is_signaled(&fences[checked]->base)) {
			ret = -EINVAL;
			break;
		}
		fences[checked]->is_listed = true;
	}
	while (checked--)
		fences[checked]->is_listed = false;
	return ret;
}

static int signal_handles(const struct request *request, void *argument, void *array)
{
	const struct dma_fence_signal *signal = argument;
	struct device_fence **fences = calloc(signal->count, sizeof(*fences));
	int ret;

	if (!fences)
		return -ENOMEM;
	ret = check_signal(&request->file->handles, array, signal->count, fences);
	/*
	 * One that another one of the list has signaled, a later point of its timeline, is left as
	 * it is. Their handles keep them.
	 */
	for (uint32_t i = 0; !ret && i < signal->count; i++)
		device_fence_signal(fences[i], signal->error);
	free(fences);
	return ret;
}

int native_signal(const struct request *request, void *argument)
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
		return caller_array_read(request, argument, signal->pointer,
					 signal->count * sizeof(uint32_t), signal_handles);
	return signal_handles(request, signal, signal + 1);
}

/*
 * The fences behind the handles, borrowed. Any request on them takes time in proportion to their
 * members, under the lock: so these are limited as the number of handles is. -E2BIG.
 */
static int find_fences(struct open_file *file, const uint32_t *handles, size_t stride,
		       uint32_t count, struct dma_fence **fences)
{
	uint64_t leaves = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t *handle = (const uint32_t *)((const char *)handles + i * stride);
		struct dma_fence *fence;
		int ret = handle_get_fence(&file->handles, *handle, &fence);

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

static int wait_for_items(const struct request *request, struct dma_fence_wait *wait,
			  struct dma_fence_wait_item *items)
{
	int ret = find_fences(request->file, &items->handle, sizeof(*items), wait->count, NULL);

	if (ret)
		return ret;
	return wait_for_fences(request, wait, items);
}

static int wait_for_array(const struct request *request, void *argument, void *array)
{
	struct dma_fence_wait *wait = argument;
	int ret = wait_for_items(request, wait, array);

	if (ret != 0 && ret != -ETIME)
		return ret;
	caller_array_write_and_reply(request, wait->pointer, array,
				     wait->count * sizeof(struct dma_fence_wait_item), wait, ret);
	return REQUEST_BLOCKED;
}

int native_wait(const struct request *request, void *argument)
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
		return caller_array_read(request, argument, wait->pointer,
					 wait->count * sizeof(struct dma_fence_wait_item),
					 wait_for_array);
	return wait_for_items(request, wait, (struct dma_fence_wait_item *)(wait + 1));
}

static void copy_name(char to[DMA_FENCE_NAME_SIZE], const char *from)
{
	memset(to, 0, DMA_FENCE_NAME_SIZE);
	memcpy(to, from, strnlen(from, DMA_FENCE_NAME_SIZE - 1));
}

static void fill_member(struct dma_fence_member *member, struct dma_fence *fence)
{
	/* First, since this may find it signaled. */
	int status = dma_fence_get_status(fence);

	*member = (struct dma_fence_member){
		.context = fence->context,
		.seqno = fence->seqno,
		.timestamp_ns = dma_fence_timestamp(fence),
		.status = status,
	};
}

/* The earliest hint that the fence or a member of it was given; INT64_MAX: none. */
static int64_t deadline_of(struct dma_fence *fence)
{
	struct device_fence *own = to_device_fence(fence);
	int64_t earliest = own ? own->deadline : memory_fence_deadline(fence);
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

int native_query(const struct request *request, void *argument)
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
		ret = handle_get_fence(&request->file->handles, query->handle, &fence);
	if (ret)
		return ret;
	/* First, since this may find it signaled. */
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

static int merge_handles(const struct request *request, void *argument, void *array)
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
		ret = handle_reserve(&file->handles, &fence_handle_class, merged);
	if (ret)
		dma_fence_put(merged);
	else
		merge->handle = handle_add(&file->handles, &fence_handle_class, merged);
out:
	free(fences);
	return ret;
}

int native_merge(const struct request *request, void *argument)
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
		return caller_array_read(request, argument, merge->pointer,
					 merge->count * sizeof(uint32_t), merge_handles);
	return merge_handles(request, merge, merge + 1);
}

int native_set_deadline(const struct request *request, void *argument)
{
	const struct dma_fence_set_deadline *deadline = argument;
	struct dma_fence *fence;
	int ret;

	if (deadline->flags)
		return -EINVAL;
	ret = handle_get_fence(&request->file->handles, deadline->handle, &fence);
	if (!ret)
		dma_fence_set_deadline(fence, deadline->deadline_ns);
	return ret;
}

int native_close(const struct request *request, void *argument)
{
	const struct dma_fence_close *close = argument;

	if (close->flags)
		return -EINVAL;
	return handle_close(&request->file->handles, close->handle);
}
