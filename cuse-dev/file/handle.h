/* SPDX-License-Identifier: MIT */
/*
 * handle.h - the handles of an open file: numbers for objects of several classes. Each class
 * belongs to the module whose objects they are. Under device->lock.
 */
#ifndef DMA_FENCED_HANDLE_H
#define DMA_FENCED_HANDLE_H

#include "device/account.h"

struct handle_class {
	/* What a handle is charged with until it is closed. */
	uint64_t (*cost)(void *object);
	/* The handle is gone; the object's reference was its own. */
	void (*closed)(void *object);
	/* The object is a struct dma_fence. */
	bool is_fence;
};

struct handle {
	const struct handle_class *class; /* NULL: a free number */
	union {
		void *object; /* a reference */
		uint32_t next_free;
	};
};

/* A part of struct open_file. */
struct handle_table {
	struct device *device;
	struct account *account;
	struct handle *entries;	  /* handle number n is entries[n - 1] */
	uint32_t count, capacity; /* numbers in use at some time; entries that there are */
	uint32_t free;		  /* the first free number below count, 0: none */
	uint32_t open;
};

/* A fence that its holder cannot signal: imported, merged, or of a buffer. */
extern const struct handle_class fence_handle_class;
/* The cost of an object that is charged as one fence, and no more. */
uint64_t handle_cost_of_one(void *object);

/*
 * Charges the cost, and makes sure of a number: handle_add() cannot fail after that. -EMFILE,
 * -ENOMEM. handle_unreserve() takes the charge back where no handle is added.
 */
int handle_reserve(struct handle_table *table, const struct handle_class *class, void *object);
void handle_unreserve(struct handle_table *table, const struct handle_class *class, void *object);
/* Takes over the caller's reference. Returns the number. */
uint32_t handle_add(struct handle_table *table, const struct handle_class *class, void *object);

/* NULL where there is no such handle. */
struct handle *handle_find(struct handle_table *table, uint32_t number);
/* The object behind a handle of this class, borrowed. -ENOENT, -EINVAL: of another class. */
int handle_get(struct handle_table *table, uint32_t number, const struct handle_class *class,
	       void **object);
/* A fence of any class, borrowed. -ENOENT, -EINVAL. */
int handle_get_fence(struct handle_table *table, uint32_t number, struct dma_fence **fence);
/* -ENOENT. */
int handle_close(struct handle_table *table, uint32_t number);
/* On RELEASE. */
void handles_close_all(struct handle_table *table);

#endif /* DMA_FENCED_HANDLE_H */
