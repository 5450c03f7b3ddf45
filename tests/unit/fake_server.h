/* A server on a unix socket that plays a script: for every way in which a store or a service can fail to answer. */
#ifndef UNIT_FAKE_SERVER_H
#define UNIT_FAKE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct fake_server_state; /* shared with the child */

struct fake_server {
	char directory[32];
	char path[64];
	pid_t pid;
	struct fake_server_state *state;
};

/*
 * Listens on directory/name in a child process. Each connection is read once, then answered with the next of `answers` (NULL-ended;
 * the last one again and again) and closed; at the answer "" the server falls silent.
 */
void fake_server_start(struct fake_server *server, const char *name, const char *const *answers);

/*
 * As fake_server_start(), but in the child `serve` plays each connection, which is the `turn`th, and it is closed after it. For
 * protocols whose messages hold NUL bytes, and for more than one answer on a connection.
 */
void fake_server_serve(struct fake_server *server, const char *name, void (*serve)(int connection, size_t turn));

/* Ends the child and removes the socket. */
void fake_server_stop(struct fake_server *server);

/* Waits until the server has closed `count` connections. */
void fake_server_wait_closed(const struct fake_server *server, int count);

/* Waits until `serve` has called fake_server_say() `count` times. */
void fake_server_wait_said(const struct fake_server *server, int count);

/* Whether the server at the other end of a client's connection has fallen silent: poll() then times out at once (fake_clock.h). */
bool fake_server_silent(int connection);

/* In `serve`: reads what comes next, then writes `len` bytes. Ends the child when the other side has gone. */
void fake_server_answer(int connection, const void *bytes, size_t len);

/* The same; ends the child when what comes does not hold the text `expected`. */
void fake_server_answer_to(int connection, const char *expected, const void *bytes, size_t len);

/* In `serve`: writes `len` bytes by themselves, once all that was written before has been read; false when the other side has gone. */
bool fake_server_say(int connection, const void *bytes, size_t len);

/* In `serve`: whether nothing more is going to come, on any connection. */
void fake_server_set_silent(bool silent);

/* In `serve`: never says anything again. */
_Noreturn void fake_server_fall_silent(void);

/* In `serve`: waits until the other side has hung up. */
void fake_server_until_left(int connection);

#endif
