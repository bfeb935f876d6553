/* SPDX-License-Identifier: MIT */
/*
 * What two processes say to each other over a Unix socket (SOCK_SEQPACKET): one struct message a
 * packet, with at most one file descriptor beside it. Which kinds there are is the program's.
 */
#ifndef EXAMPLES_MESSAGE_H
#define EXAMPLES_MESSAGE_H

#include <stdint.h>
#include <sys/socket.h>

struct message {
	uint32_t kind;	 /* MESSAGE_* */
	uint32_t frame;	 /* counted from 0 */
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

#endif /* EXAMPLES_MESSAGE_H */
