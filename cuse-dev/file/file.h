/* SPDX-License-Identifier: MIT */
/*
 * file.h - an open file of the node: its handles, its events, or the fence that it is bound to.
 *
 * The kernel keeps it from OPEN to RELEASE; parked requests and lanes that were abandoned in the
 * middle may hold it longer (references). RELEASE drops everything at once, whoever still holds a
 * reference. All under device->lock.
 */
#ifndef DMA_FENCED_FILE_H
#define DMA_FENCED_FILE_H

#include "file/pending.h"
#include "sync_file.h"
#include "syncobj/syncobj_handle.h"

struct device_timeline;
struct event;
struct parked_read;
struct sw_sync_timeline;
struct syncobj_event;
struct ticket;

enum handle_kind {
	HANDLE_FREE,
	HANDLE_FENCE,
	HANDLE_TIMELINE,
	HANDLE_TICKET,
};

struct handle {
	union {
		struct dma_fence *fence;	  /* a reference */
		struct device_timeline *timeline; /* the one handle that it has */
		struct ticket *ticket;		  /* as well */
		uint32_t next_free;
	};
	enum handle_kind kind : 8;
	bool may_signal : 1; /* it came from CREATE */
	bool is_named : 1;   /* scratch of SIGNAL: it was in the list before */
};

/* A bound file: it is this sync_file, or this syncobj, and nothing else. */
struct bound {
	struct open_file *file;
	struct device_syncobj *syncobj; /* a reference; NULL: a sync_file */
	struct sync_file sync_file;
	struct dma_fence_cb callback; /* added at the first poll() that has to wait */
	bool callback_added;
};

struct open_file {
	struct device *device;
	struct open_file *prev, *next;
	struct account *account;
	unsigned int references;
	pid_t opener; /* the thread, which may have ended since; 0: out of sight */

	struct handle *handles;			/* handle number n is handles[n - 1] */
	uint32_t handle_count, handle_capacity; /* slots in use at some time; slots there are */
	uint32_t handles_free; /* the first free number below handle_count, 0: none */
	uint32_t handles_open;

	unsigned int waits, jobs; /* requests in the device's table: in WAIT or read(); on lanes */
	struct export *exports;	  /* utlist */
	unsigned int export_count;

	struct syncobj_handles syncobjs;
	struct syncobj_event *syncobj_events; /* utlist */
	unsigned int syncobj_event_count;

	struct event *events;	/* hash by number: those of EVENT_ADD, until delivered */
	struct event *ready;	/* utlist: fired, not read */
	struct event *prepared; /* utlist: the device's own, not due yet */
	uint32_t last_event;
	struct parked_read *readers; /* utlist: in read() */

	struct fuse_pollhandle *poll_handle; /* whom to tell when it becomes readable */
	struct bound *bound;		     /* NULL: speaks the other ABIs */
	struct sw_sync_timeline *sw_sync;    /* NULL: no sw_sync request has come yet */
};

/* On OPEN: one reference, the kernel's. NULL: no memory. */
struct open_file *file_open(struct device *device, uid_t user, pid_t opener);
/* On RELEASE. */
void file_release(struct open_file *file);
/*
 * At the end of the device, before RELEASE: signals what can be signaled through this file alone,
 * by closing its handles. Its events stay, to tell of that.
 */
void file_cancel(struct open_file *file);
/* At that end: is it a fence fd, or are there records to be read? */
bool file_is_needed(const struct open_file *file);
void file_get(struct open_file *file);
void file_put(struct open_file *file);
/* Was nothing done with it yet, so that it can be bound? */
bool file_is_fresh(const struct open_file *file);
/* Makes a sync_file of that name ("": the default) of it. -ENOMEM. */
int file_bind(struct open_file *file, struct dma_fence *fence, const char *name);
/* Makes a descriptor of the syncobj of it. -ENOMEM. */
int file_bind_syncobj(struct open_file *file, struct device_syncobj *syncobj);

/* Room for one more handle: after it file_handle_add() cannot fail. -EMFILE, -ENOMEM. */
int file_handle_reserve(struct open_file *file, struct dma_fence *fence);
/* Takes over the caller's reference. */
uint32_t file_handle_add(struct open_file *file, struct dma_fence *fence, bool may_signal);
uint32_t file_handle_add_timeline(struct open_file *file, struct device_timeline *timeline);
uint32_t file_handle_add_ticket(struct open_file *file, struct ticket *ticket);
/* NULL where there is no such handle. */
struct handle *file_handle(struct open_file *file, uint32_t number);
/* Borrowed. -ENOENT, -EINVAL (of another kind). */
int file_fence(struct open_file *file, uint32_t number, struct dma_fence **fence);
int file_timeline(struct open_file *file, uint32_t number, struct device_timeline **timeline);
int file_ticket(struct open_file *file, uint32_t number, struct ticket **ticket);
/* Drops it, with all that follows for its fence. -ENOENT. */
int file_handle_close(struct open_file *file, uint32_t number);

/*
 * read() and poll() of the node (file_io.c). They answer, or park, themselves; called without the
 * lock.
 */
void file_read(struct open_file *file, fuse_req_t fuse, size_t size, int flags);
void file_read_interrupted(struct parked *parked);
void file_poll(struct open_file *file, fuse_req_t fuse, struct fuse_pollhandle *handle);
/*
 * Has it told when the fence that it is bound to is signaled; at once where it is. Under the lock.
 */
void file_watch_bound(struct open_file *file);
/*
 * Records are there, the bound fence is signaled, or the device ends: answers readers that there
 * are records for, makes the poll handle due. Under the lock.
 */
void file_became_readable(struct open_file *file);

#endif /* DMA_FENCED_FILE_H */
