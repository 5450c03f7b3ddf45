/* A server on a unix socket that plays a script: for every way in which a store or a service can fail to answer. */
#ifndef UNIT_FAKE_SERVER_H
#define UNIT_FAKE_SERVER_H

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

/* Ends the child and removes the socket. */
void fake_server_stop(struct fake_server *server);

#endif
