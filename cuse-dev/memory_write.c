/* SPDX-License-Identifier: MIT */
/*
 * memory_write.c - see memory_write.h.
 *
 * The pages are mapped, and made present, when the write is asked for. So the store at the signal
 * waits for nobody, and happens in the signaler's thread. A lane does it where it could wait: in a
 * dma-buf, which has to be told before and after; and, in a large file, in a page that is not
 * present any more, since the owner may be punching a hole there, which takes as long as the hole
 * is large.
 *
 * The owner may also cut the file off at any time, which turns the store into a SIGBUS. The thread
 * that stores says so beforehand and is sent back to there; the buffer counts as dead from then on,
 * and nothing is stored in it any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "attachment.h"
#include "file.h"
#include "memory_write.h"
#include "seqno_write.h"

/*
 * Windows that nobody uses stay mapped up to this many a buffer: a ring is written to again and
 * again.
 */
#define IDLE_WINDOWS_MAX 64

/* What is freed in well under a millisecond. */
#define LITTLE_MEMORY (4ull << 20)

static _Thread_local sigjmp_buf *bus_error_return;

static void on_bus_error(int number)
{
	if (bus_error_return)
		siglongjmp(*bus_error_return, 1);
	/* Not a store of ours: dies of it when it happens again. */
	signal(number, SIG_DFL);
}

/* /proc/self/pagemap: which pages are present. -1: then all are taken to be. */
static int pagemap = -1;

int memory_write_init(void)
{
	struct sigaction action = { .sa_handler = on_bus_error, .sa_flags = SA_NODEFER };

	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

static bool is_present(const void *address)
{
	const uint64_t present = 1ull << 63;
	uintptr_t page = (uintptr_t)address / (uintptr_t)sysconf(_SC_PAGESIZE);
	uint64_t entry;
	ssize_t got = pread(pagemap, &entry, sizeof(entry), (off_t)(page * sizeof(entry)));

	return got != sizeof(entry) || entry & present;
}

/*
 * Could a store wait for a hole that is being punched? In a file of which there is little it is
 * punched in no time; and to look at the size of the file is three times cheaper than at the page.
 */
static bool store_may_wait(int fd, const void *address)
{
	struct stat stat;

	if (!fstat(fd, &stat) && (uint64_t)stat.st_blocks * 512 <= LITTLE_MEMORY)
		return false;
	return !is_present(address);
}

/* false: the memory is gone. */
static bool store(void *address, uint32_t size, uint64_t value)
{
	sigjmp_buf here;
	/* It is looked at after a jump. */
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

/*
 * Windows of one user. A process may have some 65,000 mappings, and the list of a buffer is
 * searched under the lock.
 */
#define WINDOWS_MAX 4096

/* Large enough that a ring, or a page of seqnos for each of many rings, needs one. */
#define WINDOW_SIZE (2ull << 20)

/* The write itself, pending: an attachment in the buffer's bookkeep slot. */
struct memory_write {
	struct attachment attachment;
	struct memory_write *prev, *next; /* of buffer->late */
	struct window *window;		  /* a use */
	uint64_t offset;		  /* in the buffer */
	uint64_t value;
	uint32_t size;
	struct late_write *late; /* made beforehand, so that the signal cannot fail */
};

static void window_put(struct window *window)
{
	struct buffer *buffer = window->buffer;

	if (--window->users || buffer->window_count <= IDLE_WINDOWS_MAX)
		return;
	window_free(window);
}

static void *write_address(const struct memory_write *write)
{
	return write->window->address + (write->offset - write->window->offset);
}

/* Without the lock, on a lane. What the exporter of a dma-buf answers is of no consequence. */
static bool write_without_haste(struct memory_write *write)
{
	struct buffer *buffer = write->window->buffer;
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_WRITE };
	bool stored;

	if (buffer->is_dmabuf)
		ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
	stored = store(write_address(write), write->size, write->value);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_WRITE;
	if (buffer->is_dmabuf)
		ioctl(buffer->fd, DMA_BUF_IOCTL_SYNC, &sync);
	return stored;
}

static void write_done(struct memory_write *write)
{
	write->attachment.buffer->device->stats.seqno_writes--;
	window_put(write->window);
	attachment_free(&write->attachment);
}

/*
 * A write that goes on a lane. Those of one buffer go one after the other, in the order of the
 * signals: a later value must not be overwritten by an earlier one.
 */
struct late_write {
	struct lane_job job;
	struct memory_write *write;
	bool stored;
};

static int write_on_lane(struct lane_job *job)
{
	struct late_write *late = (struct late_write *)job;

	late->stored = write_without_haste(late->write);
	return 0;
}

static void submit_late(struct memory_write *write)
{
	lane_submit_own(write->window->buffer->device, write->attachment.account,
			&write->late->job);
}

static void written_on_lane(struct lane_job *job)
{
	struct late_write *late = (struct late_write *)job;
	struct device *device = job->device;
	struct buffer *buffer = late->write->window->buffer;

	device_lock(device);
	if (!late->stored)
		buffer->dead = true;
	DL_DELETE(buffer->late, late->write);
	if (buffer->late)
		submit_late(buffer->late);
	write_done(late->write);
	device_unlock_and_notify(device);
}

static void fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	struct memory_write *write = (struct memory_write *)callback;
	struct buffer *buffer = write->window->buffer;
	struct late_write *late = write->late;

	attachment_detach(&write->attachment);
	if (!buffer->dead && (buffer->late || buffer->is_dmabuf ||
			      store_may_wait(buffer->fd, write_address(write)))) {
		DL_APPEND(buffer->late, write);
		if (buffer->late == write)
			submit_late(write);
		return;
	}
	if (!buffer->dead && !store(write_address(write), write->size, write->value))
		buffer->dead = true;
	free(late);
	write_done(write);
}

/* NULL: no memory. */
static struct memory_write *write_create(const struct dma_fence_seqno_write *argument)
{
	struct memory_write *write = calloc(1, sizeof(*write));

	if (!write)
		return NULL;
	write->late = calloc(1, sizeof(*write->late));
	if (!write->late) {
		free(write);
		return NULL;
	}
	write->late->write = write;
	write->late->job.prepare = write_on_lane;
	write->late->job.cleanup = written_on_lane;
	write->offset = argument->offset;
	write->value = argument->value;
	write->size = argument->size;
	return write;
}

/* One that never became pending. */
static void write_drop(struct memory_write *write)
{
	if (!write)
		return;
	if (write->window)
		window_put(write->window);
	free(write->late);
	free(write);
}

struct write_job {
	struct lane_job job;
	struct dma_fence_seqno_write argument;
	int fd;			    /* the duplicate, until the buffer has it; else -1 */
	struct buffer *buffer;	    /* a reference */
	struct memory_write *write; /* until it is pending */
	bool write_now;		    /* in cleanup */
};

/* A buffer's file: how large it is, and in what units it is mapped. */
struct measure {
	uint64_t size, page, window;
};

/* It is known to be one that answers. */
static int measure(int fd, bool is_dmabuf, struct measure *measure)
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

static int check_writable(int fd)
{
	int flags = fcntl(fd, F_GETFL), seals = fcntl(fd, F_GET_SEALS);

	if ((flags & O_ACCMODE) != O_RDWR)
		return -EACCES;
	if (seals > 0 && seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return 0;
}

static struct window *window_find(struct buffer *buffer, uint64_t offset, uint32_t size)
{
	struct window *window;

	DL_FOREACH(buffer->windows, window) {
		if (offset >= window->offset && offset + size <= window->offset + window->length) {
			window->users++;
			return window;
		}
	}
	return NULL;
}

/* Without the lock. fd is the caller's: that of the buffer may have come with other rights. */
static int window_create(int fd, uint64_t offset, bool is_dmabuf, const struct measure *measure,
			 struct window **created)
{
	struct window *window = calloc(1, sizeof(*window));
	uint64_t left;
	int ret;

	if (!window)
		return -ENOMEM;
	window->offset = offset & ~(measure->window - 1);
	window->length = measure->window;
	window->users = 1;
	/*
	 * Of a dma-buf no more can be mapped than there is; the end of another file may still move.
	 */
	left = (measure->size - window->offset + measure->page - 1) & ~(measure->page - 1);
	if (is_dmabuf && left < window->length)
		window->length = left;
	window->address = mmap(NULL, window->length, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			       (off_t)window->offset);
	if (window->address == MAP_FAILED) {
		ret = errno == EACCES || errno == EPERM || errno == ENOMEM ? -errno : -EINVAL;
		free(window);
		return ret;
	}
	*created = window;
	return 0;
}

/* So that the store finds its page, and need not wait for one. Without the lock. */
static int make_present(const struct memory_write *write, int fd, bool is_dmabuf,
			const struct measure *measured)
{
	char *page = (char *)((uintptr_t)write_address(write) & ~(uintptr_t)(measured->page - 1));
	struct measure now;

	/* EINVAL: a mapping, such as a driver's, that is always present. */
	if (!madvise(page, measured->page, MADV_POPULATE_WRITE) || errno == EINVAL)
		return 0;
	if (errno != EFAULT)
		return -ENOMEM;
	/* The file was cut off meanwhile, or else its filesystem is full. */
	if (measure(fd, is_dmabuf, &now) || write->offset + write->size > now.size)
		return -EINVAL;
	return -ENOSPC;
}

/* With a use of it for the write. Takes and drops the lock. */
static int window_get(struct write_job *this, struct device *device, int fd, bool is_dmabuf,
		      const struct measure *measure)
{
	const struct dma_fence_seqno_write *argument = &this->argument;
	struct window *window;
	struct account *account = this->job.account;
	int ret;

	device_lock(device);
	window = window_find(this->buffer, argument->offset, argument->size);
	ret = !window && account->windows >= WINDOWS_MAX ? -ENOSPC : 0;
	account->windows += !window && !ret;
	device_unlock(device);
	if (window || ret) {
		this->write->window = window;
		return ret;
	}
	ret = window_create(fd, argument->offset, is_dmabuf, measure, &window);
	device_lock(device);
	if (ret) {
		account->windows--;
	} else {
		/* Somebody else may have made the same meanwhile: then there are two. */
		window->buffer = this->buffer;
		window->account = account;
		account->users++;
		DL_APPEND(this->buffer->windows, window);
		this->buffer->window_count++;
		this->write->window = window;
	}
	device_unlock(device);
	return ret;
}

static int prepare(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;
	const struct dma_fence_seqno_write *argument = &this->argument;
	struct device *device = job->device;
	struct measure measured;
	struct buffer_key key;
	bool is_dmabuf;
	int ret, fd;

	fd = this->fd = caller_take_fd(job, argument->fd);
	if (fd < 0)
		return fd;
	ret = buffer_identify(device, fd, &key, &is_dmabuf);
	if (!ret)
		ret = check_writable(fd);
	if (!ret)
		ret = measure(fd, is_dmabuf, &measured);
	if (ret)
		return ret;
	if (argument->size > measured.size || argument->offset > measured.size - argument->size)
		return -EINVAL;
	this->write = write_create(argument);
	if (!this->write)
		return -ENOMEM;

	/* From here on fd is still open: it is the buffer's by then, or else this job's. */
	device_lock(device);
	ret = buffer_get(device, job->account, &key, is_dmabuf, &this->fd, &this->buffer);
	device_unlock(device);
	if (!ret)
		ret = window_get(this, device, fd, is_dmabuf, &measured);
	return ret ? ret : make_present(this->write, fd, is_dmabuf, &measured);
}

static int apply(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;
	struct open_file *file = job->parked.file;
	struct dma_fence *fence;
	int ret = file_fence(file, this->argument.handle, &fence);

	if (ret)
		return ret;
	if (this->buffer->dead)
		return -EFAULT;
	ret = attachment_add(&this->write->attachment, this->buffer, file->account, fence,
			     DMA_RESV_USAGE_BOOKKEEP, false, fence_signaled);
	if (!ret) {
		job->device->stats.seqno_writes++;
		this->write = NULL;
	} else if (ret == -ENOENT) {
		/* Signaled already: now, but not under the lock. */
		ret = 0;
		this->write_now = true;
	}
	return ret;
}

static void cleanup(struct lane_job *job)
{
	struct write_job *this = (struct write_job *)job;

	if (this->write_now && !write_without_haste(this->write))
		job->result = -EFAULT;
	device_lock(job->device);
	write_drop(this->write);
	if (this->buffer)
		buffer_put(this->buffer);
	device_unlock_and_notify(job->device);
	if (this->fd >= 0)
		close(this->fd);
}

int memory_write_request(struct request *request, const struct dma_fence_seqno_write *argument)
{
	struct write_job *this;
	struct dma_fence *fence;
	int ret;

	if (argument->flags || (argument->size != 4 && argument->size != 8) ||
	    argument->offset & (argument->size - 1))
		return -EINVAL;
	ret = file_fence(request->file, argument->handle, &fence);
	if (ret)
		return ret;
	this = calloc(1, sizeof(*this));
	if (!this)
		return -ENOMEM;
	this->argument = *argument;
	this->fd = -1;
	this->job.prepare = prepare;
	this->job.apply = apply;
	this->job.cleanup = cleanup;
	this->job.charge = sizeof(*this) + sizeof(*this->write) + sizeof(*this->write->late);
	this->job.answer = &this->argument;
	this->job.answer_size = request->size;
	ret = lane_submit(&this->job, request->fuse, request->file, request->thread);
	if (ret) {
		free(this);
		return ret;
	}
	return REQUEST_PARKED;
}
