/* Money: reading, writing, multiplying and adding centavos, with every overflow seen. */
#include "core/money.h"

#include <string.h>

bool money_parse(const char *text, size_t len, struct money *out)
{
	const char *end = text + len;
	int64_t centavos = 0;
	int decimals = -1; /* -1: before the point */
	int digits = 0;
	bool negative = len > 0 && *text == '-';

	for (const char *at = text + negative; at < end; at++) {
		if (*at == '.' && decimals < 0 && digits > 0) {
			decimals = 0;
			continue;
		}
		if (*at < '0' || *at > '9' || decimals == 2)
			return false;
		if (__builtin_mul_overflow(centavos, 10, &centavos) ||
		    __builtin_add_overflow(centavos, *at - '0', &centavos))
			return false;
		digits++;
		decimals += decimals >= 0;
	}
	if (digits == 0 || decimals == 0)
		return false;
	for (int scale = decimals < 0 ? 0 : decimals; scale < 2; scale++)
		if (__builtin_mul_overflow(centavos, 10, &centavos))
			return false;
	out->centavos = negative ? -centavos : centavos;
	return true;
}

size_t money_format(struct money amount, char out[MONEY_TEXT_MAX])
{
	uint64_t rest = amount.centavos < 0 ? 0 - (uint64_t)amount.centavos : (uint64_t)amount.centavos;
	char reversed[MONEY_TEXT_MAX];
	size_t len = 0;

	for (int place = 0; place < 3 || rest > 0; place++) {
		if (place == 2)
			reversed[len++] = '.';
		reversed[len++] = (char)('0' + rest % 10);
		rest /= 10;
	}
	if (amount.centavos < 0)
		reversed[len++] = '-';
	for (size_t i = 0; i < len; i++)
		out[i] = reversed[len - 1 - i];
	out[len] = '\0';
	return len;
}

bool money_times(struct money price, int64_t quantity, struct money *out)
{
	return !__builtin_mul_overflow(price.centavos, quantity, &out->centavos);
}

bool money_add(struct money *sum, struct money amount)
{
	int64_t total;

	if (__builtin_add_overflow(sum->centavos, amount.centavos, &total))
		return false;
	sum->centavos = total;
	return true;
}
