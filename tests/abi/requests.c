/* SPDX-License-Identifier: MIT */
/* requests.c - every native request once, as it should be: see requests.h. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "requests.h"
#include "syncobj.h"

/* The header has the numbers and structs that the list says. */
#define REQUEST(number, NAME, name, type, ...)                                                     \
	_Static_assert(_IOC_NR(DMA_FENCE_IOC_##NAME) == (number) &&                                \
			       _IOC_SIZE(DMA_FENCE_IOC_##NAME) == sizeof(struct dma_fence_##type), \
		       #NAME " differs between dma_fence.h and requests.def");
#include "requests.def"
#undef REQUEST

#define REQUEST(number, NAME, kind, type, last, ...)                                     \
	[REQUEST_##kind] = { .command = DMA_FENCE_IOC_##NAME,                            \
			     .minimum = offsetof(struct dma_fence_##type, last) +        \
					sizeof(((struct dma_fence_##type *)NULL)->last), \
			     __VA_ARGS__ },
const struct request_row request_rows[] = {
#include "requests.def"
};
#undef REQUEST

void prepare(struct prepared *p, enum request_kind kind, int device)
{
	uint32_t fence = new_fence(device), event;

	memset(p, 0, sizeof(*p));
	p->target = device;
	p->fd = -1;
	p->request = request_rows[kind].command;
	switch (kind) {
	case REQUEST_get_caps:
	case REQUEST_get_stats:
		break;
	case REQUEST_create:
		strcpy(p->create.name, "prepared");
		break;
	case REQUEST_timeline_create:
		strcpy(p->timeline_create.name, "prepared");
		break;
	case REQUEST_timeline_advance:
		p->timeline_advance.handle = new_timeline(device, 0);
		p->timeline_advance.value = 1;
		break;
	case REQUEST_signal:
		p->request = DMA_FENCE_IOC_SIGNAL_INLINE(1);
		p->signal.count = 1;
		p->signal_handles[0] = fence;
		break;
	case REQUEST_wait:
		p->request = DMA_FENCE_IOC_WAIT_INLINE(1);
		p->wait.count = 1;
		p->wait_items[0].handle = new_signaled_fence(device, 0);
		break;
	case REQUEST_query:
		p->query.handle = fence;
		break;
	case REQUEST_attach:
		p->fd = new_buffer(4096);
		p->attach.fd = p->fd;
		p->attach.handle = fence;
		p->attach.usage = DMA_FENCE_USAGE_WRITE;
		break;
	case REQUEST_buffer_fences:
		p->fd = new_buffer(4096);
		p->buffer_fences.fd = p->fd;
		p->buffer_fences.usage = DMA_FENCE_USAGE_WRITE;
		break;
	case REQUEST_export:
		p->export.handle = fence;
		p->export.kind = DMA_FENCE_EXPORT_SYNC_FILE;
		break;
	case REQUEST_bind:
		p->fd = open_device();
		p->target = p->fd;
		p->bind.kind = DMA_FENCE_EXPORT_SYNC_FILE;
		expect(raw_export(device, fence, (uint64_t *)p->bind.token), 0);
		break;
	case REQUEST_import:
		p->fd = new_sync_file(device, fence);
		p->import.fd = p->fd;
		break;
	case REQUEST_merge:
		p->request = DMA_FENCE_IOC_MERGE_INLINE(1);
		p->merge.count = 1;
		p->merge_handles[0] = fence;
		break;
	case REQUEST_seqno_write:
		p->fd = new_buffer(4096);
		p->seqno_write.handle = fence;
		p->seqno_write.fd = p->fd;
		p->seqno_write.value = 1;
		p->seqno_write.size = 8;
		break;
	case REQUEST_event_add:
		p->event_add.handle = fence;
		p->event_add.eventfd = -1;
		break;
	case REQUEST_event_cancel:
		expect(raw_event_add(device, fence, -1, 0, &event), 0);
		p->event_cancel.event = event;
		break;
	case REQUEST_set_deadline:
		p->set_deadline.handle = fence;
		p->set_deadline.deadline_ns = in_ms(1000);
		break;
	case REQUEST_close:
		p->close.handle = fence;
		break;
	case REQUEST_buffer_wait:
		p->fd = new_buffer(4096);
		p->buffer_wait.fd = p->fd;
		p->buffer_wait.usage = DMA_FENCE_USAGE_WRITE;
		break;
	case REQUEST_resv_lock:
		p->request = DMA_FENCE_IOC_RESV_LOCK_INLINE(1);
		p->fd = new_buffer(4096);
		p->resv_lock.count = 1;
		p->resv_lock_fds[0] = p->fd;
		break;
	case REQUEST_resv_commit:
		p->fd = new_buffer(4096);
		p->resv_commit.ticket = new_ticket(device, &p->fd, 1);
		break;
	case REQUEST_resv_unlock:
		p->fd = new_buffer(4096);
		p->resv_unlock.ticket = new_ticket(device, &p->fd, 1);
		break;
	case REQUEST_mem_fence:
		p->fd = new_buffer(4096);
		p->mem_fence.fd = p->fd;
		p->mem_fence.value = 1;
		p->mem_fence.size = 8;
		strcpy(p->mem_fence.name, "prepared");
		break;
	case REQUEST_mem_fence_location:
		p->fd = new_buffer(4096);
		p->mem_fence_location.handle = new_mem_fence(device, p->fd, 0, 1, 8);
		break;
	case REQUEST_mem_fence_kick:
		p->fd = new_buffer(4096);
		p->mem_fence_kick.handle = new_mem_fence(device, p->fd, 0, 1, 8);
		break;
	case REQUEST_sync_file_merge:
		p->fd = new_sync_file(device, fence);
		p->sync_file_merge.fd1 = p->sync_file_merge.fd2 = p->fd;
		break;
	case REQUEST_sw_sync_create_fence:
		p->sw_sync_create_fence.value = 1;
		break;
	case REQUEST_syncobj_to_fd:
		p->syncobj_to_fd.handle = new_syncobj(device, 0);
		break;
	}
}

void prepared_close(struct prepared *p)
{
	if (p->fd >= 0)
		must(close(p->fd));
}

size_t prepared_size(const struct prepared *p)
{
	return _IOC_SIZE(p->request);
}

int issue_with_size(struct prepared *p, size_t size)
{
	unsigned long request = p->request & ~((unsigned long)_IOC_SIZEMASK << _IOC_SIZESHIFT);

	return raw_ioctl(p->target, request | (unsigned long)size << _IOC_SIZESHIFT, p->bytes);
}

int issue(struct prepared *p)
{
	return raw_ioctl(p->target, p->request, p->bytes);
}

void expect_refused(struct prepared *p, int error, const char *what)
{
	int looker = open_device(), result;
	struct dma_fence_stats before, after;

	expect(raw_stats(looker, &before), 0);
	result = issue(p);
	if (result != error)
		check_failed(__FILE__, __LINE__, "%s: %s, not %s", what,
			     check_name(result, (char[32]){ 0 }),
			     check_name(error, (char[32]){ 0 }));
	expect(raw_stats(looker, &after), 0);
	/* Threads that wait for more to do say nothing of what was done. */
	before.workers = after.workers;
	if (memcmp(&before, &after, sizeof(before)))
		check_failed(__FILE__, __LINE__, "%s: refused, but something has happened", what);
	must(close(looker));
}
