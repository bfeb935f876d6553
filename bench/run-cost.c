/* SPDX-License-Identifier: MIT */
/*
 * run-cost.c - what a program pays for being run by dma-fence-run when nothing of it is stopped:
 * the same calls, timed in this program and in one that dma-fence-run has started, by turns.
 *
 * Both are pinned to the same processor; a round is one of each, and what is printed is the median
 * of the rounds' ratios, so that what the machine does besides falls out.
 */
#include <err.h>
#include <getopt.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libdmafence.h"

#define ROUNDS 21

static int pipe_ends[2];
static int device = -1;
static uint32_t fence;

static void call_nothing(void)
{
	syscall(SYS_getppid);
}

static void call_foreign_ioctl(void)
{
	int readable;

	ioctl(pipe_ends[0], FIONREAD, &readable);
}

static void call_device(void)
{
	int status;

	if (dma_fence_device_get_status(device, fence, &status))
		err(1, "the device");
}

static const struct {
	const char *name;
	void (*call)(void);
	unsigned int count;
} cases[] = {
	{ "a system call that is no ioctl", call_nothing, 200000 },
	{ "an ioctl on a pipe", call_foreign_ioctl, 200000 },
	{ "QUERY on the device", call_device, 5000 },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Nanoseconds for each call, of each case. */
static void measure(double times[CASES])
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	device = dma_fence_device_open(NULL);
	if (device < 0)
		err(2, "%s", dma_fence_device_default_path());
	if (dma_fence_device_create(device, "cost", &fence) || pipe(pipe_ends))
		err(2, NULL);
	for (unsigned int i = 0; i < CASES; i++) {
		double start;

		for (unsigned int warm_up = 0; warm_up < cases[i].count / 10; warm_up++)
			cases[i].call();
		start = now_ns();
		for (unsigned int call = 0; call < cases[i].count; call++)
			cases[i].call();
		times[i] = (now_ns() - start) / cases[i].count;
	}
}

/* In a process of its own, under dma-fence-run (NULL: not). */
static void measure_in_process(const char *run, const char *self, double times[CASES])
{
	int ends[2], status;
	pid_t pid;

	if (pipe(ends))
		err(2, NULL);
	pid = fork();
	if (pid < 0)
		err(2, NULL);
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (run)
			execl(run, run, self, "--measure", (char *)NULL);
		else
			execl(self, self, "--measure", (char *)NULL);
		err(2, "%s", run ? run : self);
	}
	close(ends[1]);
	if (read(ends[0], times, CASES * sizeof(times[0])) != (ssize_t)(CASES * sizeof(times[0])))
		errx(2, "there was nothing measured");
	close(ends[0]);
	waitpid(pid, &status, 0);
}

static int compare(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

static double median(double values[ROUNDS])
{
	qsort(values, ROUNDS, sizeof(values[0]), compare);
	return values[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	/* What it runs itself with: writes the times to standard output. */
	static const struct option long_options[] = {
		{ "measure", no_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	double alone[CASES][ROUNDS], ratios[CASES][ROUNDS], times[CASES], filtered[CASES];

	switch (getopt_long(argc, argv, "", long_options, NULL)) {
	case -1:
		break;
	case 'm':
		measure(times);
		return write(STDOUT_FILENO, times, sizeof(times)) != sizeof(times);
	default:
		return 2;
	}
	if (optind != argc - 1)
		errx(2, "usage: run-cost DMA-FENCE-RUN (the device: $DMA_FENCE_DEVICE)");
	for (unsigned int round = 0; round < ROUNDS; round++) {
		measure_in_process(NULL, "/proc/self/exe", times);
		measure_in_process(argv[optind], argv[0], filtered);
		for (unsigned int i = 0; i < CASES; i++) {
			alone[i][round] = times[i];
			ratios[i][round] = filtered[i] / times[i];
		}
	}
	for (unsigned int i = 0; i < CASES; i++)
		printf("%-31s %8.0f ns alone, times %.3f under dma-fence-run\n", cases[i].name,
		       median(alone[i]), median(ratios[i]));
	return 0;
}
