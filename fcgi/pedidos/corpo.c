/* What a customer sends to order: read, checked beyond what a table can say, and reduced to a hash. */
#include <inttypes.h>
#include <sha2.h>
#include <string.h>

#include "core/clock.h"
#include "core/program.h"
#include "pedidos/contato.h"
#include "pedidos/pedidos.h"

/* What numeric(16, 2) holds, in centavos. */
#define VALOR_MAX INT64_C(9999999999999999)

static const char *const tipos[] = {"retirada", "entrega", NULL};

static const struct rule cliente_rules[] = {
    {"nome", FIELD_TEXT, offsetof(struct cliente, nome), true, .min = 1, .max = 120},
    {"email", FIELD_TEXT, offsetof(struct cliente, email), true, .min = 3, .max = 254, .valid = email_valido,
     .words = "deve ser um e-mail de até 254 caracteres, como nome@exemplo.com.br"},
    {"telefone", FIELD_TEXT, offsetof(struct cliente, telefone), true, .min = 8, .max = 20, .valid = telefone_valido,
     .words = "deve ser um telefone de 8 a 15 dígitos, em até 20 caracteres, como (11) 98765-4321"},
};

static bool data_valid(const char *text)
{
	int64_t when;

	return clock_parse(text, &when);
}

static const struct rule entrega_rules[] = {
    {"tipo", FIELD_TEXT, offsetof(struct entrega, tipo), true, .min = 1, .max = 20, .allowed = tipos},
    {"endereco", FIELD_TEXT, offsetof(struct entrega, endereco), .nullable = true, .min = 1, .max = 500,
     .text = TEXT_LINES},
    {"data", FIELD_TEXT, offsetof(struct entrega, data), .nullable = true, .min = 10, .max = 40, .text = TEXT_RAW,
     .valid = data_valid,
     .words = "deve ser uma data (2026-12-24) ou data e hora com fuso (2026-12-24T15:00:00-03:00)"},
};

static const struct rule corpo_rules[] = {
    {"session_id", FIELD_UUID, offsetof(struct corpo, session_id), true},
    {"cliente", FIELD_OBJECT, offsetof(struct corpo, cliente), true, .rules = cliente_rules,
     .rule_count = FIELD_COUNT(cliente_rules)},
    {"entrega", FIELD_OBJECT, offsetof(struct corpo, entrega), true, .rules = entrega_rules,
     .rule_count = FIELD_COUNT(entrega_rules)},
    {"observacoes", FIELD_TEXT, offsetof(struct corpo, observacoes), .nullable = true, .max = 1000, .text = TEXT_LINES},
    {"valor_esperado", FIELD_MONEY, offsetof(struct corpo, valor_esperado), .nullable = true, .max = VALOR_MAX},
};

static bool complained(const struct complaints *complaints, const char *campo)
{
	for (const struct complaint *one = complaints->first; one != NULL; one = one->next)
		if (strcmp(one->campo, campo) == 0)
			return true;
	return false;
}

static void entrega_check(const struct entrega *entrega, struct complaints *complaints)
{
	bool delivered = entrega->tipo != NULL && strcmp(entrega->tipo, "entrega") == 0;

	if (entrega->endereco == NULL && delivered && !complained(complaints, "entrega.endereco"))
		complain(complaints, "entrega.endereco", "é obrigatório quando o tipo é entrega");
}

enum problem corpo_prazo(struct request *rq, struct response *rs, const struct corpo *corpo)
{
	const char *params[] = {corpo->entrega.data, program_settings()->fuso_horario};
	struct sql_rows rows;

	if (corpo->entrega.data == NULL || complained(&rs->complaints, "entrega.data"))
		return PROBLEM_NONE;
	enum problem problem = sql_run(rq->stores->db, SQL_ENTREGA_NO_PRAZO, params, rq->arena, &rows);
	if (problem != PROBLEM_NONE || sql_bool(&rows, 0, 0))
		return problem;
	complain(&rs->complaints, "entrega.data", "deve ser de agora até daqui a um ano");
	return PROBLEM_CAMPOS_INVALIDOS;
}

/* A date stays one; a time is written as the same instant always is. */
static void data_canonical(struct arena *arena, const char **data)
{
	int64_t when;

	if (*data != NULL && strchr(*data, ':') != NULL && clock_parse(*data, &when))
		*data = sql_of_time(arena, when);
}

enum problem corpo_read(struct request *rq, struct response *rs, struct corpo *corpo)
{
	*corpo = (struct corpo){.valor_esperado.centavos = SEM_VALOR};
	enum problem problem = request_body(rq, rs, corpo_rules, FIELD_COUNT(corpo_rules), corpo, NULL);

	/* Every offending field is named at once, so the rest is checked although the table already found some. */
	if (problem != PROBLEM_NONE && problem != PROBLEM_CAMPOS_INVALIDOS)
		return problem;
	entrega_check(&corpo->entrega, &rs->complaints);
	data_canonical(rq->arena, &corpo->entrega.data);
	if (rs->complaints.count == 0)
		return PROBLEM_NONE;
	corpo_prazo(rq, rs, corpo);
	return PROBLEM_CAMPOS_INVALIDOS;
}

/* Appends a field so that no two different bodies give the same text. */
static void canonical(struct buf *buf, const char *text)
{
	if (text == NULL)
		buf_text(buf, "-,");
	else
		buf_printf(buf, "%zu:%s,", strlen(text), text);
}

const char *corpo_hash(struct arena *arena, const struct corpo *corpo)
{
	struct buf buf = {0};
	char hex[SHA256_DIGEST_STRING_LENGTH];
	const char *fields[] = {
	    corpo->session_id,   corpo->cliente.nome,     corpo->cliente.email, corpo->cliente.telefone,
	    corpo->entrega.tipo, corpo->entrega.endereco, corpo->observacoes,
	};

	for (size_t i = 0; i < FIELD_COUNT(fields); i++)
		canonical(&buf, fields[i]);
	if (corpo->entrega.data != NULL)
		buf_text(&buf, corpo->entrega.data);
	if (corpo->valor_esperado.centavos != SEM_VALOR)
		buf_printf(&buf, "$%" PRId64, corpo->valor_esperado.centavos);
	SHA256Data((const uint8_t *)buf.data, buf.len, hex);
	buf_free(&buf);
	return arena_copy(arena, hex, strlen(hex));
}
