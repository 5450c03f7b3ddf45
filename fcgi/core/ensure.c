/* The end of a process in which something is not as it must be. */
#include "core/ensure.h"

#include <stdlib.h>

#include "core/log.h"

void ensure_failed(const char *file, int line, const char *condition)
{
	log_event(LOG_LEVEL_ERRO, "ensure_failed", "onde=%s:%d condicao=%s", file, line, log_quote(condition));
	abort();
}
