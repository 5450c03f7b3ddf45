/* The scoreboard: workers that come, serve, and are killed, as one of them sees it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/scoreboard.h"
#include "suites.h"

/* What another worker is told to do; it answers each with a byte. */
#define BUSY  'b'
#define IDLE  'i'
#define RENEW 'r'

struct other {
	pid_t pid;
	int line;
};

static int board;

static void set_up(void)
{
	board = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_ge(board, 0);
}

static void tear_down(void)
{
	close(board);
}

static _Noreturn void work(int line)
{
	char word = RENEW;

	do {
		if (word == RENEW)
			scoreboard_join(board);
		else
			scoreboard_busy(word == BUSY);
	} while (write(line, &word, 1) == 1 && read(line, &word, 1) == 1);
	_exit(0);
}

/* A worker that has joined. */
static struct other other_begin(void)
{
	int ends[2];
	char word;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		close(ends[0]);
		work(ends[1]);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &word, 1), 1);
	return (struct other){pid, ends[0]};
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

START_TEST(one_alone)
{
	scoreboard_join(board);
	expect(1, 0);
	scoreboard_busy(true);
	expect(1, 0);
	scoreboard_busy(false);
	expect(1, 0);
}
END_TEST

START_TEST(others_are_counted_and_those_that_serve)
{
	scoreboard_join(board);
	const struct other first = other_begin();
	const struct other second = other_begin();

	expect(3, 0);
	other_tell(&first, BUSY);
	expect(3, 1);
	other_tell(&second, BUSY);
	expect(3, 2);
	other_tell(&first, IDLE);
	expect(3, 1);
	other_kill(&first);
	other_kill(&second);
}
END_TEST

START_TEST(a_killed_one_is_gone_and_its_place_is_free)
{
	scoreboard_join(board);
	const struct other killed = other_begin();

	other_tell(&killed, BUSY);
	expect(2, 1);
	other_kill(&killed);
	expect(1, 0);
	const struct other next = other_begin();
	expect(2, 0);
	other_kill(&next);
}
END_TEST

START_TEST(a_stopped_one_still_counts)
{
	scoreboard_join(board);
	const struct other stopped = other_begin();

	other_tell(&stopped, BUSY);
	ck_assert_int_eq(kill(stopped.pid, SIGSTOP), 0);
	expect(2, 1);
	other_kill(&stopped);
}
END_TEST

/* execve(2) keeps the locks of a process, which finds another place free when it joins again. */
START_TEST(one_that_begins_again_has_one_place)
{
	scoreboard_join(board);
	const struct other before = other_begin();
	const struct other renewed = other_begin();

	other_kill(&before);
	other_tell(&renewed, BUSY);
	other_tell(&renewed, RENEW);
	expect(2, 0);
	other_kill(&renewed);
}
END_TEST

START_TEST(all_places_taken)
{
	struct other others[SCOREBOARD_WORKERS];
	struct workforce force;

	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		others[i] = other_begin();
	scoreboard_join(board);
	ck_assert(!scoreboard_count(&force));
	scoreboard_busy(true);
	other_kill(&others[7]);
	scoreboard_join(board);
	expect(SCOREBOARD_WORKERS, 0);
	for (int i = 0; i < SCOREBOARD_WORKERS; i++)
		if (i != 7)
			other_kill(&others[i]);
}
END_TEST

START_TEST(without_locks_nothing_is_known)
{
	struct workforce force;
	int closed = dup(board);

	close(closed);
	scoreboard_join(closed);
	ck_assert(!scoreboard_count(&force));
	scoreboard_busy(true);
	ck_assert(!scoreboard_count(&force));
}
END_TEST

Suite *scoreboard_suite(void)
{
	Suite *suite = suite_create("scoreboard");
	TCase *cases = tcase_create("scoreboard");

	tcase_add_checked_fixture(cases, set_up, tear_down);
	tcase_add_test(cases, one_alone);
	tcase_add_test(cases, others_are_counted_and_those_that_serve);
	tcase_add_test(cases, a_killed_one_is_gone_and_its_place_is_free);
	tcase_add_test(cases, a_stopped_one_still_counts);
	tcase_add_test(cases, one_that_begins_again_has_one_place);
	tcase_add_test(cases, all_places_taken);
	tcase_add_test(cases, without_locks_nothing_is_known);
	suite_add_tcase(suite, cases);
	return suite;
}
