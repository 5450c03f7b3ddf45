/* JSON out: straight into a buffer, strings escaped as RFC 8259 wants. */
#include "core/json_out.h"

#include <string.h>

#include "core/clock.h"

static const char hex[] = "0123456789abcdef";

/* The escape of one byte inside a string: RFC 8259, section 7. */
static void put_escape(struct buf *buf, unsigned char c)
{
	static const char named[] = "\b\t\n\f\r\"\\";
	static const char letters[] = "btnfr\"\\";
	const char *at = memchr(named, c, sizeof(named) - 1);

	if (at != NULL) {
		const char escape[] = {'\\', letters[at - named]};
		buf_append(buf, escape, sizeof(escape));
	} else {
		const char escape[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
		buf_append(buf, escape, sizeof(escape));
	}
}

/* A quoted string. What is not UTF-8 cannot come out of the stores; if it did, it must not break the client's parser. */
static void put_string(struct buf *buf, const char *text)
{
	size_t len = strlen(text);
	bool valid = utf8_length(text, len) >= 0;
	size_t start = 0;

	buf_append(buf, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = c >= 0x20 && c != '"' && c != '\\' && (c < 0x80 || valid);
		if (plain)
			continue;
		buf_append(buf, text + start, i - start);
		start = i + 1;
		if (c >= 0x80)
			buf_text(buf, "\xef\xbf\xbd");
		else
			put_escape(buf, c);
	}
	buf_append(buf, text + start, len - start);
	buf_append(buf, "\"", 1);
}

/* Comma and name before a value. Names are this program's own words and need no escape. */
static void put_name(struct json_out *out, const char *name)
{
	if (out->comma)
		buf_append(out->buf, ",", 1);
	out->comma = true;
	if (name == NULL)
		return;
	buf_append(out->buf, "\"", 1);
	buf_text(out->buf, name);
	buf_append(out->buf, "\":", 2);
}

static void open_level(struct json_out *out, const char *name, const char *bracket)
{
	put_name(out, name);
	buf_append(out->buf, bracket, 1);
	out->comma = false;
}

static void close_level(struct json_out *out, const char *bracket)
{
	buf_append(out->buf, bracket, 1);
	out->comma = true;
}

void json_object(struct json_out *out, const char *name)
{
	open_level(out, name, "{");
}

void json_object_end(struct json_out *out)
{
	close_level(out, "}");
}

void json_array(struct json_out *out, const char *name)
{
	open_level(out, name, "[");
}

void json_array_end(struct json_out *out)
{
	close_level(out, "]");
}

void json_text(struct json_out *out, const char *name, const char *text)
{
	put_name(out, name);
	if (text == NULL)
		buf_append(out->buf, "null", 4);
	else
		put_string(out->buf, text);
}

void json_int(struct json_out *out, const char *name, int64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	put_name(out, name);
	do
		digits[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (value < 0)
		digits[--at] = '-';
	buf_append(out->buf, digits + at, sizeof(digits) - at);
}

void json_bool(struct json_out *out, const char *name, bool value)
{
	json_raw(out, name, value ? "true" : "false");
}

void json_null(struct json_out *out, const char *name)
{
	json_raw(out, name, "null");
}

void json_money(struct json_out *out, const char *name, struct money amount)
{
	char text[MONEY_TEXT_MAX];
	size_t len = money_format(amount, text);

	put_name(out, name);
	buf_append(out->buf, text, len);
}

void json_time(struct json_out *out, const char *name, int64_t microseconds)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(microseconds, text);
	json_text(out, name, text);
}

void json_raw(struct json_out *out, const char *name, const char *json)
{
	put_name(out, name);
	buf_text(out->buf, json == NULL ? "null" : json);
}

void json_fields(struct json_out *out, const struct field *fields, size_t count, const void *object)
{
	for (const struct field *field = fields; field < fields + count; field++) {
		const void *member = (const char *)object + field->offset;
		switch (field->type) {
		case FIELD_INT:
			json_int(out, field->name, *(const int64_t *)member);
			break;
		case FIELD_BOOL:
			json_bool(out, field->name, *(const bool *)member);
			break;
		case FIELD_TEXT:
		case FIELD_UUID:
			json_text(out, field->name, *(const char *const *)member);
			break;
		case FIELD_MONEY:
			json_money(out, field->name, *(const struct money *)member);
			break;
		case FIELD_TIME:
			json_time(out, field->name, *(const int64_t *)member);
			break;
		case FIELD_JSON:
			json_raw(out, field->name, *(const char *const *)member);
			break;
		case FIELD_BYTES:
		case FIELD_IDS:
		case FIELD_OBJECT:
		case FIELD_ARRAY:
			break;
		}
	}
}

void json_struct(struct json_out *out, const char *name, const struct field *fields, size_t count, const void *object)
{
	json_object(out, name);
	json_fields(out, fields, count, object);
	json_object_end(out);
}
