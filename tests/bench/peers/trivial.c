/* A peer of scripts/bench: the least that a worker can do. Each request gets the same answer, the file that it was given. */
#include <fcgiapp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#define ANSWER_MAX 65536

/* The body is read to its end, as any worker must: what is left unread costs nginx an error. */
static void serve(FCGX_Request *fcgi, const char *answer, int len)
{
	char body[4096];

	while (FCGX_GetStr(body, sizeof(body), fcgi->in) > 0)
		;
	FCGX_PutStr(answer, len, fcgi->out);
	FCGX_Finish_r(fcgi);
}

int main(int argc, char **argv)
{
	static char answer[ANSWER_MAX];
	FCGX_Request fcgi;
	int file = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	ssize_t len = file < 0 ? -1 : read(file, answer, sizeof(answer));

	if (len <= 0) {
		fputs("usage: trivial ANSWER_FILE, with a listening socket as standard input\n", stderr);
		return EX_USAGE;
	}
	close(file);
	if (FCGX_Init() != 0 || FCGX_InitRequest(&fcgi, 0, 0) != 0)
		return EX_UNAVAILABLE;
	while (FCGX_Accept_r(&fcgi) == 0)
		serve(&fcgi, answer, (int)len);
	return EXIT_SUCCESS;
}
