/* Scripted servers for tests. */
#include "fake_server.h"

#include <linux/sockios.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#define SERVERS_MAX 2
#define TICK_NS     500000L

struct fake_server_state {
	atomic_bool silent;
	atomic_int said;   /* how often */
	atomic_int closed; /* connections */
};

/* Those that run, so that a connection is known by the path of its other end. */
static struct fake_server *running[SERVERS_MAX];

static struct fake_server_state *own; /* in the child */

static void tick(void)
{
	const struct timespec time = {0, TICK_NS};

	nanosleep(&time, NULL);
}

static int next_connection(int listener)
{
	int connection = accept(listener, NULL, NULL);

	if (connection < 0)
		_exit(1);
	return connection;
}

static void end_connection(int connection)
{
	close(connection);
	own->closed++;
}

static _Noreturn void play(int listener, const char *const *answers)
{
	for (size_t turn = 0;; turn += answers[turn + 1] != NULL) {
		int connection = next_connection(listener);
		if (*answers[turn] == '\0')
			fake_server_fall_silent();
		fake_server_answer(connection, answers[turn], strlen(answers[turn]));
		end_connection(connection);
	}
}

void fake_server_answer_to(int connection, const char *expected, const void *bytes, size_t len)
{
	char request[65536];
	ssize_t got = read(connection, request, sizeof(request));

	if (got <= 0 || memmem(request, (size_t)got, expected, strlen(expected)) == NULL ||
	    write(connection, bytes, len) < 0)
		_exit(1);
}

void fake_server_answer(int connection, const void *bytes, size_t len)
{
	fake_server_answer_to(connection, "", bytes, len);
}

bool fake_server_say(int connection, const void *bytes, size_t len)
{
	int unread = 0;

	while (ioctl(connection, SIOCOUTQ, &unread) == 0 && unread > 0)
		tick();
	if (send(connection, bytes, len, MSG_NOSIGNAL) < 0)
		return false;
	own->said++;
	return true;
}

void fake_server_set_silent(bool silent)
{
	own->silent = silent;
}

void fake_server_fall_silent(void)
{
	own->silent = true;
	for (;;)
		pause();
}

void fake_server_until_left(int connection)
{
	char heard[100];

	while (read(connection, heard, sizeof(heard)) > 0)
		;
}

/* A socket that listens on directory/name. */
static int listen_on(struct fake_server *server, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(server->directory, sizeof(server->directory), "/tmp/unit-server-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(server->directory));
	snprintf(server->path, sizeof(server->path), "%.31s/%.30s", server->directory, name);
	memcpy(address.sun_path, server->path, strlen(server->path) + 1);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 8), 0);
	return listener;
}

static void enlist(struct fake_server *server)
{
	size_t at = 0;

	while (at < SERVERS_MAX && running[at] != NULL)
		at++;
	ck_assert_uint_lt(at, SERVERS_MAX);
	running[at] = server;
}

/* True in the child. */
static bool forked(struct fake_server *server)
{
	void *shared = mmap(NULL, sizeof(*own), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(shared, MAP_FAILED);
	server->state = shared;
	enlist(server);
	server->pid = fork();
	ck_assert_int_ge(server->pid, 0);
	if (server->pid == 0) {
		own = server->state;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	}
	return server->pid == 0;
}

void fake_server_start(struct fake_server *server, const char *name, const char *const *answers)
{
	int listener = listen_on(server, name);

	if (forked(server))
		play(listener, answers);
	close(listener);
}

void fake_server_serve(struct fake_server *server, const char *name, void (*serve)(int connection, size_t turn))
{
	int listener = listen_on(server, name);

	if (forked(server)) {
		for (size_t turn = 0;; turn++) {
			int connection = next_connection(listener);
			serve(connection, turn);
			end_connection(connection);
		}
	}
	close(listener);
}

void fake_server_stop(struct fake_server *server)
{
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (running[i] == server)
			running[i] = NULL;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	munmap(server->state, sizeof(*server->state));
	unlink(server->path);
	rmdir(server->directory);
}

void fake_server_wait_closed(const struct fake_server *server, int count)
{
	while (server->state->closed < count)
		tick();
}

void fake_server_wait_said(const struct fake_server *server, int count)
{
	while (server->state->said < count)
		tick();
}

bool fake_server_silent(int connection)
{
	struct sockaddr_un peer = {0};
	socklen_t len = sizeof(peer);

	if (getpeername(connection, (struct sockaddr *)&peer, &len) != 0 || peer.sun_family != AF_UNIX)
		return false;
	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (running[i] != NULL && strcmp(running[i]->path, peer.sun_path) == 0)
			return running[i]->state->silent;
	return false;
}
