/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selection.h"

#include <stdlib.h>
#include <string.h>

#include "sys/util.h"
#include "ui/object.h"

static size_t device_index(const struct host *host, const struct dax_view *view)
{
	return (size_t)(view->dax - host->dax_devices.items);
}

static size_t node_index(const struct host *host, const struct node_view *view)
{
	return (size_t)(view->node - host->nodes.items);
}

static bool in_kernel_zone(const struct block *block)
{
	return strcmp(block->zones, "Movable") != 0;
}

/* Give each block of the device's System RAM to @call with its node. */
static void each_online_block(const struct survey *survey, const struct dax_view *view,
			      void (*call)(void *context, const struct node_view *node,
					   const struct block *block),
			      void *context)
{
	list_each(mapping, &view->dax->mappings) {
		size_t count;
		const struct block *blocks =
			survey_blocks(survey, mapping->start, mapping->size, &count);

		for (size_t i = 0; i < count; i++) {
			const struct node_view *node = survey_node(survey, blocks[i].node);

			if (node && block_online(&blocks[i]))
				call(context, node, &blocks[i]);
		}
	}
}

struct choosing {
	const struct survey *survey;
	struct chosen *chosen;
};

static void choose_node(struct choosing *choosing, const struct node_view *node)
{
	choosing->chosen->nodes[node_index(survey_host(choosing->survey), node)] = true;
	choosing->chosen->any_node = true;
}

static void choose_node_of_block(void *context, const struct node_view *node,
				 const struct block *block)
{
	(void)block;
	choose_node(context, node);
}

static void choose_device(void *context, const struct dax_view *view)
{
	struct choosing *choosing = context;

	choosing->chosen->devices[device_index(survey_host(choosing->survey), view)] = true;
	each_online_block(choosing->survey, view, choose_node_of_block, choosing);
}

static void choose_named_node(struct choosing *choosing, const char *name)
{
	const struct node_view *node = survey_node(choosing->survey, atoi(name + strlen("node")));

	if (node) /* not that of a device which is not online */
		choose_node(choosing, node);
}

int chosen_find(const struct survey *survey, const char *const *words, struct chosen *chosen,
		struct error *err)
{
	const struct host *host = survey_host(survey);
	struct choosing choosing = {survey, chosen};

	*chosen = (struct chosen){
		.devices = xcalloc(host->dax_devices.count + 1, sizeof(bool)),
		.nodes = xcalloc(host->nodes.count + 1, sizeof(bool)),
	};
	if (!words[0])
		list_each(dax, &host->dax_devices)
			choose_device(&choosing, survey_dax_view(survey, dax));
	for (; *words; words++) {
		struct object object;
		int rc = object_find(host, *words, &object, err);

		if (rc)
			return rc;
		object_each_dax(survey, &object, choose_device, &choosing);
		if (object.kind == OBJECT_NODE)
			choose_named_node(&choosing, object.name);
	}
	return 0;
}

void chosen_free(struct chosen *chosen)
{
	free(chosen->devices);
	free(chosen->nodes);
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return b >= UNKNOWN - a ? UNKNOWN - 1 : a + b;
}

uint64_t usage_bytes(const struct usage *usage)
{
	return add(add(usage->anon, usage->file), usage->hugetlb);
}

/* Huge pages and shared memory are counted in the first two. */
uint64_t group_bytes(const struct group *group)
{
	return add(add(group->anon, group->file), group->kernel);
}

/* The larger first. */
static int compare_bytes(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int compare_users(const void *a, const void *b)
{
	const struct user *left = *(const struct user *const *)a;
	const struct user *right = *(const struct user *const *)b;
	int order = compare_bytes(left->mapped, right->mapped);

	return order ? order : (left->pid > right->pid) - (left->pid < right->pid);
}

static int compare_usages(const void *a, const void *b)
{
	const struct usage *left = *(const struct usage *const *)a;
	const struct usage *right = *(const struct usage *const *)b;
	int order = compare_bytes(usage_bytes(left), usage_bytes(right));

	return order ? order : (left->pid > right->pid) - (left->pid < right->pid);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group *left = *(const struct group *const *)a;
	const struct group *right = *(const struct group *const *)b;
	int order = compare_bytes(group_bytes(left), group_bytes(right));

	return order ? order : strcmp(left->path, right->path);
}

/* Only these have a device node that a process can open. */
static bool can_be_held(const struct dax *dax)
{
	return dax->mode == DAX_DEVDAX || dax->mode == DAX_FAMFS;
}

static void add_device(struct selection *selection, const struct dax_view *view)
{
	struct device_users *device = list_add(&selection->devices);

	device->view = view;
	device->unseen = can_be_held(view->dax) && !selection->host->users_complete;
	list_each_pointer(user, &view->users)
		*list_add(&device->users) = user;
	list_sort(&device->users, compare_users);
}

/* Who uses a node is looked for only if it has memory that the picture keeps blocks of. */
static bool has_memory_of_ours(const struct host *host, int node)
{
	list_each(block, &host->blocks)
		if (block->node == node && block_online(block))
			return true;
	return false;
}

static void add_node(struct selection *selection, const struct node_view *view)
{
	struct node_users *node = list_add(&selection->nodes);

	node->node = view->node;
	node->unseen = !selection->host->usage_complete;
	list_each_pointer(group, &view->groups)
		if (group->path)
			*list_add(&node->groups) = group;
	list_each_pointer(usage, &view->usages)
		*list_add(&node->usages) = usage;
	list_sort(&node->groups, compare_groups);
	list_sort(&node->usages, compare_usages);
}

struct adding {
	struct selection *selection;
	struct node_users **nodes; /* by their index in the picture */
};

static void add_block(void *context, const struct node_view *view, const struct block *block)
{
	const struct adding *adding = context;
	const struct host *host = adding->selection->host;
	struct node_users *node = adding->nodes[node_index(host, view)];

	node->online += host->block_size;
	if (in_kernel_zone(block))
		node->zone_normal += host->block_size;
}

static void add_blocks(const struct survey *survey, struct selection *selection)
{
	cleanup_free struct node_users **nodes =
		xcalloc(selection->host->nodes.count + 1, sizeof(*nodes));
	struct adding adding = {selection, nodes};

	list_each(node, &selection->nodes)
		nodes[node->node - selection->host->nodes.items] = node;
	list_each(device, &selection->devices)
		each_online_block(survey, device->view, add_block, &adding);
}

void selection_make(const struct survey *survey, const struct chosen *chosen,
		    struct selection *selection)
{
	const struct host *host = survey_host(survey);

	*selection = (struct selection){.host = host};
	list_each(dax, &host->dax_devices)
		if (chosen->devices[dax - host->dax_devices.items])
			add_device(selection, survey_dax_view(survey, dax));
	list_each(node, &host->nodes)
		if (chosen->nodes[node - host->nodes.items])
			add_node(selection, survey_node(survey, node->number));
	add_blocks(survey, selection);
	list_each(node, &selection->nodes)
		if (!node->online && !has_memory_of_ours(host, node->node->number))
			selection->other_node = node->unseen = true;
	selection->complete = true;
	list_each(device, &selection->devices)
		selection->complete &= !device->unseen;
	list_each(node, &selection->nodes)
		selection->complete &= !node->unseen;
}

void selection_free(struct selection *selection)
{
	list_each(device, &selection->devices)
		free(device->users.items);
	list_each(node, &selection->nodes) {
		free(node->groups.items);
		free(node->usages.items);
	}
	free(selection->devices.items);
	free(selection->nodes.items);
}
