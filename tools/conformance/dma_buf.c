/* SPDX-License-Identifier: MIT */
/*
 * dma_buf.c - groups: the fences that are on a buffer.
 */
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bed.h"
#include "descriptor.h"
#include "exchange.h"
#include "groups.h"
#include "linux_dma_buf.h"
#include "linux_sync_file.h"
#include "report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int export_fences(int buffer, unsigned int flags)
{
	struct dma_buf_export_sync_file export = { .flags = flags };

	prepare(buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	return export.fd;
}

void group_buffer_export(void)
{
	static const struct {
		const char *name;
		unsigned int flags;
	} rows[] = {
		{ "no flags", 0 },
		{ "flags 0x10", 0x10 },
		{ "READ and 0x10", DMA_BUF_SYNC_READ | 0x10 },
		{ "READ and END", DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END },
		{ "READ", DMA_BUF_SYNC_READ },
		{ "WRITE", DMA_BUF_SYNC_WRITE },
		{ "RW", DMA_BUF_SYNC_RW },
	};
	int buffer = make_buffer(), exported;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dma_buf_export_sync_file export = { .flags = rows[i].flags, .fd = -7 };

		exchange(rows[i].name, buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	}
	exchange("no argument", buffer, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, NULL);
	exported = export_fences(buffer, DMA_BUF_SYNC_READ);
	answer_descriptor("no fences", exported);
	answer_file_info("no fences: READ", exported);
	answer_file_info("no fences: RW", export_fences(buffer, DMA_BUF_SYNC_RW));
	answer("'b' 99", "%s",
	       returned(ioctl(buffer, _IOC(_IOC_READ | _IOC_WRITE, 'b', 99, 8), &rows)));
	answer("EXPORT_SYNC_FILE of 16 bytes", "%s",
	       returned(ioctl(buffer, _IOC(_IOC_READ | _IOC_WRITE, 'b', 2, 16), &rows)));
	answer("EXPORT_SYNC_FILE, _IOW", "%s",
	       returned(ioctl(buffer, _IOC(_IOC_WRITE, 'b', 2, 8), &rows)));
	answer("IMPORT_SYNC_FILE of 16 bytes", "%s",
	       returned(ioctl(buffer, _IOC(_IOC_WRITE, 'b', 3, 16), &rows)));
	answer("IMPORT_SYNC_FILE, _IOWR", "%s",
	       returned(ioctl(buffer, _IOC(_IOC_READ | _IOC_WRITE, 'b', 3, 8), &rows)));
	answer_descriptor("buffer", buffer);
}

void group_buffer_import(void)
{
	int buffer = make_buffer(), signaled, event = eventfd(0, EFD_CLOEXEC);
	struct pending pending = make_pending();
	struct {
		const char *name;
		struct dma_buf_import_sync_file import;
	} rows[] = {
		{ "no flags", { .flags = 0, .fd = pending.sync_file } },
		{ "flags 0x10", { .flags = 0x10, .fd = pending.sync_file } },
		{ "READ and END",
		  { .flags = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END, .fd = pending.sync_file } },
		{ "no flags, fd -1", { .flags = 0, .fd = -1 } },
		{ "fd -1", { .flags = DMA_BUF_SYNC_READ, .fd = -1 } },
		{ "an eventfd", { .flags = DMA_BUF_SYNC_READ, .fd = event } },
		{ "the buffer", { .flags = DMA_BUF_SYNC_READ, .fd = buffer } },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		exchange(rows[i].name, buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &rows[i].import);
	exchange("no argument", buffer, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, NULL);
	answer_file_info("nothing came of these", export_fences(buffer, DMA_BUF_SYNC_RW));
	signal_pending(&pending);
	signaled = pending.sync_file;
	import_fence(buffer, DMA_BUF_SYNC_WRITE, signaled);
	answer("a signaled one, as WRITE", "%s",
	       sync_file_state(export_fences(buffer, DMA_BUF_SYNC_RW)));
}

static const char *fences_for(int buffer, unsigned int flags)
{
	return sync_file_state(export_fences(buffer, flags));
}

/* Readers wait for writers, writers for all. */
void group_buffer_usage(void)
{
	int buffer = make_buffer(), exported;
	struct pending reading = make_pending(), writing = make_pending();

	import_fence(buffer, DMA_BUF_SYNC_READ, reading.sync_file);
	answer_file_info("a reader: who reads waits for", export_fences(buffer, DMA_BUF_SYNC_READ));
	answer_file_info("a reader: who writes waits for",
			 export_fences(buffer, DMA_BUF_SYNC_WRITE));
	answer("a reader: RW", "%s", fences_for(buffer, DMA_BUF_SYNC_RW));
	import_fence(buffer, DMA_BUF_SYNC_READ, reading.sync_file);
	answer("a reader, twice: RW", "%s", fences_for(buffer, DMA_BUF_SYNC_RW));
	import_fence(buffer, DMA_BUF_SYNC_WRITE, writing.sync_file);
	answer("and a writer: who reads waits for", "%s", fences_for(buffer, DMA_BUF_SYNC_READ));
	answer_file_info("and a writer: who writes waits for",
			 export_fences(buffer, DMA_BUF_SYNC_WRITE));
	exported = export_fences(buffer, DMA_BUF_SYNC_RW);
	signal_pending(&reading);
	answer("the reader is done: RW", "%s", fences_for(buffer, DMA_BUF_SYNC_RW));
	answer("the reader is done: what was exported", "%s", sync_file_state(exported));
	signal_pending(&writing);
	answer("both are done: RW", "%s", fences_for(buffer, DMA_BUF_SYNC_RW));
	answer("both are done: what was exported", "%s", sync_file_state(exported));
}

void group_buffer_again(void)
{
	int buffer = make_buffer(), merged;
	struct pending first = make_pending(), second = make_pending();

	import_fence(buffer, DMA_BUF_SYNC_WRITE, first.sync_file);
	import_fence(buffer, DMA_BUF_SYNC_READ, first.sync_file);
	answer("a writer that reads too: who reads waits for", "%s",
	       fences_for(buffer, DMA_BUF_SYNC_READ));
	import_fence(buffer, DMA_BUF_SYNC_WRITE, second.sync_file);
	answer("two writers: READ", "%s", fences_for(buffer, DMA_BUF_SYNC_READ));
	signal_pending(&first);
	signal_pending(&second);
	merged = make_merged(first.sync_file, second.sync_file);
	import_fence(buffer, DMA_BUF_SYNC_RW, merged);
	answer("done: READ", "%s", fences_for(buffer, DMA_BUF_SYNC_READ));
}

void group_buffer_merged(void)
{
	int buffer = make_buffer(), merged;
	struct pending first = make_pending(), second = make_pending();

	merged = make_merged(first.sync_file, second.sync_file);
	import_fence(buffer, DMA_BUF_SYNC_WRITE, merged);
	answer_file_info("READ", export_fences(buffer, DMA_BUF_SYNC_READ));
	close(merged);
	close(first.sync_file);
	signal_pending(&first);
	answer_file_info("one is done: READ", export_fences(buffer, DMA_BUF_SYNC_READ));
	signal_pending(&second);
	answer("both are done: READ", "%s", fences_for(buffer, DMA_BUF_SYNC_READ));
}

/* IN waits for writers, OUT for all. */
static void polled_each_way(const char *state, int buffer)
{
	answer(text("%s: IN", state), "%s", polled(buffer, POLLIN));
	answer(text("%s: OUT", state), "%s", polled(buffer, POLLOUT));
	answer(text("%s: IN and OUT", state), "%s", polled(buffer, POLLIN | POLLOUT));
	answer(text("%s: nothing", state), "%s", polled(buffer, 0));
}

void group_buffer_poll(void)
{
	int buffer = make_buffer(), merged;
	struct pending reading = make_pending(), writing = make_pending();

	polled_each_way("idle", buffer);
	import_fence(buffer, DMA_BUF_SYNC_READ, reading.sync_file);
	polled_each_way("a reader", buffer);
	import_fence(buffer, DMA_BUF_SYNC_WRITE, writing.sync_file);
	polled_each_way("a reader and a writer", buffer);
	signal_pending(&writing);
	polled_each_way("the writer is done", buffer);
	signal_pending(&reading);
	polled_each_way("both are done", buffer);
	buffer = make_buffer();
	reading = make_pending();
	writing = make_pending();
	merged = make_merged(reading.sync_file, writing.sync_file);
	import_fence(buffer, DMA_BUF_SYNC_WRITE, merged);
	signal_pending(&reading);
	polled_each_way("a writer of two fences, one is signaled", buffer);
	signal_pending(&writing);
	polled_each_way("a writer of two fences, both are signaled", buffer);
}
