/* SPDX-License-Identifier: MIT */
/* device_syncobj.c - see device_syncobj.h. */
#include <errno.h>
#include <stdlib.h>

#include "container.h"
#include "merge.h"
#include "syncobj/device_syncobj.h"

/* What a link of a chain is charged with, on top of its fence. */
#define LINK_COST 256

/* What is charged for a fence that was put in, until it is out. */
struct fence_charge {
	struct account *account; /* a reference */
	uint64_t bytes;
};

static struct fence_charge *charge_create(struct account *account, uint64_t bytes)
{
	struct fence_charge *charge;

	if (account_charge(account, bytes))
		return NULL;
	charge = malloc(sizeof(*charge));
	if (!charge) {
		account_uncharge(account, bytes);
		return NULL;
	}
	*charge = (struct fence_charge){ .account = account_get(account), .bytes = bytes };
	return charge;
}

/* NULL: nothing. */
static void charge_drop(void *data)
{
	struct fence_charge *charge = data;

	if (!charge)
		return;
	account_uncharge(charge->account, charge->bytes);
	account_put(charge->account);
	free(charge);
}

struct device_syncobj *device_syncobj_create(struct device *device)
{
	struct device_syncobj *syncobj = calloc(1, sizeof(*syncobj));

	if (!syncobj)
		return NULL;
	syncobj->syncobj = syncobj_create(NULL);
	if (!syncobj->syncobj) {
		free(syncobj);
		return NULL;
	}
	syncobj->device = device;
	syncobj->references = 1;
	return syncobj;
}

struct device_syncobj *device_syncobj_get(struct device_syncobj *syncobj)
{
	syncobj->references++;
	return syncobj;
}

void device_syncobj_put(struct device_syncobj *syncobj)
{
	if (!syncobj || --syncobj->references)
		return;
	while (syncobj->listeners)
		syncobj->listeners->gone(syncobj->listeners);
	syncobj_put(syncobj->syncobj);
	charge_drop(syncobj->charge);
	free(syncobj);
}

/*
 * charge is that of fence. A callback that this causes finds both in place, and may put in
 * something else.
 */
static void put_in(struct device_syncobj *syncobj, struct dma_fence *fence,
		   struct fence_charge *charge)
{
	struct fence_charge *old = syncobj->charge;

	syncobj->charge = charge;
	syncobj_replace_fence(syncobj->syncobj, fence);
	charge_drop(old);
}

void device_syncobj_reset(struct device_syncobj *syncobj)
{
	put_in(syncobj, NULL, NULL);
}

int device_syncobj_signal(struct device_syncobj *syncobj)
{
	struct dma_fence *stub = dma_fence_allocate_private_stub(dma_fence_now());

	if (!stub)
		return -ENOMEM;
	put_in(syncobj, stub, NULL);
	dma_fence_put(stub);
	return 0;
}

int device_syncobj_replace(struct device_syncobj *syncobj, struct account *account,
			   struct dma_fence *fence)
{
	struct fence_charge *charge = NULL;

	/* The links of a chain are paid for by the users who made them. */
	if (!dma_fence_is_chain(fence)) {
		charge = charge_create(account, account_fence_cost(fence));
		if (!charge)
			return -ENOMEM;
	}
	put_in(syncobj, fence, charge);
	return 0;
}

/* May this come on top of what is there? Requests on a timeline take time in proportion. */
static bool has_capacity(struct device_syncobj *syncobj, struct dma_fence *fence)
{
	struct dma_fence *held = syncobj_fence_get(syncobj->syncobj);
	uint64_t leaves = dma_fence_leaf_count(fence);

	if (held)
		leaves += dma_fence_leaf_count(held);
	dma_fence_put(held);
	return leaves <= MAX_COUNT;
}

/*
 * What it holds is no link: before a point comes on top it becomes one, of point 0, so that it is
 * uncharged when it is released, whatever holds the chain by then.
 */
static int make_link_of_held(struct device_syncobj *syncobj)
{
	struct fence_charge *charge = syncobj->charge;
	struct dma_fence_chain *chain;

	if (!charge)
		return 0;
	chain = dma_fence_chain_alloc();
	if (!chain)
		return -ENOMEM;
	dma_fence_chain_set_freed(chain, charge_drop, charge);
	dma_fence_chain_init(chain, NULL, syncobj_fence_get(syncobj->syncobj), 0);
	/* The charge is the link's from now on. */
	syncobj->charge = NULL;
	put_in(syncobj, dma_fence_chain_base(chain), NULL);
	dma_fence_put(dma_fence_chain_base(chain));
	return 0;
}

/* fence is no chain. */
static int add_link(struct device_syncobj *syncobj, struct account *account,
		    struct dma_fence *fence, uint64_t point)
{
	struct dma_fence_chain *chain = dma_fence_chain_alloc();
	struct fence_charge *charge;

	if (!chain)
		return -ENOMEM;
	charge = charge_create(account, LINK_COST + account_fence_cost(fence));
	if (!charge || make_link_of_held(syncobj)) {
		charge_drop(charge);
		dma_fence_chain_free(chain);
		return -ENOMEM;
	}
	dma_fence_chain_set_freed(chain, charge_drop, charge);
	syncobj_add_point(syncobj->syncobj, chain, fence, point);
	return 0;
}

int device_syncobj_add_point(struct device_syncobj *syncobj, struct account *account,
			     struct dma_fence *fence, uint64_t point)
{
	struct dma_fence *flat;
	int ret;

	if (!has_capacity(syncobj, fence))
		return -ENOMEM;
	flat = dma_fence_is_chain(fence) ? dma_fence_merge_all(1, &fence) : dma_fence_get(fence);
	if (!flat)
		return -ENOMEM;
	ret = add_link(syncobj, account, flat, point);
	dma_fence_put(flat);
	return ret;
}
