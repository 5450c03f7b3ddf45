/* Clocks, and RFC 3339 both ways. */
#include "core/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECOND 1000000

/* What four digits of a year can write, and PostgreSQL can read: years 1 to 9999. */
#define FIRST_INSTANT INT64_C(-62135596800000000)
#define END_OF_TIME   INT64_C(253402300800000000)

/* No zone is further from Greenwich, and PostgreSQL refuses more. */
#define OFFSET_HOURS_MAX 15

int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

/* Days since 1970-01-01 to year, month, day: proleptic Gregorian, eras of 400 years that begin on 1 March. */
static void civil_from_days(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t of_era = days - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_index = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * month_index + 2) / 5 + 1);
	*month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);
	*year = (int)(year_of_era + era * 400 + (*month <= 2));
}

static void put_digits(char *at, int value, int width)
{
	while (width-- > 0) {
		at[width] = (char)('0' + value % 10);
		value /= 10;
	}
}

size_t clock_format(int64_t microseconds, char out[CLOCK_TEXT_MAX])
{
	int64_t seconds = microseconds / SECOND - (microseconds % SECOND < 0);
	int fraction = (int)(microseconds - seconds * SECOND);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0);
	int of_day = (int)(seconds - days * 86400);
	int year;
	int month;
	int day;

	civil_from_days(days, &year, &month, &day);
	memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
	put_digits(out, year, 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, day, 2);
	put_digits(out + 11, of_day / 3600, 2);
	put_digits(out + 14, of_day / 60 % 60, 2);
	put_digits(out + 17, of_day % 60, 2);
	put_digits(out + 20, fraction, 6);
	return 27;
}

/* Reads exactly `width` digits and moves on; false when there are not that many. */
static bool take_digits(const char **at, int width, int *value)
{
	*value = 0;
	for (int i = 0; i < width; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool take_char(const char **at, const char *any_of)
{
	if (**at == '\0' || strchr(any_of, **at) == NULL)
		return false;
	(*at)++;
	return true;
}

static bool take_date(const char **at, int64_t *days)
{
	static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year;
	int month;
	int day;

	if (!take_digits(at, 4, &year) || !take_char(at, "-") || !take_digits(at, 2, &month) || !take_char(at, "-") ||
	    !take_digits(at, 2, &day))
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] + (leap && month == 2))
		return false;
	int64_t shifted = year - (month <= 2);
	int64_t era = shifted / 400;
	int64_t year_of_era = shifted - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	*days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719468;
	return true;
}

/* A fraction of a second of up to nine digits, cut to microseconds, if there is one. */
static bool take_fraction(const char **at, int64_t *microseconds, int64_t *span)
{
	int digits = 0;

	*microseconds = 0;
	if (!take_char(at, "."))
		return true;
	for (int digit; digits < 9 && take_digits(at, 1, &digit); digits++) {
		*span = digits < 6 ? *span / 10 : *span;
		*microseconds += *span * (digits < 6 ? digit : 0);
	}
	return digits > 0;
}

/* hh:mm, :ss and a fraction. */
static bool take_time(const char **at, int64_t *microseconds, int64_t *span)
{
	int hour;
	int minute;
	int second = 0;
	int64_t fraction = 0;

	if (!take_digits(at, 2, &hour) || !take_char(at, ":") || !take_digits(at, 2, &minute) || hour > 23 ||
	    minute > 59)
		return false;
	*span = 60 * (int64_t)SECOND;
	if (take_char(at, ":")) {
		*span = SECOND;
		if (!take_digits(at, 2, &second) || second > 59 || !take_fraction(at, &fraction, span))
			return false;
	}
	*microseconds = ((int64_t)hour * 3600 + (int64_t)minute * 60 + second) * SECOND + fraction;
	return true;
}

static bool take_offset(const char **at, int64_t *microseconds)
{
	int hours;
	int minutes = 0;

	*microseconds = 0;
	if (take_char(at, "Zz"))
		return true;
	int sign = **at == '-' ? -1 : 1;
	if (!take_char(at, "+-") || !take_digits(at, 2, &hours) || hours > OFFSET_HOURS_MAX)
		return false;
	if (**at != '\0' && (!take_char(at, ":") || !take_digits(at, 2, &minutes) || minutes > 59))
		return false;
	*microseconds = ((int64_t)hours * 3600 + (int64_t)minutes * 60) * sign * SECOND;
	return true;
}

bool clock_parse_span(const char *text, int64_t *microseconds, int64_t *span)
{
	int64_t days;
	int64_t of_day = 0;
	int64_t offset = 0;

	if (!take_date(&text, &days))
		return false;
	*span = 86400 * (int64_t)SECOND;
	if (*text != '\0' &&
	    (!take_char(&text, "Tt ") || !take_time(&text, &of_day, span) || !take_offset(&text, &offset)))
		return false;
	if (*text != '\0')
		return false;
	int64_t when = days * 86400 * SECOND + of_day - offset;
	if (when < FIRST_INSTANT || when >= END_OF_TIME)
		return false;
	*microseconds = when;
	return true;
}

bool clock_parse(const char *text, int64_t *microseconds)
{
	int64_t when;
	int64_t span;

	if (!clock_parse_span(text, &when, &span) || span == 60 * (int64_t)SECOND)
		return false;
	*microseconds = when;
	return true;
}
