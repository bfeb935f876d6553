/* SPDX-License-Identifier: MIT */
/* buffer_suite.c - see buffer_suite.h. */
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "buffer_suite.h"

int buffer = -1;
uint64_t *memory;

void buffer_begin(void)
{
	fixture_begin();
	buffer = new_buffer(BUFFER_SIZE);
	memory = map_buffer(buffer, BUFFER_SIZE);
}

void buffer_end(void)
{
	must(munmap(memory, BUFFER_SIZE));
	must(close(buffer));
	fixture_end();
}

static void *at(uint64_t offset)
{
	return (char *)memory + offset;
}

uint32_t load32(uint64_t offset)
{
	return __atomic_load_n((uint32_t *)at(offset), __ATOMIC_ACQUIRE);
}

uint64_t load64(uint64_t offset)
{
	return __atomic_load_n((uint64_t *)at(offset), __ATOMIC_ACQUIRE);
}

void store32(uint64_t offset, uint32_t value)
{
	__atomic_store_n((uint32_t *)at(offset), value, __ATOMIC_RELEASE);
}

void store64(uint64_t offset, uint64_t value)
{
	__atomic_store_n((uint64_t *)at(offset), value, __ATOMIC_RELEASE);
}

int wake(uint64_t offset, int most)
{
	return must((int)syscall(SYS_futex, at(offset), FUTEX_WAKE, most, NULL, NULL, 0));
}

uint32_t attach_new(uint32_t usage)
{
	uint32_t fence = new_fence(device);

	expect(raw_attach(device, buffer, fence, usage), 0);
	return fence;
}
