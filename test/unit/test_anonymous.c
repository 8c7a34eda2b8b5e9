/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a capture does not tell, and what it still tells. */
#include "model/anonymous.h"

#include <string.h>

#include "model/document.h"
#include "model.h"
#include "sys/util.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static struct process *add_process(struct host *host, int pid, const char *cgroup, const char *unit,
				   const char *guest)
{
	struct process *process = list_add(&host->processes);

	process->pid = pid;
	process->uid = 1000;
	copy_text(process->command, sizeof(process->command), "command");
	copy_text(process->user, sizeof(process->user), "alice");
	copy_text(process->unit, sizeof(process->unit), unit);
	copy_text(process->guest, sizeof(process->guest), guest);
	process->cgroup = cgroup ? xstrdup(cgroup) : NULL;
	process->arguments = xstrdup("command --password secret");
	return process;
}

static void add_group(struct host *host, const char *path)
{
	struct group *group = list_add(&host->groups);

	group->path = xstrdup(path);
	group->anon = 4096;
}

static void test_people_and_serials(void **state)
{
	cleanup_host struct host host = {0};
	const struct process *process;

	(void)state;
	model_rich(&host);
	add_process(&host, 7, NULL, "", "");
	host_sort(&host);
	host_anonymize(&host);
	process = host_process(&host, 7);
	assert_string_equal(process->user, "");
	assert_null(process->arguments);
	assert_null(process->cgroup);
	assert_string_equal(process->unit, "");
	assert_string_equal(process->guest, "");
	assert_string_equal(process->command, "command");
	assert_int_equal(process->uid, 1000);
	list_each(memdev, &host.memdevs)
		assert_true(memdev->serial == UNKNOWN);
	list_each(region, &host.regions)
		assert_string_equal(region->uuid, "");
}

static void add_hook(struct host *host, const char *name, const char *problem)
{
	struct hook *hook = list_add(&host->hooks);

	copy_text(hook->event, sizeof(hook->event), "failure");
	copy_text(hook->name, sizeof(hook->name), name);
	copy_text(hook->problem, sizeof(hook->problem), problem);
	copy_text(hook->fix, sizeof(hook->fix), problem);
}

static void test_hooks(void **state)
{
	cleanup_host struct host host = {0};
	const struct hook *hooks;

	(void)state;
	add_hook(&host, "10-alice", "");
	add_hook(&host, "20-bob", "/etc/cxl-iso/hooks.d/failure.d/20-bob is a symbolic link");
	host_anonymize(&host);
	hooks = host.hooks.items;
	assert_string_equal(hooks[0].event, "failure");
	assert_string_equal(hooks[0].name, "name1");
	assert_string_equal(hooks[0].problem, "");
	assert_string_equal(hooks[0].fix, "");
	assert_string_equal(hooks[1].name, "name2");
	assert_string_equal(hooks[1].problem, "the reason was left out of the capture");
	assert_string_equal(hooks[1].fix, "cxl-iso assess says it on the machine itself");
}

/* One name is one number, wherever it is; the kind of a unit stays. */
static void test_names(void **state)
{
	cleanup_host struct host host = {0};
	const struct process *process;

	(void)state;
	add_process(&host, 7, "/machine.slice/machine-x.scope/libvirt", "machine-x.scope", "x");
	add_process(&host, 8, "/machine.slice/machine-x.scope/libvirt", "machine-x.scope", "x");
	add_process(&host, 9, "/system.slice/alice.service", "alice.service", "");
	add_group(&host, "/machine.slice");
	add_group(&host, "/machine.slice/machine-x.scope");
	add_group(&host, "/alice");
	add_group(&host, "/");
	host_anonymize(&host);
	process = host_process(&host, 7);
	assert_string_equal(process->guest, "name1");
	assert_string_equal(process->unit, "name2.scope");
	assert_string_equal(process->cgroup, "/machine.slice/name2.scope/name3");
	process = host_process(&host, 8);
	assert_string_equal(process->guest, "name1");
	assert_string_equal(process->cgroup, "/machine.slice/name2.scope/name3");
	process = host_process(&host, 9);
	assert_string_equal(process->unit, "name4.service");
	assert_string_equal(process->cgroup, "/system.slice/name4.service");
	assert_string_equal(host.groups.items[0].path, "/machine.slice");
	assert_string_equal(host.groups.items[1].path, "/machine.slice/name2.scope");
	assert_string_equal(host.groups.items[2].path, "/name5");
	assert_string_equal(host.groups.items[3].path, "/");
}

static void check_path(const char *path, const char *expected)
{
	cleanup_host struct host host = {0};

	add_group(&host, path);
	host_anonymize(&host);
	assert_string_equal(host.groups.items[0].path, expected);
}

/* What every machine has stays; what only looks like it does not. */
static void test_common_names(void **state)
{
	static const char *const common[] = {
		"/init.scope",
		"/system.slice",
		"/user.slice/user-1000.slice/session-3.scope",
		"/user.slice/user-1000.slice/user@1000.service/app.slice",
		"/user.slice/user-1000.slice/user@1000.service/session.slice",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(common); i++)
		check_path(common[i], common[i]);
	check_path("/user.slice/user-alice.slice", "/user.slice/name1.slice");
	check_path("/user-.slice", "/name1.slice");
	check_path("/user-1000.sliced", "/name1");
	check_path("/user@1000.service.d", "/name1");
	check_path("/system.slice/postgresql@15-main.service", "/system.slice/name1.service");
	check_path("/system.slices", "/name1");
	check_path("//alice//bob/", "//name1//name2/");
	check_path("", "");
}

/* Where something is mounted tells little; under which name, much. */
static void test_mounts(void **state)
{
	cleanup_host struct host host = {0};
	struct mount *mount;

	(void)state;
	((struct mount *)list_add(&host.mounts))->path = xstrdup("/home/alice/famfs");
	((struct mount *)list_add(&host.mounts))->path = xstrdup("/mnt");
	((struct mount *)list_add(&host.mounts))->path = xstrdup("/");
	list_add(&host.mounts);
	host_anonymize(&host);
	mount = host.mounts.items;
	assert_string_equal(mount[0].path, "/home/name1/name2");
	assert_string_equal(mount[1].path, "/mnt");
	assert_string_equal(mount[2].path, "/");
	assert_null(mount[3].path);
}

/* No word of it is left in the document, and the document is a capture. */
static void test_capture(void **state)
{
	cleanup_host struct host host = {0}, again = {0};
	cleanup_json struct json_object *capture = NULL;
	const char *text;

	(void)state;
	model_rich(&host);
	add_process(&host, 7, "/users/alice", "alice@secret.service", "secret");
	host_anonymize(&host);
	capture = capture_to_json(&host);
	text = json_object_to_json_string(capture);
	assert_null(strstr(text, "alice"));
	assert_null(strstr(text, "secret"));
	assert_null(strstr(text, "0x1234\""));
	assert_non_null(strstr(text, "\"serial\": null"));
	assert_int_equal(capture_from_json(&again, capture, "capture", NULL), 0);
	assert_true(again.memdevs.items[0].serial == UNKNOWN);
	host_anonymize(&again);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_people_and_serials),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_common_names),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
