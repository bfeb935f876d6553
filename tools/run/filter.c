/* SPDX-License-Identifier: MIT */
/*
 * filter.c - see filter.h.
 *
 * libseccomp writes the program, for every kind of system call that this machine has; it is loaded
 * by hand, since the flag that keeps a signal from ending a call halfway, and beginning it once
 * more, is newer than the library.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "filter.h"
#include "requests.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* The other kinds of system call that a program of this machine may issue. */
static const uint32_t other_architectures[] = {
#if defined(__x86_64__)
	SCMP_ARCH_X86,
	SCMP_ARCH_X32,
#elif defined(__aarch64__)
	SCMP_ARCH_ARM,
#endif
};

static int add_rules(scmp_filter_ctx context)
{
	const struct request_pattern *pattern;
	/* Of a kind that is not listed nothing is stopped, nor is who issues it. */
	int ret = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);

	for (unsigned int i = 0;
	     !ret && i < sizeof(other_architectures) / sizeof(other_architectures[0]); i++)
		ret = seccomp_arch_add(context, other_architectures[i]);
	for (unsigned int i = 0; !ret && (pattern = request_pattern(i)); i++)
		ret = seccomp_rule_add(context, SCMP_ACT_NOTIFY, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, pattern->mask, pattern->number));
	return ret;
}

/* The filter's program, in memory that the caller frees, or NULL. */
static struct sock_filter *make_program(unsigned short *length)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int memory = memfd_create("filter", MFD_CLOEXEC);
	struct sock_filter *program = NULL;
	off_t size;

	if (!context || memory < 0 || add_rules(context) || seccomp_export_bpf(context, memory))
		goto out;
	size = lseek(memory, 0, SEEK_CUR);
	program = size > 0 ? malloc((size_t)size) : NULL;
	if (program && pread(memory, program, (size_t)size, 0) != size) {
		free(program);
		program = NULL;
	}
	*length = (unsigned short)((size_t)size / sizeof(*program));
out:
	if (memory >= 0)
		close(memory);
	seccomp_release(context);
	return program;
}

int filter_install(void)
{
	/* SPEC_ALLOW: the filter confines no program, so mitigations that slow it down are not needed. */
	const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
				    SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
				    SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	struct sock_fprog filter = { 0 };
	int listener;

	filter.filter = make_program(&filter.len);
	if (!filter.filter)
		return -ENOMEM;
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	/* An unprivileged process may install it if execve() cannot give it privileges. */
	if (listener < 0 && errno == EACCES && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter);
	if (listener < 0)
		listener = -errno;
	free(filter.filter);
	return listener;
}
