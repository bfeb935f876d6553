/* SPDX-License-Identifier: MIT */
/* sync_file-test.c - a fence with a name, and what FILE_INFO tells of it. */
#include <stdio.h>
#include <string.h>

#include "core-test.h"

TestSuite(sync_file, .timeout = TEST_TIMEOUT, .fini = expect_no_fence_left);

Test(sync_file, holds_a_reference)
{
	struct dma_fence *fence = fence_create();
	struct sync_file sync_file;

	sync_file_init(&sync_file, fence, NULL);
	dma_fence_put(fence);
	cr_expect_eq(fences_alive(), 1);
	sync_file_fini(&sync_file);
	cr_expect_eq(fences_alive(), 0);
}

Test(sync_file, has_the_users_name)
{
	struct dma_fence *fence = fence_create();
	char name[SYNC_FILE_NAME_SIZE];
	struct sync_file sync_file;

	sync_file_init(&sync_file, fence, "flip");
	sync_file_get_name(&sync_file, name);
	cr_expect_str_eq(name, "flip");
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, name_is_cut_to_31_bytes)
{
	struct dma_fence *fence = fence_create();
	char name[SYNC_FILE_NAME_SIZE];
	struct sync_file sync_file;

	sync_file_init(&sync_file, fence, "0123456789abcdef0123456789abcdefXYZ");
	sync_file_get_name(&sync_file, name);
	cr_expect_str_eq(name, "0123456789abcdef0123456789abcde");
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, default_name_tells_driver_timeline_context_and_seqno)
{
	struct dma_fence *fence = fence_create_at(12, 34);
	char name[SYNC_FILE_NAME_SIZE];
	struct sync_file sync_file;

	sync_file_init(&sync_file, fence, "");
	sync_file_get_name(&sync_file, name);
	cr_expect_str_eq(name, "driver-timeline12-34");
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, default_name_of_a_stub_is_the_kernels)
{
	struct dma_fence *stub = dma_fence_get_stub();
	char name[SYNC_FILE_NAME_SIZE];
	struct sync_file sync_file;

	sync_file_init(&sync_file, stub, NULL);
	sync_file_get_name(&sync_file, name);
	cr_expect_str_eq(name, "stub-stub0-0");
	sync_file_fini(&sync_file);
	dma_fence_put(stub);
}

Test(sync_file, default_name_is_cut_to_31_bytes)
{
	struct dma_fence *fence = fence_create_at(UINT64_MAX, INT64_MAX);
	char name[SYNC_FILE_NAME_SIZE];
	struct sync_file sync_file;

	sync_file_init(&sync_file, fence, NULL);
	sync_file_get_name(&sync_file, name);
	cr_expect_str_eq(name, "driver-timeline1844674407370955");
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, info_tells_name_and_status_and_leaves_the_rest)
{
	struct dma_fence *fence = fence_create();
	struct sync_file_info info;
	struct sync_file sync_file;

	memset(&info, 0xaa, sizeof(info));
	sync_file_init(&sync_file, fence, "flip");
	sync_file_fill_info(&sync_file, &info);
	cr_expect_str_eq(info.name, "flip");
	cr_expect_eq(info.name[SYNC_FILE_NAME_SIZE - 1], 0, "nothing of the caller's old bytes");
	cr_expect_eq(info.status, 0);
	cr_expect_eq(info.flags, 0xaaaaaaaa);
	cr_expect_eq(info.num_fences, 0xaaaaaaaa);
	dma_fence_set_error(fence, -EIO);
	dma_fence_signal(fence);
	sync_file_fill_info(&sync_file, &info);
	cr_expect_eq(info.status, -EIO);
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, fence_info_tells_of_a_single_fence)
{
	struct dma_fence *fence = fence_create();
	struct sync_fence_info info;
	struct sync_file sync_file;

	memset(&info, 0xaa, sizeof(info));
	sync_file_init(&sync_file, fence, NULL);
	cr_expect_eq(sync_file_fence_count(&sync_file), 1);
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, &info, 1), 1);
	cr_expect_str_eq(info.obj_name, "timeline");
	cr_expect_str_eq(info.driver_name, "driver");
	cr_expect_eq(info.status, 0);
	cr_expect_eq(info.flags, 0);
	cr_expect_eq(info.timestamp_ns, 0);
	dma_fence_signal_timestamp(fence, 1234);
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, &info, 1), 1);
	cr_expect_eq(info.status, 1);
	cr_expect_eq(info.timestamp_ns, 1234);
	sync_file_fini(&sync_file);
	dma_fence_put(fence);
}

Test(sync_file, row_5_2_fence_info_tells_of_each_member_by_itself)
{
	struct dma_fence *fences[] = { fence_create_at(1, 1), fence_create_at(2, 1) };
	struct dma_fence *merged = dma_fence_merge_all(2, fences);
	struct sync_fence_info info[3];
	struct sync_file sync_file;

	memset(info, 0xaa, sizeof(info));
	sync_file_init(&sync_file, merged, "two");
	cr_expect_eq(sync_file_fence_count(&sync_file), 2);
	dma_fence_set_error(fences[0], -EIO);
	dma_fence_signal_timestamp(fences[0], 99);
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, info, 3), 2);
	cr_expect_eq(info[0].status, -EIO);
	cr_expect_eq(info[0].timestamp_ns, 99);
	cr_expect_eq(info[1].status, 0);
	cr_expect_eq(info[1].timestamp_ns, 0);
	cr_expect_eq(info[2].status, (int)0xaaaaaaaa, "there is no third");
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, info, 1), 1);
	sync_file_fini(&sync_file);
	dma_fence_put(merged);
	dma_fence_put(fences[0]);
	dma_fence_put(fences[1]);
}

/* As measured: the head's fence counts, signaled or not; of those before it what is pending. */
Test(sync_file, row_3_5_of_a_chain_is_named_after_it_and_tells_of_what_is_left_of_it)
{
	struct dma_fence *fences[] = { fence_create(), dma_fence_get_stub() };
	struct dma_fence_chain *first = dma_fence_chain_alloc(), *head = dma_fence_chain_alloc();
	char name[SYNC_FILE_NAME_SIZE], expected[SYNC_FILE_NAME_SIZE];
	struct sync_fence_info info[2];
	struct sync_file sync_file;

	dma_fence_chain_init(first, NULL, dma_fence_get(fences[0]), 4);
	dma_fence_chain_init(head, dma_fence_chain_base(first), fences[1], 6);
	sync_file_init(&sync_file, dma_fence_chain_base(head), NULL);
	dma_fence_put(dma_fence_chain_base(head));
	sync_file_get_name(&sync_file, name);
	snprintf(expected, sizeof(expected), "dma_fence_chain-unbound%llu-6",
		 (unsigned long long)sync_file.fence->context);
	cr_expect_str_eq(name, expected);
	cr_expect_eq(sync_file_fence_count(&sync_file), 2);
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, info, 2), 2);
	cr_expect_str_eq(info[0].driver_name, "stub");
	cr_expect_eq(info[0].status, 1);
	cr_expect_str_eq(info[1].driver_name, "driver");
	cr_expect_eq(info[1].status, 0);
	dma_fence_signal(fences[0]);
	cr_expect_eq(sync_file_fill_fence_info(&sync_file, info, 2), 1);
	cr_expect_str_eq(info[0].driver_name, "stub");
	sync_file_fini(&sync_file);
	dma_fence_put(fences[0]);
}
