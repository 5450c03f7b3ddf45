/* One request: its line, query, headers and body, parsed and checked before a handler sees them. */
#include "core/request.h"

#include <string.h>
#include <strings.h>

#include "core/auth.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/response.h"

#define SEGMENTS_MAX 16
#define PAIRS_MAX    64

static const char *variable(const struct request *rq, const char *name)
{
	return rq->source->variable(rq->source->context, name);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decodes `len` bytes (RFC 3986, section 2.1); NULL for a broken escape or %00. */
static char *decode(struct arena *arena, const char *text, size_t len, bool plus_is_blank)
{
	char *out = arena_copy(arena, text, len);
	size_t to = 0;

	for (size_t from = 0; from < len; from++) {
		char c = text[from];
		if (c == '%') {
			if (len - from < 3)
				return NULL;
			int high = hex_digit(text[from + 1]);
			int low = hex_digit(text[from + 2]);
			if (high < 0 || low < 0 || high + low == 0)
				return NULL;
			c = (char)(high * 16 + low);
			from += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out[to++] = c;
	}
	out[to] = '\0';
	return out;
}

/* "/api/produtos/1" to its segments; split before decoding, so that %2F stays inside one. */
static enum problem parse_path(struct request *rq)
{
	const char *at = rq->path;

	rq->segments = arena_array(rq->arena, SEGMENTS_MAX, sizeof(*rq->segments));
	while (*at == '/') {
		size_t len = strcspn(++at, "/");
		if (rq->segment_count == SEGMENTS_MAX)
			return PROBLEM_ROTA_NAO_ENCONTRADA;
		const char *segment = decode(rq->arena, at, len, false);
		if (segment == NULL)
			return PROBLEM_REQUISICAO_INVALIDA;
		rq->segments[rq->segment_count++] = segment;
		at += len;
	}
	return PROBLEM_NONE;
}

static enum problem parse_query(struct request *rq, const char *query)
{
	rq->query = arena_array(rq->arena, PAIRS_MAX, sizeof(*rq->query));
	while (*query != '\0') {
		size_t len = strcspn(query, "&");
		size_t name_len = strcspn(query, "=&");
		size_t value_at = name_len < len ? name_len + 1 : len;
		const char *name = decode(rq->arena, query, name_len, true);
		const char *value = decode(rq->arena, query + value_at, len - value_at, true);
		if (name == NULL || value == NULL || rq->query_count == PAIRS_MAX)
			return PROBLEM_REQUISICAO_INVALIDA;
		if (len > 0)
			rq->query[rq->query_count++] = (struct request_pair){name, value};
		query += len + (query[len] == '&');
	}
	return PROBLEM_NONE;
}

/* What answers HEAD is GET, and comes before it. */
static const struct {
	const char *name;
	enum method method;
} methods[] = {{"GET", METHOD_GET}, {"HEAD", METHOD_GET},    {"POST", METHOD_POST},
               {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE}};

const char *method_name(enum method method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i].method == method)
			return methods[i].name;
	return "?";
}

static enum method method_of(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return METHOD_OTHER;
}

/* X-Request-Id when it is a sane one; nginx always sends one. */
static void take_id(struct request *rq)
{
	static const char sane[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *id = variable(rq, "HTTP_X_REQUEST_ID");

	if (id == NULL || *id == '\0' || strlen(id) >= REQUEST_ID_MAX || id[strspn(id, sane)] != '\0')
		id = "-";
	memcpy(rq->id, id, strlen(id) + 1);
}

/* Milliseconds since `moment`, nginx's $msec: seconds since 1970 with three decimals. 0 when it is not that. */
static int64_t ms_since(const char *moment)
{
	const char *point = moment == NULL ? NULL : strchr(moment, '.');
	char seconds[12] = "";
	int64_t whole;
	int64_t thousandths;

	if (point == NULL || (size_t)(point - moment) >= sizeof(seconds))
		return 0;
	memcpy(seconds, moment, (size_t)(point - moment));
	if (!int_parse(seconds, 0, INT64_C(99999999999), &whole) || !int_parse(point + 1, 0, 999, &thousandths))
		return 0;
	int64_t passed = clock_now() / 1000 - whole * 1000 - thousandths;
	return passed < 0 ? 0 : passed;
}

/*
 * How long the request may take is for nginx to say (fastcgi.conf), not for a client. It counts from when nginx passed the request on:
 * it may have waited in the socket's backlog. The replica's workers count from now: nginx asks them when others used up the time.
 */
static void take_deadline(struct request *rq)
{
	const char *allowed = variable(rq, "PRAZO_MS");
	int64_t milliseconds;

	if (allowed == NULL || !int_parse(allowed, 1, 99999, &milliseconds))
		return;
	rq->queue_ms = ms_since(variable(rq, "PRAZO_DESDE"));
	if (rq->stores == NULL || !rq->stores->read_only)
		milliseconds -= rq->queue_ms;
	rq->deadline = clock_monotonic_ms() + milliseconds;
}

enum problem request_parse(struct request *rq)
{
	const char *method = variable(rq, "REQUEST_METHOD");
	const char *uri = variable(rq, "REQUEST_URI");

	take_id(rq);
	take_deadline(rq);
	rq->method = method_of(method == NULL ? "" : method);
	rq->head = method != NULL && strcmp(method, "HEAD") == 0;
	if (uri == NULL || *uri != '/')
		return PROBLEM_REQUISICAO_INVALIDA;
	size_t path_len = strcspn(uri, "?#");
	rq->path = arena_copy(rq->arena, uri, path_len);
	enum problem problem = parse_path(rq);
	if (problem == PROBLEM_NONE && uri[path_len] == '?')
		problem = parse_query(rq, uri + path_len + 1);
	return problem;
}

const char *request_header(const struct request *rq, const char *name)
{
	return variable(rq, name);
}

enum problem request_authorize(struct request *rq, const char *rights)
{
	if (rq->token == NULL) {
		const struct auth_token *token = auth_find(rq->stores->auth, request_header(rq, "HTTP_AUTHORIZATION"));
		if (token == NULL)
			return PROBLEM_NAO_AUTENTICADO;
		rq->token = memcpy(arena_alloc(rq->arena, sizeof(*token)), token, sizeof(*token));
		rq->author = rq->token->name;
	}
	return auth_has_right(rq->token, rights) ? PROBLEM_NONE : PROBLEM_NAO_AUTORIZADO;
}

bool request_has_right(struct request *rq, const char *rights)
{
	return request_authorize(rq, rights) == PROBLEM_NONE;
}

int64_t request_int(const struct request *rq, size_t i)
{
	int64_t value = 0;

	for (const char *at = rq->args[i]; at != NULL && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	return value;
}

/* Whether a media type is the one that is meant, with or without parameters. */
static bool is_type(const char *type, const char *meant)
{
	size_t len = strlen(meant);

	if (type == NULL || strncasecmp(type, meant, len) != 0)
		return false;
	type += len;
	type += strspn(type, " \t");
	return *type == '\0' || *type == ';';
}

static enum problem check_coding(const struct request *rq, struct response *rs)
{
	const char *coding = variable(rq, "HTTP_CONTENT_ENCODING");

	if (coding == NULL || *coding == '\0' || strcasecmp(coding, "identity") == 0)
		return PROBLEM_NONE;
	response_keep(rs, "Accept-Encoding", "identity"); /* RFC 9110, section 15.5.16 */
	return response_problem(rs, PROBLEM_TIPO_NAO_SUPORTADO,
	                        "O corpo não pode vir comprimido: envie-o sem Content-Encoding.");
}

/* What the body is said to be. */
static enum problem check_json(const struct request *rq, struct response *rs)
{
	enum problem problem = check_coding(rq, rs);

	if (problem != PROBLEM_NONE || is_type(variable(rq, "CONTENT_TYPE"), "application/json"))
		return problem;
	if (rq->method == METHOD_PATCH)
		response_keep(rs, "Accept-Patch", "application/json"); /* RFC 5789, section 2.2 */
	return PROBLEM_TIPO_NAO_SUPORTADO;
}

/* "image/png, image/webp ou …" needs no grammar: the list as Accept has it. */
static enum problem check_types(const struct request *rq, struct response *rs, const char *const *types)
{
	const char *list = NULL;
	enum problem problem = check_coding(rq, rs);

	for (; problem == PROBLEM_NONE && *types != NULL; types++) {
		if (is_type(variable(rq, "CONTENT_TYPE"), *types))
			return PROBLEM_NONE;
		list = list == NULL ? *types : arena_printf(rq->arena, "%s, %s", list, *types);
	}
	if (problem != PROBLEM_NONE)
		return problem;
	response_keep(rs, "Accept", "%s", list); /* RFC 9110, section 15.5.16 */
	return response_problem(rs, PROBLEM_TIPO_NAO_SUPORTADO, "O corpo deve ser de um destes tipos: %s.", list);
}

/* Content-Length, when the route takes as much. */
static enum problem body_length(const struct request *rq, size_t *len)
{
	const char *length = variable(rq, "CONTENT_LENGTH");
	int64_t announced = 0;

	if (length != NULL && *length != '\0' && !int_parse(length, 0, INT64_MAX, &announced))
		return PROBLEM_REQUISICAO_INVALIDA;
	*len = (size_t)announced;
	return announced > (rq->body_max > 0 ? rq->body_max : BODY_MAX) ? PROBLEM_CORPO_GRANDE : PROBLEM_NONE;
}

/* Reads the whole body into the arena. */
static enum problem read_body(struct request *rq, struct response *rs, char **body, size_t len)
{
	*body = arena_alloc(rq->arena, len + 1);
	if (!rq->source->body(rq->source->context, *body, len))
		return response_problem(rs, PROBLEM_REQUISICAO_INVALIDA, "O corpo da requisição chegou incompleto.");
	rq->body = *body;
	rq->body_len = len;
	return PROBLEM_NONE;
}

enum problem request_bytes(struct request *rq, struct response *rs, const char *const *types, char **bytes, size_t *len)
{
	enum problem problem = body_length(rq, len);

	if (problem == PROBLEM_NONE)
		problem = check_types(rq, rs, types);
	return problem == PROBLEM_NONE ? read_body(rq, rs, bytes, *len) : problem;
}

enum problem request_body(struct request *rq, struct response *rs, const struct rule *rules, size_t count, void *out,
                          uint32_t *present)
{
	const struct json_schema schema = {.rules = rules, .count = count};
	char *body = NULL;
	size_t len = 0;
	enum problem problem = body_length(rq, &len);

	if (problem == PROBLEM_NONE && len == 0)
		return response_problem(rs, PROBLEM_JSON_INVALIDO,
		                        "Falta o corpo da requisição: envie um objeto JSON.");
	if (problem == PROBLEM_NONE)
		problem = check_json(rq, rs);
	if (problem == PROBLEM_NONE)
		problem = read_body(rq, rs, &body, len);
	if (problem != PROBLEM_NONE)
		return problem;
	problem = json_read(body, len, &schema, out, present, &rs->complaints);
	return problem != PROBLEM_JSON_INVALIDO
	           ? problem
	           : response_problem(rs, problem,
	                              "O corpo da requisição deve ser JSON válido, em UTF-8, "
	                              "sem nomes repetidos e sem aninhamento fundo.");
}

/* The index of the rule with this name of `len` bytes, or `count`. */
static size_t rule_of(const struct rule *rules, size_t count, const char *name, size_t len)
{
	size_t i = 0;

	while (i < count && (strlen(rules[i].name) != len || memcmp(rules[i].name, name, len) != 0))
		i++;
	return i;
}

/* A name that no rule has: `ids[]` and `ids[0]` are how some clients write a list. */
static void unknown_parameter(const struct request *rq, struct response *rs, const struct request_pair *pair,
                              const struct rule *rules, size_t count)
{
	size_t i = rule_of(rules, count, pair->name, strcspn(pair->name, "["));

	if (i < count && rules[i].type == FIELD_IDS)
		complain(&rs->complaints, pair->name,
		         "escreva a lista num só parâmetro, separada por vírgulas: %s=1,2,3", rules[i].name);
	else if (i < count)
		complain(&rs->complaints, pair->name, "escreva o nome sem colchetes: %s=", rules[i].name);
	else if (rq->right != NULL)
		complain(&rs->complaints, pair->name, "parâmetro desconhecido");
}

enum problem request_query(struct request *rq, struct response *rs, const struct rule *rules, size_t count, void *out,
                           uint32_t *present)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < rq->query_count; i++) {
		const struct request_pair *pair = &rq->query[i];
		size_t j = rule_of(rules, count, pair->name, strlen(pair->name));
		if (j == count) {
			unknown_parameter(rq, rs, pair, rules, count);
			continue;
		}
		if (seen & 1u << j)
			complain(&rs->complaints, pair->name, "foi dado mais de uma vez");
		else if (!field_parse(&rules[j], pair->value, rq->arena, (char *)out + rules[j].offset))
			complain_value(&rs->complaints, pair->name, &rules[j], pair->value);
		seen |= 1u << j;
	}
	for (size_t j = 0; j < count; j++)
		if (rules[j].required && !(seen & 1u << j))
			complain(&rs->complaints, rules[j].name, "é obrigatório");
	if (present != NULL)
		*present = seen;
	return rs->complaints.count == 0 ? PROBLEM_NONE : PROBLEM_PARAMETRO_INVALIDO;
}

enum problem request_no_query(struct request *rq, struct response *rs)
{
	for (size_t i = 0; i < rq->query_count; i++)
		complain(&rs->complaints, rq->query[i].name, "parâmetro desconhecido");
	return rs->complaints.count == 0 ? PROBLEM_NONE : PROBLEM_PARAMETRO_INVALIDO;
}
