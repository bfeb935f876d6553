/* SPDX-License-Identifier: MIT */
/*
 * The user-mode queue: one piece of shared memory (a memfd) with a ring of instructions, and the
 * words that they are about. The submitter puts instructions in, the engine takes them out; neither
 * makes a call for it, but a futex where the other sleeps. The device is given the memfd, and
 * stores in it what fences are converted into.
 */
#ifndef USER_QUEUE_QUEUE_H
#define USER_QUEUE_QUEUE_H

#include <stdint.h>

#include "options.h"

/* What a job takes at most: two waits, the drawing, and the write. */
#define INSTRUCTIONS_PER_JOB 4
/* So the ring has the capacity for every job that the queue accepts. */
#define QUEUE_INSTRUCTIONS ((DEPTH_MAX + 1) * INSTRUCTIONS_PER_JOB)

enum operation {
	OPERATION_WAIT_ON_MEMORY = 1,	/* until the word at offset has reached value */
	OPERATION_DRAW,		      /* job number value, which takes duration_ns */
	OPERATION_WRITE_MEMORY,	      /* value to the word at offset, and wake its waiters */
	OPERATION_END,
};

struct instruction {
	uint32_t operation;
	uint32_t job;
	uint64_t offset;	/* in the memory */
	uint64_t value;
	int64_t duration_ns;
};

/*
 * Words are 64 bits and only grow, each has one writer, and a futex stands on its low half: they
 * are written with memory_write(), or by the device, and waited for with dma_fence_seqno_wait().
 */
struct queue_memory {
	uint64_t put;		    /* instructions put in; by the submitter: the doorbell */
	uint64_t completed;	    /* jobs done; by the engine, at WRITE-MEMORY */
	uint64_t bound;		    /* the latest bind that is complete; by the device */
	uint64_t frames[DEPTH_MAX];	/* a job's frame is there: its number, from 1; by the device */
	struct instruction ring[QUEUE_INSTRUCTIONS];
};

struct queue {
	int fd;			     /* of the memory */
	struct queue_memory *memory;	/* mapped */
	uint64_t put;	/* of the submitter: instructions that the engine may not know of yet */
};

/* 0, or a negative errno. The mapping and the fd pass on to children. */
int queue_init(struct queue *queue);
void queue_destroy(struct queue *queue);

/* Store with release order, and wake who sleeps there. */
void memory_write(uint64_t *word, uint64_t value);
/* Where a word is, for an instruction or for the device. */
uint64_t queue_offset(const struct queue *queue, const uint64_t *word);
/* The other way round. */
uint64_t *queue_word(const struct queue *queue, uint64_t offset);

/* The engine does not see it before queue_ring(). There must be room. */
void queue_put(struct queue *queue, const struct instruction *instruction);
/* The doorbell. */
void queue_ring(struct queue *queue);

#endif /* USER_QUEUE_QUEUE_H */
