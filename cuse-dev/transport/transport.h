/* SPDX-License-Identifier: MIT */
/*
 * transport.h - how requests come in: a character device of its own (CUSE), or a mount of FUSE on
 * one file. The rest of the device does not know which.
 */
#ifndef DMA_FENCED_TRANSPORT_H
#define DMA_FENCED_TRANSPORT_H

#include "file/pending.h"
#include "options.h"

struct transport {
	const char *name;
	uint32_t number; /* DMA_FENCE_TRANSPORT_* */
	/*
	 * Can it be used here? Otherwise, where complain, says on stderr why not, and what to do
	 * about it.
	 */
	bool (*available)(bool complain);
	/*
	 * Makes device->session. The node need not exist yet: the loop's thread calls
	 * transport_is_ready() once it does. -errno, after an error message.
	 */
	int (*start)(struct device *device, const struct options *options);
	/* Removes the node, and the session. */
	void (*stop)(struct device *device);
	/* Where clients find it. */
	const char *(*path)(void);
};

extern const struct transport cuse_transport; /* cuse.c */
extern const struct transport fuse_transport; /* fuse.c */

/* Has ready called, once, when the node exists, with its mode and owner. */
void transport_set_ready(void (*ready)(void));
void transport_is_ready(void);

/* The callbacks of libfuse that both have in common (transport.c). fi->fh is the open file. */
/* -ENODEV: the device ends; -ENOMEM. */
int transport_open(fuse_req_t fuse, struct open_file **file);
void transport_release(fuse_req_t fuse, struct fuse_file_info *info);
void transport_read(fuse_req_t fuse, size_t size, struct fuse_file_info *info);
void transport_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle);
void transport_ioctl(fuse_req_t fuse, unsigned int command, struct fuse_file_info *info,
		     unsigned int flags, const void *input, size_t input_size);

#endif /* DMA_FENCED_TRANSPORT_H */
