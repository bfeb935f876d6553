/* SPDX-License-Identifier: MIT */
/* buffer_memory.c - see buffer_memory.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "buffer/buffer_memory.h"
#include "seqno_write.h"

/*
 * Windows without users stay mapped up to this many a buffer: a ring is written to again and again.
 */
#define IDLE_WINDOWS_MAX 64

/* Large enough that a ring, or a page of seqnos for each of many rings, needs one. */
#define WINDOW_SIZE (2ull << 20)

/* A file of which this much is allocated is freed in well under a millisecond. */
#define SMALL_FILE (4ull << 20)

/* A buffer's file: how large it is, and in what units it is mapped. */
struct measure {
	uint64_t size, page, window;
};

static _Thread_local sigjmp_buf *bus_error_return;

static void on_bus_error(int number)
{
	if (bus_error_return)
		siglongjmp(*bus_error_return, 1);
	/* Not an access of ours: the process dies when it happens again. */
	signal(number, SIG_DFL);
}

int buffer_memory_init(void)
{
	struct sigaction action = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };

	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

/*
 * In a small file a hole is punched at once. Whether the page is present says nothing: it may be
 * gone before the access.
 */
enum memory_state memory_state(int fd, uint64_t *size)
{
	struct stat stat;

	if (fstat(fd, &stat)) {
		*size = UINT64_MAX;
		return MEMORY_MAY_BLOCK;
	}
	*size = (uint64_t)stat.st_size;
	return (uint64_t)stat.st_blocks * 512 <= SMALL_FILE ? MEMORY_IS_PRESENT : MEMORY_MAY_BLOCK;
}

bool memory_peek(int fd, uint64_t offset, uint32_t size, uint64_t *value)
{
	union {
		uint32_t half;
		uint64_t whole;
	} word;

	if (pread(fd, &word, size, (off_t)offset) != (ssize_t)size)
		return false;
	*value = size == sizeof(word.half) ? word.half : word.whole;
	return true;
}

bool memory_store(void *address, uint32_t size, uint64_t value)
{
	sigjmp_buf here;
	/* It is read after a jump. */
	volatile bool stored = false;

	/*
	 * Without the signal mask: saving it would be a system call, and SA_NODEFER leaves it as it
	 * is.
	 */
	if (!sigsetjmp(here, 0)) {
		bus_error_return = &here;
		seqno_write_perform(address, size, value);
		stored = true;
	}
	bus_error_return = NULL;
	return stored;
}

bool memory_load(const void *address, uint32_t size, uint64_t *value)
{
	sigjmp_buf here;
	volatile bool loaded = false;

	if (!sigsetjmp(here, 0)) {
		bus_error_return = &here;
		/* Pairs with the release of the thread that stores there. */
		*value = size == sizeof(uint32_t)
				 ? __atomic_load_n((const uint32_t *)address, __ATOMIC_ACQUIRE)
				 : __atomic_load_n((const uint64_t *)address, __ATOMIC_ACQUIRE);
		loaded = true;
	}
	bus_error_return = NULL;
	return loaded;
}

static void sync_access(const struct buffer *buffer, uint64_t flags)
{
	struct dma_buf_sync sync = { .flags = flags };

	if (buffer->is_dmabuf)
		ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

void buffer_begin_access(const struct buffer *buffer, bool write)
{
	sync_access(buffer, DMA_BUF_SYNC_START | (write ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ));
}

void buffer_end_access(const struct buffer *buffer, bool write)
{
	sync_access(buffer, DMA_BUF_SYNC_END | (write ? DMA_BUF_SYNC_WRITE : DMA_BUF_SYNC_READ));
}

int memory_place_check(const struct memory_place *place)
{
	if ((place->size != 4 && place->size != 8) || place->offset & (place->size - 1))
		return -EINVAL;
	return 0;
}

static int check_access(int fd, bool writable)
{
	int mode = fcntl(fd, F_GETFL) & O_ACCMODE, seals = fcntl(fd, F_GET_SEALS);

	/* Without reading nothing can be mapped. */
	if (mode != O_RDWR && (writable || mode != O_RDONLY))
		return -EACCES;
	if (writable && seals > 0 && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return 0;
}

static bool is_within(const struct memory_place *place, uint64_t size)
{
	return place->size <= size && place->offset <= size - place->size;
}

/* It is known to be one that answers. */
static int measure_file(int fd, bool is_dmabuf, struct measure *measure)
{
	struct statfs filesystem;
	struct stat stat;
	off_t end;

	measure->page = (uint64_t)sysconf(_SC_PAGESIZE);
	measure->window = WINDOW_SIZE;
	if (is_dmabuf) {
		end = lseek(fd, 0, SEEK_END);
		measure->size = end < 0 ? 0 : (uint64_t)end;
		return end < 0 ? -EINVAL : 0;
	}
	if (fstat(fd, &stat) || fstatfs(fd, &filesystem))
		return -EINVAL;
	measure->size = (uint64_t)stat.st_size;
	/* Mapping more than there is would make such a file longer. */
	if (filesystem.f_type == HUGETLBFS_MAGIC)
		measure->page = measure->window = (uint64_t)filesystem.f_bsize;
	return 0;
}

static int measure_place(int fd, bool is_dmabuf, const struct memory_place *place,
			 struct measure *measure)
{
	int ret = check_access(fd, place->writable);

	if (!ret)
		ret = measure_file(fd, is_dmabuf, measure);
	if (!ret && !is_within(place, measure->size))
		ret = -EINVAL;
	return ret;
}

static struct window *window_find(struct buffer *buffer, const struct memory_place *place)
{
	struct window *window;

	DL_FOREACH(buffer->windows, window) {
		if (place->offset >= window->offset &&
		    place->offset + place->size <= window->offset + window->length &&
		    (window->writable || !place->writable)) {
			window->users++;
			return window;
		}
	}
	return NULL;
}

static int window_create(int fd, const struct memory_place *place, bool is_dmabuf,
			 const struct measure *measure, struct window **created)
{
	struct window *window = calloc(1, sizeof(*window));
	uint64_t left;
	int ret;

	if (!window)
		return -ENOMEM;
	window->offset = place->offset & ~(measure->window - 1);
	window->length = measure->window;
	window->writable = place->writable;
	window->users = 1;
	/*
	 * Of a dma-buf no more can be mapped than there is; the end of another file may still move.
	 */
	left = (measure->size - window->offset + measure->page - 1) & ~(measure->page - 1);
	if (is_dmabuf && left < window->length)
		window->length = left;
	window->address =
		mmap(NULL, window->length, window->writable ? PROT_READ | PROT_WRITE : PROT_READ,
		     MAP_SHARED, fd, (off_t)window->offset);
	if (window->address == MAP_FAILED) {
		ret = errno == EACCES || errno == EPERM || errno == ENOMEM ? -errno : -EINVAL;
		free(window);
		return ret;
	}
	*created = window;
	return 0;
}

/* A window that the place is in, with a use of it. Takes and drops the lock. */
static int window_get(struct buffer *buffer, struct account *account, int fd,
		      const struct memory_place *place, const struct measure *measure,
		      struct window **got)
{
	struct device *device = buffer->device;
	struct window *window;
	int ret;

	device_lock(device);
	window = window_find(buffer, place);
	ret = window ? 0 : account_take(account, ACCOUNT_WINDOWS, 1);
	device_unlock(device);
	*got = window;
	if (window || ret)
		return ret;
	ret = window_create(fd, place, buffer->is_dmabuf, measure, &window);
	device_lock(device);
	if (ret) {
		account_give_back(account, ACCOUNT_WINDOWS, 1);
	} else {
		/* Another worker may have made the same meanwhile: then there are two. */
		window->buffer = buffer;
		window->account = account_get(account);
		DL_APPEND(buffer->windows, window);
		buffer->window_count++;
		*got = window;
	}
	device_unlock(device);
	return ret;
}

/* So that an access finds its page, and need not block for one. */
static int make_present(const struct window *window, int fd, const struct memory_place *place,
			const struct measure *measure)
{
	uintptr_t address = (uintptr_t)window_address(window, place->offset);
	void *page = (void *)(address & ~(uintptr_t)(measure->page - 1));
	struct measure now;

	/* EINVAL: a mapping, such as a driver's, that is always present. */
	if (!madvise(page, measure->page,
		     place->writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) ||
	    errno == EINVAL)
		return 0;
	if (errno != EFAULT)
		return -ENOMEM;
	/* The file was truncated meanwhile, or else its filesystem is full. */
	if (measure_file(fd, window->buffer->is_dmabuf, &now) || !is_within(place, now.size))
		return -EINVAL;
	return -ENOSPC;
}

int mapped_place_take(struct worker_job *job, int fd, const struct memory_place *place,
		      struct mapped_place *mapped)
{
	struct taken_buffer *taken = &mapped->taken;
	struct device *device = job->device;
	struct measure measure;
	int ret = buffer_take(job, fd, taken);

	/* This fd stays open meanwhile: it is the buffer's by then, or else still taken->fd. */
	fd = taken->fd;
	if (!ret)
		ret = measure_place(fd, taken->is_dmabuf, place, &measure);
	if (ret)
		return ret;
	device_lock(device);
	ret = buffer_of_taken(device, job->account, taken, &mapped->buffer);
	device_unlock(device);
	if (!ret)
		ret = window_get(mapped->buffer, job->account, fd, place, &measure,
				 &mapped->window);
	if (!ret)
		ret = make_present(mapped->window, fd, place, &measure);
	return ret;
}

void mapped_place_release(struct device *device, struct mapped_place *mapped)
{
	device_lock(device);
	if (mapped->window)
		window_put(mapped->window);
	buffer_put(mapped->buffer);
	device_unlock_and_notify(device);
	taken_buffer_close(&mapped->taken);
}

void window_put(struct window *window)
{
	struct buffer *buffer = window->buffer;

	if (--window->users || buffer->window_count <= IDLE_WINDOWS_MAX)
		return;
	window_free(window);
}
