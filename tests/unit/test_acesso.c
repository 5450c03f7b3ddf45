/* The access log: what a line counts, and a log that grows, is rotated, is emptied between two calls. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "saude/acesso.h"
#include "suites.h"

#define BEFORE "127.0.0.1 - - [27/Nov/2026:08:00:00 +0000] \"GET /api/produtos HTTP/1.1\" "
#define AFTER  " 512 \"-\" \"curl/8.5\" request_id=a1 seconds=0.001 "
#define HIT    BEFORE "200" AFTER "pool=\"\" pool_status=\"\" cache=HIT\n"
#define FULL   BEFORE "503" AFTER "pool=\"catalogo_escrita\" pool_status=\"502\" cache=\n"

static const struct {
	const char *line;
	int64_t refused[ACESSO_REFUSED_COUNT];
	int64_t cache[ACESSO_CACHE_COUNT];
} lines[] = {
    /* No worker, a limit, no answer in time; the last of two tries counts. */
    {BEFORE "503" AFTER "pool=\"carrinho\" pool_status=\"502\" cache=", {0, 1, 0}, {0}},
    {BEFORE "429" AFTER "pool=\"\" pool_status=\"\" cache= one_in=100", {100, 0, 0}, {0}},
    {BEFORE "504" AFTER "pool=\"pedidos\" pool_status=\"504\" cache=", {0, 0, 1}, {0}},
    {BEFORE "503" AFTER "pool=\"catalogo, catalogo-replica\" pool_status=\"503, 502\" cache=MISS",
     {0, 1, 0},
     {0, 1, 0}},
    /* A worker's own answer. */
    {BEFORE "503" AFTER "pool=\"pedidos\" pool_status=\"503\" cache=", {0}, {0}},
    {BEFORE "503" AFTER "pool=\"catalogo, catalogo-replica\" pool_status=\"502, 503\" cache=-", {0}, {0}},
    {BEFORE "502" AFTER "pool=\"pedidos\" pool_status=\"502\" cache=", {0}, {0}},
    /* What was kept. */
    {BEFORE "200" AFTER "pool=\"\" pool_status=\"\" cache=HIT", {0}, {1, 0, 0}},
    {BEFORE "304" AFTER "pool=\"\" pool_status=\"\" cache=HIT more=\"a b\"", {0}, {1, 0, 0}},
    {BEFORE "200" AFTER "cache=EXPIRED", {0}, {0, 0, 1}},
    /* As it stood in older logs. */
    {"time=2026-11-27T08:00:00+00:00 request_id=a status=503 method=GET uri=\"/ x\" pool=\"a\" pool_status=\"502\" "
     "cache= client=::1",
     {0, 1, 0},
     {0}},
    /* What a client chooses is nothing: not even when it looks like ours. */
    {BEFORE "200 1 \"-\" \"x status=503 cache=HIT one_in=1000\" pool=\"\"", {0}, {0}},
    {BEFORE "200 1 \"-\" \"a\\\" status=503 cache=HIT\" pool=\"\"", {0}, {0}},
    {"::1 - cache=HIT status=503 [x] \"GET /\" 200 1 \"-\" \"-\" request_id=1", {0}, {0}},
    {BEFORE "200 cache=HIT 1 \"-\" \"-\" pool=\"\"", {0}, {0}},
    /* No line of ours. */
    {BEFORE "200" AFTER "cache=\"HIT", {0}, {0}},
    {BEFORE "2000" AFTER "cache=HIT", {0}, {0}},
    {BEFORE "abc" AFTER "cache=HIT", {0}, {0}},
    {BEFORE "429" AFTER "pool_status=\"\" one_in=0", {0}, {0}},
    {BEFORE "429" AFTER "pool_status=\"\" one_in=99999999999999999999", {0}, {0}},
    {BEFORE "503\" cache=HIT", {0}, {0}},
    {"cache=HIT", {0}, {0}},
    {"\"", {0}, {0}},
    {"\"\\", {0}, {0}},
    {"=", {0}, {0}},
    {"", {0}, {0}},
};

START_TEST(each_line)
{
	struct acesso acesso = {{0}, {0}};
	size_t len = strlen(lines[_i].line);
	char *line = malloc(len + 1); /* nothing is read behind it */

	ck_assert_ptr_nonnull(line);
	memcpy(line, lines[_i].line, len);
	acesso_line(line, len, &acesso);
	free(line);
	ck_assert_msg(memcmp(acesso.refused, lines[_i].refused, sizeof(acesso.refused)) == 0 &&
	                  memcmp(acesso.cache, lines[_i].cache, sizeof(acesso.cache)) == 0,
	              "%s", lines[_i].line);
}
END_TEST

static char place[64];
static char log_path[128];
static char memory[128];

static void set_up(void)
{
	snprintf(place, sizeof(place), "/tmp/unit-acesso-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
	snprintf(log_path, sizeof(log_path), "%s/acesso.log", place);
	snprintf(memory, sizeof(memory), "%s/lido", place);
}

static void tear_down(void)
{
	static const char *const names[] = {"acesso.log", "acesso.log.1", "acesso.log.2", "lido", "gone"};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", place, names[i]);
		unlink(path);
	}
	rmdir(place);
}

static void put(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* As if a file had been written to so many seconds ago. */
static void aged(const char *path, int seconds)
{
	const struct timespec then = {.tv_sec = time(NULL) - seconds};
	const struct timespec times[] = {then, then};

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void append(const char *text)
{
	put(log_path, text, O_APPEND);
}

static void rotate(void)
{
	char one[160], two[160];

	snprintf(one, sizeof(one), "%s.1", log_path);
	snprintf(two, sizeof(two), "%s.2", log_path);
	if (rename(one, two) == 0)
		aged(two, 200);
	ck_assert_int_eq(rename(log_path, one), 0);
	aged(one, 100);
}

static int64_t hits(void)
{
	struct acesso acesso;

	ck_assert(acesso_read(log_path, memory, &acesso));
	return acesso.cache[ACESSO_HIT];
}

START_TEST(a_log_that_grows)
{
	struct acesso acesso;

	ck_assert(!acesso_read(log_path, memory, &acesso));
	append(HIT HIT FULL);
	ck_assert_int_eq(hits(), 2);
	ck_assert_int_eq(hits(), 2);
	/* A line is counted when it is whole. */
	append("127.0.0.1 - - [x] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" cache=H");
	ck_assert_int_eq(hits(), 2);
	append("IT\n" FULL);
	ck_assert(acesso_read(log_path, memory, &acesso));
	ck_assert_int_eq(acesso.cache[ACESSO_HIT], 3);
	ck_assert_int_eq(acesso.refused[ACESSO_503], 2);
}
END_TEST

/* nginx goes on writing to the file that was renamed until it has opened the new one. */
START_TEST(a_rotation)
{
	char old[160];

	snprintf(old, sizeof(old), "%s.1", log_path);
	append(HIT);
	ck_assert_int_eq(hits(), 1);
	append(HIT);
	rotate();
	append("");
	ck_assert_int_eq(hits(), 2);
	put(old, HIT, O_APPEND);
	aged(old, 50);
	append(HIT HIT HIT);
	ck_assert_int_eq(hits(), 6);
	put(old, HIT, O_APPEND);
	append(HIT);
	ck_assert_int_eq(hits(), 7);
}
END_TEST

START_TEST(two_rotations_a_log_that_was_emptied_and_one_that_is_gone)
{
	char gone[160];

	append(HIT HIT);
	ck_assert_int_eq(hits(), 2);
	rotate();
	append(HIT);
	rotate();
	append(HIT);
	/* Twice between two calls. */
	ck_assert_int_eq(hits(), 4);
	append(HIT HIT);
	ck_assert_int_eq(hits(), 6);
	put(log_path, HIT, O_TRUNC);
	ck_assert_int_eq(hits(), 7);
	snprintf(gone, sizeof(gone), "%s/gone", place);
	ck_assert_int_eq(rename(log_path, gone), 0);
	append(HIT HIT);
	ck_assert_int_eq(hits(), 9);
}
END_TEST

START_TEST(a_memory_that_is_damaged)
{
	static const char *const texts[] = {"", "1 2 3\n", "2 1 1 1 1 1 1 1 1 1 end\n", "1 1 1 -1 1 1 1 1 1 1 end\n",
	                                    "1 1 1 1 1 1 1 1 1 1 en"};

	append(HIT HIT);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put(memory, texts[i], O_TRUNC);
		ck_assert_int_eq(hits(), 2);
	}
}
END_TEST

/* More than one call reads, in lines that are long, and one that is longer than any of ours. */
START_TEST(a_large_log)
{
	static char filler[100 << 10];
	FILE *file = fopen(log_path, "we");
	int64_t last = -1, now;
	int written = 0;

	ck_assert_ptr_nonnull(file);
	memset(filler, 'X', sizeof(filler));
	for (long size = 0; size < (65 << 20); written++, size += (long)sizeof(filler)) {
		fwrite(filler, 1, sizeof(filler), file);
		fprintf(file, " %s", HIT);
	}
	for (int i = 0; i < 3; i++)
		fwrite(filler, 1, sizeof(filler), file);
	fprintf(file, "\n%s", HIT);
	fclose(file);
	ck_assert_int_lt(hits(), written);
	while ((now = hits()) != last)
		last = now;
	ck_assert_int_eq(now, written + 1);
}
END_TEST

START_TEST(what_is_no_log)
{
	struct acesso acesso;
	char missing[160];

	ck_assert_int_eq(mkdir(log_path, 0700), 0);
	ck_assert(!acesso_read(log_path, memory, &acesso));
	rmdir(log_path);
	ck_assert(!acesso_read("acesso.log", memory, &acesso));
	append(HIT);
	snprintf(missing, sizeof(missing), "%s/nada/lido", place);
	ck_assert(!acesso_read(log_path, missing, &acesso));
}
END_TEST

/* Another worker that does not go on keeps nobody for long. */
START_TEST(a_memory_in_another_hand)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct acesso acesso;
	int fd = open(memory, O_RDWR | O_CREAT, 0600);

	append(HIT);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &whole), 0);
	ck_assert(!acesso_read(log_path, memory, &acesso));
	close(fd);
	ck_assert_int_eq(hits(), 1);
}
END_TEST

Suite *acesso_suite(void)
{
	Suite *suite = suite_create("acesso");
	TCase *parse = tcase_create("lines");
	TCase *files = tcase_create("files");

	tcase_add_loop_test(parse, each_line, 0, sizeof(lines) / sizeof(lines[0]));
	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_test(files, a_log_that_grows);
	tcase_add_test(files, a_rotation);
	tcase_add_test(files, two_rotations_a_log_that_was_emptied_and_one_that_is_gone);
	tcase_add_test(files, a_memory_that_is_damaged);
	tcase_add_test(files, a_large_log);
	tcase_add_test(files, what_is_no_log);
	tcase_add_test(files, a_memory_in_another_hand);
	suite_add_tcase(suite, parse);
	suite_add_tcase(suite, files);
	return suite;
}
