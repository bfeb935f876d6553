/* SPDX-License-Identifier: MIT */
/* syncobj_handle.c - see syncobj_handle.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file/file.h"
#include "caller/worker.h"
#include "syncobj/syncobj_handle.h"

#define WORD_BITS 64

/* Two arrays, each of which is what it was where it cannot grow. */
static int grow_arrays(struct syncobj_handles *handles, uint32_t capacity)
{
	uint32_t words = capacity / WORD_BITS, old_words = handles->capacity / WORD_BITS;
	struct device_syncobj **syncobjs = realloc(handles->syncobjs, capacity * sizeof(*syncobjs));
	uint64_t *used;

	if (!syncobjs)
		return -ENOMEM;
	handles->syncobjs = syncobjs;
	used = realloc(handles->used, words * sizeof(*used));
	if (!used)
		return -ENOMEM;
	handles->used = used;
	memset(syncobjs + handles->capacity, 0, (capacity - handles->capacity) * sizeof(*syncobjs));
	memset(used + old_words, 0, (words - old_words) * sizeof(*used));
	handles->capacity = capacity;
	return 0;
}

static uint64_t cost_of(uint32_t capacity)
{
	return capacity * sizeof(struct device_syncobj *) + capacity / 8;
}

static int grow(struct open_file *file)
{
	struct syncobj_handles *handles = &file->syncobjs;
	uint32_t capacity = handles->capacity ? handles->capacity * 2 : WORD_BITS;
	uint64_t charge = cost_of(capacity) - cost_of(handles->capacity);
	int ret;

	if (handles->capacity >= MAX_HANDLES)
		return -ENOSPC;
	if (account_charge(file->account, charge))
		return -ENOMEM;
	ret = grow_arrays(handles, capacity);
	if (ret)
		account_uncharge(file->account, charge);
	return ret;
}

/* The index of the lowest that is free, capacity: none. */
static uint32_t lowest_free(struct syncobj_handles *handles)
{
	uint32_t words = handles->capacity / WORD_BITS;

	while (handles->first_word < words && !~handles->used[handles->first_word])
		handles->first_word++;
	if (handles->first_word == words)
		return handles->capacity;
	return handles->first_word * WORD_BITS +
	       (uint32_t)__builtin_ctzll(~handles->used[handles->first_word]);
}

int64_t syncobj_handle_add(struct open_file *file, struct device_syncobj *syncobj)
{
	struct syncobj_handles *handles = &file->syncobjs;
	uint32_t index = lowest_free(handles);
	int ret;

	if (index == handles->capacity) {
		ret = grow(file);
		if (ret)
			return ret;
	}
	if (account_charge(file->account, SYNCOBJ_COST))
		return -ENOMEM;
	handles->syncobjs[index] = syncobj;
	handles->used[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
	handles->open++;
	file->device->stats.handles++;
	return index + 1;
}

struct device_syncobj *syncobj_handle_find(struct open_file *file, uint32_t number)
{
	/* Number 0 wraps to the largest index. */
	return number - 1 < file->syncobjs.capacity ? file->syncobjs.syncobjs[number - 1] : NULL;
}

int syncobj_handle_hold(struct lane_job *job, uint32_t number, struct device_syncobj **syncobj)
{
	int ret = -ECANCELED;

	device_lock(job->device);
	/* An abandoned one has no file any more. */
	if (!job->abandoned) {
		*syncobj = syncobj_handle_find(job->parked.file, number);
		if (*syncobj)
			device_syncobj_get(*syncobj);
		ret = *syncobj ? 0 : -ENOENT;
	}
	device_unlock(job->device);
	return ret;
}

int syncobj_handle_close(struct open_file *file, uint32_t number)
{
	struct syncobj_handles *handles = &file->syncobjs;
	struct device_syncobj *syncobj = syncobj_handle_find(file, number);
	uint32_t index = number - 1;

	if (!syncobj)
		return -ENOENT;
	handles->syncobjs[index] = NULL;
	handles->used[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
	if (index / WORD_BITS < handles->first_word)
		handles->first_word = index / WORD_BITS;
	handles->open--;
	file->device->stats.handles--;
	account_uncharge(file->account, SYNCOBJ_COST);
	device_syncobj_put(syncobj);
	return 0;
}

void syncobj_handles_drop_all(struct open_file *file)
{
	struct syncobj_handles *handles = &file->syncobjs;

	for (uint32_t number = 1; handles->open; number++)
		syncobj_handle_close(file, number);
	account_uncharge(file->account, cost_of(handles->capacity));
	free(handles->syncobjs);
	free(handles->used);
	*handles = (struct syncobj_handles){ 0 };
}
