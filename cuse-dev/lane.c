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

#include "file.h"
#include "lane.h"

/* How long a thread waits for more to do. */
#define IDLE_SECONDS 1

/* Processes of recent callers: a slot that is out of date costs nothing but fairness. */
#define PROCESS_SLOTS 256

/*
 * How much a thread may put on its stack: an ioctl's argument, and the answers that its signals
 * cause.
 */
#define STACK_SIZE (256 * 1024)

struct lane_client {
	pid_t process;
	unsigned int jobs; /* queued and running */
	unsigned int running;
	UT_hash_handle hh;
};

struct lanes {
	struct lane_job *queue;	     /* utlist */
	struct lane_client *clients; /* hash by process */
	unsigned int threads, idle;
	unsigned int wanted;  /* threads: as many as there are jobs that clients may have at work */
	pthread_cond_t work;  /* there is a job */
	pthread_cond_t ended; /* a thread has gone */
	pthread_attr_t attributes;
	struct {
		pid_t thread, process;
	} processes[PROCESS_SLOTS];
};

/*
 * /proc/TID/status, which touches no memory of the process. The thread id itself where it cannot be
 * seen.
 */
static pid_t read_process(pid_t thread)
{
	char path[32], line[128];
	pid_t process = thread;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", thread);
	status = fopen(path, "re");
	if (!status)
		return process;
	while (fgets(line, sizeof(line), status)) {
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	}
	fclose(status);
	return process;
}

static pid_t process_of(struct lanes *lanes, pid_t thread)
{
	unsigned int slot = (unsigned int)thread % PROCESS_SLOTS;

	if (lanes->processes[slot].thread != thread) {
		lanes->processes[slot].thread = thread;
		lanes->processes[slot].process = read_process(thread);
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

static struct lane_client *client_of(struct lanes *lanes, struct lane_job *job)
{
	struct lane_client *client;

	HASH_FIND_INT(lanes->clients, &job->client, client);
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

static bool may_run(struct lanes *lanes, struct lane_job *job)
{
	return client_of(lanes, job)->running < LANES_PER_CLIENT &&
	       (!job->account || job->account->lanes < LANES_PER_USER);
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

static void begin(struct lane_job *job)
{
	client_of(job->device->lanes, job)->running++;
	if (job->account)
		job->account->lanes++;
}

static void end(struct lane_job *job)
{
	client_of(job->device->lanes, job)->running--;
	if (job->account)
		job->account->lanes--;
}

/* It counts no longer for its client, nor for its user. */
static void settle(struct lane_job *job)
{
	client_put(job->device->lanes, client_of(job->device->lanes, job));
	if (!job->account)
		return;
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
	bool answer = false;
	fuse_req_t fuse = NULL;
	int result = -ECANCELED;

	begin(job);
	device->stats.lanes++;
	if (!job->abandoned) {
		device_unlock(device);
		result = job->prepare(job);
		/*
		 * Closing an fd that was refused may hang as well, in the flush of its filesystem:
		 * so it is done while the request can still be interrupted.
		 */
		if (result)
			cleanup(job);
		device_lock(device);
	}
	if (!job->abandoned && job->parked.fuse) {
		fuse = job->parked.fuse;
		unpark(&job->parked);
		if (!result && job->apply)
			result = job->apply(job);
		answer = result != REQUEST_PARKED;
	}
	if (job->cleanup) {
		device_unlock_and_notify(device);
		cleanup(job);
		device_lock(device);
	}
	/* Before the answer, or else its client's next request would find it still there. */
	end(job);
	settle(job);
	device_unlock_and_notify(device);
	if (answer)
		request_reply(fuse, result, job->answer, job->answer_size);
	free(job);
	device_lock(device);
	device->stats.lanes--;
	/* Its client may have another one that had to wait for this. */
	if (device->lanes->queue)
		pthread_cond_signal(&device->lanes->work);
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
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += IDLE_SECONDS;
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
	pthread_cond_signal(&lanes->ended);
	device_unlock(device);
	return NULL;
}

/* -ENOMEM: there is no thread at all to do the job. */
static int need_thread(struct device *device)
{
	struct lanes *lanes = device->lanes;
	pthread_t thread;

	if (lanes->idle)
		device->lane_is_due = true;
	if (lanes->threads >= lanes->wanted || lanes->threads == LANES_MAX)
		return 0;
	if (pthread_create(&thread, &lanes->attributes, lane_thread, device))
		return lanes->threads ? 0 : -ENOMEM;
	lanes->threads++;
	return 0;
}

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

static int enqueue(struct lane_job *job)
{
	struct lanes *lanes = job->device->lanes;
	struct lane_client *client = client_get(lanes, job->client);

	if (!client)
		return -ENOMEM;
	DL_APPEND(lanes->queue, job);
	job->queued = true;
	if (need_thread(job->device)) {
		DL_DELETE(lanes->queue, job);
		job->queued = false;
		client_put(lanes, client);
		return -ENOMEM;
	}
	return 0;
}

int lane_submit(struct lane_job *job, fuse_req_t fuse, struct open_file *file, pid_t thread)
{
	int ret;

	job->device = file->device;
	job->thread = thread;
	job->client = process_of(file->device->lanes, thread);
	ret = account_charge(file->account, job->charge);
	if (ret)
		return ret;
	ret = park(&job->parked, fuse, file, abandoned);
	if (ret)
		goto err_uncharge;
	ret = enqueue(job);
	if (ret)
		goto err_unpark;
	/* The lock is held, so no thread has seen it yet. */
	job->account = file->account;
	job->account->users++;
	return 0;

err_unpark:
	unpark(&job->parked);
err_uncharge:
	account_uncharge(file->account, job->charge);
	return ret;
}

void lane_submit_own(struct device *device, struct lane_job *job)
{
	job->device = device;
	if (!enqueue(job))
		return;
	job->prepare(job);
	if (job->cleanup)
		job->cleanup(job);
	free(job);
}

void lanes_wake_one(struct device *device)
{
	pthread_cond_signal(&device->lanes->work);
}

bool lane_job_is_abandoned(struct lane_job *job)
{
	bool is;

	device_lock(job->device);
	is = job->abandoned;
	device_unlock(job->device);
	return is;
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

void lanes_stop(struct device *device)
{
	struct lanes *lanes = device->lanes;
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 1;
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
