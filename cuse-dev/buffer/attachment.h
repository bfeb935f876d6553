/* SPDX-License-Identifier: MIT */
/*
 * attachment.h - a pending fence on a buffer: keeps the buffer, and leaves it when the fence is
 * signaled. Under device->lock.
 */
#ifndef DMA_FENCED_ATTACHMENT_H
#define DMA_FENCED_ATTACHMENT_H

#include "buffer/buffer.h"

/* Embed it at the start of your own structure, one allocation. */
struct attachment {
	struct dma_fence_cb callback;
	struct dma_fence *fence;       /* a reference */
	struct buffer *buffer;	       /* a reference */
	struct account *account;       /* a reference: of the user who attached it */
	struct container_watch *watch; /* of a passive one; NULL: not needed */
	uint64_t charge;
	/*
	 * How many of the account's attachments it is: to ask what is pending on a buffer takes
	 * time in proportion to the members, under the lock.
	 */
	unsigned int members;
};

enum attachment_flags {
	/*
	 * Does not enable signaling; fired is called when the fence is signaled for another reason.
	 */
	ATTACHMENT_PASSIVE = 1 << 0,
	/*
	 * Of bookkeep usage, which others do not wait for: visible at once, even while a ticket has
	 * locked the buffer.
	 */
	ATTACHMENT_UNLOCKED = 1 << 1,
};

/*
 * Without ATTACHMENT_UNLOCKED the buffer is free, or the caller acts for the holder of its lock.
 * -ENOENT: the fence is signaled. -ENOSPC, -ENOMEM. On an error the memory stays the caller's.
 */
int attachment_add(struct attachment *attachment, struct buffer *buffer, struct account *account,
		   struct dma_fence *fence, enum dma_resv_usage usage, unsigned int flags,
		   dma_fence_func_t fired);
/* The fence is signaled: it leaves the buffer, whose memory may still be needed. */
void attachment_detach(struct attachment *attachment);
/* Drops the references and the memory. */
void attachment_free(struct attachment *attachment);

/*
 * Puts a fence on a buffer until it is signaled; nothing where it is. passive: the attachment alone
 * is no reason to signal it. -ENOSPC, -ENOMEM.
 */
int buffer_attach(struct buffer *buffer, struct account *account, struct dma_fence *fence,
		  enum dma_resv_usage usage, bool passive);

#endif /* DMA_FENCED_ATTACHMENT_H */
