/*
 * What every program of the system does before its own work: arguments, configuration, log, stores. A program says what it
 * needs in a table-like struct and gets it opened.
 */
#ifndef CORE_PROGRAM_H
#define CORE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/kv.h"
#include "core/request.h"
#include "core/sql.h"

struct program {
	const char *name;
	const char *purpose;                    /* a sentence for its usage message */
	const struct sql_statement *statements; /* NULL: no PostgreSQL */
	size_t statement_count;
	void (*wrote)(void);             /* as in struct sql_options */
	const struct kv_script *scripts; /* NULL: no Redis */
	size_t script_count;
	bool calls; /* speaks to services */
};

/* What a configuration file may say; `nome = valor` in docs/operations.md has their meaning. */
struct settings {
	const char *postgres;
	const char *postgres_senha;
	int prazo_sql_ms;
	const char *redis;
	const char *redis_usuario;
	const char *redis_senha;
	int prazo_redis_ms;
	const char *interno;
	const char *token;
	int prazo_interno_ms;
	int prazo_saude_ms; /* of a health check's question to a store; a quarter more for one to a service */
	const char *tokens;
	const char *usos; /* the directory that says when each token was last used; "": nothing says so */
	const char *log;
	const char *nivel;
	int lento_ms; /* from when on a statement or a request is logged as slow; 0: never */
	bool somente_leitura;
	const char *versao;       /* the directory of the catalogue's version; "": nobody keeps answers */
	const char *placar;       /* the pool's scoreboard (core/scoreboard.h); "": none */
	int requisicoes_max;      /* after which a worker begins anew; 0: never */
	int memoria_max_kib;      /* the same, by its resident memory */
	int intervalo_ms;         /* of a program that works at intervals */
	int paciencia_ms;         /* before such a program takes something for left behind */
	int anonimizar_dias;      /* after which personal data goes; 0: never */
	const char *acesso;       /* nginx's access log, */
	const char *acesso_lido;  /* and the file that says how far it was read */
	const char *pools;        /* a file: a pool and how many workers it is to have, a line each */
	const char *sockets;      /* the directory of the pools' sockets */
	const char *ultimos;      /* the directory that says how the last backup and the last audit ended */
	const char *fuso_horario; /* whose days a date means; a name that PostgreSQL knows */
};

/* The settings that program_main() read; valid for the life of the process. */
const struct settings *program_settings(void);

/*
 * Runs a program: `NAME -c FILE` calls run(context) once configuration and log are there; `NAME -c FILE --check` prepares every
 * statement and says what the schema refuses; `NAME --version` says what release it is of. Returns the exit status: run's own, 0,
 * 1 for a failed check, 64 usage, 78 configuration.
 */
int program_main(int argc, char **argv, const struct program *program, int (*run)(const void *context),
                 const void *context);

/* Opens what the program needs; each store connects when first used. The caller closes it with program_close(). */
struct stores program_open(const struct program *program);
void program_close(const struct stores *stores);

#endif
