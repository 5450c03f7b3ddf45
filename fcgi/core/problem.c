/* The list of problems as a table. */
#include "core/problem.h"

#include <stddef.h>
#include <string.h>

#include "core/ensure.h"

/* Filled from `codigo` at first use: the path is the code with hyphens. */
#define TIPO_MAX 64
static char tipos[PROBLEM_COUNT][TIPO_MAX];

static struct problem_info infos[PROBLEM_COUNT] = {
#define PROBLEM(NAME, codigo, status, retry_after, title, detail)                                                      \
	[PROBLEM_##NAME] = {codigo, NULL, status, retry_after, title, detail},
#include "core/problems.def"
#undef PROBLEM
};

static const char *tipo_of(enum problem problem)
{
	static const char prefix[] = "/erros/";
	char *tipo = tipos[problem];
	size_t len = sizeof(prefix) - 1;

	memcpy(tipo, prefix, len);
	for (const char *at = infos[problem].codigo; *at != '\0' && len < TIPO_MAX - 1; at++)
		tipo[len++] = (char)(*at == '_' ? '-' : *at);
	return tipo;
}

const struct problem_info *problem_info(enum problem problem)
{
	ensure(problem < PROBLEM_COUNT);
	if (infos[problem].tipo == NULL)
		infos[problem].tipo = tipo_of(problem);
	return &infos[problem];
}

enum problem problem_by_codigo(const char *codigo)
{
	for (enum problem problem = PROBLEM_NONE + 1; problem < PROBLEM_COUNT; problem++)
		if (strcmp(infos[problem].codigo, codigo) == 0)
			return problem;
	return PROBLEM_NONE;
}
