/* SPDX-License-Identifier: MIT */
/* The kinds of messages between the renderer and the display. */
#ifndef PAGE_FLIP_PROTOCOL_H
#define PAGE_FLIP_PROTOCOL_H

#include "message.h"

enum message_kind {
	/*
	 * renderer -> display: here is a buffer (frame unused); with the memfd, sealed against
	 *	   resizing
	 */
	MESSAGE_BUFFER = 1,
	/*
	 * renderer -> display: flip to the frame in this buffer; with its in-fence, unless
	 *	   --no-fences
	 */
	MESSAGE_FLIP,
	/* renderer -> display: that was the last flip (frame and buffer unused) */
	MESSAGE_END,
	/*
	 * display -> renderer, the answer to a flip: the out-fence, signaled when the buffer is
	 *	   free again
	 */
	MESSAGE_RELEASE,
};

#endif /* PAGE_FLIP_PROTOCOL_H */
