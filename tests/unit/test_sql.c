/* SQL: literals, and what a read and a write become of each answer of a server, and of none. */
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "core/deadline.h"
#include "core/sql.h"
#include "fake_clock.h"
#include "fake_server.h"
#include "suites.h"

#define DEADLINE_MS        400
#define HEALTH_DEADLINE_MS 100

static const struct sql_column changed_column[] = {{"changed", FIELD_BOOL}};
static const struct sql_statement statements[] = {
    {"um", "SELECT 1"},
    {"muda", "UPDATE x SET y = 1", .writes = true},
    {"saude", "SELECT 1", .health = true},
    {"lista", "SELECT 2", .anew = true},
    {"muda_ou_nao", "SELECT y", .writes = true, .columns = changed_column, .column_count = 1},
};

START_TEST(array_literals_are_escaped)
{
	struct arena *arena = arena_new();
	const char *const texts[] = {"a", "", "a\"b\\c", "{x,y}", "NULL", "pão"};
	const int64_t ints[] = {1, -2, INT64_MAX};

	ck_assert_str_eq(sql_of_texts(arena, texts, 6), "{\"a\",\"\",\"a\\\"b\\\\c\",\"{x,y}\",\"NULL\",\"pão\"}");
	ck_assert_str_eq(sql_of_texts(arena, NULL, 0), "{}");
	ck_assert_str_eq(sql_of_ints(arena, ints, 3), "{1,-2,9223372036854775807}");
	ck_assert_str_eq(sql_of_money(arena, (struct money){-5}), "-0.05");
	ck_assert_str_eq(sql_of_bool(true), "t");
	ck_assert_str_eq(sql_of_bytes(arena, (const uint8_t *)"\x00\xfe\x1a", 3), "\\x00fe1a");
	ck_assert_str_eq(sql_of_bytes(arena, NULL, 0), "\\x");
	arena_free(arena);
}
END_TEST

/* What a server says, as bytes: type, length, content (manual, chapter 55). */
#define READY    "Z\0\0\0\x05I"
#define WELCOME  "R\0\0\0\x08\0\0\0\0" READY
#define PREPARED "1\0\0\0\x04" READY
#define UPDATED                                                                                                        \
	"2\0\0\0\x04n\0\0\0\x04"                                                                                       \
	"C\0\0\0\x0dUPDATE 1\0" READY
#define UPDATED_TWO                                                                                                    \
	"2\0\0\0\x04n\0\0\0\x04"                                                                                       \
	"C\0\0\0\x0dUPDATE 2\0" READY
#define NO(state)    "E\0\0\0\x16SERROR\0C" state "\0Mx\0\0"
#define FATAL(state) "E\0\0\0\x16SFATAL\0C" state "\0Mx\0\0"
#define UNIQUE       "E\0\0\0\x1cSERROR\0C23505\0Mx\0num_x\0\0"

#define SAYS(bytes)                                                                                                    \
	{                                                                                                              \
		bytes, sizeof(bytes) - 1                                                                               \
	}

struct words {
	const char *bytes; /* NULL: silence */
	size_t len;
};

/* What it says to the prepare and to the statement, then it hangs up; and what a read and a write become. */
static const struct {
	struct words prepare;
	struct words statement;
	enum problem read;
	enum problem write;
} scripts[] = {
    {SAYS(PREPARED), SAYS(UPDATED), PROBLEM_NONE, PROBLEM_NONE},
    {SAYS(PREPARED), SAYS(""), PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_RESULTADO_DESCONHECIDO},
    {SAYS(PREPARED), {NULL, 0}, PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_RESULTADO_DESCONHECIDO},
    {SAYS(PREPARED), SAYS("C\0\0"), PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_RESULTADO_DESCONHECIDO},
    {SAYS(PREPARED), SAYS(FATAL("57P01")), PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_RESULTADO_DESCONHECIDO},
    {SAYS(PREPARED), SAYS(NO("53100") READY), PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_SERVICO_INDISPONIVEL},
    {SAYS(PREPARED), SAYS(NO("57014") READY), PROBLEM_TEMPO_ESGOTADO, PROBLEM_SERVICO_INDISPONIVEL},
    {SAYS(PREPARED), SAYS(NO("25006") READY), PROBLEM_SOMENTE_LEITURA, PROBLEM_SOMENTE_LEITURA},
    {SAYS(PREPARED), SAYS(NO("42P01") READY), PROBLEM_INTERNO, PROBLEM_INTERNO},
    {SAYS(PREPARED), SAYS(UNIQUE READY), PROBLEM_INTERNO, PROBLEM_INTERNO},
    {SAYS(""), {NULL, 0}, PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_SERVICO_INDISPONIVEL},
    {{NULL, 0}, {NULL, 0}, PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_SERVICO_INDISPONIVEL},
    {SAYS(FATAL("57P01")), {NULL, 0}, PROBLEM_SERVICO_INDISPONIVEL, PROBLEM_SERVICO_INDISPONIVEL},
    {SAYS(NO("42601") READY), {NULL, 0}, PROBLEM_INTERNO, PROBLEM_INTERNO},
};

static size_t played; /* the script in hand */

static void say(int connection, const struct words *words)
{
	if (words->bytes == NULL)
		fake_server_fall_silent();
	fake_server_answer(connection, words->bytes, words->len);
}

static void play_script(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	say(connection, &scripts[played].prepare);
	if (scripts[played].prepare.len == sizeof(PREPARED) - 1)
		say(connection, &scripts[played].statement);
}

static int told; /* how often somebody was told of a change */

static void on_write(void)
{
	told++;
}

static struct sql *open_at(const char *hosts, const char *wish)
{
	static char conninfo[256];
	static struct sql_options options;

	snprintf(conninfo, sizeof(conninfo), "host=%s dbname=x user=x target_session_attrs=%s", hosts, wish);
	options = (struct sql_options){
	    conninfo, NULL, DEADLINE_MS, HEALTH_DEADLINE_MS, statements, FIELD_COUNT(statements), on_write};
	return sql_open(&options);
}

static struct sql *connect_to(struct fake_server *server, void (*serve)(int, size_t))
{
	fake_server_serve(server, ".s.PGSQL.5432", serve);
	return open_at(server->directory, "any");
}

START_TEST(every_answer_and_none)
{
	for (size_t statement = 0; statement < 2; statement++) {
		struct arena *arena = arena_new();
		struct fake_server server;
		struct sql_rows rows;

		played = (size_t)_i;
		told = 0;
		struct sql *db = connect_to(&server, play_script);
		int64_t start = clock_monotonic_ms();
		ck_assert_int_eq(sql_run(db, statement, NULL, arena, &rows),
		                 statement == 0 ? scripts[_i].read : scripts[_i].write);
		/* Of what was changed, and of what may have been. */
		bool changed = scripts[_i].write == PROBLEM_NONE || scripts[_i].write == PROBLEM_RESULTADO_DESCONHECIDO;
		ck_assert_int_eq(told, statement == 1 && changed);
		ck_assert_int_le(clock_monotonic_ms() - start, DEADLINE_MS);
		arena_free(arena);
		sql_close(db);
		fake_server_stop(&server);
	}
}
END_TEST

#define ANSWER_TO(connection, expected, bytes) fake_server_answer_to(connection, expected, bytes, sizeof(bytes) - 1)
#define TIMEOUT_SET                            "C\0\0\0\x08SET\0" READY

/* 400 ms and 100 ms less the margin. It ends with what it did not expect: a timeout that fits is not set again. */
static void play_timeouts(int connection, size_t turn)
{
	(void)turn;
	ANSWER_TO(connection, "statement_timeout=360", WELCOME);
	ANSWER_TO(connection, "SELECT 1", PREPARED);
	ANSWER_TO(connection, "um", UPDATED);
	ANSWER_TO(connection, "um", UPDATED);
	ANSWER_TO(connection, "SET statement_timeout = 90", TIMEOUT_SET);
	ANSWER_TO(connection, "SELECT 1", PREPARED);
	ANSWER_TO(connection, "saude", UPDATED);
	ANSWER_TO(connection, "saude", UPDATED);
	ANSWER_TO(connection, "SET statement_timeout = 360", TIMEOUT_SET);
	ANSWER_TO(connection, "um", UPDATED);
}

START_TEST(the_server_gives_up_before_the_client)
{
	static const size_t asked[] = {0, 0, 2, 2, 0};
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_timeouts);
	struct sql_rows rows;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		ck_assert_int_eq(sql_run(db, asked[i], NULL, arena, &rows), PROBLEM_NONE);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

static bool is_gone(void *context)
{
	(void)context;
	return true;
}

static void play_hurry(int connection, size_t turn)
{
	(void)turn;
	ANSWER_TO(connection, "", WELCOME);
	ANSWER_TO(connection, "SET statement_timeout = 180", TIMEOUT_SET);
	ANSWER_TO(connection, "UPDATE", PREPARED);
	ANSWER_TO(connection, "muda", UPDATED);
	ANSWER_TO(connection, "SELECT 1", PREPARED);
	ANSWER_TO(connection, "um", UPDATED);
}

START_TEST(a_request_gives_a_statement_what_is_left_of_it)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_hurry);
	struct sql_rows rows;

	deadline_begin(clock_monotonic_ms() + 200, NULL, NULL);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_NONE);
	told = 0;
	/* Its client has gone: nothing more is changed, what is read is read. */
	deadline_begin(clock_monotonic_ms() + 200, is_gone, NULL);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_NONE);
	deadline_begin(clock_monotonic_ms() + 19, NULL, NULL);
	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(told, 0);
	deadline_end();
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

static void play_slow_prepare(int connection, size_t turn)
{
	(void)turn;
	ANSWER_TO(connection, "", WELCOME);
	ANSWER_TO(connection, "SELECT 1", PREPARED);
	ANSWER_TO(connection, "um", UPDATED);
	ANSWER_TO(connection, "UPDATE", PREPARED);
	ANSWER_TO(connection, "SET statement_timeout = 3", TIMEOUT_SET);
	ANSWER_TO(connection, "muda", UPDATED);
}

/* Of 400 ms 375 are left when it is prepared, or too little when the server knows of it, or nearly nothing. */
START_TEST(a_statement_gets_what_is_left_or_is_not_sent)
{
	static const struct {
		int cost_ms;
		enum problem problem;
	} cases[] = {{25, PROBLEM_NONE}, {40, PROBLEM_SERVICO_INDISPONIVEL}, {381, PROBLEM_SERVICO_INDISPONIVEL}};
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_slow_prepare);
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_NONE);
	told = 0;
	fake_clock_set_cost_ms(cases[_i].cost_ms);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), cases[_i].problem);
	fake_clock_set_cost_ms(0);
	ck_assert_int_eq(told, cases[_i].problem == PROBLEM_NONE);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

/* One row with a column `changed`, which says no and then yes. */
static void play_unchanged(int connection, size_t turn)
{
	static const char row[] = "2\0\0\0\x04"
	                          "T\0\0\0\x20\0\x01"
	                          "changed\0\0\0\0\0\0\0\0\0\0\x10\0\x01\xff\xff\xff\xff\0\0"
	                          "D\0\0\0\x0b\0\x01\0\0\0\x01";
	static const char end[] = "C\0\0\0\x0dSELECT 1\0" READY;
	char answer[sizeof(row) + sizeof(end)];

	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	memcpy(answer, row, sizeof(row) - 1);
	memcpy(answer + sizeof(row), end, sizeof(end));
	for (const char *says = "ft"; *says != '\0'; says++) {
		answer[sizeof(row) - 1] = *says;
		fake_server_answer(connection, answer, sizeof(answer) - 1);
	}
}

START_TEST(a_statement_may_say_that_it_changed_nothing)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_unchanged);
	struct sql_rows rows;

	told = 0;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sql_run(db, 4, NULL, arena, &rows), PROBLEM_NONE);
		ck_assert_int_eq(sql_bool(&rows, 0, 0), i);
		ck_assert_int_eq(told, i);
	}
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

/* Each answer is to a statement that came whole: parsed, bound and run at once. */
static void play_anew(int connection, size_t turn)
{
	static const char done[] = "1\0\0\0\x04" UPDATED;

	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	fake_server_answer(connection, done, sizeof(done) - 1);
	fake_server_answer(connection, done, sizeof(done) - 1);
}

START_TEST(a_statement_may_be_planned_anew_at_every_call)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_anew);
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 3, NULL, arena, &rows), PROBLEM_NONE);
	ck_assert_int_eq(sql_run(db, 3, NULL, arena, &rows), PROBLEM_NONE);
	ck_assert_int_eq(rows.affected, 1);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

static void play_unique(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	fake_server_answer(connection, UNIQUE READY, sizeof(UNIQUE READY) - 1);
}

START_TEST(a_violated_constraint_is_named_to_who_asks)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_unique);
	const char *constraint;
	struct sql_rows rows;

	ck_assert_int_eq(sql_try(db, 1, NULL, arena, &rows, &constraint), PROBLEM_NONE);
	ck_assert_str_eq(constraint, "um_x");
	ck_assert_uint_eq(rows.count, 0);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

/* Loses to another transaction as often as the script's number says, then succeeds. */
static void play_conflicts(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	for (size_t i = 0; i < played; i++)
		fake_server_answer(connection, NO("40001") READY, sizeof(NO("40001") READY) - 1);
	fake_server_answer(connection, UPDATED, sizeof(UPDATED) - 1);
}

START_TEST(a_lost_race_is_run_again_three_times_at_most)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql_rows rows;

	played = (size_t)_i;
	struct sql *db = connect_to(&server, play_conflicts);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), _i < 3 ? PROBLEM_NONE : PROBLEM_SERVICO_INDISPONIVEL);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

/* Answers one statement, then goes away with last words, as a server that is stopped at once. */
static void play_one_and_leave(int connection, size_t turn)
{
	static const char last_words[] = "N\0\0\0\x18SWARNING\0C57P02\0Mx\0\0";

	(void)turn;
	fake_server_answer(connection, WELCOME, sizeof(WELCOME) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	fake_server_answer(connection, UPDATED, sizeof(UPDATED) - 1);
	fake_server_say(connection, last_words, sizeof(last_words) - 1);
}

START_TEST(a_dead_connection_is_seen_before_a_write_is_sent)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_one_and_leave);
	struct sql_rows rows;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_NONE);
		ck_assert_int_eq(rows.affected, 1);
		fake_server_wait_closed(&server, i + 1);
	}
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

static void play_silence(int connection, size_t turn)
{
	(void)connection, (void)turn;
	fake_server_fall_silent();
}

#define STANDBY(yes, len) "S\0\0\0" len "in_hot_standby\0" yes "\0"
#define IS_STANDBY        STANDBY("on", "\x16")
#define IS_PRIMARY        STANDBY("off", "\x17")
#define ADMITTED          "R\0\0\0\x08\0\0\0\0"

/* A primary that answers one statement a connection; when the first comes, half of the time has been spent on a silent server. */
static void play_second(int connection, size_t turn)
{
	ANSWER_TO(connection, "", ADMITTED IS_PRIMARY READY);
	if (turn == 0)
		ANSWER_TO(connection, "SET statement_timeout = 180", TIMEOUT_SET);
	ANSWER_TO(connection, "", PREPARED);
	ANSWER_TO(connection, "", UPDATED);
}

/* Two servers; the caller stops them. */
static struct sql *connect_to_both(struct fake_server servers[2], void (*first)(int, size_t),
                                   void (*second)(int, size_t), const char *wish)
{
	char hosts[80];

	fake_server_serve(&servers[0], ".s.PGSQL.5432", first);
	fake_server_serve(&servers[1], ".s.PGSQL.5432", second);
	snprintf(hosts, sizeof(hosts), "%s,%s", servers[0].directory, servers[1].directory);
	return open_at(hosts, wish);
}

static void stop_both(struct fake_server servers[2], struct sql *db, struct arena *arena)
{
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&servers[0]);
	fake_server_stop(&servers[1]);
}

START_TEST(a_silent_server_leaves_time_for_the_next)
{
	struct arena *arena = arena_new();
	struct fake_server servers[2];
	struct sql *db = connect_to_both(servers, play_silence, play_second, "any");
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_NONE);
	/* The one that answered is tried first when its connection is gone. */
	fake_server_wait_closed(&servers[1], 1);
	int64_t start = clock_monotonic_ms();
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_NONE);
	ck_assert_int_eq(clock_monotonic_ms() - start, 0);
	stop_both(servers, db, arena);
}
END_TEST

START_TEST(a_server_that_stays_silent_is_left_alone)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_silence);
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	int64_t start = clock_monotonic_ms();
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(clock_monotonic_ms() - start, 0);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

START_TEST(a_health_check_has_its_own_deadline)
{
	struct arena *arena = arena_new();
	struct fake_server server;
	struct sql *db = connect_to(&server, play_silence);
	struct sql_rows rows;
	int64_t start = clock_monotonic_ms();

	ck_assert_int_eq(sql_run(db, 2, NULL, arena, &rows), PROBLEM_SERVICO_INDISPONIVEL);
	ck_assert_int_eq(clock_monotonic_ms() - start, HEALTH_DEADLINE_MS);
	arena_free(arena);
	sql_close(db);
	fake_server_stop(&server);
}
END_TEST

static void play_standby(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, ADMITTED IS_STANDBY READY, sizeof(ADMITTED IS_STANDBY READY) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	fake_server_answer(connection, UPDATED_TWO, sizeof(UPDATED_TWO) - 1);
}

static void play_primary(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, ADMITTED IS_PRIMARY READY, sizeof(ADMITTED IS_PRIMARY READY) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	fake_server_answer(connection, UPDATED, sizeof(UPDATED) - 1);
}

START_TEST(a_primary_is_found_among_standbys)
{
	struct arena *arena = arena_new();
	struct fake_server servers[2];
	struct sql *db = connect_to_both(servers, play_standby, play_primary, "primary");
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 1, NULL, arena, &rows), PROBLEM_NONE);
	stop_both(servers, db, arena);
}
END_TEST

START_TEST(only_a_standby_is_left)
{
	struct arena *arena = arena_new();
	struct fake_server servers[2];
	struct sql *db = connect_to_both(servers, play_standby, play_standby, "primary");
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, (size_t)_i, NULL, arena, &rows),
	                 _i == 0 ? PROBLEM_SERVICO_INDISPONIVEL : PROBLEM_SOMENTE_LEITURA);
	stop_both(servers, db, arena);
}
END_TEST

/* The standby affects two rows, the primary one. */
START_TEST(a_standby_is_preferred_where_there_is_one)
{
	struct arena *arena = arena_new();
	struct fake_server servers[2];
	struct sql *db = connect_to_both(servers, _i == 0 ? play_second : play_primary,
	                                 _i == 0 ? play_silence : play_standby, "prefer-standby");
	struct sql_rows rows;

	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_NONE);
	ck_assert_int_eq(rows.affected, _i + 1);
	stop_both(servers, db, arena);
}
END_TEST

/* A standby that is promoted says so with its second answer, and goes on answering. */
static void play_promoted(int connection, size_t turn)
{
	(void)turn;
	fake_server_answer(connection, ADMITTED IS_STANDBY READY, sizeof(ADMITTED IS_STANDBY READY) - 1);
	fake_server_answer(connection, PREPARED, sizeof(PREPARED) - 1);
	fake_server_answer(connection, UPDATED, sizeof(UPDATED) - 1);
	for (;;)
		fake_server_answer(connection, IS_PRIMARY UPDATED, sizeof(IS_PRIMARY UPDATED) - 1);
}

START_TEST(a_standby_that_was_promoted_is_left_for_another)
{
	struct arena *arena = arena_new();
	struct fake_server servers[2];
	struct sql *db = connect_to_both(servers, play_promoted, play_standby, _i == 0 ? "any" : "prefer-standby");
	struct sql_rows rows;

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_NONE);
		ck_assert_int_eq(rows.affected, 1);
	}
	fake_clock_advance_ms(1001);
	ck_assert_int_eq(sql_run(db, 0, NULL, arena, &rows), PROBLEM_NONE);
	ck_assert_int_eq(rows.affected, _i + 1);
	stop_both(servers, db, arena);
}
END_TEST

Suite *sql_suite(void)
{
	Suite *suite = suite_create("sql");
	TCase *tests = tcase_create("sql");

	tcase_add_test(tests, array_literals_are_escaped);
	tcase_add_loop_test(tests, every_answer_and_none, 0, sizeof(scripts) / sizeof(scripts[0]));
	tcase_add_test(tests, a_statement_may_be_planned_anew_at_every_call);
	tcase_add_test(tests, a_statement_may_say_that_it_changed_nothing);
	tcase_add_test(tests, the_server_gives_up_before_the_client);
	tcase_add_test(tests, a_request_gives_a_statement_what_is_left_of_it);
	tcase_add_loop_test(tests, a_statement_gets_what_is_left_or_is_not_sent, 0, 3);
	tcase_add_test(tests, a_violated_constraint_is_named_to_who_asks);
	tcase_add_loop_test(tests, a_lost_race_is_run_again_three_times_at_most, 0, 4);
	tcase_add_test(tests, a_dead_connection_is_seen_before_a_write_is_sent);
	tcase_add_test(tests, a_silent_server_leaves_time_for_the_next);
	tcase_add_test(tests, a_server_that_stays_silent_is_left_alone);
	tcase_add_test(tests, a_health_check_has_its_own_deadline);
	tcase_add_test(tests, a_primary_is_found_among_standbys);
	tcase_add_loop_test(tests, only_a_standby_is_left, 0, 2);
	tcase_add_loop_test(tests, a_standby_is_preferred_where_there_is_one, 0, 2);
	tcase_add_loop_test(tests, a_standby_that_was_promoted_is_left_for_another, 0, 2);
	suite_add_tcase(suite, tests);
	return suite;
}
