/*
 * The vigia: begins another version of the catalogue (versao.h) when the database shows something else than before, for
 * changes that no worker of this host could tell of: one that was killed right after its commit, another host, somebody
 * with psql. It can be killed anywhere; another one begins with a new version.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "catalogo/versao.h"
#include "core/arena.h"
#include "core/log.h"
#include "core/program.h"
#include "db/catalogo_sql.h"

#define RETRATO_MAX 4096

struct vigia {
	struct stores stores;
	struct arena *arena;
	sigset_t stop_signals;
	char seen[RETRATO_MAX]; /* the retrato of the last version */
};

/* Waits for a signal to stop, at most until the next look; signals are blocked everywhere else. */
static bool stopped(const struct vigia *self)
{
	int milliseconds = program_settings()->intervalo_ms;
	const struct timespec patience = {milliseconds / 1000, (milliseconds % 1000) * 1000000L};

	return sigtimedwait(&self->stop_signals, NULL, &patience) > 0;
}

/* Whether the database shows the same as when the last version began. One too long to be kept never does. */
static bool same(struct vigia *self)
{
	struct sql_rows rows;

	/* Nothing is known now, and what is kept goes by itself; with the next answer comes another connection. */
	if (sql_run(self->stores.db, SQL_RETRATO, NULL, self->arena, &rows) != PROBLEM_NONE)
		return true;
	const char *retrato = sql_text(&rows, 0, 0);
	bool same = strcmp(self->seen, retrato) == 0;
	snprintf(self->seen, sizeof(self->seen), "%s", retrato);
	return same;
}

static void look(struct vigia *self)
{
	const char *directory = program_settings()->versao;

	if (!same(self) || !versao_inteira(directory))
		versao_mudar(directory);
	versao_limpar(directory);
	arena_reset(self->arena);
}

static int work(const void *context)
{
	const struct program *program = context;
	struct vigia self = {.stores = program_open(program), .arena = arena_new()};

	sigemptyset(&self.stop_signals);
	sigaddset(&self.stop_signals, SIGTERM);
	sigaddset(&self.stop_signals, SIGINT);
	sigprocmask(SIG_BLOCK, &self.stop_signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	log_event(LOG_LEVEL_INFO, "start", "intervalo_ms=%d", program_settings()->intervalo_ms);
	do
		look(&self);
	while (!stopped(&self));
	log_event(LOG_LEVEL_INFO, "stop", "pid=%d", (int)getpid());
	arena_free(self.arena);
	program_close(&self.stores);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const struct program program = {
	    .name = "vigia",
	    .purpose = "Begins another version of the catalogue when its database has changed.",
	    .statements = catalogo_statements,
	    .statement_count = CATALOGO_STATEMENT_COUNT,
	};

	return program_main(argc, argv, &program, work, &program);
}
