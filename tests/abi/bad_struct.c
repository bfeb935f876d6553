/* SPDX-License-Identifier: MIT */
/* bad_struct.c - for every request: sizes, flags, pads, handles and the struct's own address. Raw
 * ioctls. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "requests.h"

DEVICE_SUITE(bad_struct);

/* ---- sizes: each of these once for every request ---- */

static void longer_with_zero_tail(enum request_kind kind)
{
	static const size_t more[] = { 1, 8, 1000 };
	struct prepared p;
	size_t i;

	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		prepare(&p, kind, device);
		expect(issue_with_size(&p, prepared_size(&p) + more[i]), 0);
		prepared_close(&p);
	}
}

static void longest_with_zero_tail(enum request_kind kind)
{
	struct prepared p;

	prepare(&p, kind, device);
	expect(issue_with_size(&p, DMA_FENCE_INLINE_MAX), 0);
	prepared_close(&p);
}

static void longer_with_unknown_tail(enum request_kind kind)
{
	static const size_t more[] = { 1, 8, 1000 };
	struct prepared p;
	size_t i, size;

	prepare(&p, kind, device);
	for (i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
		size = prepared_size(&p) + more[i];
		p.bytes[size - 1] = 1;
		expect(issue_with_size(&p, size), -E2BIG);
		p.bytes[size - 1] = 0;
	}
	/* Not spoiled by it. */
	expect(issue(&p), 0);
	prepared_close(&p);
}

static void too_short(enum request_kind kind)
{
	struct prepared p;

	/* No request gets along with less than a field. */
	prepare(&p, kind, device);
	expect(issue_with_size(&p, 0), -EINVAL);
	expect(issue_with_size(&p, 1), -EINVAL);
	expect(issue_with_size(&p, 3), -EINVAL);
	prepared_close(&p);
}

/* ---- the address of the struct itself: the kernel's business, but the device must not mind ----
 */

static void bad_address(enum request_kind kind)
{
	void *none = must(mmap(NULL, 32768, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct prepared p;

	prepare(&p, kind, device);
	expect(raw_ioctl(p.target, p.request, NULL), -EFAULT);
	expect(raw_ioctl(p.target, p.request, none), -EFAULT);
	expect(raw_ioctl(p.target, p.request, (void *)(uintptr_t)0xffff800000000000), -EFAULT);
	must(munmap(none, 32768));
	expect(raw_ioctl(p.target, p.request, none), -EFAULT);
	expect(issue(&p), 0);
	prepared_close(&p);
}

static void read_only_address(enum request_kind kind)
{
	void *page =
		must(mmap(NULL, 32768, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	struct prepared p;

	/* What the request does is done by then: the answer cannot be delivered. */
	prepare(&p, kind, device);
	memcpy(page, p.bytes, prepared_size(&p));
	must(mprotect(page, 32768, PROT_READ));
	expect(raw_ioctl(p.target, p.request, page), -EFAULT);
	must(munmap(page, 32768));
	prepared_close(&p);
}

/* ---- shorter: what is missing at the end counts as zero ---- */

static void up_to_last_needed(enum request_kind kind)
{
	size_t size = request_rows[kind].minimum;
	struct prepared p;

	prepare(&p, kind, device);
	/* The array needs a place, and what follows it must not be read. */
	if (!request_rows[kind].has_array)
		memset(p.bytes + size, 0xff, prepared_size(&p) - size);
	else
		size = prepared_size(&p);
	expect(issue_with_size(&p, size), 0);
	prepared_close(&p);
}

static void without_last_needed(enum request_kind kind)
{
	struct prepared p;

	prepare(&p, kind, device);
	expect(issue_with_size(&p, request_rows[kind].minimum - 1), -EINVAL);
	prepared_close(&p);
}

#define REQUEST(number, NAME, kind, ...)                                        \
	Test(bad_struct, kind##_longer_with_zero_tail_is_taken)                 \
	{                                                                       \
		longer_with_zero_tail(REQUEST_##kind);                          \
	}                                                                       \
	Test(bad_struct, kind##_longest_with_zero_tail_is_taken)                \
	{                                                                       \
		longest_with_zero_tail(REQUEST_##kind);                         \
	}                                                                       \
	Test(bad_struct, kind##_longer_with_unknown_tail_is_e2big)              \
	{                                                                       \
		longer_with_unknown_tail(REQUEST_##kind);                       \
	}                                                                       \
	Test(bad_struct, kind##_too_short_is_einval)                            \
	{                                                                       \
		too_short(REQUEST_##kind);                                      \
	}                                                                       \
	Test(bad_struct, kind##_up_to_the_last_field_that_it_needs_is_taken)    \
	{                                                                       \
		up_to_last_needed(REQUEST_##kind);                              \
	}                                                                       \
	Test(bad_struct, kind##_without_the_last_field_that_it_needs_is_einval) \
	{                                                                       \
		without_last_needed(REQUEST_##kind);                            \
	}                                                                       \
	Test(bad_struct, kind##_at_a_bad_address_is_efault)                     \
	{                                                                       \
		bad_address(REQUEST_##kind);                                    \
	}                                                                       \
	Test(bad_struct, kind##_at_a_read_only_address_is_efault)               \
	{                                                                       \
		read_only_address(REQUEST_##kind);                              \
	}
#include "requests.def"
#undef REQUEST

/* ---- flags and reserved fields: the lowest bit that has no meaning, and the highest ---- */

#define FIELD_TEST(kind, field, lowest)                                      \
	Test(bad_struct, kind##_with_unknown_##field##_is_einval)            \
	{                                                                    \
		static const uint32_t bits[] = { lowest, 0x80000000u, ~0u }; \
		struct prepared p;                                           \
		size_t i;                                                    \
                                                                             \
		prepare(&p, REQUEST_##kind, device);                         \
		for (i = 0; i < 3; i++) {                                    \
			p.kind.field = bits[i];                              \
			expect_refused(&p, -EINVAL, #kind "." #field);       \
		}                                                            \
		prepared_close(&p);                                          \
	}

/* ---- handles ---- */

static void unknown_handle(enum request_kind kind, size_t offset, bool zero_too)
{
	static const uint32_t unknown[] = { NO_SUCH_HANDLE, 0x80000000u, ~0u, 0 };
	struct prepared p;
	int i;

	prepare(&p, kind, device);
	/* A point of a timeline has its name from there. */
	if (kind == REQUEST_create)
		memset(p.create.name, 0, sizeof(p.create.name));
	for (i = 0; i < (zero_too ? 4 : 3); i++) {
		memcpy(p.bytes + offset, &unknown[i], sizeof(unknown[i]));
		expect_refused(&p, -ENOENT, "unknown handle");
	}
	prepared_close(&p);
}

/* A fence's handle where a timeline's belongs, or the other way round. */
static void handle_of_the_other_kind(enum request_kind kind, size_t offset, bool wants_timeline)
{
	uint32_t wrong = wants_timeline ? new_fence(device) : new_timeline(device, 0);
	struct prepared p;

	prepare(&p, kind, device);
	memcpy(p.bytes + offset, &wrong, sizeof(wrong));
	expect_refused(&p, -EINVAL, "handle of the other kind");
	prepared_close(&p);
}

#define UNKNOWN_HANDLE_TEST(kind, field, zero_too)                       \
	Test(bad_struct, kind##_with_an_unknown_handle_is_enoent)        \
	{                                                                \
		unknown_handle(REQUEST_##kind,                           \
			       offsetof(struct prepared, field) -        \
				       offsetof(struct prepared, bytes), \
			       zero_too);                                \
	}

#define OTHER_KIND_TEST(kind, field, wants_timeline)                               \
	Test(bad_struct, kind##_with_a_handle_of_the_other_kind_is_einval)         \
	{                                                                          \
		handle_of_the_other_kind(REQUEST_##kind,                           \
					 offsetof(struct prepared, field) -        \
						 offsetof(struct prepared, bytes), \
					 wants_timeline);                          \
	}

/* A test of each field that the header says something of: see fields.awk. */
#include "tests/abi/fields.h"

/* CREATE with timeline 0 is a fence of its own context. */
UNKNOWN_HANDLE_TEST(create, create.timeline, false)
UNKNOWN_HANDLE_TEST(signal, signal_handles, true)
UNKNOWN_HANDLE_TEST(wait, wait_items[0].handle, true)
/* RESV_LOCK with ticket 0 makes a new one. */
UNKNOWN_HANDLE_TEST(resv_lock, resv_lock.ticket, false)
UNKNOWN_HANDLE_TEST(resv_commit, resv_commit.ticket, true)
UNKNOWN_HANDLE_TEST(resv_unlock, resv_unlock.ticket, true)
UNKNOWN_HANDLE_TEST(merge, merge_handles, true)
UNKNOWN_HANDLE_TEST(event_cancel, event_cancel.event, true)

OTHER_KIND_TEST(timeline_advance, timeline_advance.handle, true)
OTHER_KIND_TEST(signal, signal_handles, false)
OTHER_KIND_TEST(wait, wait_items[0].handle, false)
OTHER_KIND_TEST(query, query.handle, false)
OTHER_KIND_TEST(attach, attach.handle, false)
OTHER_KIND_TEST(resv_lock, resv_lock.ticket, true)
OTHER_KIND_TEST(resv_commit, resv_commit.ticket, true)
OTHER_KIND_TEST(resv_unlock, resv_unlock.ticket, false)
OTHER_KIND_TEST(export, export.handle, false)
OTHER_KIND_TEST(merge, merge_handles, false)
OTHER_KIND_TEST(seqno_write, seqno_write.handle, false)
OTHER_KIND_TEST(mem_fence_location, mem_fence_location.handle, false)
OTHER_KIND_TEST(mem_fence_kick, mem_fence_kick.handle, false)
OTHER_KIND_TEST(event_add, event_add.handle, false)
OTHER_KIND_TEST(set_deadline, set_deadline.handle, false)

Test(bad_struct, create_on_a_handle_that_is_no_timeline_is_einval)
{
	struct dma_fence_create create = { .timeline = new_fence(device) };

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
}

/* ---- fields that would be forgotten ---- */

Test(bad_struct, create_with_a_delay_but_no_auto_signal_is_einval)
{
	struct dma_fence_create delay = { .signal_delay_ns = 1 }, error = { .signal_error = -EIO };

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &delay), -EINVAL);
	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &error), -EINVAL);
}

Test(bad_struct, create_with_a_seqno_but_no_timeline_is_einval)
{
	struct dma_fence_create create = { .seqno = 5 };

	expect(raw_ioctl(device, DMA_FENCE_IOC_CREATE, &create), -EINVAL);
}
