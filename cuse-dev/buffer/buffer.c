/* SPDX-License-Identifier: MIT */
/* buffer.c - see buffer.h. What is attached to buffers is in attachment.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer/buffer.h"
#include "container_of.h"

static struct buffer *buffers; /* hash by key */

static int identify(struct device *device, struct taken_buffer *taken)
{
	int kind = descriptor_kind(device, taken->fd);
	struct statx stat;

	if (kind < 0)
		return kind;
	if (kind != DESCRIPTOR_SHMEM && kind != DESCRIPTOR_DMABUF)
		return -EINVAL;
	if (statx(taken->fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stat))
		return -EINVAL;
	/* It is hashed as a whole, so all of it must be defined. */
	memset(&taken->key, 0, sizeof(taken->key));
	taken->key.inode = stat.stx_ino;
	taken->key.major = stat.stx_dev_major;
	taken->key.minor = stat.stx_dev_minor;
	taken->is_dmabuf = kind == DESCRIPTOR_DMABUF;
	return 0;
}

int buffer_take(struct worker_job *job, int fd, struct taken_buffer *taken)
{
	int ret = caller_take_fd(job, fd);

	taken->fd = ret < 0 ? -1 : ret;
	return ret < 0 ? ret : identify(job->device, taken);
}

void taken_buffer_close(struct taken_buffer *taken)
{
	if (taken->fd >= 0)
		close(taken->fd);
	taken->fd = -1;
}

static struct buffer *find(const struct buffer_key *key)
{
	struct buffer *buffer;

	HASH_FIND(hh, buffers, key, sizeof(*key), buffer);
	return buffer;
}

struct buffer *buffer_find(const struct buffer_key *key)
{
	struct buffer *buffer = find(key);

	return buffer ? buffer_get(buffer) : NULL;
}

struct buffer *buffer_get(struct buffer *buffer)
{
	buffer->references++;
	return buffer;
}

void window_free(struct window *window)
{
	DL_DELETE(window->buffer->windows, window);
	window->buffer->window_count--;
	account_give_back(window->account, ACCOUNT_WINDOWS, 1);
	account_put(window->account);
	munmap(window->address, window->length);
	free(window);
}

/*
 * The last close of a large file frees its pages, which takes time: a worker does it. Mappings go
 * at once, since a client that wants to seal the file against writing gets EBUSY until then.
 */
struct disposal {
	struct worker_job job;
	struct account *account; /* its fd counts until it is closed */
	int fd;
};

static struct disposal *to_disposal(struct worker_job *job)
{
	return container_of(job, struct disposal, job);
}

static int close_fd(struct worker_job *job)
{
	close(to_disposal(job)->fd);
	return 0;
}

static void discount_fd(struct worker_job *job)
{
	struct account *account = to_disposal(job)->account;

	device_lock(job->device);
	account_give_back(account, ACCOUNT_FDS, 1);
	account_put(account);
	device_unlock_and_notify(job->device);
}

static const struct worker_job_ops disposal_ops = { .prepare = close_fd, .cleanup = discount_fd };

static struct buffer *buffer_create(struct device *device, struct taken_buffer *taken)
{
	struct buffer *buffer = calloc(1, sizeof(*buffer));

	if (!buffer)
		return NULL;
	buffer->disposal = calloc(1, sizeof(*buffer->disposal));
	if (!buffer->disposal)
		goto err_free;
	buffer->device = device;
	buffer->key = taken->key;
	buffer->is_dmabuf = taken->is_dmabuf;
	buffer->references = 1;
	HASH_ADD(hh, buffers, key, sizeof(buffer->key), buffer);
	if (!buffer->hh.tbl)
		goto err_free;
	dma_resv_init(&buffer->resv);
	device->stats.buffers++;
	return buffer;

err_free:
	free(buffer->disposal);
	free(buffer);
	return NULL;
}

int buffer_of_taken(struct device *device, struct account *account, struct taken_buffer *taken,
		    struct buffer **got)
{
	struct buffer *buffer = buffer_find(&taken->key);

	device_assert_held(device);
	if (!buffer) {
		if (account_take(account, ACCOUNT_FDS, 1))
			return -ENOSPC;
		buffer = buffer_create(device, taken);
		if (!buffer) {
			account_give_back(account, ACCOUNT_FDS, 1);
			return -ENOMEM;
		}
		buffer->account = account_get(account);
		buffer->fd = taken->fd;
		taken->fd = -1;
	}
	*got = buffer;
	return 0;
}

void buffer_put(struct buffer *buffer)
{
	struct disposal *disposal;
	struct window *window, *next;

	if (!buffer || --buffer->references)
		return;
	device_assert_held(buffer->device);
	HASH_DEL(buffers, buffer);
	buffer->device->stats.buffers--;
	dma_resv_fini(&buffer->resv);
	DL_FOREACH_SAFE(buffer->windows, window, next)
		window_free(window);
	disposal = buffer->disposal;
	disposal->fd = buffer->fd;
	disposal->account = buffer->account;
	disposal->job.ops = &disposal_ops;
	worker_submit_own(buffer->device, disposal->account, &disposal->job);
	free(buffer);
}
