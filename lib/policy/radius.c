/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/radius.h"

#include <string.h>

#include "sys/util.h"

/* clang-format off */
static const struct record name_record = { sizeof(struct radius_name), (const struct field[]){
	TEXT(struct radius_name, name),
	{} } };

static const struct record radius_memdev_record = { sizeof(struct radius_memdev), (const struct field[]){
	TEXT(struct radius_memdev, name),
	HEX(struct radius_memdev, serial),
	TEXT(struct radius_memdev, address),
	U64(struct radius_memdev, size),
	{} } };

static const struct record radius_function_record = { sizeof(struct radius_function), (const struct field[]){
	TEXT(struct radius_function, address),
	TEXT(struct radius_function, driver),
	{} } };

static const struct record radius_region_record = { sizeof(struct radius_region), (const struct field[]){
	TEXT(struct radius_region, name),
	TEXT(struct radius_region, mode),
	U64(struct radius_region, size),
	RECORDS(struct radius_region, other_ports, name_record),
	{} } };

static const struct record radius_dax_record = { sizeof(struct radius_dax), (const struct field[]){
	TEXT(struct radius_dax, name),
	TEXT(struct radius_dax, region),
	ENUM(struct radius_dax, mode, dax_mode_names),
	U64(struct radius_dax, size),
	U64(struct radius_dax, online),
	SIZE(struct radius_dax, processes),
	{} } };

static const struct record radius_node_record = { sizeof(struct radius_node), (const struct field[]){
	INT(struct radius_node, number),
	U64(struct radius_node, total),
	U64(struct radius_node, online),
	SIZE(struct radius_node, processes),
	SIZE(struct radius_node, guests),
	{} } };

const struct record node_guests_record = { sizeof(struct node_guests), (const struct field[]){
	INT(struct node_guests, number),
	RECORDS(struct node_guests, guests, name_record),
	{} } };

static const struct record tag_use_record = { sizeof(struct tag_use), (const struct field[]){
	TEXT(struct tag_use, device),
	TEXT(struct tag_use, tag),
	U64(struct tag_use, extents),
	U64(struct tag_use, size),
	RECORDS(struct tag_use, regions, name_record),
	RECORDS(struct tag_use, dax_devices, name_record),
	{} } };

static const struct record tag_uses_record = { sizeof(struct tag_uses), (const struct field[]){
	RECORDS(struct tag_uses, list, tag_use_record),
	U64(struct tag_uses, size),
	{} } };

static const struct record radius_mount_record = { sizeof(struct radius_mount), (const struct field[]){
	TEXT(struct radius_mount, source),
	TEXT(struct radius_mount, type),
	STRING(struct radius_mount, path),
	{} } };

const struct record radius_record = { sizeof(struct radius), (const struct field[]){
	U64(struct radius, capacity),
	U64(struct radius, in_regions),
	U64(struct radius, without_region),
	U64(struct radius, online),
	RECORDS(struct radius, memdevs, radius_memdev_record),
	RECORDS(struct radius, switches, radius_function_record),
	RECORDS(struct radius, functions, radius_function_record),
	RECORDS(struct radius, regions, radius_region_record),
	RECORDS(struct radius, dax_devices, radius_dax_record),
	RECORDS(struct radius, namespaces, name_record),
	RECORDS(struct radius, extents, tag_use_record),
	U64(struct radius, dynamic),
	RECORDS(struct radius, nodes, radius_node_record),
	RECORDS(struct radius, mounts, radius_mount_record),
	SIZE(struct radius, processes),
	RECORDS(struct radius, guests, name_record),
	BOOL(struct radius, users_complete),
	{} } };

static const struct record loss_record = { sizeof(struct loss), (const struct field[]){
	TEXT(struct loss, object),
	U64(struct loss, size),
	{} } };

const struct record losses_record = { sizeof(struct losses), (const struct field[]){
	RECORDS(struct losses, list, loss_record),
	{} } };
/* clang-format on */

#define set(text, value) copy_text(text, sizeof(text), value)

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct radius_name *)a)->name, ((const struct radius_name *)b)->name);
}

static int compare_numbers(const void *a, const void *b)
{
	const int *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* Sort, and keep one of those that are equal. Their items are plain data. */
#define list_unique(list, compare)                                                                 \
	do {                                                                                       \
		size_t kept_ = 0;                                                                  \
		list_sort(list, compare);                                                          \
		for (size_t i_ = 0; i_ < (list)->count; i_++)                                      \
			if (!kept_ || compare(&(list)->items[kept_ - 1], &(list)->items[i_]) != 0) \
				(list)->items[kept_++] = (list)->items[i_];                        \
		(list)->count = kept_;                                                             \
	} while (0)

/* Nobody seen is only nobody if everybody was looked at. */
static uint64_t seen(size_t count, bool complete)
{
	return count || complete ? count : UNKNOWN;
}

static void add_devices(const struct below *below, const struct survey *survey,
			struct radius *radius)
{
	list_each_pointer(memdev, &below->memdevs) {
		struct radius_memdev *item = list_add(&radius->memdevs);

		set(item->name, memdev->name);
		set(item->address, memdev->address);
		item->serial = memdev->serial;
		item->size = memdev->ram_size + memdev->pmem_size;
		radius->capacity += item->size;
	}
	list_each_pointer(function, &below->functions) {
		struct radius_function *item;

		if (survey_memdev_at(survey, function->address))
			continue;
		item = function->kind == FUNCTION_BRIDGE ? list_add(&radius->switches)
							 : list_add(&radius->functions);
		set(item->address, function->address);
		set(item->driver, function->driver);
	}
}

static void add_regions(const struct below *below, const struct survey *survey,
			struct radius *radius)
{
	list_each_pointer(decoder, &below->decoders)
		if (!survey_decoder_is_dynamic(survey, decoder))
			radius->in_regions += decoder->dpa_size;
	if (radius->in_regions > radius->capacity)
		radius->in_regions = radius->capacity;
	radius->without_region = radius->capacity - radius->in_regions;
	list_each_pointer(region, &below->regions) {
		struct radius_region *item = list_add(&radius->regions);

		set(item->name, region->name);
		set(item->mode, region->mode);
		item->size = region->size;
		list_each(target, &region->targets)
			if (target->root_port[0] &&
			    strcmp(target->root_port, below->port->address) != 0)
				set(list_add(&item->other_ports)->name, target->root_port);
		list_unique(&item->other_ports, compare_names);
		radius->online += survey_online_bytes(survey, region->start, region->size);
	}
	list_each_pointer(namespace, &below->namespaces)
		set(list_add(&radius->namespaces)->name, namespace->name);
}

/* By tag, what has none last. */
static int compare_tags(const void *a, const void *b)
{
	const char *left = (*(const struct extent *const *)a)->tag;
	const char *right = (*(const struct extent *const *)b)->tag;

	return !left[0] || !right[0] ? !left[0] - !right[0] : strcmp(left, right);
}

static struct tag_use *use_of(struct tag_uses *uses, const struct dc_device *device,
			      const struct extent *extent)
{
	size_t count = uses->list.count;
	struct tag_use *use = count ? &uses->list.items[count - 1] : NULL;

	if (use && strcmp(use->tag, extent->tag) == 0)
		return use;
	use = list_add(&uses->list);
	set(use->device, device->memdev[0] ? device->memdev : device->address);
	set(use->tag, extent->tag);
	return use;
}

static void add_extent(struct tag_uses *uses, struct tag_use *use, const struct extent *extent)
{
	uses->size = add_capped(uses->size, extent->size);
	use->size = add_capped(use->size, extent->size);
	use->extents++;
	if (extent->region[0])
		set(list_add(&use->regions)->name, extent->region);
	if (extent->dax[0])
		set(list_add(&use->dax_devices)->name, extent->dax);
}

void tag_uses_of(const struct dc_device *device, struct tag_uses *uses)
{
	struct {
		LIST(const struct extent *) list;
	} sorted = {0};

	list_each(extent, &device->accepted)
		*list_add(&sorted.list) = extent;
	list_sort(&sorted.list, compare_tags);
	list_each_pointer(extent, &sorted.list)
		add_extent(uses, use_of(uses, device, extent), extent);
	list_each(use, &uses->list) {
		list_unique(&use->regions, compare_names);
		list_unique(&use->dax_devices, compare_names);
	}
	free(sorted.list.items);
}

void tag_uses_free(struct tag_uses *uses)
{
	record_free(&tag_uses_record, uses);
}

static void add_extents(const struct below *below, struct radius *radius)
{
	list_each_pointer(device, &below->dc_devices) {
		struct tag_uses uses = {0};

		tag_uses_of(device, &uses);
		list_each(use, &uses.list)
			*list_add(&radius->extents) = *use;
		radius->dynamic = add_capped(radius->dynamic, uses.size);
		free(uses.list.items); /* their own lists are the radius' now */
	}
}

static void add_mounts(const struct dax_view *view, struct radius *radius)
{
	list_each_pointer(mount, &view->mounts) {
		struct radius_mount *item = list_add(&radius->mounts);

		set(item->source, mount->source);
		set(item->type, mount->type);
		item->path = mount->path ? xstrdup(mount->path) : NULL;
	}
}

struct numbers {
	LIST(int) list;
};

/* Each process once, for all dax devices together: a guest may have many. */
static void add_dax(const struct below *below, const struct survey *survey, struct radius *radius)
{
	const struct host *host = survey_host(survey);
	struct numbers processes = {0};

	list_each_pointer(view, &below->dax) {
		struct radius_dax *item = list_add(&radius->dax_devices);

		set(item->name, view->dax->name);
		set(item->region, view->dax->region);
		item->mode = view->dax->mode;
		item->size = view->dax->size;
		item->processes = seen(view->users.count, host->users_complete);
		item->online = survey_dax_online_bytes(survey, view->dax);
		add_mounts(view, radius);
		list_each_pointer(user, &view->users) {
			const struct process *process = host_process(host, user->pid);

			*list_add(&processes.list) = user->pid;
			if (process && process->guest[0])
				set(list_add(&radius->guests)->name, process->guest);
		}
	}
	list_unique(&radius->guests, compare_names);
	list_unique(&processes.list, compare_numbers);
	radius->processes = seen(processes.list.count, host->users_complete);
	free(processes.list.items);
}

static void add_nodes(const struct below *below, const struct host *host, struct radius *radius)
{
	list_each(share, &below->nodes) {
		struct radius_node *item = list_add(&radius->nodes);

		item->number = share->view->node->number;
		item->total = share->view->node->total;
		item->online = share->online;
		item->processes = seen(share->view->usages.count, host->usage_complete);
		item->guests = seen(share->view->guests.count, host->usage_complete);
	}
}

void radius_of(const struct survey *survey, const struct root_port *port, struct radius *radius)
{
	const struct below *below = survey_below(survey, port);
	const struct host *host = survey_host(survey);

	add_devices(below, survey, radius);
	add_regions(below, survey, radius);
	add_extents(below, radius);
	add_dax(below, survey, radius);
	add_nodes(below, host, radius);
	radius->users_complete = (host->users_complete || !radius->dax_devices.count) &&
				 (host->usage_complete || !radius->nodes.count);
}

void radius_free(struct radius *radius)
{
	record_free(&radius_record, radius);
}

void node_guests(const struct survey *survey, int node, struct node_guests *guests)
{
	const struct node_view *view = survey_node(survey, node);

	guests->number = node;
	if (!view)
		return;
	list_each_pointer(process, &view->guests)
		set(list_add(&guests->guests)->name, process->guest);
	list_unique(&guests->guests, compare_names);
}

void node_guests_free(struct node_guests *guests)
{
	record_free(&node_guests_record, guests);
}

static int compare_losses(const void *a, const void *b)
{
	return strcmp(((const struct loss *)a)->object, ((const struct loss *)b)->object);
}

static uint64_t size_of(const struct survey *survey, const char *object)
{
	const struct dax_view *view = survey_dax(survey, object);
	const struct region *region = survey_region(survey, object);

	return view ? view->dax->size : region ? region->size : 0;
}

void losses_of(const struct survey *survey, const struct findings *findings, struct losses *losses)
{
	list_each(finding, &findings->list) {
		struct loss *loss;

		if (finding->severity != SEVERITY_LOSES)
			continue;
		loss = list_add(&losses->list);
		set(loss->object, finding->object);
		loss->size = size_of(survey, finding->object);
	}
	list_unique(&losses->list, compare_losses);
}

void losses_free(struct losses *losses)
{
	record_free(&losses_record, losses);
}
