/*
 * A struct's members as data.
 *
 * `struct field` describes what goes out: the same table reads a row of SQL into a struct (columns in the table's order) and
 * writes the struct as JSON. `struct rule` describes what comes in, from a JSON body or a query string: what is allowed, so
 * that checking and the words of every complaint are written once, in field.c.
 */
#ifndef CORE_FIELD_H
#define CORE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/text.h"

enum field_type {
	FIELD_INT,    /* int64_t */
	FIELD_BOOL,   /* bool */
	FIELD_TEXT,   /* const char *, NULL: null; normalised by rule.text on the way in */
	FIELD_MONEY,  /* struct money */
	FIELD_TIME,   /* int64_t, UTC microseconds */
	FIELD_UUID,   /* const char *, as FIELD_TEXT but checked on the way in, lower-cased */
	FIELD_JSON,   /* const char *: JSON made elsewhere (by SQL), written as it is; only out */
	FIELD_BYTES,  /* of a column (bytea); in no struct */
	FIELD_IDS,    /* struct field_array of int64_t: "1,2,3" in a query string; only in */
	FIELD_OBJECT, /* a struct inside the struct, by its own rules; only in */
	FIELD_ARRAY,  /* struct field_array of structs, by their own rules; only in */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;
};

struct field_array {
	void *items; /* of the request's arena */
	size_t count;
};

struct rule {
	const char *name;
	enum field_type type;
	size_t offset;
	bool required;
	bool nullable;    /* null, or a text without a visible character, is as if absent, but counts as present */
	int64_t min, max; /* INT: the value; MONEY: centavos; TEXT: characters, normalised; IDS and ARRAY: elements */
	const char *const *allowed; /* TEXT: a NULL-ended list of the only values */
	const struct rule *rules;   /* OBJECT and ARRAY: of the inner struct */
	size_t rule_count;
	size_t size;                     /* ARRAY: sizeof the inner struct */
	enum text_kind text;             /* TEXT: how it is normalised */
	bool (*valid)(const char *text); /* TEXT: what else must hold of the normalised text; NULL: nothing */
	const char *words;               /* TEXT and INT: what is expected, in pt-BR, where the bounds do not say it */
};

#define FIELD_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Complaints about input, one a field, in the order met. */
struct complaint {
	const char *campo; /* dotted: cliente.nome, itens[0].quantidade */
	const char *erro;  /* pt-BR, what is expected */
	struct complaint *next;
};

struct complaints {
	struct arena *arena;
	struct complaint *first;
	struct complaint **end; /* where the next one is linked */
	size_t count;
};

/* An empty list whose texts live in `arena`. */
void complaints_init(struct complaints *list, struct arena *arena);

/* Adds one; both texts are copied. */
void complain(struct complaints *list, const char *campo, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds the standard complaint of a rule: "deve ser um inteiro de 1 a 9999". `campo` is the full dotted name. */
void complain_rule(struct complaints *list, const char *campo, const struct rule *rule);

/* Adds what is wrong with `value`, which field_parse() refused; NULL: it is not even of the rule's type. */
void complain_value(struct complaints *list, const char *campo, const struct rule *rule, const char *value);

/*
 * Reads a NUL-terminated text by `rule` into *member: a decimal integer without sign tricks or blanks, true|false, an exact
 * amount, an RFC 3339 time, a UUID, text by the text rule, ids. False when it does not fit.
 */
bool field_parse(const struct rule *rule, const char *text, struct arena *arena, void *member);

/* Reads a whole decimal integer, nothing else around it; false when it is not one or is out of [min, max]. */
bool int_parse(const char *text, int64_t min, int64_t max, int64_t *out);

#endif
