/* SPDX-License-Identifier: MIT */
/*
 * stage.c - sets up both servers for a pass, and removes them. What is measured there is not
 * known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "floor.h"
#include "stage.h"

#define MEMORY_SIZE 65536

static const char *const side_names[SIDE_COUNT] = {"floor", "device"};

/* What we may run on, as it was before a stage pinned us. */
static cpu_set_t allowed;

enum transport stage_transport(enum transport wanted)
{
	int fd;

	if (wanted != TRANSPORT_AUTO)
		return wanted;
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return TRANSPORT_FUSE;
	close(fd);
	return TRANSPORT_CUSE;
}

static int last_cpu(const cpu_set_t *cpus)
{
	int cpu;

	for (cpu = CPU_SETSIZE - 1; cpu >= 0 && !CPU_ISSET(cpu, cpus); cpu--)
		;
	return cpu;
}

int stage_default_cpu(unsigned int *count)
{
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) < 0)
		return complain("CPU affinity", -errno);
	*count = CPU_COUNT(&cpus);
	return last_cpu(&cpus);
}

static int pin(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) < 0 ? complain("--cpu", -errno) : 0;
}

/* For the servers, which inherit it. */
static int place_servers(struct stage *stage, int cpu)
{
	cpu_set_t others;

	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		return complain("CPU affinity", -errno);
	switch (stage->placement) {
	case PLACE_TOGETHER:
		return pin(cpu);
	case PLACE_APART:
		others = allowed;
		CPU_CLR(cpu, &others);
		return CPU_COUNT(&others) ? pin(last_cpu(&others))
					  : complain("--apart on one CPU", -EINVAL);
	default:
		return 0;
	}
}

static int share(struct stage *stage)
{
	stage->event_fd = eventfd(0, EFD_CLOEXEC);
	stage->memory_fd = memfd_create("dma-fence-bench", MFD_CLOEXEC);
	if (stage->event_fd < 0 || stage->memory_fd < 0 ||
	    ftruncate(stage->memory_fd, MEMORY_SIZE) < 0)
		return complain("eventfd and memory", -errno);
	stage->memory =
		mmap(NULL, MEMORY_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, stage->memory_fd, 0);
	if (stage->memory == MAP_FAILED) {
		stage->memory = NULL;
		return complain("eventfd and memory", -errno);
	}
	stage->memory_size = MEMORY_SIZE;
	return 0;
}

/* The nodes' names: a file each in a folder of our own, or a device with our pid in its name. */
static int name_nodes(struct stage *stage)
{
	const char *temporary = getenv("TMPDIR");
	int side;

	if (stage->transport == TRANSPORT_FUSE) {
		snprintf(stage->folder, sizeof(stage->folder), "%s/dma-fence-bench.XXXXXX",
			 temporary && *temporary ? temporary : "/tmp");
		if (!mkdtemp(stage->folder)) {
			int ret = complain(stage->folder, -errno);

			stage->folder[0] = '\0';
			return ret;
		}
	}
	for (side = 0; side < SIDE_COUNT; side++) {
		char *path = stage->target[side].path;
		int length;

		if (stage->transport == TRANSPORT_CUSE)
			length = snprintf(path, PATH_MAX, "/dev/dma-fence-bench-%d-%s",
					  (int)getpid(), side_names[side]);
		else
			length = snprintf(path, PATH_MAX, "%s/%s", stage->folder, side_names[side]);
		if (length >= PATH_MAX)
			return complain(stage->folder, -ENAMETOOLONG);
	}
	return 0;
}

static int start_target(struct stage *stage, enum side side, const struct stage_options *options)
{
	struct target *target = &stage->target[side];
	bool cuse = stage->transport == TRANSPORT_CUSE;
	char where[PATH_MAX + 16], event_option[32], memory_option[32];
	int none[] = {-1};
	int shared[] = {stage->event_fd, stage->memory_fd, -1};
	char *daemon[] = {
		(char *)options->daemon,
		cuse ? "--transport=cuse" : "--transport=fuse",
		where,
		"--fence-timeout=0",
		NULL,
		NULL,
	};
	char *floor[] = {
		(char *)options->floor_server, where, event_option, memory_option, NULL, NULL,
	};
	int ret, fd;

	target->native = side == SIDE_DEVICE && options->daemon;
	if (cuse) {
		snprintf(where, sizeof(where), "--name=%s", target->path + strlen("/dev/"));
	} else {
		/* What a file is mounted on. */
		fd = open(target->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return complain(target->path, -errno);
		close(fd);
		snprintf(where, sizeof(where), "--path=%s", target->path);
	}
	snprintf(event_option, sizeof(event_option), "--eventfd=%d", stage->event_fd);
	snprintf(memory_option, sizeof(memory_option), "--memory=%d", stage->memory_fd);

	ret = server_start(&target->server, target->native ? daemon : floor,
			   target->native ? none : shared);
	if (ret < 0)
		return ret;
	target->node = open(target->path, O_RDWR | O_CLOEXEC);
	if (target->node < 0)
		return complain(target->path, -errno);
	if (target->native && dma_fence_device_get_caps(target->node, &stage->caps) < 0)
		return complain("GET_CAPS", -errno);
	return 0;
}

int stage_open(struct stage *stage, const struct stage_options *options, enum placement placement)
{
	int ret, side;

	*stage = (struct stage){
		.transport = stage_transport(options->transport),
		.placement = placement,
		.event_fd = -1,
		.memory_fd = -1,
	};
	for (side = 0; side < SIDE_COUNT; side++)
		stage->target[side].node = -1;
	ret = place_servers(stage, options->cpu);
	if (ret == 0)
		ret = share(stage);
	if (ret == 0)
		ret = name_nodes(stage);
	for (side = 0; ret == 0 && side < SIDE_COUNT; side++)
		ret = start_target(stage, side, options);
	if (ret == 0 && placement != PLACE_FREE)
		ret = pin(options->cpu);
	if (ret < 0)
		stage_close(stage);
	return ret;
}

static void stop_target(struct stage *stage, struct target *target)
{
	if (target->node >= 0)
		close(target->node);
	server_stop(&target->server);
	if (stage->transport == TRANSPORT_CUSE || !target->path[0])
		return;
	/* A server that had to be killed leaves its mount behind; any other has none left, EINVAL.
	 */
	if (umount2(target->path, MNT_DETACH) < 0 && errno == EPERM &&
	    access(target->path, F_OK) < 0 && errno == ENOTCONN)
		fprintf(stderr, "dma-fence-bench: still mounted: fusermount3 -u %s\n",
			target->path);
	unlink(target->path);
}

void stage_close(struct stage *stage)
{
	int side;

	for (side = SIDE_COUNT - 1; side >= 0; side--)
		stop_target(stage, &stage->target[side]);
	while (waitpid(-1, NULL, 0) > 0)
		;
	if (stage->folder[0])
		rmdir(stage->folder);
	if (stage->memory)
		munmap(stage->memory, stage->memory_size);
	if (stage->memory_fd >= 0)
		close(stage->memory_fd);
	if (stage->event_fd >= 0)
		close(stage->event_fd);
	sched_setaffinity(0, sizeof(allowed), &allowed);
}

int target_settle(const struct target *target)
{
	struct dma_fence_stats stats = {0};
	unsigned long echo = FLOOR_IOC(_IOC_READ | _IOC_WRITE, FLOOR_ECHO, sizeof(stats));
	unsigned long request = target->native ? DMA_FENCE_IOC_GET_STATS : echo;

	return ioctl(target->node, request, &stats) < 0 ? -errno : 0;
}
