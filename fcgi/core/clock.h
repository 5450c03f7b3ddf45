/* Time: UTC microseconds since 1970 for what is written down, monotonic milliseconds for deadlines. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_MAX 32

/* UTC now, in microseconds since 1970. */
int64_t clock_now(void);

/* A clock that is never set back, in milliseconds (and microseconds): only differences mean anything. */
int64_t clock_monotonic_ms(void);
int64_t clock_monotonic_us(void);

/* Writes RFC 3339 UTC with microseconds and `Z`, e.g. 2026-11-24T10:20:30.000123Z; returns its length. */
size_t clock_format(int64_t microseconds, char out[CLOCK_TEXT_MAX]);

/*
 * Reads RFC 3339 (section 5.6): a date-time with `Z` or an offset, `T` or a blank between date and time, an optional
 * fraction of up to nine digits; or a date alone, which is midnight UTC. Offsets may be `+00`, as PostgreSQL writes them.
 * Returns false for anything else: an impossible date, an offset beyond 15:59, an instant outside years 1 to 9999.
 */
bool clock_parse(const char *text, int64_t *microseconds);

/*
 * The same, and how long what the text names lasts: a day, a minute (the seconds may be left out here), a second, or the last digit of
 * the fraction, at least a microsecond. A date alone begins at midnight UTC: of another zone's day only the caller can tell.
 */
bool clock_parse_span(const char *text, int64_t *microseconds, int64_t *span);

#endif
