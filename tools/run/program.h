/* SPDX-License-Identifier: MIT */
/* program.h - what dma-fence-run exits with where it does not come to run the program. */
#ifndef DMA_FENCE_RUN_PROGRAM_H
#define DMA_FENCE_RUN_PROGRAM_H

/* As env(1) and its like have it. */
enum {
	RUN_FAILED = 125,	  /* dma-fence-run itself */
	RUN_CANNOT_EXECUTE = 126, /* the program is there */
	RUN_NOT_FOUND = 127,
};

#endif /* DMA_FENCE_RUN_PROGRAM_H */
