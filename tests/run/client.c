/* SPDX-License-Identifier: MIT */
/*
 * client.c - a program as another project would write it: it issues the kernel's own requests,
 * knows nothing of this project, and says with its exit status whether they were answered as the
 * kernel would. It is run by dma-fence-run; each case is one of its arguments.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "linux_dma_buf.h"
#include "linux_drm_syncobj.h"
#include "linux_sw_sync.h"
#include "linux_sync_file.h"
#include "pass_fd.h"

/* The limit of every wait. */
#define PATIENCE_MS 60000

#define check(condition) check_at(__LINE__, #condition, condition)

static void check_at(int line, const char *what, bool holds)
{
	if (holds)
		return;
	fprintf(stderr, "client.c:%d: not so: %s (errno %d, %s)\n", line, what, errno,
		strerror(errno));
	_exit(1);
}

static const char *node;
static char *own_path;

static int open_timeline(void)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	check(fd >= 0);
	return fd;
}

static int create_fence(int timeline, uint32_t value)
{
	struct sw_sync_create_fence_data create = { .value = value, .name = "fence", .fence = -7 };

	return ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &create) ? -errno : create.fence;
}

static int merge(int fd1, int fd2)
{
	struct sync_merge_data data = { .name = "merged", .fd2 = fd2, .fence = -7 };

	return ioctl(fd1, SYNC_IOC_MERGE, &data) ? -errno : data.fence;
}

static void inc(int timeline, uint32_t by)
{
	check(!ioctl(timeline, SW_SYNC_IOC_INC, &by));
}

static int status_of(int sync_file)
{
	struct sync_file_info info = { 0 };

	check(!ioctl(sync_file, SYNC_IOC_FILE_INFO, &info));
	return info.status;
}

static bool becomes_signaled(int sync_file)
{
	struct pollfd poll_fd = { .fd = sync_file, .events = POLLIN };

	return poll(&poll_fd, 1, PATIENCE_MS) == 1 && poll_fd.revents == POLLIN;
}

static int count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	check(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static int expect_child(pid_t pid)
{
	int status;

	check(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status) && !WEXITSTATUS(status));
	return 0;
}

/* ---- the cases ---- */

static void requests(void)
{
	int timeline = open_timeline(), other = open_timeline();
	int a = create_fence(timeline, 1), b = create_fence(other, 1), both = merge(a, b);
	struct sync_file_info info = { 0 };

	check(a >= 0 && b >= 0 && both >= 0);
	check(fcntl(a, F_GETFD) == FD_CLOEXEC && fcntl(both, F_GETFD) == FD_CLOEXEC);
	check((fcntl(a, F_GETFL) & O_ACCMODE) == O_RDONLY);
	check(!ioctl(both, SYNC_IOC_FILE_INFO, &info));
	check(!strcmp(info.name, "merged") && info.num_fences == 2 && info.status == 0);
	inc(timeline, 1);
	check(status_of(a) == 1 && status_of(both) == 0);
	inc(other, 1);
	check(becomes_signaled(both) && status_of(both) == 1);
	close(timeline);
	b = create_fence(other, 5);
	close(other);
	check(becomes_signaled(b) && status_of(b) == -ENOENT);
}

#define HANDLE_TO_FD(direction, size) _IOC(direction, 'd', 0xc1, size)
#define READ_WRITE		      (_IOC_READ | _IOC_WRITE)
/* The struct as older programs have it. */
#define HANDLE_TO_FD_OLD HANDLE_TO_FD(READ_WRITE, DRM_SYNCOBJ_HANDLE_SIZE_OLD)

static int syncobj_to_fd(int device, unsigned long request, uint32_t handle, uint32_t flags)
{
	struct drm_syncobj_handle data = {
		.handle = handle,
		.flags = flags,
		.fd = -7,
		.point = 3,
	};

	return ioctl(device, request, &data) ? -errno : data.fd;
}

static void syncobjs(void)
{
	const uint32_t file = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE;
	const uint32_t point = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_TIMELINE;
	const unsigned long requests[] = { DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, HANDLE_TO_FD_OLD };
	struct drm_syncobj_create create = { .flags = DRM_SYNCOBJ_CREATE_SIGNALED };
	int device = open_timeline(), other = open_timeline(), before;

	check(!ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &create) && create.handle == 1);
	before = count_fds();
	for (int i = 0; i < 2; i++) {
		struct drm_syncobj_handle data = { .fd = -7 };
		int fence;

		data.fd = syncobj_to_fd(device, requests[i], 1, 0);
		check(data.fd >= 0 && fcntl(data.fd, F_GETFD) == FD_CLOEXEC);
		check(!ioctl(other, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &data));
		check(data.handle == (uint32_t)i + 1);
		fence = syncobj_to_fd(device, requests[i], 1, file);
		check(fence >= 0 && status_of(fence) == 1);
		close(data.fd);
		close(fence);
		check(syncobj_to_fd(device, requests[i], 9, 0) == -EINVAL);
		check(syncobj_to_fd(device, requests[i], 9, file) == -ENOENT);
		check(syncobj_to_fd(device, requests[i], 1, 2) == -EINVAL);
		check(syncobj_to_fd(device, requests[i], 1, file | point) == -EINVAL);
		check(ioctl(device, requests[i], NULL) && errno == EFAULT);
		check(syncobj_to_fd(900, requests[i], 1, 0) == -EBADF);
	}
	check(count_fds() == before);
	close(device);
	close(other);
}

/*
 * The number alone makes the request: what is not read is 0, what is not written is not told, and a
 * descriptor is made all the same.
 */
static void sizes(void)
{
	static const struct {
		unsigned int direction, size;
		int result;
		bool told;
	} rows[] = {
		{ READ_WRITE, 4, 0, false },
		{ READ_WRITE, 8, 0, false },
		{ READ_WRITE, 11, 0, false },
		{ READ_WRITE, 12, 0, true },
		{ READ_WRITE, 20, 0, true },
		{ READ_WRITE, 32, 0, true },
		{ READ_WRITE, 64, 0, true },
		{ _IOC_WRITE, sizeof(struct drm_syncobj_handle), 0, false },
		{ _IOC_READ, sizeof(struct drm_syncobj_handle), EINVAL, false },
		{ _IOC_NONE, sizeof(struct drm_syncobj_handle), EINVAL, false },
		{ _IOC_NONE, 0, EINVAL, false },
	};
	struct drm_syncobj_create create = { .flags = DRM_SYNCOBJ_CREATE_SIGNALED };
	int device = open_timeline();

	check(!ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &create));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const unsigned int request = HANDLE_TO_FD(rows[i].direction, rows[i].size);
		union {
			struct drm_syncobj_handle handle;
			unsigned char bytes[80];
		} data = { .handle = { .handle = create.handle, .fd = -7 } };
		int before = count_fds();

		memset(data.bytes + sizeof(data.handle), 0x5a, sizeof(data) - sizeof(data.handle));
		errno = 0;
		check(ioctl(device, request, &data) == (rows[i].result ? -1 : 0));
		check(errno == rows[i].result);
		check(count_fds() == before + !rows[i].result);
		check(!rows[i].told || fcntl(data.handle.fd, F_GETFD) == FD_CLOEXEC);
		/* Nothing comes in and all goes out: zeros. */
		check(data.handle.handle == (rows[i].direction == _IOC_READ ? 0 : create.handle));
		for (size_t at = sizeof(data.handle); at < sizeof(data); at++)
			check(data.bytes[at] == 0x5a);
	}
}

static void mistakes(void)
{
	int timeline = open_timeline(), fence = create_fence(timeline, 1), before;
	struct sync_merge_data data = { .fd2 = fence, .flags = 1 };
	struct drm_syncobj_handle handle = { .handle = 7 };
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int event = eventfd(0, EFD_CLOEXEC), path = open(node, O_PATH | O_CLOEXEC);

	before = count_fds();
	check(merge(fence, -1) == -ENOENT);
	check(merge(fence, 900) == -ENOENT);
	check(merge(fence, event) == -ENOENT);
	check(merge(fence, timeline) == -ENOENT);
	check(ioctl(fence, SYNC_IOC_MERGE, &data) && errno == EINVAL);
	data.flags = 0;
	data.pad = 1;
	check(ioctl(fence, SYNC_IOC_MERGE, &data) && errno == EINVAL);
	check(ioctl(fence, SYNC_IOC_MERGE, NULL) && errno == EFAULT);
	check(ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, NULL) && errno == EFAULT);
	/* It can be read, but the number cannot be written to it. */
	check(ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, page) && errno == EFAULT);
	/* There is no handle 0; but DRM writes its argument back, and that is the last mistake. */
	check(ioctl(timeline, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, page) && errno == EFAULT);
	check(merge(-1, fence) == -EBADF);
	/* On a file that is not the device's, its owner answers. */
	check(merge(event, fence) == -ENOTTY);
	check(create_fence(event, 1) == -ENOTTY);
	check(merge(timeline, fence) == -ENOTTY);
	check(ioctl(timeline, SYNC_IOC_MERGE, NULL) && errno == ENOTTY);
	check(ioctl(timeline, SYNC_IOC_MERGE, &data) && errno == ENOTTY);
	check(ioctl(fence, SW_SYNC_IOC_CREATE_FENCE, NULL) && errno == ENOTTY);
	check(ioctl(fence, HANDLE_TO_FD(_IOC_READ, sizeof(handle)), &handle) && errno == ENOTTY);
	check(handle.handle == 7);
	check(ioctl(path, SYNC_IOC_MERGE, NULL) && errno == EBADF);
	check(create_fence(path, 1) == -EBADF);
	check(merge(fence, path) == -ENOENT);
	check(count_fds() == before);
}

/* Without a number to give, nothing is given, and the struct stays what it was. */
static void limit(void)
{
	struct sw_sync_create_fence_data create = { .value = 1, .fence = -7 };
	struct rlimit before, none = { 0 };
	int timeline = open_timeline(), count = count_fds();

	check(!getrlimit(RLIMIT_NOFILE, &before));
	none.rlim_max = before.rlim_max;
	check(!setrlimit(RLIMIT_NOFILE, &none));
	check(ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &create) && errno == EMFILE);
	check(create.fence == -7);
	check(!setrlimit(RLIMIT_NOFILE, &before));
	check(count_fds() == count);
}

#define THREADS		  8
#define FENCES_PER_THREAD 100

static void *create_many(void *argument)
{
	int timeline = *(int *)argument, fds[FENCES_PER_THREAD];

	for (int i = 0; i < FENCES_PER_THREAD; i++) {
		fds[i] = create_fence(timeline, 1);
		check(fds[i] >= 0);
	}
	for (int i = 0; i < FENCES_PER_THREAD; i++)
		check(!close(fds[i]));
	return NULL;
}

static void threads(void)
{
	int timeline = open_timeline(), before = count_fds();
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		check(!pthread_create(&threads[i], NULL, create_many, &timeline));
	for (int i = 0; i < THREADS; i++)
		check(!pthread_join(threads[i], NULL));
	check(count_fds() == before);
}

static void forks(void)
{
	int timeline = open_timeline(), fence = create_fence(timeline, 1);
	pid_t pid = fork();

	if (!pid) {
		/* Its own number, and its own table. */
		int more = create_fence(timeline, 2), both = merge(fence, more);

		check(more >= 0 && both >= 0);
		inc(timeline, 1);
		execl(own_path, own_path, "requests", node, (char *)NULL);
		_exit(1);
	}
	expect_child(pid);
	check(status_of(fence) == 1);
}

static void execs(void)
{
	int timeline = open_timeline(), fence = create_fence(timeline, 1);
	char number[16];

	check(fence >= 0);
	snprintf(number, sizeof(number), "%d", fence);
	execl(own_path, own_path, "closed", node, number, (char *)NULL);
	_exit(1);
}

static int signals_caught;

static void on_signal(int number)
{
	signals_caught++;
}

/*
 * One call is one descriptor, whatever arrives meanwhile. Without SA_RESTART a signal may end it
 * before it has begun; then there is none.
 */
static void signals(void)
{
	struct itimerval every = { .it_interval = { .tv_usec = 50 },
				   .it_value = { .tv_usec = 50 } };
	struct itimerval never = { 0 };
	struct sigaction action = { .sa_handler = on_signal };
	int timeline = open_timeline(), before = count_fds(), fd;

	for (int flags = 0; flags <= 1; flags++) {
		action.sa_flags = flags ? SA_RESTART : 0;
		check(!sigaction(SIGALRM, &action, NULL));
		check(!setitimer(ITIMER_REAL, &every, NULL));
		for (int i = 0; i < 500; i++) {
			fd = create_fence(timeline, 1);
			check(fd >= 0 || (fd == -EINTR && !flags));
			if (fd >= 0)
				close(fd);
		}
		check(!setitimer(ITIMER_REAL, &never, NULL));
		check(signals_caught > 0);
		check(count_fds() == before);
	}
}

static void send_fd(int socket_fd, int fd)
{
	check(pass_fd(socket_fd, fd) == 0);
}

static int receive_fd(int socket_fd)
{
	int fd = take_fd(socket_fd);

	check(fd >= 0);
	return fd;
}

static struct sockaddr_un socket_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	return address;
}

/* The two halves of what two programs do, each run by a dma-fence-run of its own. */
static void serves(const char *path)
{
	struct sockaddr_un address = socket_address(path);
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), peer, merged;
	int timeline = open_timeline(), fence = create_fence(timeline, 1);

	check(!bind(listener, (struct sockaddr *)&address, sizeof(address)) &&
	      !listen(listener, 1));
	peer = accept(listener, NULL, NULL);
	check(peer >= 0 && fence >= 0);
	send_fd(peer, fence);
	merged = receive_fd(peer);
	check(status_of(merged) == 0);
	inc(timeline, 1);
	check(becomes_signaled(merged));
	send_fd(peer, fence);
}

static void connects(const char *path)
{
	struct sockaddr_un address = socket_address(path);
	int peer = socket(AF_UNIX, SOCK_STREAM, 0), foreign, merged;
	int timeline = open_timeline(), own = create_fence(timeline, 1);

	for (int i = 0; connect(peer, (struct sockaddr *)&address, sizeof(address)); i++) {
		check(i < PATIENCE_MS);
		usleep(1000);
	}
	foreign = receive_fd(peer);
	merged = merge(foreign, own);
	check(own >= 0 && merged >= 0);
	inc(timeline, 1);
	send_fd(peer, merged);
	/* It has signaled its part before it answers. */
	receive_fd(peer);
	check(status_of(merged) == 1);
}

static int export_from(int buffer, uint32_t flags)
{
	struct dma_buf_export_sync_file data = { .flags = flags, .fd = -7 };

	return ioctl(buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &data) ? -errno : data.fd;
}

static int import_into(int buffer, uint32_t flags, int fence)
{
	struct dma_buf_import_sync_file data = { .flags = flags, .fd = fence };

	return ioctl(buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &data) ? -errno : 0;
}

static void use_buffer(int buffer)
{
	int timeline = open_timeline(), fence = create_fence(timeline, 1), exported;

	check(import_into(buffer, 0, fence) == -EINVAL);
	check(import_into(buffer, 0x10, fence) == -EINVAL);
	check(import_into(buffer, DMA_BUF_SYNC_WRITE, -1) == -EINVAL);
	check(import_into(buffer, DMA_BUF_SYNC_WRITE, buffer) == -EINVAL);
	check(export_from(buffer, 0) == -EINVAL);
	check(export_from(buffer, DMA_BUF_SYNC_READ | 0x10) == -EINVAL);
	/* A reader does not wait for readers. */
	check(import_into(buffer, DMA_BUF_SYNC_READ, fence) == 0);
	exported = export_from(buffer, DMA_BUF_SYNC_READ);
	check(exported >= 0 && status_of(exported) == 1);
	check(fcntl(exported, F_GETFD) == FD_CLOEXEC);
	exported = export_from(buffer, DMA_BUF_SYNC_WRITE);
	check(exported >= 0 && status_of(exported) == 0);
	check(import_into(buffer, DMA_BUF_SYNC_WRITE, fence) == 0);
	exported = export_from(buffer, DMA_BUF_SYNC_READ);
	check(exported >= 0 && status_of(exported) == 0);
	inc(timeline, 1);
	check(becomes_signaled(exported));
	exported = export_from(buffer, DMA_BUF_SYNC_RW);
	check(exported >= 0 && status_of(exported) == 1);
}

static void memfd(void)
{
	use_buffer(memfd_create("buffer", MFD_CLOEXEC));
}

/* Exits with 77 where the system has none. */
static void dmabuf(void)
{
	int memory = memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct udmabuf_create create = { .memfd = (uint32_t)memory, .size = 4096 };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), buffer;

	if (device < 0)
		_exit(77);
	check(!ftruncate(memory, 4096) && !fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK));
	buffer = ioctl(device, UDMABUF_CREATE, &create);
	check(buffer >= 0);
	use_buffer(buffer);
}

/* Whatever is started for this program is not its own. */
static void childless(void)
{
	int timeline = open_timeline();

	check(waitpid(-1, NULL, 0) < 0 && errno == ECHILD);
	check(create_fence(timeline, 1) >= 0);
}

static void killed(void)
{
	int timeline = open_timeline();

	for (int i = 0; i < 50; i++) {
		pid_t pid = fork();

		if (!pid) {
			for (;;)
				close(create_fence(timeline, 1));
		}
		usleep(1000);
		check(!kill(pid, SIGKILL));
		check(waitpid(pid, NULL, 0) == pid);
	}
	check(create_fence(timeline, 1) >= 0);
}

/* ---- the supervisor is killed ---- */

/* A thread in a call that only another process ends. */
struct blocked {
	int timeline, fence, device;
	uint32_t syncobj;
	_Atomic pid_t thread; /* 0: it has not begun */
	int result;
};

static void *block_in_create(void *argument)
{
	struct blocked *blocked = argument;

	blocked->thread = gettid();
	blocked->result = create_fence(blocked->timeline, 1);
	return NULL;
}

static void *block_in_poll(void *argument)
{
	struct blocked *blocked = argument;
	struct pollfd poll_fd = { .fd = blocked->fence, .events = POLLIN };

	blocked->thread = gettid();
	blocked->result = poll(&poll_fd, 1, PATIENCE_MS);
	return NULL;
}

static void *block_in_wait(void *argument)
{
	struct blocked *blocked = argument;
	struct drm_syncobj_wait wait = {
		.handles = (uintptr_t)&blocked->syncobj,
		.count_handles = 1,
		.flags = DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT,
		.timeout_nsec = INT64_MAX,
	};

	blocked->thread = gettid();
	blocked->result = ioctl(blocked->device, DRM_IOCTL_SYNCOBJ_WAIT, &wait);
	return NULL;
}

static bool is_asleep(pid_t thread)
{
	char path[64], line[128] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", thread);
	file = fopen(path, "re");
	check(file && fgets(line, sizeof(line), file));
	fclose(file);
	return strstr(line, ") S ");
}

static void wait_until_asleep(struct blocked *blocked)
{
	for (int i = 0; !blocked->thread || !is_asleep(blocked->thread); i++) {
		check(i < PATIENCE_MS);
		usleep(1000);
	}
}

/*
 * What is completed by the supervisor fails for ever, what is in progress too. What waits for a
 * device that has gone with it ends; one that is still there continues.
 */
static void orphaned(pid_t supervisor, bool device_stays)
{
	void *(*const blocks[])(void *) = { block_in_create, block_in_poll, block_in_wait };
	struct drm_syncobj_create create = { 0 };
	struct blocked blocked[3] = { 0 };
	int device = open_timeline(), timeline = open_timeline();
	struct drm_syncobj_array array = { .count_handles = 1 };
	pthread_t threads[3];

	array.handles = (uintptr_t)&create.handle;
	check(!ioctl(device, DRM_IOCTL_SYNCOBJ_CREATE, &create));
	for (int i = 0; i < 3; i++) {
		blocked[i].timeline = timeline;
		blocked[i].fence = create_fence(timeline, 1);
		blocked[i].device = device;
		blocked[i].syncobj = create.handle;
		check(blocked[i].fence >= 0);
	}
	/* It takes up no request any more. */
	check(!kill(supervisor, SIGSTOP));
	for (int i = 0; i < 3; i++)
		check(!pthread_create(&threads[i], NULL, blocks[i], &blocked[i]));
	for (int i = 0; i < 3; i++)
		wait_until_asleep(&blocked[i]);
	check(!kill(supervisor, SIGKILL));
	check(!pthread_join(threads[0], NULL) && blocked[0].result == -ENOSYS);
	check(create_fence(timeline, 1) == -ENOSYS);
	check(merge(blocked[0].fence, blocked[1].fence) == -ENOSYS);
	if (device_stays) {
		inc(timeline, 1);
		check(!ioctl(device, DRM_IOCTL_SYNCOBJ_SIGNAL, &array));
	}
	check(!pthread_join(threads[1], NULL) && blocked[1].result == 1);
	check(!pthread_join(threads[2], NULL) && (blocked[2].result == 0 || !device_stays));
	check(!device_stays || status_of(blocked[0].fence) == 1);
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "requests", requests }, { "syncobjs", syncobjs }, { "mistakes", mistakes },
	{ "threads", threads },	  { "forks", forks },	    { "execs", execs },
	{ "signals", signals },	  { "memfd", memfd },	    { "dmabuf", dmabuf },
	{ "killed", killed },	  { "limit", limit },	    { "childless", childless },
	{ "sizes", sizes },
};

int main(int argc, char **argv)
{
	check(argc >= 3);
	own_path = argv[0];
	node = argv[2];
	if (!strcmp(argv[1], "closed"))
		return fcntl(atoi(argv[3]), F_GETFD) >= 0 || errno != EBADF;
	if (!strcmp(argv[1], "serves")) {
		serves(argv[3]);
		return 0;
	}
	if (!strcmp(argv[1], "connects")) {
		connects(argv[3]);
		return 0;
	}
	if (!strcmp(argv[1], "orphaned")) {
		orphaned(atoi(argv[3]), !strcmp(argv[4], "stays"));
		return 0;
	}
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (!strcmp(argv[1], cases[i].name)) {
			cases[i].run();
			return 0;
		}
	}
	return 2;
}
