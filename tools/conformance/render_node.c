/* SPDX-License-Identifier: MIT */
/*
 * render_node.c - groups: what clients of a render node ask first, and the requests that it refuses.
 */
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bed.h"
#include "drm.h"
#include "exchange.h"
#include "groups.h"
#include "report.h"
#include "syncobj.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void group_caps(void)
{
	static const struct {
		const char *name;
		uint64_t capability;
	} rows[] = {
		{ "SYNCOBJ", DRM_CAP_SYNCOBJ }, { "SYNCOBJ_TIMELINE", DRM_CAP_SYNCOBJ_TIMELINE },
		{ "0x1000", 0x1000 },		{ "0", 0 },
		{ "UINT64_MAX", UINT64_MAX },
	};
	int fd = open_node();

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct drm_cap cap = { .capability = rows[i].capability, .value = UNTOUCHED };

		exchange(rows[i].name, fd, DRM_GET_CAP, &cap);
	}
	exchange("no argument", fd, DRM_GET_CAP, NULL);
}

/* The strings are the implementation's; how they are handed out is not. */
void group_version(void)
{
	char name[4] = { '.', '.', '.', '.' };
	struct drm_version lengths = {}, version = { .name = (uint64_t)(uintptr_t)name };
	int fd = open_node();
	long result = ioctl(fd, DRM_VERSION, &lengths);

	answer("lengths", "%s %s %s %s", returned(result),
	       lengths.name_length ? "a name" : "no name",
	       lengths.date_length ? "a date" : "no date",
	       lengths.description_length ? "a description" : "no description");
	version.name_length = 3;
	result = ioctl(fd, DRM_VERSION, &version);
	answer("room for 3", "%s, %s, %s, %s", returned(result),
	       version.name_length == lengths.name_length ? "the whole length" : "another length",
	       name[2] == '.' ? "the third is untouched" : "three are written",
	       name[3] == '.' ? "the fourth is untouched" : "the fourth is written");
	version.name_length = 3;
	version.name = 8;
	answer("a name that cannot be written", "%s", returned(ioctl(fd, DRM_VERSION, &version)));
	exchange("no argument", fd, DRM_VERSION, NULL);
}

void group_probes(void)
{
	int fd = open_node();
	struct drm_unique unique = { .length = 0 };
	struct drm_auth auth = { .magic = UNTOUCHED };
	struct drm_set_version version = { 1, 4, -1, -1 };
	struct drm_cap cap = { .capability = 1, .value = 1 };
	struct drm_client client = {};

	answer("GET_UNIQUE", "%s", returned(ioctl(fd, DRM_GET_UNIQUE, &unique)));
	answer("GET_CLIENT", "%s", returned(ioctl(fd, DRM_GET_CLIENT, &client)));
	exchange("GET_MAGIC", fd, DRM_GET_MAGIC, &auth);
	exchange("AUTH_MAGIC", fd, DRM_AUTH_MAGIC, &auth);
	exchange("SET_VERSION", fd, DRM_SET_VERSION, &version);
	exchange("SET_CLIENT_CAP", fd, DRM_SET_CLIENT_CAP, &cap);
	cap.capability = 0x1000;
	exchange("SET_CLIENT_CAP, unknown", fd, DRM_SET_CLIENT_CAP, &cap);
	answer("SET_MASTER", "%s", returned(ioctl(fd, DRM_SET_MASTER, 0)));
	answer("DROP_MASTER", "%s", returned(ioctl(fd, DRM_DROP_MASTER, 0)));
}

void group_unknown(void)
{
	uint64_t argument[8] = {};
	int fd = open_node();

	answer("'d' 0xff", "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', 0xff, 8), argument)));
	answer("'d' 0xdf", "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', 0xdf, 8), argument)));
	answer("'F' 1", "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'F', 1, 8), argument)));
	answer("'T' 1", "%s",
	       returned(ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, 'T', 1, 8), argument)));
	answer("number 0", "%s", returned(ioctl(fd, 0, argument)));
}
