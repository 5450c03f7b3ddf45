/* A server on a unix socket that plays a script: for every way in which a store or a service can fail to answer. */
#ifndef UNIT_FAKE_SERVER_H
#define UNIT_FAKE_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct fake_server {
	char directory[32];
	char path[64];
	pid_t pid;
};

/*
 * Listens on directory/name in a child process. Each connection is read once, then answered with the next of `answers` (NULL-ended;
 * the last one again and again) and closed; the answer "" stays silent, keeping the connection open.
 */
void fake_server_start(struct fake_server *server, const char *name, const char *const *answers);

/*
 * As fake_server_start(), but in the child `serve` plays each connection, which is the `turn`th, and it is closed after it. For
 * protocols whose messages hold NUL bytes, and for more than one answer on a connection.
 */
void fake_server_serve(struct fake_server *server, const char *name, void (*serve)(int connection, size_t turn));

/* In `serve`: reads what comes next, then writes `len` bytes. Ends the child when the other side has gone. */
void fake_server_answer(int connection, const void *bytes, size_t len);

/* Ends the child and removes the socket. */
void fake_server_stop(struct fake_server *server);

#endif
