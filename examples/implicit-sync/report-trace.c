/* SPDX-License-Identifier: MIT */
/*
 * The run as trace events: the three processes, a process for the buffers with a track for each,
 * and an arrow from every use of a buffer to the one that waited for it.
 */
#include <inttypes.h>

#include "report.h"
#include "trace.h"

/* The roles are the processes from 1 on. */
#define PROCESS_BUFFERS (ROLES + 1)

enum kind { KIND_RAW, KIND_FINISHED };

static struct trace_track role_track(enum role role)
{
	return (struct trace_track){ role + 1, 1 };
}

/* Without fences a writer and a reader may use a buffer at the same time: it has two tracks. */
static struct trace_track buffer_track(enum kind kind, uint32_t buffer, bool own_reader)
{
	return (struct trace_track){ PROCESS_BUFFERS,
				     1 + (kind * BUFFERS_MAX + (int)buffer) * 2 + own_reader };
}

static void put_buffer_names(struct trace *trace, const struct options *options)
{
	static const char *const kinds[] = {
		[KIND_RAW] = "raw buffer", [KIND_FINISHED] = "finished"
	};
	char name[64];

	trace_name_process(trace, PROCESS_BUFFERS, "buffers");
	for (int kind = KIND_RAW; kind <= KIND_FINISHED; kind++) {
		for (uint32_t buffer = 0; buffer < options->buffers; buffer++) {
			snprintf(name, sizeof(name), "%s %" PRIu32, kinds[kind], buffer);
			trace_name_track(trace, buffer_track(kind, buffer, false), name);
			if (options->fences)
				continue;
			snprintf(name, sizeof(name), "%s %" PRIu32 ", read", kinds[kind], buffer);
			trace_name_track(trace, buffer_track(kind, buffer, true), name);
		}
	}
}

static void put_use(struct trace *trace, const struct run *run, const struct turn *turn,
		    enum kind kind, bool write)
{
	struct trace_track track = buffer_track(kind, turn->buffer, !write && !run->options.fences);

	trace_slice(trace, track, write ? "write" : "read", turn->stamp, turn->work_ns,
		    turn->done_ns);
}

static void put_role(struct trace *trace, const struct run *run, enum role role)
{
	trace_name_process(trace, role_track(role).process, role_name(role));
	for (uint32_t index = 0; index < atomic_load(&run->shared->turns[role]); index++) {
		const struct turn *turn = &run->turns[role][index];
		bool wrong = turn->torn || turn->overlapped;

		if (run->options.fences)
			trace_slice(trace, role_track(role), "wait for buffers", turn->stamp,
				    turn->wait_ns, turn->work_ns);
		trace_slice(trace, role_track(role), wrong ? "TORN frame" : "frame", turn->stamp,
			    turn->work_ns, turn->done_ns);
		if (role != ROLE_CONSUMER)
			put_use(trace, run, turn, role == ROLE_PRODUCER ? KIND_RAW : KIND_FINISHED,
				true);
		if (role != ROLE_PRODUCER)
			put_use(trace, run, turn, role == ROLE_CONSUMER ? KIND_FINISHED : KIND_RAW,
				false);
	}
}

/*
 * The fences that turns of the role `to` waited for: the last use of the same buffer by the role
 * `from`, where that ended after the turn wanted the buffer. Both roles' turns are in the order of
 * their times.
 */
static void put_arrows(struct trace *trace, const struct run *run, enum role from, enum role to)
{
	const struct turn *latest[BUFFERS_MAX] = { NULL }, *earlier = run->turns[from];
	const struct turn *end = earlier + atomic_load(&run->shared->turns[from]);

	for (uint32_t index = 0; index < atomic_load(&run->shared->turns[to]); index++) {
		const struct turn *turn = &run->turns[to][index], *use;

		for (; earlier < end && earlier->done_ns <= turn->work_ns; earlier++)
			latest[earlier->buffer] = earlier;
		use = latest[turn->buffer];
		if (use && use->done_ns > turn->wait_ns)
			trace_arrow(trace, role_track(from), use->work_ns, use->done_ns,
				    role_track(to), turn->work_ns);
	}
}

void report_trace(FILE *file, const struct run *run)
{
	int64_t origin_ns = run->turns[ROLE_PRODUCER][0].wait_ns;
	struct trace trace;

	for (int role = 0; role < ROLES; role++) {
		if (atomic_load(&run->shared->turns[role]) &&
		    run->turns[role][0].wait_ns < origin_ns)
			origin_ns = run->turns[role][0].wait_ns;
	}
	trace_begin(&trace, file, "frame", origin_ns);
	put_buffer_names(&trace, &run->options);
	for (int role = 0; role < ROLES; role++)
		put_role(&trace, run, role);
	for (int role = 0; role + 1 < ROLES && run->options.fences; role++) {
		put_arrows(&trace, run, role, role + 1);
		put_arrows(&trace, run, role + 1, role);
	}
	trace_end(&trace);
}
