/*
 * Places where a test lets a program die: before and after every effect on a store or on another service. They stand where
 * effects are made (sql.c, kv.c, call.c), so a new step of any service has its two points without a word about them.
 *
 * Only in builds configured with --enable-crash-points. There, the environment variable CONFEITARIA_CRASH names a file: when
 * it says `trace`, each point that is passed is logged; when it holds the name of a point, the first program to pass that
 * point removes the file and kills itself.
 */
#ifndef CORE_CRASH_H
#define CORE_CRASH_H

#ifdef CRASH_POINTS
/* Passes the point `<program>/<kind>/<name>/<when>`; ids in `name` are masked. Does not return when the file names it. */
void crash_point(const char *kind, const char *name, const char *when);
#else
static inline void crash_point(const char *kind, const char *name, const char *when)
{
	(void)kind;
	(void)name;
	(void)when;
}
#endif

#endif
