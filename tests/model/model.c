/* SPDX-License-Identifier: MIT */
/* model.c - runs scenarios and tells what was found, as TAP. model.h tells what this is. */
#include <getopt.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checker.h"

static const struct model_scenario *const groups[] = {
	planted_scenarios, callback_scenarios, lifetime_scenarios, wait_scenarios,
	slot_scenarios,	   seqno_scenarios,    ww_mutex_scenarios,
};

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static struct search search;
static const char *schedule;
static bool stops_at_first;

static bool is_chosen(const char *name, char **chosen)
{
	if (!*chosen)
		return true;
	for (; *chosen; chosen++) {
		if (!strcmp(*chosen, name))
			return true;
	}
	return false;
}

static void for_each(char **chosen, void (*function)(const struct model_scenario *scenario))
{
	const struct model_scenario *scenario;
	size_t i;

	for (i = 0; i < GROUPS; i++) {
		for (scenario = groups[i]; scenario->name; scenario++) {
			if (is_chosen(scenario->name, chosen))
				function(scenario);
		}
	}
}

/* ---- where the steps are in the source ---- */

static int find_load_address(struct dl_phdr_info *info, size_t size, void *data)
{
	*(uintptr_t *)data = info->dlpi_addr;
	return 1;
}

/* A pipe that says a line for each step, and one for the finding; NULL or an empty one where there
 * is no addr2line. */
static FILE *ask_for_places(void)
{
	static char command[MAX_STEPS * 24 + 4096];
	char self[2048] = "";
	uintptr_t load_address = 0;
	size_t length;
	unsigned int i;

	dl_iterate_phdr(find_load_address, &load_address);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return NULL;
	length = (size_t)snprintf(command, sizeof(command), "addr2line -s -e '%s'", self);
	for (i = 0; i <= search.step_count; i++) {
		const void *caller =
			i < search.step_count ? search.steps[i].operation.caller : latest_caller;

		length += (size_t)snprintf(command + length, sizeof(command) - length, " %#lx",
					   (unsigned long)((uintptr_t)caller - load_address - 1));
	}
	snprintf(command + length, sizeof(command) - length, " 2>/dev/null");
	fflush(stdout);
	return popen(command, "r");
}

/* Addresses by the order of their first use. */
static unsigned int number_of(const volatile void *address)
{
	static const volatile void *seen[MAX_STEPS];
	static unsigned int count;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (seen[i] == address)
			return i;
	}
	if (count < MAX_STEPS)
		seen[count++] = address;
	return i;
}

static const char *read_place(FILE *places)
{
	static char place[128];

	if (!places || !fgets(place, sizeof(place), places))
		return "";
	place[strcspn(place, " \n")] = '\0';
	return place;
}

static void print_steps(void)
{
	FILE *places = ask_for_places();
	unsigned int i;

	for (i = 0; i < search.step_count; i++) {
		const struct step *step = &search.steps[i];

		printf("#   %3u  thread %d  %-20s #%-3u %s\n", i, step->thread,
		       operation_name(step->operation.kind), number_of(step->operation.address),
		       read_place(places));
	}
	if (finding[0] && finding_thread != NO_THREAD)
		printf("#   found in thread %d, whose last access to memory is at %s\n",
		       finding_thread, read_place(places));
	if (places)
		pclose(places);
}

static void print_finding(const char *name)
{
	unsigned int i;

	printf("# %s\n# model --schedule=", finding[0] ? finding : "nothing found");
	for (i = 0; i < search.step_count; i++)
		printf("%d", search.steps[i].thread);
	printf(" %s\n", name);
	print_steps();
}

/* ---- one scenario ---- */

static unsigned int number, failures;

static void tell(bool good, const char *format, const struct model_scenario *scenario)
{
	printf("%sok %u - %s: %s # ", good ? "" : "not ", ++number, scenario->name, scenario->rule);
	printf(format, search.interleavings);
	putchar('\n');
	if (!good)
		failures++;
	if (finding[0] && !scenario->planted)
		print_finding(scenario->name);
	fflush(stdout);
}

static void check_planted(const struct model_scenario *scenario)
{
	search_run(&search);
	tell(strstr(finding, scenario->planted), "%lu interleavings", scenario);
	if (!strstr(finding, scenario->planted))
		print_finding(scenario->name);
}

/* Runs all interleavings: as many of them must differ as are left by the reduction. */
static void check_reduction(const struct model_scenario *scenario)
{
	unsigned long reduced;
	bool complete;

	search.all = false;
	complete = search_run(&search);
	reduced = search.interleavings;
	search.all = true;
	complete = complete && search_run(&search);
	if (!complete)
		tell(false, "too many interleavings to run all", scenario);
	else if (!finding[0] && search.different != reduced)
		tell(false, "%lu interleavings, and it is not those that differ", scenario);
	else
		tell(!finding[0], "%lu interleavings", scenario);
}

static void check(const struct model_scenario *scenario)
{
	bool complete;

	search.scenario = scenario;
	if (stops_at_first && failures)
		return;
	if (schedule) {
		search_replay(&search, schedule);
		print_finding(scenario->name);
	} else if (scenario->planted) {
		check_planted(scenario);
	} else if (search.all) {
		check_reduction(scenario);
	} else {
		complete = search_run(&search);
		if (!complete)
			tell(false, "no end after %lu interleavings", scenario);
		else if (scenario->count && scenario->count != search.interleavings)
			tell(false, "%lu interleavings, which is not how many there are", scenario);
		else
			tell(!finding[0], "%lu interleavings", scenario);
	}
}

static void list(const struct model_scenario *scenario)
{
	printf("%-28s %s\n", scenario->name, scenario->rule);
}

static unsigned int planned;

static void count(const struct model_scenario *scenario)
{
	planned++;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ "list", no_argument, NULL, 'l' },
		{ "schedule", required_argument, NULL, 's' },
		{ "stop", no_argument, NULL, 'x' },
		{ NULL, 0, NULL, 0 },
	};
	bool lists = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'a':
			search.all = true;
			break;
		case 'l':
			lists = true;
			break;
		case 's':
			schedule = optarg;
			break;
		case 'x':
			stops_at_first = true;
			break;
		default:
			fprintf(stderr, "usage: model [--all] [--list] [--stop] "
					"[--schedule=DIGITS] [SCENARIO]...\n");
			return 2;
		}
	}
	if (lists) {
		for_each(argv + optind, list);
		return 0;
	}
	for_each(argv + optind, count);
	if (!planned) {
		fprintf(stderr, "model: no such scenario\n");
		return 2;
	}
	fibers_init();
	if (!schedule)
		printf("1..%u\n", planned);
	for_each(argv + optind, check);
	return failures != 0;
}
