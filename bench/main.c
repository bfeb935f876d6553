/* SPDX-License-Identifier: MIT */
/*
 * main.c - dma-fence-bench: what is to be measured, pass by pass.
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ioctls.h"
#include "report.h"
#include "stage.h"
#include "wakeups.h"

#define DEFAULT_ITERATIONS 2048
#define MAX_ITERATIONS	   10000000

#define USAGE_ERROR 2

struct options {
	enum transport transport;
	unsigned int iterations;
	int cpu;
	bool placement[PLACE_COUNT]; /* none: all */
	bool limits;
	bool self_test;
	const char *daemon;
	const char *json;
	char **only; /* names, ending with NULL; none: everything */
	size_t only_count;
};

enum {
	OPTION_TRANSPORT = 256,
	OPTION_ITERATIONS,
	OPTION_ONLY,
	OPTION_LIST,
	OPTION_PINNED,
	OPTION_APART,
	OPTION_UNPINNED,
	OPTION_CPU,
	OPTION_JSON,
	OPTION_LIMITS,
	OPTION_DAEMON,
	OPTION_SELF_TEST,
};

static const struct option long_options[] = {
	{ "transport", required_argument, NULL, OPTION_TRANSPORT },
	{ "iterations", required_argument, NULL, OPTION_ITERATIONS },
	{ "only", required_argument, NULL, OPTION_ONLY },
	{ "list", no_argument, NULL, OPTION_LIST },
	{ "pinned", no_argument, NULL, OPTION_PINNED },
	{ "apart", no_argument, NULL, OPTION_APART },
	{ "unpinned", no_argument, NULL, OPTION_UNPINNED },
	{ "cpu", required_argument, NULL, OPTION_CPU },
	{ "json", required_argument, NULL, OPTION_JSON },
	{ "limits", no_argument, NULL, OPTION_LIMITS },
	{ "daemon", required_argument, NULL, OPTION_DAEMON },
	{ "self-test", no_argument, NULL, OPTION_SELF_TEST },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"Usage: dma-fence-bench [OPTION]...\n"
	"Measures every request and every wake-up of the dma-fence device, and the same of a\n"
	"server that does nothing but answer, in turns: the ratio is what the device itself costs.\n"
	"\n"
	"      --transport=auto|cuse|fuse\n"
	"                          what device and floor are served by; auto: CUSE where\n"
	"                          /dev/cuse can be opened\n"
	"      --iterations=COUNT  samples of each side, at least (2048)\n"
	"      --only=NAME         measure this alone; may be given several times\n"
	"      --list              print the names of all that can be measured, and exit\n"
	"      --pinned            servers and clients on one CPU\n"
	"      --apart             clients on one CPU, servers on another\n"
	"      --unpinned          all of them where the scheduler puts them\n"
	"      --cpu=NUMBER        the CPU of the clients (the last one)\n"
	"      --json=FILE         write the results to FILE as JSON; -: to standard output, and\n"
	"                          the table to standard error\n"
	"      --limits            exit with 1 if a ratio of batches exceeds its limit on one\n"
	"                          CPU: for people, not for test suites, since a busy machine\n"
	"                          fails it\n"
	"      --daemon=PATH       the dma-fenced to measure (that of the build tree, or of PATH)\n"
	"      --self-test         measure a second floor server instead of the device: every\n"
	"                          ratio must be about 1\n"
	"  -h, --help              print this and exit\n"
	"  -V, --version           print the version and exit\n"
	"\n"
	"Both servers are started for the run, under names of their own, and ended with it. A\n"
	"device that is being served already is not touched. Without --pinned, --apart or\n"
	"--unpinned it does all three, one after the other, as far as there are CPUs.\n"
	"\n"
	"Manual: dma-fence-bench(1)\n";

static bool name_exists(const char *name)
{
	unsigned int i;

	for (i = 0; i < ioctl_case_count; i++)
		if (strcasecmp(name, ioctl_cases[i].name) == 0)
			return true;
	for (i = 0; i < wakeup_case_count; i++)
		if (strcasecmp(name, wakeup_cases[i].name) == 0)
			return true;
	return false;
}

static void list_names(void)
{
	unsigned int i;

	for (i = 0; i < ioctl_case_count; i++)
		puts(ioctl_cases[i].name);
	for (i = 0; i < wakeup_case_count; i++)
		puts(wakeup_cases[i].name);
}

static bool wanted(const struct options *options, const char *name)
{
	size_t i;

	for (i = 0; i < options->only_count; i++)
		if (strcasecmp(options->only[i], name) == 0)
			return true;
	return options->only_count == 0;
}

static int parse_number(const char *option, const char *text, int least, int most)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (errno || end == text || *end || number < least || number > most)
		errx(USAGE_ERROR, "--%s: '%s' is not a number from %d to %d", option, text, least,
		     most);
	return number;
}

static enum transport parse_transport(const char *text)
{
	if (strcmp(text, "cuse") == 0)
		return TRANSPORT_CUSE;
	if (strcmp(text, "fuse") == 0)
		return TRANSPORT_FUSE;
	if (strcmp(text, "auto") != 0)
		errx(USAGE_ERROR, "--transport: '%s' is not auto, cuse or fuse", text);
	return TRANSPORT_AUTO;
}

static char *parse_name(char *text)
{
	if (!name_exists(text))
		errx(USAGE_ERROR, "--only: nothing has the name '%s'; --list prints all", text);
	return text;
}

static void parse_options(struct options *options, int argc, char **argv)
{
	int option;

	/* Messages of getopt_long() and of this program begin with the same name. */
	argv[0] = program_invocation_short_name;
	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_TRANSPORT:
			options->transport = parse_transport(optarg);
			break;
		case OPTION_ITERATIONS:
			options->iterations = parse_number("iterations", optarg, 1, MAX_ITERATIONS);
			break;
		case OPTION_ONLY:
			options->only[options->only_count++] = parse_name(optarg);
			break;
		case OPTION_LIST:
			list_names();
			exit(0);
		case OPTION_PINNED:
			options->placement[PLACE_TOGETHER] = true;
			break;
		case OPTION_APART:
			options->placement[PLACE_APART] = true;
			break;
		case OPTION_UNPINNED:
			options->placement[PLACE_FREE] = true;
			break;
		case OPTION_CPU:
			options->cpu = parse_number("cpu", optarg, 0, CPU_SETSIZE - 1);
			break;
		case OPTION_JSON:
			options->json = optarg;
			break;
		case OPTION_LIMITS:
			options->limits = true;
			break;
		case OPTION_DAEMON:
			options->daemon = optarg;
			break;
		case OPTION_SELF_TEST:
			options->self_test = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'V':
			puts("dma-fence-bench " PACKAGE_VERSION);
			exit(0);
		default:
			exit(USAGE_ERROR);
		}
	}
	if (optind < argc)
		errx(USAGE_ERROR, "unexpected argument: '%s'", argv[optind]);
}

/* One row of the report; measured unless it was not asked for. */
static struct result *add_result(struct pass *pass, const char *name, unsigned int bytes,
				 double limit)
{
	struct result *result = &pass->results[pass->count++];

	*result = (struct result){ .name = name, .bytes = bytes, .limit = limit };
	return result;
}

static int measure_ioctls(const struct options *options, struct stage *stage, struct pass *pass,
			  FILE *stream)
{
	unsigned int i;

	for (i = 0; i < ioctl_case_count; i++) {
		const struct ioctl_case *row = &ioctl_cases[i];
		struct result *result;

		if (!wanted(options, row->name))
			continue;
		result = add_result(pass, row->name, _IOC_SIZE(row->request), row->limit);
		result->error =
			ioctl_measure(row, stage, options->iterations, &result->measurement);
		if (interrupted())
			return -EINTR;
		report_result(stream, pass, result);
	}
	return 0;
}

static int measure_wakeups(const struct options *options, struct stage *stage, struct pass *pass,
			   FILE *stream)
{
	unsigned int i;

	for (i = 0; i < wakeup_case_count; i++) {
		const struct wakeup_case *row = &wakeup_cases[i];
		struct result *result;

		/* Who spins on the one CPU keeps the signaler from it. */
		if (!wanted(options, row->name) || (row->spins && pass->placement != PLACE_FREE))
			continue;
		result = add_result(pass, row->name, 0, row->limit);
		result->error =
			wakeup_measure(row, stage, options->iterations, &result->measurement);
		if (interrupted())
			return -EINTR;
		report_result(stream, pass, result);
	}
	return 0;
}

static int run_pass(const struct options *options, const struct stage_options *stage_options,
		    enum placement placement, struct report *report, FILE *stream)
{
	struct pass *pass = &report->pass[report->pass_count];
	struct stage stage;
	int ret;

	pass->placement = placement;
	pass->results = calloc(ioctl_case_count + wakeup_case_count, sizeof(*pass->results));
	if (!pass->results)
		return -ENOMEM;
	if (report->pass_count++ > 0)
		fputc('\n', stream);
	ret = stage_open(&stage, stage_options, placement);
	if (ret < 0)
		return ret;
	report_head(stream, report, pass);
	ret = measure_ioctls(options, &stage, pass, stream);
	if (ret == 0)
		ret = measure_wakeups(options, &stage, pass, stream);
	stage_close(&stage);
	return ret;
}

/* Before anything is measured, which takes its time. */
static int open_json(const struct options *options, FILE **json)
{
	*json = NULL;
	if (options->json && strcmp(options->json, "-") == 0)
		*json = stdout;
	else if (options->json)
		*json = fopen(options->json, "we");
	return options->json && !*json ? complain(options->json, -errno) : 0;
}

static int close_json(const struct options *options, FILE *json)
{
	bool failed = fflush(json) != 0 || ferror(json);

	if (json != stdout)
		fclose(json);
	return failed ? complain(options->json, -EIO) : 0;
}

/* 0; 1 where something could not be measured, or is above its limit and that counts. */
static int verdict(const struct options *options, const struct report *report)
{
	unsigned int i, j;
	int ret = 0;

	for (i = 0; i < report->pass_count; i++) {
		const struct pass *pass = &report->pass[i];

		for (j = 0; j < pass->count; j++) {
			const struct result *result = &pass->results[j];

			if (result->error && result->error != -EOPNOTSUPP)
				ret = 1;
			if (options->limits && result_exceeds(pass, result))
				ret = 1;
		}
	}
	return ret;
}

/* 0, or -ENOENT, having said so. */
static int find_programs(const struct options *options, struct stage_options *stage_options)
{
	static char daemon[PATH_MAX], floor_server[PATH_MAX];
	int ret;

	ret = server_find("bench/floor-server", floor_server, sizeof(floor_server));
	if (ret < 0)
		return complain("floor-server", ret);
	stage_options->floor_server = floor_server;
	if (options->self_test)
		return 0;
	stage_options->daemon = options->daemon ? options->daemon : daemon;
	if (options->daemon)
		return 0;
	ret = server_find("cuse-dev/dma-fenced", daemon, sizeof(daemon));
	return ret < 0 ? complain("dma-fenced (--daemon says where it is)", ret) : 0;
}

static int run(const struct options *options)
{
	struct stage_options stage_options = {
		.transport = stage_transport(options->transport),
		.cpu = options->cpu,
	};
	struct report report = {
		.transport = stage_options.transport == TRANSPORT_CUSE ? "CUSE" : "FUSE",
		.device = options->self_test ? "floor-server" : "dma-fenced",
	};
	FILE *json;
	unsigned int i;
	int ret;

	if (find_programs(options, &stage_options) < 0 || open_json(options, &json) < 0)
		return 1;
	ret = 0;
	for (i = 0; ret == 0 && i < PLACE_COUNT; i++)
		if (options->placement[i])
			ret = run_pass(options, &stage_options, i, &report,
				       json == stdout ? stderr : stdout);
	if (json) {
		if (ret == 0)
			report_json(json, &report);
		if (close_json(options, json) < 0)
			ret = -EIO;
	}
	ret = ret < 0 ? 1 : verdict(options, &report);
	while (report.pass_count)
		free(report.pass[--report.pass_count].results);
	return ret;
}

int main(int argc, char **argv)
{
	struct options options = {
		.iterations = DEFAULT_ITERATIONS,
	};
	unsigned int cpu_count;
	int ret;

	options.cpu = stage_default_cpu(&cpu_count);
	if (options.cpu < 0)
		return 1;
	/* There cannot be more names than arguments. */
	options.only = calloc(argc, sizeof(*options.only));
	if (!options.only) {
		perror("dma-fence-bench");
		return 1;
	}
	parse_options(&options, argc, argv);
	if (!options.placement[PLACE_TOGETHER] && !options.placement[PLACE_APART] &&
	    !options.placement[PLACE_FREE]) {
		options.placement[PLACE_TOGETHER] = true;
		options.placement[PLACE_APART] = cpu_count > 1;
		options.placement[PLACE_FREE] = true;
	}
	catch_signals();
	ret = run(&options);
	free(options.only);
	if (interrupted()) {
		/* Everything is cleaned up: end as the sender of the signal expects. */
		signal(interrupted(), SIG_DFL);
		raise(interrupted());
	}
	return ret;
}
