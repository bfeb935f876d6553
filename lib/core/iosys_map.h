/* SPDX-License-Identifier: MIT */
/*
 * iosys_map.h - an address of memory for the CPU, and the kind of the memory.
 *
 * System memory supports every access. I/O memory belongs to a device: a store to it is a single
 * access of the full width, it is not read or combined on the way, and it has no futexes. It may
 * not even be mapped: if the exporter has its own accessor (dma_buf_ops.iowrite), only the exporter
 * knows what the address means.
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
		void *vaddr_iomem; /* if is_iomem */
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

/* Adds length bytes to the address. */
static inline void iosys_map_incr(struct iosys_map *map, size_t length)
{
	if (map->is_iomem)
		map->vaddr_iomem = (char *)map->vaddr_iomem + length;
	else
		map->vaddr = (char *)map->vaddr + length;
}

#endif /* DMA_FENCE_CORE_IOSYS_MAP_H */
