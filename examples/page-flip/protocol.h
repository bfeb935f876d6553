/* SPDX-License-Identifier: MIT */
/*
 * What the renderer and the display say to each other over their Unix socket (SOCK_SEQPACKET): one
 * struct message a packet, with at most one file descriptor beside it.
 */
#ifndef PAGE_FLIP_PROTOCOL_H
#define PAGE_FLIP_PROTOCOL_H

#include <stdint.h>
#include <sys/socket.h>

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

struct message {
	uint32_t kind;		/* MESSAGE_* */
	uint32_t frame;		/* counted from 0 */
	uint32_t buffer;	/* index */
};

/*
 * A message that is being received: the memory that recvmsg() fills, for as long as it is in
 * flight.
 */
struct incoming {
	struct msghdr header;
	struct iovec payload;
	struct message message;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
};

/*
 * fd: -1, or a descriptor that goes along; it stays the caller's. Does not block. 0, or a negative
 * errno (-EPIPE: no peer).
 */
int message_send(int socket, const struct message *message, int fd);

/* Makes incoming ready for a recvmsg() with MSG_CMSG_CLOEXEC. */
void incoming_prepare(struct incoming *incoming);
/*
 * What came: received is what recvmsg() returned, more than 0. *fd is -1 or a descriptor that is
 * the caller's from now on. 0, or -EPROTO: that is no message.
 */
int incoming_take(struct incoming *incoming, int received, struct message *message, int *fd);

#endif /* PAGE_FLIP_PROTOCOL_H */
