/* Requests: path, query, body, conditions. */
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "fake_clock.h"
#include "fake_request.h"
#include "suites.h"

static struct arena *arena;
static struct fake_request fake;

static void setup(void)
{
	arena = arena_new();
}

static void teardown(void)
{
	fake_request_end(&fake);
	arena_free(arena);
}

static enum problem parse_uri(const char *uri)
{
	static const char *variables[] = {"REQUEST_METHOD", "GET", "REQUEST_URI", NULL, NULL};

	variables[3] = uri;
	fake_request(&fake, arena, NULL, variables, NULL);
	return request_parse(&fake.rq);
}

START_TEST(path_and_query_are_split_then_decoded)
{
	ck_assert_int_eq(parse_uri("/api/a%2Fb/%C3%A9?busca=p%C3%A3o+de%20l%26&x&=y&z="), PROBLEM_NONE);
	ck_assert_uint_eq(fake.rq.segment_count, 3);
	ck_assert_str_eq(fake.rq.segments[1], "a/b");
	ck_assert_str_eq(fake.rq.segments[2], "é");
	ck_assert_uint_eq(fake.rq.query_count, 4);
	ck_assert_str_eq(fake.rq.query[0].value, "pão de l&");
	ck_assert_str_eq(fake.rq.query[1].value, "");
	ck_assert_str_eq(fake.rq.id, "-");
}
END_TEST

static const char *const broken_uris[] = {"",      "x",      "/a%",     "/a%2",     "/a%zz",
                                          "/a%00", "/a?b=%", "/a?b=%0", "/a?%00=1", "http://x/a"};

START_TEST(broken_escapes_are_refused)
{
	ck_assert_int_eq(parse_uri(broken_uris[_i]), PROBLEM_REQUISICAO_INVALIDA);
}
END_TEST

START_TEST(only_a_sane_request_id_is_taken)
{
	const char *variables[] = {"REQUEST_METHOD", "HEAD", "REQUEST_URI", "/", "HTTP_X_REQUEST_ID", "a-B_9.z", NULL};

	fake_request(&fake, arena, NULL, variables, NULL);
	ck_assert_int_eq(request_parse(&fake.rq), PROBLEM_NONE);
	ck_assert_str_eq(fake.rq.id, "a-B_9.z");
	ck_assert(fake.rq.head);
	ck_assert_int_eq(fake.rq.method, METHOD_GET);
	variables[5] = "a b\"";
	ck_assert_int_eq(request_parse(&fake.rq), PROBLEM_NONE);
	ck_assert_str_eq(fake.rq.id, "-");
}
END_TEST

/* nginx's words, when it is 1000 s after 1970, and what is left then; 0: no deadline. */
static const struct {
	const char *allowed;
	const char *since;
	bool read_only;
	int64_t left;
} deadlines[] = {
    {"3800", "999.500", false, 3300},
    {"3800", "1000.000", false, 3800},
    {"3800", "990.000", false, -6200},
    {"3800", "1000.123", false, 3800}, /* a clock that was set back */
    {"3800", "999.500", true, 3800},
    {"3800", NULL, false, 3800},
    {"3800", "x", false, 3800},
    {"3800", "9999999999999.000", false, 3800},
    {"0", "999.500", false, 0},
    {"", "999.500", false, 0},
    {NULL, NULL, false, 0},
};

START_TEST(nginx_says_when_the_answer_must_be_there)
{
	const char *variables[] = {"REQUEST_METHOD", "GET", "REQUEST_URI", "/", NULL, NULL, NULL, NULL, NULL};
	const struct stores stores = {.read_only = deadlines[_i].read_only};
	size_t count = 4;

	if (deadlines[_i].allowed != NULL) {
		variables[count++] = "PRAZO_MS";
		variables[count++] = deadlines[_i].allowed;
	}
	if (deadlines[_i].since != NULL) {
		variables[count++] = "PRAZO_DESDE";
		variables[count++] = deadlines[_i].since;
	}
	fake_clock_set_now(INT64_C(1000000000));
	fake_request(&fake, arena, &stores, variables, NULL);
	ck_assert_int_eq(request_parse(&fake.rq), PROBLEM_NONE);
	ck_assert_int_eq(fake.rq.deadline, deadlines[_i].left == 0 ? 0 : clock_monotonic_ms() + deadlines[_i].left);
	fake_clock_set_now(0);
}
END_TEST

struct body {
	int64_t n;
};

static const struct rule rules[] = {{"n", FIELD_INT, offsetof(struct body, n), true, .min = 1, .max = 9}};

static const struct {
	const char *type;
	const char *length;
	const char *body;
	enum problem problem;
} bodies[] = {
    {"application/json", "7", "{\"n\":5}", PROBLEM_NONE},
    {"Application/JSON; charset=utf-8", "7", "{\"n\":5}", PROBLEM_NONE},
    {NULL, NULL, NULL, PROBLEM_JSON_INVALIDO},
    {"application/json", "0", "", PROBLEM_JSON_INVALIDO},
    {"text/plain", "7", "{\"n\":5}", PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/jsonp", "7", "{\"n\":5}", PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/json garbage", "7", "{\"n\":5}", PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/json\tx", "7", "{\"n\":5}", PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/json ;charset=utf-8", "7", "{\"n\":5}", PROBLEM_NONE},
    {"application/json ", "7", "{\"n\":5}", PROBLEM_NONE},
    {NULL, "7", "{\"n\":5}", PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/json", "65537", "{\"n\":5}", PROBLEM_CORPO_GRANDE},
    {"application/json", "99999999999999999999", "{\"n\":5}", PROBLEM_REQUISICAO_INVALIDA},
    {"application/json", "-7", "{\"n\":5}", PROBLEM_REQUISICAO_INVALIDA},
    {"application/json", "9", "{\"n\":5}", PROBLEM_REQUISICAO_INVALIDA}, /* cut short */
    {"application/json", "6", "{\"n\":5}", PROBLEM_JSON_INVALIDO},
    {"application/json", "8", "{\"n\":50}", PROBLEM_CAMPOS_INVALIDOS},
};

START_TEST(bodies_are_checked_before_they_are_read)
{
	const char *variables[8] = {"REQUEST_METHOD", "POST"};
	size_t next = 2;
	struct body body = {0};

	if (bodies[_i].length != NULL) {
		variables[next++] = "CONTENT_LENGTH";
		variables[next++] = bodies[_i].length;
	}
	if (bodies[_i].type != NULL) {
		variables[next++] = "CONTENT_TYPE";
		variables[next++] = bodies[_i].type;
	}
	fake_request(&fake, arena, NULL, variables, bodies[_i].body);
	ck_assert_int_eq(request_body(&fake.rq, &fake.rs, rules, 1, &body, NULL), bodies[_i].problem);
	ck_assert_int_eq(body.n, bodies[_i].problem == PROBLEM_NONE ? 5 : 0);
}
END_TEST

static const struct {
	const char *coding;
	enum problem problem;
} codings[] = {
    {"identity", PROBLEM_NONE},
    {"Identity", PROBLEM_NONE},
    {"", PROBLEM_NONE},
    {"gzip", PROBLEM_TIPO_NAO_SUPORTADO},
    {"identity, gzip", PROBLEM_TIPO_NAO_SUPORTADO},
};

START_TEST(a_body_that_is_encoded_is_refused)
{
	const char *const variables[] = {"REQUEST_METHOD",
	                                 "POST",
	                                 "CONTENT_LENGTH",
	                                 "7",
	                                 "CONTENT_TYPE",
	                                 "application/json",
	                                 "HTTP_CONTENT_ENCODING",
	                                 codings[_i].coding,
	                                 NULL};
	struct body body = {0};

	fake_request(&fake, arena, NULL, variables, "{\"n\":5}");
	enum problem problem = request_body(&fake.rq, &fake.rs, rules, 1, &body, NULL);
	ck_assert_int_eq(problem, codings[_i].problem);
	response_finish(&fake.rs, &fake.rq, problem);
	bool named = fake.rs.headers.len > 0 && strstr(fake.rs.headers.data, "Accept-Encoding: identity\r\n") != NULL;
	ck_assert_int_eq(named, problem != PROBLEM_NONE);
}
END_TEST

static const struct {
	const char *type, *length;
	int64_t body_max;
	enum problem problem;
} files[] = {
    {"image/png", "3", 0, PROBLEM_NONE},
    {"IMAGE/webp; q=1", "3", 0, PROBLEM_NONE},
    {"image/png", NULL, 0, PROBLEM_NONE},
    {"image/pngx", "3", 0, PROBLEM_TIPO_NAO_SUPORTADO},
    {"application/json", "3", 0, PROBLEM_TIPO_NAO_SUPORTADO},
    {NULL, "3", 0, PROBLEM_TIPO_NAO_SUPORTADO},
    {"image/png", "4", 0, PROBLEM_REQUISICAO_INVALIDA}, /* cut short */
    {"image/png", "65537", 0, PROBLEM_CORPO_GRANDE},
    {"image/png", "3", 2, PROBLEM_CORPO_GRANDE},
    {"image/png", "65537", 100000, PROBLEM_REQUISICAO_INVALIDA},
};

START_TEST(a_file_has_one_of_the_types_and_the_routes_size)
{
	static const char *const types[] = {"image/png", "image/webp", NULL};
	const char *variables[] = {"CONTENT_LENGTH", files[_i].length, "CONTENT_TYPE", files[_i].type, NULL};
	char *bytes = NULL;
	size_t len;

	fake_request(&fake, arena, NULL, variables, "abc");
	fake.rq.body_max = files[_i].body_max;
	enum problem problem = request_bytes(&fake.rq, &fake.rs, types, &bytes, &len);
	ck_assert_int_eq(problem, files[_i].problem);
	if (problem == PROBLEM_NONE)
		ck_assert_mem_eq(bytes, "abc", len);
	response_finish(&fake.rs, &fake.rq, problem);
	bool listed =
	    fake.rs.headers.len > 0 && strstr(fake.rs.headers.data, "Accept: image/png, image/webp\r\n") != NULL;
	ck_assert_int_eq(listed, problem == PROBLEM_TIPO_NAO_SUPORTADO);
}
END_TEST

static const struct {
	const char *uri;
	enum problem problem;
} queries[] = {
    {"/?n=5", PROBLEM_NONE},
    {"/?outro=1&n=5&outro=2", PROBLEM_NONE},
    {"/?n=", PROBLEM_PARAMETRO_INVALIDO},
    {"/?n=05x", PROBLEM_PARAMETRO_INVALIDO},
    {"/?n=10", PROBLEM_PARAMETRO_INVALIDO},
    {"/?n=5&n=5", PROBLEM_PARAMETRO_INVALIDO},
    {"/?outro=5", PROBLEM_PARAMETRO_INVALIDO},
    {"/?n=5&outro[]=1&[]=2&[n]=3&nn[]=4", PROBLEM_NONE},
    {"/?n=5&n[]=1", PROBLEM_PARAMETRO_INVALIDO},
    {"/?n=5&n%5B0%5D=1", PROBLEM_PARAMETRO_INVALIDO},
};

START_TEST(known_parameters_are_checked_and_unknown_ones_ignored)
{
	struct body body = {0};

	ck_assert_int_eq(parse_uri(queries[_i].uri), PROBLEM_NONE);
	ck_assert_int_eq(request_query(&fake.rq, &fake.rs, rules, 1, &body, NULL), queries[_i].problem);
	if (queries[_i].problem == PROBLEM_NONE)
		ck_assert_int_eq(body.n, 5);
}
END_TEST

START_TEST(an_array_is_told_how_lists_are_written)
{
	static const struct rule list[] = {{"ids", FIELD_IDS, 0, .min = 1, .max = 9},
	                                   {"ordem", FIELD_TEXT, 0, .max = 9}};
	struct field_array ids[2];

	ck_assert_int_eq(parse_uri("/?ids[]=1&ids[]=2&ordem[0]=x"), PROBLEM_NONE);
	ck_assert_int_eq(request_query(&fake.rq, &fake.rs, list, 2, ids, NULL), PROBLEM_PARAMETRO_INVALIDO);
	const struct complaint *first = fake.rs.complaints.first;
	ck_assert_str_eq(first->campo, "ids[]");
	ck_assert_str_eq(first->erro, "escreva a lista num só parâmetro, separada por vírgulas: ids=1,2,3");
	ck_assert_str_eq(first->next->next->erro, "escreva o nome sem colchetes: ordem=");
}
END_TEST

START_TEST(with_a_right_every_parameter_must_be_known)
{
	struct body body = {0};

	ck_assert_int_eq(parse_uri("/?n=5&N=1&outro=2"), PROBLEM_NONE);
	fake.rq.right = "admin";
	ck_assert_int_eq(request_query(&fake.rq, &fake.rs, rules, 1, &body, NULL), PROBLEM_PARAMETRO_INVALIDO);
	ck_assert_uint_eq(fake.rs.complaints.count, 2);
	ck_assert_str_eq(fake.rs.complaints.first->campo, "N");
	ck_assert_str_eq(fake.rs.complaints.first->next->campo, "outro");
	ck_assert_int_eq(parse_uri("/?n=5"), PROBLEM_NONE);
	ck_assert_int_eq(request_no_query(&fake.rq, &fake.rs), PROBLEM_PARAMETRO_INVALIDO);
}
END_TEST

Suite *request_suite(void)
{
	Suite *suite = suite_create("request");
	TCase *tests = tcase_create("request");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, nginx_says_when_the_answer_must_be_there, 0,
	                    sizeof(deadlines) / sizeof(deadlines[0]));
	tcase_add_test(tests, path_and_query_are_split_then_decoded);
	tcase_add_loop_test(tests, broken_escapes_are_refused, 0, FIELD_COUNT(broken_uris));
	tcase_add_test(tests, only_a_sane_request_id_is_taken);
	tcase_add_loop_test(tests, bodies_are_checked_before_they_are_read, 0, FIELD_COUNT(bodies));
	tcase_add_loop_test(tests, known_parameters_are_checked_and_unknown_ones_ignored, 0, FIELD_COUNT(queries));
	tcase_add_loop_test(tests, a_file_has_one_of_the_types_and_the_routes_size, 0, FIELD_COUNT(files));
	tcase_add_loop_test(tests, a_body_that_is_encoded_is_refused, 0, FIELD_COUNT(codings));
	tcase_add_test(tests, an_array_is_told_how_lists_are_written);
	tcase_add_test(tests, with_a_right_every_parameter_must_be_known);
	suite_add_tcase(suite, tests);
	return suite;
}
