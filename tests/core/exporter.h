/* SPDX-License-Identifier: MIT */
/*
 * exporter.h - a shared buffer for the unit tests of the core, whose exporter counts what it is
 * asked for, and refuses it if the test sets it to.
 */
#ifndef EXPORTER_H
#define EXPORTER_H

#include "core-test.h"
#include "dma_buf.h"

enum exporter_call {
	NOTHING,
	ATTACH,
	PIN,
	MAP,
	BEGIN,
};

/* A buffer whose exporter counts what it is asked for, and in what order. */
struct exporter {
	struct dma_buf buffer;
	int attaches, detaches, pins, unpins, maps, unmaps, begins, ends, releases;
	int mapped_locked; /* maps with the reservation locked */
	int refuses;	   /* an error, instead of attaching, mapping, or beginning */
	enum exporter_call refuses_to;
	enum dma_data_direction direction;
	struct dma_fence *ended_with;
	int memory;
};
extern struct exporter exporter;

/* The exporter that is not dynamic; the importer that is, and counts the moves. */
extern const struct dma_buf_ops static_ops;
extern const struct dma_buf_attach_ops dynamic_importer;
extern int moves_told;

/* For the suites: a static exporter's buffer; and that all that was begun there has ended. */
void exporter_create(void);
void exporter_destroy(void);
/* For the tests of a dynamic exporter. */
void exporter_make_dynamic(void);

/* Of the buffer: is its reservation locked, and nothing pending there for usage? */
bool exporter_is_locked(void);
bool exporter_is_idle(enum dma_resv_usage usage);
/* An importer, dynamic or not (NULL). */
void exporter_attach(struct dma_buf_attachment *attachment, const struct dma_buf_attach_ops *ops,
		     unsigned int flags);
/* A fence of asking_ops. */
struct dma_fence *asking_fence_create(void);

#endif /* EXPORTER_H */
