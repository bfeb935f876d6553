/* SPDX-License-Identifier: MIT */
/* name-test.c - what things are called, where a discussion has come to agree on that. */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "core-test.h"

/* Where the sources are, as make says it; else the folder that this runs in. */
static const char *source(const char *path)
{
	static char name[4096];
	const char *folder = getenv("srcdir");

	snprintf(name, sizeof(name), "%s/%s", folder ? folder : ".", path);
	return name;
}

/* Does a line of the file have the word, whatever the case? */
static bool has_word(const char *file, const char *word)
{
	FILE *stream = fopen(file, "r");
	char line[1024];
	bool found = false;

	cr_assert_not_null(stream, "%s", file);
	while (!found && fgets(line, sizeof(line), stream))
		found = strcasestr(line, word);
	fclose(stream);
	return found;
}

TestSuite(name, .timeout = TEST_TIMEOUT);

Test(name, row_4_7_it_is_a_seqno_write_and_not_a_user_fence)
{
	glob_t headers;
	size_t i;

	cr_assert_eq(glob(source("lib/core/*.h"), 0, NULL, &headers), 0);
	for (i = 0; i < headers.gl_pathc; i++) {
		cr_expect_not(has_word(headers.gl_pathv[i], "user_fence"));
		cr_expect_not(has_word(headers.gl_pathv[i], "user fence"));
	}
	globfree(&headers);
	cr_expect_not(has_word(source("lib/core/libdmafence-core.map"), "user_fence"));
	cr_expect(has_word(source("lib/core/libdmafence-core.map"), "seqno_write_attach;"));
}
