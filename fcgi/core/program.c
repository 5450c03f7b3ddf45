/* Arguments, configuration, log and stores of a program, in this order. */
#include "core/program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "core/auth.h"
#include "core/call.h"
#include "core/config.h"
#include "core/log.h"
#include "core/slow.h"
#include "core/version.h"

static const struct config_setting setting_table[] = {
    {"postgres", CONFIG_TEXT, offsetof(struct settings, postgres), "", 0, 0},
    {"postgres_senha", CONFIG_SECRET, offsetof(struct settings, postgres_senha), "", 0, 0},
    {"prazo_sql_ms", CONFIG_INT, offsetof(struct settings, prazo_sql_ms), "1500", 10, 60000},
    {"redis", CONFIG_TEXT, offsetof(struct settings, redis), "", 0, 0},
    {"redis_usuario", CONFIG_TEXT, offsetof(struct settings, redis_usuario), "", 0, 0},
    {"redis_senha", CONFIG_SECRET, offsetof(struct settings, redis_senha), "", 0, 0},
    {"prazo_redis_ms", CONFIG_INT, offsetof(struct settings, prazo_redis_ms), "1000", 10, 60000},
    {"interno", CONFIG_TEXT, offsetof(struct settings, interno), "", 0, 0},
    {"token", CONFIG_SECRET, offsetof(struct settings, token), "", 0, 0},
    {"prazo_interno_ms", CONFIG_INT, offsetof(struct settings, prazo_interno_ms), "2500", 10, 60000},
    {"prazo_saude_ms", CONFIG_INT, offsetof(struct settings, prazo_saude_ms), "400", 10, 60000},
    {"tokens", CONFIG_TEXT, offsetof(struct settings, tokens), "", 0, 0},
    {"usos", CONFIG_TEXT, offsetof(struct settings, usos), "", 0, 0},
    {"log", CONFIG_TEXT, offsetof(struct settings, log), "-", 0, 0},
    {"nivel", CONFIG_TEXT, offsetof(struct settings, nivel), "info", 0, 0},
    {"lento_ms", CONFIG_INT, offsetof(struct settings, lento_ms), "0", 0, 3600000},
    {"somente_leitura", CONFIG_BOOL, offsetof(struct settings, somente_leitura), "nao", 0, 0},
    {"versao", CONFIG_TEXT, offsetof(struct settings, versao), "", 0, 0},
    {"placar", CONFIG_TEXT, offsetof(struct settings, placar), "", 0, 0},
    {"requisicoes_max", CONFIG_INT, offsetof(struct settings, requisicoes_max), "0", 0, 1000000000},
    {"memoria_max_kib", CONFIG_INT, offsetof(struct settings, memoria_max_kib), "131072", 0, 1000000000},
    {"intervalo_ms", CONFIG_INT, offsetof(struct settings, intervalo_ms), "500", 10, 60000},
    {"paciencia_ms", CONFIG_INT, offsetof(struct settings, paciencia_ms), "10000", 0, 3600000},
    {"anonimizar_dias", CONFIG_INT, offsetof(struct settings, anonimizar_dias), "0", 0, 36500},
    {"acesso", CONFIG_TEXT, offsetof(struct settings, acesso), "", 0, 0},
    {"acesso_lido", CONFIG_TEXT, offsetof(struct settings, acesso_lido), "", 0, 0},
    {"pools", CONFIG_TEXT, offsetof(struct settings, pools), "", 0, 0},
    {"sockets", CONFIG_TEXT, offsetof(struct settings, sockets), "", 0, 0},
    {"ultimos", CONFIG_TEXT, offsetof(struct settings, ultimos), "", 0, 0},
    {"fuso_horario", CONFIG_TEXT, offsetof(struct settings, fuso_horario), "America/Sao_Paulo", 0, 0},
};

/* Options of the stores outlive them, so they live here, once a process. */
static struct settings settings;
static struct sql_options sql_options;
static struct kv_options kv_options;
static struct caller_options caller_options;

const struct settings *program_settings(void)
{
	return &settings;
}

static const char *or_null(const char *text)
{
	return *text == '\0' ? NULL : text;
}

struct stores program_open(const struct program *program)
{
	struct stores stores = {.auth = auth_open(settings.tokens, settings.usos),
	                        .read_only = settings.somente_leitura};

	if (program->statements != NULL) {
		sql_options = (struct sql_options){.conninfo = settings.postgres,
		                                   .password = or_null(settings.postgres_senha),
		                                   .deadline_ms = settings.prazo_sql_ms,
		                                   .health_deadline_ms = settings.prazo_saude_ms,
		                                   .statements = program->statements,
		                                   .statement_count = program->statement_count,
		                                   .wrote = program->wrote};
		stores.db = sql_open(&sql_options);
	}
	if (program->scripts != NULL) {
		kv_options = (struct kv_options){settings.redis,       or_null(settings.redis_usuario),
		                                 settings.redis_senha, settings.prazo_redis_ms,
		                                 program->scripts,     program->script_count};
		stores.kv = kv_open(&kv_options);
	}
	if (program->calls) {
		caller_options =
		    (struct caller_options){settings.interno, or_null(settings.token), settings.prazo_interno_ms};
		stores.caller = caller_open(&caller_options);
	}
	return stores;
}

void program_close(const struct stores *stores)
{
	if (stores->db != NULL)
		sql_close(stores->db);
	if (stores->kv != NULL)
		kv_close(stores->kv);
	if (stores->caller != NULL)
		caller_close(stores->caller);
	auth_close(stores->auth);
}

/* --check: does the schema know what the statements name? */
static int check(const struct program *program)
{
	struct stores stores = program_open(program);
	struct arena *arena = arena_new();
	const char *error = stores.db == NULL ? NULL : sql_check(stores.db, arena);

	if (error == NULL)
		printf("%s: %zu statements prepared\n", program->name, program->statement_count);
	else
		fprintf(stderr, "%s: %s\n", program->name, error);
	arena_free(arena);
	program_close(&stores);
	return error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool level_parse(const char *name, enum log_level *level)
{
	static const char *const names[] = {"erro", "aviso", "info", "debug"};

	for (size_t i = 0; i < FIELD_COUNT(names); i++)
		if (strcmp(names[i], name) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	return false;
}

static int version_print(const char *name)
{
	printf("%s %s", name, version_number);
	if (*version_commit != '\0')
		printf(" (%s)", version_commit);
	putchar('\n');
	return EXIT_SUCCESS;
}

/* Reads the configuration and opens the log; 0, or the exit status after saying why. */
static int prepare(const char *path, const struct program *program)
{
	enum log_level level;
	const char *error = config_read(path, setting_table, FIELD_COUNT(setting_table), &settings);

	if (error != NULL) {
		fprintf(stderr, "%s: %s\n", program->name, error);
		return EX_CONFIG;
	}
	if (!level_parse(settings.nivel, &level)) {
		fprintf(stderr, "%s: %s: nivel must be erro, aviso, info or debug\n", program->name, path);
		return EX_CONFIG;
	}
	log_open(settings.somente_leitura ? "catalogo-replica" : program->name, settings.log, level);
	slow_open(settings.lento_ms);
	return EXIT_SUCCESS;
}

int program_main(int argc, char **argv, const struct program *program, int (*run)(const void *context),
                 const void *context)
{
	bool checks = argc == 4 && strcmp(argv[3], "--check") == 0;

	/* Means "open the log again" to a program that works, and nothing to one that begins or ends. */
	signal(SIGUSR1, SIG_IGN);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return version_print(program->name);
	if ((argc != 3 && !checks) || strcmp(argv[1], "-c") != 0) {
		fprintf(stderr, "Usage: %s -c FILE [--check] | --version\n%s\n", program->name, program->purpose);
		return EX_USAGE;
	}
	int failed = prepare(argv[2], program);
	if (failed != 0)
		return failed;
	return checks ? check(program) : run(context);
}
