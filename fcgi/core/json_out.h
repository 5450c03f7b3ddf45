/* Writing JSON straight into a buffer. */
#ifndef CORE_JSON_OUT_H
#define CORE_JSON_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/field.h"
#include "core/money.h"

/* A writer: commas are its own affair. */
struct json_out {
	struct buf *buf;
	bool comma; /* a value stands before, at this level */
};

/* Structure. `name` is NULL inside arrays and at the top. */
void json_object(struct json_out *out, const char *name);
void json_object_end(struct json_out *out);
void json_array(struct json_out *out, const char *name);
void json_array_end(struct json_out *out);

/* Values, with the same `name`. A NULL text is null. */
void json_text(struct json_out *out, const char *name, const char *text);
void json_int(struct json_out *out, const char *name, int64_t value);
void json_bool(struct json_out *out, const char *name, bool value);
void json_null(struct json_out *out, const char *name);
void json_money(struct json_out *out, const char *name, struct money amount);
void json_time(struct json_out *out, const char *name, int64_t microseconds);
void json_raw(struct json_out *out, const char *name, const char *json);

/* The members of the struct at `object`, by its table, into the object that is open. */
void json_fields(struct json_out *out, const struct field *fields, size_t count, const void *object);

/* json_object(), json_fields(), json_object_end(). */
void json_struct(struct json_out *out, const char *name, const struct field *fields, size_t count, const void *object);

#endif
