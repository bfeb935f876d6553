/* SPDX-License-Identifier: MIT */
/* The records that both processes share. */
#include <errno.h>
#include <sys/mman.h>

#include "run.h"

static size_t records_size(const struct run *run)
{
	return run->options.frames * sizeof(struct frame_record);
}

int run_init(struct run *run)
{
	run->frames = mmap(NULL, records_size(run), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return run->frames == MAP_FAILED ? -errno : 0;
}

void run_destroy(struct run *run)
{
	munmap(run->frames, records_size(run));
}
