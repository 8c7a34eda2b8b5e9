/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules about dax devices, memory blocks, pages, and who uses them. */
#include "policy/rules.h"

#include <inttypes.h>

#include "sys/util.h"

/* Nodes that have System RAM below the port. */
#define each_node_below(node, s)             \
	list_each(share, &(s)->below->nodes) \
		for (const struct node *node = share->view->node; node; node = NULL)

static bool is_below(const struct subject *s, const struct node *node)
{
	list_each(share, &s->below->nodes)
		if (share->view->node == node)
			return true;
	return false;
}

static const char *node_name(char name[16], const struct node *node)
{
	snprintf(name, 16, "node%d", node->number);
	return name;
}

void check_users_unseen(const struct subject *s)
{
	if (s->host->users_complete || !s->host->privileged)
		return; /* without privilege there is a finding of its own */
	each_dax_below(view, s) {
		struct finding *finding;

		if (view->dax->mode != DAX_DEVDAX && view->dax->mode != DAX_FAMFS)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding,
				 "not every process could be looked into, so users of %s "
				 "may be unseen",
				 view->dax->name);
		finding_fix(finding, "run as root in the initial PID name space");
	}
}

/* famfs and what is still to come: what a driver made of the memory is not known how to make again. */
void check_dax_driver(const struct subject *s)
{
	each_dax_below(view, s) {
		struct finding *finding;

		if (view->dax->mode != DAX_FAMFS && view->dax->mode != DAX_OTHER)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding, "%s is driven by neither kmem nor device_dax",
				 view->dax->name);
		if (isolated(s)) /* its contents are lost, so there is nothing to unmount first */
			finding_fix(finding, "note its driver (daxctl list), to bind it again");
		else
			finding_fix(finding,
				    "unmount what is on it, then: daxctl disable-device %s",
				    view->dax->name);
	}
}

/* Memory blocks of a dax device that kmem has added, and how many it adds when it is done. */
static void count_blocks(const struct subject *s, const struct dax *dax, uint64_t *present,
			 uint64_t *expected)
{
	*expected = dax->mode == DAX_SYSTEM_RAM ? dax_whole_blocks(s->host, dax) : 0;
	*present = 0;
	list_each(mapping, &dax->mappings) {
		size_t count;
		const struct block *blocks =
			survey_blocks(s->survey, mapping->start, mapping->size, &count);

		for (size_t i = 0; i < count; i++)
			*present += dax_has_block(s->host, dax, &blocks[i]);
	}
}

/*
 * The driver link is there before kmem has added its blocks (Linux, really_probe()): to unbind then
 * would leave memory online that nothing can take away until a reboot.
 */
void check_kmem_incomplete(const struct subject *s)
{
	each_dax_below(view, s) {
		uint64_t present, expected;
		struct finding *finding;

		count_blocks(s, view->dax, &present, &expected);
		if (!expected || present == expected)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding,
				 "kmem has added %" PRIu64 " of %" PRIu64
				 " memory blocks of %s: it is still at it, or failed",
				 present, expected, view->dax->name);
		finding_fix(finding, "try again in a moment; if it stays so, see the kernel log");
	}
}

static void check_orphan(const struct subject *s)
{
	const struct block *block = s->port ? survey_orphan(s->survey, s->port) : NULL;
	struct finding *finding;
	char name[24];

	if (!block)
		return;
	snprintf(name, sizeof(name), "memory%d", block->number);
	finding = found(s, name);
	finding_evidence(finding,
			 "%s is online behind %s though its device is gone: the kernel may touch "
			 "it at any time, and can not take it away",
			 name, s->port->bridge);
	finding_fix(finding, "leave that memory alone and reboot");
}

void check_memory_left(const struct subject *s)
{
	check_orphan(s);
	each_dax_below(view, s) {
		uint64_t present, expected;
		struct finding *finding;

		count_blocks(s, view->dax, &present, &expected);
		if (expected || !present)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding,
				 "%" PRIu64
				 " memory blocks of %s are left though kmem no longer has "
				 "it: their removal failed, and the kernel can not repeat it",
				 present, view->dax->name);
		finding_fix(finding, "leave that memory alone and reboot");
	}
}

/* "; 3 more use it": there may be thousands, of which the first one is named. */
static const char *and_more(char out[48], size_t count, const char *one, const char *many)
{
	out[0] = '\0';
	if (count)
		snprintf(out, 48, "; %zu more %s", count, count == 1 ? one : many);
	return out;
}

static void add_users(const struct subject *s, const struct dax_view *view)
{
	const struct user *user = view->users.items[0];
	const struct process *process = host_process(s->host, user->pid);
	struct finding *finding = found(s, view->dax->name);
	char more[48];

	finding_evidence(finding, "%s[%d] %s /dev/%s%s%s", process ? process->command : "",
			 user->pid, user->mapped ? "maps" : "holds", view->dax->name,
			 user->mapped ? " and would be killed by SIGBUS" : "",
			 and_more(more, view->users.count - 1, "uses it", "use it"));
	finding_fix(finding, "stop %s first%s; daxctl-ext list-users %s shows all users",
		    view->users.count > 1 ? "them" : "it",
		    s->rule->override == STOP_USERS ? ", or say how: --users=wait, term or kill"
						    : "",
		    view->dax->name);
}

static void add_mount(const struct subject *s, const struct mount *mount)
{
	struct finding *finding = found(s, mount->source);

	finding_evidence(finding, "%s is mounted on %s (%s)", mount->source,
			 mount->path ? mount->path : "an unknown path", mount->type);
	finding_fix(finding, "umount /dev/%s", mount->source);
	finding->overridden = false; /* there is nobody to be stopped */
}

void check_devdax_users(const struct subject *s)
{
	each_dax_below(view, s) {
		if (view->users.count)
			add_users(s, view);
		list_each_pointer(mount, &view->mounts)
			add_mount(s, mount);
	}
}

static const struct evacuation *evacuation_of(const struct subject *s, const struct dax *dax)
{
	list_each(evacuation, &s->host->evacuations)
		list_each(mapping, &dax->mappings)
			if (mapping->start == evacuation->start)
				return evacuation;
	return NULL;
}

/* System RAM is moved elsewhere, and what is persistent has a rule of its own. */
static bool has_contents(const struct subject *s, const struct dax_view *view)
{
	const struct evacuation *evacuation = evacuation_of(s, view->dax);

	if (view->dax->mode == DAX_SYSTEM_RAM || (view->region && region_is_pmem(view->region)))
		return false;
	return !(view->dax->mode == DAX_DISABLED && evacuation &&
		 (evacuation->saved || evacuation->mode == DAX_SYSTEM_RAM));
}

/* Without its driver nobody can read them. */
static void say_how_to_keep(const struct subject *s, const struct dax *dax, struct finding *finding)
{
	if (dax->mode == DAX_DEVDAX) {
		finding_fix(finding, "keep them in a file: --save=DIRECTORY; or say that they may "
				     "go: --discard-contents");
		return;
	}
	finding_fix(finding,
		    "say that they may go: --discard-contents; to keep them, first: daxctl "
		    "reconfigure-device --mode=devdax %s",
		    dax->name);
	finding->overridden = s->consent && s->consent->discard_contents;
}

void check_devdax_contents(const struct subject *s)
{
	each_dax_below(view, s) {
		struct finding *finding;
		char size[16];

		if (!has_contents(s, view))
			continue;
		finding = found(s, view->dax->name);
		human_size(size, view->dax->size);
		if (isolated(s)) {
			finding_evidence(finding, "the contents of %s (%s) are lost",
					 view->dax->name, size);
			finding_fix(finding, "do not copy them away, to read them is a machine "
					     "check; restore them from elsewhere afterwards");
		} else {
			finding_evidence(finding, "a reset loses the contents of %s (%s)",
					 view->dax->name, size);
			say_how_to_keep(s, view->dax, finding);
		}
	}
}

static bool unmovable(const struct block *block)
{
	return block_online(block) && strcmp(block->zones, "Movable") != 0;
}

static void say_to_try_normal(const struct subject *s, struct finding *finding)
{
	if (s->port)
		finding_fix(finding,
			    "online CXL memory as online_movable from the start; or try to offline "
			    "it all the same, with everything put back if that fails: "
			    "--force=zone-normal");
	else
		finding_fix(finding, "it is tried; online CXL memory as online_movable from the "
				     "start");
}

void check_zone_normal(const struct subject *s)
{
	each_dax_below(view, s)
		list_each(mapping, &view->dax->mappings) {
			struct finding *finding;
			char names[256];

			name_blocks(names, sizeof(names), s, mapping->start, mapping->size,
				    unmovable);
			if (!names[0])
				continue;
			finding = found(s, view->dax->name);
			finding_evidence(finding,
					 "%s of %s is online in a kernel zone, which can hold "
					 "pages that never move",
					 names, view->dax->name);
			say_to_try_normal(s, finding);
		}
}

void check_ram_online(const struct subject *s)
{
	each_dax_below(view, s) {
		uint64_t online = survey_dax_online_bytes(s->survey, view->dax);
		struct finding *finding;
		char size[16];

		if (!online)
			continue;
		finding = found(s, view->dax->name);
		if (!isolated(s)) {
			finding_evidence(finding,
					 "%s of %s is online as System RAM and will be "
					 "evacuated",
					 human_size(size, online), view->dax->name);
			finding_fix(finding,
				    "none is needed; daxctl-ext list-users %s shows who "
				    "uses it",
				    view->dax->name);
			continue;
		}
		finding_evidence(finding,
				 "%s of %s is online as System RAM: to offline it means to read "
				 "it, which is a machine check",
				 human_size(size, online), view->dax->name);
		finding_fix(finding, "reboot; next time use the memory as devdax, or evacuate it "
				     "before the port fails");
	}
}

/*
 * The attribute says that kmem asks for it, as it does for every region of CXL (Linux 6.8,
 * drivers/dax/cxl.c); the kernel grants it only with memory_hotplug.memmap_on_memory, which is off
 * by default (mhp_supports_memmap_on_memory()).
 */
static bool memmap_on_itself(const struct subject *s, const struct dax *dax)
{
	const char *granted = s->host->system.memmap_on_memory;

	return dax->memmap_on_memory == 1 && granted[0] && strcmp(granted, "N") != 0;
}

void check_memmap(const struct subject *s)
{
	each_dax_below(view, s) {
		uint64_t present, expected;
		struct finding *finding;

		count_blocks(s, view->dax, &present, &expected);
		if (!memmap_on_itself(s, view->dax) || !present)
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding, "the kernel keeps the page structs of %s on %s itself%s",
				 view->dax->name, view->dax->name,
				 isolated(s) ? ": it can not even take its "
					       "memory away"
					     : "");
		if (isolated(s))
			finding_fix(finding, "reboot");
		else
			finding_fix(finding,
				    "once it is offline and kmem has not got it: echo 0 > "
				    "/sys/bus/dax/devices/%s/memmap_on_memory",
				    view->dax->name);
	}
}

/* The dax device of a devdax namespace; NULL for one that is a disk. */
static const struct dax *dax_of(const struct subject *s, const struct namespace *namespace)
{
	each_dax_below(view, s)
		if (strcmp(view->dax->name, namespace->device) == 0)
			return view->dax;
	return NULL;
}

static void add_used_namespace(const struct subject *s, const struct namespace *namespace)
{
	struct finding *finding = found(s, namespace->name);

	finding_evidence(finding, "%s is active as %s, and in use", namespace->name,
			 namespace->device);
	finding_fix(finding, "umount /dev/%s or stop what else holds it: lsblk, fuser -v /dev/%s",
		    namespace->device, namespace->device);
}

static void add_ram_namespace(const struct subject *s, const struct namespace *namespace)
{
	struct finding *finding = found(s, namespace->name);

	finding_evidence(finding, "%s is active as %s, and that is System RAM", namespace->name,
			 namespace->device);
	finding_fix(finding, "daxctl reconfigure-device --force --mode=devdax %s",
		    namespace->device);
}

/* What is active in isolation can not be flushed any more. */
static void add_isolated_namespace(const struct subject *s, const struct namespace *namespace)
{
	struct finding *finding = found(s, namespace->name);

	finding_evidence(finding, "%s is active as %s%s: what was written may not be flushed",
			 namespace->name, namespace->device,
			 namespace->in_use ? ", and in use" : "");
	finding_fix(finding, "%s%s%sndctl disable-namespace %s",
		    namespace->in_use ? "umount /dev/" : "",
		    namespace->in_use ? namespace->device : "",
		    namespace->in_use ? " or stop what else holds it, then: " : "",
		    namespace->name);
}

/* One that nobody uses is disabled and enabled again. */
void check_pmem_active(const struct subject *s)
{
	list_each_pointer(namespace, &s->below->namespaces) {
		const struct dax *dax = dax_of(s, namespace);

		if (!namespace->device[0])
			continue;
		if (isolated(s))
			add_isolated_namespace(s, namespace);
		else if (namespace->in_use)
			add_used_namespace(s, namespace);
		else if (dax && dax->mode == DAX_SYSTEM_RAM)
			add_ram_namespace(s, namespace);
	}
}

void check_pmem_contents(const struct subject *s)
{
	each_region_below(region, s) {
		struct finding *finding;
		char size[16];

		if (!region_is_pmem(region))
			continue;
		finding = found(s, region->name);
		if (!isolated(s)) {
			finding_evidence(finding, "what is stored on %s (%s) survives a reset",
					 region->name, human_size(size, region->size));
			finding_fix(finding, "none is needed");
		} else {
			finding_evidence(finding,
					 "what was written to %s (%s) since the port was "
					 "isolated is lost",
					 region->name, human_size(size, region->size));
			finding_fix(finding, "check file systems and data on it afterwards");
		}
	}
}

/* A look at every page found some that offlining would wait for in vain. */
void check_pages_held(const struct subject *s)
{
	each_dax_below(view, s) {
		const struct contents *contents = view->contents;
		char size[16], first[40] = "";
		struct finding *finding;

		if (!contents || !contents->held)
			continue;
		finding = found(s, view->dax->name);
		if (contents->held_block >= 0)
			snprintf(first, sizeof(first), " (first in memory%d)",
				 contents->held_block);
		finding_evidence(finding,
				 "%s of %s%s is held by more than its mappings: a pipe, I/O "
				 "under way, or a driver",
				 human_size(size, contents->held), view->dax->name, first);
		finding_fix(finding,
			    "stop what holds it (daxctl-ext list-users %s); or try all the "
			    "same, with everything put back if that fails: --force=pages-held",
			    view->dax->name);
	}
}

/* Older kernels, locked ones, and captures without --pages do not tell. */
void check_pages_unseen(const struct subject *s)
{
	each_dax_below(view, s) {
		struct finding *finding;

		if (view->contents || !survey_dax_online_bytes(s->survey, view->dax))
			continue;
		finding = found(s, view->dax->name);
		finding_evidence(finding,
				 "whether pages of %s are held by more than their mappings was "
				 "not looked at, or could not be",
				 view->dax->name);
		finding_fix(finding, "none is needed; if they are, recover fails after its "
				     "--timeout and puts everything back");
	}
}

void check_pages_pinned(const struct subject *s)
{
	each_node_below(node, s) {
		struct finding *finding;
		char name[16], size[16];

		if (!node->pinned || node->pinned == UNKNOWN)
			continue;
		finding = found(s, node_name(name, node));
		finding_evidence(finding, "%s of %s is pinned for devices",
				 human_size(size, node->pinned), name);
		finding_fix(finding,
			    "stop guests with devices of their own, RDMA and io_uring "
			    "buffers; daxctl-ext list-users %s shows who uses it",
			    name);
	}
}

/* Pins of guests and RDMA last as long as their owner; who has none there is no concern. */
void check_pinning_process(const struct subject *s)
{
	list_each(share, &s->below->nodes) {
		const struct node_view *view = share->view;
		const struct process *process = view->pinners.count ? view->pinners.items[0] : NULL;
		char name[16], size[16], more[48];
		struct finding *finding;

		if (!process)
			continue;
		finding = found(s, node_name(name, view->node));
		finding_evidence(finding,
				 "%s[%d]%s%s%s has memory on %s and holds %s, which pins it (%s "
				 "locked)%s",
				 process->command, process->pid,
				 process->guest[0] ? ", guest " : "", process->guest,
				 process->guest[0] ? "," : "", name,
				 process->vfio ? "a VFIO device" : "an RDMA device",
				 process->locked == UNKNOWN ? "an unknown amount"
							    : human_size(size, process->locked),
				 and_more(more, view->pinners.count - 1, "does so", "do so"));
		finding_fix(finding,
			    "stop or migrate it first; daxctl-ext list-users %s shows all of them",
			    name);
	}
}

/* Some other node with memory is in the list; an empty list is unseen. */
static bool allows_another(const struct subject *s, const char *nodes)
{
	list_each(node, &s->host->nodes)
		if (node->total && !is_below(s, node) &&
		    list_has_number(nodes, (uint64_t)node->number))
			return true;
	return !nodes[0];
}

/* What binds a user of a node to what is emptied; NULL: nothing does. */
static const char *bond_of(const struct subject *s, const struct usage *usage)
{
	const struct process *process = host_process(s->host, usage->pid);

	if (process && !allows_another(s, process->nodes))
		return "cpuset";
	return process && usage->bound ? "memory policy" : NULL;
}

/* To where the kernel moves pages, it asks neither (Linux, alloc_migration_target()). */
static void find_bound(const struct subject *s, const struct node_view *view)
{
	const struct usage *first = NULL;
	char name[16], more[48];
	struct finding *finding;
	size_t others = 0;

	list_each_pointer(usage, &view->usages) {
		if (!bond_of(s, usage))
			continue;
		others += first != NULL;
		first = first ? first : usage;
	}
	if (!first)
		return;
	finding = found(s, node_name(name, view->node));
	finding_evidence(finding,
			 "%s[%d] is bound to %s by its %s and will have its pages "
			 "elsewhere%s",
			 host_process(s->host, first->pid)->command, first->pid, name,
			 bond_of(s, first), and_more(more, others, "will", "will"));
	finding_fix(finding, "let it use other nodes first, or stop it; they do not come back by "
			     "themselves");
}

void check_policy_bound(const struct subject *s)
{
	list_each(share, &s->below->nodes)
		find_bound(s, share->view);
}

void check_pages_mlocked(const struct subject *s)
{
	each_node_below(node, s) {
		struct finding *finding;
		char name[16], size[16];

		if (!node->mlocked || node->mlocked == UNKNOWN)
			continue;
		finding = found(s, node_name(name, node));
		finding_evidence(finding,
				 "%s of %s is mlocked: it moves to other memory, but never "
				 "to swap",
				 human_size(size, node->mlocked), name);
		finding_fix(finding, "none is needed");
	}
}

static uint64_t pages_in_use(const struct huge_pool *pool)
{
	return pool->total > pool->free ? pool->total - pool->free : 0;
}

/* See step_pools.c. */
void check_hugetlb(const struct subject *s)
{
	each_node_below(node, s)
		list_each(pool, &node->huge_pools) {
			struct finding *finding;
			char name[16], size[16];

			if (!pool->total)
				continue;
			finding = found(s, node_name(name, node));
			finding_evidence(finding,
					 "%" PRIu64 " huge pages of %s are in the pool of %s, "
					 "%" PRIu64 " of them in use: the pool is smaller until "
					 "all is back",
					 pool->total, human_size(size, pool->page_size), name,
					 pages_in_use(pool));
			finding_fix(finding, "none is needed: it is filled again then");
		}
}

/* Beyond what the page allocator hands out: 1 GiB on x86, also 16 GiB elsewhere. */
#define GIGANTIC (1ull << 30)

/* Pages of that size, below the port in use, or elsewhere free. */
struct gigantic {
	uint64_t used, free;
};

static struct gigantic count_gigantic(const struct subject *s, uint64_t page_size)
{
	struct gigantic count = {0};

	list_each(node, &s->host->nodes) {
		bool below = is_below(s, node);

		list_each(pool, &node->huge_pools)
			if (pool->page_size == page_size && below)
				count.used = add_capped(count.used, pages_in_use(pool));
			else if (pool->page_size == page_size)
				count.free = add_capped(count.free, pool->free);
	}
	return count;
}

/* They move into free pages of a pool only: a new one can not be had on the way
 * (Linux, alloc_migrate_hugetlb_folio()). */
void check_gigantic(const struct subject *s)
{
	each_node_below(node, s)
		list_each(pool, &node->huge_pools) {
			struct gigantic count = count_gigantic(s, pool->page_size);
			struct finding *finding;
			char name[16], size[16];

			if (pool->page_size < GIGANTIC || !pages_in_use(pool) ||
			    count.used <= count.free)
				continue;
			finding = found(s, node_name(name, node));
			finding_evidence(finding,
					 "%" PRIu64 " pages of %s are in use on %s, and %" PRIu64
					 " are free elsewhere: the others can not move",
					 pages_in_use(pool), human_size(size, pool->page_size),
					 name, count.free);
			finding_fix(finding,
				    "stop their user, or add pages of that size to another node; "
				    "or try all the same: --force=gigantic-pages");
		}
}

/* Bytes to be moved, and what could take them. */
struct room {
	uint64_t needed, free, swap;
};

static uint64_t known(uint64_t size)
{
	return size == UNKNOWN ? 0 : size;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The kernel reclaims file pages and caches on the other nodes until the watermark is kept. */
static uint64_t room_on(const struct node *node)
{
	uint64_t room =
		add_capped(node->free, add_capped(known(node->file), known(node->reclaimable)));
	uint64_t high = 0;

	list_each(zone, &node->zones)
		high = add_capped(high, zone->high);
	return minus(room, high);
}

/* What a node holds. Huge pages that are free need no room: they are dissolved. */
static uint64_t used_on(const struct node *node)
{
	uint64_t used = minus(node->total, node->free);

	if (!node->total)
		return UINT64_MAX; /* unseen */
	list_each(pool, &node->huge_pools) {
		uint64_t idle;

		if (!__builtin_mul_overflow(pool->free, pool->page_size, &idle))
			used = minus(used, idle);
	}
	return used;
}

/*
 * Pages move to other nodes than their own, if there are any (Linux 5.8, do_migrate_range()): what
 * is free on a node of ours takes none, not even if most of the node lies below another port. Which
 * part of a shared node holds the pages is not known, so it is ours.
 */
static struct room measure_room(const struct subject *s)
{
	struct room room = {.swap = s->host->system.swap_free};

	list_each(share, &s->below->nodes) {
		uint64_t used = used_on(share->view->node);

		room.needed = add_capped(room.needed, used < share->online ? used : share->online);
	}
	list_each(node, &s->host->nodes)
		if (!is_below(s, node))
			room.free = add_capped(room.free, room_on(node));
	return room;
}

static void say_room(struct finding *finding, const struct room *room)
{
	char needed[16], there[16], swap[16];

	finding_evidence(finding, "%s has to move, and other nodes have room for %s (swap: %s)",
			 human_size(needed, room->needed), human_size(there, room->free),
			 human_size(swap, room->swap));
}

void check_no_room(const struct subject *s)
{
	struct room room = measure_room(s);
	struct finding *finding;

	if (room.needed <= add_capped(room.free, room.swap))
		return;
	finding = found(s, s->name);
	say_room(finding, &room);
	finding_fix(finding, "stop or shrink what uses memory; or try all the same, at the risk "
			     "that the kernel kills processes: --force=no-room");
}

void check_room_by_swap(const struct subject *s)
{
	struct room room = measure_room(s);
	struct finding *finding;

	if (room.needed <= room.free || room.needed > add_capped(room.free, room.swap))
		return;
	finding = found(s, s->name);
	say_room(finding, &room);
	finding_fix(finding, "expect it to be slow; stop or shrink what uses memory");
}
