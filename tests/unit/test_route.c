/* Dispatch and answers: which handler, and what the client sees when none fits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/auth.h"
#include "core/route.h"
#include "fake_request.h"
#include "suites.h"

static struct arena *arena;
static struct stores stores;
static struct fake_request fake;
static const char *if_match; /* of the next request */
static const char *if_none_match;
static const char *authorization;

static void setup(void)
{
	arena = arena_new();
	if_match = if_none_match = authorization = NULL;
	stores = (struct stores){.auth = auth_open("/nowhere", "")};
}

static void teardown(void)
{
	fake_request_end(&fake);
	auth_close(stores.auth);
	arena_free(arena);
}

static enum problem get_one(struct request *rq, struct response *rs)
{
	json_int(response_open(rs, 200), NULL, request_int(rq, 0));
	return PROBLEM_NONE;
}

static enum problem refuse(struct request *rq, struct response *rs)
{
	(void)rq;
	json_text(response_open(rs, 200), NULL, "half an answer");
	response_header(rs, "Location", "/x");
	complain(&rs->complaints, "campo", "erro");
	return response_problem(rs, PROBLEM_ESTOQUE_INSUFICIENTE, "restam %d", 3);
}

static enum problem get_bytes(struct request *rq, struct response *rs)
{
	(void)rq;
	response_etag(rs, "\"a\"");
	response_bytes(rs, "image/png", "\0\1\2", 3);
	return PROBLEM_NONE;
}

#define HASH "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct route routes[] = {
    {METHOD_GET, "/f/{hash}", get_bytes, NULL, .immutable = true},
    {METHOD_GET, "/api/p/{int}", get_one, NULL},
    {METHOD_PUT, "/api/p/{int}", refuse, NULL, .tagged = true},
    {METHOD_DELETE, "/api/d", refuse, NULL},
    {METHOD_POST, "/api/p", refuse, "admin"},
    {METHOD_GET, "/api/u/{uuid}/x", get_one, NULL},
    {METHOD_GET, "/api/c/{int}", get_one, NULL, .cacheable = true},
    {METHOD_POST, "/api/s", refuse, "admin,atendente"},
};

static enum problem dispatch(const char *method, const char *uri)
{
	static const char *variables[11];
	size_t count = 0;
	const char *const given[][2] = {{"REQUEST_METHOD", method},
	                                {"REQUEST_URI", uri},
	                                {"HTTP_IF_MATCH", if_match},
	                                {"HTTP_IF_NONE_MATCH", if_none_match},
	                                {"HTTP_AUTHORIZATION", authorization}};

	for (size_t i = 0; i < FIELD_COUNT(given); i++) {
		if (given[i][1] == NULL)
			continue;
		variables[count++] = given[i][0];
		variables[count++] = given[i][1];
	}
	variables[count] = NULL;
	fake_request(&fake, arena, &stores, variables, NULL);
	enum problem problem = request_parse(&fake.rq);
	if (problem == PROBLEM_NONE)
		problem = route_dispatch(routes, FIELD_COUNT(routes), &fake.rq, &fake.rs);
	response_finish(&fake.rs, &fake.rq, problem);
	return problem;
}

static const struct {
	const char *method, *uri;
	enum problem problem;
} cases[] = {
    {"GET", "/api/p/7", PROBLEM_NONE},
    {"HEAD", "/api/p/7", PROBLEM_NONE},
    {"GET", "/api/p/0", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/p/-1", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/p/01", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/p/2147483648", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/p/7/", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/p/7%2F", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api//p/7", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/u/nao-e-uuid/x", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/api/u/11111111-1111-4111-8111-111111111111/x", PROBLEM_NONE},
    {"GET", "/f/" HASH ".png", PROBLEM_NONE},
    {"GET", "/f/" HASH ".x2345678", PROBLEM_NONE},
    {"GET", "/f/" HASH ".x23456789", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/" HASH, PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/" HASH ".", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/" HASH ".PNG", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/" HASH ".p.g", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/0" HASH ".png", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/123.png", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"GET", "/f/", PROBLEM_ROTA_NAO_ENCONTRADA},
    {"POST", "/f/" HASH ".png", PROBLEM_METODO_NAO_PERMITIDO},
    {"POST", "/api/p", PROBLEM_NAO_AUTENTICADO},
    {"GET", "/api/p", PROBLEM_METODO_NAO_PERMITIDO},
    {"PURGE", "/api/p/7", PROBLEM_METODO_NAO_PERMITIDO},
    {"PUT", "/api/p/7", PROBLEM_ESTOQUE_INSUFICIENTE},
};

START_TEST(paths_and_methods_find_their_way)
{
	ck_assert_int_eq(dispatch(cases[_i].method, cases[_i].uri), cases[_i].problem);
}
END_TEST

static const struct {
	const char *method, *uri;
	size_t number;
} numbers[] = {
    {"GET", "/f/" HASH ".png", 1}, {"HEAD", "/api/p/7", 2}, {"PUT", "/api/p/7", 3},  {"POST", "/api/p", 5},
    {"POST", "/api/p/7", 0},       {"GET", "/api/p", 0},    {"GET", "/api/nada", 0}, {"GET", "/%zz", 0},
};

/* What a request counts for on the scoreboard: the route that was called, whatever came of it. */
START_TEST(the_route_that_was_called_has_its_number)
{
	dispatch(numbers[_i].method, numbers[_i].uri);
	ck_assert_uint_eq(fake.rq.route_number, numbers[_i].number);
}
END_TEST

START_TEST(a_success_is_in_the_envelope)
{
	dispatch("GET", "/api/p/7");
	ck_assert_int_eq(fake.rs.status, 200);
	ck_assert_str_eq(fake.rs.body.data, "{\"success\":true,\"data\":7}");
	struct buf out = {0};
	response_render(&fake.rs, &fake.rq, &out);
	ck_assert_str_eq(out.data, "Status: 200 OK\r\nETag: \"1ad75eecba08ff15-19\"\r\nContent-Type: application/json; "
	                           "charset=utf-8\r\nCache-Control: no-store\r\nContent-Length: 25\r\n\r\n"
	                           "{\"success\":true,\"data\":7}");
	buf_free(&out);
}
END_TEST

START_TEST(bytes_are_answered_as_they_are_and_kept_for_a_year)
{
	static const char headers[] = "Status: 200 OK\r\nETag: \"a\"\r\nContent-Type: image/png\r\n"
	                              "Cache-Control: public, max-age=31536000, immutable\r\nContent-Length: 3\r\n\r\n";
	struct buf out = {0};

	dispatch("GET", "/f/" HASH ".png");
	response_render(&fake.rs, &fake.rq, &out);
	ck_assert_uint_eq(out.len, sizeof(headers) - 1 + 3);
	ck_assert_mem_eq(out.data, headers, sizeof(headers) - 1);
	ck_assert_mem_eq(out.data + sizeof(headers) - 1, "\0\1\2", 3);
	fake_request_end(&fake);
	if_none_match = "\"a\"";
	dispatch("GET", "/f/" HASH ".png");
	ck_assert_int_eq(fake.rs.status, 304);
	fake_request_end(&fake);
	if_none_match = NULL;
	if_match = "\"b\"";
	ck_assert_int_eq(dispatch("GET", "/f/" HASH ".png"), PROBLEM_NONE);
	ck_assert_int_eq(fake.rs.status, 412);
	buf_clear(&out);
	response_render(&fake.rs, &fake.rq, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "Content-Type: application/problem+json\r\n"));
	ck_assert_ptr_nonnull(strstr(out.data, "Cache-Control: no-store\r\n"));
	buf_free(&out);
}
END_TEST

START_TEST(a_head_has_the_length_but_no_body)
{
	struct buf out = {0};

	dispatch("HEAD", "/api/p/7");
	response_render(&fake.rs, &fake.rq, &out);
	ck_assert_ptr_nonnull(strstr(out.data, "Content-Length: 25\r\n\r\n"));
	ck_assert_str_eq(strstr(out.data, "\r\n\r\n"), "\r\n\r\n");
	buf_free(&out);
}
END_TEST

START_TEST(a_problem_replaces_what_was_written)
{
	dispatch("PUT", "/api/p/7");
	ck_assert_int_eq(fake.rs.status, 409);
	ck_assert_str_eq(fake.rs.headers.data, "Content-Type: application/problem+json\r\n");
	ck_assert_str_eq(
	    fake.rs.body.data,
	    "{\"success\":false,\"error\":\"restam 3\",\"type\":\"/erros/estoque-insuficiente\",\"title\":\"Estoque "
	    "insuficiente\",\"status\":409,\"detail\":\"restam "
	    "3\",\"codigo\":\"estoque_insuficiente\",\"request_id\":\"-\","
	    "\"detalhes\":[{\"campo\":\"campo\",\"erro\":\"erro\"}]}");
}
END_TEST

START_TEST(a_problem_keeps_what_was_said_of_it)
{
	static const char end[] = "\"request_id\":\"\",\"pedido_id\":\"7\",\"restam\":3}";

	fake_request(&fake, arena, &stores, (const char *const[]){NULL}, NULL);
	response_header(&fake.rs, "Location", "/success");
	response_keep(&fake.rs, "Location", "/7");
	json_text(response_extension(&fake.rs), "pedido_id", "7");
	json_int(response_extension(&fake.rs), "restam", 3);
	response_finish(&fake.rs, &fake.rq, PROBLEM_CARRINHO_VAZIO);
	ck_assert_str_eq(fake.rs.headers.data, "Content-Type: application/problem+json\r\nLocation: /7\r\n");
	ck_assert_str_eq(fake.rs.body.data + fake.rs.body.len - strlen(end), end);
}
END_TEST

START_TEST(a_success_has_only_the_headers_of_it)
{
	fake_request(&fake, arena, &stores, (const char *const[]){NULL}, NULL);
	response_keep(&fake.rs, "Location", "/7");
	json_text(response_extension(&fake.rs), "pedido_id", "7");
	json_int(response_open(&fake.rs, 201), NULL, 7);
	response_finish(&fake.rs, &fake.rq, PROBLEM_NONE);
	ck_assert_str_eq(fake.rs.body.data, "{\"success\":true,\"data\":7}");
	ck_assert_ptr_nonnull(strstr(fake.rs.headers.data, "Location: /7\r\n"));
}
END_TEST

START_TEST(a_long_detail_is_not_cut)
{
	char name[482] = "";

	for (size_t i = 0; i < 120; i++)
		memcpy(name + 4 * i, "\xf0\x9f\x8d\xb0", 5);
	fake_request(&fake, arena, &stores, (const char *const[]){NULL}, NULL);
	enum problem problem =
	    response_problem(&fake.rs, PROBLEM_ESTOQUE_INSUFICIENTE, "não há três unidades à venda agora: %s", name);
	response_finish(&fake.rs, &fake.rq, problem);
	ck_assert_ptr_nonnull(strstr(fake.rs.body.data, "não há três"));
	ck_assert_ptr_nonnull(strstr(fake.rs.body.data, name));
}
END_TEST

START_TEST(a_wrong_method_is_told_the_right_ones)
{
	dispatch("DELETE", "/api/p/7");
	ck_assert_ptr_nonnull(strstr(fake.rs.headers.data, "Allow: GET, HEAD, PUT, OPTIONS\r\n"));
}
END_TEST

START_TEST(a_read_only_pool_refuses_to_write)
{
	stores.read_only = true;
	ck_assert_int_eq(dispatch("PUT", "/api/p/7"), PROBLEM_SOMENTE_LEITURA);
	ck_assert_ptr_nonnull(strstr(fake.rs.headers.data, "Retry-After: 2\r\n"));
	fake_request_end(&fake);
	ck_assert_int_eq(dispatch("GET", "/api/p/7"), PROBLEM_NONE);
}
END_TEST

/* Cache-Control of the whole answer. */
static const char *kept(const char *method, const char *uri)
{
	static char value[32];
	struct buf out = {0};

	dispatch(method, uri);
	response_render(&fake.rs, &fake.rq, &out);
	const char *at = strstr(out.data, "\r\nCache-Control: ");
	ck_assert_ptr_nonnull(at);
	ck_assert_int_eq(sscanf(at, "\r\nCache-Control: %31[a-z-]", value), 1);
	ck_assert_ptr_null(strstr(at + 3, "Cache-Control"));
	buf_free(&out);
	fake_request_end(&fake);
	return value;
}

START_TEST(only_public_reads_may_be_kept_and_must_be_asked_for_again)
{
	ck_assert_str_eq(kept("GET", "/api/c/7"), "no-cache");
	ck_assert_str_eq(kept("HEAD", "/api/c/7"), "no-cache");
	ck_assert_str_eq(kept("GET", "/api/c/0"), "no-store");
	ck_assert_str_eq(kept("PUT", "/api/c/7"), "no-store");
	ck_assert_str_eq(kept("GET", "/api/p/7"), "no-store");
	ck_assert_str_eq(kept("PUT", "/api/p/7"), "no-store");
	if_none_match = "*";
	ck_assert_str_eq(kept("GET", "/api/c/7"), "no-cache");
	if_match = "\"x\"";
	ck_assert_str_eq(kept("GET", "/api/c/7"), "no-store");
	if_match = NULL;
	authorization = "";
	ck_assert_str_eq(kept("GET", "/api/c/7"), "no-cache");
	authorization = "Bearer x";
	ck_assert_str_eq(kept("GET", "/api/c/7"), "no-store");
}
END_TEST

START_TEST(if_match_stops_a_write_that_does_not_judge_it_itself)
{
	if_match = "\"1\"";
	ck_assert_int_eq(dispatch("DELETE", "/api/d"), PROBLEM_VERSAO_DIFERENTE);
	fake_request_end(&fake);
	ck_assert_int_eq(dispatch("PUT", "/api/p/7"), PROBLEM_ESTOQUE_INSUFICIENTE);
	fake_request_end(&fake);
	if_match = NULL;
	ck_assert_int_eq(dispatch("DELETE", "/api/d"), PROBLEM_ESTOQUE_INSUFICIENTE);
}
END_TEST

static char tokens[sizeof("/tmp/unit-route-XXXXXX")];

/* A tokens file with one token, "sesame". */
static void write_token(const char *rights)
{
	char hash[AUTH_HASH_MAX];

	memcpy(tokens, "/tmp/unit-route-XXXXXX", sizeof(tokens));
	int fd = mkstemp(tokens);
	ck_assert_int_ge(fd, 0);
	ck_assert(auth_hash("Bearer sesame", hash));
	dprintf(fd, "%s ana %s 2026-11-24\n", hash, rights);
	close(fd);
	auth_close(stores.auth);
	stores.auth = auth_open(tokens, "");
	authorization = "Bearer sesame";
}

static const struct {
	const char *rights; /* of the token; NULL: one that is not known */
	const char *uri;    /* /api/s takes admin and atendente, /api/p admin */
	enum problem problem;
} rights[] = {
    {"admin", "/api/p", PROBLEM_ESTOQUE_INSUFICIENTE},      {"admin", "/api/s", PROBLEM_ESTOQUE_INSUFICIENTE},
    {"atendente", "/api/p", PROBLEM_NAO_AUTORIZADO},        {"atendente", "/api/s", PROBLEM_ESTOQUE_INSUFICIENTE},
    {"reservas,retirar", "/api/s", PROBLEM_NAO_AUTORIZADO}, {NULL, "/api/s", PROBLEM_NAO_AUTENTICADO},
};

START_TEST(a_route_takes_any_of_its_rights_and_keeps_the_author)
{
	const char *given = rights[_i].rights;

	write_token(given == NULL ? "admin" : given);
	authorization = given == NULL ? "Bearer other" : authorization;
	ck_assert_int_eq(dispatch("POST", rights[_i].uri), rights[_i].problem);
	if (given == NULL)
		ck_assert_ptr_null(fake.rq.author);
	else
		ck_assert_str_eq(fake.rq.author, "ana"); /* a refused one too: the log names it */
	ck_assert_int_eq(fake.rq.right != NULL, rights[_i].problem == PROBLEM_ESTOQUE_INSUFICIENTE);
	unlink(tokens);
}
END_TEST

START_TEST(an_open_route_may_ask_for_a_right)
{
	write_token("atendente");
	dispatch("GET", "/api/p/7");
	ck_assert_ptr_null(fake.rq.author); /* it did not */
	ck_assert(request_has_right(&fake.rq, "admin,atendente"));
	ck_assert_str_eq(fake.rq.author, "ana");
	ck_assert(!request_has_right(&fake.rq, "admin"));
	ck_assert_int_eq(request_authorize(&fake.rq, "admin"), PROBLEM_NAO_AUTORIZADO);
	ck_assert_ptr_null(fake.rq.right);
	unlink(tokens);
}
END_TEST

Suite *route_suite(void)
{
	Suite *suite = suite_create("route");
	TCase *tests = tcase_create("route and response");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, paths_and_methods_find_their_way, 0, FIELD_COUNT(cases));
	tcase_add_loop_test(tests, the_route_that_was_called_has_its_number, 0, FIELD_COUNT(numbers));
	tcase_add_test(tests, a_success_is_in_the_envelope);
	tcase_add_test(tests, bytes_are_answered_as_they_are_and_kept_for_a_year);
	tcase_add_test(tests, a_head_has_the_length_but_no_body);
	tcase_add_test(tests, a_problem_replaces_what_was_written);
	tcase_add_test(tests, a_problem_keeps_what_was_said_of_it);
	tcase_add_test(tests, a_success_has_only_the_headers_of_it);
	tcase_add_test(tests, a_long_detail_is_not_cut);
	tcase_add_test(tests, a_wrong_method_is_told_the_right_ones);
	tcase_add_test(tests, a_read_only_pool_refuses_to_write);
	tcase_add_test(tests, only_public_reads_may_be_kept_and_must_be_asked_for_again);
	tcase_add_test(tests, if_match_stops_a_write_that_does_not_judge_it_itself);
	tcase_add_loop_test(tests, a_route_takes_any_of_its_rights_and_keeps_the_author, 0, FIELD_COUNT(rights));
	tcase_add_test(tests, an_open_route_may_ask_for_a_right);
	suite_add_tcase(suite, tests);
	return suite;
}
