/* Health, what the pool reports of itself and its server, and what the replica says of itself: how far behind its primary it is. */
#include <poll.h>

#include "catalogo/catalogo.h"
#include "core/clock.h"
#include "core/health.h"
#include "core/program.h"

#define ATRASO_MAX_SEGUNDOS 10   /* a replica that is further behind is degraded */
#define LEMBRANCA_MS        1000 /* how long an answer about the lag is good for */
#define OLHAR_MS            20   /* between two looks at a replica that seems to be behind */

struct estado {
	bool up;
	bool standby;
	bool recusa; /* takes no writes */
	bool ouve;   /* a standby that hears from its primary */
	int64_t atraso_bytes;
	int64_t atraso_segundos;
	int64_t recebido; /* positions in the WAL */
	int64_t repetido;
	int64_t ultimo_commit; /* the last one that was replayed, microseconds */
	const char *servidor;  /* its name (cluster_name), of the arena; NULL: it has none */
};

/* What the two kinds of pool make of it. */
struct situacao {
	struct estado estado;
	enum health postgres;
	enum health replicacao;
};

static struct estado estado_read(struct request *rq)
{
	struct sql_rows rows;

	if (sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) != PROBLEM_NONE || rows.count != 1)
		return (struct estado){.up = false};
	return (struct estado){
	    .up = true,
	    .standby = sql_bool(&rows, 0, 0),
	    .recusa = sql_bool(&rows, 0, 1),
	    .ouve = sql_bool(&rows, 0, 2),
	    .atraso_bytes = sql_int(&rows, 0, 3),
	    .atraso_segundos = sql_int(&rows, 0, 4),
	    .recebido = sql_int(&rows, 0, 5),
	    .repetido = sql_int(&rows, 0, 6),
	    .ultimo_commit = sql_int(&rows, 0, 7),
	    .servidor = sql_text(&rows, 0, 8),
	};
}

static bool behind(const struct estado *estado)
{
	return estado->atraso_segundos > ATRASO_MAX_SEGUNDOS;
}

/*
 * Whether a replica that hears from its primary is really behind. After a quiet hour the first commit is an hour behind until it is
 * replayed, so this waits until the replica has what it had received at the first look: then it lacks less than this wait. One that
 * is not there yet, but makes progress within one long transaction, is not known to be behind either.
 */
static bool stays_behind(struct request *rq, struct estado *estado)
{
	const struct estado first = *estado;
	int64_t deadline = clock_monotonic_ms() + program_settings()->prazo_saude_ms * INT64_C(3) / 4;

	while (estado->up && behind(estado)) {
		if (estado->repetido >= first.recebido) {
			estado->atraso_segundos = 0;
			return false;
		}
		if (clock_monotonic_ms() >= deadline)
			return estado->repetido == first.repetido || estado->ultimo_commit != first.ultimo_commit;
		poll(NULL, 0, OLHAR_MS);
		*estado = estado_read(rq);
	}
	return false;
}

static struct situacao situacao_read(struct request *rq)
{
	struct estado estado = estado_read(rq);

	if (!rq->stores->read_only) {
		/* A pool that changes things needs a server that can be written to. */
		bool writable = estado.up && !estado.standby && !estado.recusa;
		return (struct situacao){estado, writable ? HEALTH_HEALTHY : HEALTH_UNHEALTHY, HEALTH_HEALTHY};
	}
	bool late = !estado.ouve || stays_behind(rq, &estado);
	/* Without a standby its pool reads from the primary, which is no replica. */
	bool standby = estado.up && estado.standby;
	return (struct situacao){estado, standby ? HEALTH_HEALTHY : HEALTH_UNHEALTHY,
	                         estado.ouve && !late ? HEALTH_HEALTHY : HEALTH_DEGRADED};
}

static bool is_standby(const struct situacao *situacao)
{
	return situacao->estado.up && situacao->estado.standby;
}

enum problem saude(struct request *rq, struct response *rs)
{
	const struct situacao situacao = situacao_read(rq);
	const struct health_line lines[] = {{"postgres", situacao.postgres}, {"replicacao", situacao.replicacao}};
	bool replica = rq->stores->read_only;
	struct json_out *out =
	    health_open(rs, replica ? "catalogo-replica" : "catalogo", lines, replica ? FIELD_COUNT(lines) : 1);

	if (replica && is_standby(&situacao)) {
		json_int(out, "atraso_bytes", situacao.estado.atraso_bytes);
		json_int(out, "atraso_segundos", situacao.estado.atraso_segundos);
	}
	json_object_end(out);
	return PROBLEM_NONE;
}

enum problem sistema(struct request *rq, struct response *rs)
{
	const struct situacao situacao = situacao_read(rq);
	const struct estado *estado = &situacao.estado;
	enum health worst = situacao.replicacao > situacao.postgres ? situacao.replicacao : situacao.postgres;
	struct json_out *out = health_report(rs, worst);

	json_object(out, "postgres");
	json_text(out, "status", health_word(worst));
	if (estado->up) {
		json_text(out, "papel", estado->standby ? "replica" : "primario");
		json_text(out, "servidor", estado->servidor);
	}
	if (is_standby(&situacao)) {
		json_bool(out, "ouve", estado->ouve);
		json_int(out, "atraso_bytes", estado->atraso_bytes);
		json_int(out, "atraso_segundos", estado->atraso_segundos);
	}
	json_object_end(out);
	json_object_end(out);
	return PROBLEM_NONE;
}

void replica_mark(struct request *rq, struct response *rs)
{
	static bool known;
	static int64_t atraso_segundos;
	static int64_t read_at;

	/* Without a standby its pool reads from the primary, which is no replica. What never changes is the same everywhere. */
	if (rs->immutable || !rq->stores->read_only || !sql_on_standby(rq->stores->db))
		return;
	if (read_at == 0 || clock_monotonic_ms() >= read_at + LEMBRANCA_MS) {
		const struct estado estado = estado_read(rq);
		known = estado.up;
		atraso_segundos = estado.atraso_segundos;
		read_at = clock_monotonic_ms();
	}
	response_header(rs, "X-Fonte", "replica");
	if (known)
		response_header(rs, "X-Atraso-Segundos", "%lld", (long long)atraso_segundos);
	/* The first for nginx's cache, the second for all others. */
	response_header(rs, "X-Accel-Expires", "0");
	rs->cacheable = false;
}
