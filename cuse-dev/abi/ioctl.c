/* SPDX-License-Identifier: MIT */
/* ioctl.c - see ioctl.h. */
#include <errno.h>
#include <string.h>

#include "abi/ioctl.h"

bool ioctl_is_zero(const void *bytes, size_t count)
{
	const char *first = bytes;

	/* The first is zero, and each is as the one before it. */
	return !count || (!first[0] && !memcmp(first, first + 1, count - 1));
}

int ioctl_check_tail(const struct request *request, const void *argument, uint64_t used)
{
	if (used < request->size &&
	    !ioctl_is_zero((const char *)argument + used, request->size - used))
		return -E2BIG;
	return 0;
}

int ioctl_check_array(const struct request *request, const void *argument, size_t head_size,
		      uint32_t count, size_t entry_size, uint64_t pointer)
{
	uint64_t used = head_size + (pointer ? 0 : (uint64_t)count * entry_size);

	if (!count || (pointer ? count > MAX_COUNT : used > request->size))
		return -EINVAL;
	return ioctl_check_tail(request, argument, used);
}
