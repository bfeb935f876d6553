/* SPDX-License-Identifier: MIT */
/*
 * dma_buf.c - a buffer that several devices share: its references, its attachments, and an
 * operation from its start to its end.
 *
 * Who owns what: all users together own one of the buffer's references, and each held fence owns
 * another. A held fence also owns a reference to its fence, and frees itself when that is signaled.
 * The importer owns the memory of an attachment, which owns a user's reference.
 *
 * What can race: any threads add and signal fences, and take and drop users' references. The
 * buffer's lock protects the list of held fences and nothing else; the reservation's lock protects
 * the list of attachments. The order of the locks: an attachment's, the reservation's, the fences'
 * and the buffer's. Only functions of the exporter are called inside mapping_lock.
 */
#include <stdlib.h>
#include <utlist.h>

#include "dma_buf.h"
#include "fence_internal.h"
#include "merge.h"

/*
 * How many passive ones one call polls: more than it adds, so that their number decreases if all
 * importers wait on memory.
 */
#define LOOKS_PER_ADD 2

struct dma_buf_held_fence {
	struct dma_fence_cb callback;
	struct dma_buf *buffer;	 /* a reference */
	struct dma_fence *fence; /* a reference */
	struct dma_buf_held_fence *next, *prev;
	bool is_passive; /* under the buffer's lock */
};

/* ---- who keeps the buffer ---- */

void dma_buf_init(struct dma_buf *buffer, const struct dma_buf_ops *ops, uint64_t size,
		  struct dma_resv *resv)
{
	*buffer = (struct dma_buf){
		.ops = ops,
		.size = size,
		.resv = resv ? resv : &buffer->own_resv,
		.users = 1,
		.references = 1,
	};
	dma_resv_init(&buffer->own_resv);
	pthread_mutex_init(&buffer->lock, NULL);
	pthread_mutex_init(&buffer->mapping_lock, NULL);
}

static void drop_reference(struct dma_buf *buffer)
{
	if (atomic_fetch_sub_explicit(&buffer->references, 1, memory_order_acq_rel) != 1)
		return;
	if (!iosys_map_is_null(&buffer->vmap_ptr))
		buffer->ops->vunmap(buffer, &buffer->vmap_ptr);
	dma_resv_fini(&buffer->own_resv);
	pthread_mutex_destroy(&buffer->lock);
	pthread_mutex_destroy(&buffer->mapping_lock);
	buffer->ops->release(buffer);
}

/* The list that held is on. Lock held. */
static struct dma_buf_held_fence **list_of(struct dma_buf_held_fence *held)
{
	return held->is_passive ? &held->buffer->held_passive : &held->buffer->held;
}

/*
 * Moves the oldest passive one to the other list. Returns its fence with a reference, or NULL if
 * there is none.
 */
static struct dma_fence *next_to_enable(struct dma_buf *buffer)
{
	struct dma_fence *fence = NULL;
	struct dma_buf_held_fence *held;

	pthread_mutex_lock(&buffer->lock);
	held = buffer->held_passive;
	if (held) {
		DL_DELETE(buffer->held_passive, held);
		held->is_passive = false;
		DL_APPEND(buffer->held, held);
		fence = dma_fence_get(held->fence);
	}
	pthread_mutex_unlock(&buffer->lock);
	return fence;
}

struct dma_buf *dma_buf_get(struct dma_buf *buffer)
{
	atomic_fetch_add_explicit(&buffer->users, 1, memory_order_relaxed);
	return buffer;
}

/*
 * When the last user drops its reference, the buffer itself waits for its fences, because no other
 * waiter or poller may be left.
 */
void dma_buf_put(struct dma_buf *buffer)
{
	struct dma_fence *fence;

	if (atomic_fetch_sub_explicit(&buffer->users, 1, memory_order_acq_rel) != 1)
		return;
	while ((fence = next_to_enable(buffer))) {
		if (!dma_fence_is_signaled(fence))
			dma_fence_enable_sw_signaling(fence);
		dma_fence_put(fence);
	}
	drop_reference(buffer);
}

static void let_go(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct dma_buf_held_fence *held =
		container_of(callback, struct dma_buf_held_fence, callback);
	struct dma_buf *buffer = held->buffer;

	pthread_mutex_lock(&buffer->lock);
	DL_DELETE(*list_of(held), held);
	pthread_mutex_unlock(&buffer->lock);
	dma_resv_remove_fence(buffer->resv, fence);
	dma_fence_put(held->fence);
	free(held);
	drop_reference(buffer);
}

/* Polls the oldest first: fences are mostly signaled in the order in which they were added. */
static void look_at_passive(struct dma_buf *buffer)
{
	struct dma_fence *fence;
	bool signaled = true;
	int i;

	for (i = 0; i < LOOKS_PER_ADD && signaled; i++) {
		pthread_mutex_lock(&buffer->lock);
		fence = buffer->held_passive ? dma_fence_get(buffer->held_passive->fence) : NULL;
		pthread_mutex_unlock(&buffer->lock);
		signaled = fence && dma_fence_is_signaled(fence);
		dma_fence_put(fence);
	}
}

/* A fence without implicit synchronisation need not wait for the lock holder. */
static int add_to_reservation(struct dma_resv *resv, struct dma_fence *fence,
			      enum dma_resv_usage usage)
{
	if (usage == DMA_RESV_USAGE_BOOKKEEP)
		return dma_resv_add_fence_unlocked(resv, fence);
	return dma_resv_add_fence(resv, fence, usage);
}

/* Takes over held, also on an error. */
static int hold(struct dma_buf *buffer, struct dma_buf_held_fence *held, struct dma_fence *fence,
		enum dma_resv_usage usage, bool needs_signal)
{
	int error;

	look_at_passive(buffer);
	error = add_to_reservation(buffer->resv, fence, usage);
	if (error) {
		free(held);
		return error;
	}
	held->buffer = buffer;
	held->fence = dma_fence_get(fence);
	held->is_passive = !needs_signal;
	atomic_fetch_add_explicit(&buffer->references, 1, memory_order_relaxed);
	pthread_mutex_lock(&buffer->lock);
	DL_APPEND(*list_of(held), held);
	pthread_mutex_unlock(&buffer->lock);
	if (needs_signal ? dma_fence_add_callback(fence, &held->callback, let_go)
			 : dma_fence_add_passive_callback(fence, &held->callback, let_go))
		let_go(fence, &held->callback);
	return 0;
}

int dma_buf_add_fence(struct dma_buf *buffer, struct dma_fence *fence, enum dma_resv_usage usage)
{
	struct dma_buf_held_fence *held = calloc(1, sizeof(*held));

	if (!held)
		return -ENOMEM;
	return hold(buffer, held, fence, usage, dma_buf_needs_signal(buffer, NULL));
}

/* ---- the CPU ---- */

int dma_buf_vmap(struct dma_buf *buffer, struct iosys_map *map)
{
	int error = 0;

	if (!buffer->ops->vmap)
		return -EINVAL;
	pthread_mutex_lock(&buffer->mapping_lock);
	if (iosys_map_is_null(&buffer->vmap_ptr))
		error = buffer->ops->vmap(buffer, &buffer->vmap_ptr);
	*map = buffer->vmap_ptr;
	pthread_mutex_unlock(&buffer->mapping_lock);
	return error;
}

/* Converts the result of an interruptible wait to 0 or an error. */
static int end_of_wait(int64_t left)
{
	if (left < 0)
		return (int)left;
	return left ? 0 : -ETIME;
}

int dma_buf_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction,
			     int64_t timeout_ns)
{
	/* The CPU writes what goes to the device. */
	bool write = direction != DMA_FROM_DEVICE;
	int error = end_of_wait(
		dma_resv_wait_timeout(buffer->resv, dma_resv_usage_rw(write), true, timeout_ns));

	if (error || !buffer->ops->begin_cpu_access)
		return error;
	return buffer->ops->begin_cpu_access(buffer, direction);
}

void dma_buf_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction)
{
	if (buffer->ops->end_cpu_access)
		buffer->ops->end_cpu_access(buffer, direction);
}

/* ---- importers ---- */

static bool exporter_is_dynamic(const struct dma_buf *buffer)
{
	return buffer->ops->pin;
}

/* Is the attachment mapped at the time of use, under the reservation's lock? */
static bool both_are_dynamic(const struct dma_buf_attachment *attachment)
{
	return exporter_is_dynamic(attachment->buffer) && attachment->ops;
}

static bool can_wait_on_memory(const struct dma_buf_attachment *attachment)
{
	return attachment->flags & DMA_BUF_ATTACH_WAITS_ON_MEMORY;
}

/* Maps under the lock that fits the attachment. */
static int ensure_mapped(struct dma_buf_attachment *attachment)
{
	int error;

	if (attachment->is_mapped)
		return 0;
	error = attachment->buffer->ops->map(attachment, &attachment->mapping);
	attachment->is_mapped = !error;
	return error;
}

static void ensure_unmapped(struct dma_buf_attachment *attachment)
{
	if (attachment->is_mapped)
		attachment->buffer->ops->unmap(attachment, attachment->mapping);
	attachment->is_mapped = false;
}

/* For an importer that does not support that the memory moves. The reservation is locked. */
static int pin_and_map(struct dma_buf_attachment *attachment)
{
	const struct dma_buf_ops *ops = attachment->buffer->ops;
	int error = ops->pin(attachment);

	if (error)
		return error;
	error = ensure_mapped(attachment);
	if (error)
		ops->unpin(attachment);
	attachment->is_pinned = !error;
	return error;
}

/* Maps until detach, if only one of the two is dynamic. */
static int map_for_good(struct dma_buf_attachment *attachment)
{
	struct dma_resv *resv = attachment->buffer->resv;
	bool is_dynamic = exporter_is_dynamic(attachment->buffer);
	int error;

	if (is_dynamic == !!attachment->ops)
		return 0;
	if (!is_dynamic)
		return ensure_mapped(attachment);
	dma_resv_lock(resv, NULL);
	error = pin_and_map(attachment);
	dma_resv_unlock(resv);
	return error;
}

static void list_attachment(struct dma_buf_attachment *attachment)
{
	struct dma_buf *buffer = attachment->buffer;

	dma_resv_lock(buffer->resv, NULL);
	DL_APPEND(buffer->attachments, attachment);
	dma_resv_unlock(buffer->resv);
	if (!can_wait_on_memory(attachment))
		buffer->needy++;
}

int dma_buf_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment,
		   const struct dma_buf_attach_ops *ops, unsigned int flags)
{
	int error = 0;

	if (flags & ~DMA_BUF_ATTACH_WAITS_ON_MEMORY)
		return -EINVAL;
	*attachment = (struct dma_buf_attachment){
		.buffer = buffer,
		.ops = ops,
		.flags = flags,
	};
	if (buffer->ops->attach)
		error = buffer->ops->attach(buffer, attachment);
	if (error)
		return error;
	error = map_for_good(attachment);
	if (error) {
		if (buffer->ops->detach)
			buffer->ops->detach(buffer, attachment);
		return error;
	}
	pthread_mutex_init(&attachment->lock, NULL);
	dma_buf_get(buffer);
	list_attachment(attachment);
	return 0;
}

void dma_buf_detach(struct dma_buf_attachment *attachment)
{
	struct dma_buf *buffer = attachment->buffer;
	bool is_dynamic = exporter_is_dynamic(buffer);

	if (!can_wait_on_memory(attachment))
		buffer->needy--;
	dma_resv_lock(buffer->resv, NULL);
	DL_DELETE(buffer->attachments, attachment);
	if (is_dynamic) {
		ensure_unmapped(attachment);
		if (attachment->is_pinned)
			buffer->ops->unpin(attachment);
	}
	dma_resv_unlock(buffer->resv);
	if (!is_dynamic)
		ensure_unmapped(attachment);
	if (buffer->ops->detach)
		buffer->ops->detach(buffer, attachment);
	pthread_mutex_destroy(&attachment->lock);
	dma_buf_put(buffer);
}

int dma_buf_map_attachment(struct dma_buf_attachment *attachment, void **mapping)
{
	int error;

	if (both_are_dynamic(attachment)) {
		if (!dma_resv_is_locked(attachment->buffer->resv))
			return -EINVAL;
		error = ensure_mapped(attachment);
	} else {
		pthread_mutex_lock(&attachment->lock);
		error = ensure_mapped(attachment);
		pthread_mutex_unlock(&attachment->lock);
	}
	*mapping = error ? NULL : attachment->mapping;
	return error;
}

void dma_buf_move_notify(struct dma_buf *buffer)
{
	struct dma_buf_attachment *attachment;

	DL_FOREACH(buffer->attachments, attachment) {
		if (attachment->is_pinned || !attachment->ops)
			continue;
		attachment->ops->move_notify(attachment);
		ensure_unmapped(attachment);
	}
}

bool dma_buf_needs_signal(struct dma_buf *buffer, const struct dma_buf_attachment *signaler)
{
	uint32_t own = signaler && !can_wait_on_memory(signaler);

	return buffer->needy > own;
}

/* ---- one operation of a device ---- */

/* Makes the mapping, and allocates what the end needs, so that it cannot fail. */
static int prepare_dma(struct dma_buf_dma *dma)
{
	struct dma_buf_attachment *attachment = dma->attachment;
	const struct dma_buf_ops *ops = attachment->buffer->ops;
	struct dma_resv *resv = attachment->buffer->resv;
	/* One more: the existing capacity may be for other operations on the same reservation. */
	int error = dma_resv_reserve_fences(resv, resv->reserved + 1);

	if (error)
		return error;
	if (both_are_dynamic(attachment))
		error = ensure_mapped(attachment);
	else if (!attachment->is_mapped)
		error = -EINVAL;
	if (error)
		return error;
	dma->mapping = attachment->mapping;
	dma->held = calloc(1, sizeof(*dma->held));
	if (!dma->held)
		return -ENOMEM;
	if (ops->begin_dma)
		error = ops->begin_dma(attachment, dma->mapping, dma->direction);
	if (error)
		free(dma->held);
	return error;
}

/*
 * The pending fences for usage, including those that the caller, which holds the lock, has staged:
 * an array for the caller to free, with a reference for each. -ENOMEM.
 */
static int get_fences_locked(struct dma_resv *resv, enum dma_resv_usage usage, unsigned int *count,
			     struct dma_fence ***fences)
{
	struct dma_fence *fence, **grown;
	struct dma_resv_iter cursor;
	unsigned int room = 0;

	*count = 0;
	*fences = NULL;
	dma_resv_for_each_fence(&cursor, resv, usage, fence)
	{
		if (*count == room) {
			room = room ? 2 * room : 8;
			grown = realloc(*fences, room * sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			*fences = grown;
		}
		(*fences)[(*count)++] = dma_fence_get(fence);
	}
	return 0;
}

/* The same as one fence. NULL: no memory. */
static struct dma_fence *get_singleton_locked(struct dma_resv *resv, enum dma_resv_usage usage)
{
	struct dma_fence *singleton = NULL, **fences;
	unsigned int count;

	if (!get_fences_locked(resv, usage, &count, &fences))
		singleton = dma_fence_merge_all(count, fences);
	while (count--)
		dma_fence_put(fences[count]);
	free(fences);
	return singleton;
}

int dma_buf_start_dma_locked(struct dma_buf_attachment *attachment,
			     enum dma_data_direction direction, int64_t timeout_ns,
			     struct dma_fence **before, struct dma_buf_dma *dma)
{
	struct dma_resv *resv = attachment->buffer->resv;
	struct dma_fence *others;
	int error = 0;

	*dma = (struct dma_buf_dma){ .attachment = attachment, .direction = direction };
	if (timeout_ns < 0)
		return -EINVAL;
	others = get_singleton_locked(resv, dma_resv_usage_rw(dma_direction_writes(direction)));
	if (!others)
		return -ENOMEM;
	if (!before)
		error = end_of_wait(dma_fence_wait_timeout(others, true, timeout_ns));
	if (!error)
		error = prepare_dma(dma);
	if (!error && before)
		*before = others;
	else
		dma_fence_put(others);
	return error;
}

/*
 * Locks the reservation at a moment when nothing is pending for usage. Waits without the lock:
 * others may start operations meanwhile, and add fences to wait for too.
 */
static int lock_when_idle(struct dma_resv *resv, enum dma_resv_usage usage, int64_t timeout_ns)
{
	int64_t left = timeout_ns;
	int error;

	for (;;) {
		left = dma_resv_wait_timeout(resv, usage, true, left);
		if (left <= 0)
			return left ? (int)left : -ETIME;
		error = dma_resv_lock_interruptible(resv, NULL);
		if (error)
			return error;
		if (dma_resv_test_signaled(resv, usage))
			return 0;
		dma_resv_unlock(resv);
	}
}

int dma_buf_start_dma(struct dma_buf_attachment *attachment, enum dma_data_direction direction,
		      int64_t timeout_ns, struct dma_fence **before, struct dma_buf_dma *dma)
{
	struct dma_resv *resv = attachment->buffer->resv;
	void *mapping;
	int error;

	if (timeout_ns < 0)
		return -EINVAL;
	if (!both_are_dynamic(attachment)) {
		error = dma_buf_map_attachment(attachment, &mapping);
		if (error)
			return error;
	}
	if (before)
		error = dma_resv_lock_interruptible(resv, NULL);
	else
		error = lock_when_idle(resv, dma_resv_usage_rw(dma_direction_writes(direction)),
				       timeout_ns);
	if (error)
		return error;
	error = dma_buf_start_dma_locked(attachment, direction, 0, before, dma);
	if (error)
		dma_resv_unlock(resv);
	return error;
}

void dma_buf_end_dma_locked(struct dma_buf_dma *dma, struct dma_fence *fence)
{
	struct dma_buf_attachment *attachment = dma->attachment;
	struct dma_buf *buffer = attachment->buffer;
	bool write = dma_direction_writes(dma->direction);

	if (buffer->ops->end_dma)
		buffer->ops->end_dma(attachment, dma->mapping, dma->direction, fence);
	if (!fence) {
		free(dma->held);
		return;
	}
	/* Capacity was reserved, so this cannot fail. */
	hold(buffer, dma->held, fence, write ? DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ,
	     dma_buf_needs_signal(buffer, attachment));
}

void dma_buf_end_dma(struct dma_buf_dma *dma, struct dma_fence *fence)
{
	struct dma_resv *resv = dma->attachment->buffer->resv;

	dma_buf_end_dma_locked(dma, fence);
	dma_resv_unlock(resv);
}
