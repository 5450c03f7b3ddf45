/*
 * Configuration files: `name = value` a line, `#` comments. A program names its settings in a table; a setting that the
 * table does not know, a missing one without a default and a value out of range are errors that name file and line.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

enum config_type {
	CONFIG_TEXT, /* const char * */
	CONFIG_INT,  /* int, within min and max */
	CONFIG_BOOL, /* bool: sim or nao */
	CONFIG_SECRET, /* const char *: the value is the name of a file, the setting its first line; mode must be 0600 or stricter */
};

struct config_setting {
	const char *name;
	enum config_type type;
	size_t offset;             /* in the caller's struct */
	const char *default_value; /* NULL: must be given */
	int min, max;              /* CONFIG_INT */
};

/*
 * Reads `path` into `*out` by the table. Returns NULL, or a message for the operator (valid until the next call). Texts stay
 * allocated for the life of the process.
 */
const char *config_read(const char *path, const struct config_setting *settings, size_t count, void *out);

#endif
