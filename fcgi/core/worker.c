/* The accept loop: one request at a time from the socket on descriptor 0, until told to stop or due to be renewed. */
#include "core/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/crash.h"
#include "core/log.h"

/* What a signal has asked for. */
static volatile sig_atomic_t stop_asked;
static volatile sig_atomic_t renewal_asked;

static void on_stop(int signal)
{
	(void)signal;
	stop_asked = 1;
	FCGX_ShutdownPending();
}

static void on_renewal(int signal)
{
	(void)signal;
	renewal_asked = 1;
	FCGX_ShutdownPending();
}

/* Without SA_RESTART: accept() must return when the worker is told to stop. */
static void catch_signals(void)
{
	struct sigaction stop = {.sa_handler = on_stop};
	struct sigaction renewal = {.sa_handler = on_renewal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &stop, NULL);
	sigaction(SIGHUP, &renewal, NULL);
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
	sigaddset(&stop, SIGHUP);
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

/*
 * A request that nginx gave up on still comes out of the backlog: it must not change anything any more, and a read would keep
 * others waiting for nobody's sake.
 */
static bool abandoned(const FCGX_Request *fcgi)
{
	struct pollfd peer = {.fd = fcgi->ipcFd, .events = POLLRDHUP};

	return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLHUP | POLLERR | POLLRDHUP)) != 0;
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
	if (abandoned(fcgi))
		return PROBLEM_SERVICO_INDISPONIVEL;
	return route_dispatch(worker->service->routes, worker->service->route_count, rq, rs);
}

/*
 * Sends the answer and closes. libfcgi shuts down first and waits for nginx to close, as TCP needs it: a worker's longest wait but
 * for its stores. Over a unix socket what was written can still be read after a plain close, which is what a detached request
 * has, unless something of nginx's is left unread: then nginx would see a reset.
 */
static void finish(FCGX_Request *fcgi)
{
	char unread;

	if (FCGX_GetStr(&unread, 1, fcgi->in) == 0 && FCGX_GetError(fcgi->in) == 0)
		FCGX_Detach(fcgi);
	FCGX_Finish_r(fcgi);
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
	if (worker->service->mark != NULL && rs->status < 500)
		worker->service->mark(&rq, rs);
	buf_clear(&worker->out);
	response_render(rs, &rq, &worker->out);
	if (rq.method != METHOD_GET && rq.route != NULL)
		crash_point("resposta", rq.route, "antes");
	FCGX_PutStr(worker->out.data, (int)worker->out.len, fcgi->out);
	finish(fcgi);
	log_event(LOG_LEVEL_INFO, "request", "method=%s rota=%s status=%d us=%lld%s%s",
	          rq.method == METHOD_OTHER ? "?" : method_names[rq.method], rq.route == NULL ? "-" : rq.route,
	          rs->status, (long long)(clock_monotonic_us() - start), problem == PROBLEM_NONE ? "" : " codigo=",
	          problem == PROBLEM_NONE ? "" : problem_info(problem)->codigo);
	log_request(NULL);
	arena_reset(worker->arena);
}

/* Whether the worker has done enough for one life. ru_maxrss is in KiB (getrusage(2)). */
static bool spent(int served)
{
	const struct settings *settings = program_settings();
	struct rusage usage;

	if (settings->requisicoes_max > 0 && served >= settings->requisicoes_max)
		return true;
	return settings->memoria_max_kib > 0 && getrusage(RUSAGE_SELF, &usage) == 0 &&
	       usage.ru_maxrss > settings->memoria_max_kib;
}

/* Requests until a signal (true: the worker may end) or until it is spent (false: it begins anew). */
static bool serve_requests(struct worker *worker, FCGX_Request *fcgi)
{
	for (int served = 1;; served++) {
		hold_stop(SIG_UNBLOCK);
		if (FCGX_Accept_r(fcgi) != 0) {
			hold_stop(SIG_BLOCK);
			return stop_asked || !renewal_asked;
		}
		hold_stop(SIG_BLOCK);
		handle(worker, fcgi);
		/* Only after a request: a limit below what a new worker has would keep it from ever serving. */
		if (spent(served))
			return false;
	}
}

/*
 * The same process begins anew, with the program as it is on the disk now. Its socket stays open and its place in the pool
 * taken, so nobody is refused, not even by a pool of one. A stop that comes meanwhile stays pending: signals are blocked.
 */
static int renew(char *const *argv)
{
	log_event(LOG_LEVEL_INFO, "renew", "pid=%d", (int)getpid());
	execv(argv[0], argv);
	log_event(LOG_LEVEL_ERRO, "renew", "erro=%s", log_quote(strerror(errno)));
	return EX_OSERR;
}

struct command {
	const struct service *service;
	char *const *argv;
};

static int serve(const void *context)
{
	const struct command *command = context;
	const struct program *program = &command->service->program;
	struct worker worker = {.service = command->service, .stores = program_open(program), .arena = arena_new()};
	FCGX_Request fcgi;

	catch_signals();
	if (FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, 0, 0) != 0)
		return EX_UNAVAILABLE;
	log_event(LOG_LEVEL_INFO, "start", "somente_leitura=%s", program_settings()->somente_leitura ? "sim" : "nao");
	bool ends = serve_requests(&worker, &fcgi);
	if (ends)
		log_event(LOG_LEVEL_INFO, "stop", "pid=%d", (int)getpid());
	FCGX_Free(&fcgi, 1);
	buf_free(&worker.out);
	buf_free(&worker.response.body);
	buf_free(&worker.response.headers);
	arena_free(worker.arena);
	program_close(&worker.stores);
	return ends ? EXIT_SUCCESS : renew(command->argv);
}

int worker_main(int argc, char **argv, const struct service *service)
{
	const struct command command = {service, argv};

	return program_main(argc, argv, &service->program, serve, &command);
}
