/*
 * The conciliador: ends or undoes what a crash left of orders and reservations, publishes the outbox, and takes personal data out of
 * orders that do not need it any more. Several may run; the
 * one that holds the lock works, another takes over when its connection is gone. It can be killed anywhere: all that it
 * knows is in the stores, and each of its steps may be done twice.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/rounds.h"
#include "db/pedidos_lua.h"
#include "pedidos/pedidos.h"

#define STREAM_KEY  "pedidos:eventos"
#define STREAM_KEPT "100000"
/* How many events it takes at once. */
#define EVENTS_BATCH 200
/* So many failures one after the other mean that a service is away: the rest waits for the next look. */
#define FAILURES_MAX 3
/* How often it looks for personal data that is to go, and of how many orders it takes it at once. */
#define PRIVACY_MS    10000
#define PRIVACY_BATCH 500
/* How often it writes down that it looked, when there was nothing to do. */
#define SIGN_MS 2000

/* What one look mended. */
struct tally {
	int64_t concluidos;
	int64_t desfeitos;
	int64_t reservas;
	int64_t publicados;
};

/*
 * How far the outbox is read. Ids are drawn before their transactions commit, so an event may appear below others that are published
 * already; but not once every transaction has ended that was at work when the last of those was read.
 */
struct leitura {
	int64_t desde;     /* every event up to this id is published */
	int64_t ate;       /* the last id that was published; 0: not above `desde` */
	int64_t transacao; /* what had drawn an id below `ate` is an older transaction than this one */
};

struct conciliador {
	struct rounds *rounds;
	bool working; /* holds the lock, as far as it knows */
	int64_t signed_ms;
	int64_t private_ms; /* when personal data was looked for, as far as none was left */
	int failures;
	struct leitura leitura;
	bool consumer_behind; /* the stream is longer than its bound, because a consumer group has not read it */
	bool refused;         /* reservations may be written down as refused */
	struct tally tally;
};

/* Whether to go on with the next thing of a look. What was refused was answered: the service is there. */
static bool goes_on(struct conciliador *self, struct fim fim)
{
	self->failures = fim.feito || fim.recusa != NULL ? 0 : self->failures + 1;
	return self->failures < FAILURES_MAX && !rounds_stopping(self->rounds);
}

static struct fim pedido_terminar(struct conciliador *self, struct request *rq, struct pedido *pedido)
{
	bool owes = pedido->pendencia != NULL;
	const struct fim fim = owes ? pedido_concluir(rq, pedido) : pedido_desfazer(rq, pedido);

	if (!fim.feito)
		return fim;
	log_event(LOG_LEVEL_INFO, owes ? "pedido_concluido" : "pedido_desfeito", "numero=%" PRId64 " status=%s",
	          pedido->numero, pedido->status);
	self->tally.concluidos += owes;
	self->tally.desfeitos += !owes;
	return fim;
}

/* Orders that were left alone before their end. */
static void look_at_orders(struct conciliador *self, struct request *rq)
{
	const char *params[] = {sql_of_int(rq->arena, program_settings()->paciencia_ms)};
	struct sql_rows rows;
	struct pedido pedido;

	if (sql_run(rq->stores->db, SQL_PEDIDOS_INACABADOS, params, rq->arena, &rows) != PROBLEM_NONE)
		return;
	bool going = true;
	for (size_t i = 0; i < rows.count && going; i++) {
		pedido_row(&rows, i, &pedido);
		going = goes_on(self, pedido_terminar(self, rq, &pedido));
	}
}

/*
 * An open reservation past its limit goes the way that its order went. One whose order has its end still to come is left to
 * that.
 */
static struct fim reserva_acertar(struct conciliador *self, struct request *rq, const char *pedido_id)
{
	const char *params[] = {pedido_id};
	struct pedido pedido;
	bool found;

	if (pedido_run(rq, SQL_PEDIDO_QUALQUER, params, &pedido, &found) != PROBLEM_NONE)
		return (struct fim){0};
	const char *status = found ? pedido.status : "desfeito";
	if (strcmp(status, "reservando") == 0 || strcmp(status, "desfazendo") == 0 ||
	    (found && pedido.pendencia != NULL))
		return (struct fim){.feito = true};
	bool gone = strcmp(status, "desfeito") == 0 || strcmp(status, "cancelado") == 0;
	const struct fim fim = gone ? reserva_liberar(rq, pedido_id) : reserva_confirmar(rq, pedido_id);
	if (fim.feito) {
		log_event(LOG_LEVEL_INFO, "reserva_acertada", "status=%s", found ? status : "sem_pedido");
		self->tally.reservas++;
	}
	return fim;
}

/* Does what settles a reservation, and writes down how that ended: what is refused is left alone for a while, longer each time. */
static struct fim reserva_tentar(struct conciliador *self, struct request *rq, const char *pedido_id)
{
	const struct fim fim = reserva_acertar(self, rq, pedido_id);
	const char *params[] = {pedido_id, fim.recusa};
	struct sql_rows rows;

	if (fim.feito && self->refused)
		sql_run(rq->stores->db, SQL_RESERVAS_ACERTADAS, params, rq->arena, &rows);
	if (fim.recusa == NULL)
		return fim;
	self->refused = true;
	if (sql_run(rq->stores->db, SQL_RESERVA_FALHOU, params, rq->arena, &rows) == PROBLEM_NONE &&
	    sql_bool(&rows, 0, 0))
		log_event(LOG_LEVEL_ERRO, "reserva_parada", "motivo=%s", log_quote(fim.recusa));
	return fim;
}

static void look_at_reservations(struct conciliador *self, struct request *rq)
{
	struct field_array reservas;
	struct sql_rows rows;

	if (reservas_vencidas(rq, &reservas) != PROBLEM_NONE)
		return;
	if (reservas.count == 0 && self->refused) {
		const char *params[] = {NULL};
		self->refused =
		    sql_run(rq->stores->db, SQL_RESERVAS_ACERTADAS, params, rq->arena, &rows) != PROBLEM_NONE;
	}
	if (reservas.count == 0)
		return;
	const char *params[] = {sql_of_texts(rq->arena, reservas.items, reservas.count)};
	if (sql_run(rq->stores->db, SQL_RESERVAS_A_VEZ, params, rq->arena, &rows) != PROBLEM_NONE)
		return;
	bool going = true;
	for (size_t i = 0; i < rows.count && going; i++)
		going = goes_on(self, reserva_tentar(self, rq, sql_text(&rows, i, 0)));
}

/* Appends events to the stream. False: not, or it is unknown. */
static bool append(struct conciliador *self, struct request *rq, const char *eventos)
{
	struct kv_reply reply;
	const char *keys[] = {STREAM_KEY};
	const char *args[] = {STREAM_KEPT, eventos};
	const struct kv_call call = {KV_PUBLICAR, keys, FIELD_COUNT(keys), args, FIELD_COUNT(args)};
	int64_t beyond = 0;

	if (kv_run(rq->stores->kv, &call, rq->arena, &reply) != PROBLEM_NONE || !kv_int_at(&reply, 1, &beyond))
		return false;
	bool behind = beyond > 0;
	if (behind != self->consumer_behind)
		log_event(behind ? LOG_LEVEL_AVISO : LOG_LEVEL_INFO, behind ? "consumer_behind" : "consumer_caught_up",
		          "kept=%s beyond=%" PRId64, STREAM_KEPT, beyond);
	self->consumer_behind = behind;
	return true;
}

/* Appends the next events to the stream, then marks them: whoever dies between the two leaves them to be appended again. */
static int64_t publish(struct conciliador *self, struct request *rq)
{
	struct leitura *leitura = &self->leitura;
	struct sql_rows rows;
	struct sql_rows marked = {0};
	const char *params[] = {sql_of_int(rq->arena, leitura->desde), sql_of_int(rq->arena, EVENTS_BATCH)};

	if (sql_run(rq->stores->db, SQL_EVENTOS_POR_PUBLICAR, params, rq->arena, &rows) != PROBLEM_NONE)
		return 0;
	int64_t count = sql_int(&rows, 0, 2);
	int64_t last = sql_int(&rows, 0, 3);
	const char *ids[] = {sql_text(&rows, 0, 1)};
	if (count > 0 && (!append(self, rq, sql_text(&rows, 0, 0)) ||
	                  sql_run(rq->stores->db, SQL_EVENTOS_PUBLICADOS, ids, rq->arena, &marked) != PROBLEM_NONE))
		return 0;
	/* A full batch below `ate` may have left out others below it. */
	if (leitura->ate != 0 && sql_int(&rows, 0, 4) >= leitura->transacao &&
	    (count < EVENTS_BATCH || last > leitura->ate)) {
		leitura->desde = leitura->ate;
		leitura->ate = 0;
	}
	if (leitura->ate == 0 && last > leitura->desde) {
		leitura->ate = last;
		leitura->transacao = sql_int(&marked, 0, 0);
	}
	return count;
}

/* Batch after batch, each with memory of its own: a backlog may be long. Nothing of the look before this is needed any more. */
static void look_at_events(struct conciliador *self, struct request *rq)
{
	int64_t published;

	do {
		published = publish(self, rq);
		self->tally.publicados += published;
		arena_reset(rq->arena);
	} while (published > 0 && !rounds_stopping(self->rounds));
}

/* Orders that never were keep no personal data, finished ones for as many days as the operator says. A full batch is not the last one. */
static void look_at_personal_data(struct conciliador *self, struct request *rq)
{
	const char *params[] = {
	    sql_of_int(rq->arena, program_settings()->anonimizar_dias),
	    sql_of_int(rq->arena, PRIVACY_BATCH),
	};
	struct sql_rows rows;

	if (self->private_ms != 0 && clock_monotonic_ms() - self->private_ms < PRIVACY_MS)
		return;
	if (sql_run(rq->stores->db, SQL_PEDIDOS_ANONIMIZAR, params, rq->arena, &rows) != PROBLEM_NONE)
		return;
	int64_t count = sql_int(&rows, 0, 0);
	if (count > 0)
		log_event(LOG_LEVEL_INFO, "pedidos_anonimizados", "quantos=%" PRId64, count);
	self->private_ms = count < PRIVACY_BATCH ? clock_monotonic_ms() : 0;
}

/* Writes down what was done, or now and then only that somebody looks. */
static void sign(struct conciliador *self, struct request *rq)
{
	const struct tally *tally = &self->tally;
	bool nothing = tally->concluidos + tally->desfeitos + tally->reservas + tally->publicados == 0;
	struct sql_rows rows;

	if (nothing && clock_monotonic_ms() - self->signed_ms < SIGN_MS)
		return;
	const char *params[] = {
	    sql_of_int(rq->arena, tally->concluidos),
	    sql_of_int(rq->arena, tally->desfeitos),
	    sql_of_int(rq->arena, tally->reservas),
	    sql_of_int(rq->arena, tally->publicados),
	};
	if (sql_run(rq->stores->db, SQL_CONCILIACAO_SOMAR, params, rq->arena, &rows) != PROBLEM_NONE)
		return;
	self->signed_ms = clock_monotonic_ms();
	self->tally = (struct tally){0};
}

/* Whether it is this one's turn; asked at each look, because the lock goes with a lost connection. */
static bool has_turn(struct conciliador *self, struct request *rq)
{
	struct sql_rows rows;
	bool turn = sql_run(rq->stores->db, SQL_CONCILIADOR_VEZ, NULL, rq->arena, &rows) == PROBLEM_NONE &&
	            sql_bool(&rows, 0, 0);

	if (turn != self->working)
		log_event(LOG_LEVEL_INFO, turn ? "assume" : "espera", "pid=%d", (int)getpid());
	/* The one that works may write some down. */
	self->refused |= !turn;
	self->working = turn;
	return turn;
}

static void look(struct rounds *rounds, void *context)
{
	struct conciliador *self = context;
	struct request rq = {.arena = rounds->arena, .stores = &rounds->stores};

	snprintf(rq.id, sizeof(rq.id), "conciliador-%d-%" PRIu64, (int)getpid(), rounds->number);
	log_request(rq.id);
	self->rounds = rounds;
	self->failures = 0;
	if (has_turn(self, &rq)) {
		look_at_orders(self, &rq);
		look_at_reservations(self, &rq);
		look_at_events(self, &rq);
		look_at_personal_data(self, &rq);
		sign(self, &rq);
	}
	log_request(NULL);
}

int main(int argc, char **argv)
{
	struct conciliador conciliador = {.refused = true};
	const struct program program = {
	    .name = "conciliador",
	    .purpose = "Ends or undoes what crashes left of orders, and publishes their events.",
	    .statements = pedidos_statements,
	    .statement_count = PEDIDOS_STATEMENT_COUNT,
	    .scripts = pedidos_scripts,
	    .script_count = PEDIDOS_SCRIPT_COUNT,
	    .calls = true,
	};

	return rounds_main(argc, argv, &program, look, &conciliador);
}
