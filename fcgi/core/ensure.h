/*
 * Assertions that are always on: what is false here is a mistake in this program, not in what came in. The process ends before it can do
 * harm with it, the supervisor starts another, and the log says where. Not for what a client, a store or an operator may get wrong.
 */
#ifndef CORE_ENSURE_H
#define CORE_ENSURE_H

/* Ends the process by abort(3), logged with file, line and condition, unless `condition` holds. */
#define ensure(condition) ((condition) ? (void)0 : ensure_failed(__FILE__, __LINE__, #condition))

void ensure_failed(const char *file, int line, const char *condition) __attribute__((noreturn, cold));

#endif
