# SPDX-License-Identifier: MIT
#
# check-trace.awk - checks trace events that trace.c has written: prints a line for each fault, and
# exits with 1 if there is one. The file must be complete, an event a line; slices of one track must
# not overlap; an arrow must start in a slice and finish where one begins, not earlier than it
# starts.
BEGIN {
	ROUNDING = .002
	slices = arrows = faults = 0
}

function fault(text)
{
	print FILENAME ": " text
	faults++
}

# A number of the event.
function number(name)
{
	if (!match($0, "\"" name "\":-?[0-9]+([.][0-9]+)?[,}]")) {
		fault("no " name ": " $0)
		return 0
	}
	return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0
}

FNR == 1 {
	if ($0 != "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[")
		fault("a wrong first line")
	previous = ","
	next
}

{
	if (ended)
		fault("a line after the end")
	if ($0 == "]}") {
		ended = 1
		if (previous == ",")
			fault("a comma before the end")
		next
	}
	if (previous != ",")
		fault("no comma before line " FNR)
	previous = substr($0, length($0))
	if (!/^{"ph":"[MXisf]",.*},?$/)
		fault("no event: " $0)
}

/"ph":"X"/ {
	track[slices] = number("pid") "/" number("tid")
	start[slices] = number("ts")
	end[slices] = start[slices] + number("dur")
	if (start[slices] < 0 || number("dur") < 0)
		fault("before its time: " $0)
	slices++
}

/"ph":"s"/ {
	arrow_track[number("id")] = number("pid") "/" number("tid")
	arrow_time[number("id")] = number("ts")
}

/"ph":"f"/ {
	finish = number("ts")
	finish_track[arrows] = number("pid") "/" number("tid")
	finish_time[arrows] = finish
	if (number("id") != arrows++ || !(number("id") in arrow_time))
		fault("an arrow without start: " $0)
	else if (arrow_time[number("id")] > finish)
		fault("an arrow into the past: " $0)
}

function sort_key(slice)
{
	return sprintf("%s %020.3f %020.3f", track[slice], start[slice], end[slice])
}

# Sorts keys[low] to keys[high].
function sort(low, high,	left, right, middle, key)
{
	while (low < high) {
		left = low
		right = high
		middle = keys[int((low + high) / 2)]
		while (left <= right) {
			while (keys[left] < middle)
				left++
			while (keys[right] > middle)
				right--
			if (left <= right) {
				key = keys[left]
				keys[left++] = keys[right]
				keys[right--] = key
			}
		}
		sort(low, right)
		low = left
	}
}

# Is it in a slice of its track; where at_start, at the beginning of one?
function in_slice(name, time, at_start,	slice)
{
	for (slice = 0; slice < slices; slice++) {
		if (track[slice] == name && time >= start[slice] - ROUNDING &&
		    time <= (at_start ? start[slice] : end[slice]) + ROUNDING)
			return 1
	}
	return 0
}

END {
	if (!ended)
		fault("no end")
	if (!slices)
		fault("no slices")
	for (slice = 0; slice < slices; slice++)
		keys[slice] = sort_key(slice)
	sort(0, slices - 1)
	for (slice = 1; slice < slices; slice++) {
		split(keys[slice - 1], before)
		split(keys[slice], after)
		if (before[1] == after[1] && after[2] + ROUNDING < before[3])
			fault("slices overlap on track " after[1] " at " after[2])
	}
	for (arrow = 0; arrow < arrows; arrow++) {
		if (!in_slice(arrow_track[arrow], arrow_time[arrow], 0))
			fault("arrow " arrow " starts in no slice")
		if (!in_slice(finish_track[arrow], finish_time[arrow], 1))
			fault("arrow " arrow " finishes at the start of no slice")
	}
	exit faults > 0
}
