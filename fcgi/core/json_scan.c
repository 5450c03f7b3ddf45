/* The grammar of JSON (RFC 8259), rule by rule. */
#include "core/json_scan.h"

#include <ctype.h>
#include <string.h>

#include "core/ensure.h"
#include "core/text.h"

/* Invariant: at <= end. Each scan_…() moves `at` past what it has taken, and gives false when that is not there. */
struct scanner {
	const char *at;
	const char *end;
	struct json_summary summary;
};

static bool scan_value(struct scanner *in, int depth);

static char next(const struct scanner *in)
{
	if (in->at == in->end)
		return '\0';
	return *in->at;
}

static bool take(struct scanner *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static void skip_blanks(struct scanner *in)
{
	while (in->at < in->end && (*in->at == ' ' || *in->at == '\t' || *in->at == '\n' || *in->at == '\r'))
		in->at++;
}

static bool scan_digits(struct scanner *in)
{
	const char *start = in->at;

	while (next(in) >= '0' && next(in) <= '9')
		in->at++;
	return in->at > start;
}

/* [ minus ] int [ frac ] [ exp ] (section 6) */
static bool scan_number(struct scanner *in)
{
	take(in, '-');
	if (!take(in, '0') && !scan_digits(in))
		return false;
	if (take(in, '.') && !scan_digits(in))
		return false;
	if (!take(in, 'e') && !take(in, 'E'))
		return true;
	if (!take(in, '+'))
		take(in, '-');
	return scan_digits(in);
}

static bool scan_word(struct scanner *in, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len) != 0)
		return false;
	in->at += len;
	return true;
}

/* Four hexadecimal digits: a UTF-16 code unit, -1 when they are not there. */
static int scan_unit(struct scanner *in)
{
	int unit = 0;

	for (int i = 0; i < 4; i++, in->at++) {
		if (!isxdigit((unsigned char)next(in)))
			return -1;
		int lower = *in->at | 0x20;
		unit = unit * 16 + (lower > '9' ? lower - 'a' + 10 : lower - '0');
	}
	return unit;
}

/* What follows a backslash. Surrogates come in pairs, the high one first. */
static bool scan_escape(struct scanner *in, bool *nul)
{
	if (!take(in, 'u'))
		return next(in) != '\0' && strchr("\"\\/bfnrt", *in->at++) != NULL;
	int unit = scan_unit(in);
	*nul = *nul || unit == 0;
	if (unit < 0xd800 || unit > 0xdfff)
		return unit >= 0;
	if (unit > 0xdbff || !take(in, '\\') || !take(in, 'u'))
		return false;
	unit = scan_unit(in);
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* *nul tells whether an escaped NUL is in it. */
static bool scan_string(struct scanner *in, bool *nul)
{
	*nul = false;
	if (!take(in, '"'))
		return false;
	while (!take(in, '"')) {
		if ((unsigned char)next(in) < 0x20)
			return false;
		if (*in->at++ == '\\' && !scan_escape(in, nul))
			return false;
	}
	return true;
}

static bool scan_member(struct scanner *in, int depth)
{
	bool nul;

	skip_blanks(in);
	if (!scan_string(in, &nul))
		return false;
	in->summary.names++;
	in->summary.nul_name = in->summary.nul_name || nul;
	skip_blanks(in);
	return take(in, ':') && scan_value(in, depth);
}

/* An object or an array, from its first to its last bracket. */
static bool scan_list(struct scanner *in, int depth, char last, bool (*scan_item)(struct scanner *in, int depth))
{
	if (depth > JSON_DEPTH_MAX)
		return false;
	in->at++;
	skip_blanks(in);
	if (take(in, last))
		return true;
	do {
		if (!scan_item(in, depth))
			return false;
		skip_blanks(in);
	} while (take(in, ','));
	return take(in, last);
}

static bool scan_value(struct scanner *in, int depth)
{
	bool nul;

	skip_blanks(in);
	ensure(in->at <= in->end);
	switch (next(in)) {
	case '{':
		return scan_list(in, depth + 1, '}', scan_member);
	case '[':
		return scan_list(in, depth + 1, ']', scan_value);
	case '"':
		return scan_string(in, &nul);
	case 't':
		return scan_word(in, "true");
	case 'f':
		return scan_word(in, "false");
	case 'n':
		return scan_word(in, "null");
	default:
		return scan_number(in);
	}
}

bool json_scan(const char *data, size_t len, struct json_summary *summary)
{
	struct scanner in = {.at = data, .end = data + len};

	if (utf8_length(data, len) < 0)
		return false;
	skip_blanks(&in);
	in.summary.object = next(&in) == '{';
	if (!scan_value(&in, 0))
		return false;
	skip_blanks(&in);
	*summary = in.summary;
	return in.at == in.end;
}
