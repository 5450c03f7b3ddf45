/* The scoreboard: workers that come, serve, end and are killed, as one of them and as another program sees it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/breaker.h"
#include "core/scoreboard.h"
#include "fake_clock.h"
#include "suites.h"

/* What another worker is told to do; it answers each with a byte. */
#define BUSY   'b'
#define IDLE   'i'
#define ANSWER 'a' /* a GET of the first route, 200, in 7 ms */
#define RENEW  'r'
#define LEAVE  'l'

struct other {
	pid_t pid;
	int line;
};

static const struct route routes[] = {
    {METHOD_GET, "/api/produtos/{int}", NULL, NULL},
    {METHOD_POST, "/api/produtos", NULL, NULL},
};
static const struct route other_routes[] = {
    {METHOD_DELETE, "/api/carrinho/{uuid}", NULL, NULL},
};

static char directory[sizeof("/tmp/unit-scoreboard-XXXXXX")];
static char path[sizeof(directory) + sizeof("/placar")];
static struct scoreboard board;

static void set_up(void)
{
	memcpy(directory, "/tmp/unit-scoreboard-XXXXXX", sizeof(directory));
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/placar", directory);
}

static void tear_down(void)
{
	scoreboard_leave(false);
	unlink(path);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void join(void)
{
	scoreboard_join(path, routes, FIELD_COUNT(routes));
}

static void answer(size_t route_number, int status, int64_t microseconds)
{
	const struct request rq = {.route_number = route_number};

	scoreboard_answered(&rq, status, microseconds);
}

static void obey(char word)
{
	if (word == ANSWER)
		answer(1, 200, 7000);
	else if (word == LEAVE || word == RENEW)
		scoreboard_leave(word == RENEW);
	else
		scoreboard_busy(word == BUSY);
	if (word == RENEW)
		join();
}

static _Noreturn void work(int line)
{
	char word = IDLE;

	join();
	do
		obey(word);
	while (write(line, &word, 1) == 1 && read(line, &word, 1) == 1);
	_exit(0);
}

/* A worker that is about to join. */
static struct other other_fork(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		work(ends[1]);
	}
	close(ends[1]);
	return (struct other){pid, ends[0]};
}

static void other_joined(const struct other *other)
{
	char word;

	ck_assert_int_eq(read(other->line, &word, 1), 1);
}

/* A worker that has joined. */
static struct other other_begin(void)
{
	const struct other other = other_fork();

	other_joined(&other);
	return other;
}

static void other_tell(const struct other *other, char word)
{
	ck_assert_int_eq(write(other->line, &word, 1), 1);
	ck_assert_int_eq(read(other->line, &word, 1), 1);
}

static void other_kill(const struct other *other)
{
	ck_assert_int_eq(kill(other->pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(other->pid, NULL, 0), other->pid);
	close(other->line);
}

static void expect(int total, int busy)
{
	struct workforce force;

	ck_assert(scoreboard_count(&force));
	ck_assert_int_eq(force.total, total);
	ck_assert_int_eq(force.busy, busy);
}

/* As another program sees it. */
static const struct scoreboard *seen(void)
{
	ck_assert(scoreboard_read(path, &board));
	return &board;
}

static void expect_lives(uint64_t starts, uint64_t renewals, uint64_t deaths)
{
	seen();
	ck_assert_uint_eq(board.starts, starts);
	ck_assert_uint_eq(board.renewals, renewals);
	ck_assert_uint_eq(board.deaths, deaths);
}

START_TEST(one_alone)
{
	join();
	expect(1, 0);
	scoreboard_busy(true);
	expect(1, 0);
	ck_assert_int_eq(seen()->busy, 1);
	scoreboard_busy(false);
	expect(1, 0);
	ck_assert_int_eq(seen()->workers, 1);
	ck_assert_int_eq(seen()->busy, 0);
}
END_TEST

START_TEST(others_are_counted_and_those_that_serve)
{
	join();
	const struct other first = other_begin();
	const struct other second = other_begin();

	expect(3, 0);
	other_tell(&first, BUSY);
	expect(3, 1);
	other_tell(&second, BUSY);
	expect(3, 2);
	ck_assert_int_eq(seen()->workers, 3);
	ck_assert_int_eq(seen()->busy, 2);
	other_tell(&first, IDLE);
	expect(3, 1);
	other_kill(&first);
	other_kill(&second);
}
END_TEST

START_TEST(a_killed_one_is_gone_and_what_it_did_stays)
{
	join();
	const struct other killed = other_begin();

	other_tell(&killed, ANSWER);
	other_tell(&killed, BUSY);
	expect(2, 1);
	expect_lives(2, 0, 0);
	other_kill(&killed);
	expect(1, 0);
	expect_lives(2, 0, 1);
	ck_assert_int_eq(board.workers, 1);
	ck_assert_int_eq(board.busy, 0);
	ck_assert_uint_eq(board.routes[1].statuses[0], 1);

	const struct other next = other_begin();
	expect(2, 0);
	other_tell(&next, ANSWER);
	expect_lives(3, 0, 1);
	ck_assert_int_eq(board.workers, 2);
	ck_assert_uint_eq(board.routes[1].statuses[0], 2);
	other_kill(&next);
	expect_lives(3, 0, 2);
}
END_TEST

START_TEST(a_stopped_one_still_counts)
{
	join();
	const struct other stopped = other_begin();

	other_tell(&stopped, BUSY);
	ck_assert_int_eq(kill(stopped.pid, SIGSTOP), 0);
	expect(2, 1);
	ck_assert_int_eq(seen()->busy, 1);
	other_kill(&stopped);
}
END_TEST

START_TEST(one_that_begins_again_has_one_place)
{
	join();
	const struct other before = other_begin();
	const struct other renewed = other_begin();

	other_kill(&before);
	other_tell(&renewed, BUSY);
	other_tell(&renewed, RENEW);
	expect(2, 0);
	expect_lives(4, 1, 1);
	other_kill(&renewed);
}
END_TEST

START_TEST(one_that_ends_as_it_was_told_to_has_not_died)
{
	const struct other other = other_begin();

	other_tell(&other, ANSWER);
	other_tell(&other, LEAVE);
	expect_lives(1, 0, 0);
	ck_assert_int_eq(board.workers, 0);
	ck_assert_uint_eq(board.routes[1].statuses[0], 1);
	/* What it does without a place counts nothing. */
	other_tell(&other, BUSY);
	other_tell(&other, ANSWER);
	ck_assert_int_eq(seen()->busy, 0);
	ck_assert_uint_eq(board.routes[1].statuses[0], 1);
	other_kill(&other);
	expect_lives(1, 0, 0);
}
END_TEST

START_TEST(all_places_taken)
{
	struct other others[SCOREBOARD_WORKERS];
	struct workforce force;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		others[i] = other_begin();
	join();
	ck_assert(!scoreboard_count(&force));
	scoreboard_busy(true);
	answer(1, 200, 1);
	ck_assert_int_eq(seen()->workers, SCOREBOARD_WORKERS);
	ck_assert_int_eq(board.busy, 0);
	ck_assert_uint_eq(board.routes[1].statuses[0], 0);
	other_kill(&others[7]);
	join();
	expect(SCOREBOARD_WORKERS, 0);
	expect_lives(SCOREBOARD_WORKERS + 1, 0, 1);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (i != 7)
			other_kill(&others[i]);
}
END_TEST

/* All find that there is no file, and all are in the same one in the end. */
START_TEST(several_make_the_file_at_once)
{
	static const char *const before[] = {NULL, "", "another program's"};
	struct other others[8];

	if (before[_i] != NULL) {
		FILE *file = fopen(path, "we");
		ck_assert_ptr_nonnull(file);
		ck_assert_int_ge(fputs(before[_i], file), 0);
		fclose(file);
	}
	for (size_t i = 0; i < FIELD_COUNT(others); i++)
		others[i] = other_fork();
	for (size_t i = 0; i < FIELD_COUNT(others); i++)
		other_joined(&others[i]);
	ck_assert_int_eq(seen()->workers, FIELD_COUNT(others));
	for (size_t i = 0; i < FIELD_COUNT(others); i++)
		other_kill(&others[i]);
}
END_TEST

/* A worker that was stopped while it made the file holds the others up for a moment only. */
START_TEST(one_that_makes_the_file_and_does_not_go_on)
{
	struct flock making = {.l_type = F_WRLCK, .l_start = SCOREBOARD_WORKERS, .l_len = 1};
	struct workforce force;
	struct stat status;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &making), 0);
	join();
	ck_assert(!scoreboard_count(&force));
	ck_assert_int_eq(fstat(fd, &status), 0);
	ck_assert_int_eq(status.st_size, 0);
	close(fd);
	join();
	expect(1, 0);
}
END_TEST

START_TEST(requests_are_told_apart)
{
	join();
	answer(1, 200, 5000);
	answer(1, 200, 5001);
	answer(1, 404, 0);
	answer(2, 201, 70000000);
	answer(2, 299, 10);
	answer(0, 404, 10);
	seen();
	ck_assert_uint_eq(board.route_count, 3);
	ck_assert_str_eq(board.routes[0].method, "");
	ck_assert_str_eq(board.routes[0].pattern, "");
	ck_assert_str_eq(board.routes[1].method, "GET");
	ck_assert_str_eq(board.routes[1].pattern, "/api/produtos/{int}");
	ck_assert_str_eq(board.routes[2].method, "POST");
	ck_assert_uint_eq(board.routes[1].buckets[0], 2);
	ck_assert_uint_eq(board.routes[1].buckets[1], 3);
	ck_assert_uint_eq(board.routes[1].buckets[SCOREBOARD_BUCKETS - 1], 3);
	ck_assert_uint_eq(board.routes[1].microseconds, 10001);
	ck_assert_uint_eq(board.routes[2].buckets[SCOREBOARD_BUCKETS - 2], 1);
	ck_assert_uint_eq(board.routes[2].buckets[SCOREBOARD_BUCKETS - 1], 2);
	for (size_t i = 0; i < SCOREBOARD_STATUSES; i++) {
		int status = scoreboard_statuses[i];
		ck_assert_uint_eq(board.routes[0].statuses[i], status == 404);
		ck_assert_uint_eq(board.routes[1].statuses[i], status == 200 ? 2 : status == 404);
		ck_assert_uint_eq(board.routes[2].statuses[i], status == 201 || status == 0);
	}
}
END_TEST

START_TEST(every_problem_has_its_status)
{
	static const int statuses[] = {
#define PROBLEM(name, codigo, status, retry_after, title, detail) status,
#include "core/problems.def"
#undef PROBLEM
	};

	for (size_t i = 0; i < FIELD_COUNT(statuses); i++) {
		size_t at = 0;
		while (at < SCOREBOARD_STATUSES && scoreboard_statuses[at] != statuses[i])
			at++;
		ck_assert_msg(at < SCOREBOARD_STATUSES, "scoreboard_statuses lacks %d", statuses[i]);
	}
}
END_TEST

START_TEST(open_breakers_are_those_of_who_lives)
{
	struct breaker breaker = {0};
	int before = breakers_open();

	for (int i = 0; i < 2; i++) {
		breaker_begin(&breaker, 500);
		fake_clock_advance_ms(500);
		breaker_end(&breaker, false);
	}
	join();
	ck_assert_int_eq(seen()->breakers, 0);
	answer(1, 503, 10);
	ck_assert_int_eq(seen()->breakers, before + 1);
	scoreboard_leave(false);
	ck_assert_int_eq(seen()->breakers, 0);
	fake_clock_advance_ms(2000);
	breaker_begin(&breaker, 500);
	breaker_end(&breaker, true);
	join();
	answer(1, 200, 10);
	ck_assert_int_eq(seen()->breakers, before);
}
END_TEST

/* The workers of the release before have their file still, and it must not become shorter below them. */
START_TEST(a_file_of_other_routes_is_replaced)
{
	const struct other old = other_begin();

	other_tell(&old, ANSWER);
	scoreboard_join(path, other_routes, FIELD_COUNT(other_routes));
	expect(1, 0);
	other_tell(&old, BUSY);
	other_tell(&old, ANSWER);
	seen();
	ck_assert_int_eq(board.workers, 1);
	ck_assert_uint_eq(board.route_count, 2);
	ck_assert_str_eq(board.routes[1].method, "DELETE");
	ck_assert_str_eq(board.routes[1].pattern, "/api/carrinho/{uuid}");
	ck_assert_uint_eq(board.routes[1].statuses[0], 0);
	other_kill(&old);
}
END_TEST

/* Writes into the file at an offset; at its end, cuts it there. */
static void damage(off_t at, const char *bytes)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	if (bytes == NULL)
		ck_assert_int_eq(ftruncate(fd, at), 0);
	else
		ck_assert_int_eq(pwrite(fd, bytes, strlen(bytes), at), (ssize_t)strlen(bytes));
	close(fd);
}

/* The head: magic, format, places, their size, how many routes; then the routes' names. */
static const struct {
	off_t at;
	const char *bytes;
} damages[] = {
    {0, "P"},    {8, "x"},    {12, "x"}, {16, "x"},    {20, "\x7f"},
    {24, "\"}"}, {112, "\n"}, {0, NULL}, {4096, NULL}, {100000, NULL},
};

START_TEST(a_damaged_file_is_not_read_and_is_replaced)
{
	join();
	answer(1, 200, 10);
	scoreboard_leave(false);
	damage(damages[_i].at, damages[_i].bytes);
	errno = 0;
	ck_assert(!scoreboard_read(path, &board));
	ck_assert_int_eq(errno, EPROTO);
	join();
	expect(1, 0);
	answer(1, 200, 10);
	expect_lives(1, 0, 0);
	ck_assert_uint_eq(board.routes[1].statuses[0], 1);
}
END_TEST

START_TEST(its_group_may_read_it)
{
	struct stat status;
	mode_t before = umask(077);

	join();
	umask(before);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0640);
}
END_TEST

static void nothing_is_known(void)
{
	struct workforce force;

	ck_assert(!scoreboard_count(&force));
	scoreboard_busy(true);
	answer(1, 200, 10);
	ck_assert(!scoreboard_count(&force));
}

START_TEST(without_a_file_nothing_is_known)
{
	char missing[sizeof(path) + sizeof("/x")];

	scoreboard_join("", routes, FIELD_COUNT(routes));
	nothing_is_known();
	snprintf(missing, sizeof(missing), "%s/x", path);
	scoreboard_join(missing, routes, FIELD_COUNT(routes));
	nothing_is_known();
	ck_assert(!scoreboard_read(path, &board));
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

START_TEST(what_is_no_file_is_left_alone)
{
	struct stat status;

	/* The link leads to where a file could be made: the directory would not be empty in the end. */
	ck_assert_int_eq(_i == 0 ? symlink("elsewhere", path) : mkfifo(path, 0600), 0);
	join();
	nothing_is_known();
	ck_assert(!scoreboard_read(path, &board));
	ck_assert_int_eq(errno, _i == 0 ? ELOOP : EPROTO);
	ck_assert_int_eq(lstat(path, &status), 0);
	ck_assert(_i == 0 ? S_ISLNK(status.st_mode) : S_ISFIFO(status.st_mode));
}
END_TEST

Suite *scoreboard_suite(void)
{
	Suite *suite = suite_create("scoreboard");
	TCase *cases = tcase_create("scoreboard");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, one_alone);
	tcase_add_test(cases, others_are_counted_and_those_that_serve);
	tcase_add_test(cases, a_killed_one_is_gone_and_what_it_did_stays);
	tcase_add_test(cases, a_stopped_one_still_counts);
	tcase_add_test(cases, one_that_begins_again_has_one_place);
	tcase_add_test(cases, one_that_ends_as_it_was_told_to_has_not_died);
	tcase_add_test(cases, all_places_taken);
	tcase_add_loop_test(cases, several_make_the_file_at_once, 0, 3);
	tcase_add_test(cases, one_that_makes_the_file_and_does_not_go_on);
	tcase_add_test(cases, requests_are_told_apart);
	tcase_add_test(cases, every_problem_has_its_status);
	tcase_add_test(cases, open_breakers_are_those_of_who_lives);
	tcase_add_test(cases, a_file_of_other_routes_is_replaced);
	tcase_add_loop_test(cases, a_damaged_file_is_not_read_and_is_replaced, 0, FIELD_COUNT(damages));
	tcase_add_test(cases, its_group_may_read_it);
	tcase_add_test(cases, without_a_file_nothing_is_known);
	tcase_add_loop_test(cases, what_is_no_file_is_left_alone, 0, 2);
	suite_add_tcase(suite, cases);
	return suite;
}
