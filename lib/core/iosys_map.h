/* SPDX-License-Identifier: MIT */
/*
 * iosys_map.h - where the CPU finds memory, and of what kind that is.
 *
 * System memory is there for any access. I/O memory is a device's: a store to it is one access of
 * the full width, nothing is read from it or put together in it on the way, and there are no
 * futexes. It may not even be mapped: its address means something to its exporter alone where that
 * brings an accessor of its own (dma_buf_ops.iowrite).
 *
 * The names are the kernel's (<linux/iosys-map.h>).
 */
#ifndef DMA_FENCE_CORE_IOSYS_MAP_H
#define DMA_FENCE_CORE_IOSYS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
#error "the core is C11; use libdmafence from C++"
#endif

struct iosys_map {
	union {
		void *vaddr;
		void *vaddr_iomem; /* where is_iomem */
	};
	bool is_iomem;
};

static inline void iosys_map_set_vaddr(struct iosys_map *map, void *vaddr)
{
	*map = (struct iosys_map){ .vaddr = vaddr };
}

static inline void iosys_map_set_vaddr_iomem(struct iosys_map *map, void *vaddr_iomem)
{
	*map = (struct iosys_map){ .vaddr_iomem = vaddr_iomem, .is_iomem = true };
}

static inline bool iosys_map_is_null(const struct iosys_map *map)
{
	return map->is_iomem ? !map->vaddr_iomem : !map->vaddr;
}

/* So many bytes further on. */
static inline void iosys_map_incr(struct iosys_map *map, size_t length)
{
	if (map->is_iomem)
		map->vaddr_iomem = (char *)map->vaddr_iomem + length;
	else
		map->vaddr = (char *)map->vaddr + length;
}

#endif /* DMA_FENCE_CORE_IOSYS_MAP_H */
