// SPDX-License-Identifier: GPL-2.0-or-later
/* policy/borrow.c, exec/borrow.c, exec/guardian.c, exec/step_driver.c: a function without its driver. */
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
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/borrow.h"
#include "exec/guardian.h"
#include "findings.h"
#include "policy/borrow.h"
#include "run.h"
#include "sys/lock.h"
#include "sys/stop.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define PCI	"/sys/bus/pci/devices/" DEVICE_A
#define DEVICE	"/sys/devices/pci0000:0c/" DEVICE_A
#define JOURNAL "/var/lib/cxl-iso/borrow-" DEVICE_A ".json"
#define WAY_OUT                                                                                 \
	"then: cxl-iso list-extents " DEVICE_A " --unbind; or, to do without it: echo 1 > " PCI \
	"/remove"

/* ---- what stands against it ---- */

static const struct borrow_state idle = {.driver = "cxl_pci",
					 .security = "disabled",
					 .firmware = "idle"};

#define check_borrow(host, state, ...)                                      \
	do {                                                                \
		static const char *const expected_[] = {__VA_ARGS__, NULL}; \
		cleanup_findings struct findings findings_ = {0};           \
		assess_borrow(host, DEVICE_A, state, &findings_);           \
		check_findings(&findings_, expected_);                      \
		check_all_refuse(&findings_);                               \
	} while (0)

static void check_all_refuse(const struct findings *findings)
{
	list_each(finding, &findings->list) {
		assert_int_equal(finding->severity, SEVERITY_BLOCKS);
		assert_false(finding->overridden);
		assert_true(finding->evidence[0] && finding->fix[0]);
	}
}

/* The first finding says exactly that. */
static void check_first(const struct host *host, const struct borrow_state *state,
			const char *evidence, const char *fix)
{
	cleanup_findings struct findings findings = {0};

	assess_borrow(host, DEVICE_A, state, &findings);
	assert_true(findings.list.count);
	assert_string_equal(findings.list.items[0].evidence, evidence);
	assert_string_equal(findings.list.items[0].fix, fix);
}

static void test_idle(void **state)
{
	check_borrow(*state, &idle, NULL);
}

static void test_kernels_without_files(void **state)
{
	const struct borrow_state old = {.driver = "cxl_pci"};

	check_borrow(*state, &old, NULL);
}

static void test_ram(void **state)
{
	check_borrow(*state, &idle, "decoder-committed decoder3.0", "decoder-committed " DEVICE_A);
	check_first(*state, &idle,
		    "decoder3.0 of mem0 is in use by region0: without its driver the memory behind "
		    "it is gone at once, and what is in it",
		    "take its memory out of service first: daxctl-ext evacuate region0, cxl "
		    "disable-region region0, cxl destroy-region region0");
}

/* Each of the two alone: what Linux believes, and what the device does. */
static void test_linux_alone(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->hdm.items[0].committed = false;
	check_borrow(host, &idle, "decoder-committed decoder3.0");
}

static void test_registers_alone(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->hdm.items[0] =
		(struct hdm_range){.start = WINDOW_0, .size = DEVICE_SIZE, .committed = true};
	check_borrow(host, &idle, "decoder-committed " DEVICE_A);
	check_first(
		host, &idle,
		"decoder 0 of " DEVICE_A " decodes 0x690000000-0x69fffffff, say its registers",
		"destroy its regions first: cxl list -RM shows them; with none, firmware set it "
		"up, and it is to be left alone");
}

/* Somebody is about to make a region. */
static void test_not_committed_yet(void **state)
{
	struct host *host = *state;

	decoder_of(host, "decoder3.1")->dpa_size = DEVICE_SIZE;
	check_borrow(host, &idle, "decoder-committed decoder3.1");
	decoder_of(host, "decoder3.1")->dpa_size = 0;
	strcpy(decoder_of(host, "decoder3.1")->region, "region7");
	check_borrow(host, &idle, "decoder-committed decoder3.1");
	decoder_of(host, "decoder3.1")->region[0] = '\0';
	decoder_of(host, "decoder3.1")->size = DEVICE_SIZE;
	check_borrow(host, &idle, "decoder-committed decoder3.1");
}

static void test_count_alone(void **state)
{
	struct host *host = *state;

	list_each(port, &host->ports)
		if (strcmp(port->name, "endpoint3") == 0)
			port->committed = 1;
	check_borrow(host, &idle, "decoder-committed endpoint3");
}

/* Neighbours may have what they like. */
static void test_other_device(void **state)
{
	struct host *host = *state;

	model_region(host, "region1", "mem1", WINDOW_2);
	check_borrow(host, &idle, NULL);
}

static void test_registers_unreadable(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->registers = false;
	check_borrow(host, &idle, "registers-unreadable " DEVICE_A);
}

static void test_decodes_by_range(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->hdm_enabled = false;
	check_borrow(host, &idle, "decodes-by-range " DEVICE_A);
	function_of(host, DEVICE_A)->mem_enabled = false;
	check_borrow(host, &idle, NULL);
}

/* Without them the registers are unread as well, which needs no finding of its own. */
static void test_privilege(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->registers = false;
	host->privileged = false;
	check_borrow(host, &idle, "not-privileged " DEVICE_A);
	host->privileged = true;
	strcpy(host->system.lockdown, "integrity");
	check_borrow(host, &idle, "lockdown kernel");
}

static void test_drivers(void **state)
{
	struct borrow_state other = idle;

	strcpy(other.driver, "vfio-pci");
	check_borrow(*state, &other, "foreign-driver " DEVICE_A);
	check_first(*state, &other,
		    DEVICE_A " is driven by vfio-pci, which hands it to a virtual machine or to "
			     "another program, expected cxl_pci",
		    "ask in that virtual machine or program");
	strcpy(other.driver, "uio");
	check_first(*state, &other, DEVICE_A " is driven by uio, expected cxl_pci",
		    "ask that driver's own tools");
}

static void test_override(void **state)
{
	struct borrow_state other = idle;

	strcpy(other.driver_override, "cxl_pci");
	check_borrow(*state, &other, NULL);
	strcpy(other.driver_override, "vfio-pci");
	check_borrow(*state, &other, "driver-override " DEVICE_A);
}

static void test_busy(void **state)
{
	struct borrow_state other = idle;

	strcpy(other.security, "sanitize");
	check_borrow(*state, &other, "device-busy " DEVICE_A);
	other = idle;
	strcpy(other.firmware, "transferring");
	check_borrow(*state, &other, "device-busy " DEVICE_A);
	check_first(*state, &other, "the firmware of " DEVICE_A " is being updated (transferring)",
		    "wait until it is done");
}

static void test_no_memdev(void **state)
{
	struct host *host = *state;

	function_of(host, DEVICE_A)->kind = FUNCTION_OTHER;
	check_borrow(host, &idle, "not-a-memdev " DEVICE_A);
	strcpy(function_of(host, DEVICE_A)->address, "0000:77:00.0");
	check_borrow(host, &idle, "not-a-memdev " DEVICE_A);
}

/* ---- on a kernel ---- */

/* A program that borrows. */
struct program {
	struct run *run;
	const struct sys *sys;
	int lock;
	struct borrow *borrow;
	struct findings findings;
	struct error err;
};

static struct program start(struct run *run)
{
	struct program p = {.run = run, .sys = &run->kernel->tree.sys};

	tree_file(&run->kernel->tree, "boot-1\n", "/proc/sys/kernel/random/boot_id");
	if (!sys_exists(p.sys, "/run"))
		tree_directory(&run->kernel->tree, "/run");
	p.lock = lock_take(p.sys, "test", &p.err);
	assert_true(p.lock >= 0);
	return p;
}

static int begin(struct program *p)
{
	findings_free(&p->findings);
	p->err = (struct error){0};
	return borrow_begin(p->sys, DEVICE_A, p->lock, &p->borrow, &p->findings, &p->err);
}

static void take(struct program *p)
{
	check_error(begin(p), 0, &p->err, "", "");
	assert_non_null(p->borrow);
	assert_false(sys_exists(p->sys, PCI "/driver"));
	assert_true(sys_exists(p->sys, JOURNAL));
}

static void end(struct program *p)
{
	findings_free(&p->findings);
	close(p->lock);
}

static char said[512];

static void say(const char *text)
{
	append_word(said, sizeof(said), "; ", text);
}

static int give(struct program *p)
{
	said[0] = '\0';
	p->err = (struct error){0};
	return borrow_end(&p->borrow, say, &p->err);
}

static int give_left(struct program *p)
{
	said[0] = '\0';
	p->err = (struct error){0};
	return borrow_give_back(p->sys, say, &p->err);
}

static void check_all_back(struct program *p, const char *when)
{
	check_as_before(p->run, when);
	assert_false(sys_exists(p->sys, JOURNAL));
}

static void test_taken_and_given_back(void **state)
{
	struct program p = start(*state);
	cleanup_journal struct journal journal = {0};

	take(&p);
	assert_int_equal(journal_load(p.sys, "borrow", DEVICE_A, &journal, NULL), 0);
	assert_int_equal(journal.direction, DIRECTION_UP);
	assert_false(borrow_is_over(p.sys, &journal));
	check_error(give(&p), 0, &p.err, "", "");
	assert_string_equal(said, "");
	check_all_back(&p, "borrowed");
	assert_null(p.borrow);
	check_error(give(&p), 0, &p.err, "", "");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no guardian is left */
	end(&p);
}

static void test_dropped(void **state)
{
	struct program p = start(*state);

	take(&p);
	borrow_drop(&p.borrow);
	check_all_back(&p, "dropped");
	end(&p);
}

static void test_another_name(void **state)
{
	struct program p = start(*state);

	p.run->kernel->renames = true;
	take(&p);
	check_error(give(&p), 0, &p.err, "", "");
	assert_string_equal(said, "mem0 is called mem7 now");
	end(&p);
}

static void test_no_driver(void **state)
{
	struct program p = start(*state);

	tree_unlink(&p.run->kernel->tree, DEVICE "/driver");
	check_error(begin(&p), 0, &p.err, "", "");
	assert_null(p.borrow);
	assert_false(sys_exists(p.sys, JOURNAL));
	assert_int_equal(p.run->kernel->writes, 0);
	end(&p);
}

static void test_no_function(void **state)
{
	struct program p = start(*state);

	p.err = (struct error){0};
	check_error(borrow_begin(p.sys, "0000:77:00.0", p.lock, &p.borrow, &p.findings, &p.err),
		    -ENODEV, &p.err, "there is no PCI function 0000:77:00.0", "");
	end(&p);
}

static void test_nested(void **state)
{
	struct program p = start(*state);
	struct borrow *second;

	take(&p);
	check_error(borrow_begin(p.sys, DEVICE_A, p.lock, &second, &p.findings, &p.err), -EBUSY,
		    &p.err, DEVICE_A " is taken from its driver already", "");
	assert_null(second);
	assert_true(sys_exists(p.sys, JOURNAL));
	check_error(give_left(&p), 0, &p.err, "", ""); /* nor is it a left one */
	assert_false(sys_exists(p.sys, PCI "/driver"));
	check_error(give(&p), 0, &p.err, "", "");
	check_all_back(&p, "nested");
	end(&p);
}

static void test_in_use(void **state)
{
	struct program p = start(*state);

	check_error(begin(&p), -EPERM, &p.err, "", "");
	assert_null(p.borrow);
	assert_non_null(findings_refusal(&p.findings));
	assert_int_equal(p.run->kernel->writes, 0);
	check_all_back(&p, "refused");
	end(&p);
}

static void test_busy_device(void **state)
{
	struct program p = start(*state);

	tree_file(&p.run->kernel->tree, "sanitize\n", DEVICE "/mem0/security/state");
	assert_int_equal(begin(&p), -EPERM);
	tree_file(&p.run->kernel->tree, "disabled\n", DEVICE "/mem0/security/state");
	tree_file(&p.run->kernel->tree, "programming\n", "/sys/class/firmware/mem0/status");
	assert_int_equal(begin(&p), -EPERM);
	tree_file(&p.run->kernel->tree, "idle\n", "/sys/class/firmware/mem0/status");
	tree_file(&p.run->kernel->tree, "vfio-pci\n", DEVICE "/driver_override");
	assert_int_equal(begin(&p), -EPERM);
	assert_string_equal(p.findings.list.items[0].id, "driver-override");
	assert_int_equal(p.run->kernel->writes, 0);
	end(&p);
}

/* What was idle when it was asked for may be in use when it is to be done. */
static void test_in_use_meanwhile(void **state)
{
	struct run *run = *state;
	struct engine engine = {.sys = &run->kernel->tree.sys, .before = &run->before};
	const struct step step = {.kind = STEP_UNBIND_FUNCTION, .object = DEVICE_A};
	struct error err = {0};

	assert_int_equal(step_unbind_function.act(&engine, &step, &err), -EBUSY);
	assert_true(starts_with(err.text, "decoder-committed: decoder3.0 of mem0 is in use by "));
	assert_int_equal(run->kernel->writes, 0);
	check_as_before(run, "in use meanwhile");
}

static void test_driver_keeps_it(void **state)
{
	struct program p = start(*state);

	p.run->kernel->keeps_driver = true;
	check_error(begin(&p), -EIO, &p.err,
		    "take " DEVICE_A
		    " from cxl_pci: the kernel reported success but nothing changed",
		    "");
	assert_null(p.borrow);
	check_all_back(&p, "kept");
	end(&p);
}

static void test_unbind_fails(void **state)
{
	struct program p = start(*state);

	p.run->kernel->fault_at = 1;
	assert_int_equal(begin(&p), -EIO);
	assert_null(p.borrow);
	check_all_back(&p, "not taken");
	end(&p);
}

static void test_bind_fails(void **state)
{
	struct program p = start(*state);

	p.run->kernel->fault_at = 2;
	take(&p);
	assert_int_equal(give(&p), -ENOTRECOVERABLE);
	assert_true(starts_with(p.err.text, DEVICE_A " was not given back to its driver: "));
	assert_non_null(strstr(p.err.text, "/drivers/cxl_pci/bind: "));
	assert_string_equal(p.err.hint,
			    "see the kernel log for what cxl_pci has against it; " WAY_OUT);
	assert_true(sys_exists(p.sys, JOURNAL));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	check_error(give_left(&p), 0, &p.err, "", "");
	assert_string_equal(said, "gave " DEVICE_A
				  " back to its driver: the command that had borrowed it was "
				  "killed");
	check_all_back(&p, "given back later");
	check_error(give_left(&p), 0, &p.err, "", "");
	assert_string_equal(said, "");
	end(&p);
}

static void test_memdev_does_not_come(void **state)
{
	struct program p = start(*state);

	take(&p);
	p.run->kernel->probes_late = true;
	check_error(give(&p), -ENOTRECOVERABLE, &p.err,
		    DEVICE_A " was not given back to its driver: the memory device of " DEVICE_A
			     " did not come up again: Connection timed out",
		    "see the kernel log: cxl_pci or cxl_mem refused the device");
	assert_false(sys_exists(p.sys, JOURNAL));
	end(&p);
}

static void test_override_meanwhile(void **state)
{
	struct program p = start(*state);

	take(&p);
	tree_file(&p.run->kernel->tree, "vfio-pci\n", DEVICE "/driver_override");
	check_error(give(&p), -ENOTRECOVERABLE, &p.err,
		    DEVICE_A " was not given back to its driver: driver_override of " DEVICE_A
			     " is vfio-pci: cxl_pci can not be given it back",
		    "echo > " PCI "/driver_override, and try again; " WAY_OUT);
	tree_file(&p.run->kernel->tree, "(null)\n", DEVICE "/driver_override");
	take(&p); /* which gives it back first */
	check_error(give(&p), 0, &p.err, "", "");
	check_all_back(&p, "override taken away");
	end(&p);
}

/* Then it is theirs, and nothing is left to do. */
static void test_taken_by_another(void **state)
{
	struct program p = start(*state);

	take(&p);
	tree_directory(&p.run->kernel->tree, "/sys/bus/pci/drivers/vfio-pci");
	tree_link(&p.run->kernel->tree, "/sys/bus/pci/drivers/vfio-pci", DEVICE "/driver");
	check_error(give(&p), -ENOTRECOVERABLE, &p.err,
		    DEVICE_A " was not given back to its driver: " DEVICE_A
			     " is driven by vfio-pci now, not by cxl_pci",
		    "somebody bound it meanwhile: it is theirs");
	assert_false(sys_exists(p.sys, JOURNAL));
	end(&p);
}

static void test_gone(void **state)
{
	struct program p = start(*state);

	take(&p);
	tree_unlink(&p.run->kernel->tree, PCI);
	check_error(give(&p), -ENOTRECOVERABLE, &p.err,
		    DEVICE_A " was not given back to its driver: " DEVICE_A " is gone", "");
	assert_false(sys_exists(p.sys, JOURNAL));
	end(&p);
}

/* A boot binds by itself. */
static void test_old_boot(void **state)
{
	struct program p = start(*state);
	unsigned int writes;

	p.run->kernel->fault_at = 2;
	take(&p);
	assert_int_equal(give(&p), -ENOTRECOVERABLE);
	tree_file(&p.run->kernel->tree, "boot-2\n", "/proc/sys/kernel/random/boot_id");
	writes = p.run->kernel->writes;
	check_error(give_left(&p), 0, &p.err, "", "");
	assert_string_equal(said, "");
	assert_int_equal(p.run->kernel->writes, writes);
	assert_false(sys_exists(p.sys, JOURNAL));
	end(&p);
}

/* What can not be read is not passed over. */
static void test_bad_journal(void **state)
{
	struct program p = start(*state);

	tree_file(&p.run->kernel->tree, "{", JOURNAL);
	assert_int_not_equal(give_left(&p), 0);
	assert_int_not_equal(begin(&p), 0);
	assert_int_equal(p.run->kernel->writes, 0);
	end(&p);
}

static void test_stopped_before(void **state)
{
	struct program p = start(*state);

	stop_on_signals();
	raise(SIGTERM);
	check_error(begin(&p), -EINTR, &p.err, "stopped by a signal", "");
	assert_int_equal(p.run->kernel->writes, 0);
	check_all_back(&p, "stopped");
	end(&p);
	signal(SIGTERM, SIG_IGN); /* throws away what is pending */
	stop_on_signals();
}

/* ---- who borrowed dies ---- */

/* Nobody holds it any more: the guardian is done, or dead as well. Closes @fd. */
static void await_free(int fd)
{
	bool free = false;

	for (int tries = 0; tries < 2000 && !free; tries++) {
		free = flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (!free)
			usleep(10000); /* sleep_ms() is not the machine's here */
	}
	close(fd);
	assert_true(free);
}

static void await_lock(struct run *run)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/run/cxl-iso/lock", run->kernel->tree.root);
	await_free(open(path, O_RDWR));
}

static int borrow_and_return(void *context)
{
	struct program p = start(context);

	if (begin(&p))
		return 1;
	return give(&p) ? 2 : 0;
}

static int borrow_and_be_killed(void *context)
{
	struct program p = start(context);

	if (begin(&p))
		return 1;
	kill(getpid(), SIGKILL);
	return 2;
}

static void test_killed(void **state)
{
	struct run *run = *state;

	assert_int_equal(in_child(borrow_and_be_killed, run), 128 + SIGKILL);
	await_lock(run);
	check_as_before(run, "killed");
	assert_false(sys_exists(&run->kernel->tree.sys, JOURNAL));
}

/* In each write, before and after it. */
static void test_dies(void **state)
{
	struct run *run = *state;

	for (unsigned int at = 1; at <= 2; at++)
		for (enum fault fault = FAULT_DIE_BEFORE; fault <= FAULT_DIE_AFTER; fault++) {
			run->kernel->writes = 0;
			run->kernel->fault = fault;
			run->kernel->fault_at = at;
			assert_int_equal(in_child(borrow_and_return, run), DEATH);
			await_lock(run);
			check_as_before(run, "died");
			assert_false(sys_exists(&run->kernel->tree.sys, JOURNAL));
		}
}

/* The guardian's own write is the second one. */
static void test_both_die(void **state)
{
	struct run *run = *state;
	struct program p;

	run->kernel->fault = FAULT_DIE_BEFORE;
	run->kernel->fault_at = 2;
	assert_int_equal(in_child(borrow_and_be_killed, run), 128 + SIGKILL);
	await_lock(run);
	assert_false(sys_exists(&run->kernel->tree.sys, PCI "/driver"));
	assert_true(sys_exists(&run->kernel->tree.sys, JOURNAL));
	p = start(run);
	check_error(give_left(&p), 0, &p.err, "", "");
	assert_true(starts_with(said, "gave " DEVICE_A " back"));
	check_all_back(&p, "both died");
	end(&p);
}

/* ---- the guardian ---- */

static void leave_word(void *context)
{
	tree_file(context, "bereaved", "/word");
}

static int free_descriptor(struct tree *tree)
{
	char path[PATH_MAX];

	tree_file(tree, "", "/lock");
	snprintf(path, sizeof(path), "%s/lock", tree->root);
	return open(path, O_RDWR);
}

static void test_guardian_dismissed(void **state)
{
	struct tree *tree = *state;
	struct guardian guardian = {0};
	struct error err = {0};
	int lock = free_descriptor(tree);

	guardian_dismiss(&guardian); /* none */
	check_error(guardian_post(&guardian, lock, leave_word, tree, &err), 0, &err, "", "");
	assert_int_not_equal(getsid(guardian.process), getsid(0));
	guardian_dismiss(&guardian);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_false(sys_exists(&tree->sys, "/word"));
	close(lock);
}

static int post_two_and_die(void *context)
{
	static const int signals[] = {SIGHUP,  SIGINT,	SIGQUIT, SIGTERM, SIGUSR1,
				      SIGUSR2, SIGPIPE, SIGALRM, SIGTSTP};
	struct guardian first, second;
	int lock = free_descriptor(context);

	if (flock(lock, LOCK_EX | LOCK_NB) ||
	    guardian_post(&first, lock, leave_word, context, NULL) ||
	    guardian_post(&second, lock, leave_word, context, NULL))
		return 1;
	/* A guardian that is killed is nobody's loss, and the other one notices nothing of it. */
	kill(second.process, SIGKILL);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		kill(first.process, signals[i]);
	return 0;
}

/* The second one has no end of the first one's link, or that would never hear of it. */
static void test_guardian_bereaved(void **state)
{
	struct tree *tree = *state;
	int lock = free_descriptor(tree);

	assert_int_equal(in_child(post_two_and_die, tree), 0);
	await_free(lock);
	check_file(tree, "bereaved", "/word");
}

#define ON_RUN(model, test) cmocka_unit_test_setup_teardown(test, run_##model, drop_run)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(idle, test_idle),
		ON(idle, test_kernels_without_files),
		ON(ram, test_ram),
		ON(ram, test_linux_alone),
		ON(idle, test_registers_alone),
		ON(idle, test_not_committed_yet),
		ON(idle, test_count_alone),
		ON(idle, test_other_device),
		ON(idle, test_registers_unreadable),
		ON(idle, test_decodes_by_range),
		ON(idle, test_privilege),
		ON(idle, test_drivers),
		ON(idle, test_override),
		ON(idle, test_busy),
		ON(idle, test_no_memdev),
		ON_RUN(idle, test_taken_and_given_back),
		ON_RUN(idle, test_dropped),
		ON_RUN(idle, test_another_name),
		ON_RUN(idle, test_no_driver),
		ON_RUN(idle, test_no_function),
		ON_RUN(idle, test_nested),
		ON_RUN(ram, test_in_use),
		ON_RUN(idle, test_busy_device),
		ON_RUN(ram, test_in_use_meanwhile),
		ON_RUN(idle, test_driver_keeps_it),
		ON_RUN(idle, test_unbind_fails),
		ON_RUN(idle, test_bind_fails),
		ON_RUN(idle, test_memdev_does_not_come),
		ON_RUN(idle, test_override_meanwhile),
		ON_RUN(idle, test_taken_by_another),
		ON_RUN(idle, test_gone),
		ON_RUN(idle, test_old_boot),
		ON_RUN(idle, test_bad_journal),
		ON_RUN(idle, test_stopped_before),
		ON_RUN(idle, test_killed),
		ON_RUN(idle, test_dies),
		ON_RUN(idle, test_both_die),
		IN_TREE(test_guardian_dismissed),
		IN_TREE(test_guardian_bereaved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
