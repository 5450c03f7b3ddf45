/* Pictures of products: taken from the shopkeeper, shown to all. */
#include <string.h>
#include <strings.h>

#include "catalogo/catalogo.h"
#include "catalogo/imagem.h"

/* In the order of enum imagem_tipo. */
static const char *const tipos[] = {"image/jpeg", "image/png", "image/webp", NULL};

/* What is wrong with a file, in words. */
static enum problem foto_refused(struct response *rs, enum imagem_estado estado)
{
	if (estado == IMAGEM_ANIMADA)
		return response_problem(rs, PROBLEM_FOTO_INVALIDA,
		                        "A imagem é animada: envie uma foto parada, em JPEG, PNG ou WebP.");
	if (estado == IMAGEM_MEDIDAS)
		return response_problem(rs, PROBLEM_FOTO_INVALIDA,
		                        "A imagem deve ter de 1 a %d pixels de largura e de altura.", IMAGEM_LADO_MAX);
	return response_problem(rs, PROBLEM_FOTO_INVALIDA,
	                        "O arquivo está incompleto ou danificado: salve a foto de novo e envie-a outra vez.");
}

/* Reads the body: a whole picture of the type that it is said to be, without what is not to be published. */
static enum problem foto_read(struct request *rq, struct response *rs, struct imagem *imagem, enum imagem_tipo *tipo)
{
	char *bytes = NULL;
	enum problem problem = request_bytes(rq, rs, tipos, &bytes, &imagem->len);

	if (problem != PROBLEM_NONE)
		return problem;
	if (imagem->len == 0)
		return response_problem(rs, PROBLEM_FOTO_INVALIDA,
		                        "Falta a foto: envie o arquivo no corpo da requisição.");
	imagem->bytes = (uint8_t *)bytes;
	*tipo = imagem_tipo(imagem);
	const char *said = request_header(rq, "CONTENT_TYPE");
	if (*tipo == IMAGEM_OUTRA || strncasecmp(said, tipos[*tipo], strlen(tipos[*tipo])) != 0)
		return response_problem(rs, PROBLEM_FOTO_INVALIDA, "O arquivo não é o que diz o Content-Type: %s.",
		                        *tipo == IMAGEM_OUTRA
		                            ? "não é uma imagem JPEG, PNG ou WebP"
		                            : arena_printf(rq->arena, "é uma imagem %s", tipos[*tipo]));
	enum imagem_estado estado = imagem_limpar(imagem, *tipo);
	return estado == IMAGEM_BOA ? PROBLEM_NONE : foto_refused(rs, estado);
}

/* Gives the product of the path a picture, or none: `tipo` and `bytes` are NULL then. */
static enum problem foto_change(struct request *rq, struct response *rs, const char *tipo, const char *bytes)
{
	struct versoes versoes;
	struct sql_rows rows;
	enum problem problem = produto_condition(rq, false, &versoes);

	if (problem != PROBLEM_NONE)
		return problem;
	const char *params[] = {
	    sql_of_int(rq->arena, request_int(rq, 0)),
	    tipo,
	    bytes,
	    versoes.dados,
	    versoes.categoria,
	    versoes.estoque,
	    rq->author,
	};
	problem = sql_run(rq->stores->db, SQL_FOTO_TROCAR, params, rq->arena, &rows);
	if (problem == PROBLEM_NONE)
		problem = mudanca_problem(rs, &rows, COLUMN_SITUACAO);
	if (problem == PROBLEM_NONE)
		produto_write(rq, rs, 200, &rows);
	return problem;
}

enum problem foto_put(struct request *rq, struct response *rs)
{
	struct imagem imagem = {0};
	enum imagem_tipo tipo = IMAGEM_OUTRA;
	enum problem problem = foto_read(rq, rs, &imagem, &tipo);

	return problem == PROBLEM_NONE
	           ? foto_change(rq, rs, tipos[tipo], sql_of_bytes(rq->arena, imagem.bytes, imagem.len))
	           : problem;
}

enum problem foto_delete(struct request *rq, struct response *rs)
{
	return foto_change(rq, rs, NULL, NULL);
}

enum problem foto_get(struct request *rq, struct response *rs)
{
	const char *params[] = {arena_printf(rq->arena, "/fotos/%s", rq->args[0])};
	struct sql_rows rows;
	size_t len;
	enum problem problem = sql_run(rq->stores->db, SQL_FOTO_LER, params, rq->arena, &rows);

	if (problem != PROBLEM_NONE)
		return problem;
	if (rows.count == 0)
		return PROBLEM_FOTO_NAO_ENCONTRADA;
	const char *tipo = sql_text(&rows, 0, 0);
	const char *bytes = sql_bytes(&rows, 0, 1, rq->arena, &len);
	/* A drawing that is opened by itself is a document of this origin: it may do nothing. */
	if (strcmp(tipo, "image/svg+xml") == 0)
		response_header(rs, "Content-Security-Policy",
		                "default-src 'none'; style-src 'unsafe-inline'; sandbox");
	response_etag(rs, arena_printf(rq->arena, "\"%.*s\"", (int)strcspn(rq->args[0], "."), rq->args[0]));
	response_bytes(rs, tipo, bytes, len);
	return PROBLEM_NONE;
}
