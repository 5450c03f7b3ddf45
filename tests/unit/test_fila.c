/* The queues of listening sockets, as the kernel tells them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "saude/fila.h"
#include "suites.h"

static char place[64];

static struct sockaddr_un address(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", place, name);
	return address;
}

static int listener(const char *name)
{
	struct sockaddr_un at = address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	return fd;
}

static int client(const char *name)
{
	struct sockaddr_un at = address(name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

START_TEST(connections_that_wait)
{
	struct fila filas[] = {{.pool = "catalogo"}, {.pool = "catalogo-busca"}, {.pool = "nenhum"}};
	int fds[5];

	snprintf(place, sizeof(place), "/tmp/unit-fila-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
	fds[0] = listener("catalogo.sock");
	fds[1] = listener("catalogo-busca.sock");
	fds[2] = client("catalogo-busca.sock");
	fds[3] = client("catalogo-busca.sock");
	ck_assert(fila_read(place, filas, 3));
	ck_assert_int_eq(filas[0].length, 0);
	ck_assert_int_eq(filas[1].length, 2);
	ck_assert_int_eq(filas[2].length, -1);
	/* One that was accepted waits no longer. Another socket of the same name, while the first is replaced, counts too. */
	close(accept(fds[1], NULL, NULL));
	ck_assert_int_eq(unlink(address("catalogo-busca.sock").sun_path), 0);
	fds[4] = listener("catalogo-busca.sock");
	int more = client("catalogo-busca.sock");
	ck_assert(fila_read(place, filas, 3));
	ck_assert_int_eq(filas[1].length, 2);
	close(more);
	for (int i = 0; i < 5; i++)
		close(fds[i]);
	unlink(address("catalogo.sock").sun_path);
	unlink(address("catalogo-busca.sock").sun_path);
	rmdir(place);
}
END_TEST

Suite *fila_suite(void)
{
	Suite *suite = suite_create("fila");
	TCase *tests = tcase_create("queues");

	tcase_add_test(tests, connections_that_wait);
	suite_add_tcase(suite, tests);
	return suite;
}
