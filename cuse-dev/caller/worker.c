/* SPDX-License-Identifier: MIT */
/*
 * lane.c - see lane.h. Everything here is under device->lock, but for prepare and cleanup of a job.
 *
 * A job is in the queue, or a thread has it. Interrupted in the queue it is freed at once, or else
 * a client whose lanes hang could pile up jobs by being interrupted; interrupted at work it is
 * marked abandoned, and its thread frees it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "file/file.h"
#include "caller/worker.h"

/* How long a thread waits for more to do, and the end of the device for those that hang. */
#define IDLE_SECONDS 1
#define END_SECONDS  1

/* How long an interrupt waits for a lane that is about to touch the caller. */
#define PATIENCE_NS 100000000

/* Processes of recent callers: a slot that is out of date costs nothing but fairness. */
#define PROCESS_SLOTS 256

/* An ioctl's argument is copied there, also for the answers that a job's signals cause. */
#define STACK_SIZE (256 * 1024)

/* A process, while it has jobs. */
struct lane_client {
	pid_t process;
	unsigned int jobs; /* queued and running */
	unsigned int running;
	UT_hash_handle hh;
};

struct lanes {
	struct lane_job *queue;	     /* utlist */
	struct lane_client *clients; /* hash by process */
	unsigned int threads, idle, running;
	unsigned int wanted; /* threads: as many as there are jobs that clients may have at work */
	unsigned int answering; /* jobs that are not parked any more, and not answered yet */
	pthread_cond_t work;	/* there is a job */
	pthread_cond_t ended;	/* a thread has gone, or the last answer was given */
	pthread_attr_t attributes;
	struct {
		pid_t thread, process;
	} processes[PROCESS_SLOTS];
};

/* The file touches no memory of the process. */
pid_t process_of_thread(pid_t thread)
{
	char path[32], line[128];
	pid_t process = thread;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	status = fopen(path, "re");
	if (!status)
		return 0;
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	}
	fclose(status);
	return process;
}

/* For fairness alone: one that is not seen counts as a process of its own. */
static pid_t recent_process(struct lanes *lanes, pid_t thread)
{
	unsigned int slot = (unsigned int)thread % PROCESS_SLOTS;

	if (lanes->processes[slot].thread != thread) {
		pid_t process = process_of_thread(thread);

		if (!process)
			return thread;
		lanes->processes[slot].thread = thread;
		lanes->processes[slot].process = process;
	}
	return lanes->processes[slot].process;
}

static struct lane_client *client_get(struct lanes *lanes, pid_t process)
{
	struct lane_client *client;

	HASH_FIND_INT(lanes->clients, &process, client);
	if (!client) {
		client = calloc(1, sizeof(*client));
		if (!client)
			return NULL;
		client->process = process;
		HASH_ADD_INT(lanes->clients, process, client);
		if (!client->hh.tbl) {
			free(client);
			return NULL;
		}
	}
	if (client->jobs++ < LANES_PER_CLIENT)
		lanes->wanted++;
	return client;
}

static void client_put(struct lanes *lanes, struct lane_client *client)
{
	if (--client->jobs < LANES_PER_CLIENT)
		lanes->wanted--;
	if (client->jobs)
		return;
	HASH_DEL(lanes->clients, client);
	free(client);
}

static bool may_run(const struct lanes *lanes, const struct lane_job *job)
{
	unsigned int of_user = job->account->lanes;

	if (job->client && job->client->running >= LANES_PER_CLIENT)
		return false;
	return of_user < LANES_PER_USER &&
	       (!of_user || lanes->running < LANES_MAX - LANES_RESERVED);
}

/* The first job whose client and user have a lane free. */
static struct lane_job *next_job(struct lanes *lanes)
{
	struct lane_job *job;

	DL_FOREACH(lanes->queue, job) {
		if (may_run(lanes, job)) {
			DL_DELETE(lanes->queue, job);
			job->queued = false;
			return job;
		}
	}
	return NULL;
}

static void begin(struct lanes *lanes, struct lane_job *job)
{
	lanes->running++;
	job->account->lanes++;
	if (job->client)
		job->client->running++;
	/* One wake-up may have stood for several jobs. */
	if (lanes->queue && lanes->idle)
		pthread_cond_signal(&lanes->work);
}

static void end(struct lanes *lanes, struct lane_job *job)
{
	lanes->running--;
	job->account->lanes--;
	if (job->client)
		job->client->running--;
}

/* It counts no longer for its client, nor for its user. */
static void settle(struct lane_job *job)
{
	struct lanes *lanes = job->device->lanes;

	if (job->client)
		client_put(lanes, job->client);
	else
		lanes->wanted--;
	account_uncharge(job->account, job->charge);
	account_put(job->device, job->account);
}

/* At most once. */
static void cleanup(struct lane_job *job)
{
	void (*function)(struct lane_job *) = job->cleanup;

	job->cleanup = NULL;
	if (function)
		function(job);
}

/* Called and returns with the lock held. */
static void run(struct lane_job *job)
{
	struct device *device = job->device;
	struct lanes *lanes = device->lanes;
	bool answer = false;
	fuse_req_t fuse = NULL;

	/* It is not abandoned: such a one had been freed in the queue. */
	begin(lanes, job);
	device->stats.lanes++;
	device_unlock(device);
	job->result = job->prepare(job);
	/*
	 * Closing an fd that was refused may hang as well, in the flush of its filesystem: so it is
	 * done while the request can still be interrupted.
	 */
	if (job->result)
		cleanup(job);
	device_lock(device);
	if (!job->abandoned && job->parked.fuse) {
		fuse = job->parked.fuse;
		unpark(&job->parked);
		if (!job->result && job->apply)
			job->result = job->apply(job);
		answer = job->result != REQUEST_PARKED;
	}
	lanes->answering += answer;
	if (job->cleanup) {
		device_unlock_and_notify(device);
		cleanup(job);
		device_lock(device);
	}
	/* Before the answer, or else its client's next request would find it still there. */
	end(lanes, job);
	settle(job);
	device_unlock_and_notify(device);
	if (answer && job->answer_always)
		request_reply_always(fuse, job->result, job->answer, job->answer_size,
				     job->answer_zeros);
	else if (answer)
		request_reply(fuse, job->result, job->answer, job->answer_size);
	free(job);
	device_lock(device);
	device->stats.lanes--;
	lanes->answering -= answer;
	if (!lanes->answering && device->stopping)
		pthread_cond_broadcast(&lanes->ended);
	/* Its client may have another one that had to wait for this. */
	if (lanes->queue)
		pthread_cond_signal(&lanes->work);
}

static void deadline_in(struct timespec *until, int seconds)
{
	clock_gettime(CLOCK_MONOTONIC, until);
	until->tv_sec += seconds;
}

static void *lane_thread(void *data)
{
	struct device *device = data;
	struct lanes *lanes = device->lanes;

	device_lock(device);
	while (!device->stopping || lanes->queue) {
		struct lane_job *job = next_job(lanes);
		struct timespec until;
		int ret;

		if (job) {
			run(job);
			continue;
		}
		deadline_in(&until, IDLE_SECONDS);
		lanes->idle++;
		ret = pthread_cond_timedwait(&lanes->work, &device->lock, &until);
		lanes->idle--;
		/* A job that came at the last moment is not left behind. */
		if (ret == ETIMEDOUT) {
			job = next_job(lanes);
			if (!job)
				break;
			run(job);
		}
	}
	lanes->threads--;
	pthread_cond_broadcast(&lanes->ended);
	device_unlock(device);
	return NULL;
}

/* -ENOMEM: there is no thread at all to do the job. */
static int need_thread(struct device *device)
{
	struct lanes *lanes = device->lanes;
	pthread_t thread;

	if (lanes->idle)
		device->lanes_due++;
	if (lanes->threads >= lanes->wanted || lanes->threads == LANES_MAX)
		return 0;
	if (pthread_create(&thread, &lanes->attributes, lane_thread, device))
		return lanes->threads ? 0 : -ENOMEM;
	lanes->threads++;
	return 0;
}

/* The request has been answered by somebody else. */
static void abandoned(struct parked *parked)
{
	struct lane_job *job = (struct lane_job *)parked;

	job->abandoned = true;
	if (!job->queued)
		return;
	/* Nothing was prepared, so there is nothing to clean up. */
	DL_DELETE(job->device->lanes->queue, job);
	settle(job);
	free(job);
}

static void patience_is_over(struct timer *timer)
{
	parked_interrupt(&((struct lane_job *)((char *)timer - offsetof(struct lane_job, patience)))
				  ->parked);
}

/* An interrupt asks whether it has to wait. */
static bool is_in_caller(struct parked *parked)
{
	struct lane_job *job = (struct lane_job *)parked;

	if (!job->in_caller)
		return false;
	if (!job->interrupted &&
	    timer_set(job->device, &job->patience, dma_fence_now() + PATIENCE_NS, patience_is_over))
		return false;
	job->interrupted = true;
	return true;
}

bool lane_enter_caller(struct lane_job *job)
{
	device_lock(job->device);
	job->in_caller = !job->abandoned;
	device_unlock(job->device);
	return job->in_caller;
}

void lane_leave_caller(struct lane_job *job)
{
	device_lock(job->device);
	job->in_caller = false;
	timer_cancel(job->device, &job->patience);
	if (job->interrupted && !job->abandoned)
		parked_interrupt(&job->parked);
	device_unlock_and_notify(job->device);
}

bool lane_job_is_abandoned(struct lane_job *job)
{
	bool is;

	device_lock(job->device);
	is = job->abandoned;
	device_unlock(job->device);
	return is;
}

static int charge(struct lane_job *job, struct device *device, struct account *account)
{
	int ret = account_charge(account, job->charge);

	if (ret)
		return ret;
	job->device = device;
	job->account = account;
	account->users++;
	return 0;
}

static void enqueue(struct lane_job *job)
{
	DL_APPEND(job->device->lanes->queue, job);
	job->queued = true;
}

int lane_submit(struct lane_job *job, fuse_req_t fuse, struct open_file *file, pid_t thread)
{
	struct device *device = file->device;
	struct lanes *lanes = device->lanes;
	int ret = charge(job, device, file->account);

	if (ret)
		return ret;
	job->thread = thread;
	job->parked.defer = is_in_caller;
	ret = park(&job->parked, fuse, file, abandoned);
	if (ret)
		goto err_uncharge;
	ret = -ENOMEM;
	job->client = client_get(lanes, recent_process(lanes, thread));
	if (!job->client)
		goto err_unpark;
	ret = need_thread(device);
	if (ret)
		goto err_put;
	enqueue(job);
	return 0;

err_put:
	client_put(lanes, job->client);
err_unpark:
	unpark(&job->parked);
err_uncharge:
	account_uncharge(job->account, job->charge);
	account_put(device, job->account);
	return ret;
}

int lane_submit_request(struct lane_job *job, const struct request *request)
{
	int ret;

	job->answer_always = request->answer_always;
	job->answer_zeros = request->answer_zeros;
	ret = lane_submit(job, request->fuse, request->file, request->thread);
	if (!ret)
		return REQUEST_PARKED;
	free(job);
	return ret;
}

void lane_submit_own(struct device *device, struct account *account, struct lane_job *job)
{
	/* It was promised its memory when it was caused. */
	job->charge = 0;
	charge(job, device, account);
	device->lanes->wanted++;
	enqueue(job);
	/* Without any thread it waits for the next that can be made. */
	need_thread(device);
}

void lanes_wake(struct device *device, unsigned int count)
{
	if (count == 1)
		pthread_cond_signal(&device->lanes->work);
	else
		pthread_cond_broadcast(&device->lanes->work);
}

int lanes_start(struct device *device)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));
	pthread_condattr_t attributes;

	if (!lanes)
		return -ENOMEM;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&lanes->work, &attributes);
	pthread_cond_init(&lanes->ended, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_attr_init(&lanes->attributes);
	pthread_attr_setstacksize(&lanes->attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&lanes->attributes, PTHREAD_CREATE_DETACHED);
	device->lanes = lanes;
	return 0;
}

bool lanes_have_answered(struct device *device)
{
	struct lanes *lanes = device->lanes;
	struct timespec until;
	bool have;
	int ret = 0;

	deadline_in(&until, END_SECONDS);
	device_lock(device);
	while (lanes->answering && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&lanes->ended, &device->lock, &until);
	have = !lanes->answering;
	device_unlock(device);
	return have;
}

void lanes_stop(struct device *device)
{
	struct lanes *lanes = device->lanes;
	struct timespec until;
	int ret = 0;

	deadline_in(&until, END_SECONDS);
	device_lock(device);
	pthread_cond_broadcast(&lanes->work);
	while (lanes->threads && ret != ETIMEDOUT)
		ret = pthread_cond_timedwait(&lanes->ended, &device->lock, &until);
	/* Threads that hang in a caller's memory still look at all this when they wake up. */
	ret = lanes->threads ? -EBUSY : 0;
	device_unlock(device);
	if (ret)
		return;
	pthread_attr_destroy(&lanes->attributes);
	pthread_cond_destroy(&lanes->work);
	pthread_cond_destroy(&lanes->ended);
	free(lanes);
	device->lanes = NULL;
}
