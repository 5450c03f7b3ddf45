/* Scripted servers for tests. */
#include "fake_server.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

static void play(int listener, const char *const *answers)
{
	char request[65536];

	for (size_t turn = 0;; turn += answers[turn + 1] != NULL) {
		int connection = accept(listener, NULL, NULL);
		if (connection < 0)
			_exit(1);
		if (*answers[turn] == '\0')
			continue;
		if (read(connection, request, sizeof(request)) > 0 &&
		    write(connection, answers[turn], strlen(answers[turn])) < 0)
			_exit(1);
		close(connection);
	}
}

void fake_server_answer(int connection, const void *bytes, size_t len)
{
	char request[65536];

	if (read(connection, request, sizeof(request)) <= 0 || write(connection, bytes, len) < 0)
		_exit(1);
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

/* True in the child. */
static bool forked(struct fake_server *server)
{
	server->pid = fork();
	ck_assert_int_ge(server->pid, 0);
	if (server->pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
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
			int connection = accept(listener, NULL, NULL);
			if (connection < 0)
				_exit(1);
			serve(connection, turn);
			close(connection);
		}
	}
	close(listener);
}

void fake_server_stop(struct fake_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	unlink(server->path);
	rmdir(server->directory);
}
