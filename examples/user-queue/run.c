/* SPDX-License-Identifier: MIT */
/* The records that all processes share, and what is right of a job. */
#include <errno.h>
#include <sys/mman.h>

#include "run.h"

static size_t records_size(const struct run *run)
{
	return run->options.jobs * sizeof(struct job_record);
}

int run_init(struct run *run)
{
	for (int mode = 0; mode < MODES; mode++) {
		void *records = mmap(NULL, records_size(run), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		if (records == MAP_FAILED)
			return -errno;
		run->modes[mode] = (struct mode_record){ .records = records };
	}
	return 0;
}

void run_destroy(struct run *run)
{
	for (int mode = 0; mode < MODES; mode++)
		munmap(run->modes[mode].records, records_size(run));
}

const char *run_mode_name(enum queue_mode mode)
{
	return mode == MODE_WAIT_FIRST ? "wait first" : "user queue";
}

uint32_t run_bind_of(const struct options *options, uint32_t job)
{
	return options->bind_every ? job / options->bind_every + 1 : 0;
}

bool run_too_early(const struct mode_record *mode, uint32_t job)
{
	const struct job_record *record = &mode->records[job];

	return record->blank || record->draw_ns < record->frame_ns ||
	       record->draw_ns < record->bound_ns ||
	       (job > 0 && record->draw_ns < mode->records[job - 1].done_ns);
}
