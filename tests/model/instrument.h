/* SPDX-License-Identifier: MIT */
/*
 * instrument.h - comes before everything else in the files of lib/core that are checked, and in the
 * scenarios: what they call of the C library, and others can see, goes to the checker.
 *
 * What they call beyond that is none of the checker's business, unless it blocks or starts threads:
 * that has to be added here. Not shown to the checker are writes by memset() and its like; where
 * the compiler itself makes such a call of an assignment, it tells.
 */
#ifndef MODEL_INSTRUMENT_H
#define MODEL_INSTRUMENT_H

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "model.h"

int model_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int model_mutex_destroy(pthread_mutex_t *mutex);
int model_mutex_lock(pthread_mutex_t *mutex);
int model_mutex_trylock(pthread_mutex_t *mutex);
int model_mutex_unlock(pthread_mutex_t *mutex);
long model_syscall(long number, ...);
int model_clock_gettime(clockid_t clock, struct timespec *time);

/* What assert() calls; <assert.h> declares it, by this name. */
#define __assert_fail	      model_assert_fail
#define malloc		      model_malloc
#define calloc		      model_calloc
#define free		      model_free
#define pthread_mutex_init    model_mutex_init
#define pthread_mutex_destroy model_mutex_destroy
#define pthread_mutex_lock    model_mutex_lock
#define pthread_mutex_trylock model_mutex_trylock
#define pthread_mutex_unlock  model_mutex_unlock
#define syscall		      model_syscall
#define clock_gettime	      model_clock_gettime

#endif /* MODEL_INSTRUMENT_H */
