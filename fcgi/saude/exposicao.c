/* Writes metrics as Prometheus reads them. */
#include "saude/exposicao.h"

#include <inttypes.h>
#include <string.h>

void exposicao_metric(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslash, quote and new line are escaped, all else stands as it is. */
static void value_write(struct buf *out, const char *value)
{
	for (;;) {
		size_t plain = strcspn(value, "\\\"\n");
		buf_append(out, value, plain);
		value += plain;
		if (*value == '\0')
			return;
		buf_text(out, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
		value++;
	}
}

static void series_write(struct buf *out, const char *name, const struct label *labels)
{
	buf_text(out, name);
	for (const struct label *label = labels; label != NULL && label->name != NULL; label++) {
		buf_printf(out, "%s%s=\"", label == labels ? "{" : ",", label->name);
		value_write(out, label->value);
		buf_text(out, "\"");
	}
	buf_text(out, labels == NULL ? " " : "} ");
}

void exposicao_int(struct buf *out, const char *name, const struct label *labels, int64_t value)
{
	series_write(out, name, labels);
	buf_printf(out, "%" PRId64 "\n", value);
}

void exposicao_seconds(struct buf *out, const char *name, const struct label *labels, int64_t microseconds)
{
	series_write(out, name, labels);
	buf_printf(out, "%" PRId64 ".%06" PRId64 "\n", microseconds / 1000000, microseconds % 1000000);
}
