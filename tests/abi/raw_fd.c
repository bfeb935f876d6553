/* SPDX-License-Identifier: MIT */
/* raw_fd.c - the requests that take or give an fd: sync_files and buffers. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "raw.h"

int raw_export(int fd, uint32_t handle, uint64_t token[2])
{
	struct dma_fence_export export = { .handle = handle, .kind = DMA_FENCE_EXPORT_SYNC_FILE };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_EXPORT, &export);

	if (result == 0) {
		token[0] = export.token[0];
		token[1] = export.token[1];
	}
	return result;
}

int raw_bind(int fd, const uint64_t token[2])
{
	struct dma_fence_bind bind = {
		.token = { token[0], token[1] },
		.kind = DMA_FENCE_EXPORT_SYNC_FILE,
	};

	return raw_ioctl(fd, DMA_FENCE_IOC_BIND, &bind);
}

static int bind_fresh(int fresh, int fd, uint32_t handle)
{
	uint64_t token[2];

	expect(raw_export(fd, handle, token), 0);
	expect(raw_bind(fresh, token), 0);
	return fresh;
}

int new_sync_file(int fd, uint32_t handle)
{
	return bind_fresh(open_device(), fd, handle);
}

int new_sync_file_at(const char *node, int fd, uint32_t handle)
{
	return bind_fresh(open_node(node), fd, handle);
}

int raw_import(int fd, int sync_file, uint32_t *handle)
{
	struct dma_fence_import request = { .fd = sync_file };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_IMPORT, &request);

	if (result == 0)
		*handle = request.handle;
	return result;
}

uint32_t import(int fd, int sync_file)
{
	uint32_t handle;

	expect(raw_import(fd, sync_file, &handle), 0);
	return handle;
}

int raw_file_info(int sync_file, struct sync_file_info *info, struct sync_fence_info *fences,
		  uint32_t count)
{
	memset(info, 0, sizeof(*info));
	info->num_fences = count;
	info->sync_fence_info = (uintptr_t)fences;
	return raw_ioctl(sync_file, SYNC_IOC_FILE_INFO, info);
}

int sync_file_status(int sync_file)
{
	struct sync_file_info info;

	expect(raw_file_info(sync_file, &info, NULL, 0), 0);
	return info.status;
}

short poll_for(int fd, int64_t ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int64_t end = in_ms(ms), left;
	int ready;

	do {
		left = (end - now_ns()) / NSEC_PER_MSEC;
		ready = poll(&poll_fd, 1, left > 0 ? left : 0);
	} while (ready < 0 && errno == EINTR);
	must(ready);
	return ready ? poll_fd.revents : 0;
}

int new_buffer(size_t size)
{
	int fd = must(memfd_create("buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING));

	must(ftruncate(fd, size));
	return fd;
}

int reopen(int fd, int mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return must(open(path, mode | O_CLOEXEC));
}

void *map_buffer(int buffer, size_t size)
{
	return must(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, buffer, 0));
}

int raw_attach(int fd, int buffer, uint32_t handle, uint32_t usage)
{
	struct dma_fence_attach attach = { .fd = buffer, .handle = handle, .usage = usage };

	return raw_ioctl(fd, DMA_FENCE_IOC_ATTACH, &attach);
}

int raw_attach_for_memory_waiters(int fd, int buffer, uint32_t handle, uint32_t usage)
{
	struct dma_fence_attach attach = {
		.fd = buffer,
		.handle = handle,
		.usage = usage,
		.flags = DMA_FENCE_ATTACH_MEMORY_WAITERS,
	};

	return raw_ioctl(fd, DMA_FENCE_IOC_ATTACH, &attach);
}

int raw_buffer_fences(int fd, int buffer, uint32_t usage, uint32_t flags, uint32_t *handle,
		      uint32_t *count)
{
	struct dma_fence_buffer_fences fences = { .fd = buffer, .usage = usage, .flags = flags };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_BUFFER_FENCES, &fences);

	if (result == 0) {
		*handle = fences.handle;
		*count = fences.count;
	}
	return result;
}

int raw_buffer_wait(int fd, int buffer, uint32_t usage, int64_t deadline_ns,
		    struct dma_fence_buffer_wait *wait)
{
	*wait = (struct dma_fence_buffer_wait){
		.fd = buffer,
		.usage = usage,
		.deadline_ns = deadline_ns,
	};
	return raw_ioctl(fd, DMA_FENCE_IOC_BUFFER_WAIT, wait);
}

int raw_seqno_write(int fd, uint32_t handle, int buffer, uint64_t offset, uint64_t value,
		    uint32_t size)
{
	struct dma_fence_seqno_write write = {
		.handle = handle,
		.fd = buffer,
		.offset = offset,
		.value = value,
		.size = size,
	};

	return raw_ioctl(fd, DMA_FENCE_IOC_SEQNO_WRITE, &write);
}

int raw_resv_lock(int fd, const int *buffers, uint32_t count, uint32_t flags, int64_t deadline_ns,
		  uint32_t *ticket, uint32_t *contended)
{
	struct {
		struct dma_fence_resv_lock head;
		int32_t fds[DMA_FENCE_RESV_LOCK_INLINE_MAX];
	} lock = {
		.head = {
			.ticket = *ticket,
			.count = count,
			.flags = flags,
			.deadline_ns = deadline_ns,
		},
	};
	int result;

	memcpy(lock.fds, buffers, count * sizeof(*buffers));
	result = raw_ioctl(fd, DMA_FENCE_IOC_RESV_LOCK_INLINE(count), &lock);
	if (result == 0 || result == -EDEADLK)
		*ticket = lock.head.ticket;
	if (contended && (result == -EDEADLK || result == -EALREADY || result == -EBUSY))
		*contended = lock.head.contended;
	return result;
}

uint32_t new_ticket(int fd, const int *buffers, uint32_t count)
{
	uint32_t ticket = 0;

	expect(raw_resv_lock(fd, buffers, count, 0, DMA_FENCE_WAIT_FOREVER, &ticket, NULL), 0);
	return ticket;
}

int raw_attach_under(int fd, uint32_t ticket, int buffer, uint32_t handle, uint32_t usage)
{
	struct dma_fence_attach attach = {
		.fd = buffer,
		.handle = handle,
		.usage = usage,
		.ticket = ticket,
	};

	return raw_ioctl(fd, DMA_FENCE_IOC_ATTACH, &attach);
}

int raw_resv_commit(int fd, uint32_t ticket)
{
	struct dma_fence_resv_commit commit = { .ticket = ticket };

	return raw_ioctl(fd, DMA_FENCE_IOC_RESV_COMMIT, &commit);
}

int raw_resv_unlock(int fd, uint32_t ticket, uint32_t flags)
{
	struct dma_fence_resv_unlock unlock = { .ticket = ticket, .flags = flags };

	return raw_ioctl(fd, DMA_FENCE_IOC_RESV_UNLOCK, &unlock);
}

int raw_mem_fence(int fd, int buffer, uint64_t offset, uint64_t value, uint32_t size,
		  uint32_t *handle)
{
	struct dma_fence_mem_fence request = {
		.fd = buffer,
		.offset = offset,
		.value = value,
		.timeout_ns = 3600 * NSEC_PER_SEC,
		.size = size,
		.name = "memory",
	};
	int result = raw_ioctl(fd, DMA_FENCE_IOC_MEM_FENCE, &request);

	if (result == 0)
		*handle = request.handle;
	return result;
}

uint32_t new_mem_fence(int fd, int buffer, uint64_t offset, uint64_t value, uint32_t size)
{
	uint32_t handle;

	expect(raw_mem_fence(fd, buffer, offset, value, size, &handle), 0);
	return handle;
}

int raw_mem_fence_location(int fd, uint32_t handle, struct dma_fence_mem_fence_location *location)
{
	*location = (struct dma_fence_mem_fence_location){ .handle = handle };
	return raw_ioctl(fd, DMA_FENCE_IOC_MEM_FENCE_LOCATION, location);
}

int raw_mem_fence_kick(int fd, uint32_t handle, uint32_t *signaled)
{
	struct dma_fence_mem_fence_kick kick = { .handle = handle };
	int result = raw_ioctl(fd, DMA_FENCE_IOC_MEM_FENCE_KICK, &kick);

	if (result == 0)
		*signaled = kick.signaled;
	return result;
}
