/* SPDX-License-Identifier: MIT */
/* account.c - see account.h. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "array.h"
#include "container.h"
#include "device/account.h"
#include "hash.h"

/*
 * What a reference to a fence costs, with its place in some table; and a member of an array on top,
 * with its callback.
 */
#define FENCE_COST  256
#define MEMBER_COST 48

/* What one user may have mapped: a process may have some 65,000 mappings. */
#define MAX_WINDOWS 4096

struct account {
	uid_t uid;
	unsigned int references; /* open files, attachments, jobs: whatever points here */
	unsigned int counts[ACCOUNT_ITEMS];
	uint64_t bytes;
	UT_hash_handle hh;
};

static struct account *accounts; /* hash by uid */

static unsigned int limits[ACCOUNT_ITEMS] = {
	[ACCOUNT_ATTACHMENTS] = MAX_ATTACHMENTS,
	[ACCOUNT_FDS] = 64,
	[ACCOUNT_WINDOWS] = MAX_WINDOWS,
	[ACCOUNT_MEMORY_FENCES] = MAX_MEMORY_FENCES,
	[ACCOUNT_WORKERS] = UINT_MAX,
};

/* One user may have us keep a quarter of the fds that we are allowed. */
void accounts_init(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	limits[ACCOUNT_FDS] = limit.rlim_cur > MAX_ATTACHMENTS * 4
				      ? MAX_ATTACHMENTS
				      : (unsigned int)limit.rlim_cur / 4;
}

struct account *account_of_user(uid_t uid)
{
	struct account *account;

	HASH_FIND(hh, accounts, &uid, sizeof(uid), account);
	if (account)
		return account_get(account);
	account = calloc(1, sizeof(*account));
	if (!account)
		return NULL;
	account->uid = uid;
	HASH_ADD(hh, accounts, uid, sizeof(account->uid), account);
	if (!account->hh.tbl) {
		free(account);
		return NULL;
	}
	account->references = 1;
	return account;
}

struct account *account_get(struct account *account)
{
	account->references++;
	return account;
}

void account_put(struct account *account)
{
	if (--account->references)
		return;
	HASH_DEL(accounts, account);
	free(account);
}

int account_charge(struct account *account, uint64_t bytes)
{
	if (bytes > MAX_BYTES - account->bytes)
		return -ENOMEM;
	account->bytes += bytes;
	return 0;
}

void account_uncharge(struct account *account, uint64_t bytes)
{
	account->bytes -= bytes;
}

uint64_t account_fence_cost(struct dma_fence *fence)
{
	/*
	 * An array keeps all its members alive, at any depth. A chain does so only while it is
	 * pending, and the cost has to be the same when it is given back: its links are charged to
	 * those who made them.
	 */
	if (!fence || !dma_fence_is_array(fence))
		return FENCE_COST;
	return FENCE_COST + dma_fence_leaf_count(fence) * (FENCE_COST + MEMBER_COST);
}

int account_take(struct account *account, enum account_item item, unsigned int count)
{
	if (count > limits[item] - account->counts[item])
		return -ENOSPC;
	account->counts[item] += count;
	return 0;
}

void account_give_back(struct account *account, enum account_item item, unsigned int count)
{
	account->counts[item] -= count;
}

unsigned int account_count(const struct account *account, enum account_item item)
{
	return account->counts[item];
}
