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

#include "file/pending.h"
#include "device/timer.h"

enum {
	LANES_PER_CLIENT = 4,
	LANES_PER_USER = 128,
	LANES_MAX = 512,
	/*
	 * The last ones are for users who have none at work: no number of others takes them away.
	 */
	LANES_RESERVED = 64,
};

/*
 * A request that has gone to a lane. Embed it at the start of the job's own structure, one
 * allocation with malloc(); after lane_submit() it is the lane's, which frees it. Its functions:
 *
 * - prepare, without the lock: touches the caller. 0, or a negative errno, which is the answer.
 * - apply, under the lock, after a prepare that went well, unless the request was interrupted
 *   meanwhile: the effect. 0, a negative errno, or REQUEST_PARKED once more. NULL: 0.
 * - cleanup, without the lock, always, before the answer: closes what is left. May be NULL. What
 *   goes wrong there, after an effect that went well, it may put into result.
 */
struct lane_job {
	struct parked parked;
	struct device *device;
	struct lane_job *prev, *next; /* of the queue */
	pid_t thread;		      /* the caller */
	struct lane_client *client;   /* its process; NULL: a job of the daemon's own */
	struct account *account;      /* whose doing it is: pays for charge */
	uint64_t charge;	      /* bytes, filled in before it is submitted */
	struct timer patience;	      /* see lane_enter_caller() */
	/* Under the lock: */
	bool queued;	  /* no thread has it yet */
	bool abandoned;	  /* interrupted, or the device stops: nobody waits for an answer */
	bool in_caller;	  /* between lane_enter_caller() and lane_leave_caller() */
	bool interrupted; /* meanwhile */
	int result;
	int (*prepare)(struct lane_job *job);
	int (*apply)(struct lane_job *job);
	void (*cleanup)(struct lane_job *job);
	const void *answer; /* what goes back, see request_reply(); inside the job */
	size_t answer_size; /* at most the request's */
	/* Of the request, by lane_submit_request(). */
	bool answer_always;
	size_t answer_zeros;
};

int lanes_start(struct device *device);
/*
 * After everything was abandoned: waits, for a second, for the answers that are being given. false:
 * some are not, so the session must stay.
 */
bool lanes_have_answered(struct device *device);
/* Ends the threads, and gives those that hang a second before it leaves them. */
void lanes_stop(struct device *device);

/*
 * Parks the request of thread and queues the job, whose functions, answer and charge are filled in.
 * Under the lock. On an error the job stays the caller's: as park(), and -ENOMEM.
 */
int lane_submit(struct lane_job *job, fuse_req_t fuse, struct open_file *file, pid_t thread);
/*
 * The same for a job that answers this request: REQUEST_PARKED, or the error, and then the job is
 * freed.
 */
int lane_submit_request(struct lane_job *job, const struct request *request);
/* A job of the daemon's own, prepare and cleanup only, on somebody's account. Under the lock. */
void lane_submit_own(struct device *device, struct account *account, struct lane_job *job);
/* Without the lock, so that lanes do not run into it at once: see device_unlock_and_notify(). */
void lanes_wake(struct device *device, unsigned int count);

/* Has the request been answered meanwhile, so that its thread may be gone? Takes the lock. */
bool lane_job_is_abandoned(struct lane_job *job);
/*
 * Around a system call that names the caller by its thread id. In between an interrupt is not
 * answered: the thread stays in its ioctl, and the number is its own. Not for long, or else a call
 * that hangs could not be killed: by the time that the patience is over the kernel has long looked
 * the number up. Both take the lock. enter: false where it is too late.
 */
bool lane_enter_caller(struct lane_job *job);
void lane_leave_caller(struct lane_job *job);

/* The process of a thread, read from /proc/TID/status; 0 and errno where that cannot be opened. */
pid_t process_of_thread(pid_t thread);

#endif /* DMA_FENCED_LANE_H */
