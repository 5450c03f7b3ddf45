/* The trace of the request in hand: read from traceparent, written for the next service. */
#include "core/trace.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TRACE_DIGITS 32
#define SPAN_DIGITS  16
#define SHOWN_DIGITS 8  /* of an id that may be a key */
#define PARENT_LEN   55 /* version-trace-parent-flags: 2 + 1 + 32 + 1 + 16 + 1 + 2 */
#define TRACE_AT     3
#define SPAN_AT      36
#define FLAGS_AT     53
#define SAMPLED      1 /* the one flag that has a meaning: all others must be zero in what we write */

static struct {
	char id[TRACE_DIGITS + 1]; /* as it is logged */
	char span[SPAN_DIGITS + 1];
	char parent[PARENT_LEN + 1];
} trace;

static bool is_hex(const char *text, size_t len)
{
	return strspn(text, "0123456789abcdef") >= len;
}

static bool is_zero(const char *text, size_t len)
{
	return strspn(text, "0") >= len;
}

/* What a version after ours appends begins with a dash; ours ends there. ff is no version. */
static bool is_valid(const char *header)
{
	if (strnlen(header, PARENT_LEN) < PARENT_LEN || !is_hex(header, 2) || strncmp(header, "ff", 2) == 0)
		return false;
	bool first = strncmp(header, "00", 2) == 0;
	if (header[PARENT_LEN] != '\0' && (first || header[PARENT_LEN] != '-'))
		return false;
	return header[TRACE_AT - 1] == '-' && is_hex(header + TRACE_AT, TRACE_DIGITS) &&
	       !is_zero(header + TRACE_AT, TRACE_DIGITS) && header[SPAN_AT - 1] == '-' &&
	       is_hex(header + SPAN_AT, SPAN_DIGITS) && !is_zero(header + SPAN_AT, SPAN_DIGITS) &&
	       header[FLAGS_AT - 1] == '-' && is_hex(header + FLAGS_AT, 2);
}

/* Whether it is a UUID of version 4 without its dashes. */
static bool may_be_key(const char *id)
{
	return id[12] == '4' && strchr("89ab", id[16]) != NULL;
}

/* Random enough to be unique, without a system call each (SplitMix64). Never zero. */
static uint64_t new_span(void)
{
	static uint64_t state;

	if (state == 0 && getrandom(&state, sizeof(state), 0) != (ssize_t)sizeof(state))
		abort();
	for (;;) {
		uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
		z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
		z ^= z >> 31;
		if (z != 0)
			return z;
	}
}

void trace_begin(const char *traceparent)
{
	trace_end();
	if (traceparent == NULL || !is_valid(traceparent))
		return;
	unsigned last = (unsigned)(traceparent[FLAGS_AT + 1] <= '9' ? traceparent[FLAGS_AT + 1] - '0'
	                                                            : traceparent[FLAGS_AT + 1] - 'a' + 10);
	const char *id = traceparent + TRACE_AT;
	snprintf(trace.span, sizeof(trace.span), "%016llx", (unsigned long long)new_span());
	snprintf(trace.parent, sizeof(trace.parent), "00-%.*s-%s-%02x", TRACE_DIGITS, id, trace.span, last & SAMPLED);
	if (may_be_key(id))
		snprintf(trace.id, sizeof(trace.id), "%.*s{}", SHOWN_DIGITS, id);
	else
		snprintf(trace.id, sizeof(trace.id), "%.*s", TRACE_DIGITS, id);
}

void trace_end(void)
{
	memset(&trace, 0, sizeof(trace));
}

const char *trace_id(void)
{
	return trace.id;
}

const char *trace_span_id(void)
{
	return trace.span;
}

const char *trace_parent(void)
{
	return trace.parent;
}
