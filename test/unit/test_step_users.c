// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec/: users of a dax device are stopped. The device is /dev/full, for want of a better one; its users
 * are real processes. The tree's /proc has links to those alone, and a signal to any other process
 * fails the test instead of being sent.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/engine.h"
#include "hooks.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define FULL_DEVICE "../../../../../../dev/full"

/* ---- processes ---- */

struct child {
	pid_t pid;
	int status; /* UNENDED, or of wait() */
};

#define UNENDED -1

static struct tree *the_tree;
static LIST(struct child) children;
static int signals_sent;
static void (*before_hold)(pid_t pid); /* called between the look and the grip */

int __real_pidfd_open(pid_t pid, unsigned int flags);
int __wrap_pidfd_open(pid_t pid, unsigned int flags);
int __real_pidfd_send_signal(int pidfd, int signal, siginfo_t *info, unsigned int flags);
int __wrap_pidfd_send_signal(int pidfd, int signal, siginfo_t *info, unsigned int flags);

void __real_sleep_ms(unsigned int milliseconds);
void __wrap_sleep_ms(unsigned int milliseconds);

/* Nobody but root can see that a zombie has nothing open: leave none, of heirs neither. */
static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		list_each(child, &children)
			if (child->pid == pid)
				child->status = status;
}

void __wrap_sleep_ms(unsigned int milliseconds)
{
	__real_sleep_ms(milliseconds);
	reap();
}

int __wrap_pidfd_open(pid_t pid, unsigned int flags)
{
	if (before_hold)
		before_hold(pid);
	return __real_pidfd_open(pid, flags);
}

static int pid_of(int pidfd)
{
	const struct sys machine = {""};
	char text[1024], *line;
	int pid = 0;

	sys_read(&machine, text, sizeof(text), "/proc/self/fdinfo/%d", pidfd);
	line = strstr(text, "\nPid:");
	return line && sscanf(line, "\nPid: %d", &pid) == 1 ? pid : 0;
}

/* What a user has left behind; 0. */
static pid_t heir_of_users(void)
{
	char text[32];

	return sys_read(&the_tree->sys, text, sizeof(text), "/heir") ? 0 : atoi(text);
}

static bool is_child(pid_t pid)
{
	list_each(child, &children)
		if (child->pid == pid)
			return true;
	return pid == heir_of_users();
}

int __wrap_pidfd_send_signal(int pidfd, int signal, siginfo_t *info, unsigned int flags)
{
	int pid = pid_of(pidfd);

	if (pid > 0 && !is_child(pid))
		fail_msg("signal %d was to be sent to process %d, which is none of ours", signal,
			 pid);
	signals_sent++;
	return __real_pidfd_send_signal(pidfd, signal, info, flags);
}

static void show_process(pid_t pid)
{
	char link[PATH_MAX], target[64];

	snprintf(target, sizeof(target), "/proc/%d", pid);
	snprintf(link, sizeof(link), "%s/proc/%d", the_tree->root, pid);
	if (symlink(target, link))
		abort();
}

static sigset_t term_and_usr1(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	return set;
}

/* What a user of the device does, which it has in @fd; SIGTERM and SIGUSR1 are blocked. */
typedef void user_body(int fd);

static pid_t start_user(user_body *body)
{
	int ready[2], fd;
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		sigset_t set = term_and_usr1();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_BLOCK, &set, NULL);
		fd = open("/dev/full", O_RDWR);
		if (write(ready[1], "", 1) == 1)
			body(fd);
		_exit(0);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*list_add(&children) = (struct child){pid, UNENDED};
	show_process(pid);
	return pid;
}

static void obedient(int fd)
{
	sigset_t set = term_and_usr1();

	(void)fd;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	for (;;)
		pause();
}

static void deaf(int fd)
{
	(void)fd;
	for (;;)
		pause();
}

static void brief(int fd)
{
	(void)fd;
	sleep_ms(300);
}

/* Lets go of the device when it is told to, and lives on. */
static void letting_go(int fd)
{
	sigset_t set = term_and_usr1();
	int signal;

	sigwait(&set, &signal);
	close(fd);
	for (;;)
		pause();
}

/* Leaves somebody behind who has the device, too. */
static void leaving_heir(int fd)
{
	sigset_t set = term_and_usr1();
	char path[128];
	FILE *file;
	int signal;
	pid_t heir;

	sigwait(&set, &signal);
	heir = fork();
	if (!heir)
		obedient(fd);
	snprintf(path, sizeof(path), "%s/heir", the_tree->root);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%d\n", heir) < 0 || fclose(file))
		_exit(1);
	show_process(heir);
}

static void guest(int fd)
{
	prctl(PR_SET_NAME, "qemu-system-x86");
	obedient(fd);
}

static struct child *child_of(pid_t pid)
{
	reap();
	list_each(child, &children)
		if (child->pid == pid)
			return child;
	abort();
}

static bool lives(pid_t pid)
{
	return child_of(pid)->status == UNENDED;
}

/* By which signal it ended; 0 if by itself. */
static int ended_by(pid_t pid)
{
	int status;

	while ((status = child_of(pid)->status) == UNENDED)
		sleep_ms(10);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int make_machine(void **state)
{
	hooks_setup(state);
	the_tree = *state;
	tree_file(the_tree, "1:7\n", "/sys/bus/dax/devices/dax0.0/dev");
	tree_directory(the_tree, "/proc");
	children.count = 0;
	signals_sent = 0;
	before_hold = NULL;
	return 0;
}

static int end_all(void **state)
{
	list_each(child, &children)
		if (lives(child->pid))
			kill(child->pid, SIGKILL);
	if (heir_of_users())
		kill(heir_of_users(), SIGKILL);
	while (wait(NULL) > 0)
		;
	return tree_teardown(state);
}

/* ---- the step ---- */

static const struct step step = {.kind = STEP_STOP_USERS, .object = "dax0.0"};

static int stop_users(struct tree *tree, enum users_policy users, uint64_t grace_ms,
		      const struct host *before, struct error *err)
{
	const struct plan plan = {
		.operation = "evacuate",
		.object = "dax0.0",
		.manner = {.users = (int)users, .grace_ms = grace_ms, .hook_ms = 60000},
	};
	struct engine engine = {.sys = &tree->sys, .before = before, .plan = &plan};

	*err = (struct error){0};
	return step_stop_users.act(&engine, &step, err);
}

static void check_stopped(struct tree *tree, enum users_policy users, uint64_t grace_ms)
{
	const struct host before = {0};
	struct error err;

	check_error(stop_users(tree, users, grace_ms, &before, &err), 0, &err, "", "");
}

/* The error is of @name[@pid], and says @text of it. */
static void check_refused(struct tree *tree, enum users_policy users, uint64_t grace_ms,
			  const char *name, pid_t pid, const char *text, const char *hint)
{
	const struct host before = {0};
	char full[256];
	struct error err;
	int rc = stop_users(tree, users, grace_ms, &before, &err);

	snprintf(full, sizeof(full), "%s[%d] %s", name, pid, text);
	check_error(rc, -EBUSY, &err, full, hint);
}

static bool observe(struct tree *tree)
{
	const struct plan plan = {0};
	const struct host before = {0};
	struct engine engine = {.sys = &tree->sys, .before = &before, .plan = &plan};
	struct error err = {0};
	bool done = false;

	check_error(step_stop_users.observe(&engine, &step, &done, &err), 0, &err, "", "");
	return done;
}

static void test_nobody(void **state)
{
	assert_true(observe(*state));
	check_stopped(*state, USERS_TERM, 0);
	tree_unlink(*state, "/sys/bus/dax/devices/dax0.0/dev"); /* nothing to be held */
	assert_true(observe(*state));
}

#define TEST_NAME "test_step_users"

static void test_refuse(void **state)
{
	pid_t user = start_user(obedient);

	assert_false(observe(*state));
	check_refused(*state, USERS_REFUSE, 10000, TEST_NAME, user, "uses /dev/dax0.0",
		      "end it, or let that be done: --users=wait, term or kill");
	start_user(obedient);
	check_refused(*state, USERS_REFUSE, 10000, TEST_NAME, user, "uses /dev/dax0.0; 1 more does so",
		      "end it, or let that be done: --users=wait, term or kill");
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

static void test_wait(void **state)
{
	pid_t user = start_user(brief);

	check_stopped(*state, USERS_WAIT, 10000);
	assert_int_equal(ended_by(user), 0);
	user = start_user(obedient);
	check_refused(*state, USERS_WAIT, 300, TEST_NAME, user, "still uses /dev/dax0.0",
		      "--grace gives it more time; --users=term ends it");
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

static void test_term(void **state)
{
	pid_t user = start_user(obedient), other = start_user(brief), bystander;

	bystander = start_user(letting_go);
	kill(bystander, SIGUSR1);
	sleep_ms(50);
	check_stopped(*state, USERS_TERM, 10000);
	assert_true(observe(*state));
	assert_int_equal(ended_by(user), SIGTERM);
	assert_int_equal(ended_by(other), 0); /* deaf, but not for long */
	assert_true(lives(bystander));
	assert_int_equal(signals_sent, 2);
}

/* It need not end, only let go; and it gets one signal, not one at each look. */
static void test_letting_go(void **state)
{
	pid_t user = start_user(letting_go);

	check_stopped(*state, USERS_TERM, 10000);
	assert_true(lives(user));
	user = start_user(deaf);
	check_refused(*state, USERS_TERM, 700, TEST_NAME, user, "still uses /dev/dax0.0",
		      "--grace gives it more time; --users=kill ends it by SIGKILL");
	assert_true(lives(user));
	assert_int_equal(signals_sent, 2);
}

static void test_kill(void **state)
{
	pid_t obeys = start_user(obedient), does_not = start_user(deaf);

	check_stopped(*state, USERS_KILL, 500);
	assert_int_equal(ended_by(obeys), SIGTERM);
	assert_int_equal(ended_by(does_not), SIGKILL);
	assert_int_equal(signals_sent, 3);
}

static void test_newcomer(void **state)
{
	pid_t user = start_user(leaving_heir);

	check_stopped(*state, USERS_TERM, 10000);
	assert_int_equal(ended_by(user), 0);
	assert_true(heir_of_users() > 0);
	assert_int_equal(signals_sent, 2);
}

static bool has_device(pid_t pid)
{
	const struct sys machine = {""};
	char name[64];

	for (int fd = 0; fd < 64; fd++)
		if (sys_link_name(&machine, name, sizeof(name), "/proc/%d/fd/%d", pid, fd) == 0 &&
		    strcmp(name, "full") == 0)
			return true;
	return false;
}

static void have_it_let_go(pid_t pid)
{
	kill(pid, SIGUSR1);
	for (int tries = 0; has_device(pid) && tries < 500; tries++)
		sleep_ms(10);
}

/* A process that does not use the device any more when we have a grip on it. */
static void test_looks_again(void **state)
{
	pid_t user = start_user(letting_go);

	before_hold = have_it_let_go;
	check_stopped(*state, USERS_KILL, 0);
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

/* ---- who is never signalled ---- */

/* A process that is nothing but files, and has the device. */
static void pretend_user(struct tree *tree, int pid, const char *name, int parent)
{
	tree_file(tree, name, "/proc/%d/comm", pid);
	tree_file(tree, "", "/proc/%d/maps", pid);
	tree_link(tree, FULL_DEVICE, "/proc/%d/fd/3", pid);
	if (parent) {
		char text[64];

		snprintf(text, sizeof(text), "Name:\tx\nPPid:\t%d\n", parent);
		tree_file(tree, text, "/proc/%d/status", pid);
	}
}

#define NEVER "it is never signalled: have it close the device"

static void test_init(void **state)
{
	pid_t user = start_user(obedient);

	pretend_user(*state, 1, "init\n", 0);
	check_refused(*state, USERS_KILL, 10000, "init", 1,
		      "uses /dev/dax0.0, and is the first process", NEVER);
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

static void test_ourselves(void **state)
{
	struct tree *tree = *state;

	pretend_user(tree, getpid(), "cxl-iso\n", 0);
	check_refused(tree, USERS_TERM, 10000, "cxl-iso", getpid(),
		      "uses /dev/dax0.0, and is this program itself", NEVER);
}

/* The shell that we were started from, some generations up. */
static void test_ancestor(void **state)
{
	struct tree *tree = *state;
	char text[64];

	snprintf(text, sizeof(text), "Name:\tx PPid:\t7\nPPid:\t%d\n", 400000003);
	tree_file(tree, text, "/proc/%d/status", getpid());
	tree_file(tree, "", "/proc/%d/maps", getpid());
	tree_directory(tree, "/proc/%d/fd", getpid());
	tree_file(tree, "Name:\tx\nPPid:\t400000002\n", "/proc/400000003/status");
	tree_file(tree, "", "/proc/400000003/maps");
	tree_directory(tree, "/proc/400000003/fd");
	pretend_user(tree, 400000002, "sh\n", 1);
	check_refused(tree, USERS_TERM, 10000, "x", 400000002,
		      "uses /dev/dax0.0, and is what started this program", NEVER);
	assert_int_equal(signals_sent, 0);
}

static void test_mount(void **state)
{
	const struct host before = {0};
	struct tree *tree = *state;
	pid_t user = start_user(obedient);
	struct error err;

	tree_file(tree, "36 35 0:33 / /mnt rw - famfs /dev/dax0.0 rw\n", "/proc/1/mountinfo");
	tree_file(tree, "", "/proc/1/maps");
	tree_directory(tree, "/proc/1/fd");
	check_error(stop_users(tree, USERS_TERM, 10000, &before, &err), -EBUSY, &err,
		    "dax0.0 is mounted on /mnt (famfs)", "umount /dev/dax0.0");
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

/* A mapping whose file is hidden may be one of the device. */
static void test_hidden(void **state)
{
	const struct host before = {0};
	struct tree *tree = *state;
	pid_t user = start_user(obedient);
	struct error err;

	tree_file(tree, "1000-3000 r--s 00000000 00:05 12 /dev/x\n", "/proc/9/maps");
	tree_directory(tree, "/proc/9/fd");
	check_error(stop_users(tree, USERS_TERM, 10000, &before, &err), -EPERM, &err,
		    "some processes hide whether they use dax0.0", "");
	assert_true(lives(user));
	assert_int_equal(signals_sent, 0);
}

/* ---- guests ---- */

static void with_guest_hook(struct tree *tree, struct host *before, const char *script)
{
	struct hook *hook = list_add(&before->hooks);

	strcpy(hook->event, "stop-guest");
	strcpy(hook->name, "a");
	add_hook(tree, "stop-guest", "a", script);
}

static void test_guest(void **state)
{
	cleanup_host struct host before = {0};
	pid_t vm = start_user(guest), user = start_user(obedient);
	struct tree *tree = *state;
	struct error err;

	sleep_ms(50);
	with_guest_hook(tree, &before, "log stop $CXL_ISO_OPERATION; kill -USR1 $CXL_ISO_PID");
	check_error(stop_users(tree, USERS_TERM, 10000, &before, &err), 0, &err, "", "");
	check_log(tree, "stop evacuate\n");
	assert_int_equal(ended_by(vm), SIGUSR1);
	assert_int_equal(ended_by(user), SIGTERM);
	assert_int_equal(signals_sent, 1);
}

/* The hook is run once, the guest waited for, and never killed. */
static void test_lasting_guest(void **state)
{
	cleanup_host struct host before = {0};
	pid_t vm = start_user(guest);
	struct tree *tree = *state;
	struct error err;
	char text[128];

	sleep_ms(50);
	with_guest_hook(tree, &before, "log asked");
	snprintf(text, sizeof(text), "qemu-system-x86[%d] still uses /dev/dax0.0", vm);
	check_error(stop_users(tree, USERS_KILL, 700, &before, &err), -EBUSY, &err, text,
		    "what does not end by SIGKILL hangs in the kernel; a guest that is left to "
		    "hooks has to be ended by these");
	check_log(tree, "asked\n");
	assert_true(lives(vm));
	assert_int_equal(signals_sent, 0);
}

static void test_guest_hook_fails(void **state)
{
	cleanup_host struct host before = {0};
	pid_t vm = start_user(guest);
	struct tree *tree = *state;
	struct error err;

	sleep_ms(50);
	with_guest_hook(tree, &before, "exit 5");
	check_error(stop_users(tree, USERS_TERM, 10000, &before, &err), -EIO, &err,
		    "the hook /etc/cxl-iso/hooks.d/stop-guest.d/a ended with exit status 5",
		    "what it printed is above; mend what it complains of and try again");
	assert_true(lives(vm));
	assert_int_equal(signals_sent, 0);
}

/* Without a hook a guest is a process like any other. */
static void test_guest_without_hook(void **state)
{
	pid_t vm = start_user(guest);

	check_stopped(*state, USERS_TERM, 10000);
	assert_int_equal(ended_by(vm), SIGTERM);
}

/* ---- signals to us ---- */

static int be_stopped(void *context)
{
	const struct host before = {0};
	struct error err;

	stop_on_signals();
	raise(SIGTERM);
	if (stop_users(context, USERS_WAIT, 10000, &before, &err) != -EINTR)
		return 1;
	return strcmp(err.text, "stopped by a signal") == 0 ? 0 : 2;
}

static void test_stop(void **state)
{
	pid_t user = start_user(obedient);

	assert_int_equal(in_child(be_stopped, *state), 0);
	assert_true(lives(user));
}

#define USING(test) cmocka_unit_test_setup_teardown(test, make_machine, end_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		USING(test_nobody),
		USING(test_refuse),
		USING(test_wait),
		USING(test_term),
		USING(test_letting_go),
		USING(test_kill),
		USING(test_newcomer),
		USING(test_looks_again),
		USING(test_init),
		USING(test_ourselves),
		USING(test_ancestor),
		USING(test_mount),
		USING(test_hidden),
		USING(test_guest),
		USING(test_lasting_guest),
		USING(test_guest_hook_fails),
		USING(test_guest_without_hook),
		USING(test_stop),
	};
	int pidfd = __real_pidfd_open(getpid(), 0);
	int rc;

	if (pidfd < 0 || !become_root()) {
		puts("skipped: no pidfds, as under valgrind, or neither root nor a user namespace");
		return 77;
	}
	close(pidfd);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(children.items);
	return rc;
}
