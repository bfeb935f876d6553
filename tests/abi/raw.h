/* SPDX-License-Identifier: MIT */
/*
 * raw.h - the requests of <dma-fence/dma_fence.h> as the tests issue them: with ioctl(2), no
 * library between.
 *
 * What is named raw_ returns 0 or a negative errno, so that a test can state either. The others
 * state by themselves that the request succeeds (check.h) and return what it gave.
 */
#ifndef DMA_FENCE_TESTS_RAW_H
#define DMA_FENCE_TESTS_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "dma_fence.h"
#include "linux_sync_file.h"

#define NSEC_PER_MSEC 1000000ll
#define NSEC_PER_SEC  1000000000ll

/* A number that no open file of the tests ever gives out. */
#define NO_SUCH_HANDLE 0x7ffffff0u

int64_t now_ns(void);
/* An absolute time, so many milliseconds from now. */
int64_t in_ms(int64_t ms);
void sleep_ms(int64_t ms);

/* A new open of the node under test, and of any other. */
int open_device(void);
int open_node(const char *path);

int raw_ioctl(int fd, unsigned long request, void *argument);

/* ---- fences and timelines ---- */

/* It never times out, so that a test may be as slow as its machine. */
uint32_t new_fence(int fd);
/* It does, as the device has it: nothing was asked for. */
uint32_t new_default_fence(int fd);
uint32_t new_signaled_fence(int fd, int error);
uint32_t new_named_fence(int fd, const char *name);
/* Its creator is notified of the first waiter. */
uint32_t new_lazy_fence(int fd);
uint32_t new_timeline(int fd, uint64_t value);
/* The next point. */
uint32_t new_point(int fd, uint32_t timeline);
uint32_t new_point_at(int fd, uint32_t timeline, uint64_t seqno);
int raw_advance(int fd, uint32_t timeline, uint64_t value);

int raw_signal(int fd, uint32_t handle, int error);
int raw_signal_many(int fd, const uint32_t *handles, uint32_t count, int error);
int raw_wait(int fd, uint32_t handle, int64_t deadline_ns);
/* The items come back on 0 and on -ETIME. */
int raw_wait_many(int fd, struct dma_fence_wait_item *items, uint32_t count, uint32_t flags,
		  int64_t deadline_ns, uint32_t *first);
int raw_query(int fd, uint32_t handle, struct dma_fence_query *query);
int raw_set_deadline(int fd, uint32_t handle, int64_t deadline_ns);
int raw_close(int fd, uint32_t handle);
int raw_merge(int fd, const uint32_t *handles, uint32_t count, uint32_t flags, uint32_t *handle);
uint32_t new_merge(int fd, uint32_t a, uint32_t b, uint32_t flags);
/* 0 active, 1 signaled, negative errno; the test fails where the handle is none. */
int status_of(int fd, uint32_t handle);

/* ---- sync_files ---- */

int raw_export(int fd, uint32_t handle, uint64_t token[2]);
int raw_bind(int fd, const uint64_t token[2]);
/* Both halves: the fd. And the same where fd is an open of another node. */
int new_sync_file(int fd, uint32_t handle);
int new_sync_file_at(const char *node, int fd, uint32_t handle);
int raw_import(int fd, int sync_file, uint32_t *handle);
uint32_t import(int fd, int sync_file);
int raw_file_info(int sync_file, struct sync_file_info *info, struct sync_fence_info *fences,
		  uint32_t count);
int sync_file_status(int sync_file);
/* What poll() says about POLLIN and the errors, waiting for at most so long. */
short poll_for(int fd, int64_t ms);

/* ---- buffers ---- */

int new_buffer(size_t size);
/* Another open of the same file, with this mode. */
int reopen(int fd, int mode);
/* The memory of a buffer, writable and shared; unmapped with munmap(). */
void *map_buffer(int buffer, size_t size);
int raw_attach(int fd, int buffer, uint32_t handle, uint32_t usage);
/* With the hint that all who wait for the buffer can wait on memory. */
int raw_attach_for_memory_waiters(int fd, int buffer, uint32_t handle, uint32_t usage);
int raw_buffer_fences(int fd, int buffer, uint32_t usage, uint32_t flags, uint32_t *handle,
		      uint32_t *count);
/* For what is pending there: wait->count and wait->error tell about it. */
int raw_buffer_wait(int fd, int buffer, uint32_t usage, int64_t deadline_ns,
		    struct dma_fence_buffer_wait *wait);
/*
 * *ticket 0: a new one. It is written on success and on -EDEADLK; *contended (may be NULL) on
 * -EDEADLK, -EALREADY and -EBUSY.
 */
int raw_resv_lock(int fd, const int *buffers, uint32_t count, uint32_t flags, int64_t deadline_ns,
		  uint32_t *ticket, uint32_t *contended);
/* It has locked them. */
uint32_t new_ticket(int fd, const int *buffers, uint32_t count);
int raw_attach_under(int fd, uint32_t ticket, int buffer, uint32_t handle, uint32_t usage);
int raw_resv_commit(int fd, uint32_t ticket);
int raw_resv_unlock(int fd, uint32_t ticket, uint32_t flags);
int raw_seqno_write(int fd, uint32_t handle, int buffer, uint64_t offset, uint64_t value,
		    uint32_t size);

/* ---- memory fences: of an hour, so that a test may be as slow as its machine ---- */

int raw_mem_fence(int fd, int buffer, uint64_t offset, uint64_t value, uint32_t size,
		  uint32_t *handle);
uint32_t new_mem_fence(int fd, int buffer, uint64_t offset, uint64_t value, uint32_t size);
int raw_mem_fence_location(int fd, uint32_t handle, struct dma_fence_mem_fence_location *location);
int raw_mem_fence_kick(int fd, uint32_t handle, uint32_t *signaled);

/* ---- events ---- */

int raw_event_add(int fd, uint32_t handle, int eventfd, uint64_t user_data, uint32_t *event);
int raw_event_cancel(int fd, uint32_t event, uint32_t *fired);
/* How many records, or a negative errno. */
int raw_read_events(int fd, struct dma_fence_event *events, uint32_t capacity);

int raw_stats(int fd, struct dma_fence_stats *stats);
int raw_caps(int fd, struct dma_fence_caps *caps);

#endif /* DMA_FENCE_TESTS_RAW_H */
