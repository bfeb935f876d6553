/* SPDX-License-Identifier: MIT */
/*
 * display-test.c - what callbacks are there for: a display flips to a frame as soon as that is
 * rendered, and a sleeper in user space is notified, without a call in between.
 */
#include <poll.h>
#include <semaphore.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core-test.h"

TestSuite(display, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

/* A display whose register says what is scanned out; the callback is on a frame's fence. */
struct display {
	struct dma_fence_cb flip;
	_Atomic uint64_t scanout;
	uint64_t next;
	pthread_t flipped_by;
};

static void flip(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct display *display = (struct display *)callback;

	display->flipped_by = pthread_self();
	display->scanout = display->next;
}

static void *signal_rendered(void *rendered)
{
	dma_fence_signal(rendered);
	return NULL;
}

Test(display, row_1_12_a_flip_queued_while_rendering_happens_with_the_signal)
{
	struct dma_fence *rendered = fence_create();
	struct display display = { .scanout = 0x1000, .next = 0x2000 };
	pthread_t renderer;

	cr_assert_eq(dma_fence_add_callback(rendered, &display.flip, flip), 0);
	cr_expect_eq(display.scanout, 0x1000, "the frame is still being rendered");
	cr_assert_eq(pthread_create(&renderer, NULL, signal_rendered, rendered), 0);
	pthread_join(renderer, NULL);
	cr_expect_eq(display.scanout, 0x2000);
	cr_expect(pthread_equal(display.flipped_by, renderer),
		  "the signaler flips: nobody else was woken");
	dma_fence_put(rendered);
}

Test(display, row_1_12_a_flip_to_what_is_rendered_already_is_not_queued)
{
	struct dma_fence *rendered = fence_create_signaled(1, 0);
	struct display display = { .scanout = 0x1000, .next = 0x2000 };

	cr_expect_eq(dma_fence_add_callback(rendered, &display.flip, flip), -ENOENT,
		     "the caller flips");
	cr_expect_eq(display.scanout, 0x1000);
	dma_fence_put(rendered);
}

Test(display, row_1_10_callbacks_run_in_the_thread_that_signals_before_it_goes_on)
{
	struct dma_fence *fence = fence_create();
	struct display display = { .next = 1 };

	cr_assert_eq(dma_fence_add_callback(fence, &display.flip, flip), 0);
	dma_fence_signal(fence);
	cr_expect_eq(display.scanout, 1);
	cr_expect(pthread_equal(display.flipped_by, pthread_self()));
	dma_fence_put(fence);
}

/* A worker, for what takes longer than a callback may. */
struct worker {
	struct dma_fence_cb queue;
	sem_t queued, may_end;
	_Atomic bool done;
};

static void queue_work(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	sem_post(&((struct worker *)callback)->queued);
}

static void *work(void *argument)
{
	struct worker *worker = argument;

	sem_wait(&worker->queued);
	sem_wait(&worker->may_end);
	worker->done = true;
	return NULL;
}

Test(display, row_1_10_work_that_takes_longer_is_queued_and_the_signaler_goes_on)
{
	struct dma_fence *fence = fence_create();
	struct worker worker = { .done = false };
	pthread_t thread;

	sem_init(&worker.queued, 0, 0);
	sem_init(&worker.may_end, 0, 0);
	cr_assert_eq(pthread_create(&thread, NULL, work, &worker), 0);
	cr_assert_eq(dma_fence_add_callback(fence, &worker.queue, queue_work), 0);
	cr_expect_eq(dma_fence_signal(fence), 0);
	cr_expect_not(worker.done, "the signal has returned, the work has not");
	sem_post(&worker.may_end);
	pthread_join(thread, NULL);
	cr_expect(worker.done);
	dma_fence_put(fence);
}

/* Of user space: an eventfd that it sleeps on. */
struct listener {
	struct dma_fence_cb callback;
	int eventfd;
};

static void tell(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	eventfd_write(((struct listener *)callback)->eventfd, 1);
}

struct renderer {
	uint32_t *pixel; /* in its own mapping of the buffer */
	struct dma_fence *rendered;
};

static void *render(void *argument)
{
	struct renderer *renderer = argument;

	sleep_ns(10 * NSEC_PER_MSEC);
	*renderer->pixel = 0x00c0ffee;
	dma_fence_signal(renderer->rendered);
	return NULL;
}

static uint32_t *map(int buffer)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0);

	cr_assert_neq(memory, MAP_FAILED);
	return memory;
}

Test(display, row_1_11_user_space_is_told_through_an_eventfd_and_maps_the_buffer)
{
	int buffer = memfd_create("frame", MFD_CLOEXEC);
	struct listener listener = { .eventfd = eventfd(0, EFD_CLOEXEC) };
	struct pollfd poll_for = { .fd = listener.eventfd, .events = POLLIN };
	struct renderer renderer;
	const uint32_t *pixel;
	eventfd_t told = 0;
	pthread_t thread;

	cr_assert_geq(buffer, 0);
	cr_assert_eq(ftruncate(buffer, 4096), 0);
	pixel = map(buffer);
	renderer = (struct renderer){ .pixel = map(buffer), .rendered = fence_create() };
	cr_assert_eq(dma_fence_add_callback(renderer.rendered, &listener.callback, tell), 0);
	cr_expect_eq(poll(&poll_for, 1, 0), 0, "not before the signal");

	cr_assert_eq(pthread_create(&thread, NULL, render, &renderer), 0);
	cr_expect_eq(poll(&poll_for, 1, PATIENCE_NS / NSEC_PER_MSEC), 1);
	cr_expect_eq(*pixel, 0x00c0ffee);
	eventfd_read(listener.eventfd, &told);
	cr_expect_eq(told, 1);

	pthread_join(thread, NULL);
	dma_fence_put(renderer.rendered);
	munmap(renderer.pixel, 4096);
	munmap((void *)pixel, 4096);
	close(listener.eventfd);
	close(buffer);
}
