/* SPDX-License-Identifier: MIT */
/* The camera: another program, whose fences the submitter is given and knows nothing about. */
#ifndef USER_QUEUE_CAMERA_H
#define USER_QUEUE_CAMERA_H

#include "run.h"

/* On the socket between the two. */
enum camera_message {
	/* submitter -> camera: a frame, please */
	MESSAGE_ASK = 1,
	/* camera -> submitter, the answer: it is on its way; with a sync_file */
	MESSAGE_FRAME,
};

/* Until the other end of the socket is closed. Returns an exit status. */
int camera_run(const struct options *options, struct mode_record *mode, int socket);

#endif /* USER_QUEUE_CAMERA_H */
