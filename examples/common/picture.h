/* SPDX-License-Identifier: MIT */
/*
 * The frames themselves: 32-bit pixels, red, green and blue in the low three bytes, and in the
 * upper one, which no screen shows, the stamp of the frame. Who scans a frame out and finds another
 * stamp in it sees a torn frame.
 */
#ifndef EXAMPLES_PICTURE_H
#define EXAMPLES_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A frame is drawn in as many tiles, scattered over it as a GPU's are: at no moment is just the
 * lower part missing.
 */
#define PICTURE_TILES 32

/* Bytes of a buffer. */
size_t picture_size(uint32_t width, uint32_t height);
/* Draws tile number step, 0 to PICTURE_TILES - 1, of the frame. */
void picture_draw(uint32_t *pixels, uint32_t width, uint32_t height, uint32_t frame, uint32_t step);
/* Reads every pixel of rows first to end - 1: are they all of this frame? */
bool picture_check(const uint32_t *pixels, uint32_t width, uint32_t first, uint32_t end,
		   uint32_t frame);

#endif /* EXAMPLES_PICTURE_H */
