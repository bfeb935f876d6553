/* SPDX-License-Identifier: MIT */
/*
 * descriptor.h - what any descriptor is asked: its flags, and the system calls that it refuses.
 */
#ifndef CONFORMANCE_DESCRIPTOR_H
#define CONFORMANCE_DESCRIPTOR_H

/* Answers with names that begin with name: link, mode, F_GETFL, F_GETFD. */
void answer_descriptor(const char *name, int fd);
/* Likewise: read, write, lseek, mmap, ftruncate, fsync, poll and requests of other kinds. */
void answer_calls(const char *name, int fd);
/* Likewise: opening it once more through /proc/self/fd. */
void answer_reopening(const char *name, int fd);

#endif /* CONFORMANCE_DESCRIPTOR_H */
