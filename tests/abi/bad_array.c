/* SPDX-License-Identifier: MIT */
/* bad_array.c - arrays: how many entries, and where they are. Raw ioctls. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fixture.h"
#include "requests.h"

DEVICE_SUITE(bad_array);

#define PAGES_SIZE 8192

/* The requests that take an array, with the fields that say how many and where. */
struct array_request {
	enum request_kind kind;
	unsigned long request; /* with the struct alone */
	size_t count, pointer; /* where the fields are in it */
	size_t entry;
	bool is_written;
};

static const struct array_request requests[] = {
	{
		.kind = REQUEST_signal,
		.request = DMA_FENCE_IOC_SIGNAL,
		.count = offsetof(struct dma_fence_signal, count),
		.pointer = offsetof(struct dma_fence_signal, pointer),
		.entry = sizeof(uint32_t),
	},
	{
		.kind = REQUEST_wait,
		.request = DMA_FENCE_IOC_WAIT,
		.count = offsetof(struct dma_fence_wait, count),
		.pointer = offsetof(struct dma_fence_wait, pointer),
		.entry = sizeof(struct dma_fence_wait_item),
		.is_written = true,
	},
	{
		.kind = REQUEST_merge,
		.request = DMA_FENCE_IOC_MERGE,
		.count = offsetof(struct dma_fence_merge, count),
		.pointer = offsetof(struct dma_fence_merge, pointer),
		.entry = sizeof(uint32_t),
	},
	{
		.kind = REQUEST_resv_lock,
		.request = DMA_FENCE_IOC_RESV_LOCK,
		.count = offsetof(struct dma_fence_resv_lock, count),
		.pointer = offsetof(struct dma_fence_resv_lock, pointer),
		.entry = sizeof(int32_t),
	},
};

enum { SIGNAL, WAIT, MERGE, RESV_LOCK };

static void set_count(struct prepared *p, const struct array_request *request, uint32_t count)
{
	memcpy(p->bytes + request->count, &count, sizeof(count));
}

/* The same request with its one entry, or with count entries, at this address. */
static void use_pointer(struct prepared *p, const struct array_request *request, uint64_t pointer,
			uint32_t count)
{
	memset(p->bytes + _IOC_SIZE(request->request), 0,
	       sizeof(p->bytes) - _IOC_SIZE(request->request));
	p->request = request->request;
	memcpy(p->bytes + request->pointer, &pointer, sizeof(pointer));
	set_count(p, request, count);
}

static unsigned char *map_pages(void)
{
	return must(
		mmap(NULL, PAGES_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* ---- how many ---- */

static void count_of_0(const struct array_request *request)
{
	uint32_t entry[2] = { 0 };
	struct prepared p;

	prepare(&p, request->kind, device);
	set_count(&p, request, 0);
	expect_refused(&p, -EINVAL, "0 entries inline");
	use_pointer(&p, request, (uintptr_t)entry, 0);
	expect_refused(&p, -EINVAL, "0 entries by pointer");
	p.request = request->request;
	use_pointer(&p, request, 0, 0);
	expect_refused(&p, -EINVAL, "0 entries, nowhere");
	prepared_close(&p);
}

static void more_than_is_carried(const struct array_request *request)
{
	static const uint32_t counts[] = {
		2, 3, 0x10000000, 0x20000001, 0x40000001, 0x80000001, ~0u
	};
	struct prepared p;
	size_t i;

	/* Among them are those that, multiplied by the size of an entry, are small again in 32
	 * bits. */
	prepare(&p, request->kind, device);
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		set_count(&p, request, counts[i]);
		expect_refused(&p, -EINVAL, "more entries than the request carries");
	}
	prepared_close(&p);
}

static void null_pointer(const struct array_request *request)
{
	struct prepared p;

	/* It says that the entries are inline, and none fits. */
	prepare(&p, request->kind, device);
	use_pointer(&p, request, 0, 1);
	expect_refused(&p, -EINVAL, "no entries");
	prepared_close(&p);
}

static void limit(const struct array_request *request)
{
	struct dma_fence_caps caps;
	unsigned char *entries;
	struct prepared p;
	uint32_t i;

	expect(raw_caps(device, &caps), 0);
	prepare(&p, request->kind, device);
	entries = calloc(caps.max_count + 1, request->entry);
	check(entries);
	for (i = 0; i < caps.max_count + 1; i++)
		memcpy(entries + i * request->entry, p.bytes + _IOC_SIZE(request->request),
		       request->entry);
	/* SIGNAL takes no fence twice, so it needs as many. */
	if (request->kind == REQUEST_signal)
		for (i = 0; i < caps.max_count; i++)
			((uint32_t *)entries)[i] = new_fence(device);
	use_pointer(&p, request, (uintptr_t)entries, caps.max_count + 1);
	expect_refused(&p, -EINVAL, "one more than the limit");
	use_pointer(&p, request, (uintptr_t)entries, ~0u);
	expect_refused(&p, -EINVAL, "2^32-1");
	use_pointer(&p, request, (uintptr_t)entries, caps.max_count);
	/* All of them are looked at: they are the same buffer. */
	expect(issue(&p), request->kind == REQUEST_resv_lock ? -EALREADY : 0);
	free(entries);
	prepared_close(&p);
}

/* ---- where ---- */

static void one_entry(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	memcpy(pages, p.bytes + _IOC_SIZE(request->request), request->entry);
	use_pointer(&p, request, (uintptr_t)pages, 1);
	expect(issue(&p), 0);
	must(munmap(pages, PAGES_SIZE));
	prepared_close(&p);
}

static void refused_at(struct prepared *p, const struct array_request *request, uint64_t address,
		       uint32_t count, const char *what)
{
	use_pointer(p, request, address, count);
	expect_refused(p, -EFAULT, what);
}

static void unmapped(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	must(munmap(pages, PAGES_SIZE));
	refused_at(&p, request, (uintptr_t)pages, 1, "unmapped");
	refused_at(&p, request, 1, 1, "page 0");
	refused_at(&p, request, 0xffff800000000000, 1, "the kernel's");
	refused_at(&p, request, 0x8000000000000000, 1, "no address at all");
	refused_at(&p, request, UINT64_MAX - 3, 1, "the end of all addresses");
	refused_at(&p, request, UINT64_MAX - 3, 1000, "over the end of all addresses");
	prepared_close(&p);
}

static void partly_unmapped(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	must(munmap(pages + PAGES_SIZE / 2, PAGES_SIZE / 2));
	memcpy(pages + PAGES_SIZE / 2 - request->entry, p.bytes + _IOC_SIZE(request->request),
	       request->entry);
	refused_at(&p, request, (uintptr_t)pages + PAGES_SIZE / 2 - request->entry, 2,
		   "the second entry is unmapped");
	must(munmap(pages, PAGES_SIZE / 2));
	prepared_close(&p);
}

static void no_access(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	memcpy(pages, p.bytes + _IOC_SIZE(request->request), request->entry);
	must(mprotect(pages, PAGES_SIZE, PROT_NONE));
	refused_at(&p, request, (uintptr_t)pages, 1, "no access");
	must(mprotect(pages, PAGES_SIZE, PROT_WRITE));
	refused_at(&p, request, (uintptr_t)pages, 1, "write-only");
	must(munmap(pages, PAGES_SIZE));
	prepared_close(&p);
}

static void read_only(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	memcpy(pages, p.bytes + _IOC_SIZE(request->request), request->entry);
	must(mprotect(pages, PAGES_SIZE, PROT_READ));
	if (request->is_written) {
		refused_at(&p, request, (uintptr_t)pages, 1, "read-only");
	} else {
		use_pointer(&p, request, (uintptr_t)pages, 1);
		expect(issue(&p), 0);
	}
	must(munmap(pages, PAGES_SIZE));
	prepared_close(&p);
}

static void unaligned(const struct array_request *request)
{
	unsigned char *pages = map_pages();
	struct prepared p;

	prepare(&p, request->kind, device);
	memcpy(pages + 1, p.bytes + _IOC_SIZE(request->request), request->entry);
	use_pointer(&p, request, (uintptr_t)pages + 1, 1);
	expect(issue(&p), 0);
	must(munmap(pages, PAGES_SIZE));
	prepared_close(&p);
}

#define ARRAY_TESTS(name, index)                                       \
	Test(bad_array, name##_of_none_is_einval)                      \
	{                                                              \
		count_of_0(&requests[index]);                          \
	}                                                              \
	Test(bad_array, name##_of_more_than_is_carried_is_einval)      \
	{                                                              \
		more_than_is_carried(&requests[index]);                \
	}                                                              \
	Test(bad_array, name##_of_as_many_as_the_limit_and_one_more)   \
	{                                                              \
		limit(&requests[index]);                               \
	}                                                              \
	Test(bad_array, name##_at_null_is_einval)                      \
	{                                                              \
		null_pointer(&requests[index]);                        \
	}                                                              \
	Test(bad_array, name##_of_one_by_pointer_is_taken)             \
	{                                                              \
		one_entry(&requests[index]);                           \
	}                                                              \
	Test(bad_array, name##_at_an_unmapped_address_is_efault)       \
	{                                                              \
		unmapped(&requests[index]);                            \
	}                                                              \
	Test(bad_array, name##_at_a_partly_unmapped_address_is_efault) \
	{                                                              \
		partly_unmapped(&requests[index]);                     \
	}                                                              \
	Test(bad_array, name##_at_an_unreadable_address_is_efault)     \
	{                                                              \
		no_access(&requests[index]);                           \
	}                                                              \
	Test(bad_array, name##_at_a_read_only_address)                 \
	{                                                              \
		read_only(&requests[index]);                           \
	}                                                              \
	Test(bad_array, name##_at_an_unaligned_address_is_taken)       \
	{                                                              \
		unaligned(&requests[index]);                           \
	}

ARRAY_TESTS(signal, SIGNAL)
ARRAY_TESTS(wait, WAIT)
ARRAY_TESTS(merge, MERGE)
ARRAY_TESTS(resv_lock, RESV_LOCK)

/* ---- the array of SYNC_IOC_FILE_INFO, which is written only ---- */

static int sync_file;

static void file_info_at(uint64_t address, int error)
{
	struct sync_file_info info;

	expect(raw_file_info(sync_file, &info, (struct sync_fence_info *)(uintptr_t)address, 1),
	       error);
	expect(sync_file_status(sync_file), 0);
}

Test(bad_array, file_info_at_a_bad_address_is_efault)
{
	unsigned char *pages = map_pages();

	sync_file = new_sync_file(device, new_fence(device));
	file_info_at(0, -EFAULT);
	file_info_at(1, -EFAULT);
	file_info_at(0xffff800000000000, -EFAULT);
	file_info_at(UINT64_MAX - 3, -EFAULT);
	must(mprotect(pages, PAGES_SIZE, PROT_READ));
	file_info_at((uintptr_t)pages, -EFAULT);
	must(mprotect(pages, PAGES_SIZE, PROT_NONE));
	file_info_at((uintptr_t)pages, -EFAULT);
	must(munmap(pages + PAGES_SIZE / 2, PAGES_SIZE / 2));
	must(mprotect(pages, PAGES_SIZE / 2, PROT_READ | PROT_WRITE));
	file_info_at((uintptr_t)pages + PAGES_SIZE / 2 - 8, -EFAULT);
	must(munmap(pages, PAGES_SIZE / 2));
	file_info_at((uintptr_t)pages, -EFAULT);
	must(close(sync_file));
}

Test(bad_array, file_info_at_a_write_only_address_is_taken)
{
	unsigned char *pages = map_pages();

	sync_file = new_sync_file(device, new_fence(device));
	must(mprotect(pages, PAGES_SIZE, PROT_WRITE));
	file_info_at((uintptr_t)pages, 0);
	must(munmap(pages, PAGES_SIZE));
	must(close(sync_file));
}

Test(bad_array, file_info_of_2_32_minus_1_writes_as_many_as_there_are)
{
	struct sync_fence_info fences[2];
	struct sync_file_info info;

	memset(fences, 0x55, sizeof(fences));
	sync_file = new_sync_file(device, new_fence(device));
	expect(raw_file_info(sync_file, &info, fences, ~0u), 0);
	expect(info.num_fences, 1);
	expect(fences[0].status, 0);
	expect(fences[1].status, 0x55555555);
	must(close(sync_file));
}
