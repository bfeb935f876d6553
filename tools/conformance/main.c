/* SPDX-License-Identifier: MIT */
/*
 * main.c - dma-fence-conformance: asks a device what the kernel's ABIs for fences say, and judges
 * or prints the answers.
 *
 * It issues the kernel's requests and nothing else, so that any implementation can be asked.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bed.h"
#include "groups.h"
#include "report.h"

#define CANNOT_TEST 2

enum {
	OPTION_DEVICE = 256,
	OPTION_SW_SYNC,
	OPTION_LIST,
	OPTION_ANSWERS,
};

static const struct option long_options[] = {
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "sw-sync", required_argument, NULL, OPTION_SW_SYNC },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "answers", no_argument, NULL, OPTION_ANSWERS },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: dma-fence-conformance [OPTION]... [GROUP]...\n"
	"Tests a device against the kernel's ABIs for fences: syncobj, sync_file, dma-buf, sw_sync.\n"
	"\n"
	"      --device=NODE   the device ($DMA_FENCE_DEVICE, or /dev/dma_fence)\n"
	"      --sw-sync=PATH  where timelines are opened (the device)\n"
	"      --list          print the groups of tests, and exit\n"
	"      --answers       print the device's answers, one a line, without judging them\n"
	"  -h, --help          print this and exit\n"
	"  -V, --version       print the version and exit\n"
	"\n"
	"Results are in TAP, one for each group. The exit status is 0 where all have passed or were\n"
	"skipped, 1 where one has failed, 2 where there is no such device.\n"
	"\n"
	"Manual: dma-fence-conformance(1), dma-fence(7)\n";

struct options {
	bool list, answers;
};

static void parse_options(int argc, char **argv, struct options *options)
{
	int option;

	bed.node = getenv("DMA_FENCE_DEVICE");
	if (!bed.node)
		bed.node = "/dev/dma_fence";
	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_DEVICE:
			bed.node = optarg;
			break;
		case OPTION_SW_SYNC:
			bed.sw_sync = optarg;
			break;
		case OPTION_LIST:
			options->list = true;
			break;
		case OPTION_ANSWERS:
			options->answers = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("dma-fence-conformance " PACKAGE_VERSION);
			exit(0);
		default:
			exit(CANNOT_TEST);
		}
	}
	if (!bed.sw_sync)
		bed.sw_sync = bed.node;
}

static const struct group *find_group(const char *key)
{
	for (size_t i = 0; i < group_count; i++)
		if (!strcmp(groups[i].key, key))
			return &groups[i];
	errx(CANNOT_TEST, "there is no group \"%s\"; --list tells which there are", key);
}

/* Those that are named, or all; *count of them, which the caller owns. */
static struct group *choose_groups(char **keys, size_t *count)
{
	size_t named = 0;
	struct group *chosen;

	while (keys[named])
		named++;
	*count = named ? named : group_count;
	chosen = calloc(*count, sizeof(*chosen));
	if (!chosen)
		err(CANNOT_TEST, NULL);
	for (size_t i = 0; i < *count; i++)
		chosen[i] = named ? *find_group(keys[i]) : groups[i];
	return chosen;
}

static void list_groups(const struct group *chosen, size_t count)
{
	for (size_t i = 0; i < count; i++)
		printf("%-26s %s\n", chosen[i].key, chosen[i].title);
}

int main(int argc, char **argv)
{
	struct options options = {};
	unsigned int offered;
	struct group *chosen;
	size_t count;
	int status = 0;
	FILE *node;

	parse_options(argc, argv, &options);
	chosen = choose_groups(argv + optind, &count);
	if (options.list) {
		list_groups(chosen, count);
		free(chosen);
		return 0;
	}
	node = fopen(bed.node, "r+e");
	if (!node)
		errx(CANNOT_TEST,
		     "no device at %s: %s; dma-fence-run --private starts one for a program alone",
		     bed.node, strerror(errno));
	fclose(node);
	offered = bed_explore();
	printf("# %s; pending fences: %s\n", bed.node, bed.provider ? bed.provider->what : "none");
	status = options.answers ? report_answers(chosen, count, offered)
				 : report_tests(chosen, count, offered);
	free(chosen);
	return status;
}
