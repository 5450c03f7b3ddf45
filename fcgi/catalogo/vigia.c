/*
 * The vigia: begins another version of the catalogue (versao.h) when the database shows something else than before, for
 * changes that no worker of this host could tell of: one that was killed right after its commit, another host, somebody
 * with psql. It can be killed anywhere; another one begins with a new version.
 */
#include <stdio.h>
#include <string.h>

#include "catalogo/versao.h"
#include "core/rounds.h"
#include "db/catalogo_sql.h"

#define RETRATO_MAX 4096

/* Whether the database shows the same as when the last version began. One too long to be kept never does. */
static bool same(struct rounds *rounds)
{
	static char seen[RETRATO_MAX];
	struct sql_rows rows;

	/* Nothing is known now, and what is kept goes by itself; with the next answer comes another connection. */
	if (sql_run(rounds->stores.db, SQL_RETRATO, NULL, rounds->arena, &rows) != PROBLEM_NONE)
		return true;
	const char *retrato = sql_text(&rows, 0, 0);
	bool same = strcmp(seen, retrato) == 0;
	snprintf(seen, sizeof(seen), "%s", retrato);
	return same;
}

static void look(struct rounds *rounds, void *context)
{
	const char *directory = program_settings()->versao;

	(void)context;
	if (!same(rounds) || !versao_inteira(directory))
		versao_mudar(directory);
	versao_limpar(directory);
}

int main(int argc, char **argv)
{
	const struct program program = {
	    .name = "vigia",
	    .purpose = "Begins another version of the catalogue when its database has changed.",
	    .statements = catalogo_statements,
	    .statement_count = CATALOGO_STATEMENT_COUNT,
	};

	return rounds_main(argc, argv, &program, look, NULL);
}
