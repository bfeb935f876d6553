/* SPDX-License-Identifier: MIT */
/* node.c - see node.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libdmafence.h"
#include "node.h"

int node_open(struct node *node, const char *path)
{
	struct statx stat;

	node->device = dma_fence_device_open(path);
	if (node->device < 0 || statx(node->device, "", AT_EMPTY_PATH, 0, &stat))
		return -errno;
	node->character = S_ISCHR(stat.stx_mode);
	node->major = node->character ? stat.stx_rdev_major : stat.stx_dev_major;
	node->minor = node->character ? stat.stx_rdev_minor : stat.stx_dev_minor;
	return 0;
}

static bool is_of_node(const struct node *node, const struct statx *stat)
{
	if (node->character)
		return S_ISCHR(stat->stx_mode) && stat->stx_rdev_major == node->major &&
		       stat->stx_rdev_minor == node->minor;
	return stat->stx_dev_major == node->major && stat->stx_dev_minor == node->minor;
}

/* Of all descriptors only those of dma-bufs have this among the kernel's facts about them. */
static bool is_dmabuf(int fd)
{
	char path[40], line[256];
	bool is = false;
	FILE *facts;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	facts = fopen(path, "re");
	if (!facts)
		return false;
	while (!is && fgets(line, sizeof(line), facts))
		is = !strncmp(line, "exp_name:", strlen("exp_name:"));
	fclose(facts);
	return is;
}

enum descriptor node_descriptor(const struct node *node, int fd)
{
	struct statx stat;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &stat))
		return DESCRIPTOR_FOREIGN;
	if (is_of_node(node, &stat))
		return DESCRIPTOR_NODE;
	/* Only shmem and hugetlbfs know seals. */
	if (fcntl(fd, F_GET_SEALS) >= 0)
		return DESCRIPTOR_SHMEM;
	return is_dmabuf(fd) ? DESCRIPTOR_DMABUF : DESCRIPTOR_FOREIGN;
}
