/* E-mails and telephones, letter by letter. */
#include "pedidos/contato.h"

#include <string.h>

#include "core/text.h"

#define LABEL_MAX       63
#define TELEFONE_MIN    8
#define TELEFONE_MAX    15
#define FIRST_NON_ASCII 0x80

static bool is_digit(int32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(int32_t c)
{
	return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= FIRST_NON_ASCII && text_is_word(c));
}

static bool local_char(int32_t c)
{
	return is_letter_or_digit(c) || (c > ' ' && c < FIRST_NON_ASCII && strchr(".!#$%&'*+/=?^_`{|}~-", c) != NULL);
}

/* Labels of 1 to 63 letters, digits and hyphens, no hyphen at either end, two at least. */
static bool domain_valid(const char *text)
{
	int labels = 1;
	int len = 0;
	int32_t before = '.';

	for (int32_t c = text_next(&text); c != 0; before = c, c = text_next(&text)) {
		if (c == '.') {
			if (len == 0 || before == '-')
				return false;
			labels++;
			len = 0;
		} else if (++len > LABEL_MAX || !(is_letter_or_digit(c) || (c == '-' && len > 1))) {
			return false;
		}
	}
	return labels > 1 && len > 0 && before != '-';
}

bool email_valido(const char *text)
{
	const char *at = text;
	int32_t c = text_next(&at);

	if (c == '@')
		return false;
	while (local_char(c))
		c = text_next(&at);
	return c == '@' && domain_valid(at);
}

static bool is_blank(int32_t c)
{
	return c == ' ' || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x202f;
}

/* Hyphens and dashes as keyboards and word processors make them, a dot, a slash. */
static bool is_separator(int32_t c)
{
	return c == '-' || c == '.' || c == '/' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

/* Behind the code points for which `is` says yes, at most `most` of them. */
static const char *skip(const char *at, bool (*is)(int32_t c), size_t most)
{
	const char *next = at;

	while (most-- > 0 && is(text_next(&next)))
		at = next;
	return at;
}

/* Behind the digits of a group, maybe in parentheses; NULL when there is none. */
static const char *skip_group(const char *at)
{
	bool open = *at == '(';
	const char *digits = at + open;
	const char *end = skip(digits, is_digit, TELEFONE_MAX);

	if (end == digits || (open && *end != ')'))
		return NULL;
	return end + open;
}

static bool digits_valid(const char *text)
{
	size_t counts[10] = {0};
	size_t digits = 0;

	for (; *text != '\0'; text++) {
		if (!is_digit(*text))
			continue;
		counts[*text - '0']++;
		digits++;
	}
	for (size_t i = 0; i < 10; i++)
		if (counts[i] == digits)
			return false;
	return digits >= TELEFONE_MIN && digits <= TELEFONE_MAX;
}

bool telefone_valido(const char *text)
{
	const char *at = skip_group(skip(text + (*text == '+'), is_blank, 1));

	while (at != NULL && *at != '\0') {
		at = skip(at, is_blank, 1);
		at = skip(at, is_separator, 1);
		at = skip_group(skip(at, is_blank, 1));
	}
	return at != NULL && digits_valid(text);
}
