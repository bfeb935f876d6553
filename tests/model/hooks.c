/* SPDX-License-Identifier: MIT */
/*
 * hooks.c - what the code that is checked calls instead of what it would: the hooks of
 * -fsanitize=thread, which gcc and clang call at each access to memory, and what instrument.h puts
 * in place of mutexes, futexes and the clock. Each first lets the others have their turn, if it is
 * something that they can see, and then does it.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "checker.h"

#define CALLER __builtin_return_address(0)

const void *latest_caller;

static void stop_before(enum operation_kind kind, const volatile void *address, const void *caller)
{
	if (current_thread != NO_THREAD) {
		threads[current_thread].next = (struct operation){
			.kind = kind,
			.address = address,
			.caller = caller,
		};
		fiber_stop();
	}
	latest_caller = caller;
}

bool thread_is_enabled(const struct thread *thread)
{
	const volatile void *address = thread->next.address;

	if (thread->finished)
		return false;
	switch (thread->next.kind) {
	case OPERATION_AWAIT:
		return *(const volatile uint32_t *)address != 0;
	case OPERATION_LOCK:
		return !memory_cell(address)->owner;
	case OPERATION_WAKE_UP:
		return thread->woken || thread->times_out || thread->may_wake;
	default:
		return true;
	}
}

/* ---- plain accesses ---- */

#define PLAIN_ACCESS(name, size, kind)              \
	void __tsan_##name(volatile void *address); \
	void __tsan_##name(volatile void *address)  \
	{                                           \
		latest_caller = CALLER;             \
		memory_access(address, size, kind); \
	}
#define PLAIN_ACCESSES(size)                                  \
	PLAIN_ACCESS(read##size, size, ACCESS_READ)           \
	PLAIN_ACCESS(write##size, size, ACCESS_WRITE)         \
	PLAIN_ACCESS(unaligned_read##size, size, ACCESS_READ) \
	PLAIN_ACCESS(unaligned_write##size, size, ACCESS_WRITE)

PLAIN_ACCESSES(1)
PLAIN_ACCESSES(2)
PLAIN_ACCESSES(4)
PLAIN_ACCESSES(8)
PLAIN_ACCESSES(16)

void __tsan_read_range(volatile void *address, size_t size);
void __tsan_read_range(volatile void *address, size_t size)
{
	latest_caller = CALLER;
	memory_access(address, size, ACCESS_READ);
}

void __tsan_write_range(volatile void *address, size_t size);
void __tsan_write_range(volatile void *address, size_t size)
{
	latest_caller = CALLER;
	memory_access(address, size, ACCESS_WRITE);
}

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

/* ---- atomic accesses ---- */

static bool acquires(int order)
{
	return order != __ATOMIC_RELAXED && order != __ATOMIC_RELEASE;
}

static bool releases(int order)
{
	return order >= __ATOMIC_RELEASE;
}

static void before_load(const volatile void *address, size_t size, int order, const void *caller)
{
	stop_before(OPERATION_READ, address, caller);
	memory_access(address, size, ACCESS_ATOMIC_READ);
	if (acquires(order))
		memory_acquire(address);
}

static void before_store(const volatile void *address, size_t size, int order, const void *caller)
{
	stop_before(OPERATION_WRITE, address, caller);
	memory_access(address, size, ACCESS_ATOMIC_WRITE);
	if (releases(order))
		memory_release(address, false);
	else
		memory_forget(address);
}

/* The half of an exchange that comes once it is sure to be one. */
static void exchange(const volatile void *address, size_t size, int order)
{
	memory_access(address, size, ACCESS_ATOMIC_WRITE);
	if (acquires(order))
		memory_acquire(address);
	if (releases(order))
		memory_release(address, true);
}

#define FETCH_AND_CHANGE(bits, name, expression)                                      \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, \
						    uint##bits##_t value, int order); \
	uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, \
						    uint##bits##_t value, int order)  \
	{                                                                             \
		uint##bits##_t old;                                                   \
                                                                                      \
		stop_before(OPERATION_WRITE, address, CALLER);                        \
		exchange(address, sizeof(value), order);                              \
		old = *address;                                                       \
		*address = (uint##bits##_t)(expression);                              \
		return old;                                                           \
	}

/* The way of clang: returns the old value. gcc's uses it. */
#define COMPARE_EXCHANGE_VALUE(bits)                                                             \
	static uint##bits##_t compare_exchange##bits(                                            \
		volatile uint##bits##_t *address, uint##bits##_t expected, uint##bits##_t value, \
		int order, int order_of_failure, const void *caller)                             \
	{                                                                                        \
		uint##bits##_t old;                                                              \
                                                                                                 \
		stop_before(OPERATION_WRITE, address, caller);                                   \
		old = *address;                                                                  \
		if (old == expected) {                                                           \
			exchange(address, sizeof(value), order);                                 \
			*address = value;                                                        \
		} else {                                                                         \
			memory_access(address, sizeof(value), ACCESS_ATOMIC_READ);               \
			if (acquires(order_of_failure))                                          \
				memory_acquire(address);                                         \
		}                                                                                \
		return old;                                                                      \
	}                                                                                        \
                                                                                                 \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                               \
		volatile uint##bits##_t *address, uint##bits##_t expected, uint##bits##_t value, \
		int order, int order_of_failure);                                                \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                               \
		volatile uint##bits##_t *address, uint##bits##_t expected, uint##bits##_t value, \
		int order, int order_of_failure)                                                 \
	{                                                                                        \
		return compare_exchange##bits(address, expected, value, order, order_of_failure, \
					      CALLER);                                           \
	}

#define COMPARE_EXCHANGE(bits, strength)                                                          \
	bool __tsan_atomic##bits##_compare_exchange_##strength(                                   \
		volatile uint##bits##_t *address, uint##bits##_t *expected, uint##bits##_t value, \
		int order, int order_of_failure);                                                 \
	bool __tsan_atomic##bits##_compare_exchange_##strength(                                   \
		volatile uint##bits##_t *address, uint##bits##_t *expected, uint##bits##_t value, \
		int order, int order_of_failure)                                                  \
	{                                                                                         \
		uint##bits##_t old = compare_exchange##bits(address, *expected, value, order,     \
							    order_of_failure, CALLER);            \
		bool exchanged = old == *expected;                                                \
                                                                                                  \
		*expected = old;                                                                  \
		return exchanged;                                                                 \
	}

#define ATOMIC_ACCESSES(bits)                                                                    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address,        \
						  int order);                                    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address,        \
						  int order)                                     \
	{                                                                                        \
		before_load(address, sizeof(*address), order, CALLER);                           \
		return *address;                                                                 \
	}                                                                                        \
                                                                                                 \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, \
					 int order);                                             \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, \
					 int order)                                              \
	{                                                                                        \
		before_store(address, sizeof(*address), order, CALLER);                          \
		*address = value;                                                                \
	}                                                                                        \
                                                                                                 \
	FETCH_AND_CHANGE(bits, exchange, value)                                                  \
	FETCH_AND_CHANGE(bits, fetch_add, old + value)                                           \
	FETCH_AND_CHANGE(bits, fetch_sub, old - value)                                           \
	FETCH_AND_CHANGE(bits, fetch_and, old &value)                                            \
	FETCH_AND_CHANGE(bits, fetch_or, old | value)                                            \
	FETCH_AND_CHANGE(bits, fetch_xor, old ^ value)                                           \
	COMPARE_EXCHANGE_VALUE(bits)                                                             \
	COMPARE_EXCHANGE(bits, strong)                                                           \
	COMPARE_EXCHANGE(bits, weak)

ATOMIC_ACCESSES(8)
ATOMIC_ACCESSES(16)
ATOMIC_ACCESSES(32)
ATOMIC_ACCESSES(64)

/* ---- mutexes: the owner is in the cell, the memory is not touched ---- */

int model_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int model_mutex_destroy(pthread_mutex_t *mutex);
int model_mutex_lock(pthread_mutex_t *mutex);
int model_mutex_trylock(pthread_mutex_t *mutex);
int model_mutex_unlock(pthread_mutex_t *mutex);
long model_syscall(long number, ...);
int model_clock_gettime(clockid_t clock, struct timespec *time);

/* From 1 up. */
static int8_t me(void)
{
	return (int8_t)(current_thread == NO_THREAD ? MODEL_THREADS + 1 : current_thread + 1);
}

/* A use of it, which must be ordered behind its making, and before its end. */
static struct cell *use_mutex(const pthread_mutex_t *mutex)
{
	struct cell *cell = memory_cell(mutex);

	memory_access(mutex, 1, ACCESS_ATOMIC_READ);
	if (cell->destroyed)
		model_fail("use of a mutex that was destroyed");
	return cell;
}

int model_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
	memory_access(mutex, sizeof(*mutex), ACCESS_WRITE);
	memory_cell(mutex)->destroyed = false;
	return 0;
}

int model_mutex_destroy(pthread_mutex_t *mutex)
{
	struct cell *cell = use_mutex(mutex);

	if (cell->owner)
		model_fail("a mutex is destroyed while it is held");
	memory_access(mutex, sizeof(*mutex), ACCESS_WRITE);
	cell->destroyed = true;
	return 0;
}

static void take(struct cell *cell, const pthread_mutex_t *mutex)
{
	cell->owner = me();
	memory_acquire(mutex);
}

int model_mutex_lock(pthread_mutex_t *mutex)
{
	struct cell *cell = use_mutex(mutex);

	if (cell->owner == me())
		model_fail("locks a mutex that it holds already");
	stop_before(OPERATION_LOCK, mutex, CALLER);
	cell = use_mutex(mutex);
	if (cell->owner)
		model_fail("a mutex is still held after all threads have ended");
	take(cell, mutex);
	return 0;
}

int model_mutex_trylock(pthread_mutex_t *mutex)
{
	struct cell *cell;

	stop_before(OPERATION_TRYLOCK, mutex, CALLER);
	cell = use_mutex(mutex);
	if (cell->owner)
		return EBUSY;
	take(cell, mutex);
	return 0;
}

int model_mutex_unlock(pthread_mutex_t *mutex)
{
	struct cell *cell;

	stop_before(OPERATION_UNLOCK, mutex, CALLER);
	cell = use_mutex(mutex);
	if (cell->owner != me())
		model_fail("unlocks a mutex that it does not hold");
	cell->owner = 0;
	memory_release(mutex, false);
	return 0;
}

/* ---- futexes ---- */

static long fail_with(int error)
{
	errno = error;
	return -1;
}

static bool ever_ends(const struct timespec *deadline)
{
	return deadline && deadline->tv_sec < INT64_MAX / 1000000000;
}

static long sleep_on(const volatile uint32_t *word, uint32_t value, const struct timespec *deadline,
		     const void *caller)
{
	struct thread *thread = &threads[current_thread];
	bool woken;

	if (current_thread == NO_THREAD)
		model_fail("sleeps where it is alone");
	stop_before(OPERATION_SLEEP, word, caller);
	memory_access(word, sizeof(*word), ACCESS_ATOMIC_READ);
	if (*word != value)
		return fail_with(EAGAIN);

	thread->sleeps_on = word;
	thread->woken = false;
	thread->times_out = ever_ends(deadline);
	stop_before(OPERATION_WAKE_UP, word, caller);
	woken = thread->woken;
	thread->sleeps_on = NULL;
	if (woken)
		return 0;
	if (!thread->may_wake)
		return fail_with(ETIMEDOUT);
	thread->may_wake = false;
	return thread->early_error ? fail_with(thread->early_error) : 0;
}

/* Names an address, and touches nothing there. */
static long wake(const volatile void *word, uint32_t count, const void *caller)
{
	uint32_t woken = 0;
	int i;

	stop_before(OPERATION_WAKE, word, caller);
	for (i = 0; i < MODEL_THREADS && woken < count; i++) {
		if (threads[i].sleeps_on == word && !threads[i].woken) {
			threads[i].woken = true;
			woken++;
		}
	}
	return woken;
}

long model_syscall(long number, ...)
{
	const volatile uint32_t *word;
	const struct timespec *deadline;
	uint32_t value;
	int operation;
	va_list arguments;

	va_start(arguments, number);
	word = va_arg(arguments, const volatile uint32_t *);
	operation = va_arg(arguments, int);
	value = va_arg(arguments, uint32_t);
	deadline = va_arg(arguments, const struct timespec *);
	va_end(arguments);
	if (number != SYS_futex)
		model_fail("system call %ld, which the checker does not know", number);
	/* Private or of all processes: here there is one. */
	switch (operation & ~FUTEX_PRIVATE_FLAG) {
	case FUTEX_WAIT_BITSET:
		return sleep_on(word, value, deadline, CALLER);
	case FUTEX_WAKE:
		return wake(word, value, CALLER);
	default:
		model_fail("futex operation %d, which the checker does not know", operation);
	}
}

/* Stands still: a timeout is a choice of the search. */
int model_clock_gettime(clockid_t clock, struct timespec *time)
{
	*time = (struct timespec){ .tv_sec = 1 };
	return 0;
}

void model_assert_fail(const char *assertion, const char *file, unsigned int line,
		       const char *function) __attribute__((noreturn));
void model_assert_fail(const char *assertion, const char *file, unsigned int line,
		       const char *function)
{
	model_check_failed(file, (int)line, assertion);
}

/* ---- the scenarios' own ---- */

void model_check_failed(const char *file, int line, const char *condition)
{
	model_fail("%s:%d: %s does not hold", basename(file), line, condition);
}

void model_await(const _Atomic uint32_t *word)
{
	stop_before(OPERATION_AWAIT, word, CALLER);
	memory_access(word, sizeof(*word), ACCESS_ATOMIC_READ);
	memory_acquire(word);
}

void model_may_wake(int error)
{
	threads[current_thread].may_wake = true;
	threads[current_thread].early_error = error;
}
