/*
 * What can go wrong, for the whole system: one list (problems.def) from which come this enum, the answers, nginx's own error
 * bodies and the documentation. A handler returns which problem it met; turning that into HTTP happens once, in response.c.
 */
#ifndef CORE_PROBLEM_H
#define CORE_PROBLEM_H

enum problem {
	PROBLEM_NONE = 0,
#define PROBLEM(NAME, codigo, status, retry_after, title, detail) PROBLEM_##NAME,
#include "core/problems.def"
#undef PROBLEM
	PROBLEM_COUNT
};

struct problem_info {
	const char *codigo; /* stable, for programs */
	const char *tipo;   /* the same as a path: /erros/estoque-insuficiente */
	int status;         /* HTTP */
	int retry_after;    /* seconds, 0: no Retry-After */
	const char *title;  /* pt-BR, for people */
	const char *detail; /* pt-BR, used when the handler says nothing more exact */
};

/* The facts of a problem (not PROBLEM_NONE); static storage. */
const struct problem_info *problem_info(enum problem problem);

/* The problem with this `codigo`, or PROBLEM_NONE: to pass on what another service answered. */
enum problem problem_by_codigo(const char *codigo);

#endif
