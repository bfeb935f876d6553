/* SPDX-License-Identifier: MIT */
/*
 * planted-scenarios.c - the checker checked: programs whose bugs it must find, and programs of
 * which it is known in how many ways they run.
 */
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#include "instrument.h"

static _Atomic uint32_t words[MODEL_THREADS];
static pthread_mutex_t locks[2];
static uint32_t plain;
static uint32_t *block;

static void setup(void)
{
	unsigned int i;

	for (i = 0; i < MODEL_THREADS; i++)
		words[i] = 0;
	for (i = 0; i < 2; i++)
		pthread_mutex_init(&locks[i], NULL);
	plain = 0;
}

/* Reads and writes as two operations. */
static void count_badly(void)
{
	words[0] = words[0] + 1;
}

static void expect_two(void)
{
	MODEL_CHECK(words[0] == 2);
}

static void lock_upwards(void)
{
	pthread_mutex_lock(&locks[0]);
	pthread_mutex_lock(&locks[1]);
	pthread_mutex_unlock(&locks[1]);
	pthread_mutex_unlock(&locks[0]);
}

static void lock_downwards(void)
{
	pthread_mutex_lock(&locks[1]);
	pthread_mutex_lock(&locks[0]);
	pthread_mutex_unlock(&locks[0]);
	pthread_mutex_unlock(&locks[1]);
}

/* The word is not looked at in one step with going to sleep: the expected value is read again. */
static void sleep_badly(void)
{
	if (!words[0])
		syscall(SYS_futex, &words[1], FUTEX_WAIT_BITSET_PRIVATE, words[1], NULL, NULL,
			FUTEX_BITSET_MATCH_ANY);
}

static void wake(void)
{
	words[0] = 1;
	syscall(SYS_futex, &words[1], FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

static void publish_badly(void)
{
	plain = 1;
	atomic_store_explicit(&words[0], 1, memory_order_relaxed);
}

static void publish(void)
{
	plain = 1;
	atomic_store_explicit(&words[0], 1, memory_order_release);
}

static void read_published(void)
{
	if (atomic_load_explicit(&words[0], memory_order_acquire))
		MODEL_CHECK(plain == 1);
}

static void setup_block(void)
{
	setup();
	block = malloc(sizeof(*block));
	*block = 0;
}

static void free_block(void)
{
	free(block);
	words[0] = 1;
}

static void use_block(void)
{
	if (words[0])
		*block = 1;
}

static void forget_block(void)
{
}

static void unlock_unlocked(void)
{
	if (!pthread_mutex_trylock(&locks[0]))
		words[0] = 1;
	else if (words[0])
		pthread_mutex_unlock(&locks[0]);
}

static void spin(void)
{
	while (!words[0])
		;
}

static void critical_section(void)
{
	pthread_mutex_lock(&locks[0]);
	plain++;
	pthread_mutex_unlock(&locks[0]);
}

static void count(void)
{
	atomic_fetch_add(&words[0], 1);
}

static void count_in_own_0(void)
{
	words[1] = words[1] + 1;
}

static void count_in_own_1(void)
{
	words[2] = words[2] + 1;
}

static void read_both(void)
{
	plain = words[1];
	plain = words[2];
}

const struct model_scenario planted_scenarios[] = {
	{
		.name = "planted-lost-update",
		.rule = "an update that is lost is found",
		.setup = setup,
		.threads = { count_badly, count_badly },
		.finish = expect_two,
		.planted = "does not hold",
	},
	{
		.name = "planted-deadlock",
		.rule = "locking in opposite orders is found",
		.setup = setup,
		.threads = { lock_upwards, lock_downwards },
		.planted = "deadlock",
	},
	{
		.name = "planted-lost-wake-up",
		.rule = "a wake-up that is lost is found",
		.setup = setup,
		.threads = { sleep_badly, wake },
		.planted = "deadlock",
	},
	{
		.name = "planted-relaxed-publication",
		.rule = "a store that should have released is found",
		.setup = setup,
		.threads = { publish_badly, read_published },
		.planted = "data race",
	},
	{
		.name = "planted-use-after-free",
		.rule = "the use of freed memory is found",
		.setup = setup_block,
		.threads = { free_block, use_block },
		.planted = "use after free",
	},
	{
		.name = "planted-leak",
		.rule = "memory that is not freed is found",
		.setup = setup_block,
		.threads = { forget_block },
		.planted = "not freed",
	},
	{
		.name = "planted-unlock",
		.rule = "a mutex unlocked by who does not hold it is found",
		.setup = setup,
		.threads = { unlock_unlocked, unlock_unlocked },
		.planted = "unlocks a mutex",
	},
	{
		.name = "planted-endless",
		.rule = "a thread that does not end is found",
		.setup = setup,
		.threads = { spin },
		.planted = "no end",
	},
	{
		.name = "counted-alone",
		.rule = "threads that share nothing run in one way",
		.setup = setup,
		.threads = { count_in_own_0, count_in_own_1 },
		.count = 1,
	},
	{
		.name = "counted-publication",
		.rule = "a store and a load run in two ways",
		.setup = setup,
		.threads = { publish, read_published },
		.count = 2,
	},
	{
		.name = "counted-sections",
		.rule = "three critical sections of one mutex run in six ways",
		.setup = setup,
		.threads = { critical_section, critical_section, critical_section },
		.count = 6,
	},
	{
		.name = "counted-four",
		.rule = "four exchanges of one word run in 24 ways",
		.setup = setup,
		.threads = { count, count, count, count },
		.count = 24,
	},
	{
		.name = "counted-reader",
		.rule = "two words, written by one each and read by one, are seen in four ways",
		.setup = setup,
		.threads = { count_in_own_0, count_in_own_1, read_both },
		.count = 4,
	},
	{ .name = NULL },
};
