/* SPDX-License-Identifier: MIT */
/*
 * bare.c - a static program without a C library, as languages make them that issue system calls by
 * themselves: no preloading could reach it. Opens the node that is its argument, makes a fence on
 * it, and exits with 0 if it was given a descriptor.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "linux_sw_sync.h"

#if defined(__x86_64__)
static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* The stack begins with the number of arguments, and their addresses. */
__asm__(".globl _start\n"
	"_start:\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call run\n");
#elif defined(__i386__)
static long system_call(long number, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c)
			 : "memory");
	return result;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call run\n");
#elif defined(__aarch64__)
static long system_call(long number, long a, long b, long c)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov x0, sp\n"
	"	bl run\n");
#endif

_Noreturn void run(const long *stack);

_Noreturn void run(const long *stack)
{
	struct sw_sync_create_fence_data create = { .value = 1, .fence = -1 };
	uint32_t by = 1;
	long node = -1, failed = 1;

	if (stack[0] == 2)
#if defined(__aarch64__)
		node = system_call(SYS_openat, AT_FDCWD, stack[2], O_RDWR);
#else
		node = system_call(SYS_open, stack[2], O_RDWR, 0);
#endif
	if (node >= 0 && !system_call(SYS_ioctl, node, SW_SYNC_IOC_CREATE_FENCE, (long)&create))
		failed = create.fence < 0 ||
			 system_call(SYS_ioctl, node, SW_SYNC_IOC_INC, (long)&by);
	for (;;)
		system_call(SYS_exit, failed, 0, 0);
}
