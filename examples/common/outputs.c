/* SPDX-License-Identifier: MIT */
/* Opens and flushes the outputs, and names the one that cannot be written. */
#include <errno.h>
#include <string.h>

#include "outputs.h"
#include "program.h"

static int open_file(const char *path, FILE **file)
{
	if (!path)
		return STATUS_CLEAN;
	*file = fopen(path, "we");
	if (!*file)
		return program_fail("cannot write %s: %s", path, strerror(errno));
	return STATUS_CLEAN;
}

static int flush_file(const char *path, FILE *file)
{
	if (file && (fflush(file) || ferror(file)))
		return program_fail("cannot write %s: %s", path, strerror(errno));
	return STATUS_CLEAN;
}

int outputs_open(struct outputs *outputs, const struct common_options *options)
{
	int status;

	*outputs = (struct outputs){ .options = options };
	status = open_file(options->trace_path, &outputs->trace);
	return status ? status : open_file(options->svg_path, &outputs->svg);
}

int outputs_flush(const struct outputs *outputs)
{
	int status = flush_file("the table", stdout);

	if (!status)
		status = flush_file(outputs->options->trace_path, outputs->trace);
	return status ? status : flush_file(outputs->options->svg_path, outputs->svg);
}

void outputs_close(struct outputs *outputs)
{
	if (outputs->trace)
		fclose(outputs->trace);
	if (outputs->svg)
		fclose(outputs->svg);
}
