/* SPDX-License-Identifier: MIT */
/*
 * syncobj.h - syncobjs in the states that the groups begin with, and the questions that are asked
 * of them over and over. Whatever is not an answer ends the group where it fails.
 */
#ifndef CONFORMANCE_SYNCOBJ_H
#define CONFORMANCE_SYNCOBJ_H

#include <stdint.h>

#define NO_HANDLE 4242u
#define UNTOUCHED 0xaaaau

/* Deadlines, beside any other absolute time. */
#define AT_ONCE 0
#define EVER	INT64_MAX
#define SOON	0x5001 /* soon_ms from now */

uint32_t syncobj(int fd);
uint32_t signaled_syncobj(int fd);
uint32_t timeline(int fd, uint64_t point);		   /* it has been signaled up to there */
uint32_t pending_syncobj(int fd, struct pending *pending); /* holds a fence that is pending */
uint32_t pending_timeline(int fd, uint64_t point, struct pending *pending);

void import_sync_file(int fd, uint32_t handle, int sync_file);
int export_sync_file(int fd, uint32_t handle); /* a new descriptor */
int export_syncobj(int fd, uint32_t handle);   /* likewise */
void timeline_signal(int fd, uint32_t handle, uint64_t point);
void signal_syncobj(int fd, uint32_t handle);
void reset_syncobj(int fd, uint32_t handle);
void destroy_syncobj(int fd, uint32_t handle);
void transfer(int fd, uint32_t source, uint64_t source_point, uint32_t destination, uint64_t point);
void register_eventfd(int fd, uint32_t handle, uint64_t point, uint32_t flags, int eventfd);

/* What a wait that does not block says of it: "signaled", or the name of the error. */
const char *state_of(int fd, uint32_t handle);
/* Up to where a timeline has come; flags as QUERY has them. */
const char *point_of(int fd, uint32_t handle, uint32_t flags);
/* What an eventfd that does not block has counted, and it is 0 from then on. */
const char *count_of(int eventfd);

int64_t deadline_of(int64_t deadline);
int64_t now_ns(void);
/* The time since then as "at once", "waited" (at least most of SOON), or "too long". */
const char *took(int64_t began_ns);

#endif /* CONFORMANCE_SYNCOBJ_H */
