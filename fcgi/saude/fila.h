/* How many connections wait in the queue of each pool's socket, which only the kernel knows: sock_diag(7). */
#ifndef SAUDE_FILA_H
#define SAUDE_FILA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fila {
	const char *pool;
	int64_t length; /* -1: no such socket listens */
};

/* Fills in the lengths, of the sockets DIRECTORY/POOL.sock. False when the kernel does not tell. */
bool fila_read(const char *directory, struct fila *filas, size_t count);

#endif
