/* Exact money: an integer number of centavos in a type of its own, never a binary float. */
#ifndef CORE_MONEY_H
#define CORE_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct money {
	int64_t centavos;
};

#define MONEY_TEXT_MAX 24 /* "-92233720368547758.07" and its NUL */

/*
 * Reads a decimal number of JSON's grammar by its value: 45.90, 45.9, 45.900 and 4.59e1 are the same (leading zeros may be there). At
 * most two decimals may be other than zero. Returns false, and leaves *out alone, for anything else or what does not fit.
 */
bool money_parse(const char *text, size_t len, struct money *out);

/* Writes the amount with two decimals and a NUL; returns its length. */
size_t money_format(struct money amount, char out[MONEY_TEXT_MAX]);

/* *out = price × quantity; false when it does not fit. */
bool money_times(struct money price, int64_t quantity, struct money *out);

/* *sum += amount; false when it does not fit. */
bool money_add(struct money *sum, struct money amount);

#endif
