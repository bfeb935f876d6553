/* SPDX-License-Identifier: MIT */
/*
 * transport.h - how requests come in: a character device of its own (CUSE), or a mount of FUSE on
 * one file. The rest of the device does not know which.
 */
#ifndef DMA_FENCED_TRANSPORT_H
#define DMA_FENCED_TRANSPORT_H

#include "device/device.h"
#include "options.h"

struct transport {
	const char *name;
	uint32_t number; /* DMA_FENCE_TRANSPORT_* */
	/*
	 * Can it be used here? Otherwise says why, and what to do about it, to stderr where
	 * complain.
	 */
	bool (*available)(bool complain);
	/*
	 * Makes device->session. The node need not be there yet: transport_is_ready() is called, by
	 * the loop's thread, once it is. -errno, after having said why.
	 */
	int (*start)(struct device *device, const struct options *options);
	/* The node goes, and the session. */
	void (*stop)(struct device *device);
	/* Where clients find it. */
	const char *(*path)(void);
};

extern const struct transport cuse_transport; /* transport_cuse.c */
extern const struct transport fuse_transport; /* transport_fuse.c */

/*
 * For the transports: the callbacks of libfuse that both have in common (transport.c). fi->fh is
 * the open file.
 */
int transport_open(fuse_req_t fuse, struct open_file **file); /* -ENODEV: it ends; -ENOMEM */
void transport_release(fuse_req_t fuse, struct fuse_file_info *info);
void transport_read(fuse_req_t fuse, size_t size, struct fuse_file_info *info);
void transport_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle);
void transport_ioctl(fuse_req_t fuse, unsigned int command, struct fuse_file_info *info,
		     unsigned int flags, const void *input, size_t input_size);

/*
 * The loop: one thread, in the order of arrival, until loop_stop() or the node is gone. Both in
 * this thread.
 */
void loop_prepare(void);
void loop_run(struct device *device);
/* After that, in the same thread: until the device is drained, the time has come, or the node is
 * gone. */
void loop_drain(struct device *device, int64_t until_ns);
/* From any thread, once the loop is prepared. Returns when the loop has ended. */
void loop_stop(void);
bool loop_was_stopped(void);
/*
 * The FUSE header of the request that is being handled: what libfuse does not hand out. In the
 * loop's thread.
 */
uint64_t loop_request_unique(void);

/* main.c: the node is there, its mode and owner are set. */
void transport_is_ready(void);

#endif /* DMA_FENCED_TRANSPORT_H */
