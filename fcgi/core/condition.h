/*
 * Conditional requests (RFC 9110, section 13): If-Match and If-None-Match, as lists, `*`, or empty (a list without a tag). Tags
 * compare weakly, also in If-Match: a tag names a version of the thing, and nginx marks it as weak when it compresses the
 * answer. Nothing here has a modification date, so conditions on dates are ignored, as section 13.1.3 and 13.1.4 ask.
 */
#ifndef CORE_CONDITION_H
#define CORE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/request.h"

/* Whether the request has a condition at all. */
bool condition_given(const struct request *rq);

/*
 * Whether the conditions let a write go on; false means PROBLEM_VERSAO_DIFERENTE. `etag` is the tag of what is there now, with its
 * quotes, or NULL when nothing is there: then If-Match is false, and If-None-Match true. A write that leaves a part of the thing
 * alone may give only the beginning of the tag, up to that part and without the closing quote: tags that begin so match. The
 * caller sees to it that the thing is still of that version when it is written.
 */
bool condition_met(const struct request *rq, const char *etag);

/* Whether If-Match lets a read of `etag` be answered (else 412), and whether If-None-Match makes it a 304. */
bool condition_if_match(const struct request *rq, const char *etag);
bool condition_if_none_match(const struct request *rq, const char *etag);

/* A tag, with its quotes, made of an answer's bytes; of the arena. Not cryptographic: it tells versions apart, it proves nothing. */
const char *condition_tag(struct arena *arena, const char *data, size_t len);

#endif
