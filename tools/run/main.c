/* SPDX-License-Identifier: MIT */
/*
 * main.c - dma-fence-run: runs a program whose requests for descriptors are completed for it.
 *
 * The order matters: the device, then the namespace in which it is mapped, then the supervisor,
 * which keeps all that this process may do there, then the filter, which nothing of ours may run
 * into, and the program last, in this very process.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter.h"
#include "libdmafence.h"
#include "namespace.h"
#include "private.h"
#include "program.h"
#include "supervisor.h"

enum {
	OPTION_PRIVATE = 256,
	OPTION_MAP,
	OPTION_DEVICE,
	OPTION_DAEMON,
};

static const struct option long_options[] = {
	{ "private", no_argument, NULL, OPTION_PRIVATE },
	{ "map", required_argument, NULL, OPTION_MAP },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "daemon", required_argument, NULL, OPTION_DAEMON },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: dma-fence-run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"Runs a program that issues the kernel's own fence requests, with the device's fences.\n"
	"\n"
	"      --private      start a device for this program alone\n"
	"      --map=PATH     let the program find the device at PATH, such as /dev/sw_sync,\n"
	"                     /sys/kernel/debug/sync/sw_sync or /dev/dri/renderD128; may be\n"
	"                     given several times\n"
	"      --device=PATH  the device ($DMA_FENCE_DEVICE, or /dev/dma_fence)\n"
	"      --daemon=PATH  with --private: the daemon (the one that is installed)\n"
	"  -h, --help         print this and exit\n"
	"  -V, --version      print the version and exit\n"
	"\n"
	"It exits with the program's status; with 125 where it fails itself, 126 where the\n"
	"program cannot be executed, 127 where it is not found.\n"
	"\n"
	"Manual: dma-fence-run(1), dma-fence(7)\n";

struct options {
	bool is_private;
	const char **maps; /* as many as there are arguments, at most */
	unsigned int map_count;
	const char *device;
	const char *daemon;
	char **program;
};

static void parse_options(int argc, char **argv, struct options *options)
{
	int option;

	options->maps = calloc((size_t)argc, sizeof(*options->maps));
	if (!options->maps)
		err(RUN_FAILED, NULL);
	/* '+': what follows the program is the program's. */
	while ((option = getopt_long(argc, argv, "+hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_PRIVATE:
			options->is_private = true;
			break;
		case OPTION_MAP:
			options->maps[options->map_count++] = optarg;
			break;
		case OPTION_DEVICE:
			options->device = optarg;
			break;
		case OPTION_DAEMON:
			options->daemon = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("dma-fence-run " PACKAGE_VERSION);
			exit(0);
		default:
			exit(RUN_FAILED);
		}
	}
	if (optind == argc)
		errx(RUN_FAILED, "no program is given; --help tells more");
	if (options->is_private && options->device)
		errx(RUN_FAILED, "--private and --device exclude each other");
	if (options->daemon && !options->is_private)
		errx(RUN_FAILED, "--daemon is for --private");
	options->program = argv + optind;
}

static _Noreturn void fail(int error, const char *what)
{
	errno = error;
	err(RUN_FAILED, "%s", what);
}

/* Descriptors are opened once more through it, by the library and by us. */
static void need_proc(void)
{
	if (access("/proc/self/fd", X_OK))
		err(RUN_FAILED, "this needs /proc");
}

static void need_fuse(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		err(RUN_FAILED, "a private device needs /dev/fuse");
	close(fd);
}

/* The device that the supervisor uses, and what it does with it. */
struct device_choice {
	const char *path;
	const char *daemon;
	struct private_device *private_device; /* NULL: the one at path, which is there */
};

static void begin(void *argument, struct node *node)
{
	const struct device_choice *choice = argument;
	int ret;

	if (choice->private_device)
		private_device_start(choice->private_device, choice->daemon);
	ret = node_open(node, choice->path);
	if (!ret)
		return;
	if (choice->private_device) {
		private_device_end(choice->private_device);
		fail(-ret, choice->path);
	}
	errx(RUN_FAILED, "no device at %s: %s; --private starts one for this program alone",
	     choice->path, strerror(-ret));
}

static void end(void *argument)
{
	const struct device_choice *choice = argument;

	if (choice->private_device)
		private_device_end(choice->private_device);
}

static void install_filter(struct supervisor *supervisor)
{
	int ret, listener;

	/* Where Yama lets a process be looked into by its ancestors only. */
	prctl(PR_SET_PTRACER, supervisor->pid, 0, 0, 0);
	listener = filter_install();
	if (listener == -EBUSY)
		errx(RUN_FAILED, "there is a supervisor already: is this run by dma-fence-run?");
	if (listener == -EINVAL)
		errx(RUN_FAILED, "this needs Linux 5.19");
	if (listener < 0)
		fail(-listener, "cannot install a seccomp filter");
	ret = supervisor_watch(supervisor, listener);
	if (ret)
		fail(-ret, "the supervisor has gone");
}

/*
 * If unprivileged, the daemon also needs the namespace to mount without fusermount3. The supervisor
 * may do there whatever this process may, until that executes the program.
 */
static void prepare(const struct options *options)
{
	struct private_device private_device;
	struct device_choice choice = { .path = options->device, .daemon = options->daemon };
	const struct supervisor_duties duties = { begin, end, &choice };
	struct supervisor supervisor;
	int ret;

	need_proc();
	if (options->is_private)
		need_fuse();
	if (options->is_private || options->map_count)
		namespace_enter();
	if (options->is_private) {
		private_device_prepare(&private_device);
		choice.private_device = &private_device;
		choice.path = private_device.path;
		if (setenv("DMA_FENCE_DEVICE", choice.path, 1))
			err(RUN_FAILED, NULL);
	}
	if (!choice.path)
		choice.path = dma_fence_device_default_path();
	ret = supervisor_start(&supervisor, &duties);
	if (ret == -EPIPE)
		exit(RUN_FAILED);
	if (ret)
		fail(-ret, "cannot start a supervisor");
	for (unsigned int i = 0; i < options->map_count; i++)
		namespace_map(choice.path, options->maps[i]);
	install_filter(&supervisor);
}

/*
 * Where the program is to have none of the standard descriptors, nothing of ours takes their
 * numbers: what is said to them must not get into something else.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct options options = { 0 };
	mode_t mask;
	int error;

	fill_standard_descriptors();
	parse_options(argc, argv, &options);
	/* What is made for the program has to be open to it. */
	mask = umask(022);
	prepare(&options);
	umask(mask);
	free(options.maps);
	execvp(options.program[0], options.program);
	error = errno;
	warn("%s", options.program[0]);
	return error == ENOENT ? RUN_NOT_FOUND : RUN_CANNOT_EXECUTE;
}
