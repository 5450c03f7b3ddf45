/* Results that are what their statement says, and those that are not. */
#include "core/sql_shape.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/field.h"
#include "core/money.h"
#include "suites.h"

enum { INT4 = 23, TEXT = 25, NUMERIC = 1700, TIMESTAMPTZ = 1184 };

/* A product that may not be there, and what became of it. */
static const struct sql_column columns[] = {
    {"id", FIELD_INT, false, true},   {"nome", FIELD_TEXT, false, true},      {"preco", FIELD_MONEY, false, true},
    {"foto", FIELD_TEXT, true, true}, {"criado_em", FIELD_TIME, false, true}, {"situacao", FIELD_TEXT},
};
static const struct sql_statement statement = {"produto", "", .columns = columns, .column_count = FIELD_COUNT(columns)};

struct produto {
	int64_t id;
	const char *nome;
	struct money preco;
	const char *foto;
	int64_t criado_em;
};

static const struct field fields[] = {
    {"id", FIELD_INT, offsetof(struct produto, id)},
    {"nome", FIELD_TEXT, offsetof(struct produto, nome)},
    {"preco", FIELD_MONEY, offsetof(struct produto, preco)},
    {"foto", FIELD_TEXT, offsetof(struct produto, foto)},
    {"criado_em", FIELD_TIME, offsetof(struct produto, criado_em)},
};

static const struct {
	const char *name;
	unsigned type;
	const char *value;
} bolo[FIELD_COUNT(columns)] = {
    {"id", INT4, "7"},
    {"nome", TEXT, "Bolo"},
    {"preco", NUMERIC, "45.90"},
    {"foto", TEXT, NULL},
    {"criado_em", TIMESTAMPTZ, "2026-11-24 10:00:00.000001+00"},
    {"situacao", TEXT, "mudou"},
};

static PGresult *result;

static void set_up(void)
{
	PGresAttDesc attributes[FIELD_COUNT(columns)] = {0};

	result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	for (size_t i = 0; i < FIELD_COUNT(columns); i++)
		attributes[i] = (PGresAttDesc){.name = (char *)(uintptr_t)bolo[i].name, .typid = bolo[i].type};
	PQsetResultAttrs(result, FIELD_COUNT(columns), attributes);
	for (int i = 0; i < (int)FIELD_COUNT(columns); i++)
		PQsetvalue(result, 0, i, (char *)(uintptr_t)bolo[i].value,
		           bolo[i].value == NULL ? -1 : (int)strlen(bolo[i].value));
}

static void tear_down(void)
{
	PQclear(result);
}

static void set(int column, const char *value)
{
	PQsetvalue(result, 0, column, (char *)(uintptr_t)value, value == NULL ? -1 : (int)strlen(value));
}

static bool reads(void)
{
	struct sql_rows rows;

	return sql_shape_rows(&statement, result, &rows);
}

START_TEST(a_row_is_read_by_name_and_type)
{
	struct sql_rows rows;
	struct produto produto;

	ck_assert(sql_shape_rows(&statement, result, &rows));
	ck_assert_uint_eq(rows.count, 1);
	sql_row(&rows, 0, fields, FIELD_COUNT(fields), &produto);
	ck_assert_int_eq(produto.id, 7);
	ck_assert_str_eq(produto.nome, "Bolo");
	ck_assert_int_eq(produto.preco.centavos, 4590);
	ck_assert_ptr_null(produto.foto);
	ck_assert_int_eq(produto.criado_em % 10, 1);
	ck_assert_str_eq(sql_text(&rows, 0, 5), "mudou");
}
END_TEST

START_TEST(nothing_is_taken_for_zero)
{
	static const char *const amounts[] = {"", "NaN", "Infinity", "1.005", "92233720368547758080", "dez", NULL};
	static const char *const times[] = {"infinity", "-infinity", "0044-03-15 00:00:00+00 BC", "ontem", NULL};
	static const char *const numbers[] = {"", "9223372036854775808", "7 ", "1e3", NULL};

	for (size_t i = 0; i < FIELD_COUNT(amounts); i++) {
		set(2, amounts[i]);
		ck_assert(!reads());
	}
	set(2, "0");
	for (size_t i = 0; i < FIELD_COUNT(times); i++) {
		set(4, times[i]);
		ck_assert(!reads());
	}
	set(4, "1970-01-01 00:00:00+00");
	ck_assert(reads());
	for (size_t i = 0; i + 1 < FIELD_COUNT(numbers); i++) {
		set(0, numbers[i]);
		ck_assert(!reads());
	}
}
END_TEST

START_TEST(a_thing_that_is_not_there_is_null_as_a_whole)
{
	for (int i = 0; i < 5; i++)
		set(i, NULL);
	ck_assert(reads());
	set(5, NULL);
	ck_assert(!reads());
	set(5, "");
	set(0, "7");
	ck_assert(!reads());
}
END_TEST

/* Another schema than the statement was written for. */
static const struct {
	struct sql_column column; /* instead of the third one, an amount */
	size_t count;
	bool reads;
	const char *mismatch;
} schemas[] = {
    {{"preco", FIELD_MONEY, false, true}, 6, true, NULL},
    {{"preco", FIELD_INT, false, true}, 6, false, "column preco has another type than it says"},
    {{"preco", FIELD_TEXT, false, true}, 6, false, "column preco has another type than it says"},
    {{"valor", FIELD_MONEY, false, true}, 6, true, "column 3 is preco, not valor as it says"},
    {{"preco", FIELD_MONEY, false, true}, 5, false, "returns 6 columns, not 5 as it says"},
    {{"preco", FIELD_MONEY, false, true}, 0, false, "returns 6 columns, not 0 as it says"},
};

START_TEST(another_schema_is_found)
{
	struct arena *arena = arena_new();
	struct sql_column declared[FIELD_COUNT(columns)];
	struct sql_rows rows;

	memcpy(declared, columns, sizeof(declared));
	declared[2] = schemas[_i].column;
	const struct sql_statement other = {"outro", "", .columns = declared, .column_count = schemas[_i].count};
	const char *mismatch = sql_shape_mismatch(&other, result, arena);
	ck_assert_pstr_eq(mismatch, schemas[_i].mismatch);
	ck_assert_int_eq(sql_shape_rows(&other, result, &rows), schemas[_i].reads);
	arena_free(arena);
}
END_TEST

/* Reads what the program should not ask for. */
static void misread(int what)
{
	struct produto produto;
	struct field wrong[FIELD_COUNT(fields)];
	struct sql_rows rows;

	memcpy(wrong, fields, sizeof(wrong));
	if (!sql_shape_rows(&statement, result, &rows))
		return;
	switch (what) {
	case 0:
		sql_int(&rows, 0, 1);
		break;
	case 1:
		sql_int(&rows, 1, 0);
		break;
	case 2:
		sql_text(&rows, 0, FIELD_COUNT(columns));
		break;
	case 3:
		set(0, NULL);
		sql_int(&rows, 0, 0);
		break;
	case 4:
		wrong[1] = fields[3];
		wrong[3] = fields[1];
		sql_row(&rows, 0, wrong, FIELD_COUNT(wrong), &produto);
		break;
	default:
		wrong[0].type = FIELD_TEXT;
		sql_row(&rows, 0, wrong, FIELD_COUNT(wrong), &produto);
	}
}

START_TEST(a_mistake_in_the_program_ends_it)
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		misread(_i);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

Suite *sql_shape_suite(void)
{
	Suite *suite = suite_create("sql_shape");
	TCase *tests = tcase_create("sql_shape");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_row_is_read_by_name_and_type);
	tcase_add_test(tests, nothing_is_taken_for_zero);
	tcase_add_test(tests, a_thing_that_is_not_there_is_null_as_a_whole);
	tcase_add_loop_test(tests, another_schema_is_found, 0, (int)FIELD_COUNT(schemas));
	tcase_add_loop_test(tests, a_mistake_in_the_program_ends_it, 0, 6);
	suite_add_tcase(suite, tests);
	return suite;
}
