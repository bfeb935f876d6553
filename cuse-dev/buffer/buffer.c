/* SPDX-License-Identifier: MIT */
/*
 * buffer.c - buffers and the fences attached to them. Writing to their memory is in memory_write.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer/attachment.h"
#include "buffer/buffer.h"
#include "container.h"
#include "buffer/container_watch.h"

int buffer_identify(struct device *device, int fd, struct buffer_key *key, bool *is_dmabuf)
{
	int kind = descriptor_kind(device, fd);
	struct statx stat;

	if (kind < 0)
		return kind;
	if (kind != DESCRIPTOR_SHMEM && kind != DESCRIPTOR_DMABUF)
		return -EINVAL;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &stat))
		return -EINVAL;
	/* It is hashed as a whole, so nothing in it may be left undefined. */
	memset(key, 0, sizeof(*key));
	key->inode = stat.stx_ino;
	key->major = stat.stx_dev_major;
	key->minor = stat.stx_dev_minor;
	*is_dmabuf = kind == DESCRIPTOR_DMABUF;
	return 0;
}

struct buffer *buffer_find(struct device *device, const struct buffer_key *key)
{
	struct buffer *buffer;

	HASH_FIND(hh, device->buffers, key, sizeof(*key), buffer);
	if (buffer)
		buffer->references++;
	return buffer;
}

void window_free(struct window *window)
{
	DL_DELETE(window->buffer->windows, window);
	window->buffer->window_count--;
	window->account->windows--;
	account_put(window->buffer->device, window->account);
	munmap(window->address, window->length);
	free(window);
}

/*
 * The last close of a large file frees its pages, which takes time: a lane has it. What is mapped
 * goes at once, for whoever wants to seal the file against writing finds it busy until then.
 */
struct disposal {
	struct lane_job job;
	struct account *account; /* its fd counts until it is closed */
	int fd;
};

int buffer_get(struct device *device, struct account *account, const struct buffer_key *key,
	       bool is_dmabuf, int *fd, struct buffer **got)
{
	struct buffer *buffer = buffer_find(device, key);

	if (buffer) {
		*got = buffer;
		return 0;
	}
	if (account->fds >= device->max_fds)
		return -ENOSPC;
	buffer = calloc(1, sizeof(*buffer));
	if (!buffer)
		return -ENOMEM;
	buffer->disposal = calloc(1, sizeof(*buffer->disposal));
	if (!buffer->disposal)
		goto err_free;
	buffer->device = device;
	buffer->key = *key;
	HASH_ADD(hh, device->buffers, key, sizeof(*key), buffer);
	if (!buffer->hh.tbl)
		goto err_free;
	dma_resv_init(&buffer->resv);
	buffer->account = account;
	account->users++;
	account->fds++;
	buffer->references = 1;
	buffer->is_dmabuf = is_dmabuf;
	buffer->fd = *fd;
	*fd = -1;
	device->stats.buffers++;
	*got = buffer;
	return 0;

err_free:
	free(buffer->disposal);
	free(buffer);
	return -ENOMEM;
}

static int close_on_lane(struct lane_job *job)
{
	close(((struct disposal *)job)->fd);
	return 0;
}

static void closed_on_lane(struct lane_job *job)
{
	struct disposal *disposal = (struct disposal *)job;

	device_lock(job->device);
	disposal->account->fds--;
	account_put(job->device, disposal->account);
	device_unlock_and_notify(job->device);
}

void buffer_put(struct buffer *buffer)
{
	struct window *window, *next;
	struct disposal *disposal;
	struct device *device;

	if (!buffer || --buffer->references)
		return;
	device = buffer->device;
	disposal = buffer->disposal;
	HASH_DEL(device->buffers, buffer);
	device->stats.buffers--;
	dma_resv_fini(&buffer->resv);
	DL_FOREACH_SAFE(buffer->windows, window, next)
		window_free(window);
	disposal->fd = buffer->fd;
	disposal->account = buffer->account;
	disposal->job.prepare = close_on_lane;
	disposal->job.cleanup = closed_on_lane;
	free(buffer);
	lane_submit_own(device, disposal->account, &disposal->job);
}

int attachment_add(struct attachment *attachment, struct buffer *buffer, struct account *account,
		   struct dma_fence *fence, enum dma_resv_usage usage, unsigned int flags,
		   dma_fence_func_t fired)
{
	bool passive = flags & ATTACHMENT_PASSIVE;
	struct device *device = buffer->device;
	uint64_t charge = sizeof(*attachment) + account_fence_cost(fence) +
			  (passive ? leaf_watch_size(fence) : 0);
	uint64_t parts = dma_fence_leaf_count(fence);
	int ret;

	if (parts > MAX_ATTACHMENTS - account->attachments)
		return -ENOSPC;
	if (account_charge(account, charge))
		return -ENOMEM;
	ret = passive ? leaf_watch_create(fence, &attachment->watch) : 0;
	if (ret)
		goto err_uncharge;
	ret = flags & ATTACHMENT_UNLOCKED ? dma_resv_add_fence_unlocked(&buffer->resv, fence)
					  : dma_resv_add_fence(&buffer->resv, fence, usage);
	if (ret)
		goto err_unwatch;
	ret = passive ? dma_fence_add_passive_callback(fence, &attachment->callback, fired)
		      : dma_fence_add_callback(fence, &attachment->callback, fired);
	if (ret)
		goto err_remove;
	attachment->fence = dma_fence_get(fence);
	attachment->buffer = buffer;
	buffer->references++;
	attachment->account = account;
	attachment->charge = charge;
	attachment->parts = (unsigned int)parts;
	account->users++;
	account->attachments += attachment->parts;
	device->stats.attachments++;
	return 0;

err_remove:
	dma_resv_remove_fence(&buffer->resv, fence);
err_unwatch:
	leaf_watch_free(attachment->watch);
err_uncharge:
	account_uncharge(account, charge);
	return ret;
}

void attachment_detach(struct attachment *attachment)
{
	dma_resv_remove_fence(&attachment->buffer->resv, attachment->fence);
}

void attachment_free(struct attachment *attachment)
{
	struct device *device = attachment->buffer->device;

	leaf_watch_free(attachment->watch);
	account_uncharge(attachment->account, attachment->charge);
	attachment->account->attachments -= attachment->parts;
	account_put(device, attachment->account);
	device->stats.attachments--;
	buffer_put(attachment->buffer);
	dma_fence_put(attachment->fence);
	free(attachment);
}

static void attached_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct attachment *attachment = (struct attachment *)callback;

	attachment_detach(attachment);
	attachment_free(attachment);
}

int buffer_attach(struct buffer *buffer, struct account *account, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive)
{
	struct attachment *attachment;
	int ret;

	if (dma_fence_is_signaled(fence))
		return 0;
	attachment = calloc(1, sizeof(*attachment));
	if (!attachment)
		return -ENOMEM;
	ret = attachment_add(attachment, buffer, account, fence, usage,
			     passive ? ATTACHMENT_PASSIVE : 0, attached_fence_signaled);
	if (ret)
		free(attachment);
	return ret == -ENOENT ? 0 : ret;
}
