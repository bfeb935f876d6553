/* SPDX-License-Identifier: MIT */
/* attachment.c - see attachment.h. */
#include <errno.h>
#include <stdlib.h>

#include "buffer/attachment.h"
#include "buffer/container_watch.h"
#include "container.h"
#include "container_of.h"

int attachment_add(struct attachment *attachment, struct buffer *buffer, struct account *account,
		   struct dma_fence *fence, enum dma_resv_usage usage, unsigned int flags,
		   dma_fence_func_t fired)
{
	bool passive = flags & ATTACHMENT_PASSIVE;
	uint64_t charge = sizeof(*attachment) + account_fence_cost(fence) +
			  (passive ? container_watch_size(fence) : 0);
	uint64_t members = dma_fence_leaf_count(fence);
	int ret;

	if (members > MAX_ATTACHMENTS ||
	    account_take(account, ACCOUNT_ATTACHMENTS, (unsigned int)members))
		return -ENOSPC;
	ret = account_charge(account, charge);
	if (ret)
		goto err_give_back;
	ret = passive ? container_watch_create(fence, &attachment->watch) : 0;
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
	attachment->buffer = buffer_get(buffer);
	attachment->account = account_get(account);
	attachment->charge = charge;
	attachment->members = (unsigned int)members;
	buffer->device->stats.attachments++;
	return 0;

err_remove:
	dma_resv_remove_fence(&buffer->resv, fence);
err_unwatch:
	container_watch_free(attachment->watch);
err_uncharge:
	account_uncharge(account, charge);
err_give_back:
	account_give_back(account, ACCOUNT_ATTACHMENTS, (unsigned int)members);
	return ret;
}

void attachment_detach(struct attachment *attachment)
{
	dma_resv_remove_fence(&attachment->buffer->resv, attachment->fence);
}

void attachment_free(struct attachment *attachment)
{
	attachment->buffer->device->stats.attachments--;
	container_watch_free(attachment->watch);
	account_uncharge(attachment->account, attachment->charge);
	account_give_back(attachment->account, ACCOUNT_ATTACHMENTS, attachment->members);
	account_put(attachment->account);
	buffer_put(attachment->buffer);
	dma_fence_put(attachment->fence);
	free(attachment);
}

static void attached_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct attachment *attachment = container_of(callback, struct attachment, callback);

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
