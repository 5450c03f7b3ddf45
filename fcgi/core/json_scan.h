/*
 * Whether a text is JSON, by the letter of RFC 8259. It is asked before json-c sees the text, because json-c's strictness differs
 * from version to version; what passes here is read the same by all of them.
 */
#ifndef CORE_JSON_SCAN_H
#define CORE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 8 /* objects and arrays within each other */

/*
 * True when `len` bytes are one JSON value in UTF-8 with nothing but blanks around it, nested at most JSON_DEPTH_MAX deep.
 * *names gets the number of all objects' members, for finding duplicate names. Refused beyond the grammar: half a surrogate pair,
 * which is no character, and an escaped NUL in a name.
 */
bool json_scan(const char *data, size_t len, size_t *names);

#endif
