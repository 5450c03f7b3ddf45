/* The page of the metrics: asks each source, then writes metric after metric. */
#include "saude/metricas.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/health.h"
#include "core/program.h"
#include "core/report.h"
#include "core/version.h"
#include "saude/acesso.h"
#include "saude/exposicao.h"
#include "saude/fila.h"
#include "saude/placares.h"

#define UNKNOWN      (-1)
#define SMALL_FILE   1024
#define WORKERS_MOST 1000

static const char *const pools[] = {"catalogo", "catalogo-busca", "catalogo-replica", "carrinho", "pedidos", "saude"};
#define POOLS FIELD_COUNT(pools)

/* The pools that report of a store. */
static const struct service {
	const char *pool;
	const char *path;
} services[] = {
    {"catalogo", "/interno/sistema/catalogo"},
    {"catalogo-replica", "/interno/sistema/replica"},
    {"carrinho", "/interno/sistema/carrinho"},
    {"pedidos", "/interno/sistema/pedidos"},
};
#define SERVICES FIELD_COUNT(services)
enum { REPLICA = 1, CARRINHO = 2, PEDIDOS = 3 };

/* What orders and events are owed, as the pool of orders tells; below 0: unknown. */
struct owed {
	int64_t unfinished;
	int64_t parked;
	int64_t unpublished;
	int64_t unfinished_seconds;
	int64_t reservations_parked;
	int64_t unpublished_seconds;
	int64_t looked_seconds;
};

static const struct rule owed_rules[] = {
    {"inacabados", FIELD_INT, offsetof(struct owed, unfinished), .max = INT64_MAX},
    {"parados", FIELD_INT, offsetof(struct owed, parked), .max = INT64_MAX},
    {"eventos_por_publicar", FIELD_INT, offsetof(struct owed, unpublished), .max = INT64_MAX},
    {"inacabado_segundos", FIELD_INT, offsetof(struct owed, unfinished_seconds), .max = INT64_MAX},
    {"reservas_paradas", FIELD_INT, offsetof(struct owed, reservations_parked), .max = INT64_MAX},
    {"eventos_segundos", FIELD_INT, offsetof(struct owed, unpublished_seconds), .max = INT64_MAX},
    {"conciliador_segundos", FIELD_INT, offsetof(struct owed, looked_seconds), .max = INT64_MAX},
};
static const struct rule pendencias_rules[] = {
    {"pendencias", FIELD_OBJECT, 0, .nullable = true, .rules = owed_rules, .rule_count = FIELD_COUNT(owed_rules)},
};
static const struct json_schema pendencias_schema = {pendencias_rules, FIELD_COUNT(pendencias_rules), true};

/* How the last backup or audit ended: a line of scripts/lib/confeitaria/last.py. */
struct last {
	bool known;
	int64_t ended;
	int64_t ok;
	int64_t good; /* when the last good one ended, 0: there is none */
};

/* All that was found out. */
struct found {
	bool up[SERVICES];
	struct report reports[SERVICES];
	bool owed_known;
	struct owed owed;
	struct placar *boards; /* a pool each */
	bool queues_known;
	struct fila queues[POOLS];
	bool access_known;
	struct acesso access;
	bool declared_known;
	int64_t declared[POOLS];
	struct last backup;
	struct last audit;
};

/* Sources */

/* A small file as a text; false when it cannot be read, or is none. */
static bool file_read(const char *path, char text[SMALL_FILE])
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, SMALL_FILE - 1);

	if (fd >= 0)
		close(fd);
	text[len < 0 ? 0 : len] = '\0';
	return len >= 0;
}

/* The next word of a text, ended in place by what follows it. NULL at its end. */
static char *word_next(char **at, const char *blanks)
{
	char *word;

	while ((word = strsep(at, blanks)) != NULL)
		if (*word != '\0')
			return word;
	return NULL;
}

static struct last last_read(const char *kind)
{
	char path[SMALL_FILE], text[SMALL_FILE];
	struct last last = {0};
	char *at = text;

	snprintf(path, sizeof(path), "%s/%s", program_settings()->ultimos, kind);
	if (!file_read(path, text) || strcspn(text, "\n") + 1 != strlen(text))
		return last;
	char *ended = word_next(&at, " \n");
	char *ok = word_next(&at, " \n");
	char *good = word_next(&at, " \n");
	last.known = good != NULL && int_parse(ended, 0, INT64_MAX, &last.ended) && int_parse(ok, 0, 1, &last.ok) &&
	             int_parse(good, 0, INT64_MAX, &last.good);
	return last;
}

static bool declared_read(int64_t declared[POOLS])
{
	char text[SMALL_FILE];
	char *at = text, *line;

	for (size_t i = 0; i < POOLS; i++)
		declared[i] = UNKNOWN;
	if (!file_read(program_settings()->pools, text))
		return false;
	while ((line = word_next(&at, "\n")) != NULL) {
		char *pool = word_next(&line, " ");
		char *number = word_next(&line, " ");
		for (size_t i = 0; pool != NULL && number != NULL && i < POOLS; i++)
			if (strcmp(pool, pools[i]) == 0 && !int_parse(number, 1, WORKERS_MOST, &declared[i]))
				declared[i] = UNKNOWN;
	}
	return true;
}

static void services_ask(const struct request *rq, struct found *found)
{
	struct call_answer answer;

	found->owed = (struct owed){.unfinished = UNKNOWN};
	for (size_t i = 0; i < SERVICES; i++) {
		found->up[i] = report_ask(rq, services[i].path, &found->reports[i], &answer);
		if (i == PEDIDOS && found->up[i])
			found->owed_known =
			    call_data(&answer, &pendencias_schema, rq->arena, &found->owed) == PROBLEM_NONE &&
			    found->owed.unfinished >= 0;
	}
}

static void find(const struct request *rq, struct found *found)
{
	const struct settings *settings = program_settings();

	found->boards = arena_array(rq->arena, POOLS, sizeof(*found->boards));
	for (size_t i = 0; i < POOLS; i++)
		found->queues[i].pool = found->boards[i].pool = pools[i];
	placares_read(settings->placar, found->boards, POOLS);
	found->queues_known = fila_read(settings->sockets, found->queues, POOLS);
	found->access_known = acesso_read(settings->acesso, settings->acesso_lido, &found->access);
	found->declared_known = declared_read(found->declared);
	found->backup = last_read("backup");
	found->audit = last_read("audit");
	services_ask(rq, found);
}

/* Metrics */

/* A metric without labels, unless it is unknown. */
static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
	if (value < 0)
		return;
	exposicao_metric(out, name, "gauge", help);
	exposicao_int(out, name, NULL, value);
}

static void system_write(struct buf *out, const struct found *found)
{
	static const char source[] = "confeitaria_source_up";
	char name[64];

	exposicao_metric(out, "confeitaria_build_info", "gauge", "The release that made this page; always 1.");
	exposicao_int(out, "confeitaria_build_info", LABELS({"version", version_number}, {"commit", version_commit}),
	              1);
	exposicao_metric(out, source, "gauge",
	                 "Whether what this page is made of could be asked. Without it some metrics are missing.");
	for (size_t i = 0; i < SERVICES; i++)
		exposicao_int(out, source, LABELS({"source", services[i].pool}), found->up[i]);
	for (size_t i = 0; i < POOLS; i++) {
		snprintf(name, sizeof(name), "scoreboard %s", pools[i]);
		exposicao_int(out, source, LABELS({"source", name}), found->boards[i].known);
	}
	exposicao_int(out, source, LABELS({"source", "orders"}), found->owed_known);
	exposicao_int(out, source, LABELS({"source", "queues"}), found->queues_known);
	exposicao_int(out, source, LABELS({"source", "access_log"}), found->access_known);
	exposicao_int(out, source, LABELS({"source", "pools"}), found->declared_known);
}

static void pools_write(struct buf *out, const struct found *found)
{
	static const char declared[] = "confeitaria_workers_declared";
	static const char queue[] = "confeitaria_queue_length";

	if (found->declared_known)
		exposicao_metric(out, declared, "gauge", "Workers that a pool is to have.");
	for (size_t i = 0; i < POOLS; i++)
		if (found->declared[i] >= 0)
			exposicao_int(out, declared, LABELS({"pool", pools[i]}), found->declared[i]);
	if (found->queues_known)
		exposicao_metric(out, queue, "gauge", "Requests that wait for a worker of the pool.");
	for (size_t i = 0; i < POOLS; i++)
		if (found->queues[i].length >= 0)
			exposicao_int(out, queue, LABELS({"pool", pools[i]}), found->queues[i].length);
}

static void access_write(struct buf *out, const struct found *found)
{
	static const char refused[] = "confeitaria_refused_requests_total";
	static const char cache[] = "confeitaria_cache_answers_total";
	static const char *const statuses[] = {[ACESSO_429] = "429", [ACESSO_503] = "503", [ACESSO_504] = "504"};
	static const char *const results[] = {[ACESSO_HIT] = "hit", [ACESSO_MISS] = "miss", [ACESSO_OTHER] = "other"};

	if (!found->access_known)
		return;
	exposicao_metric(
	    out, refused, "counter",
	    "Requests that nginx refused: a limit (429), no worker to be had (503), no answer in time (504).");
	for (size_t i = 0; i < ACESSO_REFUSED_COUNT; i++)
		exposicao_int(out, refused, LABELS({"status", statuses[i]}), found->access.refused[i]);
	exposicao_metric(out, cache, "counter", "Reads whose answers nginx may keep, by whether it had one.");
	for (size_t i = 0; i < ACESSO_CACHE_COUNT; i++)
		exposicao_int(out, cache, LABELS({"result", results[i]}), found->access.cache[i]);
}

static bool is_up(const char *status)
{
	return strcmp(status, health_word(HEALTH_UNHEALTHY)) != 0;
}

static void stores_write(struct buf *out, const struct found *found)
{
	static const char store[] = "confeitaria_store_up";
	const struct report *replica = &found->reports[REPLICA];
	const struct report *carrinho = &found->reports[CARRINHO];
	bool standby = replica->postgres.role != NULL && strcmp(replica->postgres.role, report_roles[1]) == 0;

	exposicao_metric(out, store, "gauge", "Whether the pool's store answers and is what the pool needs.");
	for (size_t i = 0; i < SERVICES; i++) {
		const struct report *report = &found->reports[i];
		if (report->postgres.status != NULL)
			exposicao_int(out, store, LABELS({"pool", services[i].pool}, {"store", "postgres"}),
			              is_up(report->postgres.status));
		if (report->redis.status != NULL)
			exposicao_int(out, store, LABELS({"pool", services[i].pool}, {"store", "redis"}),
			              is_up(report->redis.status));
	}
	if (found->up[REPLICA])
		gauge(out, "confeitaria_replication_streaming",
		      "Whether the catalogue's standby hears from its primary.",
		      standby && replica->postgres.streaming);
	if (standby) {
		gauge(out, "confeitaria_replication_lag_bytes", "What the standby has received and not replayed.",
		      replica->postgres.lag_bytes);
		gauge(out, "confeitaria_replication_lag_seconds", "How far behind its primary the standby is at most.",
		      replica->postgres.lag_seconds);
	}
	gauge(out, "confeitaria_redis_memory_bytes", "What Redis holds.", carrinho->redis.memory_bytes);
	gauge(out, "confeitaria_redis_keys", "Keys in Redis: carts, and the stream of events.", carrinho->redis.keys);
}

static void orders_write(struct buf *out, const struct owed *owed)
{
	gauge(out, "confeitaria_orders_unfinished", "Orders that are on their way or owe something.", owed->unfinished);
	gauge(out, "confeitaria_orders_unfinished_oldest_seconds", "Age of the oldest unfinished order, 0 without one.",
	      owed->unfinished_seconds);
	gauge(out, "confeitaria_orders_parked", "Orders whose end was refused too often; an operator is needed.",
	      owed->parked);
	gauge(out, "confeitaria_reservations_parked",
	      "Reservations whose end was refused too often; an operator is needed.", owed->reservations_parked);
	gauge(out, "confeitaria_events_unpublished", "Events of orders that are not in the stream yet.",
	      owed->unpublished);
	gauge(out, "confeitaria_events_unpublished_oldest_seconds", "Age of the oldest such event, 0 without one.",
	      owed->unpublished_seconds);
	gauge(out, "confeitaria_conciliador_idle_seconds", "Time since the conciliador looked last.",
	      owed->looked_seconds);
}

static void last_write(struct buf *out, const struct found *found)
{
	const struct last *backup = &found->backup;
	const struct last *audit = &found->audit;

	if (backup->known && backup->good > 0)
		gauge(out, "confeitaria_last_backup_timestamp_seconds", "When the last good backup ended.",
		      backup->good);
	if (backup->known)
		gauge(out, "confeitaria_last_backup_ok", "Whether the last backup was a good one.", backup->ok);
	if (!audit->known)
		return;
	gauge(out, "confeitaria_last_audit_timestamp_seconds", "When the last audit ended.", audit->ended);
	gauge(out, "confeitaria_last_audit_ok", "Whether all added up then.", audit->ok);
}

enum problem metricas(struct request *rq, struct response *rs)
{
	struct found found = {0};

	find(rq, &found);
	response_bytes(rs, EXPOSICAO_TYPE, "", 0);
	system_write(&rs->body, &found);
	placares_write(&rs->body, found.boards, POOLS);
	pools_write(&rs->body, &found);
	access_write(&rs->body, &found);
	stores_write(&rs->body, &found);
	if (found.owed_known)
		orders_write(&rs->body, &found.owed);
	last_write(&rs->body, &found);
	return PROBLEM_NONE;
}
