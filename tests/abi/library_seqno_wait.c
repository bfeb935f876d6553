/* SPDX-License-Identifier: MIT */
/* library_seqno_wait.c - libdmafence: waiting on memory, spinning and then in a futex. */
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buffer_suite.h"
#include "libdmafence.h"
#include "process.h"

BUFFER_SUITE(library_seqno_wait);

static int wait_for(uint32_t size, uint64_t value, uint64_t spin_ns, int64_t deadline_ns)
{
	return dma_fence_seqno_wait(memory, size, value, spin_ns, deadline_ns) < 0 ? -errno : 0;
}

Test(library_seqno_wait, reached_value_returns_at_once)
{
	store64(0, 5);
	expect(wait_for(8, 5, 0, 0), 0);
	expect(wait_for(8, 4, 0, 0), 0);
	expect(wait_for(4, 5, 0, 0), 0);
	expect(wait_for(8, 6, 0, 0), -ETIME);
}

Test(library_seqno_wait, comparison_wraps)
{
	store64(0, UINT64_MAX - 1);
	expect(wait_for(8, UINT64_MAX, 0, 0), -ETIME);
	expect(wait_for(8, 2, 0, 0), -ETIME);
	store64(0, 3);
	expect(wait_for(8, UINT64_MAX, 0, 0), 0);
	expect(wait_for(8, 2, 0, 0), 0);
	/* Of four bytes the rest is not looked at. */
	store64(0, 0xffffffff00000003);
	expect(wait_for(4, 0xfffffffe, 0, 0), 0);
	expect(wait_for(4, 0x5555555500000002, 0, 0), 0);
	expect(wait_for(4, 4, 0, 0), -ETIME);
}

Test(library_seqno_wait, bad_size_or_alignment_is_einval)
{
	static const uint32_t bad[] = { 0, 1, 2, 3, 5, 16, ~0u };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(wait_for(bad[i], 0, 0, 0), -EINVAL);
	check(dma_fence_seqno_wait((char *)memory + 4, 8, 0, 0, 0) == -1 && errno == EINVAL);
	check(dma_fence_seqno_wait((char *)memory + 2, 4, 0, 0, 0) == -1 && errno == EINVAL);
	check(dma_fence_seqno_wait((char *)memory + 4, 4, 0, 0, 0) == 0);
}

Test(library_seqno_wait, deadline_is_kept)
{
	static const uint64_t spins[] = { 0, 1000, 5 * NSEC_PER_MSEC, UINT64_MAX };
	size_t i;

	for (i = 0; i < sizeof(spins) / sizeof(spins[0]); i++) {
		int64_t deadline = in_ms(30);

		expect(wait_for(8, 1, spins[i], deadline), -ETIME);
		check(now_ns() >= deadline);
		expect(wait_for(4, 1, spins[i], deadline), -ETIME);
	}
	expect(wait_for(8, 1, 1000, INT64_MIN), -ETIME);
}

static void wait_for_signal(uint32_t size, uint64_t spin_ns, int64_t deadline_ns)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 30 * NSEC_PER_MSEC,
	};

	store64(0, 0);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_seqno_write(device, create.handle, buffer, 0, 7, size), 0);
	expect(wait_for(size, 7, spin_ns, deadline_ns), 0);
	expect(*memory, 7);
}

Test(library_seqno_wait, futex_is_woken_by_the_device)
{
	wait_for_signal(4, 0, DMA_FENCE_WAIT_FOREVER);
	wait_for_signal(8, 0, DMA_FENCE_WAIT_FOREVER);
	wait_for_signal(4, 0, in_ms(PATIENCE_MS));
	wait_for_signal(8, 0, in_ms(PATIENCE_MS));
	wait_for_signal(8, 0, DMA_FENCE_WAIT_FOREVER - 1);
}

Test(library_seqno_wait, spinning_sees_the_value)
{
	wait_for_signal(4, 10 * NSEC_PER_SEC, DMA_FENCE_WAIT_FOREVER);
	wait_for_signal(8, 10 * NSEC_PER_SEC, DMA_FENCE_WAIT_FOREVER);
}

Test(library_seqno_wait, read_only_memory_will_do)
{
	struct dma_fence_create create = {
		.flags = DMA_FENCE_CREATE_AUTO_SIGNAL,
		.signal_delay_ns = 30 * NSEC_PER_MSEC,
	};
	const void *read_only = must(mmap(NULL, 4096, PROT_READ, MAP_SHARED, buffer, 0));

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), 0);
	expect(raw_seqno_write(device, create.handle, buffer, 0, 7, 8), 0);
	expect(dma_fence_seqno_wait(read_only, 8, 7, 0, in_ms(PATIENCE_MS)), 0);
	must(munmap((void *)(uintptr_t)read_only, 4096));
}

struct sleeper {
	struct thread thread;
	uint32_t size;
	uint64_t value;
	int result;
};

static void sleep_for_value(void *data)
{
	struct sleeper *sleeper = data;

	sleeper->result = wait_for(sleeper->size, sleeper->value, 0, DMA_FENCE_WAIT_FOREVER);
}

Test(library_seqno_wait, wake_up_without_the_value_is_slept_through)
{
	struct sleeper sleeper = { .size = 8, .value = 3 };
	uint64_t i;

	thread_start(&sleeper.thread, sleep_for_value, &sleeper);
	for (i = 1; i <= 3; i++) {
		sleep_ms(10);
		store64(0, i);
		wake(0, INT32_MAX);
	}
	thread_join(&sleeper.thread);
	expect(sleeper.result, 0);
}

Test(library_seqno_wait, upper_half_alone_is_seen_in_the_end)
{
	struct sleeper sleeper = { .size = 8, .value = 1ull << 32 };

	/* No wake-up, and the word that the futex looks at stays 0. */
	thread_start(&sleeper.thread, sleep_for_value, &sleeper);
	sleep_ms(20);
	store64(0, 1ull << 32);
	thread_join(&sleeper.thread);
	expect(sleeper.result, 0);
}

static void on_signal(int number)
{
}

Test(library_seqno_wait, wait_is_interrupted_as_a_futex_is)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sleeper sleeper = { .size = 4, .value = 1 };

	must(sigaction(SIGUSR1, &action, NULL));
	thread_start(&sleeper.thread, sleep_for_value, &sleeper);
	do
		pthread_kill(sleeper.thread.thread, SIGUSR1);
	while (pthread_tryjoin_np(sleeper.thread.thread, NULL) != 0 && (sleep_ms(5), true));
	expect(sleeper.result, -EINTR);
}

static void wait_in_child(void *data)
{
	expect(wait_for(8, 9, 1000, in_ms(PATIENCE_MS)), 0);
}

Test(library_seqno_wait, waiters_in_several_processes_are_woken)
{
	uint32_t fence = new_fence(device);
	pid_t pids[4];
	int i;

	expect(raw_seqno_write(device, fence, buffer, 0, 9, 8), 0);
	for (i = 0; i < 4; i++)
		pids[i] = spawn(wait_in_child, NULL);
	for (i = 0; i < 4; i++)
		wait_until_asleep(pids[i]);
	expect(raw_signal(device, fence, 0), 0);
	for (i = 0; i < 4; i++)
		expect_success(pids[i]);
}
