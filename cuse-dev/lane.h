/* SPDX-License-Identifier: MIT */
/*
 * lane.h - threads for what may block: work on the fds and the memory of callers.
 *
 * Any of it may hang for as long as a hostile caller likes. So each client (a process) has at most
 * LANES_PER_CLIENT threads at work for it, and each user, whose processes come and go, at most
 * LANES_PER_USER; the rest of their jobs queue behind them, other clients' jobs pass. Threads are
 * made when needed and end when idle.
 */
#ifndef DMA_FENCED_LANE_H
#define DMA_FENCED_LANE_H

#include "request.h"

enum {
	LANES_PER_CLIENT = 4,
	LANES_PER_USER = 128,
	LANES_MAX = 512,
};

/*
 * A request that has gone to a lane. Embed it at the start of the job's own structure, one allocation
 * with malloc(); after lane_submit() it is the lane's, which frees it. Its functions:
 *
 * - prepare, without the lock: touches the caller. 0, or a negative errno, which is the answer.
 * - apply, under the lock, after a prepare that went well, unless the request was interrupted
 *   meanwhile: the effect. 0, a negative errno, or REQUEST_PARKED once more. NULL: 0.
 * - cleanup, without the lock, always, before the answer: closes what is left. May be NULL.
 */
struct lane_job {
	struct parked parked;
	struct device *device;
	struct lane_job *prev, *next; /* of the queue */
	pid_t thread;		      /* the caller */
	pid_t client;		      /* its process; 0: the daemon itself */
	bool queued;		      /* under the lock: no thread has it yet */
	bool abandoned; /* under the lock: interrupted, or the device stops; nobody waits for an
			   answer */
	struct account *account; /* of whoever asked, pays for charge; NULL: the daemon itself */
	uint64_t charge;	 /* bytes, filled in before lane_submit() */
	int (*prepare)(struct lane_job *job);
	int (*apply)(struct lane_job *job);
	void (*cleanup)(struct lane_job *job);
	const void *answer; /* what goes back on 0 and -ETIME, inside the job */
	size_t answer_size;
};

int lanes_start(struct device *device);
/*
 * After everything was abandoned: ends the threads, and gives those that hang a second before it
 * leaves them.
 */
void lanes_stop(struct device *device);

/*
 * Parks the request of thread and queues the job, whose functions, answer and charge are filled in.
 * Under the lock. On an error the job stays the caller's: as park(), and -ENOMEM.
 */
int lane_submit(struct lane_job *job, fuse_req_t fuse, struct open_file *file, pid_t thread);
/*
 * A job of the daemon's own, prepare and cleanup only. Under the lock; it cannot fail, at worst it
 * is done here and now.
 */
void lane_submit_own(struct device *device, struct lane_job *job);
/* Without the lock, so that the lane does not run into it at once: see device_unlock_and_notify(). */
void lanes_wake_one(struct device *device);
/* Has the request been answered meanwhile, so that its thread may be gone? Takes the lock. */
bool lane_job_is_abandoned(struct lane_job *job);

#endif /* DMA_FENCED_LANE_H */
