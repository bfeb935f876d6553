/* SPDX-License-Identifier: MIT */
/* fence.c - create, signal, wait, query, merge and close, on handles of the caller's open file. */
#include "request.h"

API int dma_fence_device_create(int device, const char *name, uint32_t *handle)
{
	struct dma_fence_create create = { .flags = 0 };

	if (copy_name(create.name, name) < 0 || dma_fence_device_create_full(device, &create) < 0)
		return -1;
	*handle = create.handle;
	return 0;
}

API int dma_fence_device_create_full(int device, struct dma_fence_create *create)
{
	return request(device, DMA_FENCE_IOC_CREATE, create);
}

API int dma_fence_device_signal(int device, uint32_t handle, int error)
{
	return dma_fence_device_signal_many(device, &handle, 1, error);
}

API int dma_fence_device_signal_many(int device, const uint32_t *handles, size_t count, int error)
{
	struct dma_fence_signal head = { .count = count, .error = error };
	union inline_room room;
	void *memory;
	int result;

	if (head.count != count)
		return fail(EINVAL);
	if (count > DMA_FENCE_SIGNAL_INLINE_MAX) {
		head.pointer = (uintptr_t)handles;
		return request(device, DMA_FENCE_IOC_SIGNAL, &head);
	}
	memory = inline_room_fill(&room, &head, sizeof(head), handles, count * sizeof(*handles));
	if (!memory)
		return -1;
	result = request(device, DMA_FENCE_IOC_SIGNAL_INLINE(count), memory);
	inline_room_put(&room, memory);
	return result;
}

API int dma_fence_device_wait(int device, uint32_t handle, int64_t deadline_ns, int *status)
{
	struct dma_fence_wait_item item = { .handle = handle };
	int result = dma_fence_device_wait_many(device, &item, 1, 0, deadline_ns, NULL);

	if (status && (result == 0 || errno == ETIME))
		*status = item.status;
	return result;
}

/*
 * The request with the items inline, brought back into head and items where the device wrote them.
 */
static int wait_inline(int device, struct dma_fence_wait *head, struct dma_fence_wait_item *items)
{
	size_t size = head->count * sizeof(*items);
	union inline_room room;
	unsigned char *memory = inline_room_fill(&room, head, sizeof(*head), items, size);
	int result;

	if (!memory)
		return -1;
	result = request(device, DMA_FENCE_IOC_WAIT_INLINE(head->count), memory);
	if (result == 0 || errno == ETIME) {
		memcpy(head, memory, sizeof(*head));
		memcpy(items, memory + sizeof(*head), size);
	}
	inline_room_put(&room, memory);
	return result;
}

API int dma_fence_device_wait_many(int device, struct dma_fence_wait_item *items, size_t count,
				   uint32_t flags, int64_t deadline_ns, uint32_t *first)
{
	struct dma_fence_wait head = {
		.count = count,
		.flags = flags,
		.deadline_ns = deadline_ns,
		.first = DMA_FENCE_WAIT_NONE,
	};
	int result;

	if (head.count != count)
		return fail(EINVAL);
	if (count > DMA_FENCE_WAIT_INLINE_MAX) {
		head.pointer = (uintptr_t)items;
		result = request(device, DMA_FENCE_IOC_WAIT, &head);
	} else {
		result = wait_inline(device, &head, items);
	}
	if (first && (result == 0 || errno == ETIME))
		*first = head.first;
	return result;
}

/*
 * One request: the struct, and members from query->member_first on, as many as
 * query->member_capacity.
 */
static int query_page(int device, struct dma_fence_query *query, struct dma_fence_member *members)
{
	size_t size = query->member_capacity * sizeof(*members);
	union inline_room room;
	unsigned char *memory = inline_room_fill(&room, query, sizeof(*query), members, size);
	int result;

	if (!memory)
		return -1;
	result = request(device, DMA_FENCE_IOC_QUERY_INLINE(query->member_capacity), memory);
	if (result == 0) {
		memcpy(query, memory, sizeof(*query));
		if (size)
			memcpy(members, memory + sizeof(*query), size);
	}
	inline_room_put(&room, memory);
	return result;
}

API int dma_fence_device_query(int device, uint32_t handle, struct dma_fence_query *query,
			       struct dma_fence_member *members, size_t capacity)
{
	size_t done = 0;

	/*
	 * More members than a request can carry come in pages; of what a fence is made never
	 * changes.
	 */
	do {
		size_t page = capacity - done;

		if (page > DMA_FENCE_QUERY_INLINE_MAX)
			page = DMA_FENCE_QUERY_INLINE_MAX;
		*query = (struct dma_fence_query){
			.handle = handle,
			.member_first = done,
			.member_capacity = page,
		};
		if (query_page(device, query, page ? members + done : NULL) < 0)
			return -1;
		done += page;
	} while (done < capacity && done < query->member_count);
	return 0;
}

API int dma_fence_device_get_status(int device, uint32_t handle, int *status)
{
	struct dma_fence_query query;

	if (dma_fence_device_query(device, handle, &query, NULL, 0) < 0)
		return -1;
	*status = query.status;
	return 0;
}

API int dma_fence_device_set_deadline(int device, uint32_t handle, int64_t deadline_ns)
{
	struct dma_fence_set_deadline deadline = { .handle = handle, .deadline_ns = deadline_ns };

	return request(device, DMA_FENCE_IOC_SET_DEADLINE, &deadline);
}

API int dma_fence_device_merge(int device, const uint32_t *handles, size_t count, uint32_t flags,
			       uint32_t *handle)
{
	struct dma_fence_merge head = { .count = count, .flags = flags };
	union inline_room room;
	void *memory;
	int result;

	if (head.count != count)
		return fail(EINVAL);
	if (count > DMA_FENCE_MERGE_INLINE_MAX) {
		head.pointer = (uintptr_t)handles;
		result = request(device, DMA_FENCE_IOC_MERGE, &head);
	} else {
		memory = inline_room_fill(&room, &head, sizeof(head), handles,
					  count * sizeof(*handles));
		if (!memory)
			return -1;
		result = request(device, DMA_FENCE_IOC_MERGE_INLINE(count), memory);
		memcpy(&head, memory, sizeof(head));
		inline_room_put(&room, memory);
	}
	if (result == 0)
		*handle = head.handle;
	return result;
}

API int dma_fence_device_close_handle(int device, uint32_t handle)
{
	struct dma_fence_close close = { .handle = handle };

	return request(device, DMA_FENCE_IOC_CLOSE, &close);
}
