/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture of one machine: plain data, filled by collect or loaded from a capture, and read by
 * everything else. Objects refer to each other by the names users see, so that the picture means
 * the same in memory, in a file, and in a journal read after a reboot.
 *
 * Addresses and sizes are bytes in host physical address space unless a name says dpa. Text that
 * is empty, numbers of -1 and addresses of UNKNOWN mean unknown or none.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include "model/record.h"

#define NAME_SIZE    64 /* of anything the kernel names; PCI addresses too */
#define COMMAND_SIZE 64

/* A CXL host bridge: it roots a PCI bus. */
struct bridge {
	char name[NAME_SIZE];	  /* pci0000:0c, as cxl list has it */
	char firmware[NAME_SIZE]; /* ACPI0016:00 */
	char bus[NAME_SIZE];	  /* 0000:0c, its root bus */
	char port[NAME_SIZE];	  /* port1, the CXL port that decodes for it */
};

/* Whether a root port has the Timeout & Isolation capability. */
enum isolation { ISOLATION_UNKNOWN, ISOLATION_NONE, ISOLATION_PRESENT };

/* Who set the isolation enable, as far as that can be told. */
enum armed_by {
	ARMED_BY_NOBODY,
	ARMED_BY_US,
	ARMED_BY_KERNEL,
	ARMED_BY_FIRMWARE,
	ARMED_BY_UNKNOWN
};

/* A PCI Express root port with CXL extensions. */
struct root_port {
	char address[NAME_SIZE]; /* 0000:0c:00.0 */
	char bridge[NAME_SIZE];
	int dport;	  /* number of the CXL dport, -1 while the kernel has none */
	int isolation;	  /* enum isolation; what follows is 0 unless it is present */
	char backend[16]; /* how it is changed: mmio, sysfs-2025, sysfs-2024 */
	int armed_by;	  /* enum armed_by */
	uint64_t capability, capability_known; /* registers of 32 bits, and which bits are known */
	uint64_t control, control_known;
	uint64_t status, status_known;
	bool can_reset; /* reset_subordinate exists (Linux 6.13, stable 6.12) */
};

enum function_kind { FUNCTION_OTHER, FUNCTION_MEMDEV, FUNCTION_BRIDGE };

/* One HDM decoder as the device's registers have it, whatever Linux believes. */
struct hdm_range {
	int number;
	uint64_t start;
	uint64_t size;
	bool committed;
	bool locked;
};

/* A PCI function below a CXL root port. */
struct function {
	char address[NAME_SIZE];
	char parent[NAME_SIZE]; /* the bridge right above it */
	char root_port[NAME_SIZE];
	int kind;		/* enum function_kind */
	uint64_t class_code;	/* 24 bit: class, subclass, programming interface */
	uint64_t vendor_device; /* vendor in the high half */
	uint64_t serial;	/* of a memory device, by its config space; UNKNOWN */
	char driver[NAME_SIZE];
	bool registers;	  /* the four below were read from the device */
	bool hdm_enabled; /* HDM decoder global enable */
	bool mem_enabled; /* CXL Mem_Enable */
	LIST(struct hdm_range) hdm;
};

/* A CXL port: what decodes addresses for the things below it. */
enum port_kind { PORT_ROOT, PORT_HOST_BRIDGE, PORT_SWITCH, PORT_ENDPOINT };

struct port {
	char name[NAME_SIZE];
	int kind; /* enum port_kind */
	char parent[NAME_SIZE];
	char device[NAME_SIZE]; /* the bridge, PCI address or memdev it stands for */
	int committed;		/* decoders the kernel believes committed; -1 if it does not say */
};

struct memdev {
	char name[NAME_SIZE]; /* mem0; may change with every enumeration */
	uint64_t serial;
	char address[NAME_SIZE]; /* PCI function */
	char root_port[NAME_SIZE];
	bool direct;		  /* no switch between root port and device */
	char endpoint[NAME_SIZE]; /* endpoint2; empty while memory is not enabled */
	uint64_t ram_size;
	uint64_t pmem_size;
	int node;
};

struct target {
	int position;
	char decoder[NAME_SIZE]; /* the endpoint decoder, or the dport's device below a port */
	char memdev[NAME_SIZE];
	char root_port[NAME_SIZE]; /* above it */
};

/* A decoder as Linux knows it: a window (of the root), a port's or an endpoint's. */
struct decoder {
	char name[NAME_SIZE];
	char port[NAME_SIZE];
	int kind; /* enum port_kind, of its port */
	uint64_t start;
	uint64_t size; /* 0: not set */
	char mode[16]; /* of an endpoint's: ram, pmem, mixed, none */
	uint64_t dpa_start;
	uint64_t dpa_size;
	uint64_t ways;
	uint64_t granularity;
	bool locked;
	bool ram_capable; /* of a window */
	bool pmem_capable;
	char region[NAME_SIZE];
};

struct region {
	char name[NAME_SIZE];
	char window[NAME_SIZE]; /* decoder0.0 */
	char mode[32];		/* ram, pmem, dynamic_ram_1, ... */
	char uuid[40];
	uint64_t start;
	uint64_t size;
	uint64_t ways;
	uint64_t granularity;
	bool committed;
	bool locked;  /* cannot be decommitted (Linux 7.0 and later say so) */
	bool enabled; /* bound to the cxl_region driver */
	LIST(struct target) targets;
};

struct mapping {
	uint64_t start;
	uint64_t size;
	uint64_t offset; /* bytes into the dax device */
};

enum dax_mode { DAX_DISABLED, DAX_DEVDAX, DAX_SYSTEM_RAM, DAX_FAMFS, DAX_OTHER };

struct dax {
	char name[NAME_SIZE];	/* dax0.0 */
	char region[NAME_SIZE]; /* of CXL; empty for memory that only firmware described */
	int mode;		/* enum dax_mode */
	uint64_t size;
	uint64_t align;
	int node;
	int memmap_on_memory; /* its page structs lie on itself (Linux 6.8 and later say so); -1 */
	LIST(struct mapping) mappings;
};

/* A memory block in a CXL window or in a dax device's mapping; others are not kept. */
struct block {
	int number; /* memoryN */
	uint64_t start;
	char state[16];	       /* online, offline, going-offline */
	char zones[NAME_SIZE]; /* of valid_zones: where it is, or may go while it is offline */
	int node;
};

struct zone {
	char name[16];		      /* Normal, Movable */
	uint64_t present, free, high; /* the kernel reclaims until @high is free */
	uint64_t cma_free;
};

/* A pool of huge pages of one size. */
struct huge_pool {
	uint64_t page_size;
	uint64_t total, free, surplus; /* pages */
};

/* Its pages without those that go once they are free. */
uint64_t huge_pool_size(const struct huge_pool *pool);

struct node {
	int number;
	bool cpus;
	uint64_t total;
	uint64_t free;
	/*
	 * Bytes of the node, UNKNOWN where the kernel does not tell. @file is what is on the lists
	 * that reclaim walks: shared memory and what is mlocked are not in it.
	 */
	uint64_t anon, file, shmem, mlocked;
	uint64_t kernel;      /* slab that can not be reclaimed, stacks, page tables */
	uint64_t reclaimable; /* slab that can be */
	uint64_t pinned;    /* by pin_user_pages(): direct I/O, VFIO, RDMA, io_uring (Linux 5.7) */
	uint64_t unmovable; /* in page blocks for pages that never move */
	uint64_t cma;	    /* in page blocks of the contiguous memory allocator */
	LIST(struct zone) zones;
	LIST(struct huge_pool) huge_pools;
};

/* A process that is named by a user or a usage below. */
struct process {
	int pid;
	char command[COMMAND_SIZE]; /* comm: 15 characters that the process itself may choose */
	uint64_t uid;
	char user[NAME_SIZE];
	char *cgroup;		  /* its path in the unified hierarchy */
	char unit[2 * NAME_SIZE]; /* the container, machine or systemd unit that it runs in */
	char guest[NAME_SIZE];	  /* the virtual machine that it runs */
	char *arguments;	  /* its command line; only where that was asked for */
	uint64_t locked;	  /* mlock()ed bytes, VFIO's pins included; UNKNOWN if unseen */
	uint64_t pinned;       /* bytes pinned by RDMA, io_uring and the like; UNKNOWN if unseen */
	bool vfio, rdma;       /* holds a device that pins memory */
	char nodes[NAME_SIZE]; /* that its cpuset lets it have memory of: "0-1"; "" if unseen */
};

/* A process that holds or maps a dax device. */
struct user {
	char dax[NAME_SIZE];
	int pid;
	uint64_t mapped; /* bytes */
	bool open;	 /* holds a file descriptor of it */
};

/* A mounted file system on a dax device or on a block device of persistent memory. */
struct mount {
	char source[NAME_SIZE]; /* dax0.0, pmem0 */
	char type[32];		/* famfs, xfs */
	char *path;
};

/* Memory of a node that a process has in its address space. Bytes. */
struct usage {
	int node;
	int pid;
	uint64_t anon, file, hugetlb;
	uint64_t bound; /* of these, in areas whose memory policy binds them to this node alone */
};

/* Memory of a node that a control group, its descendants included, is charged for. Bytes. */
struct group {
	char *path; /* "/" is the root */
	int node;
	uint64_t anon, file, shmem, huge, kernel, unevictable;
};

/* What the page frames of a dax device's online blocks hold. Bytes; only if it was looked for. */
struct contents {
	char dax[NAME_SIZE];
	uint64_t free, movable, hugetlb, kernel;
	uint64_t held;	/* that could move, but for references that no mapping explains */
	int held_block; /* the first memory block with such a page; -1 */
};

/* A namespace of persistent memory on a CXL region. */
struct namespace
{
	char name[NAME_SIZE]; /* namespace0.0 */
	char region[NAME_SIZE];
	char mode[16];		/* raw, sector, fsdax, devdax */
	char device[NAME_SIZE]; /* pmem0, dax0.0; empty while it is not enabled */
	char uuid[40];
	uint64_t size;
	bool in_use; /* mounted, or held by a device above it */
};

/* A range of memory as firmware described it at boot. */
struct firmware_range {
	uint64_t start;
	uint64_t size;
	char type[32]; /* System RAM, Soft Reserved, ... */
};

/* A udev rule that changes memory or dax devices when they appear. */
struct udev_rule {
	char path[2 * NAME_SIZE];
	char subsystem[16]; /* memory, dax */
};

/* What the kernel and user space do with memory by themselves. -1 or "": unseen. */
struct system {
	char lockdown[24];	   /* none, integrity, confidentiality */
	char memmap_on_memory[16]; /* N, Y, force */
	char online_policy[24];	   /* contig-zones, auto-movable */
	int demotion;		   /* reclaim moves pages to slower nodes */
	int zswap;
	int hypervisor; /* the processor says that it is a guest's */
	uint64_t swap_total, swap_free;
	LIST(struct udev_rule) udev_rules;
};

/* An operation of ours that is under way or was cut short. */
struct operation {
	char operation[32]; /* recover, disable-isolation */
	char object[NAME_SIZE];
	int process; /* that runs it; -1: nobody does */
};

/* A program of the administrator's that operations run (hooks.d). */
struct hook {
	char event[24]; /* before-evacuate */
	char name[NAME_SIZE];
	bool skipped;		     /* its name is none of a hook's, or there is no such event */
	char problem[4 * NAME_SIZE]; /* why it may not be run; "" if it may */
	char fix[4 * NAME_SIZE];     /* what to do about that */
};

/* A dax device that was evacuated and waits to be restored. */
struct evacuation {
	char dax[NAME_SIZE]; /* its name then */
	uint64_t start;	     /* of its first mapping */
	int mode;	     /* enum dax_mode, before */
	bool saved;	     /* its contents are in a file */
};

/*
 * Dynamic capacity: memory of a device that a fabric manager gives in extents (CXL 3.1 9.13.3). One
 * extent, offered or accepted.
 */
struct extent {
	uint64_t start; /* DPA; UNKNOWN where only Linux tells of it, and not that */
	uint64_t size;
	char tag[40];		/* a UUID; "" if it has none */
	uint64_t sequence;	/* its place among the extents of a shared tag */
	int dc_region;		/* that it lies in; -1 if that is unknown, or not one alone */
	int handle;		/* of the record that offers it; -1 for one that was accepted */
	int acceptable;		/* a host could accept it: 0, 1; -1 if unknown */
	char region[NAME_SIZE]; /* of Linux, that it is part of; "" if unknown or none */
	char dax[NAME_SIZE];	/* likewise */
};

/* What an event record tells (CXL 3.1 table 8-49). */
enum extent_event {
	EXTENT_ADD,
	EXTENT_RELEASE,
	EXTENT_FORCED_RELEASE,
	EXTENT_REGION_UPDATED,
	EXTENT_ADD_RESPONSE,
	EXTENT_RELEASED,
	EXTENT_EVENT_UNKNOWN,
};

/* Event records that are chained by their More flag. The host answers such a batch as a whole, once. */
struct batch {
	int number;	    /* handle of its first record */
	int event;	    /* enum extent_event, of its first record */
	bool open;	    /* the record that closes it was not seen */
	bool inferred;	    /* the source does not tell where batches end; this is a guess */
	bool mixed;	    /* open, as another event or another host came before its end */
	bool truncated;	    /* there were more records than are kept */
	int shared;	    /* of capacity that hosts share: 0, 1; -1 if unknown */
	int host;	    /* id of the host it is for */
	uint64_t timestamp; /* of its first record: ns since 1970 by the device's clock; UNKNOWN */
	LIST(struct extent) extents;
};

/* A part of a device's address space that extents are taken from. */
struct dc_region {
	int number;    /* -1 if unknown */
	uint64_t base; /* DPA; this and the next are UNKNOWN where only Linux tells of it */
	uint64_t decode_size;
	uint64_t size;	     /* of decode_size, what extents may lie in */
	uint64_t block_size; /* these two likewise */
	uint64_t flags;
};

/* A device with dynamic capacity, as far as a source tells of it. */
struct dc_device {
	char memdev[NAME_SIZE];	 /* "" while it has no driver */
	char address[NAME_SIZE]; /* PCI function */
	char root_port[NAME_SIZE];
	uint64_t serial;
	char source[16]; /* mailbox, raw, sysfs, trace, log; "" if there is none */
	/* Why the regions, the accepted extents or the pending batches are unknown; "" if they are not. */
	char regions_unknown[4 * NAME_SIZE];
	char accepted_unknown[4 * NAME_SIZE];
	char batches_unknown[4 * NAME_SIZE];
	uint64_t extents_supported, extents_available; /* UNKNOWN */
	uint64_t tags_supported, tags_available;
	uint64_t lost;	 /* records that the log had no room for; UNKNOWN */
	bool incomplete; /* the log goes on behind what could be read of it */
	LIST(struct dc_region) regions;
	LIST(struct extent) accepted;
	LIST(struct batch) batches; /* in the log, the oldest first */
};

struct host {
	char kernel[NAME_SIZE]; /* release */
	bool privileged;	/* registers and all of config space were readable */
	bool users_complete;	/* every process could be looked into */
	bool usage_complete;	/* so could all that tells who uses the nodes */
	uint64_t block_size;	/* of memory blocks; 0 without memory hot-plug */
	char auto_online[32];	/* what the kernel does with new memory blocks */
	LIST(struct bridge) bridges;
	LIST(struct root_port) root_ports;
	LIST(struct function) functions;
	LIST(struct port) ports;
	LIST(struct memdev) memdevs;
	LIST(struct decoder) decoders;
	LIST(struct region) regions;
	LIST(struct dax) dax_devices;
	LIST(struct block) blocks;
	LIST(struct node) nodes;
	struct system system;
	LIST(struct firmware_range) firmware_map;
	LIST(struct namespace) namespaces;
	LIST(struct mount) mounts;
	LIST(struct process) processes;
	LIST(struct user) users;
	LIST(struct usage) usages;
	LIST(struct group) groups;
	LIST(struct contents) contents;
	LIST(struct operation) operations;
	LIST(struct hook) hooks;
	LIST(struct evacuation) evacuations;
	LIST(struct dc_device) dc_devices;
};

extern const struct record host_record;
extern const struct record root_port_record, function_record, memdev_record, region_record,
	dax_record, node_record, process_record, user_record, mount_record, usage_record,
	group_record, contents_record, namespace_record, extent_record, batch_record,
	dc_region_record, dc_device_record;
extern const char *const isolation_names[];
extern const char *const armed_by_names[];
extern const char *const dax_mode_names[];
extern const char *const function_kind_names[];
extern const char *const extent_event_names[];

void host_free(struct host *host);
#define cleanup_host __attribute__((cleanup(host_free)))

/* Put processes in the order of their numbers and memory blocks in that of their addresses: what
 * the lookups of both rest on. Whoever filled the lists calls it. */
void host_sort(struct host *host);

/* All NULL if there is none of that exact name. */
const struct root_port *host_root_port(const struct host *host, const char *address);
const struct bridge *host_bridge(const struct host *host, const char *name);
const struct function *host_function(const struct host *host, const char *address);
const struct memdev *host_memdev(const struct host *host, const char *name);
const struct memdev *host_memdev_at(const struct host *host, const char *address);
const struct dc_device *host_dc_device_at(const struct host *host, const char *address);
const struct decoder *host_decoder(const struct host *host, const char *name);
const struct port *host_port(const struct host *host, const char *name);
const struct region *host_region(const struct host *host, const char *name);
const struct dax *host_dax(const struct host *host, const char *name);
const struct namespace *host_namespace(const struct host *host, const char *name);
const struct node *host_node(const struct host *host, int number);
const struct process *host_process(const struct host *host, int pid);

/* Relations that commands ask for. */
/* Of persistent memory. */
bool region_is_pmem(const struct region *region);
/* Of dynamic capacity: dc0 or dynamic_ram_1, in versions of the series for Linux that is not merged. */
bool region_is_dynamic(const struct region *region);
bool region_uses_memdev(const struct region *region, const char *memdev);
bool region_below(const struct region *region, const struct root_port *port);
/* The whole block lies in one of the mappings: kmem adds no other (Linux, dax_kmem_range()). */
bool dax_has_block(const struct host *host, const struct dax *dax, const struct block *block);
/* How many whole blocks lie in its mappings: what kmem adds when it is done. */
uint64_t dax_whole_blocks(const struct host *host, const struct dax *dax);
/* The number of one of these, memoryN: @i counts through the mappings, from the first one's lowest. */
uint64_t dax_whole_block(const struct host *host, const struct dax *dax, uint64_t i);
bool block_online(const struct block *block);
bool ranges_overlap(uint64_t start_a, uint64_t size_a, uint64_t start_b, uint64_t size_b);

#endif
