/*
 * What nginx answered without a worker, counted from its access log: refusals, and answers that it had kept. The log is read on from
 * where the last call, of any worker, ended; a file next to it remembers that place and the counts.
 */
#ifndef SAUDE_ACESSO_H
#define SAUDE_ACESSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Refusals by status: a limit, no worker to be had, no answer in time. */
enum acesso_refused { ACESSO_429, ACESSO_503, ACESSO_504, ACESSO_REFUSED_COUNT };
/* Reads whose answer nginx may keep: it had it, it asked a worker, anything else. */
enum acesso_cache { ACESSO_HIT, ACESSO_MISS, ACESSO_OTHER, ACESSO_CACHE_COUNT };

struct acesso {
	int64_t refused[ACESSO_REFUSED_COUNT];
	int64_t cache[ACESSO_CACHE_COUNT];
};

/*
 * Counts one line, without its end, in the combined format: what counts beside its status are the pairs key=value, key="value" after the last
 * word that is none, since clients choose some of the words before: pool_status, cache, one_in (how many such lines this one stands for), and
 * status, which stood there in older logs. A line without a status counts nothing.
 */
void acesso_line(const char *line, size_t len, struct acesso *acesso);

/*
 * Reads on in the log at `path`, and in the file that had this name before if its end was not read yet; at most some megabytes a call.
 * `memory` is the file that remembers. False when either cannot be read, or another worker is at it for longer than a moment.
 */
bool acesso_read(const char *path, const char *memory, struct acesso *acesso);

#endif
