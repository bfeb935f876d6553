/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * dma_fence.h - the contract between /dev/dma_fence and the programs that use it.
 *
 * What a fence is
 * ---------------
 * A fence stands for one piece of work that an engine will finish: a frame being rendered, a
 * copy, a page flip. It is created *active* (status 0) and is *signaled* once, and only once: with
 * status 1, or with a negative errno when the work failed. It never becomes active again. Every
 * fence has a *context*, a 64-bit number, and a *seqno* that orders it among the fences of that
 * context; fences of two contexts have no order.
 *
 * A program opens the node and issues the requests below on it. A new open has no state; the
 * handles that requests return are numbers of that *open file description*, from 1 up, never 0.
 * dup(), fork() and SCM_RIGHTS share them; a second open() does not.
 *
 * A first program: one thread waits for a fence, and another one signals it.
 *
 *	struct dma_fence_create create = { .name = "render" };
 *	ioctl(device, DMA_FENCE_IOC_CREATE, &create);
 *	...
 *	struct { struct dma_fence_wait head; struct dma_fence_wait_item item; } wait = {
 *		.head = { .count = 1, .deadline_ns = DMA_FENCE_WAIT_FOREVER },
 *		.item = { .handle = create.handle },
 *	};
 *	ioctl(device, DMA_FENCE_IOC_WAIT_INLINE(1), &wait);	// item.status: how it ended
 *	...
 *	struct { struct dma_fence_signal head; __u32 handle; } signal = {
 *		.head = { .count = 1 }, .handle = create.handle,
 *	};
 *	ioctl(device, DMA_FENCE_IOC_SIGNAL_INLINE(1), &signal);
 *
 * Who may signal
 * --------------
 * A handle from CREATE can signal a fence, and so can the timeline that the fence is a point of.
 * Handles from IMPORT, MERGE, BUFFER_FENCES or MEM_FENCE can wait, query, attach and export; SIGNAL
 * through them is EPERM. When the last handle that can signal a fence is gone (CLOSE, close(),
 * exit, SIGKILL), an active fence is signaled with -ECANCELED, so no program waits for a dead
 * process. A fence that is not signaled within its timeout is signaled with -ETIMEDOUT.
 *
 * Lazy fences
 * -----------
 * To signal a fence may cost something, such as an interrupt. The device queues a record for the
 * creator of a *lazy* fence (CREATE) when the first waiter appears that must be notified: a WAIT
 * that blocks, an EVENT_ADD, a poll() of its sync_file. A poll without a wait (QUERY, a WAIT whose
 * deadline has passed) does not count. Until then the creator need not do anything, but the fence
 * has its timeout as any other.
 *
 * Crossing a process boundary
 * ---------------------------
 * A reply cannot carry a file descriptor. EXPORT returns a token, and BIND binds a *fresh* open of
 * the node to the fence with that token. From then on the descriptor is a sync_file: poll() reports
 * POLLIN once the fence is signaled, SYNC_IOC_FILE_INFO and SYNC_IOC_SET_DEADLINE of
 * <linux/sync_file.h> work, everything else is ENOTTY. Send it over a socket; the receiver polls
 * it, or turns it into a handle of its own open with IMPORT. libdmafence does both halves in one
 * call.
 *
 * Memory and buffers
 * ------------------
 * A buffer is an fd of the caller: a memfd, a file on tmpfs, or a dma-buf. ATTACH puts a fence on
 * it, BUFFER_FENCES returns its pending fences as one fence, and BUFFER_WAIT waits for them.
 * SEQNO_WRITE stores a value in the buffer when a fence is signaled, so that a waiter may spin or
 * futex-wait on the memory and never call the device. MEM_FENCE works in the other direction:
 * memory signals a fence. The device borrows the caller's fd for these requests (pidfd_getfd(2));
 * if the system forbids it, the request is EPERM, and GET_CAPS reports it beforehand.
 *
 * Several buffers in one operation
 * --------------------------------
 * An operation on several buffers locks them first, under a *ticket* (RESV_LOCK), then attaches its
 * fences with the ticket, and unlocks (RESV_UNLOCK): all fences become visible to others at the
 * same moment. Two programs that lock the same buffers in different orders cannot deadlock: the
 * younger ticket gets EDEADLK. It unlocks its buffers (RESV_UNLOCK with BACK_OFF), which drops the
 * fences that it has attached, locks the contended buffer first (SLOW), then the others, and
 * repeats this on EDEADLK. It keeps its age, so at some point it is the oldest and succeeds.
 *
 *	error = lock(buffers, 0);
 *	while (error == EDEADLK) {
 *		back_off();
 *		put_first(buffers, contended);
 *		error = lock(buffers, DMA_FENCE_RESV_LOCK_SLOW);
 *	}
 *
 * A ticket may hold buffers for resv_hold_ns (GET_CAPS). After that it loses them: the device
 * queues a record (RESV_LOST), and every request with the ticket is ETIMEDOUT. A ticket also loses
 * its buffers when its open file is closed in any way. Fences that were attached under it and not
 * committed never appear. While a buffer is locked, an ATTACH without the ticket blocks; requests
 * that do not change the fences that others see (BUFFER_FENCES, BUFFER_WAIT, SIGNAL, SEQNO_WRITE)
 * do not block.
 *
 * Rules that hold for every request
 * ---------------------------------
 * - Times are nanoseconds of CLOCK_MONOTONIC. Deadlines are absolute, so a program repeats an
 *   interrupted call unchanged.
 * - An unknown flag, or a pad or reserved field that is not zero, is EINVAL, and the request has no
 *   effect.
 * - A struct may grow at its end. The device accepts a shorter one if it has the fields up to the
 *   last one that the request needs (EINVAL otherwise), and treats missing fields as zero; a longer
 *   one is E2BIG unless its unknown tail is all zero.
 * - Requests on several handles carry them *inline*, behind the struct, with the total size in
 *   the request number (the _INLINE(count) macros), up to DMA_FENCE_INLINE_MAX bytes; or, with
 *   `pointer` not 0, in an array in the caller's memory, up to max_count of GET_CAPS. They do all
 *   or nothing unless they say otherwise. The fences of a request have at most max_count members
 *   in all (E2BIG).
 * - An unknown request is ENOTTY, an unknown handle ENOENT, a handle of the wrong kind EINVAL.
 * - An array or struct that cannot be read or written is EFAULT. A request with a wrong argument
 *   has no effect.
 * - A wait whose deadline passes is ETIME. A signal handler that interrupts a call restarts it or
 *   ends it with EINTR, according to SA_RESTART; only read() always ends with EINTR.
 * - When the device goes away, calls in flight end with ECONNABORTED, later ones with ENOTCONN,
 *   and poll() reports POLLERR. An orderly stop signals every active fence with -ECANCELED first,
 *   and leaves clients some time to query their sync_files and to read their records.
 * - Several threads may issue requests at once.
 *
 * Request numbers
 * ---------------
 * 0x00 to 0x6f are the requests of this header; the device itself uses 0x70 to 0x7f. 0x80 to 0xbf
 * are for experiments: every build of the device may change or remove such a request, so released
 * programs do not use them. 0xc0 to 0xff are never assigned: a private change of the device may use
 * them, and no later header will. An unknown number is ENOTTY in all ranges.
 *
 * The layout is the same for 32-bit and 64-bit callers, all pointers are __u64. Each request has
 * a page in section 2 of the manual, named after it (dma_fence_ioc_wait(2)); dma_fence(4) is the
 * device, dma-fence(7) the overview.
 */
#ifndef DMA_FENCE_UAPI_H
#define DMA_FENCE_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The version of this header; GET_CAPS reports the device's. The upper half is the major number. */
#define DMA_FENCE_ABI_VERSION 0x00010001u

/* The type letter of the native requests. */
#define DMA_FENCE_IOC_TYPE 0xDF

/* The most that one request number can carry: header struct and inline array together. */
#define DMA_FENCE_INLINE_MAX 16383

#define DMA_FENCE_NAME_SIZE 32

/* ---- GET_CAPS: what is this device, and what can it do for this caller ---- */

#define DMA_FENCE_TRANSPORT_CUSE 1u
#define DMA_FENCE_TRANSPORT_FUSE 2u

/* The device can borrow fds of this caller: IMPORT, ATTACH, SEQNO_WRITE and others need this. */
#define DMA_FENCE_FEATURE_CALLER_FDS (1ull << 0)
/* The device can reach memory of this caller: arrays by pointer, and of SYNC_IOC_FILE_INFO. */
#define DMA_FENCE_FEATURE_CALLER_MEMORY (1ull << 1)
/* EVENT_ADD takes an eventfd; otherwise EOPNOTSUPP: no asynchronous I/O context is left. */
#define DMA_FENCE_FEATURE_EVENTFD (1ull << 2)

struct dma_fence_caps {
	__u32 abi_version;	/* out: DMA_FENCE_ABI_VERSION of the device */
	__u32 transport;	/* out: DMA_FENCE_TRANSPORT_* */
	__u64 features;		/* out: DMA_FENCE_FEATURE_*, for the calling process */
	__u64 fence_timeout_ns;	/* out: default timeout of a fence, 0: never */
	__u64 max_bytes;	/* out: memory that one user may cost the device */
	__u32 max_handles;	/* out: handles in an open file */
	__u32 max_waits;	/* out: calls of an open file that block at once */
	__u32 max_events;	/* out: events of an open file, until delivered */
	__u32 max_exports;	/* out: unused tokens of an open file */
	__u32 max_attachments;	/* out: fences on buffers, seqno writes and locks of one user; */
				/* each member of a merged fence counts */
	__u32 max_count;	/* out: entries of an array that is passed by pointer */
	__u64 resv_hold_ns;	/* out: how long a ticket may hold locks, 0: for ever */
	__u64 memory_poll_ns;	/* out: longest time until a plain store to memory is noticed */
};

/* ---- GET_STATS: counts of all objects of the device ---- */

struct dma_fence_stats {
	__u64 files;		/* out: open files, sync_files and the caller's own included */
	__u64 handles;		/* out: handles in all open files */
	__u64 fences;		/* out: existing fences from CREATE, signaled or not */
	__u64 timelines;	/* out */
	__u64 waits;		/* out: blocked calls, read() included */
	__u64 exports;		/* out: tokens not used yet */
	__u64 events;		/* out: events pending or not read yet */
	__u64 buffers;		/* out: buffers with pending fences or locks */
	__u64 attachments;	/* out: pending fences on buffers, those of seqno writes included */
	__u64 seqno_writes;	/* out: seqno writes pending */
	__u64 workers;		/* out: workers that access callers' fds and memory */
	__u64 signaled;		/* out: fences signaled since the device started */
	__u64 tickets;		/* out: tickets of RESV_LOCK */
	__u64 locks;		/* out: buffers that the tickets hold */
	__u64 mem_fences;	/* out: existing fences from MEM_FENCE, signaled or not */
};

/* ---- CREATE: a new fence ---- */

/* The device signals it signal_delay_ns after creation, with signal_error: a simulated job. */
#define DMA_FENCE_CREATE_AUTO_SIGNAL (1u << 0)
/* The creator gets a record when the first waiter appears: DMA_FENCE_EVENT_ENABLE. */
#define DMA_FENCE_CREATE_LAZY (1u << 1)

/* timeout_ns: no timeout, regardless of the device's default. */
#define DMA_FENCE_TIMEOUT_NEVER (~0ull)

struct dma_fence_create {
	__u32 flags;		/* in: DMA_FENCE_CREATE_* */
	__u32 timeline;		/* in: handle of a timeline, 0: a context of its own */
	__u64 timeout_ns;	/* in: 0: the device's default, or DMA_FENCE_TIMEOUT_NEVER */
	__u64 signal_delay_ns;	/* in: with AUTO_SIGNAL */
	__s32 signal_error;	/* in: with AUTO_SIGNAL: 0 or a negative errno */
	__u32 handle;		/* out */
	__u64 context;		/* out */
	__u64 seqno;		/* in: on a timeline, the point (0: the next); out: the seqno */
	char name[DMA_FENCE_NAME_SIZE];	/* in: NUL-terminated; empty on a timeline */
};

/* ---- TIMELINE_CREATE, TIMELINE_ADVANCE: ordered fences of one context ---- */

struct dma_fence_timeline_create {
	__u32 flags;		/* in: 0 */
	__u32 handle;		/* out */
	__u64 context;		/* out */
	__u64 value;		/* in: the initial value */
	char name[DMA_FENCE_NAME_SIZE];	/* in: NUL-terminated */
};

/* Add value to the timeline's value, instead of replacing it. */
#define DMA_FENCE_ADVANCE_RELATIVE (1u << 0)

struct dma_fence_timeline_advance {
	__u32 handle;		/* in: the timeline */
	__u32 flags;		/* in: DMA_FENCE_ADVANCE_* */
	__u64 value;		/* in: the value to reach; out: the timeline's value */
	__s32 error;		/* in: 0, or a negative errno for these points */
	__u32 signaled;		/* out: number of points that this call has signaled */
};

/* ---- SIGNAL ---- */

struct dma_fence_signal {
	__u32 count;		/* in: handles, at least 1 */
	__u32 flags;		/* in: 0 */
	__s32 error;		/* in: 0 or a negative errno, visible together with the signal */
	__u32 reserved;		/* in: 0 */
	__u64 pointer;		/* in: 0: __u32 handles[count] follow; or their address */
};

/* ---- WAIT ---- */

/* Wait for all fences, not for the first one. */
#define DMA_FENCE_WAIT_ALL (1u << 0)

/* deadline_ns: no deadline. With 0, or any time that has passed, the request polls. */
#define DMA_FENCE_WAIT_FOREVER 0x7fffffffffffffffll

/* first: no fence is signaled. */
#define DMA_FENCE_WAIT_NONE (~0u)

struct dma_fence_wait_item {
	__u32 handle;		/* in */
	__s32 status;		/* out: 0 active, 1 signaled, negative errno; on ETIME too */
};

struct dma_fence_wait {
	__u32 count;		/* in: items, at least 1 */
	__u32 flags;		/* in: DMA_FENCE_WAIT_* */
	__s64 deadline_ns;	/* in: absolute, CLOCK_MONOTONIC */
	__u64 pointer;		/* in: 0: the items follow; or their address */
	__u32 first;		/* out: index of the first signaled one, or DMA_FENCE_WAIT_NONE */
	__u32 signaled;		/* out: number of signaled items */
};

/* ---- QUERY ---- */

struct dma_fence_member {
	__u64 context;		/* out */
	__u64 seqno;		/* out */
	__s64 timestamp_ns;	/* out: 0 while active */
	__s32 status;		/* out */
	__u32 reserved;		/* out: 0 */
};

struct dma_fence_query {
	__u32 handle;		/* in */
	__u32 flags;		/* in: 0 */
	__u64 context;		/* out */
	__u64 seqno;		/* out */
	__s64 timestamp_ns;	/* out: when it was signaled, 0 while active */
	__s64 deadline_ns;	/* out: the earliest SET_DEADLINE hint so far, 0: none */
	__s32 status;		/* out: 0 active, 1 signaled, negative errno */
	__u32 member_count;	/* out: number of members: 1 unless merged */
	__u32 member_first;	/* in: index of the first member to report */
	__u32 member_capacity;	/* in: capacity for struct dma_fence_member after this struct */
	char driver_name[DMA_FENCE_NAME_SIZE];		/* out */
	char timeline_name[DMA_FENCE_NAME_SIZE];	/* out */
};

/* ---- ATTACH, BUFFER_FENCES, BUFFER_WAIT: reservations ---- */

/* The use of a buffer by the work of a fence. A request for one usage includes all lower ones. */
#define DMA_FENCE_USAGE_KERNEL 0u	/* memory management: every other user waits for it */
#define DMA_FENCE_USAGE_WRITE 1u	/* implicit sync: writers */
#define DMA_FENCE_USAGE_READ 2u		/* implicit sync: readers */
#define DMA_FENCE_USAGE_BOOKKEEP 3u	/* takes no part in implicit sync */

/* The usage to wait for before reading (write 0) or writing. */
#define DMA_FENCE_USAGE_RW(write) ((write) ? DMA_FENCE_USAGE_READ : DMA_FENCE_USAGE_WRITE)

/*
 * A hint: the waiters of this buffer can wait on memory (SEQNO_WRITE, MEM_FENCE_LOCATION), so the
 * device does not ask the creator of a lazy fence to signal it because of the buffer.
 */
#define DMA_FENCE_ATTACH_MEMORY_WAITERS (1u << 0)

struct dma_fence_attach {
	__s32 fd;		/* in: a memfd, a file on tmpfs, or a dma-buf, of the caller */
	__u32 handle;		/* in */
	__u32 usage;		/* in: DMA_FENCE_USAGE_* */
	__u32 flags;		/* in: DMA_FENCE_ATTACH_* */
	__u32 ticket;		/* in: 0, or the ticket that has locked the buffer */
	__u32 reserved;		/* in: 0 */
};

/* Return only the fence that was attached last, instead of all. */
#define DMA_FENCE_BUFFER_LATEST (1u << 0)

struct dma_fence_buffer_fences {
	__s32 fd;		/* in */
	__u32 usage;		/* in: DMA_FENCE_USAGE_* */
	__u32 flags;		/* in: DMA_FENCE_BUFFER_* */
	__u32 handle;		/* out: one fence for all; a signaled one if none is pending */
	__u32 count;		/* out: how many fences were pending */
	__u32 reserved;		/* in: 0 */
};

/* Waits for the pending fences of a buffer, and not for fences that are attached later. */
struct dma_fence_buffer_wait {
	__s32 fd;		/* in */
	__u32 usage;		/* in: DMA_FENCE_USAGE_*, such as DMA_FENCE_USAGE_RW() */
	__u32 flags;		/* in: 0 */
	__u32 count;		/* out: how many fences were pending; on ETIME too */
	__s64 deadline_ns;	/* in: absolute, CLOCK_MONOTONIC; as that of WAIT */
	__s32 error;		/* out: the first error among them, 0: none */
	__u32 reserved;		/* in: 0 */
};

/* ---- RESV_LOCK, RESV_COMMIT, RESV_UNLOCK: several buffers in one operation ---- */

/* After EDEADLK: wait for the first one without EDEADLK. EINVAL if the ticket holds a buffer. */
#define DMA_FENCE_RESV_LOCK_SLOW (1u << 0)
/* EBUSY instead of waiting; not together with SLOW. */
#define DMA_FENCE_RESV_LOCK_TRY (1u << 1)

/* contended: no buffer caused the error. */
#define DMA_FENCE_RESV_LOCK_NONE (~0u)

struct dma_fence_resv_lock {
	__u32 ticket;		/* in: 0: a new one; out, on EDEADLK too */
	__u32 count;		/* in: buffers, at least 1 */
	__u32 flags;		/* in: DMA_FENCE_RESV_LOCK_* */
	__u32 contended;	/* out: on EDEADLK, EALREADY, EBUSY: index of the buffer */
	__s64 deadline_ns;	/* in: absolute, CLOCK_MONOTONIC; as that of WAIT */
	__u64 pointer;		/* in: 0: __s32 fds[count] follow; or their address */
};

/* Makes the fences that were attached under the ticket visible. The buffers stay locked. */
struct dma_fence_resv_commit {
	__u32 ticket;		/* in */
	__u32 flags;		/* in: 0 */
};

/* Drop the attached fences instead of committing them. The ticket stays, with its age. */
#define DMA_FENCE_RESV_UNLOCK_BACK_OFF (1u << 0)

/* Commits, unlocks all buffers of the ticket, and ends it. */
struct dma_fence_resv_unlock {
	__u32 ticket;		/* in */
	__u32 flags;		/* in: DMA_FENCE_RESV_UNLOCK_* */
};

/* ---- EXPORT, BIND, IMPORT: fence <-> sync_file ---- */

#define DMA_FENCE_EXPORT_SYNC_FILE 1u
/* A syncobj itself, not the fence in it: from SYNCOBJ_TO_FD, only for BIND. */
#define DMA_FENCE_EXPORT_SYNCOBJ 2u

struct dma_fence_export {
	__u32 handle;		/* in */
	__u32 kind;		/* in: DMA_FENCE_EXPORT_* */
	__u32 flags;		/* in: 0 */
	__u32 reserved;		/* in: 0 */
	__u64 token[2];		/* out: valid for one BIND, until the exporting file is closed */
};

struct dma_fence_bind {
	__u64 token[2];		/* in */
	__u32 kind;		/* in: the kind that was exported */
	__u32 flags;		/* in: 0 */
};

struct dma_fence_import {
	__s32 fd;		/* in: a sync_file of this device */
	__u32 flags;		/* in: 0 */
	__u32 handle;		/* out */
	__u32 reserved;		/* in: 0 */
};

/* ---- MERGE ---- */

/* Signaled as soon as one of the fences is, instead of when all are. */
#define DMA_FENCE_MERGE_ANY (1u << 0)

struct dma_fence_merge {
	__u32 count;		/* in: handles, at least 1 */
	__u32 flags;		/* in: DMA_FENCE_MERGE_* */
	__u64 pointer;		/* in: 0: __u32 handles[count] follow; or their address */
	__u32 handle;		/* out */
	__u32 reserved;		/* in: 0 */
};

/* ---- SEQNO_WRITE ---- */

struct dma_fence_seqno_write {
	__u32 handle;		/* in */
	__s32 fd;		/* in: the buffer, open for writing */
	__u64 offset;		/* in: in bytes, a multiple of size */
	__u64 value;		/* in: stored, in native byte order, at the signal */
	__u32 size;		/* in: 4 or 8 */
	__u32 flags;		/* in: 0 */
};

/* ---- MEM_FENCE, MEM_FENCE_LOCATION, MEM_FENCE_KICK ---- */

/*
 * A fence that is signaled when the word at offset has reached value: when the word minus value, as
 * a signed number of that size, is not negative. Any program may store the word. If a FUTEX_WAKE
 * at the word or a KICK follows, the device notices the store at once.
 */
struct dma_fence_mem_fence {
	__s32 fd;		/* in: the buffer, open for reading */
	__u32 flags;		/* in: 0 */
	__u64 offset;		/* in: in bytes, a multiple of size */
	__u64 value;		/* in: with size 4 the low half counts */
	__u64 timeout_ns;	/* in: 0: the device's default; there is always a timeout */
	__u32 size;		/* in: 4 or 8 */
	__u32 handle;		/* out: cannot signal the fence; closing it does not cancel it */
	__u64 context;		/* out */
	__u64 seqno;		/* out */
	char name[DMA_FENCE_NAME_SIZE];	/* in: NUL-terminated */
};

/* For a peer that can wait on memory itself. The handle may come from any request. */
struct dma_fence_mem_fence_location {
	__u32 handle;		/* in: of a memory fence, else EINVAL */
	__u32 flags;		/* in: 0 */
	__u64 offset;		/* out */
	__u64 value;		/* out */
	__u32 size;		/* out */
	__u32 reserved;		/* in: 0 */
	__u64 inode;		/* out: of the buffer, as from fstat() */
	__u32 device_major;	/* out: st_dev */
	__u32 device_minor;	/* out */
};

/* Memory was written: signals the memory fences of that buffer whose value is reached. */
struct dma_fence_mem_fence_kick {
	__u32 handle;		/* in: of one of these fences, signaled or not */
	__u32 flags;		/* in: 0 */
	__u32 signaled;		/* out: number of fences that this call has signaled */
	__u32 reserved;		/* in: 0 */
};

/* ---- EVENT_ADD, EVENT_CANCEL, and the records that read() delivers ---- */

/* EVENT_ADD on a signaled fence is ENOENT and delivers nothing, as with a kernel callback. */

struct dma_fence_event_add {
	__u32 handle;		/* in */
	__s32 eventfd;		/* in: the device adds 1 to it, once; -1: a record for read() */
	__u64 user_data;	/* in: copied to the record */
	__u32 flags;		/* in: 0 */
	__u32 event;		/* out: the number for EVENT_CANCEL, never 0 */
};

struct dma_fence_event_cancel {
	__u32 event;		/* in */
	__u32 flags;		/* in: 0 */
	__u32 fired;		/* out: 1: signaled before; the unread record is dropped */
	__u32 reserved;		/* in: 0 */
};

#define DMA_FENCE_EVENT_SIGNALED 1u
/* A lazy fence has its first waiter, so its creator must signal it. Delivered once. */
#define DMA_FENCE_EVENT_ENABLE 2u
/* A ticket has held its locks for longer than the hold time, and has lost them. */
#define DMA_FENCE_EVENT_RESV_LOST 3u

struct dma_fence_event {
	__u32 type;		/* DMA_FENCE_EVENT_* */
	__u32 event;		/* EVENT_ADD's number; ENABLE: the CREATE handle; RESV_LOST: the ticket */
	__u64 user_data;	/* as given to EVENT_ADD */
	__u64 context;
	__u64 seqno;
	__s64 timestamp_ns;	/* when the fence was signaled, or the event happened */
	__s32 status;		/* 1 or a negative errno; 0: ENABLE, RESV_LOST */
	__u32 reserved;
};

/* ---- SET_DEADLINE, CLOSE ---- */

struct dma_fence_set_deadline {
	__u32 handle;		/* in */
	__u32 flags;		/* in: 0 */
	__s64 deadline_ns;	/* in: a waiter's hint; the earliest stays */
};

struct dma_fence_close {
	__u32 handle;		/* in: of a fence, a timeline or a ticket */
	__u32 flags;		/* in: 0 */
};

/* ---- requests of the kernel that return an fd; here they return a token for BIND ---- */

/* SYNC_IOC_MERGE, on an open of the node. */
struct dma_fence_sync_file_merge {
	__s32 fd1;		/* in: a sync_file of this device */
	__s32 fd2;		/* in: another, or the same */
	__u32 flags;		/* in: 0 */
	__u32 reserved;		/* in: 0 */
	char name[DMA_FENCE_NAME_SIZE];	/* in: of the new sync_file; cut to 31 bytes */
	__u64 token[2];		/* out: as EXPORT's */
};

/* SW_SYNC_IOC_CREATE_FENCE. It turns an open of the node into a sw_sync timeline. */
struct dma_fence_sw_sync_create_fence {
	__u32 value;		/* in: the timeline's value that signals it */
	__u32 flags;		/* in: 0 */
	__u64 token[2];		/* out: as EXPORT's */
};

/* DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, on the open file of the handle. */
struct dma_fence_syncobj_to_fd {
	__u32 handle;		/* in: of a syncobj */
	__u32 flags;		/* in: DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_* of <drm/drm.h> */
	__u64 point;		/* in: with TIMELINE: export the fence of this point */
	__u32 kind;		/* out: DMA_FENCE_EXPORT_*, for BIND */
	__u32 reserved;		/* in: 0 */
	__u64 token[2];		/* out: as EXPORT's */
};

/* ---- the request numbers ---- */

#define DMA_FENCE_IOC(number, size) _IOC(_IOC_READ | _IOC_WRITE, DMA_FENCE_IOC_TYPE, (number), (size))

#define DMA_FENCE_IOC_GET_CAPS		DMA_FENCE_IOC(0x00, sizeof(struct dma_fence_caps))
#define DMA_FENCE_IOC_CREATE		DMA_FENCE_IOC(0x01, sizeof(struct dma_fence_create))
#define DMA_FENCE_IOC_TIMELINE_CREATE	DMA_FENCE_IOC(0x02, sizeof(struct dma_fence_timeline_create))
#define DMA_FENCE_IOC_TIMELINE_ADVANCE	DMA_FENCE_IOC(0x03, sizeof(struct dma_fence_timeline_advance))
#define DMA_FENCE_IOC_SIGNAL		DMA_FENCE_IOC(0x04, sizeof(struct dma_fence_signal))
#define DMA_FENCE_IOC_WAIT		DMA_FENCE_IOC(0x05, sizeof(struct dma_fence_wait))
#define DMA_FENCE_IOC_QUERY		DMA_FENCE_IOC(0x06, sizeof(struct dma_fence_query))
#define DMA_FENCE_IOC_ATTACH		DMA_FENCE_IOC(0x07, sizeof(struct dma_fence_attach))
#define DMA_FENCE_IOC_BUFFER_FENCES	DMA_FENCE_IOC(0x08, sizeof(struct dma_fence_buffer_fences))
#define DMA_FENCE_IOC_RESV_LOCK		DMA_FENCE_IOC(0x09, sizeof(struct dma_fence_resv_lock))
#define DMA_FENCE_IOC_RESV_COMMIT	DMA_FENCE_IOC(0x0a, sizeof(struct dma_fence_resv_commit))
#define DMA_FENCE_IOC_RESV_UNLOCK	DMA_FENCE_IOC(0x0b, sizeof(struct dma_fence_resv_unlock))
#define DMA_FENCE_IOC_EXPORT		DMA_FENCE_IOC(0x0c, sizeof(struct dma_fence_export))
#define DMA_FENCE_IOC_BIND		DMA_FENCE_IOC(0x0d, sizeof(struct dma_fence_bind))
#define DMA_FENCE_IOC_IMPORT		DMA_FENCE_IOC(0x0e, sizeof(struct dma_fence_import))
#define DMA_FENCE_IOC_MERGE		DMA_FENCE_IOC(0x0f, sizeof(struct dma_fence_merge))
#define DMA_FENCE_IOC_SEQNO_WRITE	DMA_FENCE_IOC(0x10, sizeof(struct dma_fence_seqno_write))
#define DMA_FENCE_IOC_MEM_FENCE		DMA_FENCE_IOC(0x11, sizeof(struct dma_fence_mem_fence))
#define DMA_FENCE_IOC_MEM_FENCE_LOCATION \
	DMA_FENCE_IOC(0x12, sizeof(struct dma_fence_mem_fence_location))
#define DMA_FENCE_IOC_EVENT_ADD		DMA_FENCE_IOC(0x13, sizeof(struct dma_fence_event_add))
#define DMA_FENCE_IOC_EVENT_CANCEL	DMA_FENCE_IOC(0x14, sizeof(struct dma_fence_event_cancel))
#define DMA_FENCE_IOC_SET_DEADLINE	DMA_FENCE_IOC(0x15, sizeof(struct dma_fence_set_deadline))
#define DMA_FENCE_IOC_CLOSE		DMA_FENCE_IOC(0x16, sizeof(struct dma_fence_close))
#define DMA_FENCE_IOC_GET_STATS		DMA_FENCE_IOC(0x17, sizeof(struct dma_fence_stats))
#define DMA_FENCE_IOC_MEM_FENCE_KICK	DMA_FENCE_IOC(0x18, sizeof(struct dma_fence_mem_fence_kick))
#define DMA_FENCE_IOC_BUFFER_WAIT	DMA_FENCE_IOC(0x19, sizeof(struct dma_fence_buffer_wait))
#define DMA_FENCE_IOC_SYNC_FILE_MERGE	DMA_FENCE_IOC(0x20, sizeof(struct dma_fence_sync_file_merge))
#define DMA_FENCE_IOC_SW_SYNC_CREATE_FENCE \
	DMA_FENCE_IOC(0x21, sizeof(struct dma_fence_sw_sync_create_fence))
#define DMA_FENCE_IOC_SYNCOBJ_TO_FD	DMA_FENCE_IOC(0x22, sizeof(struct dma_fence_syncobj_to_fd))

/* The same with count entries behind the struct. */
#define DMA_FENCE_IOC_SIGNAL_INLINE(count) \
	DMA_FENCE_IOC(0x04, sizeof(struct dma_fence_signal) + (count) * sizeof(__u32))
#define DMA_FENCE_IOC_WAIT_INLINE(count) \
	DMA_FENCE_IOC(0x05, sizeof(struct dma_fence_wait) + (count) * sizeof(struct dma_fence_wait_item))
#define DMA_FENCE_IOC_QUERY_INLINE(count) \
	DMA_FENCE_IOC(0x06, sizeof(struct dma_fence_query) + (count) * sizeof(struct dma_fence_member))
#define DMA_FENCE_IOC_RESV_LOCK_INLINE(count) \
	DMA_FENCE_IOC(0x09, sizeof(struct dma_fence_resv_lock) + (count) * sizeof(__s32))
#define DMA_FENCE_IOC_MERGE_INLINE(count) \
	DMA_FENCE_IOC(0x0f, sizeof(struct dma_fence_merge) + (count) * sizeof(__u32))

/* How many entries fit. */
#define DMA_FENCE_SIGNAL_INLINE_MAX \
	((DMA_FENCE_INLINE_MAX - sizeof(struct dma_fence_signal)) / sizeof(__u32))
#define DMA_FENCE_WAIT_INLINE_MAX \
	((DMA_FENCE_INLINE_MAX - sizeof(struct dma_fence_wait)) / sizeof(struct dma_fence_wait_item))
#define DMA_FENCE_QUERY_INLINE_MAX \
	((DMA_FENCE_INLINE_MAX - sizeof(struct dma_fence_query)) / sizeof(struct dma_fence_member))
#define DMA_FENCE_RESV_LOCK_INLINE_MAX \
	((DMA_FENCE_INLINE_MAX - sizeof(struct dma_fence_resv_lock)) / sizeof(__s32))
#define DMA_FENCE_MERGE_INLINE_MAX \
	((DMA_FENCE_INLINE_MAX - sizeof(struct dma_fence_merge)) / sizeof(__u32))

#endif /* DMA_FENCE_UAPI_H */
