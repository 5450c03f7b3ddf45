/*
 * Reading JSON, strictly (RFC 8259, and RFC 7493: no duplicate names), by a table of rules. Only json_in.c knows json-c.
 */
#ifndef CORE_JSON_IN_H
#define CORE_JSON_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/field.h"
#include "core/problem.h"

struct json_schema {
	const struct rule *rules;
	size_t count;
	/* For answers of other services, never for a client's body: unknown names are ignored, texts are taken as they come. */
	bool open;
};

/*
 * Reads an object of `len` bytes into the struct at `out` by the schema; members whose name is absent are left as they are.
 * `*present` (may be NULL) gets bit i when rule i's name was there.
 * A byte order mark before it is ignored. PROBLEM_JSON_INVALIDO: not JSON, nested too deep, duplicate names.
 * PROBLEM_CAMPOS_INVALIDOS: see `complaints`, whose field is "" when the whole is no object, or has a name with U+0000.
 */
enum problem json_read(const char *data, size_t len, const struct json_schema *schema, void *out, uint32_t *present,
                       struct complaints *complaints);

#endif
