/* SPDX-License-Identifier: MIT */
/* handle.c - see handle.h. */
#include <errno.h>
#include <stdlib.h>

#include "file/handle.h"

static uint64_t fence_cost(void *object)
{
	return account_fence_cost(object);
}

static void fence_closed(void *object)
{
	dma_fence_put(object);
}

const struct handle_class fence_handle_class = {
	.cost = fence_cost,
	.closed = fence_closed,
	.is_fence = true,
};

uint64_t handle_cost_of_one(void *object)
{
	return account_fence_cost(NULL);
}

static int grow(struct handle_table *table)
{
	uint32_t capacity = table->capacity ? table->capacity * 2 : 16;
	uint64_t charge = (capacity - table->capacity) * sizeof(struct handle);
	struct handle *grown;

	if (table->capacity >= MAX_HANDLES)
		return -EMFILE;
	if (account_charge(table->account, charge))
		return -ENOMEM;
	grown = realloc(table->entries, capacity * sizeof(*grown));
	if (!grown) {
		account_uncharge(table->account, charge);
		return -ENOMEM;
	}
	table->entries = grown;
	table->capacity = capacity;
	return 0;
}

int handle_reserve(struct handle_table *table, const struct handle_class *class, void *object)
{
	int ret = 0;

	device_assert_held(table->device);
	if (!table->free && table->count == table->capacity)
		ret = grow(table);
	if (!ret)
		ret = account_charge(table->account, class->cost(object));
	return ret;
}

void handle_unreserve(struct handle_table *table, const struct handle_class *class, void *object)
{
	account_uncharge(table->account, class->cost(object));
}

uint32_t handle_add(struct handle_table *table, const struct handle_class *class, void *object)
{
	uint32_t number = table->free;

	if (number)
		table->free = table->entries[number - 1].next_free;
	else
		number = ++table->count;
	table->open++;
	table->device->stats.handles++;
	table->entries[number - 1] = (struct handle){ .class = class, .object = object };
	return number;
}

struct handle *handle_find(struct handle_table *table, uint32_t number)
{
	/* Number 0 wraps to the largest index. */
	if (number - 1 >= table->count || !table->entries[number - 1].class)
		return NULL;
	return &table->entries[number - 1];
}

int handle_get(struct handle_table *table, uint32_t number, const struct handle_class *class,
	       void **object)
{
	struct handle *handle = handle_find(table, number);

	if (!handle)
		return -ENOENT;
	if (handle->class != class)
		return -EINVAL;
	*object = handle->object;
	return 0;
}

int handle_get_fence(struct handle_table *table, uint32_t number, struct dma_fence **fence)
{
	struct handle *handle = handle_find(table, number);

	if (!handle)
		return -ENOENT;
	if (!handle->class->is_fence)
		return -EINVAL;
	*fence = handle->object;
	return 0;
}

int handle_close(struct handle_table *table, uint32_t number)
{
	struct handle *handle = handle_find(table, number), was;

	if (!handle)
		return -ENOENT;
	was = *handle;
	*handle = (struct handle){ .next_free = table->free };
	table->free = number;
	table->open--;
	table->device->stats.handles--;
	account_uncharge(table->account, was.class->cost(was.object));
	was.class->closed(was.object);
	return 0;
}

void handles_close_all(struct handle_table *table)
{
	for (uint32_t number = 1; number <= table->count; number++)
		handle_close(table, number);
	account_uncharge(table->account, table->capacity * sizeof(*table->entries));
	free(table->entries);
	table->entries = NULL;
	table->count = table->capacity = table->free = 0;
}
