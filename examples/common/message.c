/* SPDX-License-Identifier: MIT */
/* Messages with a file descriptor beside them: the SCM_RIGHTS of both ends. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "message.h"

int message_send(int socket, const struct message *message, int fd)
{
	struct iovec payload = {
		.iov_base = (void *)message,
		.iov_len = sizeof(*message),
	};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr header = { .msg_iov = &payload, .msg_iovlen = 1 };

	if (fd >= 0) {
		struct cmsghdr *rights;

		header.msg_control = control;
		header.msg_controllen = sizeof(control);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
	}
	if (sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

void incoming_prepare(struct incoming *incoming)
{
	incoming->payload = (struct iovec){
		.iov_base = &incoming->message,
		.iov_len = sizeof(incoming->message),
	};
	incoming->header = (struct msghdr){
		.msg_iov = &incoming->payload,
		.msg_iovlen = 1,
		.msg_control = incoming->control,
		.msg_controllen = sizeof(incoming->control),
	};
}

int incoming_take(struct incoming *incoming, int received, struct message *message, int *fd)
{
	struct cmsghdr *rights = CMSG_FIRSTHDR(&incoming->header);

	*fd = -1;
	if (rights && rights->cmsg_level == SOL_SOCKET && rights->cmsg_type == SCM_RIGHTS &&
	    rights->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(rights), sizeof(*fd));
	if (received != sizeof(*message) || incoming->header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
		if (*fd >= 0)
			close(*fd);
		return -EPROTO;
	}
	*message = incoming->message;
	return 0;
}
