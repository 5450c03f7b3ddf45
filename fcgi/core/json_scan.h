/*
 * Whether a text is JSON, by the letter of RFC 8259. It is asked before json-c sees the text, because json-c's strictness differs
 * from version to version; what passes here is read the same by all of them.
 */
#ifndef CORE_JSON_SCAN_H
#define CORE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 8 /* objects and arrays within each other */

struct json_summary {
	size_t names;  /* members of all objects, for finding duplicate names */
	bool object;   /* the value is an object */
	bool nul_name; /* a name has an escaped NUL */
};

/*
 * True when `len` bytes are one JSON value in UTF-8 with nothing but blanks around it, nested at most JSON_DEPTH_MAX deep.
 * Refused beyond the grammar: half a surrogate pair, which is no character.
 */
bool json_scan(const char *data, size_t len, struct json_summary *summary);

#endif
