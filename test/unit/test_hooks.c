// SPDX-License-Identifier: GPL-2.0-or-later
/* exec/: hooks, which are real scripts here. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/collect.h"
#include "collect/hooks.h"
#include "exec/hooks.h"
#include "hooks.h"
#include "sys/stop.h"
#include "sys/trusted.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define EVENT	  "before-evacuate"
#define DIRECTORY HOOK_DIRECTORY "/" EVENT ".d"

static int run_with(struct tree *tree, const struct hook_run *run, struct error *err)
{
	*err = (struct error){0};
	return hooks_run(&tree->sys, run, err);
}

static char *const minimal[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};

static int run_hooks(struct tree *tree, struct error *err)
{
	static const struct hook_run run = {
		.event = EVENT,
		.environment = minimal,
		.document = "{}",
		.timeout_ms = 60000,
	};

	return run_with(tree, &run, err);
}

static void check_done(struct tree *tree, const char *log)
{
	struct error err;

	check_error(run_hooks(tree, &err), 0, &err, "", "");
	check_log(tree, log);
}

/* None of the hooks ran. */
static void check_refused(struct tree *tree, const char *text, const char *hint)
{
	struct error err;

	check_error(run_hooks(tree, &err), -EPERM, &err, text, hint);
	check_log(tree, "");
}

static void check_failed(struct tree *tree, const char *text, const char *log)
{
	struct error err;

	check_error(run_hooks(tree, &err), -EIO, &err, text,
		    "what it printed is above; mend what it complains of and try again");
	check_log(tree, log);
}

static void change_mode(struct tree *tree, const char *path, mode_t mode)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s%s", tree->root, path);
	assert_int_equal(chmod(file, mode), 0);
}

/* ---- which, and in which order ---- */

static void test_none(void **state)
{
	struct tree *tree = *state;

	check_done(tree, "");
	tree_directory(tree, HOOK_DIRECTORY);
	check_done(tree, "");
	tree_directory(tree, DIRECTORY);
	check_done(tree, "");
}

static void test_order(void **state)
{
	static const char *const names[] = {"b.sh", "a", "9-last", "10-first", "B", "_", "-"};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		add_hook(tree, EVENT, names[i],
			 "log \"$(basename \"$(readlink /proc/$$/fd/3)\")\"");
	check_done(tree, "-\n10-first\n9-last\nB\n_\na\nb.sh\n");
}

static void test_left_overs(void **state)
{
	static const char *const names[] = {
		".hidden",   "a~",  "a.dpkg-old", "a.dpkg-dist", "a.rpmsave",	"a.rpmnew",
		"a.rpmorig", "a b", "a;b",	  "\xc3\xa4",	 "a.dpkg-old~", "#autosave#",
	};
	cleanup_names struct names hooks = {0}, skipped = {0};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		add_hook(tree, EVENT, names[i], "log \"$0\"");
	add_hook(tree, EVENT, "a.dpkg", "log ours");
	check_done(tree, "ours\n");
	assert_int_equal(hooks_list(&tree->sys, EVENT, &hooks, &skipped), 0);
	assert_int_equal(hooks.count, 1);
	assert_string_equal(hooks.items[0], "a.dpkg");
	assert_int_equal(skipped.count, ARRAY_SIZE(names) - 1);
	assert_string_equal(skipped.items[0], "#autosave#");
}

/* Every event has its own. */
static void test_events(void **state)
{
	struct tree *tree = *state;
	struct error err;

	for (const char *const *event = hook_events; *event; event++)
		add_hook(tree, *event, "hook", "log \"$1$CXL_ISO_EVENT\"");
	for (const char *const *event = hook_events; *event; event++) {
		char variable[64], line[64];
		char *const environment[] = {variable, NULL};
		const struct hook_run run = {*event, environment, "{}", 60000, false};

		snprintf(variable, sizeof(variable), "CXL_ISO_EVENT=%s", *event);
		snprintf(line, sizeof(line), "%s\n", *event);
		check_error(run_with(tree, &run, &err), 0, &err, "", "");
		check_log(tree, line);
	}
}

/* ---- what they find around them ---- */

static void test_environment(void **state)
{
	char *const environment[] = {"PATH=/usr/bin:/bin", "CXL_ISO_DAX=dax0.0 dax1.0", NULL};
	const struct hook_run run = {EVENT, environment, "{}", 60000, false};
	struct tree *tree = *state;
	struct error err;

	setenv("SECRET", "x", 1);
	add_hook(tree, EVENT, "a", "log \"$(tr '\\0' '\\n' </proc/$$/environ)\"");
	check_error(run_with(tree, &run, &err), 0, &err, "", "");
	check_log(tree, "PATH=/usr/bin:/bin\nCXL_ISO_DAX=dax0.0 dax1.0\n");
}

static void test_surroundings(void **state)
{
	struct tree *tree = *state;
	int not_theirs = open("/dev/null", O_RDONLY);
	mode_t mask = umask(022);

	add_hook(tree, EVENT, "a",
		 "log \"$(pwd) $(umask)\"\n"
		 "read -r pid name state parent group rest </proc/$$/stat\n"
		 "[ \"$pid\" = \"$group\" ] && log own group\n"
		 "while read -r name set; do\n"
		 "	case $name in Sig[BI]*) log \"$name $((0x$set & 0x7fffffff))\" ;; esac\n"
		 "done </proc/self/status\n"
		 "for fd in /proc/$$/fd/*; do\n"
		 "	case $(readlink \"$fd\") in /dev/null) log \"has $fd\" ;; esac\n"
		 "done");
	signal(SIGPIPE, SIG_IGN);
	stop_on_signals();
	check_done(tree, "/ 0077\nown group\nSigBlk: 0\nSigIgn: 0\n");
	assert_int_equal(umask(mask), 022);
	close(not_theirs);
}

/* Children are waited for even by who inherited that they are not to be. */
static void test_ignored_children(void **state)
{
	struct tree *tree = *state;

	signal(SIGCHLD, SIG_IGN);
	add_hook(tree, EVENT, "a", "exit 3");
	check_failed(tree, "the hook " DIRECTORY "/a ended with exit status 3", "");
}

static void test_document(void **state)
{
	const struct hook_run run = {EVENT, minimal, "{ \"event\": \"x\" }", 60000, false};
	struct tree *tree = *state;
	struct error err;

	add_hook(tree, EVENT, "a", "log \"$(cat)\"");
	add_hook(tree, EVENT, "b", "log \"$(cat)\"");
	check_error(run_with(tree, &run, &err), 0, &err, "", "");
	check_log(tree, "{ \"event\": \"x\" }\n{ \"event\": \"x\" }\n");
}

/* More than any pipe holds, for hooks that read none or some of it, or nothing else. */
static void test_large_document(void **state)
{
	enum { SIZE = 8 << 20 };
	cleanup_free char *document = xcalloc(1, SIZE + 1);
	const struct hook_run run = {EVENT, minimal, document, 60000, false};
	struct tree *tree = *state;
	struct error err;

	memset(document, 'x', SIZE);
	add_hook(tree, EVENT, "a", "log none");
	add_hook(tree, EVENT, "b", "exec <&-; log closed");
	add_hook(tree, EVENT, "c", "log \"$(head -c 3)\"");
	add_hook(tree, EVENT, "d", "log \"$(wc -c)\"");
	check_error(run_with(tree, &run, &err), 0, &err, "", "");
	check_log(tree, "none\nclosed\nxxx\n8388608\n");
}

/* Both outputs are our stderr; results of ours are not mixed with them. */
static int print_to_files(void *context)
{
	struct tree *tree = context;
	char out[128], err_file[128];
	struct error err;

	snprintf(out, sizeof(out), "%s/out", tree->root);
	snprintf(err_file, sizeof(err_file), "%s/err", tree->root);
	if (!freopen(out, "w", stdout) || !freopen(err_file, "w", stderr))
		return 1;
	return run_hooks(tree, &err) ? 2 : 0;
}

static void test_output(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "echo result; echo complaint >&2");
	assert_int_equal(in_child(print_to_files, tree), 0);
	check_file(tree, "", "/out");
	check_file(tree, "result\ncomplaint\n", "/err");
}

static void test_binary(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "cp /bin/false $tree" DIRECTORY "/b");
	check_done(tree, "");
	check_failed(tree, "the hook " DIRECTORY "/b ended with exit status 1", "");
}

/* What was checked is what runs, whatever lies in its place by then. */
static void test_replaced(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a",
		 "cd $tree" DIRECTORY " && printf '#!/bin/sh\nexit 9' >b.new &&\n"
		 "chmod 755 b.new && mv b.new b && log replaced");
	add_hook(tree, EVENT, "b", "log the one that was checked");
	check_done(tree, "replaced\nthe one that was checked\n");
}

/* ---- hooks that fail ---- */

static void test_failing(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "log a");
	add_hook(tree, EVENT, "b", "log b; exit 77");
	add_hook(tree, EVENT, "c", "log c");
	check_failed(tree, "the hook " DIRECTORY "/b ended with exit status 77", "a\nb\n");
	add_hook(tree, EVENT, "b", "log b; kill -9 $$");
	check_failed(tree, "the hook " DIRECTORY "/b was killed by signal 9 (Killed)", "a\nb\n");
}

/* Valgrind has no vfork(), by which a child tells why it could not be run. */
static bool spawn_tells(void)
{
	pid_t pid;

	return posix_spawn(&pid, "/nowhere", NULL, NULL, minimal, minimal) == ENOENT;
}

static void test_not_runnable(void **state)
{
	struct tree *tree = *state;
	struct error err;

	if (!spawn_tells())
		skip();
	tree_file(tree, "log never\n", DIRECTORY "/a");
	change_mode(tree, DIRECTORY "/a", 0755);
	check_error(run_hooks(tree, &err), -ENOEXEC, &err,
		    "cannot run " DIRECTORY "/a: Exec format error",
		    "the first line of a script names what runs it: #!/bin/sh");
	tree_file(tree, "#!/nowhere/sh\n", DIRECTORY "/a");
	check_error(run_hooks(tree, &err), -ENOENT, &err,
		    "cannot run " DIRECTORY "/a: No such file or directory", "");
}

/* ---- hooks that take too long ---- */

static int run_shortly(struct tree *tree, uint64_t *took, struct error *err)
{
	static const struct hook_run run = {EVENT, minimal, "{}", 300, false};
	uint64_t start = now_ms();
	int rc = run_with(tree, &run, err);

	*took = now_ms() - start;
	return rc;
}

/* Where nobody reaps it, what is left of a process is a zombie. */
static bool is_alive(struct tree *tree, const char *file)
{
	char text[32], stat[512], path[64];
	const struct sys machine = {""};

	assert_int_equal(sys_read(&tree->sys, text, sizeof(text), "%s", file), 0);
	snprintf(path, sizeof(path), "/proc/%s/stat", text);
	for (int tries = 0; tries < 100; tries++) {
		if (sys_read(&machine, stat, sizeof(stat), "%s", path) || strstr(stat, ") Z "))
			return false;
		sleep_ms(20);
	}
	return true;
}

#define LATE "the hook " DIRECTORY "/a did not end within 0.3 s, and was killed"

/* A grandchild that has all descriptors of the hook dies with it. */
static void test_timeout(void **state)
{
	struct tree *tree = *state;
	struct error err;
	uint64_t took;

	add_hook(tree, EVENT, "a",
		 "trap 'log asked to end; exit' TERM\n"
		 "sleep 1000 &\n"
		 "echo $! >$tree/child\n"
		 "wait");
	add_hook(tree, EVENT, "b", "log b");
	check_error(run_shortly(tree, &took, &err), -ETIMEDOUT, &err, LATE,
		    "--hook-timeout gives it more time");
	check_log(tree, "asked to end\n");
	assert_false(is_alive(tree, "/child"));
	assert_in_range(took, 300, 4000);
}

/* One that will not hear gets its five seconds. */
static void test_obstinate(void **state)
{
	struct tree *tree = *state;
	struct error err;
	uint64_t took;

	add_hook(tree, EVENT, "a", "trap '' TERM; while :; do sleep 1000; done");
	check_error(run_shortly(tree, &took, &err), -ETIMEDOUT, &err, LATE,
		    "--hook-timeout gives it more time");
	assert_in_range(took, 5300, 9000);
}

/* What a hook leaves behind in the background is its own business. */
static void test_background(void **state)
{
	struct tree *tree = *state;
	char pid[32];

	add_hook(tree, EVENT, "a", "sleep 1000 & log $!");
	assert_int_equal(run_hooks(tree, &(struct error){0}), 0);
	assert_int_equal(sys_read(&tree->sys, pid, sizeof(pid), "/log"), 0);
	assert_int_equal(kill(atoi(pid), SIGKILL), 0);
}

/* ---- signals to us ---- */

static int run_and_be_stopped(void *context)
{
	struct hook_run run = {EVENT, minimal, "{}", 60000, false};
	struct tree *tree = context;
	struct error err;

	stop_on_signals();
	run.stoppable = true;
	if (run_with(tree, &run, &err) != -EINTR || strcmp(err.text, "stopped by a signal") != 0)
		return 1;
	run.stoppable = false;
	return run_with(tree, &run, &err) ? 2 : 0;
}

static void test_stop(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "kill -TERM $PPID; sleep 0.1; log a");
	add_hook(tree, EVENT, "b", "log b");
	assert_int_equal(in_child(run_and_be_stopped, tree), 0);
	check_log(tree, "a\na\nb\n");
}

/* ---- hooks that are not to be trusted ---- */

#define LOOK_FIRST "see that it is as it should be, then: "

static void test_writable(void **state)
{
	static const char *const paths[] = {
		DIRECTORY "/b", DIRECTORY, HOOK_DIRECTORY, "/etc/cxl-iso", "/etc",
	};
	struct tree *tree = *state;
	char text[128], hint[128];

	add_hook(tree, EVENT, "a", "log a");
	add_hook(tree, EVENT, "b", "log b");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		snprintf(text, sizeof(text), "%s can be written by others than root", paths[i]);
		snprintf(hint, sizeof(hint), LOOK_FIRST "chmod go-w %s", paths[i]);
		change_mode(tree, paths[i], 0775);
		check_refused(tree, text, hint);
		change_mode(tree, paths[i], 0757);
		check_refused(tree, text, hint);
		change_mode(tree, paths[i], 0755);
	}
	change_mode(tree, "/", 0777);
	check_refused(tree, "/ can be written by others than root", LOOK_FIRST "chmod go-w /");
	change_mode(tree, "/", 0755);
	check_done(tree, "a\nb\n");
}

static void test_links(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "log a");
	add_hook(tree, "other", "b", "log b");
	tree_link(tree, HOOK_DIRECTORY "/other.d/b", DIRECTORY "/b");
	check_refused(tree, DIRECTORY "/b is a symbolic link", "put what it leads to in its place");
	tree_unlink(tree, DIRECTORY "/b");
	tree_unlink(tree, DIRECTORY "/a");
	tree_unlink(tree, DIRECTORY);
	tree_link(tree, HOOK_DIRECTORY "/other.d", DIRECTORY);
	check_refused(tree, DIRECTORY " is a symbolic link", "put what it leads to in its place");
}

static void test_no_files(void **state)
{
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a", "log a");
	tree_directory(tree, DIRECTORY "/b");
	check_refused(tree, DIRECTORY "/b is no regular file", "move it out of the way");
	tree_unlink(tree, DIRECTORY "/b");
	tree_fifo(tree, DIRECTORY "/b");
	check_refused(tree, DIRECTORY "/b is no regular file", "move it out of the way");
	tree_unlink(tree, DIRECTORY "/b");
	tree_file(tree, "#!/bin/sh\n", DIRECTORY "/README");
	change_mode(tree, DIRECTORY "/README", 0644);
	check_refused(tree, DIRECTORY "/README is not executable",
		      "make it so: chmod u+x " DIRECTORY "/README; or remove it");
}

static void test_no_directory(void **state)
{
	struct tree *tree = *state;
	struct error err;

	tree_file(tree, "", DIRECTORY);
	check_error(run_hooks(tree, &err), -ENOTDIR, &err,
		    "cannot read " DIRECTORY ": Not a directory", "");
}

static void test_owner(void **state)
{
	struct tree *tree = *state;
	char file[PATH_MAX];

	add_hook(tree, EVENT, "a", "log a");
	snprintf(file, sizeof(file), "%s" DIRECTORY "/a", tree->root);
	if (chown(file, 65534, 0))
		skip(); /* of a user namespace that has no other users */
	check_refused(tree, DIRECTORY "/a belongs to user 65534, not to root",
		      LOOK_FIRST "chown root:root " DIRECTORY "/a");
}

/* In a user namespace of its own, without users, everything is somebody else's. */
static int open_as_stranger(void *context)
{
	const struct tree *tree = context;
	struct error err = {0};

	if (unshare(CLONE_NEWUSER))
		return 77;
	if (trusted_open(&tree->sys, DIRECTORY "/a", &err) != -EPERM)
		return 1;
	return strcmp(err.text, "/ belongs to user 65534, not to root") == 0 ? 0 : 2;
}

static void test_stranger(void **state)
{
	struct tree *tree = *state;
	int status;

	add_hook(tree, EVENT, "a", "log a");
	status = in_child(open_as_stranger, tree);
	if (status == 77)
		skip();
	assert_int_equal(status, 0);
}

static void test_trusted(void **state)
{
	struct tree *tree = *state;
	struct error err = {0};
	int fd;

	add_hook(tree, EVENT, "a", "log a");
	fd = trusted_open(&tree->sys, DIRECTORY "/a", &err);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_PATH);
	close(fd);
	check_error(trusted_open(&tree->sys, DIRECTORY "/gone", &err), -ENOENT, &err,
		    "cannot open " DIRECTORY "/gone: No such file or directory", "");
}

/* ---- what the picture has of them ---- */

static void check_hook(const struct host *host, size_t i, const char *event, const char *name,
		       const char *problem)
{
	const struct hook *hook = &host->hooks.items[i];

	assert_true(i < host->hooks.count);
	assert_string_equal(hook->event, event);
	assert_string_equal(hook->name, name);
	assert_string_equal(hook->problem, problem);
	assert_false(hook->skipped);
}

static void test_collect(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_hook(tree, "failure", "z", "");
	add_hook(tree, EVENT, "b", "");
	add_hook(tree, EVENT, "a", "");
	add_hook(tree, "after-reset", "a", "");
	tree_file(tree, "", HOOK_DIRECTORY "/stop-guest.d");
	change_mode(tree, DIRECTORY "/b", 0772);
	assert_int_equal(collect_hooks(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.hooks.count, 5);
	check_hook(&host, 0, EVENT, "a", "");
	check_hook(&host, 1, EVENT, "b", DIRECTORY "/b can be written by others than root");
	assert_string_equal(host.hooks.items[1].fix, LOOK_FIRST "chmod go-w " DIRECTORY "/b");
	check_hook(&host, 2, "after-reset", "a", "");
	check_hook(&host, 3, "stop-guest", "",
		   "cannot read " HOOK_DIRECTORY "/stop-guest.d: Not a directory");
	check_hook(&host, 4, "failure", "z", "");
}

static void test_collect_skipped(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_hook(tree, EVENT, "a~", "");
	add_hook(tree, EVENT, "\033[1m", "");
	add_hook(tree, EVENT, ".hidden", "");
	add_hook(tree, "pre-evacuate", "a", "");
	tree_file(tree, "", HOOK_DIRECTORY "/README");
	assert_int_equal(collect_hooks(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.hooks.count, 3);
	assert_string_equal(host.hooks.items[0].name, "?[1m");
	assert_string_equal(host.hooks.items[1].name, "a~");
	assert_string_equal(host.hooks.items[1].event, EVENT);
	assert_string_equal(host.hooks.items[2].name, "pre-evacuate.d");
	assert_string_equal(host.hooks.items[2].event, "");
	list_each(hook, &host.hooks) {
		assert_true(hook->skipped);
		assert_string_equal(hook->problem, "");
	}
}

static void test_collect_none(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct error err = {0};

	assert_int_equal(collect_hooks(&tree->sys, &host, NULL), 0);
	assert_int_equal(host.hooks.count, 0);
	tree_file(tree, "", HOOK_DIRECTORY);
	check_error(collect_hooks(&tree->sys, &host, &err), -ENOTDIR, &err,
		    "cannot read " HOOK_DIRECTORY ": Not a directory", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOOKS(test_none),
		WITH_HOOKS(test_order),
		WITH_HOOKS(test_left_overs),
		WITH_HOOKS(test_events),
		WITH_HOOKS(test_environment),
		WITH_HOOKS(test_surroundings),
		WITH_HOOKS(test_ignored_children),
		WITH_HOOKS(test_document),
		WITH_HOOKS(test_large_document),
		WITH_HOOKS(test_output),
		WITH_HOOKS(test_binary),
		WITH_HOOKS(test_replaced),
		WITH_HOOKS(test_failing),
		WITH_HOOKS(test_not_runnable),
		WITH_HOOKS(test_timeout),
		WITH_HOOKS(test_obstinate),
		WITH_HOOKS(test_background),
		WITH_HOOKS(test_stop),
		WITH_HOOKS(test_writable),
		WITH_HOOKS(test_links),
		WITH_HOOKS(test_no_files),
		WITH_HOOKS(test_no_directory),
		WITH_HOOKS(test_owner),
		WITH_HOOKS(test_stranger),
		WITH_HOOKS(test_trusted),
		WITH_HOOKS(test_collect),
		WITH_HOOKS(test_collect_skipped),
		WITH_HOOKS(test_collect_none),
	};

	if (!become_root()) {
		puts("skipped: neither root nor allowed to be in a user namespace");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
