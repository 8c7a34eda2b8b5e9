/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/object.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collect/collect.h"
#include "sys/util.h"
#include "ui/ui.h"

/* "0c:00.0" stands for the function of that bus in whatever domain. */
static bool names_address(const char *word, const char *address)
{
	const char *short_form = strchr(address, ':');

	return strcasecmp(word, address) == 0 ||
	       (short_form && strcasecmp(word, short_form + 1) == 0);
}

struct matches {
	struct object *object;
	int count;
};

static void match(struct matches *matches, enum object_kind kind, const char *name)
{
	if (matches->count++)
		return;
	matches->object->kind = kind;
	copy_text(matches->object->name, NAME_SIZE, name);
}

/* One without driver is a function; it has its serial all the same. */
static void match_serial(const struct host *host, const char *digits, struct matches *matches)
{
	uint64_t serial;

	if (!parse_u64(digits, &serial) || serial == UNKNOWN)
		return;
	list_each(memdev, &host->memdevs)
		if (memdev->serial == serial)
			match(matches, OBJECT_MEMDEV, memdev->name);
	list_each(function, &host->functions)
		if (function->serial == serial && !host_memdev_at(host, function->address))
			match(matches, OBJECT_FUNCTION, function->address);
}

static void match_memdevs(const struct host *host, const char *word, struct matches *matches)
{
	if (starts_with(word, "serial:"))
		match_serial(host, word + strlen("serial:"), matches);
	list_each(memdev, &host->memdevs)
		if (strcmp(word, memdev->name) == 0 || names_address(word, memdev->address))
			match(matches, OBJECT_MEMDEV, memdev->name);
}

/* "node7", and not "node07" */
static bool names_node(const char *word, uint64_t *number)
{
	const char *digits = word + strlen("node");

	return starts_with(word, "node") && (digits[0] != '0' || !digits[1]) &&
	       parse_u64(digits, number);
}

/* A node exists only while it has memory online; a devdax device names the one it would be. */
static bool is_node(const struct host *host, const char *word)
{
	uint64_t number;

	if (!names_node(word, &number) || number > INT_MAX)
		return false;
	list_each(dax, &host->dax_devices)
		if (dax->node == (int)number)
			return true;
	return host_node(host, (int)number);
}

static void match_others(const struct host *host, const char *word, struct matches *matches)
{
	list_each(port, &host->root_ports)
		if (names_address(word, port->address))
			match(matches, OBJECT_ROOT_PORT, port->address);
	list_each(function, &host->functions)
		if (names_address(word, function->address) &&
		    !host_memdev_at(host, function->address))
			match(matches, OBJECT_FUNCTION, function->address);
	list_each(region, &host->regions)
		if (strcmp(word, region->name) == 0)
			match(matches, OBJECT_REGION, region->name);
	list_each(dax, &host->dax_devices)
		if (strcmp(word, dax->name) == 0)
			match(matches, OBJECT_DAX, dax->name);
	if (is_node(host, word))
		match(matches, OBJECT_NODE, word);
}

/* "a, b, c" of what there is, cut where the hint is full. */
static void list_ports(const struct host *host, char *out, size_t size)
{
	copy_text(out, size, host->root_ports.count ? "" : "none");
	list_each(port, &host->root_ports)
		append_word(out, size, ", ", port->address);
}

static void list_dax(const struct host *host, char *out, size_t size)
{
	copy_text(out, size, host->dax_devices.count ? "" : "none");
	list_each(dax, &host->dax_devices)
		append_word(out, size, ", ", dax->name);
}

int object_find(const struct host *host, const char *word, struct object *object, struct error *err)
{
	struct matches matches = {object, 0};
	char ports[160], dax[160];

	if (*word) { /* or it would stand for whatever has no name */
		match_memdevs(host, word, &matches);
		match_others(host, word, &matches);
	}
	if (matches.count == 1)
		return 0;
	if (matches.count > 1) {
		fail(err, -ENOTUNIQ, "\"%s\" stands for %d objects", word, matches.count);
		hint(err, "say its whole PCI address, with the domain");
		return -ENOTUNIQ;
	}
	list_ports(host, ports, sizeof(ports));
	list_dax(host, dax, sizeof(dax));
	fail(err, -ENOENT, "there is no \"%s\"", word);
	hint(err, "root ports: %s; dax devices: %s; cxl-iso list --tree shows all", ports, dax);
	return -ENOENT;
}

static const char *const kind_words[] = {"root port", "PCI function", "CXL memory device",
					 "region",    "dax device",   "NUMA node"};

static int not_a_port(const struct host *host, const struct object *object, const char *word,
		      struct error *err)
{
	const struct memdev *memdev = host_memdev(host, object->name);
	const struct function *function = host_function(host, object->name);
	const char *port = memdev ? memdev->root_port : function ? function->root_port : "";

	fail(err, -EINVAL, "%s is a %s, not a CXL root port", word, kind_words[object->kind]);
	if (port[0])
		hint(err, "its root port is %s", port);
	else
		hint(err, "cxl-iso list shows what lies below each root port");
	return -EINVAL;
}

int object_find_port(const struct host *host, const char *word, const struct root_port **port,
		     struct error *err)
{
	char ports[256];
	struct object object;
	struct error unheard = {0};
	int rc = object_find(host, word, &object, &unheard);

	*port = NULL;
	if (rc == -ENOENT) {
		list_ports(host, ports, sizeof(ports));
		fail(err, rc, "there is no CXL root port \"%s\"", word);
		hint(err, "root ports: %s", ports);
		return rc;
	}
	if (rc) {
		fail(err, rc, "%s", unheard.text);
		hint(err, "%s", unheard.hint);
		return rc;
	}
	if (object.kind != OBJECT_ROOT_PORT)
		return not_a_port(host, &object, word, err);
	*port = host_root_port(host, object.name);
	return 0;
}

/* "mem0 (0000:0d:00.0), ..." of what there is, with a driver or without. */
static void list_memdevs(const struct host *host, char *out, size_t size)
{
	char word[2 * NAME_SIZE + 4];

	out[0] = '\0';
	list_each(memdev, &host->memdevs) {
		snprintf(word, sizeof(word), "%s (%s)", memdev->name, memdev->address);
		append_word(out, size, ", ", word);
	}
	list_each(function, &host->functions)
		if (function->kind == FUNCTION_MEMDEV && !host_memdev_at(host, function->address))
			append_word(out, size, ", ", function->address);
	if (!out[0])
		copy_text(out, size, "none");
}

/* Of a memory device; NULL if it is none. */
static const char *memdev_address(const struct host *host, const struct object *object)
{
	const struct memdev *memdev = host_memdev(host, object->name);
	const struct function *function = host_function(host, object->name);

	if (object->kind == OBJECT_MEMDEV)
		return memdev->address;
	return function && function->kind == FUNCTION_MEMDEV ? function->address : NULL;
}

int object_find_memdev(const struct host *host, const char *word, char address[NAME_SIZE],
		       struct error *err)
{
	struct error unheard = {0};
	struct object object;
	const char *found;
	char memdevs[256];
	int rc = object_find(host, word, &object, &unheard);

	if (rc == -ENOTUNIQ) {
		fail(err, rc, "%s", unheard.text);
		hint(err, "%s", unheard.hint);
		return rc;
	}
	found = rc ? NULL : memdev_address(host, &object);
	if (found)
		return copy_text(address, NAME_SIZE, found) ? 0 : -EINVAL;
	list_memdevs(host, memdevs, sizeof(memdevs));
	if (rc)
		fail(err, rc, "there is no CXL memory device \"%s\"", word);
	else
		rc = fail(err, -EINVAL, "%s is a %s, not a CXL memory device", word,
			  kind_words[object.kind]);
	hint(err, "memory devices: %s", memdevs);
	return rc;
}

static const struct function *function_at(const struct below *below, const char *address)
{
	list_each_pointer(function, &below->functions)
		if (strcmp(function->address, address) == 0)
			return function;
	return NULL;
}

/* A capture may say that a switch is below itself: there are no more steps up than functions. */
static bool below_switch(const struct below *below, const char *address, const char *bridge)
{
	for (size_t i = 0; i < below->functions.count; i++) {
		const struct function *function = function_at(below, address);

		if (!function)
			return false;
		if (strcmp(function->parent, bridge) == 0)
			return true;
		address = function->parent;
	}
	return false;
}

/* Whether the object, a root port or a function below one, has what lies below the root port. */
static bool has_below(const struct object *object, const struct below *below,
		      const struct region *region)
{
	if (object->kind == OBJECT_ROOT_PORT)
		return true;
	list_each_pointer(memdev, &below->memdevs)
		if (region_uses_memdev(region, memdev->name) &&
		    below_switch(below, memdev->address, object->name))
			return true;
	return false;
}

static bool has_dax(const struct object *object, const struct dax_view *view)
{
	switch (object->kind) {
	case OBJECT_DAX:
		return strcmp(view->dax->name, object->name) == 0;
	case OBJECT_REGION:
		return strcmp(view->dax->region, object->name) == 0;
	case OBJECT_NODE:
		return view->dax->node == atoi(object->name + strlen("node"));
	case OBJECT_MEMDEV:
		return view->region && region_uses_memdev(view->region, object->name);
	case OBJECT_ROOT_PORT:
	case OBJECT_FUNCTION:
		return false;
	}
	return false;
}

void object_each_dax(const struct survey *survey, const struct object *object,
		     void (*call)(void *context, const struct dax_view *view), void *context)
{
	const struct host *host = survey_host(survey);
	const struct function *function = host_function(host, object->name);
	const struct below *below =
		survey_find(survey, function ? function->root_port : object->name);

	if (below) {
		list_each_pointer(view, &below->dax)
			if (has_below(object, below, view->region))
				call(context, view);
		return;
	}
	list_each(dax, &host->dax_devices) {
		const struct dax_view *view = survey_dax_view(survey, dax);

		if (has_dax(object, view))
			call(context, view);
	}
}

/* Dax devices and namespaces that were asked for, by their index in the picture. */
struct gathering {
	const struct survey *survey;
	bool *dax, *namespaces;
	bool any;
};

static void gather_dax(void *context, const struct dax_view *view)
{
	struct gathering *gathering = context;
	const struct host *host = survey_host(gathering->survey);

	gathering->dax[view->dax - host->dax_devices.items] = gathering->any = true;
	for (size_t i = 0; i < host->namespaces.count; i++)
		if (strcmp(host->namespaces.items[i].device, view->dax->name) == 0)
			gathering->namespaces[i] = true;
}

static bool has_region(const struct survey *survey, const struct object *object,
		       const struct region *region)
{
	const struct function *function = host_function(survey_host(survey), object->name);
	const struct below *below =
		survey_find(survey, function ? function->root_port : object->name);

	if (object->kind == OBJECT_REGION)
		return strcmp(region->name, object->name) == 0;
	if (object->kind == OBJECT_MEMDEV)
		return region_uses_memdev(region, object->name);
	if (!below)
		return false;
	list_each_pointer(its, &below->regions)
		if (its == region)
			return has_below(object, below, region);
	return false;
}

static void gather_namespaces(struct gathering *gathering, const struct object *object)
{
	const struct host *host = survey_host(gathering->survey);

	for (size_t i = 0; i < host->namespaces.count; i++) {
		const struct region *region =
			survey_region(gathering->survey, host->namespaces.items[i].region);

		if (region && has_region(gathering->survey, object, region))
			gathering->namespaces[i] = gathering->any = true;
	}
}

static int gather(struct gathering *gathering, const char *const *words, struct error *err)
{
	for (; *words; words++) {
		struct object object;
		int rc = object_find(survey_host(gathering->survey), *words, &object, err);

		if (rc)
			return rc;
		gathering->any = false;
		object_each_dax(gathering->survey, &object, gather_dax, gathering);
		gather_namespaces(gathering, &object);
		if (gathering->any)
			continue;
		fail(err, -ENXIO, "%s has neither a dax device nor a namespace", object.name);
		hint(err, "memory is in use through these only; cxl-iso list --tree shows them");
		return -ENXIO;
	}
	return 0;
}

int object_gather(const struct survey *survey, const char *const *words, struct below *what,
		  struct error *err)
{
	const struct host *host = survey_host(survey);
	cleanup_free bool *dax = xcalloc(host->dax_devices.count + 1, sizeof(bool));
	cleanup_free bool *namespaces = xcalloc(host->namespaces.count + 1, sizeof(bool));
	struct gathering gathering = {survey, dax, namespaces, false};
	int rc = gather(&gathering, words, err);

	if (rc)
		return rc;
	list_each(device, &host->dax_devices)
		if (dax[device - host->dax_devices.items])
			*list_add(&what->dax) = survey_dax_view(survey, device);
	list_each(namespace, &host->namespaces)
		if (namespaces[namespace - host->namespaces.items])
			*list_add(&what->namespaces) = namespace;
	survey_gather(survey, what);
	return 0;
}

/* No registers and no processes: a key press must not cost that. */
static int look_around(struct host *host)
{
	int rc = collect_cxl(&machine, host, NULL);

	if (!rc)
		rc = collect_pci(&machine, host, NULL);
	if (!rc)
		rc = collect_dax(&machine, host, NULL);
	if (!rc)
		rc = collect_memory(&machine, host, NULL);
	return rc ? rc : collect_nodes(&machine, host, NULL);
}

/* By the name of Linux; by the address while there is none. */
static void print_memdevs(const struct host *host)
{
	list_each(memdev, &host->memdevs)
		puts(memdev->name);
	list_each(function, &host->functions)
		if (function->kind == FUNCTION_MEMDEV && !host_memdev_at(host, function->address))
			puts(function->address);
}

int complete_objects(const char *name)
{
	cleanup_host struct host host = {0};
	bool objects = strstr(name, "OBJECT"), memdevs = strstr(name, "MEMDEV");

	if (!strstr(name, "PORT") && !objects && !memdevs)
		return STATUS_DONE;
	if (look_around(&host))
		return STATUS_FAILED;
	if (memdevs) {
		print_memdevs(&host);
		return STATUS_DONE;
	}
	list_each(port, &host.root_ports)
		puts(port->address);
	if (!objects)
		return STATUS_DONE;
	list_each(memdev, &host.memdevs)
		puts(memdev->name);
	list_each(region, &host.regions)
		puts(region->name);
	list_each(dax, &host.dax_devices)
		puts(dax->name);
	list_each(node, &host.nodes)
		printf("node%d\n", node->number);
	return STATUS_DONE;
}
