/* SPDX-License-Identifier: MIT */
/*
 * worker.h - threads for what may block: access to the fds and the memory of callers.
 *
 * Any access may hang for as long as a hostile caller likes. So each client (a process) has at most
 * WORKERS_PER_CLIENT threads that run for it, and each user, whose processes come and go, at most
 * WORKERS_PER_USER; further jobs of theirs are queued, jobs of other clients pass them. Threads are
 * started when needed and end when idle.
 */
#ifndef DMA_FENCED_WORKER_H
#define DMA_FENCED_WORKER_H

#include "file/pending.h"

enum {
	WORKERS_PER_CLIENT = 4,
	WORKERS_PER_USER = 128,
	WORKERS_MAX = 512,
	/* The last ones are for users for whom none runs: no number of others takes them away. */
	WORKERS_RESERVED = 64,
};

struct worker_job;

struct worker_job_ops {
	/* Without the lock: accesses the caller. 0, or a negative errno, which is the answer. */
	int (*prepare)(struct worker_job *job);
	/*
	 * Under the lock, after a prepare that returned 0, unless the request was interrupted
	 * meanwhile: the effect. 0, a negative errno, or REQUEST_BLOCKED once more. NULL: 0.
	 */
	int (*apply)(struct worker_job *job);
	/*
	 * Without the lock, always, before the answer: releases what is left. May be NULL. It may
	 * set job->result where something fails after an effect that succeeded.
	 */
	void (*cleanup)(struct worker_job *job);
};

/*
 * A request that is handed to a worker, or a job of the daemon's own. Embed it at the start of your
 * own structure, one allocation, which the worker frees after worker_submit().
 */
struct worker_job {
	struct pending pending;
	const struct worker_job_ops *ops;
	struct device *device;
	struct worker_job *prev, *next; /* of the queue */
	struct worker_client *client;	/* its process; NULL: a job of the daemon's own */
	struct account *account;	/* of the user who caused it; pays for charge */
	uint64_t charge;		/* bytes: what was allocated, more if you add to it */
	void *argument;			/* a copy of the request's, inside the job: the answer */
	struct timer interrupt_grace;	/* see worker_enter_caller() */
	/* Under the lock: */
	bool queued;	  /* no thread has it yet */
	bool abandoned;	  /* interrupted, or the device stops: the request is answered */
	bool in_caller;	  /* between worker_enter_caller() and worker_leave_caller() */
	bool interrupted; /* meanwhile */
	int result;
};

void workers_start(struct device *device);
/*
 * When everything was abandoned: waits, for a second, for the answers that are being given. false:
 * some are not, so the session must stay.
 */
bool workers_have_answered(void);
/*
 * Ends the threads; those that hang are left after a second. false: some are, and will use the
 * device when they wake up.
 */
bool workers_stop(void);

/*
 * A job of that size for this request, zeroed behind struct worker_job, with a copy of the first
 * argument_size bytes of the argument. NULL: no memory.
 */
void *worker_job_create(const struct request *request, const struct worker_job_ops *ops,
			size_t size, const void *argument, size_t argument_size);
/*
 * Hands it over, NULL too: REQUEST_BLOCKED, or -ENOSPC, -ENOMEM, and then it is freed. Under the
 * lock.
 */
int worker_submit(struct worker_job *job);
/*
 * A job of the daemon's own, made with calloc(), with ops; prepare and cleanup only, charged to
 * account. Under the lock.
 */
void worker_submit_own(struct device *device, struct account *account, struct worker_job *job);

/* Has the request been answered meanwhile, so that its thread may be gone? Takes the lock. */
bool worker_job_is_abandoned(struct worker_job *job);
/*
 * Around a system call that names the caller by its thread id. In between an interrupt is not
 * answered: the thread stays in its ioctl, and the number is its own. That holds for a grace period
 * only, or else a call that hangs could not be killed: by then the kernel has long looked the
 * number up. Both take the lock. enter: false where it is too late.
 */
bool worker_enter_caller(struct worker_job *job);
void worker_leave_caller(struct worker_job *job);

/* The process of a thread, read from /proc/TID/status; 0 and errno where that cannot be opened. */
pid_t process_of_thread(pid_t thread);

#endif /* DMA_FENCED_WORKER_H */
