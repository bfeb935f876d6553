/* SPDX-License-Identifier: MIT */
/* name.c - what the ABI calls things, where a discussion has come to agree on that. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

DEVICE_SUITE(name);

/* Does a line of the file in the source tree have the word, whatever the case? */
static bool has_word(const char *path, const char *word)
{
	const char *folder = getenv("srcdir");
	char file[4096], line[1024];
	bool found = false;
	FILE *stream;

	snprintf(file, sizeof(file), "%s/%s", folder ? folder : ".", path);
	stream = fopen(file, "r");
	check(stream);
	while (!found && fgets(line, sizeof(line), stream))
		found = strcasestr(line, word);
	fclose(stream);
	return found;
}

Test(name, row_4_7_it_is_a_seqno_write_and_not_a_user_fence)
{
	static const char *const headers[] = { "uapi/dma_fence.h", "lib/client/libdmafence.h" };
	size_t i;

	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		check(has_word(headers[i], "seqno_write"));
		check(!has_word(headers[i], "user_fence"));
		check(!has_word(headers[i], "user fence"));
	}
	/* The device knows it: it is no ENOTTY, for what is in it is looked at. */
	expect(raw_ioctl(device, DMA_FENCE_IOC_SEQNO_WRITE, &(struct dma_fence_seqno_write){ 0 }),
	       -EINVAL);
}
