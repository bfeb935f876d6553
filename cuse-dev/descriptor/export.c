/* SPDX-License-Identifier: MIT */
/* export.c - see export.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "container_of.h"
#include "descriptor/export.h"

/* What an open file has exported. */
struct export_list {
	struct file_part part;
	struct export *exports; /* utlist */
	unsigned int count;
};

/* A token that was not used yet. */
struct export
{
	__u64 token[2];
	struct export_list *list;
	struct fd_object object; /* a reference */
	char name[SYNC_FILE_NAME_SIZE];
	struct export *prev, *next; /* of list->exports */
	UT_hash_handle hh;	    /* by token */
};

static struct export *tokens; /* hash */

static struct export_list *to_list(const struct file_part *part)
{
	return container_of(part, struct export_list, part);
}

static void drop(struct export *export)
{
	struct export_list *list = export->list;
	struct open_file *file = list->part.file;

	HASH_DEL(tokens, export);
	DL_DELETE(list->exports, export);
	list->count--;
	file->device->stats.exports--;
	account_uncharge(file->account, fd_object_cost(&export->object));
	fd_object_put(&export->object);
	free(export);
}

static void list_release(struct file_part *part)
{
	struct export_list *list = to_list(part);

	while (list->exports)
		drop(list->exports);
	file_part_free(part);
}

static bool list_is_idle(const struct file_part *part)
{
	return !to_list(part)->exports;
}

static const struct file_part_ops list_ops = {
	.size = sizeof(struct export_list),
	.release = list_release,
	.is_idle = list_is_idle,
};

/* Only with its token. */
static int export_new(struct export **created)
{
	struct export *export = calloc(1, sizeof(*export));

	if (!export)
		return -ENOMEM;
	if (getrandom(export->token, sizeof(export->token), GRND_NONBLOCK) !=
	    sizeof(export->token)) {
		free(export);
		return -EAGAIN;
	}
	HASH_ADD(hh, tokens, token, sizeof(export->token), export);
	if (!export->hh.tbl) {
		free(export);
		return -ENOMEM;
	}
	*created = export;
	return 0;
}

int export_create(struct open_file *file, const struct fd_object *object, const char *name,
		  __u64 token[2])
{
	struct file_part *part = file_part_get(file, &list_ops);
	struct export_list *list = part ? to_list(part) : NULL;
	struct export *export;
	int ret;

	device_assert_held(file->device);
	if (!list)
		return -ENOMEM;
	if (list->count >= MAX_EXPORTS)
		return -ENOSPC;
	if (account_charge(file->account, fd_object_cost(object)))
		return -ENOMEM;
	ret = export_new(&export);
	if (ret) {
		account_uncharge(file->account, fd_object_cost(object));
		return ret;
	}
	export->list = list;
	export->object = *object;
	fd_object_get(object);
	if (name)
		strncpy(export->name, name, sizeof(export->name) - 1);
	DL_APPEND(list->exports, export);
	list->count++;
	file->device->stats.exports++;
	memcpy(token, export->token, sizeof(export->token));
	return 0;
}

int export_bind(struct open_file *file, const __u64 token[2], uint32_t kind)
{
	struct export *export;
	int ret;

	if (!file_is_fresh(file))
		return -EBUSY;
	HASH_FIND(hh, tokens, token, 2 * sizeof(token[0]), export);
	if (!export)
		return -ENOENT;
	if (kind !=
	    (export->object.syncobj ? DMA_FENCE_EXPORT_SYNCOBJ : DMA_FENCE_EXPORT_SYNC_FILE))
		return -EINVAL;
	ret = fence_fd_bind(file, &export->object, export->name);
	if (!ret)
		drop(export);
	return ret;
}
