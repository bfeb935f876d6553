/* SPDX-License-Identifier: MIT */
/*
 * fiber.c - the threads of a scenario: fibers that take turns on one OS thread, each with a stack,
 * and with _Thread_local variables of its own, which are exchanged as it gets its turn.
 *
 * Fibers are made once, with makecontext(), and from then on entered with _longjmp(), which asks
 * the kernel nothing. One that must not resume does not: it is entered again at its beginning.
 */
#undef _FORTIFY_SOURCE /* whose longjmp() refuses to change stacks */
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "checker.h"

#define STACK_SIZE (64 * 1024)
#define MAX_OWN	   256

struct fiber {
	jmp_buf begin, here;
	void (*function)(void);
	char own[MAX_OWN]; /* its _Thread_local variables, while it does not run */
	_Alignas(64) char stack[STACK_SIZE];
};

struct thread threads[MODEL_THREADS];
int current_thread = NO_THREAD;
char finding[400];
int finding_thread;

static struct fiber fibers[MODEL_THREADS];
static jmp_buf search_here; /* the thread that runs a fiber */
static ucontext_t first_context;

/* This program's _Thread_local variables, as this OS thread sees them. */
static char *own;
static size_t own_size;
static char own_at_start[MAX_OWN];

static int find_own(struct dl_phdr_info *info, size_t size, void *data)
{
	int i;

	/* The program itself is the first. */
	for (i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_TLS) {
			own = info->dlpi_tls_data;
			own_size = info->dlpi_phdr[i].p_memsz;
		}
	}
	return 1;
}

bool is_thread_local(const volatile void *address)
{
	return (uintptr_t)address - (uintptr_t)own < own_size;
}

static void fiber_main(void)
{
	struct fiber *fiber = &fibers[current_thread];

	if (!_setjmp(fiber->begin))
		setcontext(&first_context);
	fibers[current_thread].function();
	threads[current_thread].finished = true;
	_longjmp(search_here, 1);
}

void fibers_init(void)
{
	ucontext_t context;

	dl_iterate_phdr(find_own, NULL);
	if (own_size > MAX_OWN)
		abort();
	if (own_size)
		memcpy(own_at_start, own, own_size);
	for (current_thread = 0; current_thread < MODEL_THREADS; current_thread++) {
		getcontext(&context);
		context.uc_stack.ss_sp = fibers[current_thread].stack;
		context.uc_stack.ss_size = STACK_SIZE;
		context.uc_link = NULL;
		makecontext(&context, fiber_main, 0);
		swapcontext(&first_context, &context);
	}
	current_thread = NO_THREAD;
}

static void exchange_own(char *from, char *to)
{
	if (!own_size)
		return;
	memcpy(to, own, own_size);
	memcpy(own, from, own_size);
}

static void enter(int number, jmp_buf where)
{
	static char searchs_own[MAX_OWN];

	exchange_own(fibers[number].own, searchs_own);
	current_thread = number;
	if (!_setjmp(search_here))
		_longjmp(where, 1);
	exchange_own(searchs_own, fibers[current_thread].own);
	current_thread = NO_THREAD;
}

void fiber_start(int number, void (*function)(void))
{
	struct fiber *fiber = &fibers[number];

	memcpy(fiber->own, own_at_start, own_size);
	fiber->function = function;
	enter(number, fiber->begin);
}

void fiber_step(int number)
{
	enter(number, fibers[number].here);
}

void fiber_stop(void)
{
	if (!_setjmp(fibers[current_thread].here))
		_longjmp(search_here, 1);
}

void fiber_run_alone(void (*function)(void))
{
	if (own_size)
		memcpy(own, own_at_start, own_size);
	if (!_setjmp(search_here))
		function();
}

static void say_finding(const char *format, va_list arguments)
{
	vsnprintf(finding, sizeof(finding), format, arguments);
	finding_thread = current_thread;
}

void set_finding(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_finding(format, arguments);
	va_end(arguments);
}

void model_fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_finding(format, arguments);
	va_end(arguments);
	_longjmp(search_here, 1);
}
