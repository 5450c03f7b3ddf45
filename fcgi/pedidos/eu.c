/* Who asks: the token of the request, as a page shows it to the person who signed in with it. */
#include <string.h>

#include "core/auth.h"
#include "pedidos/pedidos.h"

enum problem eu_get(struct request *rq, struct response *rs)
{
	if (request_no_query(rq, rs) != PROBLEM_NONE)
		return PROBLEM_PARAMETRO_INVALIDO;
	struct json_out *out = response_open(rs, 200);
	json_object(out, NULL);
	json_text(out, "nome", rq->author);
	json_array(out, "direitos");
	for (const char *at = rq->token->rights; *at != '\0';) {
		size_t len = strcspn(at, ",");
		json_text(out, NULL, arena_copy(rq->arena, at, len));
		at += len + (at[len] == ',');
	}
	json_array_end(out);
	if (rq->token->expires == AUTH_NEVER)
		json_null(out, "expira_em");
	else
		json_time(out, "expira_em", rq->token->expires);
	json_object_end(out);
	return PROBLEM_NONE;
}
