/* Health, and what the replica says of itself: how far behind its primary it is. */
#include "catalogo/catalogo.h"
#include "core/clock.h"
#include "core/health.h"

#define ATRASO_MAX_SEGUNDOS 10   /* a replica that is further behind is degraded */
#define LEMBRANCA_MS        1000 /* how long an answer about the lag is good for */

struct estado {
	bool up;
	bool standby;
	bool ouve; /* a standby that hears from its primary */
	int64_t atraso_bytes;
	int64_t atraso_segundos;
};

static struct estado estado_read(struct request *rq)
{
	struct sql_rows rows;

	if (sql_run(rq->stores->db, SQL_SAUDE, NULL, rq->arena, &rows) != PROBLEM_NONE || rows.count != 1)
		return (struct estado){.up = false};
	return (struct estado){true, sql_bool(&rows, 0, 0), sql_bool(&rows, 0, 1), sql_int(&rows, 0, 2),
	                       sql_int(&rows, 0, 3)};
}

static bool behind(const struct estado *estado)
{
	return estado->atraso_segundos > ATRASO_MAX_SEGUNDOS;
}

static enum problem saude_replica(struct request *rq, struct response *rs)
{
	struct estado estado = estado_read(rq);

	/* After a quiet hour the first commit is an hour behind for as long as it takes to replay it: look again. */
	if (estado.up && estado.ouve && behind(&estado))
		estado = estado_read(rq);
	/* Without a standby its pool reads from the primary, which is no replica. */
	bool standby = estado.up && estado.standby;
	const struct health_line lines[] = {
	    {"postgres", standby ? HEALTH_HEALTHY : HEALTH_UNHEALTHY},
	    {"replicacao", estado.ouve && !behind(&estado) ? HEALTH_HEALTHY : HEALTH_DEGRADED},
	};
	struct json_out *out = health_open(rs, "catalogo-replica", lines, FIELD_COUNT(lines));
	if (standby) {
		json_int(out, "atraso_bytes", estado.atraso_bytes);
		json_int(out, "atraso_segundos", estado.atraso_segundos);
	}
	json_object_end(out);
	return PROBLEM_NONE;
}

enum problem saude(struct request *rq, struct response *rs)
{
	if (rq->stores->read_only)
		return saude_replica(rq, rs);
	/* A pool that changes things needs a server that can be written to. */
	struct estado estado = estado_read(rq);
	const struct health_line lines[] = {
	    {"postgres", estado.up && !estado.standby ? HEALTH_HEALTHY : HEALTH_UNHEALTHY}};
	json_object_end(health_open(rs, "catalogo", lines, FIELD_COUNT(lines)));
	return PROBLEM_NONE;
}

void replica_mark(struct request *rq, struct response *rs)
{
	static struct estado estado;
	static int64_t read_at;

	/* Without a standby its pool reads from the primary, which is no replica. */
	if (!rq->stores->read_only || !sql_on_standby(rq->stores->db))
		return;
	if (read_at == 0 || clock_monotonic_ms() >= read_at + LEMBRANCA_MS) {
		estado = estado_read(rq);
		read_at = clock_monotonic_ms();
	}
	response_header(rs, "X-Fonte", "replica");
	if (estado.up)
		response_header(rs, "X-Atraso-Segundos", "%lld", (long long)estado.atraso_segundos);
	/* The first for nginx's cache, the second for all others. */
	response_header(rs, "X-Accel-Expires", "0");
	rs->cacheable = false;
}
