/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/hook_context.h"

#include <stdio.h>
#include <string.h>

#include "exec/hooks.h"
#include "model/document.h"
#include "sys/util.h"

/* ---- what the operation is about ---- */

static bool steps_name(const struct step_list *steps, const char *object)
{
	list_each(step, steps)
		if (strcmp(step->object, object) == 0)
			return true;
	return false;
}

static bool is_named(const struct hook_context *context, const char *object)
{
	return object[0] &&
	       (steps_name(&context->plan->down, object) || steps_name(&context->plan->up, object));
}

static bool concerns_dax(const struct hook_context *context, const struct dax *dax)
{
	return is_named(context, dax->name) || is_named(context, dax->region);
}

static bool concerns_region(const struct hook_context *context, const struct region *region)
{
	list_each(dax, &context->before->dax_devices)
		if (strcmp(dax->region, region->name) == 0 && is_named(context, dax->name))
			return true;
	list_each(namespace, &context->before->namespaces)
		if (strcmp(namespace->region, region->name) == 0 &&
		    is_named(context, namespace->name))
			return true;
	return is_named(context, region->name);
}

static bool concerns_port(const struct hook_context *context, const struct root_port *port)
{
	list_each(region, &context->before->regions)
		if (region_below(region, port) && concerns_region(context, region))
			return true;
	return is_named(context, port->address);
}

/* The first of those of its node: nodes without memory of their own are not in the picture. */
static bool introduces_node(const struct hook_context *context, const struct dax *dax)
{
	const struct dax *first = context->before->dax_devices.items;

	for (const struct dax *other = first; other < dax; other++)
		if (other->node == dax->node && concerns_dax(context, other))
			return false;
	return dax->node >= 0 && concerns_dax(context, dax);
}

static bool concerns_user(const struct hook_context *context, const struct user *user)
{
	const struct dax *dax = host_dax(context->before, user->dax);

	return dax && concerns_dax(context, dax);
}

/* ---- as a document ---- */

static struct json_object *process_json(const struct process *process)
{
	return process ? record_to_json(&process_record, process) : NULL;
}

static struct json_object *text_json(const char *text)
{
	return text && text[0] ? json_object_new_string(text) : NULL;
}

static struct json_object *dax_json(const struct hook_context *context)
{
	struct json_object *array = json_object_new_array();

	list_each(dax, &context->before->dax_devices)
		if (concerns_dax(context, dax))
			json_object_array_add(array, record_to_json(&dax_record, dax));
	return array;
}

static struct json_object *regions_json(const struct hook_context *context)
{
	struct json_object *array = json_object_new_array();

	list_each(region, &context->before->regions)
		if (concerns_region(context, region))
			json_object_array_add(array, record_to_json(&region_record, region));
	return array;
}

static struct json_object *ports_json(const struct hook_context *context)
{
	struct json_object *array = json_object_new_array();

	list_each(port, &context->before->root_ports)
		if (concerns_port(context, port))
			json_object_array_add(array, json_object_new_string(port->address));
	return array;
}

static struct json_object *nodes_json(const struct hook_context *context)
{
	struct json_object *array = json_object_new_array();

	list_each(dax, &context->before->dax_devices)
		if (introduces_node(context, dax))
			json_object_array_add(array, json_object_new_int(dax->node));
	return array;
}

static struct json_object *users_json(const struct hook_context *context)
{
	struct json_object *array = json_object_new_array();

	list_each(user, &context->users->users) {
		struct json_object *json;

		if (!concerns_user(context, user))
			continue;
		json = record_to_json(&user_record, user);
		json_object_object_add(json, "process",
				       process_json(host_process(context->users, user->pid)));
		json_object_array_add(array, json);
	}
	return array;
}

struct json_object *hook_document(const struct hook_context *context)
{
	struct json_object *document = document_new("cxl-iso/hook", 1);

	json_object_object_add(document, "event", text_json(context->event));
	json_object_object_add(document, "operation", text_json(context->operation));
	json_object_object_add(document, "object", text_json(context->plan->object));
	json_object_object_add(document, "dax_devices", dax_json(context));
	json_object_object_add(document, "regions", regions_json(context));
	json_object_object_add(document, "root_ports", ports_json(context));
	json_object_object_add(document, "nodes", nodes_json(context));
	json_object_object_add(document, "users", users_json(context));
	json_object_object_add(document, "guest", process_json(context->guest));
	json_object_object_add(document, "outcome", text_json(context->outcome));
	json_object_object_add(document, "error", text_json(context->error));
	return document;
}

/* ---- as environment: the same, so far as a word can say it ---- */

static void set(struct names *environment, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + sizeof("=");
	char *text = xrealloc(NULL, size);

	snprintf(text, size, "%s=%s", name, value);
	*list_add(environment) = text;
}

static const char *text_at(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "";
}

static void set_text(struct names *environment, const char *name, struct json_object *object,
		     const char *key)
{
	set(environment, name, text_at(object, key));
}

/* The words of an array, or what its objects have at @member. */
static void set_words(struct names *environment, const char *name, struct json_object *array,
		      const char *member)
{
	size_t count = json_object_array_length(array), size = 1;
	cleanup_free char *words = xcalloc(1, size);

	for (size_t i = 0; i < count; i++) {
		struct json_object *item = json_object_array_get_idx(array, i);
		const char *word = member ? text_at(item, member) : json_object_get_string(item);

		size += strlen(word) + 1;
		words = xrealloc(words, size);
		append_word(words, size, " ", word);
	}
	set(environment, name, words);
}

void hook_environment(struct json_object *document, struct names *environment)
{
	struct json_object *guest = json_object_object_get(document, "guest");

	set(environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	set(environment, "LANG", "C");
	set_text(environment, "CXL_ISO_EVENT", document, "event");
	set_text(environment, "CXL_ISO_OPERATION", document, "operation");
	set_text(environment, "CXL_ISO_OBJECT", document, "object");
	set_words(environment, "CXL_ISO_DAX", json_object_object_get(document, "dax_devices"),
		  "name");
	set_words(environment, "CXL_ISO_PORTS", json_object_object_get(document, "root_ports"),
		  NULL);
	set_words(environment, "CXL_ISO_NODES", json_object_object_get(document, "nodes"), NULL);
	if (guest) {
		set_text(environment, "CXL_ISO_PID", guest, "pid");
		set_text(environment, "CXL_ISO_GUEST", guest, "guest");
	}
	if (json_object_object_get(document, "outcome")) {
		set_text(environment, "CXL_ISO_OUTCOME", document, "outcome");
		set_text(environment, "CXL_ISO_ERROR", document, "error");
	}
	*list_add(environment) = NULL;
}

/* ---- in an operation ---- */

bool has_hooks(const struct host *host, const char *event)
{
	list_each(hook, &host->hooks)
		if (!hook->skipped && strcmp(hook->event, event) == 0)
			return true;
	return false;
}

static bool goes_up(const struct engine *engine)
{
	return engine->journal && engine->journal->direction == DIRECTION_UP;
}

/* To bring back what stayed evacuated is a restore; to put back what failed is not. */
static const char *operation_of(const struct engine *engine)
{
	bool restores = goes_up(engine) && !engine->journal->undoing;

	return restores && strcmp(engine->plan->operation, "evacuate") == 0
		       ? "restore"
		       : engine->plan->operation;
}

int hooks_announce(struct engine *engine, const struct hook_context *context, struct error *err)
{
	cleanup_names struct names environment = {0};
	cleanup_json struct json_object *document = NULL;
	struct hook_context full = *context;
	struct hook_run run = {
		.event = context->event,
		.timeout_ms = engine->plan->manner.hook_ms,
		/* Hooks of a failure come after what the signal stopped. */
		.stoppable = !context->outcome && (engine->stoppable || !goes_up(engine)),
	};

	full.operation = operation_of(engine);
	full.plan = engine->plan;
	full.before = engine->before;
	full.users = context->users ? context->users : engine->before;
	document = hook_document(&full);
	run.document =
		json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY |
								 JSON_C_TO_STRING_SPACED |
								 JSON_C_TO_STRING_NOSLASHESCAPE);
	hook_environment(document, &environment);
	run.environment = environment.items;
	return hooks_run(engine->sys, &run, err);
}
