/* The accept loop: one request at a time from the socket on descriptor 0, until told to stop or due to be renewed. */
#include "core/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/auth.h"
#include "core/call.h"
#include "core/clock.h"
#include "core/config.h"
#include "core/log.h"

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
	const char *tokens;
	const char *log;
	const char *nivel;
	bool somente_leitura;
	int requisicoes_max;
};

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
    {"tokens", CONFIG_TEXT, offsetof(struct settings, tokens), "", 0, 0},
    {"log", CONFIG_TEXT, offsetof(struct settings, log), "-", 0, 0},
    {"nivel", CONFIG_TEXT, offsetof(struct settings, nivel), "info", 0, 0},
    {"somente_leitura", CONFIG_BOOL, offsetof(struct settings, somente_leitura), "nao", 0, 0},
    {"requisicoes_max", CONFIG_INT, offsetof(struct settings, requisicoes_max), "0", 0, 1000000000},
};

/* Options of the stores outlive them, so they live here, once a process. */
static struct settings settings;
static struct sql_options sql_options;
static struct kv_options kv_options;
static struct caller_options caller_options;

static void on_stop(int signal)
{
	(void)signal;
	FCGX_ShutdownPending();
}

/* Without SA_RESTART: accept() must return when the worker is told to stop. */
static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

/* While a request is handled a stop waits: reads and writes of libfcgi do not try again after a signal. */
static void hold_stop(int how)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGUSR1);
	sigprocmask(how, &stop, NULL);
}

static const char *fcgi_variable(void *context, const char *name)
{
	const FCGX_Request *fcgi = context;

	return FCGX_GetParam(name, fcgi->envp);
}

static bool fcgi_body(void *context, char *out, size_t len)
{
	const FCGX_Request *fcgi = context;

	return FCGX_GetStr(out, (int)len, fcgi->in) == (int)len && FCGX_GetError(fcgi->in) == 0;
}

/* A request that nginx gave up on still comes out of the backlog; it must not change anything any more. */
static bool abandoned(const FCGX_Request *fcgi)
{
	struct pollfd peer = {.fd = fcgi->ipcFd, .events = POLLRDHUP};

	return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
}

static const char *or_null(const char *text)
{
	return *text == '\0' ? NULL : text;
}

static struct stores open_stores(const struct service *service)
{
	struct stores stores = {.auth = auth_open(settings.tokens), .read_only = settings.somente_leitura};

	if (service->statements != NULL) {
		sql_options =
		    (struct sql_options){settings.postgres, or_null(settings.postgres_senha), settings.prazo_sql_ms,
		                         service->statements, service->statement_count};
		stores.db = sql_open(&sql_options);
	}
	if (service->scripts != NULL) {
		kv_options = (struct kv_options){settings.redis,       or_null(settings.redis_usuario),
		                                 settings.redis_senha, settings.prazo_redis_ms,
		                                 service->scripts,     service->script_count};
		stores.kv = kv_open(&kv_options);
	}
	if (service->calls) {
		caller_options =
		    (struct caller_options){settings.interno, or_null(settings.token), settings.prazo_interno_ms};
		stores.caller = caller_open(&caller_options);
	}
	return stores;
}

static void close_stores(const struct stores *stores)
{
	if (stores->db != NULL)
		sql_close(stores->db);
	if (stores->kv != NULL)
		kv_close(stores->kv);
	if (stores->caller != NULL)
		caller_close(stores->caller);
	auth_close(stores->auth);
}

/* What a worker keeps from request to request. */
struct worker {
	const struct service *service;
	struct stores stores;
	struct arena *arena;
	struct response response;
	struct buf out;
};

static enum problem dispatch(const struct worker *worker, struct request *rq, struct response *rs,
                             const FCGX_Request *fcgi)
{
	enum problem problem = request_parse(rq);

	log_request(rq->id);
	if (problem != PROBLEM_NONE)
		return problem;
	if (rq->method != METHOD_GET && abandoned(fcgi))
		return PROBLEM_SERVICO_INDISPONIVEL;
	return route_dispatch(worker->service->routes, worker->service->route_count, rq, rs);
}

static void handle(struct worker *worker, FCGX_Request *fcgi)
{
	static const char *const method_names[] = {[METHOD_GET] = "GET",
	                                           [METHOD_POST] = "POST",
	                                           [METHOD_PUT] = "PUT",
	                                           [METHOD_PATCH] = "PATCH",
	                                           [METHOD_DELETE] = "DELETE"};
	int64_t start = clock_monotonic_us();
	const struct request_source source = {fcgi_variable, fcgi_body, fcgi};
	struct request rq = {.arena = worker->arena, .stores = &worker->stores, .source = &source};
	struct response *rs = &worker->response;

	response_reset(rs, worker->arena);
	enum problem problem = dispatch(worker, &rq, rs, fcgi);
	response_finish(rs, &rq, problem);
	buf_clear(&worker->out);
	response_render(rs, &rq, &worker->out);
	FCGX_PutStr(worker->out.data, (int)worker->out.len, fcgi->out);
	FCGX_Finish_r(fcgi);
	log_event(LOG_LEVEL_INFO, "request", "method=%s rota=%s status=%d us=%lld%s%s",
	          rq.method == METHOD_OTHER ? "?" : method_names[rq.method], rq.route == NULL ? "-" : rq.route,
	          rs->status, (long long)(clock_monotonic_us() - start), problem == PROBLEM_NONE ? "" : " codigo=",
	          problem == PROBLEM_NONE ? "" : problem_info(problem)->codigo);
	log_request(NULL);
	arena_reset(worker->arena);
}

static int serve(const struct service *service)
{
	struct worker worker = {.service = service, .stores = open_stores(service), .arena = arena_new()};
	FCGX_Request fcgi;

	catch_signals();
	if (FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, 0, 0) != 0)
		return EX_UNAVAILABLE;
	log_event(LOG_LEVEL_INFO, "start", "somente_leitura=%s", settings.somente_leitura ? "sim" : "nao");
	for (int served = 0; settings.requisicoes_max == 0 || served < settings.requisicoes_max; served++) {
		hold_stop(SIG_UNBLOCK);
		if (FCGX_Accept_r(&fcgi) != 0)
			break;
		hold_stop(SIG_BLOCK);
		handle(&worker, &fcgi);
	}
	log_event(LOG_LEVEL_INFO, "stop", "pid=%d", (int)getpid());
	FCGX_Free(&fcgi, 1);
	buf_free(&worker.out);
	buf_free(&worker.response.body);
	buf_free(&worker.response.headers);
	arena_free(worker.arena);
	close_stores(&worker.stores);
	return EXIT_SUCCESS;
}

/* --check: does the schema know what the statements name? */
static int check(const struct service *service)
{
	struct stores stores = open_stores(service);
	struct arena *arena = arena_new();
	const char *error = stores.db == NULL ? NULL : sql_check(stores.db, arena);

	if (error == NULL)
		printf("%s: %zu statements prepared\n", service->name, service->statement_count);
	else
		fprintf(stderr, "%s: %s\n", service->name, error);
	arena_free(arena);
	close_stores(&stores);
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

/* Reads the configuration and opens the log; 0, or the exit status after saying why. */
static int prepare(const char *path, const struct service *service)
{
	enum log_level level;
	const char *error = config_read(path, setting_table, FIELD_COUNT(setting_table), &settings);

	if (error != NULL) {
		fprintf(stderr, "%s: %s\n", service->name, error);
		return EX_CONFIG;
	}
	if (!level_parse(settings.nivel, &level)) {
		fprintf(stderr, "%s: %s: nivel must be erro, aviso, info or debug\n", service->name, path);
		return EX_CONFIG;
	}
	int failed = log_open(settings.somente_leitura ? "catalogo-replica" : service->name, settings.log, level);
	if (failed != 0) {
		fprintf(stderr, "%s: cannot write %s: %s\n", service->name, settings.log, strerror(failed));
		return EX_CONFIG;
	}
	return EXIT_SUCCESS;
}

int worker_main(int argc, char **argv, const struct service *service)
{
	bool checks = argc == 4 && strcmp(argv[3], "--check") == 0;

	if ((argc != 3 && !checks) || strcmp(argv[1], "-c") != 0) {
		fprintf(stderr, "Usage: %s -c FILE [--check]\nServes the FastCGI socket on descriptor 0.\n",
		        service->name);
		return EX_USAGE;
	}
	int failed = prepare(argv[2], service);
	if (failed != 0)
		return failed;
	return checks ? check(service) : serve(service);
}
