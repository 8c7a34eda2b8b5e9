// SPDX-License-Identifier: GPL-2.0-or-later
/* sys/: the machine's files, the lock, whole files, errors, words and numbers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"
#include "sys/atomic_file.h"
#include "sys/lock.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

/* A path that no buffer holds. */
static const char *endless(void)
{
	static char path[PATH_MAX + 10];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	return path;
}

/* ---- reading ---- */

static void check_read(struct tree *tree, const char *content, const char *expected)
{
	char buffer[64];

	tree_file(tree, content, "/sys/file");
	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "/sys/%s", "file"), 0);
	assert_string_equal(buffer, expected);
}

static void test_read(void **state)
{
	check_read(*state, "online\n", "online");
	check_read(*state, "online", "online");
	check_read(*state, "", "");
	check_read(*state, "\n", "");
	check_read(*state, " a b \n\n", " a b");
	check_read(*state, "one\ntwo\n", "one\ntwo");
}

static void test_read_missing(void **state)
{
	struct tree *tree = *state;
	char buffer[8] = "before";

	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "/none"), -ENOENT);
	assert_string_equal(buffer, "");
	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "/"), -EISDIR);
	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "%s", endless()),
			 -ENAMETOOLONG);
}

/* Callers that take what they get must find text in any case. */
static void test_read_too_long(void **state)
{
	struct tree *tree = *state;
	char buffer[8];

	tree_file(tree, "1234567", "/file");
	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "/file"), 0);
	assert_string_equal(buffer, "1234567");
	tree_file(tree, "12345678", "/file");
	assert_int_equal(sys_read(&tree->sys, buffer, sizeof(buffer), "/file"), -ENAMETOOLONG);
	assert_non_null(memchr(buffer, '\0', sizeof(buffer)));
}

static void test_open(void **state)
{
	char line[16], *directory = "/directory";
	struct tree *tree = *state;
	FILE *file;

	tree_file(tree, "one\ntwo\n", "/sys/file");
	file = sys_open(&tree->sys, "/sys/%s", "file");
	assert_non_null(file);
	assert_string_equal(fgets(line, sizeof(line), file), "one\n");
	assert_true(fcntl(fileno(file), F_GETFD) & FD_CLOEXEC);
	fclose(file);
	assert_null(sys_open(&tree->sys, "/none"));
	assert_int_equal(errno, ENOENT);
	assert_null(sys_open(&tree->sys, "%s", endless()));
	assert_int_equal(errno, ENAMETOOLONG);
	tree_directory(tree, "%s", directory);
	assert_null(sys_open(&tree->sys, "%s", directory));
	assert_int_equal(errno, EINVAL);
	tree_fifo(tree, "/fifo");
	assert_null(sys_open(&tree->sys, "/fifo"));
	assert_int_equal(errno, EINVAL);
}

static void check_number(struct tree *tree, const char *content, int rc, uint64_t expected)
{
	uint64_t value = 42;
	int got;

	tree_file(tree, content, "/number");
	got = sys_read_u64(&tree->sys, &value, "/number");
	if (got != rc || (!rc && value != expected))
		fail_msg("\"%s\": %d, %llu", content, got, (unsigned long long)value);
}

static void test_read_u64(void **state)
{
	struct tree *tree = *state;
	uint64_t value;

	check_number(tree, "0\n", 0, 0);
	check_number(tree, "0x690000000\n", 0, 0x690000000);
	check_number(tree, "18446744073709551615\n", 0, UINT64_MAX);
	check_number(tree, "0xffffffffffffffff", 0, UINT64_MAX);
	check_number(tree, "18446744073709551616", -EINVAL, 0);
	check_number(tree, "", -EINVAL, 0);
	check_number(tree, "-1", -EINVAL, 0);
	check_number(tree, "0x", -EINVAL, 0);
	check_number(tree, "12 34", -EINVAL, 0);
	check_number(tree, "1\n2\n", -EINVAL, 0);
	assert_int_equal(sys_read_u64(&tree->sys, &value, "/none"), -ENOENT);
}

static void test_exists(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, "", "/sys/bus/file");
	assert_true(sys_exists(&tree->sys, "/sys/bus"));
	assert_true(sys_exists(&tree->sys, "/sys/%s/file", "bus"));
	assert_false(sys_exists(&tree->sys, "/sys/bus/other"));
	assert_false(sys_exists(&tree->sys, "%s", endless()));
}

static void test_links(void **state)
{
	struct tree *tree = *state;
	char name[8], path[PATH_MAX];

	tree_directory(tree, "/sys/drivers/kmem");
	tree_link(tree, "../../drivers/kmem", "/sys/devices/dax0.0/driver");
	assert_int_equal(sys_link_name(&tree->sys, name, sizeof(name),
				       "/sys/devices/dax0.%d/driver", 0),
			 0);
	assert_string_equal(name, "kmem");
	assert_int_equal(sys_real_path(&tree->sys, path, "/sys/devices/dax0.0/driver"), 0);
	assert_string_equal(path, "/sys/drivers/kmem");
	assert_int_equal(sys_link_name(&tree->sys, name, sizeof(name), "/sys/none"), -ENOENT);
	assert_string_equal(name, "");
	assert_int_equal(sys_link_name(&tree->sys, name, sizeof(name), "/sys/drivers"), -EINVAL);
	assert_int_equal(sys_link_name(&tree->sys, name, 4, "/sys/devices/dax0.0/driver"),
			 -ENAMETOOLONG);
	assert_string_equal(name, "kme");
	assert_int_equal(sys_real_path(&tree->sys, path, "/sys/none"), -ENOENT);
	assert_string_equal(path, "");
}

static void test_real_path_leaves_tree(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX], beside[96];

	tree_link(tree, "../../../..", "/sys/out");
	assert_int_equal(sys_real_path(&tree->sys, path, "/sys/out"), -EXDEV);
	assert_string_equal(path, "");
	/* a neighbour whose name begins as ours does */
	snprintf(beside, sizeof(beside), "%s-beside", tree->root);
	assert_int_equal(mkdir(beside, 0700), 0);
	snprintf(beside, sizeof(beside), "../../%s-beside", base_name(tree->root));
	tree_link(tree, beside, "/sys/beside");
	snprintf(beside, sizeof(beside), "%s-beside", tree->root);
	assert_int_equal(sys_real_path(&tree->sys, path, "/sys/beside") | rmdir(beside), -EXDEV);
}

static void test_real_path_of_machine(void **state)
{
	const struct sys machine = {""};
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(sys_real_path(&machine, path, "/proc/../proc/version"), 0);
	assert_string_equal(path, "/proc/version");
}

/* ---- listing ---- */

static void check_list(struct tree *tree, const char *prefix, const char *expected)
{
	cleanup_names struct names names = {0};
	char got[256] = "";

	assert_int_equal(sys_list(&tree->sys, &names, prefix, "/sys/%s", "devices"), 0);
	for (size_t i = 0; i < names.count; i++) {
		strcat(got, names.items[i]);
		strcat(got, " ");
	}
	assert_string_equal(got, expected);
}

static void test_list(void **state)
{
	static const char *const entries[] = {"region10", "region2", "region0", "regions",
					      "region",	  "mem1",    ".hidden", "7",
					      "10",	  "memory3"};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		tree_file(tree, "", "/sys/devices/%s", entries[i]);
	check_list(tree, "region", "region0 region2 region10 ");
	check_list(tree, "mem", "mem1 ");
	check_list(tree, "", "7 10 ");
	check_list(tree, "dax", "");
	check_list(tree, NULL, "7 10 mem1 memory3 region region0 region2 region10 regions ");
}

static void test_list_absent(void **state)
{
	struct tree *tree = *state;
	struct names names = {(char **)tree, 5};

	assert_int_equal(sys_list(&tree->sys, &names, "region", "/sys/none"), 0);
	assert_int_equal(names.count, 0);
	assert_null(names.items);
	tree_file(tree, "", "/sys/file");
	assert_int_equal(sys_list(&tree->sys, &names, "region", "/sys/file"), -ENOTDIR);
	assert_int_equal(sys_list(&tree->sys, &names, "region", "%s", endless()), -ENAMETOOLONG);
	names_free(&names);
}

/* ---- writing ---- */

static void test_write(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	tree_file(tree, "online\n", "/sys/state");
	check_error(sys_write(&tree->sys, &err, "offline", "/sys/%s", "state"), 0, &err, "", "");
	check_file(tree, "offline", "/sys/state");
}

static void check_no_write(struct tree *tree, int code, const char *path, const char *why)
{
	struct error err = {0};
	char text[256];
	int rc = sys_write(&tree->sys, &err, "off", "%s", path);

	snprintf(text, sizeof(text), "cannot write \"off\" to %s%s: %s", tree->root, path, why);
	check_error(rc, code, &err, text, "");
	assert_int_equal(sys_write(&tree->sys, NULL, "off", "%s", path), code);
}

static void test_write_errors(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	tree_link(tree, "../../../../dev/full", "/sys/full");
	check_no_write(tree, -ENOENT, "/sys/none", "No such file or directory");
	check_no_write(tree, -EISDIR, "/sys", "Is a directory");
	check_no_write(tree, -ENOSPC, "/sys/full", "No space left on device");
	assert_false(sys_exists(&tree->sys, "/sys/none")); /* nothing is ever created */
	assert_int_equal(sys_write(&tree->sys, &err, "1", "%s", endless()), -ENAMETOOLONG);
	assert_true(starts_with(err.text, "path too long: "));
}

static void test_write_within(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};

	tree_file(tree, "online\n", "/sys/state");
	check_error(sys_write_within(&tree->sys, &err, 5000, "offline", "/sys/state"), 0, &err, "",
		    "");
	check_file(tree, "offline", "/sys/state");
	assert_int_equal(sys_write_within(&tree->sys, &err, 5000, "offline", "/sys/none"), -ENOENT);
	assert_true(starts_with(err.text, "cannot write \"offline\" to "));
}

static void on_usr1(int signal)
{
	(void)signal;
}

/* Opening a FIFO that nobody reads waits as the kernel does for a pinned page. */
static void test_write_times_out(void **state)
{
	struct sigaction mine = {.sa_handler = on_usr1}, after;
	struct itimerval timer;
	struct tree *tree = *state;
	struct error err = {0};
	char text[256];
	uint64_t start = now_ms();
	int rc;

	tree_fifo(tree, "/sys/state");
	sigaction(SIGALRM, &mine, NULL);
	rc = sys_write_within(&tree->sys, &err, 150, "offline", "/sys/state");
	assert_in_range(now_ms() - start, 140, 5000);
	snprintf(text, sizeof(text),
		 "cannot write \"offline\" to %s/sys/state: "
		 "Connection timed out",
		 tree->root);
	check_error(rc, -ETIMEDOUT, &err, text, "");
	/* and all is as before: whose handler it is, and no timer */
	sigaction(SIGALRM, NULL, &after);
	getitimer(ITIMER_REAL, &timer);
	assert_ptr_equal(after.sa_handler, on_usr1);
	assert_false(timerisset(&timer.it_value));
	assert_false(timerisset(&timer.it_interval));
	signal(SIGALRM, SIG_DFL);
}

/* A helper process that sends signals to its parent, @count times every @every milliseconds. */
static pid_t send_signals(int signal, int count, unsigned int every)
{
	pid_t parent = getpid(), child = fork();

	if (child)
		return child;
	while (count--) {
		usleep(every * 1000);
		kill(parent, signal);
	}
	_exit(0);
}

/* Other signals end the kernel's wait as well, but not our patience. */
static void test_write_outlasts_signals(void **state)
{
	struct sigaction mine = {.sa_handler = on_usr1};
	struct tree *tree = *state;
	uint64_t start = now_ms();
	pid_t sender;

	tree_fifo(tree, "/sys/state");
	sigaction(SIGUSR1, &mine, NULL);
	sender = send_signals(SIGUSR1, 4, 30);
	assert_int_equal(sys_write_within(&tree->sys, NULL, 300, "offline", "/sys/state"),
			 -ETIMEDOUT);
	assert_in_range(now_ms() - start, 290, 5000);
	waitpid(sender, NULL, 0);
	signal(SIGUSR1, SIG_DFL);
}

static int be_stopped(void *context)
{
	struct tree *tree = context;
	struct error err = {0};
	uint64_t start = now_ms();
	pid_t sender;
	int rc;

	stop_on_signals();
	if (stop_requested())
		return 1;
	sender = send_signals(SIGTERM, 1, 100);
	rc = sys_write_within(&tree->sys, &err, 20000, "offline", "/sys/state");
	waitpid(sender, NULL, 0);
	if (!stop_requested())
		return 2;
	if (rc != -EINTR || !strstr(err.text, ": Interrupted system call"))
		return 3;
	return now_ms() - start < 10000 ? 0 : 4;
}

static void test_write_is_stopped(void **state)
{
	struct tree *tree = *state;

	tree_fifo(tree, "/sys/state");
	assert_int_equal(in_child(be_stopped, tree), 0);
}

/* The signal is there before the call that blocks is made, but nobody has looked since. */
static int be_stopped_before(void *context)
{
	struct tree *tree = context;
	uint64_t start = now_ms();

	stop_on_signals();
	raise(SIGTERM);
	if (sys_write_within(&tree->sys, NULL, 20000, "offline", "/sys/state") != -EINTR)
		return 1;
	return now_ms() - start < 10000 ? 0 : 2;
}

static void test_write_is_stopped_before(void **state)
{
	struct tree *tree = *state;

	tree_fifo(tree, "/sys/state");
	assert_int_equal(in_child(be_stopped_before, tree), 0);
}

/* ---- whole files ---- */

static void path_in(struct tree *tree, char path[PATH_MAX], const char *name)
{
	snprintf(path, PATH_MAX, "%s/%s", tree->root, name);
}

static size_t count_files(struct tree *tree)
{
	cleanup_names struct names names = {0};

	assert_int_equal(sys_list(&tree->sys, &names, NULL, "/"), 0);
	return names.count;
}

static void check_mode(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
}

static void test_write_new(void **state)
{
	struct tree *tree = *state;
	mode_t before = umask(0);
	struct error err = {0};
	char path[PATH_MAX];

	path_in(tree, path, "file");
	check_error(file_write_new(path, "hello", 5, &err), 0, &err, "", "");
	umask(before);
	check_file(tree, "hello", "/file");
	check_mode(path);
	assert_int_equal(count_files(tree), 1);
}

static void test_write_new_exists(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX], text[PATH_MAX + 64];
	struct error err = {0};
	int rc;

	tree_file(tree, "precious", "/file");
	path_in(tree, path, "file");
	snprintf(text, sizeof(text), "cannot write %s: File exists", path);
	rc = file_write_new(path, "hello", 5, &err);
	check_error(rc, -EEXIST, &err, text, "remove it first, or choose another name");
	check_file(tree, "precious", "/file");
	assert_int_equal(count_files(tree), 1);
}

/* A link that leads nowhere is something of that name as well. */
static void test_write_new_on_link(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];

	tree_link(tree, "elsewhere", "/file");
	path_in(tree, path, "file");
	assert_int_equal(file_write_new(path, "hello", 5, NULL), -EEXIST);
	assert_int_equal(count_files(tree), 1);
}

static void test_write_new_errors(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char path[PATH_MAX];

	path_in(tree, path, "none/file");
	assert_int_equal(file_write_new(path, "hello", 5, &err), -ENOENT);
	assert_true(starts_with(err.text, "cannot create "));
	err = (struct error){0};
	assert_int_equal(file_write_new(endless(), "hello", 5, &err), -ENAMETOOLONG);
	assert_true(starts_with(err.text, "path too long: "));
}

static void test_write_large(void **state)
{
	struct tree *tree = *state;
	cleanup_free char *text = xcalloc(1, 3 << 20);
	struct stat status;
	char path[PATH_MAX];

	path_in(tree, path, "file");
	assert_int_equal(file_write_new(path, text, 3 << 20, NULL), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_size, 3 << 20);
}

static void test_replace(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char path[PATH_MAX];

	path_in(tree, path, "file");
	check_error(file_replace(path, "first, and longer", 17, &err), 0, &err, "", "");
	check_file(tree, "first, and longer", "/file");
	assert_int_equal(chmod(path, 0644), 0);
	check_error(file_replace(path, "second", 6, &err), 0, &err, "", "");
	check_file(tree, "second", "/file");
	check_mode(path); /* a new file took its place */
	assert_int_equal(count_files(tree), 1);
}

static void test_replace_does_not_follow(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];

	tree_file(tree, "precious", "/target");
	tree_link(tree, "target", "/file");
	path_in(tree, path, "file");
	assert_int_equal(file_replace(path, "hello", 5, NULL), 0);
	check_file(tree, "precious", "/target");
	check_file(tree, "hello", "/file");
}

/* Killed in the middle of a write: what was left goes, and where it was made to lead is not followed. */
static void test_replace_after_crash(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char path[PATH_MAX];

	path_in(tree, path, "file");
	tree_file(tree, "old", "/file");
	tree_file(tree, "hal", "/file.new");
	check_error(file_replace(path, "new", 3, &err), 0, &err, "", "");
	check_file(tree, "new", "/file");
	assert_int_equal(count_files(tree), 1);
	tree_link(tree, "file", "/file.new");
	check_error(file_replace(path, "newer", 5, &err), 0, &err, "", "");
	check_file(tree, "newer", "/file");
	tree_file(tree, "hal", "/file.new");
	check_error(file_remove(path, &err), 0, &err, "", "");
	assert_int_equal(count_files(tree), 0);
}

static void test_remove(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char path[PATH_MAX];

	tree_file(tree, "", "/file");
	path_in(tree, path, "file");
	check_error(file_remove(path, &err), 0, &err, "", "");
	assert_int_equal(count_files(tree), 0);
	check_error(file_remove(path, &err), 0, &err, "", "");
	assert_int_equal(file_remove(tree->root, &err), -EISDIR);
	assert_true(starts_with(err.text, "cannot remove "));
}

/* ---- the lock ---- */

static void test_lock(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char holder[64];
	int fd;

	tree_directory(tree, "/run");
	fd = lock_take(&tree->sys, "recover 0000:0c:00.0", &err);
	assert_true(fd >= 0);
	assert_string_equal(err.text, "");
	snprintf(holder, sizeof(holder), "recover 0000:0c:00.0, process %d", getpid());
	check_file(tree, holder, "/run/cxl-iso/lock");
	close(fd);
	/* a shorter name leaves nothing of a longer one */
	fd = lock_take(&tree->sys, "hold", &err);
	snprintf(holder, sizeof(holder), "hold, process %d", getpid());
	check_file(tree, holder, "/run/cxl-iso/lock");
	close(fd);
}

struct second {
	struct tree *tree;
	pid_t first;
};

static int take_second(void *context)
{
	struct second *second = context;
	struct error err = {0};
	char text[128];
	int rc = lock_take(&second->tree->sys, "evacuate node1", &err);

	snprintf(text, sizeof(text),
		 "another operation is running: recover 0000:0c:00.0, process %d", second->first);
	if (rc != -EBUSY)
		return 1;
	if (strcmp(err.text, text) != 0)
		return 2;
	if (strcmp(err.hint, "wait for it to end; only one operation may change the machine at a "
			     "time") != 0)
		return 3;
	return 0;
}

static int take_and_die(void *context)
{
	struct tree *tree = context;

	if (lock_take(&tree->sys, "recover 0000:de:00.0", NULL) < 0)
		return 1;
	kill(getpid(), SIGKILL);
	return 2;
}

static void test_lock_twice(void **state)
{
	struct second second = {*state, getpid()};
	struct tree *tree = *state;
	int fd;

	tree_directory(tree, "/run");
	fd = lock_take(&tree->sys, "recover 0000:0c:00.0", NULL);
	assert_true(fd >= 0);
	assert_int_equal(in_child(take_second, &second), 0);
	close(fd);
	assert_int_equal(in_child(take_second, &second), 1);
}

static int is_ours(void *context)
{
	struct tree *tree = context;

	return lock_is_ours(&tree->sys);
}

static void test_lock_is_ours(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];
	int fd, other;

	tree_directory(tree, "/run");
	assert_false(lock_is_ours(&tree->sys));
	fd = lock_take(&tree->sys, "recover 0000:0c:00.0", NULL);
	assert_true(lock_is_ours(&tree->sys));
	assert_true(lock_is_ours(&tree->sys));
	/* Whoever has inherited it. */
	assert_int_equal(in_child(is_ours, tree), 1);

	/* The number is another file's by now. */
	close(fd);
	assert_false(lock_is_ours(&tree->sys));
	assert_int_equal(open("/dev/null", O_RDONLY | O_CLOEXEC), fd);
	assert_false(lock_is_ours(&tree->sys));
	assert_false(lock_is_held(&tree->sys));

	/* It is the file, but another has locked it. */
	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", tree->sys.root);
	other = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX), 0);
	close(fd);
	assert_int_equal(open(path, O_RDONLY | O_CLOEXEC), fd);
	assert_false(lock_is_ours(&tree->sys));
	close(other);
	close(fd);
}

/* Who asks whether the lock is held has it for a moment: that is no operation. */
static void test_lock_beside_asking(void **state)
{
	struct tree *tree = *state;
	char path[PATH_MAX];
	pid_t asking;
	int fd;

	tree_directory(tree, "/run/cxl-iso");
	tree_file(tree, "", "/run/cxl-iso/lock");
	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", tree->sys.root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_SH), 0);
	asking = fork();
	if (asking == 0) {
		sleep_ms(30);
		_exit(0);
	}
	close(fd); /* the child has it now */
	fd = lock_take(&tree->sys, "recover", NULL);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(waitpid(asking, NULL, 0), asking);
}

static void test_lock_goes_with_process(void **state)
{
	struct tree *tree = *state;
	int fd;

	tree_directory(tree, "/run");
	assert_int_equal(in_child(take_and_die, tree), 128 + SIGKILL);
	fd = lock_take(&tree->sys, "recover", NULL);
	assert_true(fd >= 0);
	close(fd);
}

/* What is started while the lock is held must not keep it. */
static void test_lock_closes_on_exec(void **state)
{
	struct tree *tree = *state;
	int fd;

	tree_directory(tree, "/run");
	fd = lock_take(&tree->sys, "recover", NULL);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
}

static void test_lock_errors(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	char text[128];

	snprintf(text, sizeof(text), "cannot create %s/run/cxl-iso: No such file or directory",
		 tree->root);
	check_error(lock_take(&tree->sys, "recover", &err), -ENOENT, &err, text, "");
	tree_link(tree, "/elsewhere", "/run/cxl-iso/lock");
	err = (struct error){0};
	snprintf(text, sizeof(text),
		 "cannot open %s/run/cxl-iso/lock: Too many levels of symbolic links", tree->root);
	check_error(lock_take(&tree->sys, "recover", &err), -ELOOP, &err, text, "");
	assert_false(sys_exists(&tree->sys, "/elsewhere"));
}

/* ---- errors ---- */

static void test_first_error_wins(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal((fail)(&err, -EBUSY, "%s is %d", "this", 1), -EBUSY);
	assert_int_equal((fail)(&err, -EIO, "later"), -EIO);
	assert_int_equal(fail_errno(&err, -EPERM, "later still"), -EPERM);
	hint(&err, "do %s", "that");
	hint(&err, "no");
	assert_string_equal(err.text, "this is 1");
	assert_string_equal(err.hint, "do that");
}

static void test_error_with_errno(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(fail_errno(&err, -ENOENT, "cannot open %s", "x"), -ENOENT);
	assert_string_equal(err.text, "cannot open x: No such file or directory");
}

static void test_error_nowhere(void **state)
{
	(void)state;
	assert_int_equal((fail)(NULL, -EBUSY, "%s", "x"), -EBUSY);
	assert_int_equal(fail_errno(NULL, -EBUSY, "%s", "x"), -EBUSY);
	hint(NULL, "%s", "x");
}

static void test_long_error(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(fail_errno(&err, -EBUSY, "%s", endless()), -EBUSY);
	hint(&err, "%s", endless());
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(strlen(err.hint), sizeof(err.hint) - 1);
}

/* ---- words and numbers ---- */

static void test_parse_u64(void **state)
{
	static const char *const bad[] = {"",
					  " ",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "0x",
					  "0xg",
					  "1x",
					  "x1",
					  "0x-1",
					  "0x 1",
					  "0x0x1",
					  "1e3",
					  "1.0",
					  "0b1",
					  "1,000",
					  "18446744073709551616",
					  "0x10000000000000000"};
	uint64_t value;

	(void)state;
	assert_true(parse_u64("0", &value) && value == 0);
	assert_true(parse_u64("010", &value) && value == 10); /* not octal */
	assert_true(parse_u64("0x1F", &value) && value == 31);
	assert_true(parse_u64("0X1f", &value) && value == 31);
	assert_true(parse_u64("18446744073709551615", &value) && value == UINT64_MAX);
	assert_true(parse_u64("0xffffffffffffffff", &value) && value == UINT64_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse_u64(bad[i], &value))
			fail_msg("\"%s\" is %llu", bad[i], (unsigned long long)value);
}

static void check_found(const char *text, const char *key, uint64_t expected)
{
	uint64_t value = 42;

	if (!find_number(text, key, &value) || value != expected)
		fail_msg("%s in \"%s\": %llu", key, text, (unsigned long long)value);
}

static void test_find_number(void **state)
{
	static const char meminfo[] = "Node 1 Inactive(file):  8 kB\nNode 1 Active(file):\t16 kB\n"
				      "Node 1 Swap:\nNode 1 Big: 18446744073709551616 kB\n"
				      "Node 1 Long: 000000000000000000000000001 kB\n"
				      "Node 1 Less: -1 kB\nNode 1 Tight:1 kB\nNode 1 End: 7";
	static const char *const none[] = {"Swap:", "Big:",    "Long:",	       "Less:", "Tight:",
					   "None:", "Active(", "ctive(file):", "End"};
	uint64_t value = 42;

	(void)state;
	check_found(meminfo, "Active(file):", 16);
	check_found(meminfo, "Inactive(file):", 8);
	check_found(meminfo, "End:", 7);
	check_found("nr_free 1\nnr_free_cma 2\n", "nr_free_cma", 2);
	check_found("a_nr_free 1\nnr_free 2\n", "nr_free", 2);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		if (find_number(meminfo, none[i], &value))
			fail_msg("%s: %llu", none[i], (unsigned long long)value);
	assert_false(find_number("", "x", &value));
	assert_int_equal(value, 42);
}

static void test_list_has_number(void **state)
{
	(void)state;
	assert_true(list_has_number("0", 0));
	assert_true(list_has_number("0-1,4,7-9", 8));
	assert_true(list_has_number("0-1,4,7-9\n", 4));
	assert_false(list_has_number("0-1,4,7-9", 6));
	assert_false(list_has_number("10", 1));
	assert_false(list_has_number("", 0));
	assert_false(list_has_number("x1", 1));
	assert_false(list_has_number("1;2", 2));
}

static void test_copy_text(void **state)
{
	char out[4] = "???";

	(void)state;
	assert_true(copy_text(out, sizeof(out), "abc"));
	assert_string_equal(out, "abc");
	assert_false(copy_text(out, sizeof(out), "abcd"));
	assert_string_equal(out, "abc");
	assert_true(copy_text(out, sizeof(out), ""));
	assert_string_equal(out, "");
}

static void test_append_word(void **state)
{
	char out[8] = "";

	(void)state;
	append_word(out, sizeof(out), ", ", "ab");
	assert_string_equal(out, "ab");
	append_word(out, sizeof(out), ", ", "cd");
	assert_string_equal(out, "ab, cd");
	append_word(out, sizeof(out), ", ", "ef");
	assert_string_equal(out, "ab, cd,");
	append_word(out, sizeof(out), ", ", "gh");
	assert_string_equal(out, "ab, cd,");
}

static void test_words(void **state)
{
	(void)state;
	assert_true(starts_with("region0", "region"));
	assert_true(starts_with("region0", ""));
	assert_false(starts_with("reg", "region"));
	assert_string_equal(base_name("/a/b"), "b");
	assert_string_equal(base_name("b"), "b");
	assert_string_equal(base_name("/a/"), "");
}

static void check_size(uint64_t bytes, const char *expected)
{
	char out[16];

	assert_string_equal(human_size(out, bytes), expected);
	assert_true(strlen(out) < sizeof(out));
}

static void test_human_size(void **state)
{
	(void)state;
	check_size(0, "0 B");
	check_size(1, "1 B");
	check_size(1023, "1023 B");
	check_size(1024, "1 KiB");
	check_size(256ull << 20, "256 MiB");
	check_size(1536ull << 20, "1.5 GiB");
	check_size(1ull << 40, "1 TiB");
	check_size(1ull << 60, "1 EiB");
	check_size(UINT64_MAX, "16 EiB");
}

int main(void)
{
	static const struct CMUnitTest machine[] = {
		IN_TREE(test_read),
		IN_TREE(test_read_missing),
		IN_TREE(test_read_too_long),
		IN_TREE(test_open),
		IN_TREE(test_read_u64),
		IN_TREE(test_exists),
		IN_TREE(test_links),
		IN_TREE(test_real_path_leaves_tree),
		cmocka_unit_test(test_real_path_of_machine),
		IN_TREE(test_list),
		IN_TREE(test_list_absent),
		IN_TREE(test_write),
		IN_TREE(test_write_errors),
		IN_TREE(test_write_within),
		IN_TREE(test_write_times_out),
		IN_TREE(test_write_outlasts_signals),
		IN_TREE(test_write_is_stopped),
		IN_TREE(test_write_is_stopped_before),
	};
	static const struct CMUnitTest files[] = {
		IN_TREE(test_write_new),
		IN_TREE(test_write_new_exists),
		IN_TREE(test_write_new_on_link),
		IN_TREE(test_write_new_errors),
		IN_TREE(test_write_large),
		IN_TREE(test_replace),
		IN_TREE(test_replace_does_not_follow),
		IN_TREE(test_replace_after_crash),
		IN_TREE(test_remove),
		IN_TREE(test_lock),
		IN_TREE(test_lock_twice),
		IN_TREE(test_lock_is_ours),
		IN_TREE(test_lock_beside_asking),
		IN_TREE(test_lock_goes_with_process),
		IN_TREE(test_lock_closes_on_exec),
		IN_TREE(test_lock_errors),
	};
	static const struct CMUnitTest words[] = {
		cmocka_unit_test(test_first_error_wins), cmocka_unit_test(test_error_with_errno),
		cmocka_unit_test(test_error_nowhere),	 cmocka_unit_test(test_long_error),
		cmocka_unit_test(test_parse_u64),	 cmocka_unit_test(test_find_number),
		cmocka_unit_test(test_list_has_number),	 cmocka_unit_test(test_copy_text),
		cmocka_unit_test(test_append_word),	 cmocka_unit_test(test_words),
		cmocka_unit_test(test_human_size),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(machine, NULL, NULL);
	failed += cmocka_run_group_tests(files, NULL, NULL);
	failed += cmocka_run_group_tests(words, NULL, NULL);
	return failed ? 1 : 0;
}
