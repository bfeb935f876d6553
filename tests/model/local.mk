# SPDX-License-Identifier: MIT
# The core's files are compiled once more, with the checker's hooks: see model.h. Those are called
# by the code that -fsanitize=thread adds, which excludes another sanitizer and its own library; and a
# checker that decides itself which thread runs has nothing for them to find. So it is built only
# without a sanitizer, and if the compiler knows that one.
if ENABLE_MODEL
# What the scenarios use, and what that needs to be linked.
model_core_sources = \
	lib/core/array.c lib/core/chain.c lib/core/container.c lib/core/dma_buf.c lib/core/fence.c \
	lib/core/fence_slot.c lib/core/mem_fence.c lib/core/merge.c lib/core/readers.c \
	lib/core/resv.c lib/core/resv_iter.c lib/core/resv_list.c lib/core/resv_lock.c \
	lib/core/resv_query.c lib/core/seqno_write.c lib/core/stub.c lib/core/unwrap.c \
	lib/core/wait.c lib/core/ww_mutex.c

check_LIBRARIES = tests/model/libmodel.a tests/model/libchecker.a
tests_model_libmodel_a_SOURCES = \
	$(model_core_sources) \
	tests/model/callback-scenarios.c \
	tests/model/instrument.h \
	tests/model/lifetime-scenarios.c \
	tests/model/model.h \
	tests/model/planted-scenarios.c \
	tests/model/scenario.c tests/model/scenario.h \
	tests/model/seqno-scenarios.c \
	tests/model/slot-scenarios.c \
	tests/model/wait-scenarios.c \
	tests/model/ww_mutex-scenarios.c
tests_model_libmodel_a_CFLAGS = $(AM_CFLAGS) -fsanitize=thread \
	-include $(top_srcdir)/tests/model/instrument.h
tests_model_libchecker_a_SOURCES = \
	tests/model/checker.h \
	tests/model/fiber.c \
	tests/model/hooks.c \
	tests/model/memory.c \
	tests/model/operation.c \
	tests/model/search.c

check_PROGRAMS += tests/model/model
tests_model_model_SOURCES = tests/model/model.c
tests_model_model_LDADD = \
	tests/model/libmodel.a tests/model/libchecker.a tests/model/libmodel.a

AM_TESTS_ENVIRONMENT += MODEL_CC='$(CC)'; MODEL_CFLAGS='$(BASE_CFLAGS) $(CFLAGS)'; \
	export MODEL_CC MODEL_CFLAGS;
check_SCRIPTS += tests/model/mutation-test tests/model/reduction-test
TESTS += tests/model/model tests/model/mutation-test tests/model/reduction-test
endif
