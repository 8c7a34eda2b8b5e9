/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule looks for one thing in the picture and reports it under one id. What that means for the
 * verdict is in a table (assess.c); how it is found is in the files of rules. Not for others.
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include <string.h>

#include "policy/assess.h"

/* What a finding does to the verdict, the least first. */
enum effect {
	NOTHING, /* it is not even looked for */
	NOTE,
	WARNS,
	LOSES,	/* data is lost that one may agree to lose */
	BLOCKS, /* something has to be done before */
	REBOOT, /* nothing but a reboot helps */
};

/* What the user can say to go on all the same. */
enum override { NEVER, FORCE, KEEP_OR_DISCARD, STOP_USERS };

struct subject;

struct rule {
	const char *id;
	enum effect effects[2]; /* by enum situation */
	enum override override;
	void (*check)(const struct subject *);
};

/* The table of assess.c: everything there is to say about a port; the last has no id. */
extern const struct rule port_rules[], privilege_rules[];

/* What is judged, and by which rule just now. */
struct subject {
	const struct survey *survey;
	const struct host *host;
	const struct below *below;
	const struct root_port *port; /* NULL if dax devices are judged */
	const char *name;	      /* of what is judged as a whole */
	enum situation situation;
	const struct consent *consent;
	struct findings *findings;
	const struct rule *rule;
};

struct subject subject_of(const struct survey *survey, const struct root_port *port,
			  const struct consent *consent, struct findings *findings);

/* Ask all @rules, up to the one without id. */
void rules_apply(const struct rule *rules, const struct subject *subject);

/* A new finding of the rule that is asked. */
struct finding *found(const struct subject *s, const char *object);

/* A new finding that blocks, for judges that have no table. */
struct finding *blocks(const struct subject *s, const char *id, const char *object);

/* The user said --force=@id. */
bool forced(const struct subject *s, const char *id);

/* Loops that most rules share. */
#define each_function_below(function, s) list_each_pointer(function, &(s)->below->functions)
#define each_memdev_below(memdev, s)	 list_each_pointer(memdev, &(s)->below->memdevs)
#define each_region_below(region, s)	 list_each_pointer(region, &(s)->below->regions)
#define each_dax_below(view, s)		 list_each_pointer(view, &(s)->below->dax)

/* "memory82-83, 85": the blocks in a range that are @wanted; "" if there are none. */
void name_blocks(char *out, size_t size, const struct subject *s, uint64_t start, uint64_t length,
		 bool (*wanted)(const struct block *));

/* What Linux calls committed below the port and what the devices' registers call so. */
void each_committed_range(const struct subject *s,
			  void (*call)(const struct subject *, const char *decoder, uint64_t start,
				       uint64_t size));

/* Something was found by the rule that is asked. */
bool already_found(const struct subject *s);

/* The port is isolated, or it is asked what if it were: its memory must not be read, and so not be
 * offlined, which reads it. */
static inline bool isolated(const struct subject *s)
{
	return s->situation == SITUATION_ISOLATED;
}

/* What to do where recover can not help: evacuating reads the memory. */
static inline const char *reboot_by_hand(const struct subject *s)
{
	return isolated(s) ? "reboot" : "evacuate by hand and reboot";
}

/* A port that @region spans is in isolation: NULL if none is. */
const struct root_port *isolated_target(const struct survey *survey, const struct region *region);

/* The kernel keeps device registers from user space, as far as it says so. */
bool locked_down(const struct host *host);

/* Leave out what is only a note. */
void drop_notes(struct findings *findings);

/* Rules of the table, one a line, by the file that has them. */
/* rules_host.c: the kernel, the system around it */
void check_privilege(const struct subject *s);
void check_lockdown(const struct subject *s);
void check_operation(const struct subject *s);
void check_hook_unsafe(const struct subject *s);
void check_hook_skipped(const struct subject *s);
void check_kernel_too_old(const struct subject *s);
void check_cache_invalidation(const struct subject *s);
void check_auto_online(const struct subject *s);
void check_udev_rule(const struct subject *s);
void check_demotion(const struct subject *s);
void check_swap(const struct subject *s);
void check_zswap(const struct subject *s);

/* rules_port.c: the port, its reset, its isolation, what hangs below */
void check_isolated(const struct subject *s);
void check_rp_busy(const struct subject *s);
void check_isolated_ram(const struct subject *s);
void check_nothing_below(const struct subject *s);
void check_foreign_driver(const struct subject *s);
void check_foreign_idle(const struct subject *s);
void check_no_reset_path(const struct subject *s);
void check_switch(const struct subject *s);
void check_isolation_unknown(const struct subject *s);
void check_isolation_absent(const struct subject *s);
void check_isolation_off(const struct subject *s);
void check_isolation_by_firmware(const struct subject *s);
void check_isolation_unnoticed(const struct subject *s);
void check_isolation_with_ram(const struct subject *s);
void check_timeout_off(const struct subject *s);
void check_timeout_too_short(const struct subject *s);
void check_timeout_without_isolation(const struct subject *s);

/* rules_region.c: memory devices, decoders, regions */
void check_no_memdev(const struct subject *s);
void check_several_memdevs(const struct subject *s);
void check_several_regions(const struct subject *s);
void check_interleaved(const struct subject *s);
void check_spans_ports(const struct subject *s);
void check_not_volatile(const struct subject *s);
void check_dynamic_region(const struct subject *s);
void check_pmem_place(const struct subject *s);
void check_incomplete(const struct subject *s);
void check_registers(const struct subject *s);
void check_decoder_lost(const struct subject *s);
void check_decoder_stale(const struct subject *s);
void check_locked(const struct subject *s);
void check_firmware_region(const struct subject *s);
void check_unexplained_memory(const struct subject *s);
void check_address_order(const struct subject *s);
void check_unused_memory(const struct subject *s);

/* rules_memory.c: dax devices, memory blocks, pages, and who uses them */
void check_users_unseen(const struct subject *s);
void check_dax_driver(const struct subject *s);
void check_kmem_incomplete(const struct subject *s);
void check_memory_left(const struct subject *s);
void check_devdax_users(const struct subject *s);
void check_devdax_contents(const struct subject *s);
void check_pmem_active(const struct subject *s);
void check_pmem_contents(const struct subject *s);
void check_ram_online(const struct subject *s);
void check_memmap(const struct subject *s);
void check_zone_normal(const struct subject *s);
void check_pages_held(const struct subject *s);
void check_pages_unseen(const struct subject *s);
void check_pages_pinned(const struct subject *s);
void check_pinning_process(const struct subject *s);
void check_policy_bound(const struct subject *s);
void check_pages_mlocked(const struct subject *s);
void check_hugetlb(const struct subject *s);
void check_gigantic(const struct subject *s);
void check_no_room(const struct subject *s);
void check_room_by_swap(const struct subject *s);

/* rules_extents.c: dynamic capacity of devices */
void check_extents_accepted(const struct subject *s);
void check_batches_pending(const struct subject *s);
void check_extents_unseen(const struct subject *s);

/* guards.c: what must not be there any more right before a reset or a change of isolation */
void check_nothing_online(const struct subject *s);
void check_nothing_bound(const struct subject *s);
void check_region_active(const struct subject *s);
void check_nothing_committed(const struct subject *s);
void check_stray_memory(const struct subject *s); /* rules_region.c */

#endif
