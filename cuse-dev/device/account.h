/* SPDX-License-Identifier: MIT */
/*
 * account.h - what the open files of one user cost together, and the limits: no client can exhaust
 * the daemon. What outlives an open file is limited by this. Under device->lock.
 */
#ifndef DMA_FENCED_ACCOUNT_H
#define DMA_FENCED_ACCOUNT_H

#include <stdint.h>
#include <sys/types.h>

#include "device/device.h"
#include "fence.h"

enum {
	/* Of one open file. */
	MAX_HANDLES = 1 << 17,
	MAX_WAITS = 1024,
	MAX_EVENTS = 4096,
	MAX_EXPORTS = 1024,
	/* Of one user. */
	MAX_ATTACHMENTS = 1 << 16,
	MAX_MEMORY_FENCES = 4096,
};
#define MAX_BYTES (512ull << 20)

struct account;

/* Raises the limit of fds to what the system allows; a user may have us keep a share of them. */
void accounts_init(void);

/* The account of a user: a reference. NULL: no memory. */
struct account *account_of_user(uid_t uid);
struct account *account_get(struct account *account);
void account_put(struct account *account);

/* -ENOMEM past MAX_BYTES. */
int account_charge(struct account *account, uint64_t bytes);
void account_uncharge(struct account *account, uint64_t bytes);
/* What a reference to this fence is charged with; NULL: any other object of that size. */
uint64_t account_fence_cost(struct dma_fence *fence);

/* What is counted besides bytes. */
enum account_item {
	ACCOUNT_ATTACHMENTS,   /* and locks; a merged fence counts its members */
	ACCOUNT_FDS,	       /* buffers pinned, eventfds kept */
	ACCOUNT_WINDOWS,       /* of buffers, mapped */
	ACCOUNT_MEMORY_FENCES, /* active */
	ACCOUNT_WORKERS,       /* that run for the user; limited by worker.c */
	ACCOUNT_ITEMS,
};
/* -ENOSPC past the limit. */
int account_take(struct account *account, enum account_item item, unsigned int count);
void account_give_back(struct account *account, enum account_item item, unsigned int count);
unsigned int account_count(const struct account *account, enum account_item item);

#endif /* DMA_FENCED_ACCOUNT_H */
