/* SPDX-License-Identifier: MIT */
/* resv.c - see resv.h. */
#include <unistd.h>

#include "fixture.h"
#include "resv.h"

int buffers[BUFFER_COUNT];

void resv_begin(void)
{
	int i;

	fixture_begin();
	for (i = 0; i < BUFFER_COUNT; i++)
		buffers[i] = new_buffer(4096);
}

void resv_end(void)
{
	int i;

	for (i = 0; i < BUFFER_COUNT; i++)
		must(close(buffers[i]));
	fixture_end();
}

int lock(int fd, int first, uint32_t count, uint32_t flags, int64_t deadline_ns, uint32_t *ticket,
	 uint32_t *contended)
{
	return raw_resv_lock(fd, &buffers[first], count, flags, deadline_ns, ticket, contended);
}

uint32_t old_ticket(int fd)
{
	uint32_t ticket = new_ticket(fd, &buffers[BUFFER_COUNT - 1], 1);

	expect(raw_resv_unlock(fd, ticket, DMA_FENCE_RESV_UNLOCK_BACK_OFF), 0);
	return ticket;
}

static void run_locker(void *data)
{
	struct locker *locker = data;

	locker->result = lock(locker->fd, locker->first, locker->count, locker->flags,
			      locker->deadline_ns, &locker->ticket, &locker->contended);
}

void locker_start(struct locker *locker, int fd, int first, uint32_t count, uint32_t flags,
		  int64_t deadline_ns, uint32_t ticket)
{
	*locker = (struct locker){
		.fd = fd,
		.first = first,
		.count = count,
		.flags = flags,
		.deadline_ns = deadline_ns,
		.ticket = ticket,
		.contended = DMA_FENCE_RESV_LOCK_NONE,
	};
	thread_start(&locker->thread, run_locker, locker);
}

void locker_join(struct locker *locker)
{
	thread_join(&locker->thread);
}
