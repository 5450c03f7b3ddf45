/* JSON: what is refused, what is read, what is written. */
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "suites.h"

struct linha {
	int64_t quantidade;
};

struct sample {
	int64_t quantidade;
	struct money preco;
	const char *nome;
	bool ativo;
	struct linha dentro;
	struct field_array itens;
};

static const struct rule linha_rules[] = {
    {"quantidade", FIELD_INT, offsetof(struct linha, quantidade), true, .min = 1, .max = 9999},
};

static const struct rule rules[] = {
    {"quantidade", FIELD_INT, offsetof(struct sample, quantidade), .min = 1, .max = 9999},
    {"preco", FIELD_MONEY, offsetof(struct sample, preco), .min = 1, .max = 9999999999},
    {"nome", FIELD_TEXT, offsetof(struct sample, nome), .min = 1, .max = 5, .nullable = true},
    {"ativo", FIELD_BOOL, offsetof(struct sample, ativo)},
    {"dentro", FIELD_OBJECT, offsetof(struct sample, dentro), .rules = linha_rules, .rule_count = 1},
    {"itens", FIELD_ARRAY, offsetof(struct sample, itens), .min = 1, .max = 2, .rules = linha_rules, .rule_count = 1,
     .size = sizeof(struct linha)},
};

static const struct json_schema schema = {rules, FIELD_COUNT(rules), false};

static struct arena *arena;
static struct complaints complaints;
static struct sample sample;
static uint32_t present;

static void setup(void)
{
	arena = arena_new();
	complaints_init(&complaints, arena);
	sample = (struct sample){0};
}

static void teardown(void)
{
	arena_free(arena);
}

static enum problem read_text(const char *text)
{
	return json_read(text, strlen(text), &schema, &sample, &present, &complaints);
}

/* The grammar has a test of its own: test_json_scan.c. */
static const char *const not_json[] = {
    "",
    "x",
    "{\"quantidade\":}",
    "{} x",
    "\xef\xbb\xbf",
    "\xef\xbb\xbf\xef\xbb\xbf{}",
    "{}\xef\xbb\xbf",
    "{\"nome\":\"a\",\"nome\":\"b\"}",
    "{\"nome\":\"a\",\"nom\\u0065\":\"b\"}",
    "{\"dentro\":{\"quantidade\":1,\"quantidade\":1}}",
    "{\"itens\":[{\"quantidade\":1,\"quantidade\":1}]}",
};

START_TEST(what_is_not_strict_json_is_refused)
{
	ck_assert_msg(read_text(not_json[_i]) == PROBLEM_JSON_INVALIDO, "%s", not_json[_i]);
}
END_TEST

START_TEST(a_whole_object_is_read)
{
	ck_assert_int_eq(
	    read_text(" {\"quantidade\": 3, \"preco\": 45.90, \"nome\": \"p\\u00e3o:\\\"\", \"ativo\": true,"
	              "\"dentro\":{\"quantidade\":7},\"itens\":[{\"quantidade\":1},{\"quantidade\":2}]}\n"),
	    PROBLEM_NONE);
	ck_assert_int_eq(sample.quantidade, 3);
	ck_assert_int_eq(sample.preco.centavos, 4590);
	ck_assert_str_eq(sample.nome, "pão:\"");
	ck_assert(sample.ativo);
	ck_assert_int_eq(sample.dentro.quantidade, 7);
	ck_assert_uint_eq(sample.itens.count, 2);
	ck_assert_int_eq(((struct linha *)sample.itens.items)[1].quantidade, 2);
	ck_assert_uint_eq(present, 0x3f);
}
END_TEST

static const char *const not_a_quantity[] = {
    "0",
    "-1",
    "1.5",
    "\"5\"",
    "true",
    "null",
    "2147483648",
    "9223372036854775808",
    "18446744073709551616",
    "10000",
    "1e3",
    "5.0",
    "[]",
    "{}",
    "-9223372036854775809",
};

START_TEST(what_is_not_a_quantity_is_complained_about)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"quantidade\":%s}", not_a_quantity[_i]);
	ck_assert_msg(read_text(text) == PROBLEM_CAMPOS_INVALIDOS, "%s", text);
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_str_eq(complaints.first->campo, "quantidade");
	ck_assert_str_eq(complaints.first->erro, "deve ser um inteiro de 1 a 9999");
}
END_TEST

static const char *const no_object[] = {"[1]", "[{}]", "\"a\"", "5", " -1.5e3 ", "true", "null", "\xef\xbb\xbf[]"};

START_TEST(json_that_is_no_object_is_complained_about)
{
	ck_assert_msg(read_text(no_object[_i]) == PROBLEM_CAMPOS_INVALIDOS, "%s", no_object[_i]);
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_str_eq(complaints.first->campo, "");
	ck_assert_str_eq(complaints.first->erro, "o corpo deve ser um objeto JSON");
}
END_TEST

START_TEST(a_nul_in_a_name_is_an_unknown_field)
{
	ck_assert_int_eq(read_text("{\"quantidade\\u0000b\":1}"), PROBLEM_CAMPOS_INVALIDOS);
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_int_eq(sample.quantidade, 0);
	ck_assert_int_eq(read_text("{\"dentro\":{\"\\u0000\":1}}"), PROBLEM_CAMPOS_INVALIDOS);
}
END_TEST

START_TEST(a_byte_order_mark_is_ignored)
{
	ck_assert_int_eq(read_text("\xef\xbb\xbf{\"quantidade\":7}"), PROBLEM_NONE);
	ck_assert_int_eq(sample.quantidade, 7);
}
END_TEST

static const struct {
	const char *json;
	int64_t centavos;
} prices[] = {
    {"45.9", 4590},
    {"45.900", 4590},
    {"4.59e1", 4590},
    {"1E1", 1000},
    {"4.5e0", 450},
    {"1e-2", 1},
    {"9999999999e-2", 9999999999},
};

START_TEST(a_price_is_read_by_its_value)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"preco\":%s}", prices[_i].json);
	ck_assert_msg(read_text(text) == PROBLEM_NONE, "%s", text);
	ck_assert_int_eq(sample.preco.centavos, prices[_i].centavos);
}
END_TEST

static const char *const not_a_price[] = {"0",    "-1.00",        "1.234", "1e8",    "\"4.50\"",    "1e400",
                                          "true", "100000000.00", "0.001", "1e-400", "0e999999999", "1e999999999"};

START_TEST(what_is_not_a_price_is_complained_about)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"preco\":%s}", not_a_price[_i]);
	ck_assert_msg(read_text(text) == PROBLEM_CAMPOS_INVALIDOS, "%s", text);
}
END_TEST

START_TEST(every_offending_field_is_named)
{
	ck_assert_int_eq(
	    read_text(
	        "{\"nome\":\"longo demais\",\"ativo\":1,\"dentro\":{},\"itens\":[{\"quantidade\":0},3],\"cor\":1}"),
	    PROBLEM_CAMPOS_INVALIDOS);
	const char *const campos[] = {"nome", "ativo", "dentro.quantidade", "itens[0].quantidade", "itens[1]", "cor"};
	const struct complaint *at = complaints.first;
	for (size_t i = 0; i < FIELD_COUNT(campos); i++, at = at->next) {
		ck_assert_ptr_nonnull(at);
		ck_assert_str_eq(at->campo, campos[i]);
	}
	ck_assert_ptr_null(at);
}
END_TEST

START_TEST(escapes_are_read)
{
	ck_assert_int_eq(read_text("{\"nome\":\"\\uD83D\\ude00\\\\u\"}"), PROBLEM_NONE);
	ck_assert_str_eq(sample.nome, "\xf0\x9f\x98\x80\\u");
}
END_TEST

START_TEST(a_nul_in_a_text_is_complained_about)
{
	ck_assert_int_eq(read_text("{\"nome\":\"a\\u0000b\"}"), PROBLEM_CAMPOS_INVALIDOS);
	ck_assert_int_eq(read_text("{\"nome\":null}"), PROBLEM_NONE);
	ck_assert_int_eq(read_text("{\"ativo\":null}"), PROBLEM_CAMPOS_INVALIDOS);
}
END_TEST

START_TEST(a_text_is_normalised_before_it_is_counted)
{
	ck_assert_int_eq(read_text("{\"nome\":\" \\u00a0pa\\u0303oz\\u200bs\\n\"}"), PROBLEM_NONE);
	ck_assert_str_eq(sample.nome, "pãozs");
	ck_assert_int_eq(read_text("{\"nome\":\"a\\u202eb\"}"), PROBLEM_CAMPOS_INVALIDOS);
	ck_assert_str_eq(complaints.first->erro,
	                 "não pode ter caracteres que invertem a direção do texto (U+202D, U+202E)");
}
END_TEST

START_TEST(a_blank_text_that_may_be_null_is_as_if_absent)
{
	ck_assert_int_eq(read_text("{\"nome\":\" \\u3000\\u200b\"}"), PROBLEM_NONE);
	ck_assert_ptr_null(sample.nome);
	ck_assert_uint_eq(present, 1u << 2);
}
END_TEST

/* What was stored before there was a rule. */
START_TEST(an_answer_of_another_service_is_taken_as_it_is)
{
	static const struct json_schema open_schema = {rules, FIELD_COUNT(rules), true};
	static const char text[] = "{\"nome\":\" \\u202e\\u0007 \",\"outro\":1}";

	ck_assert_int_eq(json_read(text, sizeof(text) - 1, &open_schema, &sample, &present, &complaints), PROBLEM_NONE);
	ck_assert_str_eq(sample.nome, " \xe2\x80\xae\x07 ");
}
END_TEST

START_TEST(text_is_escaped)
{
	struct buf buf = {0};
	struct json_out out = {.buf = &buf};

	json_object(&out, NULL);
	json_text(&out, "a", "\"\\\b\t\n\f\r\x01\x1f/é");
	json_text(&out, "b", NULL);
	json_text(&out, "c", "x\xffy");
	json_object_end(&out);
	ck_assert_str_eq(buf.data,
	                 "{\"a\":\"\\\"\\\\\\b\\t\\n\\f\\r\\u0001\\u001f/é\",\"b\":null,\"c\":\"x\xef\xbf\xbdy\"}");
	buf_free(&buf);
}
END_TEST

START_TEST(numbers_and_structure_are_written)
{
	struct buf buf = {0};
	struct json_out out = {.buf = &buf};

	json_object(&out, NULL);
	json_array(&out, "n");
	json_int(&out, NULL, 0);
	json_int(&out, NULL, INT64_MIN);
	json_int(&out, NULL, INT64_MAX);
	json_array_end(&out);
	json_array(&out, "vazio");
	json_array_end(&out);
	json_money(&out, "m", (struct money){350});
	json_bool(&out, "b", false);
	json_time(&out, "t", 0);
	json_object_end(&out);
	ck_assert_str_eq(buf.data,
	                 "{\"n\":[0,-9223372036854775808,9223372036854775807],\"vazio\":[],\"m\":3.50,\"b\":false,"
	                 "\"t\":\"1970-01-01T00:00:00.000000Z\"}");
	buf_free(&buf);
}
END_TEST

Suite *json_suite(void)
{
	Suite *suite = suite_create("json");
	TCase *tests = tcase_create("json");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, what_is_not_strict_json_is_refused, 0, FIELD_COUNT(not_json));
	tcase_add_test(tests, a_whole_object_is_read);
	tcase_add_loop_test(tests, what_is_not_a_quantity_is_complained_about, 0, FIELD_COUNT(not_a_quantity));
	tcase_add_loop_test(tests, json_that_is_no_object_is_complained_about, 0, FIELD_COUNT(no_object));
	tcase_add_test(tests, a_nul_in_a_name_is_an_unknown_field);
	tcase_add_test(tests, a_byte_order_mark_is_ignored);
	tcase_add_loop_test(tests, a_price_is_read_by_its_value, 0, FIELD_COUNT(prices));
	tcase_add_loop_test(tests, what_is_not_a_price_is_complained_about, 0, FIELD_COUNT(not_a_price));
	tcase_add_test(tests, every_offending_field_is_named);
	tcase_add_test(tests, escapes_are_read);
	tcase_add_test(tests, a_nul_in_a_text_is_complained_about);
	tcase_add_test(tests, a_text_is_normalised_before_it_is_counted);
	tcase_add_test(tests, a_blank_text_that_may_be_null_is_as_if_absent);
	tcase_add_test(tests, an_answer_of_another_service_is_taken_as_it_is);
	tcase_add_test(tests, text_is_escaped);
	tcase_add_test(tests, numbers_and_structure_are_written);
	suite_add_tcase(suite, tests);
	return suite;
}
