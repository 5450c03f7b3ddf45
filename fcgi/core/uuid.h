/* Random UUIDs (RFC 9562, version 4): the keys of sessions and orders. */
#ifndef CORE_UUID_H
#define CORE_UUID_H

#include <stdbool.h>

#define UUID_TEXT_MAX 37 /* 36 characters and a NUL */

/* Writes a new random UUID in lower case, from getrandom(2). */
void uuid_new(char out[UUID_TEXT_MAX]);

/* True for exactly 8-4-4-4-12 hexadecimal digits, any version, either case. */
bool uuid_valid(const char *text);

#endif
