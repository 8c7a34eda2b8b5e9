/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "exec/borrow.h"
#include "exec/command.h"
#include "exec/engine.h"
#include "model/document.h"
#include "policy/settings.h"
#include "regs/isolation.h"
#include "sys/lock.h"
#include "sys/stop.h"
#include "sys/util.h"
#include "ui/object.h"

int settings_dry_run;
char **settings_force;
char *settings_protocol;
const char *const protocol_words[] = {"mem", "cache", NULL};

enum result { DONE, ALREADY, FAILED, REFUSED, PLANNED };

static const char *const result_names[] = {"done", "already", "failed", "refused", "planned"};

/* One port of the command line and what became of it. */
struct job {
	char address[NAME_SIZE]; /* or the word, if there is no such port */
	const struct root_port *port;
	struct findings findings;
	struct plan plan; /* of one step */
	enum result result;
	struct error err;
};

static LIST(struct job) jobs;

int settings_choose_protocol(int *protocol, struct error *err)
{
	if (!settings_protocol || strcmp(settings_protocol, "mem") == 0)
		*protocol = ISOLATION_MEM;
	else if (strcmp(settings_protocol, "cache") == 0)
		*protocol = ISOLATION_CACHE;
	else
		return fail(err, -EINVAL, "--protocol: expected mem or cache, not \"%s\"",
			    settings_protocol);
	return 0;
}

static void add_job(const struct root_port *port)
{
	struct job *job = list_add(&jobs);

	job->port = port;
	copy_text(job->address, sizeof(job->address), port->address);
}

static void add_unknown(const char *word, const struct error *err)
{
	struct job *job = list_add(&jobs);

	job->result = REFUSED;
	job->err = *err;
	copy_text(job->address, sizeof(job->address), word);
}

static int add_word(const struct host *host, const char *word, bool must_exist, struct error *err)
{
	const struct root_port *port;
	struct error unknown = {0};

	if (must_exist && strcmp(word, "all") == 0) {
		list_each(each, &host->root_ports)
			if (each->isolation == ISOLATION_PRESENT)
				add_job(each);
		return 0;
	}
	if (object_find_port(host, word, &port, must_exist ? err : &unknown) == 0)
		add_job(port);
	else if (must_exist)
		return -EINVAL;
	else
		add_unknown(word, &unknown);
	return 0;
}

static int choose(const struct host *host, const char *const *words, bool must_exist,
		  struct error *err)
{
	if (!words[0] && must_exist) {
		fail(err, -EINVAL, "missing PORT");
		hint(err, "name ports, or \"all\" for every port with the capability");
		return -EINVAL;
	}
	for (bool any = words[0]; *words; words++) {
		int rc = add_word(host, *words, must_exist, err);

		if (rc)
			return rc;
		if (any && !words[1] && !jobs.count) {
			bool unknown = false;

			list_each(port, &host->root_ports)
				unknown |= port->isolation == ISOLATION_UNKNOWN;
			if (!host->privileged)
				fail(err, -ENODEV,
				     "not-privileged: device registers can not be read");
			fail(err, -ENODEV,
			     unknown ? "no port is known to have the capability, and of some it is "
				       "unknown"
				     : "no port has the Timeout & Isolation capability");
			hint(err, "cxl-iso list shows what each port has");
			return -ENODEV;
		}
	}
	return 0;
}

static struct json_object *register_text(const char *(*format)(char *, size_t, uint32_t, uint32_t),
					 uint64_t value, uint64_t known)
{
	char text[ISOLATION_TEXT];

	return json_object_new_string(format(text, sizeof(text), (uint32_t)value, (uint32_t)known));
}

static struct json_object *port_to_json(const struct root_port *port)
{
	struct json_object *json = json_object_new_object();

	json_object_object_add(json, "control",
			       register_text(isolation_control_format, port->control,
					     port->control_known));
	json_object_object_add(json, "status",
			       register_text(isolation_status_format, port->status,
					     port->status_known));
	return json;
}

static void run_job(struct job *job, const struct host *before)
{
	cleanup_engine struct engine engine = {.sys = &machine,
					       .before = before,
					       .plan = &job->plan};

	engine_run_each(&engine, &job->err);
	if (!engine.reports.count)
		fail(&job->err, -EINTR, "stopped by a signal");
	job->result = !engine.reports.count				 ? FAILED
		      : engine.reports.items[0].result == RESULT_DONE	 ? DONE
		      : engine.reports.items[0].result == RESULT_ALREADY ? ALREADY
									 : FAILED;
}

static void refuse_job(struct job *job, const struct finding *refusal)
{
	job->result = REFUSED;
	fail(&job->err, -EPERM, "%s: %s", refusal->id, refusal->evidence);
	hint(&job->err, "%s", refusal->fix);
}

static int plan_jobs(const struct host *host, settings_plan_fn plan_one, struct error *err)
{
	const struct consent consent = {(const char *const *)settings_force, false};

	list_each(job, &jobs) {
		const struct finding *refusal;
		int rc;

		if (!job->port)
			continue;
		rc = plan_one(host, job->port, &consent, &job->findings, &job->plan, err);
		if (rc)
			return rc;
		refusal = findings_refusal(&job->findings);
		job->result = PLANNED;
		if (refusal)
			refuse_job(job, refusal);
		else
			ui_warn(&job->findings);
	}
	return 0;
}

static enum status status_of_jobs(void)
{
	size_t counts[PLANNED + 1] = {0};

	list_each(job, &jobs)
		counts[job->result]++;
	if (counts[FAILED] + counts[REFUSED] == 0)
		return STATUS_DONE;
	if (counts[DONE] + counts[ALREADY] + counts[PLANNED])
		return STATUS_PARTIAL;
	return counts[FAILED] ? STATUS_FAILED : STATUS_REFUSED;
}

static struct json_object *job_to_json(const struct job *job, const struct host *after)
{
	struct json_object *json = json_object_new_object();
	const struct root_port *now = host_root_port(after, job->address);

	json_object_object_add(json, "port", json_object_new_string(job->address));
	json_object_object_add(json, "step",
			       job->plan.down.count
				       ? json_object_new_string(job->plan.down.items[0].text)
				       : NULL);
	json_object_object_add(json, "result", json_object_new_string(result_names[job->result]));
	json_object_object_add(json, "error", ui_text_or_null(job->err.text));
	json_object_object_add(json, "hint", ui_text_or_null(job->err.hint));
	json_object_object_add(json, "before", job->port ? port_to_json(job->port) : NULL);
	json_object_object_add(json, "after", now ? port_to_json(now) : NULL);
	json_object_object_add(json, "findings", ui_findings(&job->findings));
	return json;
}

static void print_json(const char *operation, const struct host *after, enum status status)
{
	struct json_object *document = document_new("cxl-iso/settings", 1);
	struct json_object *array = json_object_new_array();

	json_object_object_add(document, "operation", json_object_new_string(operation));
	json_object_object_add(document, "dry_run", json_object_new_boolean(settings_dry_run));
	json_object_object_add(document, "exit_status", json_object_new_int((int)status));
	list_each(job, &jobs)
		json_object_array_add(array, job_to_json(job, after));
	json_object_object_add(document, "ports", array);
	ui_print_json(document);
}

static void print_text(void)
{
	static const char *const words[] = {"done", "was so already", "", "", "would be done"};

	list_each(job, &jobs) {
		if (job->result == FAILED || job->result == REFUSED)
			ui_fail(STATUS_FAILED, &job->err);
		else
			printf("%s: %s\n", job->plan.down.items[0].text, words[job->result]);
	}
}

static int run_jobs(const char *operation, const struct host *before)
{
	cleanup_host struct host after = {0};
	enum status status;

	if (!settings_dry_run) {
		stop_on_signals();
		list_each(job, &jobs)
			if (job->result == PLANNED)
				run_job(job, before);
		collect_host(&machine, &after, NULL);
	}
	status = status_of_jobs();
	if (ui_json)
		print_json(operation, &after, status);
	else
		print_text();
	return (int)status;
}

static void free_jobs(void)
{
	list_each(job, &jobs) {
		findings_free(&job->findings);
		plan_free(&job->plan);
	}
	free(jobs.items);
}

/* The lock, the picture, the ports and their plans: what every change begins with. */
static int prepare(const char *operation, const char *const *words, bool must_exist,
		   settings_plan_fn plan_one, struct host *host, int *lock, struct error *err)
{
	int rc;

	if (ui_check_force(settings_force, setting_rules, err))
		return STATUS_USAGE;
	if (!settings_dry_run && geteuid() == 0) {
		*lock = lock_take(&machine, operation, err);
		if (*lock < 0 || borrow_give_back(&machine, ui_say, err) ||
		    ui_refuse_unfinished(err))
			return STATUS_REFUSED;
	}
	if (collect_host(&machine, host, err))
		return STATUS_FAILED;
	rc = choose(host, words, must_exist, err);
	if (rc)
		return rc == -ENODEV ? STATUS_REFUSED : STATUS_USAGE;
	return plan_jobs(host, plan_one, err) ? STATUS_USAGE : STATUS_DONE;
}

static int run(const char *operation, const char *const *words, bool must_exist,
	       settings_plan_fn plan_one)
{
	cleanup_host struct host host = {0};
	cleanup_fd int lock = -1;
	struct error err = {0};
	int status = prepare(operation, words, must_exist, plan_one, &host, &lock, &err);

	status = status ? ui_fail((enum status)status, &err) : run_jobs(operation, &host);
	free_jobs();
	return status;
}

int settings_run(const char *operation, const char *const *words, settings_plan_fn plan_one)
{
	return run(operation, words, true, plan_one);
}

int settings_run_known(const char *operation, const char *const *words, settings_plan_fn plan_one)
{
	return run(operation, words, false, plan_one);
}

/* All steps in one plan; on the way up each port gets back the bits it had. */
static void plan_hold(const struct host *host, struct plan *plan)
{
	copy_text(plan->operation, sizeof(plan->operation), "hold");
	copy_text(plan->object, sizeof(plan->object), jobs.items[0].address);
	list_each(job, &jobs)
		list_each(step, &job->plan.down) {
			const struct root_port *port = host_root_port(host, job->address);
			struct setting back = {port, (uint32_t)step->mask, (uint32_t)port->control};
			struct plan up = {0};

			*list_add(&plan->down) = *step;
			plan_setting(&back, &up);
			*list_add(&plan->up) = up.down.items[0];
			plan_free(&up);
		}
}

static int refused_job(struct error *err)
{
	list_each(job, &jobs)
		if (job->result == REFUSED) {
			*err = job->err;
			return STATUS_REFUSED;
		}
	return STATUS_DONE;
}

static int hold(struct engine *engine, const char *const *command, struct error *err)
{
	struct error unrepaired = {0};
	int status, rc = engine_down(engine, err);

	status = rc ? STATUS_FAILED : command_run(command, err);
	if (engine_up(engine, &unrepaired) == 0)
		return status;
	ui_note("%s: %s", engine->plan->object, unrepaired.text);
	fail(err, -EIO, "the timeout could not be put back");
	hint(err, "cxl-iso set-timeout %s --restore", engine->plan->object);
	return STATUS_PARTIAL;
}

int settings_hold(const char *const *words, const char *const *command, settings_plan_fn plan_one)
{
	cleanup_journal struct journal journal = {0};
	cleanup_host struct host host = {0};
	cleanup_plan struct plan plan = {0};
	struct engine engine = {.sys = &machine, .journal = &journal};
	cleanup_fd int lock = -1;
	struct error err = {0};
	int status = prepare("set-timeout --hold", words, true, plan_one, &host, &lock, &err);

	if (!status)
		status = refused_job(&err);
	if (!status) {
		plan_hold(&host, &plan);
		journal_init(&machine, &journal, &plan, &host);
		engine.before = &journal.before;
		engine.plan = &journal.plan;
		stop_on_signals();
		status = hold(&engine, command, &err);
	}
	if (err.text[0])
		ui_fail((enum status)status, &err);
	engine_free(&engine);
	free_jobs();
	return status;
}

/* After a reboot the register is 0 anyway: what was there before goes back all the same. */
int settings_restore(const char *const *words)
{
	cleanup_journal struct journal journal = {0};
	struct engine engine = {.sys = &machine, .journal = &journal};
	cleanup_fd int lock = -1;
	struct error err = {0};
	int rc = ui_one_argument(words, "PORT", &err);

	if (rc)
		return ui_fail(STATUS_USAGE, &err);
	lock = lock_take(&machine, "set-timeout --restore", &err);
	rc = lock < 0 ? lock : journal_load_short(&machine, "hold", words[0], &journal, &err);
	if (rc == -ENOENT) {
		fail(&err, rc, "no hold of %s was cut short", words[0]);
		hint(&err, "cxl-iso list-recoveries shows what was");
	}
	if (rc)
		return ui_fail(STATUS_REFUSED, &err);
	engine.before = &journal.before;
	engine.plan = &journal.plan;
	rc = engine_up(&engine, &err);
	engine_free(&engine);
	if (rc)
		return ui_fail(STATUS_PARTIAL, &err);
	printf("%s: the timeout is what it was\n", words[0]);
	return STATUS_DONE;
}
