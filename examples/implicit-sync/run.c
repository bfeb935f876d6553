/* SPDX-License-Identifier: MIT */
/* The memory that all processes share: buffers and records. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "picture.h"
#include "run.h"

const char *role_name(enum role role)
{
	static const char *const names[] = {
		[ROLE_PRODUCER] = "producer",
		[ROLE_PROCESSOR] = "processor",
		[ROLE_CONSUMER] = "consumer",
	};

	return names[role];
}

uint32_t run_turns_max(const struct options *options)
{
	return options->frames * TURNS_PER_FRAME;
}

static size_t buffer_size(const struct run *run)
{
	return picture_size(run->options.size.width, run->options.size.height);
}

static size_t turns_size(const struct run *run)
{
	return run_turns_max(&run->options) * sizeof(struct turn);
}

/* NULL with errno. */
static void *map_shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int buffer_init(struct buffer *buffer, size_t size, atomic_int *readers, atomic_int *writers)
{
	void *pixels = MAP_FAILED;

	buffer->readers = readers;
	buffer->writers = writers;
	buffer->fd = memfd_create("implicit-sync", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (buffer->fd >= 0 && !ftruncate(buffer->fd, size) &&
	    !fcntl(buffer->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			      buffer->fd, 0);
	if (pixels == MAP_FAILED)
		return -errno;
	buffer->pixels = pixels;
	return 0;
}

static void buffer_destroy(struct buffer *buffer, size_t size)
{
	if (buffer->pixels)
		munmap(buffer->pixels, size);
	if (buffer->fd >= 0)
		close(buffer->fd);
}

int run_init(struct run *run)
{
	size_t size = buffer_size(run);

	run->shared = NULL;
	for (int role = 0; role < ROLES; role++)
		run->turns[role] = NULL;
	for (uint32_t index = 0; index < BUFFERS_MAX; index++)
		run->raw[index] = run->finished[index] = (struct buffer){ .fd = -1 };

	run->shared = map_shared(sizeof(*run->shared));
	if (!run->shared)
		return -errno;
	for (int role = 0; role < ROLES; role++) {
		run->turns[role] = map_shared(turns_size(run));
		if (!run->turns[role])
			return -errno;
	}
	for (uint32_t index = 0; index < run->options.buffers; index++) {
		struct shared *shared = run->shared;
		int error;

		error = buffer_init(&run->raw[index], size, &shared->readers[0][index],
				    &shared->writers[0][index]);
		if (!error)
			error = buffer_init(&run->finished[index], size, &shared->readers[1][index],
					    &shared->writers[1][index]);
		if (error)
			return error;
	}
	return 0;
}

void run_destroy(struct run *run)
{
	for (uint32_t index = 0; index < BUFFERS_MAX; index++) {
		buffer_destroy(&run->raw[index], buffer_size(run));
		buffer_destroy(&run->finished[index], buffer_size(run));
	}
	for (int role = 0; role < ROLES; role++) {
		if (run->turns[role])
			munmap(run->turns[role], turns_size(run));
	}
	if (run->shared)
		munmap(run->shared, sizeof(*run->shared));
}
