/* SPDX-License-Identifier: MIT */
/*
 * exchange.h - one request, and everything that it did to its argument.
 */
#ifndef CONFORMANCE_EXCHANGE_H
#define CONFORMANCE_EXCHANGE_H

#include <stddef.h>

enum field_kind {
	FIELD_NUMBER,
	FIELD_FD, /* which number it is varies */
};

struct field {
	const char *name;
	size_t offset;
	size_t size;
	enum field_kind kind;
};

/* The fields of a request's argument; those that its size leaves out are not looked at. */
struct layout {
	unsigned int number;
	char type;
	const struct field *fields;
	size_t count;
};

/*
 * Issues the request and says what it has returned, and the value of each field that it has
 * changed: a field that is not mentioned was left alone. Returns what the call has.
 */
int exchange(const char *name, int fd, unsigned long request, void *argument);

/* The same, without saying anything; a failure ends the group. For what prepares a state. */
void prepare(int fd, unsigned long request, void *argument);

#endif /* CONFORMANCE_EXCHANGE_H */
