/* SPDX-License-Identifier: MIT */
/*
 * wakeups.c - one process waits, another signals: the clock starts right before the signaling
 * request and ends when the wait has returned. The ways to wait are in wakeup-cases.c.
 *
 * A sample counts only if the waiter is asleep in its wait, and the server too, when the clock
 * starts. So the signaler looks at the waiter's state in /proc, puts one request through
 * the server, and looks again: whatever the waiter had asked of the server has been answered then.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wakeups.h"

/* Nothing takes this long; what does is a wake-up that was lost. */
#define LOST_NS (10 * NSEC_PER_SEC)
#define LOOK_NS 10000
/* For the servers to get back to sleep, and for a spinning waiter to spin. */
#define CALM_NS 50000

struct wakeup_context {
	const struct wakeup_case *row;
	struct stage *stage;
	struct wakeup_batch *batch;
};

/* The process that waits, as the signaler sees it. */
struct waiter {
	pid_t pid;
	int stat_fd; /* /proc/PID/stat */
};

static void futex_wake(atomic_uint *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futex_wait(atomic_uint *word, unsigned int value)
{
	struct timespec timeout = {.tv_sec = 1};

	syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
}

/* What the waiter does; it does not return. */
static void run_waiter(const struct wakeup_case *row, struct wakeup_batch *batch, pid_t parent)
{
	struct wakeup_shared *shared = batch->shared;
	unsigned int i;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGHUP, SIG_DFL);

	ret = row->enter ? row->enter(batch) : 0;
	for (i = 0; i < batch->count; i++) {
		atomic_store(&shared->entered, i + 1);
		if (ret == 0)
			ret = row->wait(batch, i);
		shared->woken_ns[i] = now_ns();
		shared->error = ret;
		atomic_store(&shared->woken, i + 1);
		futex_wake(&shared->woken);
	}
	_exit(0);
}

static int start_waiter(struct waiter *waiter, const struct wakeup_case *row,
			struct wakeup_batch *batch)
{
	pid_t parent = getpid();
	char path[64];

	fflush(NULL);
	waiter->stat_fd = -1;
	waiter->pid = fork();
	if (waiter->pid == 0)
		run_waiter(row, batch, parent);
	if (waiter->pid < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)waiter->pid);
	waiter->stat_fd = open(path, O_RDONLY | O_CLOEXEC);
	return waiter->stat_fd < 0 ? -errno : 0;
}

/*
 * After an error the waiter may be in a request that only the end of the server ends: it is not
 * waited for here. The function that stops the servers reaps it.
 */
static void stop_waiter(struct waiter *waiter, int ret)
{
	if (waiter->stat_fd >= 0)
		close(waiter->stat_fd);
	if (waiter->pid < 0)
		return;
	if (ret < 0)
		kill(waiter->pid, SIGKILL);
	else
		waitpid(waiter->pid, NULL, 0);
}

/* The letter of proc(5); '\0' when it cannot be read. */
static char waiter_state(const struct waiter *waiter)
{
	char stat[512], *end;
	ssize_t length = pread(waiter->stat_fd, stat, sizeof(stat) - 1, 0);

	if (length <= 0)
		return '\0';
	stat[length] = '\0';
	/* Behind the name, which may hold anything. */
	end = strrchr(stat, ')');
	return end && end[1] == ' ' ? end[2] : '\0';
}

/* Until the waiter has begun its wait number i, and sleeps. */
static int wait_until_asleep(const struct waiter *waiter, struct wakeup_shared *shared,
			     unsigned int i)
{
	uint64_t start = now_ns();

	for (;;) {
		pause_ns(LOOK_NS);
		/* It could not wait, or something else has woken it. */
		if (atomic_load(&shared->woken) > i)
			return shared->error < 0 ? shared->error : -EIO;
		if (atomic_load(&shared->entered) > i && waiter_state(waiter) == 'S')
			return 0;
		if (interrupted())
			return -EINTR;
		if (now_ns() - start > LOST_NS)
			return -ETIMEDOUT;
	}
}

static int wait_until_entered(struct wakeup_shared *shared, unsigned int i)
{
	uint64_t start = now_ns();

	while (atomic_load(&shared->entered) <= i) {
		pause_ns(LOOK_NS);
		if (interrupted())
			return -EINTR;
		if (now_ns() - start > LOST_NS)
			return -ETIMEDOUT;
	}
	return 0;
}

static int wait_until_woken(struct wakeup_shared *shared, unsigned int i)
{
	uint64_t start = now_ns();
	unsigned int woken;

	while ((woken = atomic_load(&shared->woken)) <= i) {
		futex_wait(&shared->woken, woken);
		if (interrupted())
			return -EINTR;
		if (now_ns() - start > LOST_NS)
			return -ETIMEDOUT;
	}
	return shared->error;
}

static int take_sample(const struct wakeup_case *row, struct wakeup_batch *batch,
		       const struct waiter *waiter, unsigned int i, uint64_t *latency_ns)
{
	struct wakeup_shared *shared = batch->shared;
	uint64_t start;
	int ret;

	if (row->spins) {
		ret = wait_until_entered(shared, i);
	} else {
		ret = wait_until_asleep(waiter, shared, i);
		if (ret == 0)
			ret = target_settle(batch->target);
		if (ret == 0)
			ret = wait_until_asleep(waiter, shared, i);
	}
	if (ret < 0)
		return ret;
	pause_ns(CALM_NS);

	start = now_ns();
	if (ioctl(batch->file, batch->wake_request, &batch->wake[i]) < 0)
		return -errno;
	ret = wait_until_woken(shared, i);
	*latency_ns = shared->woken_ns[i] - start;
	return ret;
}

static int prepare(const struct wakeup_case *row, struct wakeup_batch *batch, bool native)
{
	int (*prepare_one)(struct wakeup_batch *, unsigned int) =
		native ? row->prepare_device : row->prepare_floor;
	unsigned int i;
	int ret = 0;

	for (i = 0; ret == 0 && i < batch->count; i++) {
		batch->wake[i].head.count = 1;
		if (native &&
		    dma_fence_device_create(batch->file, "bench", &batch->wake[i].handle) < 0)
			return -errno;
		if (prepare_one)
			ret = prepare_one(batch, i);
	}
	return ret;
}

static void set_requests(const struct wakeup_case *row, struct wakeup_batch *batch, bool native)
{
	unsigned int direction = _IOC_READ | _IOC_WRITE;

	batch->wake_request =
		native ? DMA_FENCE_IOC_SIGNAL_INLINE(1)
		       : FLOOR_IOC(direction, row->floor_wake, sizeof(batch->wake[0]));
	batch->wait_request = native ? DMA_FENCE_IOC_WAIT_INLINE(1)
				     : FLOOR_IOC(direction, FLOOR_PARK, sizeof(batch->wait[0]));
}

static int run_batch(void *data, enum side side, uint64_t *latency_ns)
{
	struct wakeup_context *context = data;
	const struct wakeup_case *row = context->row;
	struct target *target = &context->stage->target[side];
	struct wakeup_batch *batch = context->batch;
	struct wakeup_shared *shared = batch->shared;
	struct waiter waiter = {.pid = -1, .stat_fd = -1};
	unsigned int i;
	uint64_t warm_up_ns;
	int ret;

	memset(shared, 0, sizeof(*shared));
	memset(batch, 0, sizeof(*batch));
	batch->shared = shared;
	batch->stage = context->stage;
	batch->target = target;
	batch->count = WAKEUP_BATCH_MAX;
	batch->seqno = __atomic_load_n(context->stage->memory, __ATOMIC_ACQUIRE);
	for (i = 0; i < batch->count; i++)
		batch->pollable[i] = -1;
	set_requests(row, batch, target->native);
	batch->file = open(target->path, O_RDWR | O_CLOEXEC);
	if (batch->file < 0)
		return -errno;

	ret = prepare(row, batch, target->native);
	if (ret == 0)
		ret = start_waiter(&waiter, row, batch);
	for (i = 0; ret == 0 && i < batch->count; i++)
		ret = take_sample(row, batch, &waiter, i,
				  i < WAKEUP_BATCH_WARM_UP ? &warm_up_ns
							   : &latency_ns[i - WAKEUP_BATCH_WARM_UP]);
	stop_waiter(&waiter, ret);

	for (i = 0; i < batch->count; i++)
		if (batch->pollable[i] >= 0)
			close(batch->pollable[i]);
	close(batch->file);
	/* What the server still has to clear away does not belong to the other side's time. */
	return ret < 0 ? ret : target_settle(target);
}

int wakeup_measure(const struct wakeup_case *row, struct stage *stage, unsigned int samples,
		   struct measurement *measurement)
{
	struct wakeup_context context = {.row = row, .stage = stage};
	int ret = -ENOMEM;
	struct wakeup_shared *shared;

	if (stage->target[SIDE_DEVICE].native && row->features & ~stage->caps.features)
		return -EOPNOTSUPP;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return -errno;
	context.batch = malloc(sizeof(*context.batch));
	if (context.batch) {
		context.batch->shared = shared;
		/* A pause is as long as it says, not half a tick's slack longer. */
		prctl(PR_SET_TIMERSLACK, 1ul);
		ret = measure(measurement, samples, WAKEUP_BATCH_SAMPLES, run_batch, &context);
		prctl(PR_SET_TIMERSLACK, 0ul);
	}
	free(context.batch);
	munmap(shared, sizeof(*shared));
	return ret;
}
