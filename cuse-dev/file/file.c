/* SPDX-License-Identifier: MIT */
/*
 * file.c - open files, their parts, and poll().
 *
 * A poll handle is replaced before the state is read, both under the lock that is held for changes
 * of the state: either poll() sees the change, or the change finds the handle.
 */
#include <poll.h>
#include <stdlib.h>

#include "container_of.h"
#include "file/file.h"

static struct open_file *files; /* utlist */

static void records_became_ready(struct record_queue *queue)
{
	file_became_ready(container_of(queue, struct open_file, records));
}

struct open_file *file_open(struct device *device, uid_t user, pid_t opener)
{
	struct open_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->account = account_of_user(user);
	if (!file->account)
		goto err_free;
	if (account_charge(file->account, sizeof(*file)))
		goto err_put;
	file->device = device;
	file->opener = opener;
	file->references = 1;
	file->handles.device = file->records.device = device;
	file->handles.account = file->records.account = file->account;
	file->records.became_ready = records_became_ready;
	DL_APPEND(files, file);
	device->stats.files++;
	return file;

err_put:
	account_put(file->account);
err_free:
	free(file);
	return NULL;
}

void file_get(struct open_file *file)
{
	file->references++;
}

void file_put(struct open_file *file)
{
	if (--file->references)
		return;
	account_uncharge(file->account, sizeof(*file));
	account_put(file->account);
	free(file);
}

void file_release(struct open_file *file)
{
	struct device *device = file->device;

	/* Those that listen come first in the list. */
	while (file->parts && file->parts->ops->listens)
		file->parts->ops->release(file->parts);
	records_drop_all(&file->records);
	handles_close_all(&file->handles);
	while (file->parts)
		file->parts->ops->release(file->parts);
	if (file->poll_handle) {
		fuse_pollhandle_destroy(file->poll_handle);
		file->poll_handle = NULL;
	}
	DL_DELETE(files, file);
	device->stats.files--;
	file_put(file);
}

void files_cancel_all(void)
{
	struct file_part *part, *next;
	struct open_file *file;

	DL_FOREACH(files, file) {
		handles_close_all(&file->handles);
		DL_FOREACH_SAFE(file->parts, part, next) {
			if (part->ops->cancel)
				part->ops->cancel(part);
		}
	}
}

void files_notify_all(void)
{
	struct open_file *file;

	DL_FOREACH(files, file)
		file_became_ready(file);
}

bool files_are_drained(void)
{
	struct open_file *file;

	DL_FOREACH(files, file) {
		if ((file->operations && file->operations->ioctl_type) || file->records.ready)
			return false;
	}
	return true;
}

void files_release_all(void)
{
	while (files)
		file_release(files);
}

bool file_is_fresh(const struct open_file *file)
{
	struct file_part *part;

	DL_FOREACH(file->parts, part) {
		if (!part->ops->is_idle || !part->ops->is_idle(part))
			return false;
	}
	return !file->handles.open && records_are_idle(&file->records) && !file->waits &&
	       !file->jobs;
}

struct file_part *file_part_find(const struct open_file *file, const struct file_part_ops *ops)
{
	struct file_part *part;

	DL_FOREACH(file->parts, part) {
		if (part->ops == ops)
			return part;
	}
	return NULL;
}

struct file_part *file_part_get(struct open_file *file, const struct file_part_ops *ops)
{
	struct file_part *part = file_part_find(file, ops);

	if (part || account_charge(file->account, ops->size))
		return part;
	part = calloc(1, ops->size);
	if (!part) {
		account_uncharge(file->account, ops->size);
		return NULL;
	}
	part->file = file;
	part->ops = ops;
	if (ops->listens)
		DL_PREPEND(file->parts, part);
	else
		DL_APPEND(file->parts, part);
	return part;
}

void file_part_free(struct file_part *part)
{
	DL_DELETE(part->file->parts, part);
	account_uncharge(part->file->account, part->ops->size);
	free(part);
}

static unsigned int ready_events(struct open_file *file)
{
	if (file->operations)
		return file->operations->poll(file);
	if (file->records.ready)
		return POLLIN;
	/* The node has nothing more to tell. */
	return file->device->is_ending ? POLLERR : 0;
}

/* Has the operations call file_became_ready(). The node's records do so without being asked. */
static void watch(struct open_file *file)
{
	if (file->operations && file->operations->watch)
		file->operations->watch(file);
}

void file_bind(struct open_file *file, const struct file_operations *operations)
{
	file->operations = operations;
	/* A client may have begun to poll it before. */
	if (!operations || !file->poll_handle)
		return;
	if (ready_events(file))
		file_became_ready(file);
	else
		watch(file);
}

void file_became_ready(struct open_file *file)
{
	if (!file->poll_handle || !ready_events(file))
		return;
	device_notify_later(file->device, file->poll_handle);
	file->poll_handle = NULL;
}

void file_poll(struct open_file *file, fuse_req_t fuse, struct fuse_pollhandle *handle)
{
	unsigned int events;

	device_lock(file->device);
	if (handle) {
		if (file->poll_handle)
			fuse_pollhandle_destroy(file->poll_handle);
		file->poll_handle = handle;
	}
	events = ready_events(file);
	/* A container may turn out to be signaled only now: then the handle is due at once. */
	if (handle && !events)
		watch(file);
	device_unlock(file->device);
	fuse_reply_poll(fuse, events);
}
