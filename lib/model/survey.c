/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/survey.h"

#include <string.h>

#include <json-c/linkhash.h>

#include "sys/util.h"

struct survey {
	const struct host *host;
	struct below *below;	       /* one for each root port */
	struct neighbours *neighbours; /* one for each bridge */
	struct dax_view *dax;	       /* one for each dax device */
	struct node_view *nodes;       /* one for each node, by ascending number */
	size_t port_count, bridge_count, dax_count, node_count;
	struct lh_table *ports, *bridges, *bridge_ports, *regions, *addresses, *endpoints,
		*dax_devices;
};

#define append(list, item) (*list_add(list) = (item))

static struct lh_table *table_new(size_t entries)
{
	struct lh_table *table = lh_kchar_table_new((int)(2 * entries + 16), NULL);

	if (!table)
		xrealloc(NULL, SIZE_MAX); /* says so and ends */
	return table;
}

static void *get(struct lh_table *table, const char *name)
{
	void *found = NULL;

	lh_table_lookup_ex(table, name, &found);
	return found;
}

static void put(struct lh_table *table, const char *name, const void *value)
{
	if (name[0] && !lh_table_lookup_entry(table, name) && lh_table_insert(table, name, value))
		xrealloc(NULL, SIZE_MAX);
}

static struct below *below_of(const struct survey *survey, const char *root_port)
{
	return get(survey->ports, root_port);
}

static void name_ports(struct survey *survey)
{
	const struct host *host = survey->host;

	survey->bridges = table_new(host->bridges.count);
	survey->bridge_ports = table_new(host->bridges.count);
	survey->ports = table_new(host->root_ports.count);
	survey->neighbours = xcalloc(host->bridges.count + 1, sizeof(*survey->neighbours));
	survey->below = xcalloc(host->root_ports.count + 1, sizeof(*survey->below));
	for (size_t i = 0; i < host->bridges.count; i++) {
		survey->neighbours[i].bridge = &host->bridges.items[i];
		put(survey->bridges, host->bridges.items[i].name, &survey->neighbours[i]);
		put(survey->bridge_ports, host->bridges.items[i].port, &survey->neighbours[i]);
	}
	for (size_t i = 0; i < host->root_ports.count; i++) {
		struct below *below = &survey->below[i];

		below->port = &host->root_ports.items[i];
		below->neighbours = get(survey->bridges, below->port->bridge);
		put(survey->ports, below->port->address, below);
	}
}

static void place_devices(struct survey *survey)
{
	const struct host *host = survey->host;
	struct below *below;

	survey->addresses = table_new(host->memdevs.count);
	survey->endpoints = table_new(host->memdevs.count);
	list_each(function, &host->functions)
		if ((below = below_of(survey, function->root_port)))
			append(&below->functions, function);
	list_each(memdev, &host->memdevs) {
		put(survey->addresses, memdev->address, memdev);
		below = below_of(survey, memdev->root_port);
		if (!below)
			continue;
		append(&below->memdevs, memdev);
		put(survey->endpoints, memdev->endpoint, below);
	}
	list_each(port, &host->ports) {
		struct neighbours *neighbours = get(survey->bridge_ports, port->name);

		if (neighbours)
			neighbours->port = port;
	}
	list_each(decoder, &host->decoders) {
		struct neighbours *neighbours = get(survey->bridge_ports, decoder->port);

		below = get(survey->endpoints, decoder->port);
		if (below)
			append(&below->decoders, decoder);
		if (neighbours)
			append(&neighbours->decoders, decoder);
	}
}

static void place_dc_devices(struct survey *survey)
{
	list_each(device, &survey->host->dc_devices) {
		struct below *below = below_of(survey, device->root_port);

		if (below)
			append(&below->dc_devices, device);
	}
}

/* Several of a region's targets may be below one port. */
#define append_once(list, item)                                                   \
	do {                                                                      \
		if (!(list)->count || (list)->items[(list)->count - 1] != (item)) \
			append(list, item);                                       \
	} while (0)

static void place_regions(struct survey *survey)
{
	survey->regions = table_new(survey->host->regions.count);
	list_each(region, &survey->host->regions) {
		put(survey->regions, region->name, region);
		list_each(target, &region->targets) {
			struct below *below = below_of(survey, target->root_port);
			struct neighbours *neighbours =
				below ? get(survey->bridges, below->port->bridge) : NULL;

			if (below)
				append_once(&below->regions, region);
			if (neighbours)
				append_once(&neighbours->regions, region);
		}
	}
}

static void place_dax(struct survey *survey)
{
	const struct host *host = survey->host;
	struct dax_view *view;

	survey->dax_devices = table_new(host->dax_devices.count);
	survey->dax = xcalloc(host->dax_devices.count + 1, sizeof(*survey->dax));
	for (size_t i = 0; i < host->dax_devices.count; i++) {
		view = &survey->dax[i];
		view->dax = &host->dax_devices.items[i];
		view->region = get(survey->regions, view->dax->region);
		put(survey->dax_devices, view->dax->name, view);
		if (!view->region)
			continue;
		list_each(target, &view->region->targets) {
			struct below *below = below_of(survey, target->root_port);

			if (below)
				append_once(&below->dax, view);
		}
	}
	list_each(user, &host->users)
		if ((view = get(survey->dax_devices, user->dax)))
			append(&view->users, user);
	list_each(mount, &host->mounts)
		if ((view = get(survey->dax_devices, mount->source)))
			append(&view->mounts, mount);
	list_each(contents, &host->contents)
		if ((view = get(survey->dax_devices, contents->dax)))
			view->contents = contents;
}

static int compare_nodes(const void *a, const void *b)
{
	int number_a = ((const struct node_view *)a)->node->number;
	int number_b = ((const struct node_view *)b)->node->number;

	return (number_a > number_b) - (number_a < number_b);
}

static struct node_view *find_node(const struct survey *survey, int number)
{
	const struct node node = {.number = number};
	const struct node_view key = {.node = &node};

	return bsearch(&key, survey->nodes, survey->host->nodes.count, sizeof(key), compare_nodes);
}

static void add_share(const struct survey *survey, struct below *below, const struct block *block)
{
	const struct node_view *view = find_node(survey, block->node);
	struct share *share;

	if (!view || !block_online(block))
		return;
	list_each(known, &below->nodes)
		if (known->view == view) {
			known->online = add_capped(known->online, survey->host->block_size);
			return;
		}
	share = list_add(&below->nodes);
	share->view = view;
	share->online = survey->host->block_size;
}

static void share_nodes(const struct survey *survey, struct below *below)
{
	list_each_pointer(view, &below->dax)
		list_each(mapping, &view->dax->mappings) {
			size_t count;
			const struct block *blocks =
				survey_blocks(survey, mapping->start, mapping->size, &count);

			for (size_t i = 0; i < count; i++)
				add_share(survey, below, &blocks[i]);
		}
}

static void place_usage(struct survey *survey, const struct usage *usage)
{
	const struct process *process = host_process(survey->host, usage->pid);
	struct node_view *view = find_node(survey, usage->node);

	if (!view)
		return;
	append(&view->usages, usage);
	if (process && process->guest[0])
		append(&view->guests, process);
	if (process && (process->vfio || process->rdma))
		append(&view->pinners, process);
}

static void place_nodes(struct survey *survey)
{
	const struct host *host = survey->host;
	struct node_view *view;

	survey->nodes = xcalloc(host->nodes.count + 1, sizeof(*survey->nodes));
	for (size_t i = 0; i < host->nodes.count; i++)
		survey->nodes[i].node = &host->nodes.items[i];
	qsort(survey->nodes, host->nodes.count, sizeof(*survey->nodes), compare_nodes);
	list_each(usage, &host->usages)
		place_usage(survey, usage);
	list_each(group, &host->groups)
		if ((view = find_node(survey, group->node)))
			append(&view->groups, group);
	for (size_t i = 0; i < host->root_ports.count; i++)
		share_nodes(survey, &survey->below[i]);
}

static void place_namespaces(struct survey *survey)
{
	list_each(namespace, &survey->host->namespaces) {
		const struct region *region = get(survey->regions, namespace->region);

		if (!region)
			continue;
		list_each(target, &region->targets) {
			struct below *below = below_of(survey, target->root_port);

			if (below)
				append_once(&below->namespaces, namespace);
		}
	}
}

struct survey *survey_new(const struct host *host)
{
	struct survey *survey = xcalloc(1, sizeof(*survey));

	survey->host = host;
	survey->port_count = host->root_ports.count;
	survey->bridge_count = host->bridges.count;
	survey->dax_count = host->dax_devices.count;
	survey->node_count = host->nodes.count;
	name_ports(survey);
	place_devices(survey);
	place_dc_devices(survey);
	place_regions(survey);
	place_dax(survey);
	place_namespaces(survey);
	place_nodes(survey);
	return survey;
}

void below_free(struct below *below)
{
	free(below->functions.items);
	free(below->memdevs.items);
	free(below->decoders.items);
	free(below->regions.items);
	free(below->dax.items);
	free(below->namespaces.items);
	free(below->dc_devices.items);
	free(below->nodes.items);
}

/* The host may be gone by now. */
void survey_free(struct survey **pointer)
{
	struct survey *survey = *pointer;

	if (!survey)
		return;
	for (size_t i = 0; i < survey->port_count; i++)
		below_free(&survey->below[i]);
	for (size_t i = 0; i < survey->bridge_count; i++) {
		free(survey->neighbours[i].regions.items);
		free(survey->neighbours[i].decoders.items);
	}
	for (size_t i = 0; i < survey->dax_count; i++) {
		free(survey->dax[i].users.items);
		free(survey->dax[i].mounts.items);
	}
	for (size_t i = 0; i < survey->node_count; i++) {
		free(survey->nodes[i].usages.items);
		free(survey->nodes[i].groups.items);
		free(survey->nodes[i].guests.items);
		free(survey->nodes[i].pinners.items);
	}
	free(survey->below);
	free(survey->neighbours);
	free(survey->dax);
	free(survey->nodes);
	lh_table_free(survey->ports);
	lh_table_free(survey->bridges);
	lh_table_free(survey->bridge_ports);
	lh_table_free(survey->regions);
	lh_table_free(survey->addresses);
	lh_table_free(survey->endpoints);
	lh_table_free(survey->dax_devices);
	free(survey);
	*pointer = NULL;
}

void survey_gather(const struct survey *survey, struct below *chosen)
{
	list_each(region, &survey->host->regions) {
		bool used = false;

		list_each_pointer(view, &chosen->dax)
			used |= view->region == region;
		list_each_pointer(namespace, &chosen->namespaces)
			used |= strcmp(namespace->region, region->name) == 0;
		if (used)
			append(&chosen->regions, region);
	}
	share_nodes(survey, chosen);
}

const struct host *survey_host(const struct survey *survey)
{
	return survey->host;
}

const struct below *survey_below(const struct survey *survey, const struct root_port *port)
{
	return &survey->below[port - survey->host->root_ports.items];
}

const struct dax_view *survey_dax_view(const struct survey *survey, const struct dax *dax)
{
	return &survey->dax[dax - survey->host->dax_devices.items];
}

const struct below *survey_find(const struct survey *survey, const char *root_port)
{
	return below_of(survey, root_port);
}

const struct dax_view *survey_dax(const struct survey *survey, const char *name)
{
	return get(survey->dax_devices, name);
}

const struct node_view *survey_node(const struct survey *survey, int number)
{
	return find_node(survey, number);
}

const struct region *survey_region(const struct survey *survey, const char *name)
{
	return get(survey->regions, name);
}

bool survey_decoder_is_dynamic(const struct survey *survey, const struct decoder *decoder)
{
	const struct region *region = survey_region(survey, decoder->region);

	return region && region_is_dynamic(region);
}

const struct memdev *survey_memdev_at(const struct survey *survey, const char *address)
{
	return get(survey->addresses, address);
}

/* The first block that ends above @start. */
static size_t first_block(const struct host *host, uint64_t start)
{
	size_t low = 0, high = host->blocks.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (host->blocks.items[middle].start + (host->block_size - 1) < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct block *survey_blocks(const struct survey *survey, uint64_t start, uint64_t size,
				  size_t *count)
{
	const struct host *host = survey->host;
	size_t first = host->block_size ? first_block(host, start) : 0, end = first;

	while (end < host->blocks.count &&
	       ranges_overlap(host->blocks.items[end].start, host->block_size, start, size))
		end++;
	*count = end - first;
	return *count ? host->blocks.items + first : NULL;
}

uint64_t survey_online_bytes(const struct survey *survey, uint64_t start, uint64_t size)
{
	size_t count;
	const struct block *blocks = survey_blocks(survey, start, size, &count);
	uint64_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		if (block_online(&blocks[i]))
			bytes = add_capped(bytes, survey->host->block_size);
	return bytes;
}

uint64_t survey_dax_online_bytes(const struct survey *survey, const struct dax *dax)
{
	uint64_t bytes = 0;

	list_each(mapping, &dax->mappings)
		bytes = add_capped(bytes,
				   survey_online_bytes(survey, mapping->start, mapping->size));
	return bytes;
}

/* ---- memory whose device is gone ---- */

static bool decoded_below(const struct below *below, const struct block *block, uint64_t size)
{
	list_each_pointer(decoder, &below->decoders)
		if (ranges_overlap(decoder->start, decoder->size, block->start, size))
			return true;
	list_each_pointer(function, &below->functions)
		list_each(range, &function->hdm)
			if (range->committed &&
			    ranges_overlap(range->start, range->size, block->start, size))
				return true;
	return false;
}

/* A region or a device behind the bridge has it still. */
static bool has_owner(const struct survey *survey, const struct neighbours *neighbours,
		      const struct block *block)
{
	uint64_t size = survey->host->block_size;

	list_each_pointer(region, &neighbours->regions)
		if (ranges_overlap(region->start, region->size, block->start, size))
			return true;
	for (size_t i = 0; i < survey->port_count; i++)
		if (survey->below[i].neighbours == neighbours &&
		    decoded_below(&survey->below[i], block, size))
			return true;
	return false;
}

/*
 * Linux takes the endpoint, the dax device and the region's targets away with the device, and kmem
 * fails to remove what is online. The bridge's decoder keeps its range (seen on 6.12).
 */
const struct block *survey_orphan(const struct survey *survey, const struct root_port *port)
{
	const struct below *below = survey_below(survey, port);

	if (below->regions.count || !below->neighbours)
		return NULL;
	list_each_pointer(decoder, &below->neighbours->decoders) {
		size_t count;
		const struct block *blocks =
			survey_blocks(survey, decoder->start, decoder->size, &count);

		for (size_t i = 0; i < count; i++)
			if (block_online(&blocks[i]) &&
			    !has_owner(survey, below->neighbours, &blocks[i]))
				return &blocks[i];
	}
	return NULL;
}
