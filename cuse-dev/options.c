/* SPDX-License-Identifier: MIT */
/* options.c - see options.h. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dma_fence.h"
#include "options.h"

#define USAGE_ERROR 2

/* Longer than this no double counts nanoseconds. */
#define TIMEOUT_MAX 1e9

#define INTERVAL_MIN 1e-5
#define INTERVAL_MAX 1.

enum {
	OPTION_TRANSPORT = 256,
	OPTION_NAME,
	OPTION_PATH,
	OPTION_MODE,
	OPTION_OWNER,
	OPTION_GROUP,
	OPTION_FENCE_TIMEOUT,
	OPTION_RESV_TIMEOUT,
	OPTION_MEMORY_POLL,
	OPTION_STOP_TIMEOUT,
	OPTION_READY_FD,
};

static const struct option long_options[] = {
	{ "transport", required_argument, NULL, OPTION_TRANSPORT },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "path", required_argument, NULL, OPTION_PATH },
	{ "mode", required_argument, NULL, OPTION_MODE },
	{ "owner", required_argument, NULL, OPTION_OWNER },
	{ "group", required_argument, NULL, OPTION_GROUP },
	{ "fence-timeout", required_argument, NULL, OPTION_FENCE_TIMEOUT },
	{ "resv-timeout", required_argument, NULL, OPTION_RESV_TIMEOUT },
	{ "memory-poll", required_argument, NULL, OPTION_MEMORY_POLL },
	{ "stop-timeout", required_argument, NULL, OPTION_STOP_TIMEOUT },
	{ "ready-fd", required_argument, NULL, OPTION_READY_FD },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: dma-fenced [OPTION]...\n"
	"Serves a device of synchronisation fences from userspace, until SIGTERM or SIGINT.\n"
	"\n"
	"      --transport=auto|cuse|fuse  a character device (cuse), or a mount on one file\n"
	"                                  (fuse); auto: cuse where /dev/cuse opens, else\n"
	"                                  fuse; with one of --name and --path, the one that\n"
	"                                  it is for\n"
	"      --name=NAME                 cuse: the device is /dev/NAME (dma_fence)\n"
	"      --path=FILE                 fuse: the file to mount on, made if it is not there\n"
	"                                  (/dev/dma_fence, or $XDG_RUNTIME_DIR/dma_fence)\n"
	"      --mode=OCTAL                permissions of the node (0666)\n"
	"      --owner=USER --group=GROUP  its owner, by name or number\n"
	"      --fence-timeout=SECONDS     until a fence fails: ETIMEDOUT (10; 0: never)\n"
	"      --resv-timeout=SECONDS      until locked buffers are taken back (1; 0: never)\n"
	"      --memory-poll=SECONDS       between polls of memory that fences wait for (0.001)\n"
	"      --stop-timeout=SECONDS      for clients to ask how fences ended (1; 0: none)\n"
	"      --ready-fd=FD               write a line to FD and close it once the node is there\n"
	"  -v, --verbose                   say what is going on\n"
	"  -h, --help                      print this and exit\n"
	"  -V, --version                   print the version and exit\n"
	"\n"
	"Manual: dma-fenced(8), dma_fence(4), dma-fence(7)\n";

static unsigned long parse_number(const char *what, const char *text, int base,
				  unsigned long maximum)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, base);
	if (errno || end == text || *end || text[0] == '-' || number > maximum)
		errx(USAGE_ERROR, "--%s: not a valid number: '%s'", what, text);
	return number;
}

static uint64_t parse_seconds(const char *what, const char *text)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds) || seconds < 0 || seconds > TIMEOUT_MAX)
		errx(USAGE_ERROR, "--%s: not a number of seconds: '%s'", what, text);
	/* What is asked for is some time, however short; 0 alone is never. */
	if (seconds > 0 && seconds < 1e-9)
		return 1;
	return (uint64_t)(seconds * 1e9);
}

/* Less would keep a processor busy, more would be useless. */
static uint64_t parse_interval(const char *text)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end || !(seconds >= INTERVAL_MIN && seconds <= INTERVAL_MAX))
		errx(USAGE_ERROR, "--memory-poll: not a number of seconds from %g to %g: '%s'",
		     INTERVAL_MIN, INTERVAL_MAX, text);
	return (uint64_t)(seconds * 1e9);
}

static uid_t parse_owner(const char *text)
{
	const struct passwd *user = getpwnam(text);

	if (!user && !isdigit((unsigned char)text[0]))
		errx(USAGE_ERROR, "--owner: no such user: '%s'", text);
	return user ? user->pw_uid : (uid_t)parse_number("owner", text, 10, UINT32_MAX - 1);
}

static gid_t parse_group(const char *text)
{
	const struct group *group = getgrnam(text);

	if (!group && !isdigit((unsigned char)text[0]))
		errx(USAGE_ERROR, "--group: no such group: '%s'", text);
	return group ? group->gr_gid : (gid_t)parse_number("group", text, 10, UINT32_MAX - 1);
}

static const char *parse_transport(const char *text)
{
	if (strcmp(text, "auto") && strcmp(text, "cuse") && strcmp(text, "fuse"))
		errx(USAGE_ERROR, "--transport: '%s' is not auto, cuse or fuse", text);
	return text;
}

static const char *parse_name(const char *text)
{
	if (!text[0] || text[0] == '/' || strstr(text, "..") || strlen(text) > 100)
		errx(USAGE_ERROR, "--name: '%s' is not a name below /dev", text);
	return text;
}

static int parse_ready_fd(const char *text)
{
	int fd = (int)parse_number("ready-fd", text, 10, INT32_MAX);

	if (fcntl(fd, F_GETFD) < 0)
		errx(USAGE_ERROR, "--ready-fd: %d is not open", fd);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

void options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){
		.transport = "auto",
		.mode = 0666,
		.owner = (uid_t)-1,
		.group = (gid_t)-1,
		.fence_timeout_ns = 10000000000,
		.resv_timeout_ns = 1000000000,
		.memory_poll_ns = 1000000,
		.stop_timeout_ns = 1000000000,
		.ready_fd = -1,
	};
	/* getopt_long()'s messages and ours have the same name. */
	argv[0] = program_invocation_short_name;
	while ((option = getopt_long(argc, argv, "vhV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_TRANSPORT:
			options->transport = parse_transport(optarg);
			break;
		case OPTION_NAME:
			options->name = parse_name(optarg);
			break;
		case OPTION_PATH:
			options->path = optarg;
			break;
		case OPTION_MODE:
			options->mode = (mode_t)parse_number("mode", optarg, 8, 0777);
			break;
		case OPTION_OWNER:
			options->owner = parse_owner(optarg);
			break;
		case OPTION_GROUP:
			options->group = parse_group(optarg);
			break;
		case OPTION_FENCE_TIMEOUT:
			options->fence_timeout_ns = parse_seconds("fence-timeout", optarg);
			break;
		case OPTION_RESV_TIMEOUT:
			options->resv_timeout_ns = parse_seconds("resv-timeout", optarg);
			break;
		case OPTION_MEMORY_POLL:
			options->memory_poll_ns = parse_interval(optarg);
			break;
		case OPTION_STOP_TIMEOUT:
			options->stop_timeout_ns = parse_seconds("stop-timeout", optarg);
			break;
		case OPTION_READY_FD:
			options->ready_fd = parse_ready_fd(optarg);
			break;
		case 'v':
			options->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("dma-fenced " PACKAGE_VERSION);
			exit(0);
		default:
			/* getopt_long() has said what is wrong. */
			exit(USAGE_ERROR);
		}
	}
	if (optind < argc)
		errx(USAGE_ERROR, "unexpected argument: '%s'", argv[optind]);
	if (options->path && !options->path[0])
		errx(USAGE_ERROR, "--path: no name");
	if (options->path && !strcmp(options->transport, "cuse"))
		errx(USAGE_ERROR, "--path is for the FUSE transport; CUSE has --name");
	if (options->name && !strcmp(options->transport, "fuse"))
		errx(USAGE_ERROR, "--name is for the CUSE transport; FUSE has --path");
	/* A place that only one of them has is where the node is to be, or nowhere. */
	if (options->path && !options->name)
		options->transport = "fuse";
	if (options->name && !options->path)
		options->transport = "cuse";
	if (!options->name)
		options->name = "dma_fence";
}
