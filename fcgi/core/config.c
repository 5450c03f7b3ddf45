/* Configuration files: read whole, checked by a table, every complaint with file and line. */
#include "core/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/field.h"

#define LINE_MAX_BYTES 2048
#define SETTINGS_MAX   64

static char message[LINE_MAX_BYTES + 512];

static const char *complaint(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *complaint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return message;
}

/* Cuts blanks at both ends, in place. */
static char *trimmed(char *text)
{
	text += strspn(text, " \t\r\n");
	size_t len = strlen(text);
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		text[--len] = '\0';
	return text;
}

/* The first line of a file that only its owner may read. */
static const char *secret_read(const char *path, const char **out)
{
	char line[LINE_MAX_BYTES];
	struct stat status;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return complaint("cannot read secret %s: %s", path, strerror(errno));
	const char *error = NULL;
	if (fstat(fileno(file), &status) != 0 || (status.st_mode & 077) != 0)
		error = complaint("secret %s must be readable by its owner only: chmod 600", path);
	else if (fgets(line, sizeof(line), file) == NULL || *trimmed(line) == '\0')
		error = complaint("secret %s is empty", path);
	else if ((*out = strdup(trimmed(line))) == NULL)
		error = complaint("out of memory");
	fclose(file);
	explicit_bzero(line, sizeof(line));
	return error;
}

static const char *text_read(const char *value, const char **out)
{
	*out = strdup(value);
	return *out == NULL ? complaint("out of memory") : NULL;
}

/* Sets one member from its text. */
static const char *setting_set(const struct config_setting *setting, const char *value, void *out)
{
	void *member = (char *)out + setting->offset;
	int64_t number;

	switch (setting->type) {
	case CONFIG_TEXT:
		return text_read(value, member);
	case CONFIG_SECRET:
		return *value == '\0' ? text_read(value, member) : secret_read(value, member);
	case CONFIG_INT:
		if (!int_parse(value, setting->min, setting->max, &number))
			return complaint("%s must be a whole number from %d to %d, not \"%s\"", setting->name,
			                 setting->min, setting->max, value);
		*(int *)member = (int)number;
		return NULL;
	case CONFIG_BOOL:
		if (strcmp(value, "sim") != 0 && strcmp(value, "nao") != 0)
			return complaint("%s must be sim or nao, not \"%s\"", setting->name, value);
		*(bool *)member = strcmp(value, "sim") == 0;
		return NULL;
	}
	return complaint("%s has no type", setting->name);
}

/* A file being read: the table, the caller's struct, and which settings it has named so far. */
struct reading {
	const struct config_setting *settings;
	size_t count;
	void *out;
	bool seen[SETTINGS_MAX];
};

/* Reads one line: `name = value`, a comment, or nothing. */
static const char *line_read(struct reading *reading, char *line)
{
	char *name = trimmed(line);
	char *equals = strchr(name, '=');

	if (*name == '\0' || *name == '#')
		return NULL;
	if (equals == NULL)
		return complaint("expected `name = value`, found \"%s\"", name);
	*equals = '\0';
	name = trimmed(name);
	for (size_t i = 0; i < reading->count; i++) {
		if (strcmp(reading->settings[i].name, name) != 0)
			continue;
		if (reading->seen[i])
			return complaint("%s is set twice", name);
		reading->seen[i] = true;
		return setting_set(&reading->settings[i], trimmed(equals + 1), reading->out);
	}
	return complaint("unknown setting \"%s\"", name);
}

/* Puts file and line before a complaint. */
static const char *located(const char *path, int line, const char *error)
{
	char what[sizeof(message)];

	snprintf(what, sizeof(what), "%s", error);
	return complaint("%s:%d: %.*s", path, line, LINE_MAX_BYTES, what);
}

static const char *file_read(struct reading *reading, const char *path)
{
	char line[LINE_MAX_BYTES];
	const char *error = NULL;
	FILE *file = fopen(path, "re");

	if (file == NULL)
		return complaint("cannot read %s: %s", path, strerror(errno));
	for (int number = 1; error == NULL && fgets(line, sizeof(line), file) != NULL; number++) {
		bool whole = strchr(line, '\n') != NULL || feof(file);
		error = whole ? line_read(reading, line) : complaint("line too long");
		if (error != NULL)
			error = located(path, number, error);
	}
	fclose(file);
	return error;
}

const char *config_read(const char *path, const struct config_setting *settings, size_t count, void *out)
{
	struct reading reading = {.settings = settings, .count = count, .out = out};

	if (count > SETTINGS_MAX)
		return complaint("more than %d settings", SETTINGS_MAX);
	const char *error = file_read(&reading, path);
	for (size_t i = 0; error == NULL && i < count; i++) {
		if (reading.seen[i])
			continue;
		error = settings[i].default_value == NULL ? complaint("%s: missing setting %s", path, settings[i].name)
		                                          : setting_set(&settings[i], settings[i].default_value, out);
	}
	return error;
}
