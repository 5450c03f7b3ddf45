/* Runs every suite; the exit status says whether all passed. */
#include <stddef.h>
#include <stdlib.h>

#include "suites.h"

int main(void)
{
	Suite *(*const suites[])(void) = {
	    acesso_suite,    arena_suite,      auth_suite,   breaker_suite,     call_suite,        clock_suite,
	    condition_suite, config_suite,     cursor_suite, deadline_suite,    ensure_suite,      exposicao_suite,
	    field_suite,     fila_suite,       http_suite,   idempotency_suite, imagem_suite,      json_suite,
	    json_scan_suite, kv_suite,         log_suite,    money_suite,       request_suite,     resident_suite,
	    route_suite,     scoreboard_suite, slow_suite,   sql_suite,         sql_servers_suite, sql_shape_suite,
	    text_suite,      trace_suite,      uuid_suite};
	SRunner *runner = srunner_create(NULL);

	/* Seconds of real time that a test may hang for, whatever the machine. */
	setenv("CK_DEFAULT_TIMEOUT", "120", 0);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		srunner_add_suite(runner, suites[i]());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
