/* SPDX-License-Identifier: MIT */
/* syncobj_handle.c - see syncobj_handle.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "container_of.h"
#include "syncobj/syncobj_handle.h"

#define WORD_BITS 64

struct syncobj_table {
	struct file_part part;
	struct device_syncobj **syncobjs; /* handle number n is syncobjs[n - 1]; NULL: free */
	uint64_t *used;			  /* a bit for each */
	uint32_t capacity;		  /* a multiple of 64 */
	uint32_t open;
	uint32_t first_word; /* of used[]: all before it are full */
};

static struct syncobj_table *to_table(const struct file_part *part)
{
	return container_of(part, struct syncobj_table, part);
}

static uint64_t cost_of(uint32_t capacity)
{
	return capacity * sizeof(struct device_syncobj *) + capacity / 8;
}

static void close_index(struct syncobj_table *table, uint32_t index)
{
	struct open_file *file = table->part.file;
	struct device_syncobj *syncobj = table->syncobjs[index];

	table->syncobjs[index] = NULL;
	table->used[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
	if (index / WORD_BITS < table->first_word)
		table->first_word = index / WORD_BITS;
	table->open--;
	file->device->stats.handles--;
	account_uncharge(file->account, SYNCOBJ_COST);
	device_syncobj_put(syncobj);
}

static void table_release(struct file_part *part)
{
	struct syncobj_table *table = to_table(part);

	for (uint32_t index = 0; table->open; index++) {
		if (table->syncobjs[index])
			close_index(table, index);
	}
	account_uncharge(part->file->account, cost_of(table->capacity));
	free(table->syncobjs);
	free(table->used);
	file_part_free(part);
}

static bool table_is_idle(const struct file_part *part)
{
	return !to_table(part)->open;
}

static const struct file_part_ops table_ops = {
	.size = sizeof(struct syncobj_table),
	.release = table_release,
	.is_idle = table_is_idle,
};

static struct syncobj_table *table_find(struct open_file *file)
{
	struct file_part *part = file_part_find(file, &table_ops);

	return part ? to_table(part) : NULL;
}

/* Two arrays, each of which is what it was where it cannot grow. */
static int grow_arrays(struct syncobj_table *table, uint32_t capacity)
{
	uint32_t words = capacity / WORD_BITS, old_words = table->capacity / WORD_BITS;
	struct device_syncobj **syncobjs = realloc(table->syncobjs, capacity * sizeof(*syncobjs));
	uint64_t *used;

	if (!syncobjs)
		return -ENOMEM;
	table->syncobjs = syncobjs;
	used = realloc(table->used, words * sizeof(*used));
	if (!used)
		return -ENOMEM;
	table->used = used;
	memset(syncobjs + table->capacity, 0, (capacity - table->capacity) * sizeof(*syncobjs));
	memset(used + old_words, 0, (words - old_words) * sizeof(*used));
	table->capacity = capacity;
	return 0;
}

static int grow(struct syncobj_table *table)
{
	struct account *account = table->part.file->account;
	uint32_t capacity = table->capacity ? table->capacity * 2 : WORD_BITS;
	uint64_t charge = cost_of(capacity) - cost_of(table->capacity);
	int ret;

	if (table->capacity >= MAX_HANDLES)
		return -ENOSPC;
	if (account_charge(account, charge))
		return -ENOMEM;
	ret = grow_arrays(table, capacity);
	if (ret)
		account_uncharge(account, charge);
	return ret;
}

/* The index of the lowest that is free, capacity: none. */
static uint32_t lowest_free(struct syncobj_table *table)
{
	uint32_t words = table->capacity / WORD_BITS;

	while (table->first_word < words && !~table->used[table->first_word])
		table->first_word++;
	if (table->first_word == words)
		return table->capacity;
	return table->first_word * WORD_BITS +
	       (uint32_t)__builtin_ctzll(~table->used[table->first_word]);
}

int64_t syncobj_handle_add(struct open_file *file, struct device_syncobj *syncobj)
{
	struct file_part *part = file_part_get(file, &table_ops);
	struct syncobj_table *table;
	uint32_t index;
	int ret;

	device_assert_held(file->device);
	if (!part)
		return -ENOMEM;
	table = to_table(part);
	index = lowest_free(table);
	if (index == table->capacity) {
		ret = grow(table);
		if (ret)
			return ret;
	}
	if (account_charge(file->account, SYNCOBJ_COST))
		return -ENOMEM;
	table->syncobjs[index] = syncobj;
	table->used[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
	table->open++;
	file->device->stats.handles++;
	return index + 1;
}

static struct device_syncobj *find(const struct syncobj_table *table, uint32_t number)
{
	/* Number 0 wraps to the largest index. */
	return table && number - 1 < table->capacity ? table->syncobjs[number - 1] : NULL;
}

struct device_syncobj *syncobj_handle_find(struct open_file *file, uint32_t number)
{
	return find(table_find(file), number);
}

int syncobj_handles_hold(struct worker_job *job, const uint32_t *numbers, uint32_t count,
			 struct device_syncobj **syncobjs, uint32_t *held)
{
	struct syncobj_table *table = NULL;
	int ret = 0;

	*held = 0;
	device_lock(job->device);
	/* An abandoned one has no file any more. */
	if (job->abandoned)
		ret = -ECANCELED;
	else
		table = table_find(job->pending.request.file);
	while (!ret && *held < count) {
		struct device_syncobj *syncobj = find(table, numbers[*held]);

		if (syncobj)
			syncobjs[(*held)++] = device_syncobj_get(syncobj);
		else
			ret = -ENOENT;
	}
	device_unlock(job->device);
	return ret;
}

int syncobj_handle_close(struct open_file *file, uint32_t number)
{
	struct syncobj_table *table = table_find(file);

	if (!find(table, number))
		return -ENOENT;
	close_index(table, number - 1);
	return 0;
}
