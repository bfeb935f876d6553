/* SPDX-License-Identifier: MIT */
/* transport.c - what both transports do alike with a request that libfuse hands over. */
#include <errno.h>

#include "abi/dispatch.h"
#include "file/read.h"
#include "transport/transport.h"

static void (*ready)(void);

void transport_set_ready(void (*function)(void))
{
	ready = function;
}

void transport_is_ready(void)
{
	ready();
}

static struct open_file *file_of(const struct fuse_file_info *info)
{
	return (struct open_file *)(uintptr_t)info->fh;
}

int transport_open(fuse_req_t fuse, struct open_file **file)
{
	const struct fuse_ctx *context = fuse_req_ctx(fuse);
	struct device *device = fuse_req_userdata(fuse);

	if (device->is_ending)
		return -ENODEV;
	device_lock(device);
	*file = file_open(device, context->uid, context->pid);
	device_unlock(device);
	return *file ? 0 : -ENOMEM;
}

void transport_release(fuse_req_t fuse, struct fuse_file_info *info)
{
	struct device *device = fuse_req_userdata(fuse);

	device_lock(device);
	file_release(file_of(info));
	device_unlock(device);
	fuse_reply_err(fuse, 0);
}

static struct request request_of(fuse_req_t fuse, const struct fuse_file_info *info)
{
	return (struct request){
		.fuse = fuse,
		.device = fuse_req_userdata(fuse),
		.file = file_of(info),
		.thread = fuse_req_ctx(fuse)->pid,
	};
}

void transport_read(fuse_req_t fuse, size_t size, struct fuse_file_info *info)
{
	struct request request = request_of(fuse, info);

	file_read(&request, size, info->flags);
}

void transport_poll(fuse_req_t fuse, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
	file_poll(file_of(info), fuse, handle);
}

void transport_ioctl(fuse_req_t fuse, unsigned int command, struct fuse_file_info *info,
		     unsigned int flags, const void *input, size_t input_size)
{
	struct request request = request_of(fuse, info);

	request.command = command;
	request.is_32_bit = flags & FUSE_IOCTL_COMPAT;
	request.size = _IOC_SIZE(command);
	ioctl_dispatch(&request, input, input_size);
}
