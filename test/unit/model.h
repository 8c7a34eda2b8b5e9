/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures of machines for tests. They start from model_idle():
 *
 *   pci0000:0c (port1)  0000:0c:00.0  0000:0d:00.0 mem0, serial 0x1234, endpoint3
 *                       0000:0c:01.0  0000:0e:00.0 mem1, serial 0x9abc, endpoint4
 *   pci0000:de (port2)  0000:de:00.0  0000:df:00.0 mem2, serial 0x5678, endpoint5
 *                       0000:de:01.0  nothing
 *
 * with a window for each bridge and one over both, 256 MiB of memory in every device, four free
 * decoders in each, and memory blocks of 128 MiB that the kernel onlines by itself.
 */
#ifndef TEST_MODEL_H
#define TEST_MODEL_H

#include "policy/assess.h"
#include "policy/plan.h"

#define MIB	    (1ull << 20)
#define GIB	    (1ull << 30)
#define BLOCK_SIZE  (128 * MIB)
#define DEVICE_SIZE (256 * MIB)
#define WINDOW_0    0x690000000ull /* of pci0000:0c */
#define WINDOW_1    0x790000000ull /* of pci0000:de */
#define WINDOW_2    0x890000000ull /* over both */
#define WINDOW_SIZE (4 * GIB)

#define PORT_A	 "0000:0c:00.0"
#define PORT_B	 "0000:0c:01.0"
#define PORT_C	 "0000:de:00.0"
#define PORT_D	 "0000:de:01.0" /* nothing below */
#define DEVICE_A "0000:0d:00.0"
#define DEVICE_B "0000:0e:00.0"
#define DEVICE_C "0000:df:00.0"

void model_idle(struct host *host);

/* @region over all of these memdevs ("mem0" or "mem0,mem2"), committed in Linux and in the
 * devices' registers, and enabled. */
void model_region(struct host *host, const char *region, const char *memdevs, uint64_t start);
/* A dax device that fills @region. */
void model_dax(struct host *host, const char *dax, const char *region, enum dax_mode mode);
/* One of other ranges: take all it has, and give it one behind those that it has. */
void model_no_mappings(struct host *host, const char *dax);
void model_mapping(struct host *host, const char *dax, uint64_t start, uint64_t size);
/* The same as System RAM, all of it online in ZONE_MOVABLE. */
void model_ram(struct host *host, const char *dax, const char *region);
/* Memory blocks over [@start, @start + @size), all alike. */
void model_blocks(struct host *host, uint64_t start, uint64_t size, const char *state,
		  const char *zones);
void model_user(struct host *host, const char *dax, int pid, const char *command, uint64_t mapped);
struct function *model_function(struct host *host, const char *address, const char *root_port,
				enum function_kind kind, const char *driver);
struct root_port *model_root_port(struct host *host, const char *address, const char *bridge);
struct memdev *model_memdev(struct host *host, const char *name, const char *address,
			    const char *root_port, uint64_t serial);

/* region0 and dax0.0 of mem0: online in ZONE_MOVABLE, or a character device. */
void model_system_ram(struct host *host);
/*
 * region0 of four memory blocks of 64 MiB: dax0.0 is System RAM, of the last and then the first;
 * dax0.2 is a devdax of the second; nobody has the third, nor the name dax0.1.
 */
void model_divided(struct host *host);
void model_devdax(struct host *host);

/* region0 of mem0, persistent, with a namespace as a disk, one with an info block for DAX, and one
 * that is not in use. */
#define PMEM_UUID  "11111111-2222-3333-4444-555555555555"
#define PMEM_RAW   "22222222-2222-3333-4444-000000000001"
#define PMEM_FSDAX "22222222-2222-3333-4444-000000000002"
#define PMEM_IDLE  "22222222-2222-3333-4444-000000000003"
void model_pmem(struct host *host);
void model_namespace(struct host *host, const char *name, const char *mode, const char *device,
		     const char *uuid);

/* Take all regions with their dax devices away, or the latter alone. */
void model_forget_regions(struct host *host);
void model_forget_dax(struct host *host);

/* Every list has items and every field a value other than zero somewhere. */
void model_rich(struct host *host);

/* The same as host_...(), but to be changed; the test fails if there is none. */
struct root_port *root_port_of(struct host *host, const char *address);
struct function *function_of(struct host *host, const char *address);
struct memdev *memdev_of(struct host *host, const char *name);
struct decoder *decoder_of(struct host *host, const char *name);
/* What the programs have if nothing is said, but for shorter times. */
extern const struct manner model_manner;
/* The plan to recover that port in that manner. */
void model_plan(const struct host *host, const char *port, struct plan *plan);

struct process *model_process(struct host *host, int pid, const char *command);

struct region *region_of(struct host *host, const char *name);
struct dax *dax_of(struct host *host, const char *name);

#endif
