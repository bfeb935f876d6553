/* SPDX-License-Identifier: MIT */
/*
 * providers.h - the ways to come by pending fences.
 */
#ifndef CONFORMANCE_PROVIDERS_H
#define CONFORMANCE_PROVIDERS_H

/* A fence that is signaled when we say so, and a sync_file with it alone. */
struct pending {
	int sync_file;
	int source;	 /* what it is signaled through */
	unsigned int id; /* the source's name for it */
};

/* A way to come by pending fences. Each is the first of a context of its own. */
struct provider {
	const char *what;     /* for people */
	const char *driver;   /* the name that its fences tell */
	const char *timeline; /* likewise; NULL: this program's name */
	/* sw_sync: where timelines are opened */
	int (*make)(const char *sw_sync, struct pending *pending);
	int (*signal)(const struct pending *pending);
};
extern const struct provider vgem_provider;
extern const struct provider sw_sync_provider;

#endif /* CONFORMANCE_PROVIDERS_H */
