/* Money: reading, writing, multiplying and adding centavos, with every overflow seen. */
#include "core/money.h"

#define EXPONENT_MAX 1000000000

/* A number's digits, `point` of them before the decimal point once the exponent has moved it. */
struct decimal {
	const char *digits; /* up to `end`, with at most one point among them */
	const char *end;
	int64_t point;
};

/* [ sign ] digits, to `end`; an exponent beyond EXPONENT_MAX is as good as that. */
static bool exponent_read(const char *at, const char *end, int64_t *out)
{
	bool negative = at < end && *at == '-';
	int64_t value = 0;

	at += negative || (at < end && *at == '+');
	if (at == end)
		return false;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		value = value * 10 + (*at - '0');
		value = value > EXPONENT_MAX ? EXPONENT_MAX : value;
	}
	*out = negative ? -value : value;
	return true;
}

/* digits [ . digits ] [ e exponent ] */
static bool decimal_read(const char *at, const char *end, struct decimal *out)
{
	bool fraction = false;
	int64_t exponent = 0;

	*out = (struct decimal){.digits = at};
	for (; at < end && ((*at >= '0' && *at <= '9') || (*at == '.' && !fraction && out->point > 0)); at++) {
		fraction = fraction || *at == '.';
		out->point += !fraction;
	}
	out->end = at;
	if (out->point == 0 || at[-1] == '.')
		return false;
	if (at < end && ((*at != 'e' && *at != 'E') || !exponent_read(at + 1, end, &exponent)))
		return false;
	out->point += exponent;
	return true;
}

/* The number times 100, when that is an integer. */
static bool decimal_centavos(const struct decimal *decimal, int64_t *out)
{
	int64_t left = decimal->point + 2; /* digits that count */
	int64_t centavos = 0;

	for (const char *at = decimal->digits; at < decimal->end; at++) {
		if (*at == '.')
			continue;
		if (left-- <= 0 && *at != '0')
			return false;
		if (left < 0)
			continue;
		if (__builtin_mul_overflow(centavos, 10, &centavos) ||
		    __builtin_add_overflow(centavos, *at - '0', &centavos))
			return false;
	}
	for (; left > 0 && centavos > 0; left--)
		if (__builtin_mul_overflow(centavos, 10, &centavos))
			return false;
	*out = centavos;
	return true;
}

bool money_parse(const char *text, size_t len, struct money *out)
{
	bool negative = len > 0 && *text == '-';
	struct decimal decimal;
	int64_t centavos;

	if (!decimal_read(text + negative, text + len, &decimal) || !decimal_centavos(&decimal, &centavos))
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
