/*
 * PostgreSQL, Redis and the other services, played by the input: core/sql.h, core/kv.h and the calls of core/call.h, in whose place
 * they are linked (Makefile.am). They answer what real ones might: rows with values of the right types, errors, nothing. What is asked
 * of them is checked: parameters and bodies that a real store would refuse are bugs.
 */
#ifndef FUZZ_STORES_H
#define FUZZ_STORES_H

#include "fuzz.h"

/* From now on the stores answer by `input`; when it is used up, they give the most usual answers. */
void stores_play(struct input *input);

#endif
