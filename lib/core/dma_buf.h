/* SPDX-License-Identifier: MIT */
/*
 * dma_buf.h - a buffer that several devices share: its exporter, who has the memory; its importers,
 * each attached; and the reservation that orders what they do with it.
 *
 * The simple case is two calls around an operation: dma_buf_start_dma() and dma_buf_end_dma().
 * Several buffers in one operation are locked first (dma_resv_lock() with an acquire context), then
 * each goes through the _locked variants of these. The reservation is of use without any of this:
 * embed one wherever it belongs, and give it to dma_buf_init() if the buffer is exported after all.
 *
 * Lifetime: users hold references, an attachment and a seqno write are among them. A pending fence
 * that was added with dma_buf_add_fence() keeps the buffer too, and is off the reservation when it
 * is signaled; a caller needs a user's reference all the same, for any call may poll the fence and
 * find it signaled (resv.h). Where the last user goes before, signaling is enabled on what is still
 * pending, so that the buffer goes in bounded time.
 *
 * Thread-safety: all of it, but for what an exporter or importer does to one attachment.
 */
#ifndef DMA_FENCE_CORE_DMA_BUF_H
#define DMA_FENCE_CORE_DMA_BUF_H

#include "iosys_map.h"
#include "resv.h"

#pragma GCC visibility push(default)

struct dma_buf;
struct dma_buf_attachment;
struct dma_buf_held_fence;

/* Which way the data goes; to the device: the device reads. */
enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
};

/* Does the device write? Then it has to wait for readers too. */
static inline bool dma_direction_writes(enum dma_data_direction direction)
{
	return direction != DMA_TO_DEVICE;
}

/* What the exporter brings along. An error is a negative errno and goes to the caller as it is. */
struct dma_buf_ops {
	/* Optional: is told of an importer, and may refuse. Without the reservation's lock. */
	int (*attach)(struct dma_buf *buffer, struct dma_buf_attachment *attachment);
	void (*detach)(struct dma_buf *buffer, struct dma_buf_attachment *attachment);
	/*
	 * Optional, both or none: an exporter that has them is *dynamic*, it may move the memory
	 * while nobody has pinned it. Its map and unmap, and these, are called with the reservation
	 * locked; those of any other without, so that it may lock it there by itself.
	 */
	int (*pin)(struct dma_buf_attachment *attachment);
	void (*unpin)(struct dma_buf_attachment *attachment);
	/*
	 * Mandatory: makes the memory accessible to the importer's device, in both directions.
	 * *mapping is what the two have agreed on: addresses, mostly.
	 */
	int (*map)(struct dma_buf_attachment *attachment, void **mapping);
	void (*unmap)(struct dma_buf_attachment *attachment, void *mapping);
	/*
	 * Optional: around each operation of the device, with the reservation locked: the place for
	 * cache maintenance, which needs no unmapping. end_dma is called when the operation is on
	 * its way: what has to follow it goes into a callback on its fence. fence is NULL when it
	 * is over already.
	 */
	int (*begin_dma)(struct dma_buf_attachment *attachment, void *mapping,
			 enum dma_data_direction direction);
	void (*end_dma)(struct dma_buf_attachment *attachment, void *mapping,
			enum dma_data_direction direction, struct dma_fence *fence);
	/*
	 * Optional: around an access of the CPU. With a seqno write they are called by whoever
	 * signals its fence, and must not sleep.
	 */
	int (*begin_cpu_access)(struct dma_buf *buffer, enum dma_data_direction direction);
	void (*end_cpu_access)(struct dma_buf *buffer, enum dma_data_direction direction);
	/*
	 * Optional, both or none: where the CPU finds the memory, and whether it is system or I/O
	 * memory; not null. Asked for once; it stays there until vunmap, called before release.
	 */
	int (*vmap)(struct dma_buf *buffer, struct iosys_map *map);
	void (*vunmap)(struct dma_buf *buffer, struct iosys_map *map);
	/*
	 * Optional: the accessor of I/O memory. Stores value, of size 4 or 8 and aligned to that,
	 * at vaddr_iomem, which is within what vmap has said, by one access. What this thread did
	 * before is visible to the device by then. Called as begin_cpu_access is, and after it;
	 * must not sleep. Without it the CPU stores there.
	 */
	void (*iowrite)(struct dma_buf *buffer, void *vaddr_iomem, uint32_t size, uint64_t value);
	/*
	 * Mandatory: nobody knows the buffer any more. May be called by whoever signals a fence.
	 */
	void (*release)(struct dma_buf *buffer);
};

/* Embed it in your own structure. The fields are this library's. */
struct dma_buf {
	const struct dma_buf_ops *ops;
	uint64_t size; /* in bytes */
	struct dma_resv *resv;
	struct dma_resv own_resv; /* resv points here unless the exporter has another */
	pthread_mutex_t lock;
	struct dma_buf_attachment *attachments; /* under the reservation's lock */
	struct dma_buf_held_fence *held; /* under lock: fences that keep the buffer, oldest first */
	struct dma_buf_held_fence *held_passive; /* those whose signaling it has not enabled */
	_Atomic uint32_t needy;			 /* attachments that cannot wait on memory */
	_Atomic uint32_t users;
	_Atomic uint32_t references;  /* the held fences', and one of all users together */
	pthread_mutex_t mapping_lock; /* around vmap */
	struct iosys_map vmap_ptr;    /* under mapping_lock, or with a use of it; null: not yet */
};

/*
 * Makes a buffer of *buffer, with one reference, which is the caller's. ops outlive it. resv NULL:
 * a reservation of its own; else the exporter's, which outlives it too.
 */
void dma_buf_init(struct dma_buf *buffer, const struct dma_buf_ops *ops, uint64_t size,
		  struct dma_resv *resv);
/* A user's references. */
struct dma_buf *dma_buf_get(struct dma_buf *buffer);
void dma_buf_put(struct dma_buf *buffer);

/*
 * Adds a fence to the reservation, for which either the caller holds its lock or nobody does,
 * unless usage is DMA_RESV_USAGE_BOOKKEEP; and has it keep the buffer until it is signaled.
 * Signaling is enabled only if somebody attached cannot wait on memory. -ENOMEM, -EINVAL: no such
 * usage.
 */
int dma_buf_add_fence(struct dma_buf *buffer, struct dma_fence *fence, enum dma_resv_usage usage);

/*
 * Where the CPU finds the memory; as long as the caller has a reference to the buffer. -EINVAL: the
 * exporter cannot say; or its error.
 */
int dma_buf_vmap(struct dma_buf *buffer, struct iosys_map *map);
/*
 * Around an access of the CPU. begin waits for what the direction demands (as seen by the device:
 * DMA_FROM_DEVICE is one that reads what a device has written, so that it waits for writers alone).
 * -ETIME, -ERESTARTSYS, -EINVAL: timeout_ns is negative; -ENOMEM, or the exporter's error.
 */
int dma_buf_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction,
			     int64_t timeout_ns);
void dma_buf_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction);

/* ---- importers ---- */

/*
 * An importer that brings them is *dynamic*: it locks the reservation around its use of a mapping,
 * and bears that the memory moves.
 */
struct dma_buf_attach_ops {
	/* The mapping does not hold any more. The reservation is locked. */
	void (*move_notify)(struct dma_buf_attachment *attachment);
};

/* For dma_buf_attach(): the importer's device can wait on memory, and need not be told. */
#define DMA_BUF_ATTACH_WAITS_ON_MEMORY (1u << 0)

/* Embed it in your own structure. The fields are this library's, exporter_data the exporter's. */
struct dma_buf_attachment {
	struct dma_buf *buffer;
	const struct dma_buf_attach_ops *ops; /* NULL: not dynamic */
	void *exporter_data;
	struct dma_buf_attachment *next, *prev;
	pthread_mutex_t lock; /* around map, for a mapping without the reservation's lock */
	void *mapping;	      /* where is_mapped */
	bool is_mapped, is_pinned;
	unsigned int flags;
};

/*
 * Attaches an importer. The attachment is the caller's memory, and holds a reference to the buffer.
 * Without the reservation's lock. Where exporter and importer differ in that one is dynamic and the
 * other is not, no lock can be right for a mapping at the time of use: the attachment is mapped
 * (and pinned, where the exporter is the dynamic one) here and now, and stays so. Otherwise it is
 * mapped at its first use: by two who are not dynamic without the reservation's lock, and until
 * detach; by two who are with it, and until the memory moves.
 */
int dma_buf_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment,
		   const struct dma_buf_attach_ops *ops, unsigned int flags);
/* No operation is on its way. Without the reservation's lock. */
void dma_buf_detach(struct dma_buf_attachment *attachment);
/*
 * The mapping; makes one if there is none yet. Of exporter and importer that are both dynamic only
 * with the reservation locked, until it is unlocked (-EINVAL: it is not); of two that are not only
 * without.
 */
int dma_buf_map_attachment(struct dma_buf_attachment *attachment, void **mapping);
/*
 * For a dynamic exporter that is about to move the memory: with the reservation locked, and nothing
 * pending there. All mappings but the pinned ones go, and their importers are told.
 */
void dma_buf_move_notify(struct dma_buf *buffer);

/*
 * Must a signaler tell the consumers, for example by an interrupt that it inserts? true: somebody
 * attached, other than the signaler (may be NULL), cannot wait on memory.
 */
bool dma_buf_needs_signal(struct dma_buf *buffer, const struct dma_buf_attachment *signaler);

/* ---- one operation of a device ---- */

/* All of it is this library's, but for reading the mapping. */
struct dma_buf_dma {
	struct dma_buf_attachment *attachment;
	enum dma_data_direction direction;
	void *mapping;
	struct dma_buf_held_fence *held; /* so that the end cannot fail */
};

/*
 * Begins an operation. What implicit synchronisation demands, readers wait for writers, and writers
 * for both, is either waited for here (before NULL, up to timeout_ns), or handed out as one fence:
 * *before is a reference for the caller, who has his device wait for it; a stub if there is nothing
 * pending. Locks the reservation, which stays locked until dma_buf_end_dma(): so nobody gets in
 * between. -ETIME, -ERESTARTSYS, -ENOMEM, -EINVAL: timeout_ns is negative; or the exporter's error:
 * then it is as if nothing had begun.
 */
int dma_buf_start_dma(struct dma_buf_attachment *attachment, enum dma_data_direction direction,
		      int64_t timeout_ns, struct dma_fence **before, struct dma_buf_dma *dma);
/*
 * Ends it: the operation is on its way, and fence tells when it is over; NULL: it is over. The
 * fence goes to the reservation, as a writer or reader, keeps the buffer, and is seen by others
 * with the unlocking.
 */
void dma_buf_end_dma(struct dma_buf_dma *dma, struct dma_fence *fence);
/*
 * The same for who has locked the reservation, and unlocks it: several buffers in one operation, or
 * several operations, of which one that starts after another's end comes after it. Exporter and
 * importer that are both not dynamic must have mapped the attachment before.
 */
int dma_buf_start_dma_locked(struct dma_buf_attachment *attachment,
			     enum dma_data_direction direction, int64_t timeout_ns,
			     struct dma_fence **before, struct dma_buf_dma *dma);
void dma_buf_end_dma_locked(struct dma_buf_dma *dma, struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_DMA_BUF_H */
