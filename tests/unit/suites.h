/* The suites of the unit tests: one a source file. */
#ifndef UNIT_SUITES_H
#define UNIT_SUITES_H

#include <check.h>

Suite *acesso_suite(void);
Suite *arena_suite(void);
Suite *auth_suite(void);
Suite *breaker_suite(void);
Suite *call_suite(void);
Suite *clock_suite(void);
Suite *condition_suite(void);
Suite *config_suite(void);
Suite *cursor_suite(void);
Suite *deadline_suite(void);
Suite *ensure_suite(void);
Suite *exposicao_suite(void);
Suite *field_suite(void);
Suite *fila_suite(void);
Suite *http_suite(void);
Suite *idempotency_suite(void);
Suite *imagem_suite(void);
Suite *json_suite(void);
Suite *json_scan_suite(void);
Suite *kv_suite(void);
Suite *log_suite(void);
Suite *money_suite(void);
Suite *request_suite(void);
Suite *resident_suite(void);
Suite *route_suite(void);
Suite *scoreboard_suite(void);
Suite *slow_suite(void);
Suite *sql_suite(void);
Suite *sql_servers_suite(void);
Suite *sql_shape_suite(void);
Suite *text_suite(void);
Suite *trace_suite(void);
Suite *uuid_suite(void);

#endif
