/* The accept loop: one request at a time from the socket on descriptor 0, until told to stop or due to be renewed. */
#include "core/worker.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/crash.h"
#include "core/deadline.h"
#include "core/log.h"
#include "core/resident.h"
#include "core/scoreboard.h"
#include "core/slow.h"
#include "core/trace.h"

/* nginx sends a request as soon as it has connected, and whole: a peer that is silent for so long holds the worker up no longer. */
#define SILENCE_MAX_S 5

/* What to do next. */
enum event { EVENT_REQUEST, EVENT_STOP, EVENT_RENEWAL, EVENT_FAILURE };

/*
 * The listening socket and the signals, waited for together. Signals are blocked for good and read from a descriptor: none is missed
 * because it came just before the worker waited, and none interrupts libfcgi, whose reads do not try again and whose accept loop
 * never ends when a signal comes between a connection and its first byte (OS_Accept() in os_unix.c, up to 2.4.7).
 */
struct inlet {
	int epoll;
	int signals;
};

static bool watch(const struct inlet *inlet, int fd, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(inlet->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* EPOLLEXCLUSIVE: a connection wakes one of the pool's idle workers, not all. The socket does not block, as another may be quicker. */
static bool inlet_open(struct inlet *inlet)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t signals;

	sigaction(SIGPIPE, &ignore, NULL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	inlet->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	inlet->epoll = epoll_create1(EPOLL_CLOEXEC);
	int flags = fcntl(STDIN_FILENO, F_GETFL);
	return inlet->signals >= 0 && inlet->epoll >= 0 && flags >= 0 &&
	       fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) == 0 && watch(inlet, inlet->signals, EPOLLIN) &&
	       watch(inlet, STDIN_FILENO, EPOLLIN | EPOLLEXCLUSIVE);
}

static void inlet_close(const struct inlet *inlet)
{
	close(inlet->epoll);
	close(inlet->signals);
}

/*
 * What the signals that have come ask for; a stop comes before a renewal. EVENT_REQUEST when there is none. SIGUSR1 only opens the log
 * again.
 */
static enum event read_signals(const struct inlet *inlet)
{
	enum event asked = EVENT_REQUEST;
	struct signalfd_siginfo info;

	while (read(inlet->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGUSR1)
			log_reopen();
		else if (info.ssi_signo != SIGHUP)
			asked = EVENT_STOP;
		else if (asked == EVENT_REQUEST)
			asked = EVENT_RENEWAL;
	return asked;
}

/* Whether accept(2) failed for a reason that passes: another worker was quicker, or the client has gone. */
static bool passes(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ECONNABORTED || error == EINTR;
}

/* A signal, or the next connection, *connection. */
static enum event next_event(const struct inlet *inlet, int *connection)
{
	const struct timeval silence = {.tv_sec = SILENCE_MAX_S};
	struct epoll_event events[2];

	for (;;) {
		scoreboard_busy(false);
		int count = epoll_wait(inlet->epoll, events, 2, -1);
		for (int i = 0; i < count; i++) {
			enum event asked = events[i].data.fd == inlet->signals ? read_signals(inlet) : EVENT_REQUEST;
			if (asked != EVENT_REQUEST)
				return asked;
		}
		*connection = count <= 0 ? -1 : accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC);
		if (*connection < 0 && !passes(errno))
			return EVENT_FAILURE;
		if (*connection >= 0) {
			scoreboard_busy(true);
			setsockopt(*connection, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
			return EVENT_REQUEST;
		}
	}
}

/*
 * Lets libfcgi read a request from a connection. It takes one that is there already when the request before is said to have kept
 * it; when there is no request to be read, it closes it and tries to accept another from a socket that it has not been given. False
 * then.
 */
static bool read_request(FCGX_Request *fcgi, int connection)
{
	fcgi->ipcFd = connection;
	fcgi->keepConnection = 1;
	return FCGX_Accept_r(fcgi) == 0;
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
 * A request that nginx gave up on, at its time-out, still comes out of the backlog: it must not change anything any more, and a read
 * would keep others waiting for nobody's sake.
 */
static bool abandoned(void *context)
{
	const FCGX_Request *fcgi = context;
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

static enum problem dispatch(const struct worker *worker, struct request *rq, struct response *rs, FCGX_Request *fcgi)
{
	enum problem problem = request_parse(rq);

	log_request(rq->id);
	trace_begin(request_header(rq, "HTTP_TRACEPARENT"));
	deadline_begin(rq->deadline, abandoned, fcgi);
	if (problem != PROBLEM_NONE)
		return problem;
	if (abandoned(fcgi))
		return PROBLEM_SERVICO_INDISPONIVEL;
	problem = route_dispatch(worker->service->routes, worker->service->route_count, rq, rs);
	/* Only a read ends so, and a write that cannot go on without it has changed nothing. */
	if (problem == PROBLEM_TEMPO_ESGOTADO && rq->method != METHOD_GET)
		return PROBLEM_SERVICO_INDISPONIVEL;
	return problem;
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

/* The line of a request: who asked, by the token's name, where a right was asked for. */
static void log_answer(const struct request *rq, int status, enum problem problem, int64_t microseconds)
{
	const struct slow_request told = {method_name(rq->method), rq->route == NULL ? "-" : rq->route, status,
	                                  microseconds, rq->queue_ms};
	bool traced = *trace_id() != '\0';

	log_event(
	    rq->polled && status < 400 ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "request",
	    "method=%s rota=%s status=%d us=%lld%s%s%s%s%s%s%s%s", told.method, told.route, status, (long long)told.us,
	    rq->author == NULL ? "" : " autor=", rq->author == NULL ? "" : rq->author,
	    problem == PROBLEM_NONE ? "" : " codigo=", problem == PROBLEM_NONE ? "" : problem_info(problem)->codigo,
	    traced ? " trace_id=" : "", trace_id(), traced ? " span_id=" : "", trace_span_id());
	slow_request_end(&told);
}

static void handle(struct worker *worker, FCGX_Request *fcgi)
{
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
	int64_t microseconds = clock_monotonic_us() - start;
	scoreboard_answered(&rq, rs->status, microseconds);
	log_answer(&rq, rs->status, problem, microseconds);
	log_request(NULL);
	trace_end();
	deadline_end();
	arena_reset(worker->arena);
}

/* Whether the worker has served enough requests, or has more memory than it may: what it has now, not at its peak. */
static bool spent(int served)
{
	const struct settings *settings = program_settings();

	if (settings->requisicoes_max > 0 && served >= settings->requisicoes_max)
		return true;
	return settings->memoria_max_kib > 0 && resident_kib() > settings->memoria_max_kib;
}

/* Requests until a signal, or until the worker is spent and to be renewed. */
static enum event serve_requests(struct worker *worker, const struct inlet *inlet, FCGX_Request *fcgi)
{
	int connection;

	for (int served = 0;;) {
		enum event event = next_event(inlet, &connection);
		if (event != EVENT_REQUEST)
			return event;
		if (!read_request(fcgi, connection))
			continue;
		handle(worker, fcgi);
		/* Only after a request: a limit below what a new worker has would keep it from ever serving. */
		if (spent(++served))
			return EVENT_RENEWAL;
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
	struct inlet inlet;
	FCGX_Request fcgi;

	/* Large blocks go back to the system when they are freed: without this glibc would keep more after each large request. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	if (!inlet_open(&inlet) || FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, -1, 0) != 0)
		return EX_UNAVAILABLE;
	scoreboard_join(program_settings()->placar, command->service->routes, command->service->route_count);
	log_event(LOG_LEVEL_INFO, "start", "somente_leitura=%s", program_settings()->somente_leitura ? "sim" : "nao");
	enum event event = serve_requests(&worker, &inlet, &fcgi);
	if (event == EVENT_STOP)
		log_event(LOG_LEVEL_INFO, "stop", "pid=%d", (int)getpid());
	if (event == EVENT_FAILURE)
		log_event(LOG_LEVEL_ERRO, "accept_failed", "erro=%s", log_quote(strerror(errno)));
	FCGX_Free(&fcgi, 1);
	buf_free(&worker.out);
	buf_free(&worker.response.body);
	buf_free(&worker.response.headers);
	buf_free(&worker.response.kept);
	buf_free(&worker.response.members);
	arena_free(worker.arena);
	program_close(&worker.stores);
	inlet_close(&inlet);
	if (event != EVENT_FAILURE)
		scoreboard_leave(event == EVENT_RENEWAL);
	if (event == EVENT_RENEWAL)
		return renew(command->argv);
	return event == EVENT_STOP ? EXIT_SUCCESS : EX_OSERR;
}

int worker_main(int argc, char **argv, const struct service *service)
{
	const struct command command = {service, argv};

	return program_main(argc, argv, &service->program, serve, &command);
}
