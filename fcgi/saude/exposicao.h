/* Prometheus's text format, version 0.0.4: what a metric is, then a line a sample. */
#ifndef SAUDE_EXPOSICAO_H
#define SAUDE_EXPOSICAO_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define EXPOSICAO_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct label {
	const char *name;
	const char *value; /* UTF-8; escaped when it is written */
};

/* The labels of a sample; without any: NULL. */
#define LABELS(...) ((const struct label[]){__VA_ARGS__, {NULL, NULL}})

/* Begins a metric: counter, gauge or histogram. All its samples follow. */
void exposicao_metric(struct buf *out, const char *name, const char *type, const char *help);

/* A sample that is a whole number. */
void exposicao_int(struct buf *out, const char *name, const struct label *labels, int64_t value);

/* A sample in seconds, given in microseconds. */
void exposicao_seconds(struct buf *out, const char *name, const struct label *labels, int64_t microseconds);

#endif
