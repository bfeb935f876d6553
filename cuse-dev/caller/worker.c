/* SPDX-License-Identifier: MIT */
/*
 * worker.c - see worker.h. Everything here is under device->lock, except prepare and cleanup of a
 * job.
 *
 * A job is in the queue, or a thread has it. Interrupted in the queue it is freed at once, or else
 * a client whose workers hang could pile up jobs by being interrupted; interrupted while it runs it
 * is marked abandoned, and its thread frees it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "caller/worker.h"
#include "container_of.h"

/* How long a thread waits for more to do, and the end of the device for those that hang. */
#define IDLE_SECONDS 1
#define END_SECONDS  1

/* How long an interrupt waits for a worker that is about to access the caller. */
#define INTERRUPT_GRACE_NS 100000000

/* Processes of recent callers: a slot that is out of date costs nothing but fairness. */
#define PROCESS_SLOTS 256

/* An ioctl's argument is copied there, also for the answers that a job's signals cause. */
#define STACK_SIZE (256 * 1024)

/* Where the copy of an argument begins in a job. */
#define ARGUMENT_ALIGNMENT 16

/* A process, while it has jobs. */
struct worker_client {
	pid_t process;
	unsigned int jobs; /* queued and running */
	unsigned int running;
	UT_hash_handle hh;
};

static struct {
	struct device *device;
	struct worker_job *queue;      /* utlist */
	struct worker_client *clients; /* hash by process */
	unsigned int threads, idle, running;
	unsigned int wanted; /* threads: as many as there are jobs that clients may have running */
	unsigned int answering; /* jobs that are not pending any more, and not answered yet */
	pthread_cond_t work;	/* there is a job */
	pthread_cond_t ended;	/* a thread has ended, or the last answer was given */
	pthread_attr_t attributes;
	struct {
		pid_t thread, process;
	} processes[PROCESS_SLOTS];
} workers;

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

/* For fairness alone: a thread whose process cannot be read counts as one of its own. */
static pid_t recent_process(pid_t thread)
{
	unsigned int slot = (unsigned int)thread % PROCESS_SLOTS;

	if (workers.processes[slot].thread != thread) {
		pid_t process = process_of_thread(thread);

		if (!process)
			return thread;
		workers.processes[slot].thread = thread;
		workers.processes[slot].process = process;
	}
	return workers.processes[slot].process;
}

static struct worker_client *client_get(pid_t process)
{
	struct worker_client *client;

	HASH_FIND_INT(workers.clients, &process, client);
	if (!client) {
		client = calloc(1, sizeof(*client));
		if (!client)
			return NULL;
		client->process = process;
		HASH_ADD_INT(workers.clients, process, client);
		if (!client->hh.tbl) {
			free(client);
			return NULL;
		}
	}
	if (client->jobs++ < WORKERS_PER_CLIENT)
		workers.wanted++;
	return client;
}

static void client_put(struct worker_client *client)
{
	if (--client->jobs < WORKERS_PER_CLIENT)
		workers.wanted--;
	if (client->jobs)
		return;
	HASH_DEL(workers.clients, client);
	free(client);
}

static bool may_run(const struct worker_job *job)
{
	unsigned int of_user = account_count(job->account, ACCOUNT_WORKERS);

	if (job->client && job->client->running >= WORKERS_PER_CLIENT)
		return false;
	return of_user < WORKERS_PER_USER &&
	       (!of_user || workers.running < WORKERS_MAX - WORKERS_RESERVED);
}

/* The first job whose client and user have a worker free. */
static struct worker_job *next_job(void)
{
	struct worker_job *job;

	DL_FOREACH(workers.queue, job) {
		if (may_run(job)) {
			DL_DELETE(workers.queue, job);
			job->queued = false;
			return job;
		}
	}
	return NULL;
}

static void begin(struct worker_job *job)
{
	workers.running++;
	workers.device->stats.workers++;
	account_take(job->account, ACCOUNT_WORKERS, 1);
	if (job->client)
		job->client->running++;
	/* One wake-up may have stood for several jobs. */
	if (workers.queue && workers.idle)
		pthread_cond_signal(&workers.work);
}

static void end(struct worker_job *job)
{
	workers.running--;
	account_give_back(job->account, ACCOUNT_WORKERS, 1);
	if (job->client)
		job->client->running--;
}

/* It no longer counts for its client, nor for its user. */
static void discount(struct worker_job *job)
{
	if (job->client)
		client_put(job->client);
	else
		workers.wanted--;
	account_uncharge(job->account, job->charge);
	account_put(job->account);
}

/* At most once. */
static void cleanup(struct worker_job *job, bool *is_clean)
{
	if (!*is_clean && job->ops->cleanup)
		job->ops->cleanup(job);
	*is_clean = true;
}

/* Applies the effect unless it is abandoned. Is there an answer to give? */
static bool apply(struct worker_job *job)
{
	struct open_file *file = job->pending.request.file;

	if (job->abandoned || !job->pending.ops)
		return false;
	file_get(file);
	pending_take_out(&job->pending);
	if (!job->result && job->ops->apply)
		job->result = job->ops->apply(job);
	file_put(file);
	return job->result != REQUEST_BLOCKED;
}

/* Called and returns with the lock held. */
static void run(struct worker_job *job)
{
	struct device *device = job->device;
	bool answer, is_clean = false;

	/* It is not abandoned: such a job was freed in the queue. */
	begin(job);
	device_unlock(device);
	job->result = job->ops->prepare(job);
	/*
	 * Closing an fd that was refused may hang as well, in the flush of its filesystem: so it is
	 * done while the request can still be interrupted.
	 */
	if (job->result)
		cleanup(job, &is_clean);
	device_lock(device);
	answer = apply(job);
	workers.answering += answer;
	if (!is_clean && job->ops->cleanup) {
		device_unlock_and_notify(device);
		cleanup(job, &is_clean);
		device_lock(device);
	}
	/* Before the answer, or else its client's next request would find it still there. */
	end(job);
	discount(job);
	device_unlock_and_notify(device);
	if (answer)
		request_reply(&job->pending.request, job->result, job->pending.answer);
	free(job);
	device_lock(device);
	device->stats.workers--;
	workers.answering -= answer;
	if (!workers.answering && device->stopping)
		pthread_cond_broadcast(&workers.ended);
	/* Its client may have another one that had to wait for this. */
	if (workers.queue)
		pthread_cond_signal(&workers.work);
}

static void *worker_thread(void *data)
{
	struct device *device = data;

	device_lock(device);
	while (!device->stopping || workers.queue) {
		struct worker_job *job = next_job();
		struct timespec until;
		int ret;

		if (job) {
			run(job);
			continue;
		}
		device_seconds_from_now(&until, IDLE_SECONDS);
		workers.idle++;
		ret = device_wait(device, &workers.work, &until);
		workers.idle--;
		/* A job that came at the last moment is not left behind. */
		if (ret == ETIMEDOUT) {
			job = next_job();
			if (!job)
				break;
			run(job);
		}
	}
	workers.threads--;
	pthread_cond_broadcast(&workers.ended);
	device_unlock(device);
	return NULL;
}

/* -ENOMEM: there is no thread at all to do the job. */
static int need_thread(struct device *device)
{
	pthread_t thread;

	if (workers.idle)
		device_wake_later(device, &workers.work);
	if (workers.threads >= workers.wanted || workers.threads == WORKERS_MAX)
		return 0;
	if (pthread_create(&thread, &workers.attributes, worker_thread, device))
		return workers.threads ? 0 : -ENOMEM;
	workers.threads++;
	return 0;
}

static struct worker_job *to_job(struct pending *pending)
{
	return container_of(pending, struct worker_job, pending);
}

static void abandon(struct pending *pending, int result)
{
	struct worker_job *job = to_job(pending);

	job->abandoned = true;
	timer_cancel(&job->interrupt_grace);
}

/* Its thread may be writing to the argument, which does not go back. */
static void reply_abandoned(struct pending *pending, int result)
{
	fuse_reply_err(pending->request.fuse, -result);
}

static void free_queued(struct pending *pending)
{
	struct worker_job *job = to_job(pending);

	if (!job->queued)
		return;
	/* Nothing was prepared, so there is nothing to clean up. */
	DL_DELETE(workers.queue, job);
	discount(job);
	free(job);
}

static void grace_is_over(struct timer *timer)
{
	pending_complete(&container_of(timer, struct worker_job, interrupt_grace)->pending,
			 -ERESTARTSYS);
}

static bool defer_interrupt(struct pending *pending)
{
	struct worker_job *job = to_job(pending);

	if (!job->in_caller)
		return false;
	if (!job->interrupted &&
	    timer_set(&job->interrupt_grace, dma_fence_now() + INTERRUPT_GRACE_NS, grace_is_over))
		return false;
	job->interrupted = true;
	return true;
}

static const struct pending_ops job_ops = {
	.end = abandon,
	.reply = reply_abandoned,
	.free = free_queued,
	.defer_interrupt = defer_interrupt,
};

bool worker_enter_caller(struct worker_job *job)
{
	device_lock(job->device);
	job->in_caller = !job->abandoned;
	device_unlock(job->device);
	return job->in_caller;
}

void worker_leave_caller(struct worker_job *job)
{
	device_lock(job->device);
	job->in_caller = false;
	timer_cancel(&job->interrupt_grace);
	if (job->interrupted && !job->abandoned)
		pending_complete(&job->pending, -ERESTARTSYS);
	device_unlock_and_notify(job->device);
}

bool worker_job_is_abandoned(struct worker_job *job)
{
	bool is;

	device_lock(job->device);
	is = job->abandoned;
	device_unlock(job->device);
	return is;
}

void *worker_job_create(const struct request *request, const struct worker_job_ops *ops,
			size_t size, const void *argument, size_t argument_size)
{
	size_t place = (size + ARGUMENT_ALIGNMENT - 1) / ARGUMENT_ALIGNMENT * ARGUMENT_ALIGNMENT;
	struct worker_job *job = calloc(1, place + argument_size);

	if (!job)
		return NULL;
	job->pending.request = *request;
	if (job->pending.request.reply_size > argument_size)
		job->pending.request.reply_size = argument_size;
	job->ops = ops;
	job->device = request->device;
	job->account = request->file->account;
	job->charge = place + argument_size;
	job->argument = (char *)job + place;
	job->pending.answer = job->argument;
	memcpy(job->argument, argument, argument_size);
	return job;
}

static void enqueue(struct worker_job *job)
{
	DL_APPEND(workers.queue, job);
	job->queued = true;
}

static int submit(struct worker_job *job)
{
	const struct request request = job->pending.request;
	int ret = account_charge(job->account, job->charge);

	if (ret)
		return ret;
	ret = pending_start(&job->pending, &job_ops, &request, 0);
	if (ret)
		goto err_uncharge;
	ret = -ENOMEM;
	job->client = client_get(recent_process(request.thread));
	if (!job->client)
		goto err_take_out;
	ret = need_thread(job->device);
	if (ret)
		goto err_put;
	account_get(job->account);
	enqueue(job);
	return 0;

err_put:
	client_put(job->client);
err_take_out:
	pending_take_out(&job->pending);
err_uncharge:
	account_uncharge(job->account, job->charge);
	return ret;
}

int worker_submit(struct worker_job *job)
{
	int ret = job ? submit(job) : -ENOMEM;

	if (!ret)
		return REQUEST_BLOCKED;
	free(job);
	return ret;
}

void worker_submit_own(struct device *device, struct account *account, struct worker_job *job)
{
	/* Its memory was charged when it was allocated, if at all. */
	job->charge = 0;
	job->device = device;
	job->account = account_get(account);
	workers.wanted++;
	enqueue(job);
	/* Without any thread it waits for the next that can be started. */
	need_thread(device);
}

void workers_start(struct device *device)
{
	workers.device = device;
	device_condition_init(&workers.work);
	device_condition_init(&workers.ended);
	pthread_attr_init(&workers.attributes);
	pthread_attr_setstacksize(&workers.attributes, STACK_SIZE);
	pthread_attr_setdetachstate(&workers.attributes, PTHREAD_CREATE_DETACHED);
}

/* Until *count is 0, or a second has passed. */
static bool wait_for_none(const unsigned int *count)
{
	struct device *device = workers.device;
	struct timespec until;
	bool is_none;
	int ret = 0;

	device_seconds_from_now(&until, END_SECONDS);
	device_lock(device);
	pthread_cond_broadcast(&workers.work);
	while (*count && ret != ETIMEDOUT)
		ret = device_wait(device, &workers.ended, &until);
	is_none = !*count;
	device_unlock(device);
	return is_none;
}

bool workers_have_answered(void)
{
	return wait_for_none(&workers.answering);
}

bool workers_stop(void)
{
	if (!wait_for_none(&workers.threads))
		return false;
	pthread_attr_destroy(&workers.attributes);
	pthread_cond_destroy(&workers.work);
	pthread_cond_destroy(&workers.ended);
	return true;
}
