/* SPDX-License-Identifier: MIT */
/*
 * Draws a ball that bounces over a gradient, tile by tile, and checks that all pixels are of one
 * frame.
 */
#include "picture.h"

#define TILE_COLUMNS 8
#define TILE_ROWS    (PICTURE_TILES / TILE_COLUMNS)
/* Has no divisor in common with PICTURE_TILES: the steps come to every tile once. */
#define TILE_STRIDE 13

#define STAMP_SHIFT 24

/*
 * Eight bits distinguish a frame from the earlier ones in the buffer, and frame 0 from an empty
 * buffer.
 */
static uint32_t stamp_of(uint32_t frame)
{
	return (frame + 1) << STAMP_SHIFT;
}

size_t picture_size(uint32_t width, uint32_t height)
{
	return sizeof(uint32_t) * width * height;
}

/* Where something that moves by speed a frame is between two walls, 0 and length. */
static int64_t bounce(uint32_t frame, uint32_t speed, uint32_t length)
{
	uint64_t travelled = (uint64_t)frame * speed % (2 * (uint64_t)length);

	return travelled < length ? travelled : 2 * (uint64_t)length - travelled;
}

void picture_draw(uint32_t *pixels, uint32_t width, uint32_t height, uint32_t frame, uint32_t step)
{
	uint32_t tile = step * TILE_STRIDE % PICTURE_TILES;
	uint32_t column = tile % TILE_COLUMNS, row = tile / TILE_COLUMNS;
	uint32_t left = width * column / TILE_COLUMNS, right = width * (column + 1) / TILE_COLUMNS;
	uint32_t top = height * row / TILE_ROWS, bottom = height * (row + 1) / TILE_ROWS;
	int64_t ball_x = bounce(frame, width / 64 + 1, width);
	int64_t ball_y = bounce(frame, height / 48 + 1, height);
	int64_t radius = height / 10 + 1;
	uint32_t stamp = stamp_of(frame);

	for (uint32_t y = top; y < bottom; y++) {
		for (uint32_t x = left; x < right; x++) {
			int64_t dx = x - ball_x, dy = y - ball_y;
			uint32_t red = 255 * x / width, green = 255 * y / height;
			uint32_t blue = (red + green + frame) & 255;

			if (dx * dx + dy * dy < radius * radius)
				red = green = blue = 255;
			pixels[(size_t)y * width + x] = stamp | red << 16 | green << 8 | blue;
		}
	}
}

bool picture_check(const uint32_t *pixels, uint32_t width, uint32_t first, uint32_t end,
		   uint32_t frame)
{
	const uint32_t *pixel = pixels + (size_t)first * width;
	const uint32_t *last = pixels + (size_t)end * width;
	uint32_t stamp = stamp_of(frame), difference = 0;

	for (; pixel < last; pixel++)
		difference |= *pixel ^ stamp;
	return !(difference >> STAMP_SHIFT);
}
