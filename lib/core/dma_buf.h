/* SPDX-License-Identifier: MIT */
/*
 * dma_buf.h - a buffer that several devices share: an exporter that provides the memory, importers
 * that are attached, and a reservation that orders their operations.
 *
 * The simple case is two calls around an operation: dma_buf_start_dma() and dma_buf_end_dma(). An
 * operation on several buffers first locks them (dma_resv_lock() with an acquire context) and then
 * calls the _locked variants for each. A reservation can be used without a buffer: embed it in any
 * structure, and pass it to dma_buf_init() if a buffer is to be exported after all.
 *
 * Lifetime: users hold references; an attachment and a seqno write are users. A pending fence that
 * dma_buf_add_fence() has added keeps the buffer too, and is removed from the reservation when it
 * is signaled. A caller nevertheless needs a user's reference, because any call may poll the fence
 * and find it signaled (resv.h). If the last user drops its reference before that, signaling is
 * enabled on the pending fences, so that the buffer is released in bounded time.
 *
 * Thread-safety: any thread may call all functions. Exporter and importer serialise their calls on
 * one attachment.
 */
#ifndef DMA_FENCE_CORE_DMA_BUF_H
#define DMA_FENCE_CORE_DMA_BUF_H

#include "iosys_map.h"
#include "resv.h"

#pragma GCC visibility push(default)

struct dma_buf;
struct dma_buf_attachment;
struct dma_buf_held_fence;

/* The direction of the data. DMA_TO_DEVICE: the device reads. */
enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
};

/* Does the device write? A writer waits for readers too. */
static inline bool dma_direction_writes(enum dma_data_direction direction)
{
	return direction != DMA_TO_DEVICE;
}

/*
 * The functions of the exporter. An error is a negative errno and is returned to the caller
 * unchanged.
 */
struct dma_buf_ops {
	/* Optional. Called for each importer, without the reservation's lock; attach may refuse. */
	int (*attach)(struct dma_buf *buffer, struct dma_buf_attachment *attachment);
	void (*detach)(struct dma_buf *buffer, struct dma_buf_attachment *attachment);
	/*
	 * Optional, both or none. An exporter that has them is *dynamic*: it may move the memory
	 * while no importer has pinned it. Its map, unmap, pin and unpin are called with the
	 * reservation locked. Those of any other exporter are called without the lock, so they may
	 * take it.
	 */
	int (*pin)(struct dma_buf_attachment *attachment);
	void (*unpin)(struct dma_buf_attachment *attachment);
	/*
	 * Mandatory. Makes the memory accessible to the importer's device, in both directions.
	 * Exporter and importer agree on the content of *mapping, usually addresses.
	 */
	int (*map)(struct dma_buf_attachment *attachment, void **mapping);
	void (*unmap)(struct dma_buf_attachment *attachment, void *mapping);
	/*
	 * Optional. Called around each operation of the device, with the reservation locked. Caches
	 * are maintained here, without an unmapping. end_dma is called when the operation is
	 * queued: work that must follow the operation belongs in a callback on its fence. fence is
	 * NULL if the operation has already completed.
	 */
	int (*begin_dma)(struct dma_buf_attachment *attachment, void *mapping,
			 enum dma_data_direction direction);
	void (*end_dma)(struct dma_buf_attachment *attachment, void *mapping,
			enum dma_data_direction direction, struct dma_fence *fence);
	/*
	 * Optional. Called around an access by the CPU. For a seqno write the thread that signals
	 * its fence calls them, so they must not sleep.
	 */
	int (*begin_cpu_access)(struct dma_buf *buffer, enum dma_data_direction direction);
	void (*end_cpu_access)(struct dma_buf *buffer, enum dma_data_direction direction);
	/*
	 * Optional, both or none. Stores the address of the memory for the CPU, as system or I/O
	 * memory; not null. Called once; the address is valid until vunmap, which is called before
	 * release.
	 */
	int (*vmap)(struct dma_buf *buffer, struct iosys_map *map);
	void (*vunmap)(struct dma_buf *buffer, struct iosys_map *map);
	/*
	 * Optional: the accessor of I/O memory. Stores value, of size 4 or 8 and aligned to it, at
	 * vaddr_iomem, which is inside the memory that vmap has given, in a single access.
	 * Everything that this thread did before is visible to the device then. Called from the
	 * same thread as begin_cpu_access and after it; must not sleep. Without it the CPU does the
	 * store.
	 */
	void (*iowrite)(struct dma_buf *buffer, void *vaddr_iomem, uint32_t size, uint64_t value);
	/*
	 * Mandatory. Called when the last reference has been dropped, possibly by a thread that
	 * signals a fence.
	 */
	void (*release)(struct dma_buf *buffer);
};

/* Embed it in your own structure. The fields are this library's. */
struct dma_buf {
	const struct dma_buf_ops *ops;
	uint64_t size; /* in bytes */
	struct dma_resv *resv;
	struct dma_resv own_resv; /* resv points here unless the exporter provides one */
	pthread_mutex_t lock;
	struct dma_buf_attachment *attachments; /* under the reservation's lock */
	struct dma_buf_held_fence *held; /* under lock: fences that keep the buffer, oldest first */
	struct dma_buf_held_fence *held_passive; /* those on which signaling is not enabled */
	_Atomic uint32_t needy;			 /* attachments that cannot wait on memory */
	_Atomic uint32_t users;
	_Atomic uint32_t references;  /* the held fences', and one of all users together */
	pthread_mutex_t mapping_lock; /* around vmap */
	struct iosys_map vmap_ptr;    /* set under mapping_lock; null: not yet */
};

/*
 * Initialises *buffer with one reference for the caller. ops outlive it. resv NULL: the buffer uses
 * its own reservation; otherwise the exporter's, which outlives the buffer.
 */
void dma_buf_init(struct dma_buf *buffer, const struct dma_buf_ops *ops, uint64_t size,
		  struct dma_resv *resv);
/* The references of users. */
struct dma_buf *dma_buf_get(struct dma_buf *buffer);
void dma_buf_put(struct dma_buf *buffer);

/*
 * Adds a fence to the reservation; the fence keeps the buffer until it is signaled. Either the
 * caller holds the reservation's lock or no caller does, unless usage is DMA_RESV_USAGE_BOOKKEEP.
 * Enables signaling only if an attached importer cannot wait on memory. -ENOMEM; -EINVAL: usage is
 * not a usage.
 */
int dma_buf_add_fence(struct dma_buf *buffer, struct dma_fence *fence, enum dma_resv_usage usage);

/*
 * Stores the address of the memory for the CPU, which is valid as long as the caller has a
 * reference to the buffer. -EINVAL: the exporter has no address for the CPU; or the exporter's
 * error.
 */
int dma_buf_vmap(struct dma_buf *buffer, struct iosys_map *map);
/*
 * Enclose an access by the CPU. begin waits for the fences that direction requires, as seen by the
 * device: DMA_FROM_DEVICE is an access that reads what a device has written, so it waits only for
 * writers. -ETIME, -ERESTARTSYS, -EINVAL: timeout_ns is negative; -ENOMEM, or the exporter's error.
 */
int dma_buf_begin_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction,
			     int64_t timeout_ns);
void dma_buf_end_cpu_access(struct dma_buf *buffer, enum dma_data_direction direction);

/* ---- importers ---- */

/*
 * An importer that passes them is *dynamic*: it locks the reservation while it uses a mapping, and
 * it supports that the memory moves.
 */
struct dma_buf_attach_ops {
	/* The mapping is no longer valid. Called with the reservation locked. */
	void (*move_notify)(struct dma_buf_attachment *attachment);
};

/* For dma_buf_attach(): the importer's device can wait on memory and needs no notification. */
#define DMA_BUF_ATTACH_WAITS_ON_MEMORY (1u << 0)

/*
 * Embed it in your own structure. exporter_data belongs to the exporter, the other fields to the
 * library.
 */
struct dma_buf_attachment {
	struct dma_buf *buffer;
	const struct dma_buf_attach_ops *ops; /* NULL: not dynamic */
	void *exporter_data;
	struct dma_buf_attachment *next, *prev;
	pthread_mutex_t lock; /* held around map, for a mapping without the reservation's lock */
	void *mapping;	      /* valid if is_mapped */
	bool is_mapped, is_pinned;
	unsigned int flags;
};

/*
 * Attaches an importer. The caller owns the memory of the attachment, which holds a reference to
 * the buffer. Called without the reservation's lock. If only one of exporter and importer is
 * dynamic, their lock rules for a mapping at the time of use contradict each other. So the
 * attachment is mapped (and pinned, if the exporter is the dynamic one) here, until detach.
 * Otherwise it is mapped at its first use: if neither is dynamic, without the reservation's lock
 * and until detach; if both are, with the lock and until the memory moves.
 */
int dma_buf_attach(struct dma_buf *buffer, struct dma_buf_attachment *attachment,
		   const struct dma_buf_attach_ops *ops, unsigned int flags);
/*
 * Detaches an importer. No operation may be active on the attachment. Called without the
 * reservation's lock.
 */
void dma_buf_detach(struct dma_buf_attachment *attachment);
/*
 * Returns the mapping, and makes one if there is none yet. If both exporter and importer are
 * dynamic, only with the reservation locked, and until it is unlocked (-EINVAL: it is not locked).
 * If neither is, only without the lock.
 */
int dma_buf_map_attachment(struct dma_buf_attachment *attachment, void **mapping);
/*
 * A dynamic exporter calls this before it moves the memory, with the reservation locked and no
 * fence pending on it. Removes all mappings except the pinned ones and notifies their importers.
 */
void dma_buf_move_notify(struct dma_buf *buffer);

/*
 * Must a signaler notify the consumers, for example by an interrupt at the end of its commands?
 * true: an attachment other than signaler (may be NULL) cannot wait on memory.
 */
bool dma_buf_needs_signal(struct dma_buf *buffer, const struct dma_buf_attachment *signaler);

/* ---- one operation of a device ---- */

/* The fields belong to the library; the caller may read mapping. */
struct dma_buf_dma {
	struct dma_buf_attachment *attachment;
	enum dma_data_direction direction;
	void *mapping;
	struct dma_buf_held_fence *held; /* allocated at the start, so that the end cannot fail */
};

/*
 * Begins an operation and applies implicit synchronisation: readers wait for writers, and writers
 * for both. If before is NULL, the call waits for them itself, for at most timeout_ns. Otherwise it
 * stores one fence for all of them in *before, with a reference for the caller, whose device waits
 * for it; a stub if nothing is pending. Locks the reservation until dma_buf_end_dma(), so no other
 * operation can start in between. -ETIME, -ERESTARTSYS, -ENOMEM, -EINVAL: timeout_ns is negative;
 * or the exporter's error. An error has no effect.
 */
int dma_buf_start_dma(struct dma_buf_attachment *attachment, enum dma_data_direction direction,
		      int64_t timeout_ns, struct dma_fence **before, struct dma_buf_dma *dma);
/*
 * Ends the start of an operation: the operation is queued, and fence is signaled when it has
 * completed; NULL: it has already completed. The fence is added to the reservation as a writer or
 * reader, keeps the buffer, and becomes visible to others with the unlock.
 */
void dma_buf_end_dma(struct dma_buf_dma *dma, struct dma_fence *fence);
/*
 * The same for a caller that locks and unlocks the reservation itself: for several buffers in one
 * operation, or for several operations, of which one that starts after another has ended is ordered
 * after it. If neither exporter nor importer is dynamic, the attachment must already be mapped.
 */
int dma_buf_start_dma_locked(struct dma_buf_attachment *attachment,
			     enum dma_data_direction direction, int64_t timeout_ns,
			     struct dma_fence **before, struct dma_buf_dma *dma);
void dma_buf_end_dma_locked(struct dma_buf_dma *dma, struct dma_fence *fence);

#pragma GCC visibility pop

#endif /* DMA_FENCE_CORE_DMA_BUF_H */
