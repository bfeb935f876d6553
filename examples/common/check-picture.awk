# SPDX-License-Identifier: MIT
#
# check-picture.awk - checks a timeline that chart.c has drawn: prints a line for each fault, and
# exits with 1 if there is one. Blocks of one row must not overlap, a number must fit into its
# block, no two texts may overlap, and every text must be inside the picture.
#
# A block begins half a unit after the start of its time and ends half a unit before the end; one
# that is too short for that is a line: see chart_block(). Texts are as wide as in DejaVu Sans.
BEGIN {
	RS = "<"
	ROUNDING = .02
	BLOCK_HEIGHT = 26
	NUMBER_BASELINE = 17
	blocks = texts = faults = 0
	number_pattern = "[0-9]+([.][0-9]+)?"
}

function attribute(name)
{
	if (!match($0, "[ \n]" name "=\"[^\"]*\""))
		return ""
	return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
}

function fault(text)
{
	print FILENAME ": " text
	faults++
}

function add_block(start, end, y)
{
	block_start[blocks] = start
	block_end[blocks] = end
	block_y[blocks++] = y + 0
}

function add_text(class, x, y, content,		size, width)
{
	gsub(/&[^;]*;/, "x", content)
	size = class ~ /title/ ? 16 : class ~ /number/ ? 11 : 12
	width = length(content) * size * (content ~ /^[0-9]+$/ ? .64 : class ~ /title/ ? .6 : .55)
	text[texts] = content
	text_number[texts] = class ~ /number/
	text_left[texts] = x - (class ~ /end/ ? width : class ~ /mid|number/ ? width / 2 : 0)
	text_right[texts] = text_left[texts] + width
	text_baseline[texts] = y
	text_top[texts] = y - .75 * size
	text_bottom[texts++] = y + .25 * size
}

$1 == "svg" {
	split(attribute("viewBox"), corner, " ")
}
$1 == "rect" && attribute("class") ~ /solid|wait/ && attribute("height") == BLOCK_HEIGHT {
	add_block(attribute("x") - .5, attribute("x") + attribute("width") + .5, attribute("y"))
}
$1 == "path" && attribute("class") ~ /solid|wait/ {
	if (attribute("d") !~ "^M" number_pattern " " number_pattern "v" BLOCK_HEIGHT "$")
		next
	split(substr(attribute("d"), 2), point, /[ v]/)
	add_block(point[1], point[1], point[2])
}
$1 == "text" {
	content = $0
	sub(/^[^>]*>/, "", content)
	add_text(attribute("class"), attribute("x"), attribute("y"), content)
}

# Is the position inside the block, and at neither end?
function inside(position, block)
{
	return block_start[block] + ROUNDING < position && position < block_end[block] - ROUNDING
}

# Blocks may touch, and a line may be at the end of a block.
function blocks_overlap(one, other,		start, end)
{
	if (block_y[one] != block_y[other])
		return 0
	if (block_start[one] == block_end[one])
		return inside(block_start[one], other)
	if (block_start[other] == block_end[other])
		return inside(block_start[other], one)
	start = block_start[one] > block_start[other] ? block_start[one] : block_start[other]
	end = block_end[one] < block_end[other] ? block_end[one] : block_end[other]
	return end - start > ROUNDING
}

function texts_overlap(one, other)
{
	return text_left[one] < text_right[other] && text_left[other] < text_right[one] &&
		text_top[one] < text_bottom[other] && text_top[other] < text_bottom[one]
}

function in_a_block(number,		block)
{
	for (block = 0; block < blocks; block++)
		if (block_y[block] == text_baseline[number] - NUMBER_BASELINE &&
		    block_start[block] <= text_left[number] &&
		    text_right[number] <= block_end[block])
			return 1
	return 0
}

END {
	if (!blocks)
		fault("no block is drawn")
	for (one = 0; one < blocks; one++) {
		for (other = one + 1; other < blocks; other++)
			if (blocks_overlap(one, other))
				fault(sprintf("blocks overlap at y %g: %.2f to %.2f, %.2f to %.2f",
					block_y[one], block_start[one], block_end[one],
					block_start[other], block_end[other]))
	}
	for (one = 0; one < texts; one++) {
		if (text_left[one] < 0 || text_right[one] > corner[3] ||
		    text_top[one] < 0 || text_bottom[one] > corner[4])
			fault("'" text[one] "' is not inside the picture")
		if (text_number[one] && !in_a_block(one))
			fault("'" text[one] "' does not fit into a block")
		for (other = one + 1; other < texts; other++)
			if (texts_overlap(one, other))
				fault("'" text[one] "' and '" text[other] "' overlap")
	}
	exit faults > 0
}
