/* SPDX-License-Identifier: MIT */
/*
 * file.h - an open file of the node: its handles, what other modules keep for it (its parts), and,
 * where it is bound, its operations.
 *
 * The kernel keeps it from OPEN to RELEASE; pending requests and jobs of workers may hold it longer
 * (references). RELEASE drops everything that it has at once, even while there are references. All
 * under device->lock.
 */
#ifndef DMA_FENCED_FILE_H
#define DMA_FENCED_FILE_H

#define FUSE_USE_VERSION 35
#include <fuse_lowlevel.h>

#include "file/handle.h"
#include "file/record.h"

struct file_part;
struct open_file;

/*
 * What a module keeps for an open file, from the first request that needs it on. Embed it at the
 * start of your own structure. A module has at most one part a file, told by its ops.
 */
struct file_part_ops {
	size_t size; /* of your structure */
	/* The file is released: drops what the part has, and calls file_part_free(). */
	void (*release)(struct file_part *part);
	/*
	 * The device ends, before any file is released: signals what can only be signaled through
	 * this file. NULL: there is nothing like that.
	 */
	void (*cancel)(struct file_part *part);
	/*
	 * It has callbacks on fences or records for the file: released before the handles, so that
	 * fences that are cancelled with those do not call it.
	 */
	bool listens;
	/* Is it as if the file had no such part? NULL: never. */
	bool (*is_idle)(const struct file_part *part);
};

struct file_part {
	const struct file_part_ops *ops;
	struct open_file *file;
	struct file_part *prev, *next; /* of file->parts */
};

/*
 * What a file that is bound does, as the operations of a kernel struct file. A file without does
 * what the node does.
 */
struct file_operations {
	/* The only ABI that it answers, by the type letter of its requests; 0: none. */
	unsigned int ioctl_type;
	/* What poll() says now. */
	unsigned int (*poll)(struct open_file *file);
	/* poll() has found nothing: calls file_became_ready() when that changes, once. */
	void (*watch)(struct open_file *file);
};

struct open_file {
	struct device *device;
	struct open_file *prev, *next; /* of all that are open */
	struct account *account;
	unsigned int references;
	pid_t opener;		  /* the thread, which may have ended since; 0: out of sight */
	unsigned int waits, jobs; /* pending requests: of clients that wait; of workers */
	struct handle_table handles;
	struct record_queue records;
	struct file_part *parts;		  /* utlist */
	const struct file_operations *operations; /* NULL: not bound */
	struct fuse_pollhandle *poll_handle;	  /* to be notified when it becomes ready */
};

/* On OPEN: one reference, the kernel's. NULL: no memory. */
struct open_file *file_open(struct device *device, uid_t user, pid_t opener);
/* On RELEASE. */
void file_release(struct open_file *file);
/*
 * At the end of the device, first: signals what can only be signaled through open files, by closing
 * their handles. Their events stay, and are delivered.
 */
void files_cancel_all(void);
/* What poll() says has changed with device->is_ending. */
void files_notify_all(void);
/* Then: is no fence fd open, and no record unread? */
bool files_are_drained(void);
/* At last. */
void files_release_all(void);
void file_get(struct open_file *file);
void file_put(struct open_file *file);
/* Has nothing been done with it yet, so that it can be bound? */
bool file_is_fresh(const struct open_file *file);

/* NULL: it has none. */
struct file_part *file_part_find(const struct open_file *file, const struct file_part_ops *ops);
/* With a new one, zeroed and charged, where it has none. NULL: no memory. */
struct file_part *file_part_get(struct open_file *file, const struct file_part_ops *ops);
void file_part_free(struct file_part *part);

/* It is fresh but for the part that the operations work on. NULL ends it. */
void file_bind(struct open_file *file, const struct file_operations *operations);

/* poll(): takes the handle over. Takes the lock, and answers. */
void file_poll(struct open_file *file, fuse_req_t fuse, struct fuse_pollhandle *handle);
/* What poll() says may have changed: notifies the poller. */
void file_became_ready(struct open_file *file);

#endif /* DMA_FENCED_FILE_H */
