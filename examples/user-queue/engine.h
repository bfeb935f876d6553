/* SPDX-License-Identifier: MIT */
/* The engine: a process that knows a ring in memory, and no device. */
#ifndef USER_QUEUE_ENGINE_H
#define USER_QUEUE_ENGINE_H

#include "queue.h"
#include "run.h"

/* Carries out what is put into the queue, up to OPERATION_END. Returns an exit status. */
int engine_run(struct mode_record *mode, struct queue *queue);

#endif /* USER_QUEUE_ENGINE_H */
