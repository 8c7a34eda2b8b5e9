// SPDX-License-Identifier: GPL-2.0-or-later
/* collect/: what kernel, firmware and user space do with memory; nodes; namespaces. From trees of
 * files whose texts are those of Linux 6.12 in a guest, and from hostile ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <string.h>
#include <unistd.h>

#include "collect/collect.h"
#include "model.h"
#include "regs/isolation.h"
#include "support.h"
#include "sys/util.h"

/* Last: its macro fail() would swallow the declaration of ours. */
#include <cmocka.h>

#define NODE	"/sys/devices/system/node"
#define HOTPLUG "/sys/module/memory_hotplug/parameters"
#define ND	"/sys/bus/nd/devices"

#define KIB 1024ull

static void check_printable(const char *text)
{
	for (; *text; text++)
		assert_in_range(*text, ' ', '~');
}

/* ---- the kernel's settings ---- */

static void collect(struct tree *tree, struct host *host)
{
	struct error err = {0};

	check_error(collect_system(&tree->sys, host, &err), 0, &err, "", "");
}

static void test_system(void **state)
{
	struct tree *tree = *state;
	struct host host = {0};
	const struct system *system = &host.system;

	tree_file(tree, "none [integrity] confidentiality\n", "/sys/kernel/security/lockdown");
	tree_file(tree, "force\n", HOTPLUG "/memmap_on_memory");
	tree_file(tree, "auto-movable\n", HOTPLUG "/online_policy");
	tree_file(tree, "true\n", "/sys/kernel/mm/numa/demotion_enabled");
	tree_file(tree, "Y\n", "/sys/module/zswap/parameters/enabled");
	tree_file(tree, "processor\t: 0\nflags\t\t: fpu hypervisor lm\n", "/proc/cpuinfo");
	tree_file(tree, "SwapCached:  5 kB\nSwapTotal:  2048 kB\nSwapFree:    1024 kB\n",
		  "/proc/meminfo");
	collect(tree, &host);
	assert_string_equal(system->lockdown, "integrity");
	assert_string_equal(system->memmap_on_memory, "force");
	assert_string_equal(system->online_policy, "auto-movable");
	assert_int_equal(system->demotion, 1);
	assert_int_equal(system->zswap, 1);
	assert_int_equal(system->hypervisor, 1);
	assert_int_equal(system->swap_total, 2 * MIB);
	assert_int_equal(system->swap_free, MIB);
}

static void test_system_off(void **state)
{
	struct tree *tree = *state;
	struct host host = {0};

	tree_file(tree, "[none] integrity confidentiality\n", "/sys/kernel/security/lockdown");
	tree_file(tree, "false\n", "/sys/kernel/mm/numa/demotion_enabled");
	tree_file(tree, "N\n", "/sys/module/zswap/parameters/enabled");
	/* only the first processor counts, and only a word of its own */
	tree_file(tree,
		  "vmx flags\t: hypervisor\nflags\t\t: fpu nohypervisor hypervisor2\n\n"
		  "processor\t: 1\nflags\t\t: hypervisor\n",
		  "/proc/cpuinfo");
	tree_file(tree, "SwapTotal: 0 kB\nSwapFree: 0 kB\n", "/proc/meminfo");
	collect(tree, &host);
	assert_string_equal(host.system.lockdown, "none");
	assert_int_equal(host.system.demotion, 0);
	assert_int_equal(host.system.zswap, 0);
	assert_int_equal(host.system.hypervisor, 0);
	assert_int_equal(host.system.swap_total, 0);
}

/* Not there is not the same as off. */
static void test_system_unseen(void **state)
{
	struct tree *tree = *state;
	struct host host = {0};

	collect(tree, &host);
	assert_string_equal(host.system.lockdown, "");
	assert_string_equal(host.system.memmap_on_memory, "");
	assert_string_equal(host.system.online_policy, "");
	assert_int_equal(host.system.demotion, -1);
	assert_int_equal(host.system.zswap, -1);
	assert_int_equal(host.system.hypervisor, -1);
	/* arm64 has other words there */
	tree_file(tree, "processor\t: 0\nFeatures\t: fp asimd\n", "/proc/cpuinfo");
	collect(tree, &host);
	assert_int_equal(host.system.hypervisor, -1);
}

static void test_system_hostile(void **state)
{
	static const char *const lockdowns[] = {"", "none integrity\n", "]none[\n", "[none\n"};
	struct tree *tree = *state;
	struct host host = {0};

	for (size_t i = 0; i < ARRAY_SIZE(lockdowns); i++) {
		tree_file(tree, lockdowns[i], "/sys/kernel/security/lockdown");
		collect(tree, &host);
		assert_string_equal(host.system.lockdown, "");
	}
	tree_file(tree, "[\033[2Jnone and much more than fits]\n", "/sys/kernel/security/lockdown");
	tree_file(tree, "\001\n", HOTPLUG "/memmap_on_memory");
	tree_file(tree, "contig\033zones\n", HOTPLUG "/online_policy");
	tree_file(tree, "perhaps\n", "/sys/kernel/mm/numa/demotion_enabled");
	tree_file(tree, "more than sixteen characters\n", "/sys/module/zswap/parameters/enabled");
	tree_file(tree, "SwapTotal: 18446744073709551615 kB\nSwapFree: -1 kB\n", "/proc/meminfo");
	collect(tree, &host);
	check_printable(host.system.lockdown);
	check_printable(host.system.memmap_on_memory);
	check_printable(host.system.online_policy);
	assert_int_equal(host.system.demotion, -1);
	assert_int_equal(host.system.zswap, -1);
	assert_int_equal(host.system.swap_total, 0);
	assert_int_equal(host.system.swap_free, 0);
}

/* ---- nodes ---- */

static const char meminfo[] = "Node 1 MemTotal:         262144 kB\n"
			      "Node 1 MemFree:          131072 kB\n"
			      "Node 1 Active:               12 kB\n"
			      "Node 1 Active(anon):          1 kB\n"
			      "Node 1 Inactive(anon):        2 kB\n"
			      "Node 1 Active(file):          4 kB\n"
			      "Node 1 Inactive(file):        8 kB\n"
			      "Node 1 Mlocked:           16384 kB\n"
			      "Node 1 AnonPages:         32768 kB\n"
			      "Node 1 Shmem:                16 kB\n"
			      "Node 1 KernelStack:          32 kB\n"
			      "Node 1 PageTables:           64 kB\n"
			      "Node 1 SecPageTables:       128 kB\n"
			      "Node 1 KReclaimable:        256 kB\n"
			      "Node 1 Slab:               1536 kB\n"
			      "Node 1 SReclaimable:        512 kB\n"
			      "Node 1 SUnreclaim:         1024 kB\n";

static void collect_the_nodes(struct tree *tree, struct host *host)
{
	struct error err = {0};

	check_error(collect_nodes(&tree->sys, host, &err), 0, &err, "", "");
}

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* A tree with node 1 alone. */
static void add_node(struct tree *tree)
{
	tree_file(tree, "\n", NODE "/node1/cpulist");
	tree_file(tree, meminfo, NODE "/node1/meminfo");
}

static void add_pool(struct tree *tree, const char *size, const char *total, const char *free,
		     const char *surplus)
{
	tree_file(tree, total, NODE "/node1/hugepages/hugepages-%s/nr_hugepages", size);
	tree_file(tree, free, NODE "/node1/hugepages/hugepages-%s/free_hugepages", size);
	tree_file(tree, surplus, NODE "/node1/hugepages/hugepages-%s/surplus_hugepages", size);
}

static void test_nodes(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_file(tree, "0-3,8\n", NODE "/node0/cpulist");
	tree_file(tree,
		  "Node 0 MemTotal:        1048576 kB\nNode 0 MemFree:          524288 kB\n"
		  "Node 0 MemUsed:          524288 kB\n",
		  NODE "/node0/meminfo");
	tree_file(tree, "\n", NODE "/node10/cpulist");
	tree_file(tree, "Node 10 MemTotal: 262144 kB\n", NODE "/node10/meminfo");
	tree_directory(tree, NODE "/node2");
	tree_file(tree, "0\n", NODE "/has_cpu");
	collect_the_nodes(tree, &host);
	assert_int_equal(host.nodes.count, 3);
	assert_int_equal(host.nodes.items[0].number, 0);
	assert_true(host.nodes.items[0].cpus);
	assert_int_equal(host.nodes.items[0].total, GIB);
	assert_int_equal(host.nodes.items[0].free, GIB / 2);
	assert_int_equal(host.nodes.items[1].number, 2);
	assert_false(host.nodes.items[1].cpus);
	assert_int_equal(host.nodes.items[1].total, 0);
	assert_int_equal(host.nodes.items[2].number, 10);
	assert_false(host.nodes.items[2].cpus);
	assert_int_equal(host.nodes.items[2].total, 256 * MIB);
	assert_int_equal(host.nodes.items[2].free, 0);
}

static void test_node_memory(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	const struct node *node;

	add_node(tree);
	tree_file(tree, "nr_foll_pin_acquired 300\nnr_foll_pin_released 44\n",
		  NODE "/node1/vmstat");
	add_pool(tree, "2048kB", "5\n", "3\n", "1\n");
	add_pool(tree, "1048576kB", "0\n", "0\n", "0\n");
	collect_the_nodes(tree, &host);
	node = &host.nodes.items[0];
	assert_int_equal(node->anon, 32 * MIB);
	assert_int_equal(node->file, 12 * KIB);
	assert_int_equal(node->shmem, 16 * KIB);
	assert_int_equal(node->mlocked, 16 * MIB);
	assert_int_equal(node->kernel, (1024 + 32 + 64 + 128) * KIB);
	assert_int_equal(node->reclaimable, 256 * KIB);
	assert_int_equal(node->pinned, 256 * page_size());
	assert_int_equal(node->unmovable, UNKNOWN);
	assert_int_equal(node->cma, UNKNOWN);
	assert_int_equal(node->huge_pools.count, 2);
	assert_int_equal(node->huge_pools.items[0].page_size, 2 * MIB);
	assert_int_equal(node->huge_pools.items[0].total, 5);
	assert_int_equal(node->huge_pools.items[0].free, 3);
	assert_int_equal(node->huge_pools.items[0].surplus, 1);
	assert_int_equal(node->huge_pools.items[1].page_size, GIB);
	assert_int_equal(node->huge_pools.items[1].total, 0);
}

static void test_node_unseen(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	const struct node *node;

	tree_directory(tree, NODE "/node1");
	collect_the_nodes(tree, &host);
	node = &host.nodes.items[0];
	assert_int_equal(node->anon, UNKNOWN);
	assert_int_equal(node->file, UNKNOWN);
	assert_int_equal(node->shmem, UNKNOWN);
	assert_int_equal(node->mlocked, UNKNOWN);
	assert_int_equal(node->kernel, UNKNOWN);
	assert_int_equal(node->reclaimable, UNKNOWN);
	assert_int_equal(node->pinned, UNKNOWN);
	assert_int_equal(node->huge_pools.count, 0);
	assert_int_equal(node->zones.count, 0);
}

/* Before 4.20, 5.7 and 6.1: without KReclaimable, pins and SecPageTables. */
static void test_node_of_old_kernel(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_file(tree, "Node 1 SReclaimable: 512 kB\nNode 1 SUnreclaim: 1024 kB\n",
		  NODE "/node1/meminfo");
	tree_file(tree, "nr_free_pages 1\n", NODE "/node1/vmstat");
	collect_the_nodes(tree, &host);
	assert_int_equal(host.nodes.items[0].reclaimable, 512 * KIB);
	assert_int_equal(host.nodes.items[0].kernel, MIB);
	assert_int_equal(host.nodes.items[0].pinned, UNKNOWN);
}

static void check_pinned(struct tree *tree, const char *vmstat, uint64_t expected)
{
	cleanup_host struct host host = {0};

	tree_file(tree, vmstat, NODE "/node1/vmstat");
	collect_the_nodes(tree, &host);
	assert_int_equal(host.nodes.items[0].pinned, expected);
}

/* The counters may be out of step for a moment: never less than nothing. */
static void test_pinned(void **state)
{
	struct tree *tree = *state;

	add_node(tree);
	check_pinned(tree, "nr_foll_pin_acquired 7\nnr_foll_pin_released 7\n", 0);
	check_pinned(tree, "nr_foll_pin_acquired 7\nnr_foll_pin_released 8\n", 0);
	check_pinned(tree, "nr_foll_pin_acquired 7\nnr_foll_pin_released 6\n", page_size());
	check_pinned(tree, "nr_foll_pin_acquired 7\n", UNKNOWN);
	check_pinned(tree, "nr_foll_pin_released 7\n", UNKNOWN);
	check_pinned(tree, "nr_foll_pin_acquired x\nnr_foll_pin_released 7\n", UNKNOWN);
	check_pinned(tree, "nr_foll_pin_acquired 18446744073709551615\nnr_foll_pin_released 0\n",
		     UNKNOWN);
}

static void test_node_hostile(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	const struct node *node;

	tree_file(tree,
		  "Node 1 MemTotal: 18446744073709551615 kB\nNode 1 MemFree: -1 kB\n"
		  "Node 1 AnonPages: many kB\nNode 1 Shmem:\n"
		  "Node 1 Active(file): 18014398509481983 kB\n"
		  "Node 1 Inactive(file): 18014398509481983 kB\n",
		  NODE "/node1/meminfo");
	add_pool(tree, "18446744073709551615kB", "1\n", "1\n", "0\n");
	add_pool(tree, "4kB", "-1\n", "0\n", "0\n");
	add_pool(tree, "8kB", "1\n", "", "0\n");
	collect_the_nodes(tree, &host);
	node = &host.nodes.items[0];
	assert_int_equal(node->total, 0);
	assert_int_equal(node->free, 0);
	assert_int_equal(node->anon, UNKNOWN);
	assert_int_equal(node->shmem, UNKNOWN);
	assert_int_equal(node->file, UNKNOWN);
	assert_int_equal(node->huge_pools.count, 0);
}

/* ---- zones ---- */

static void check_zone(const struct node *node, size_t i, const char *name, uint64_t present,
		       uint64_t free, uint64_t high, uint64_t cma_free)
{
	const struct zone *zone = &node->zones.items[i];

	assert_true(i < node->zones.count);
	assert_string_equal(zone->name, name);
	assert_int_equal(zone->present, present * page_size());
	assert_int_equal(zone->free, free * page_size());
	assert_int_equal(zone->high, high * page_size());
	assert_int_equal(zone->cma_free, cma_free * page_size());
}

static void test_zones(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_directory(tree, NODE "/node0");
	tree_directory(tree, NODE "/node1");
	tree_file(tree,
		  "Node 0, zone      DMA\n  per-node stats\n      nr_free_cma  99\n"
		  "  pages free     3776\n        boost    0\n        high     133\n"
		  "        present  3998\n        managed  3840\n        cma      0\n"
		  "        protection: (0, 1878)\n      nr_free_pages 3776\n      nr_free_cma  7\n"
		  "  pagesets\n    cpu: 0\n              count: 0\n              high:  5\n"
		  "Node 0, zone   Normal\n  pages free     0\n        high     32\n"
		  "        present  0\n"
		  "Node 7, zone   Normal\n  pages free     1\n        present  1\n"
		  "Node 1, zone  Movable\n  pages free     64\n        high     9\n"
		  "        present  128\n",
		  "/proc/zoneinfo");
	collect_the_nodes(tree, &host);
	assert_int_equal(host.nodes.items[0].zones.count, 1);
	check_zone(&host.nodes.items[0], 0, "DMA", 3998, 3776, 133, 7);
	assert_int_equal(host.nodes.items[1].zones.count, 1);
	check_zone(&host.nodes.items[1], 0, "Movable", 128, 64, 9, 0);
}

static void test_zones_hostile(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	tree_directory(tree, NODE "/node0");
	tree_file(tree,
		  "        present  5\nNode -1, zone x\n        present  5\n"
		  "Node 0, zone\nNode 0, zone averylongname\033[2Jindeed\n"
		  "        present  18446744073709551615\n"
		  "Node 0, zone a\033b\n        present  1\n  pages free     x\n",
		  "/proc/zoneinfo");
	collect_the_nodes(tree, &host);
	assert_int_equal(host.nodes.items[0].zones.count, 1);
	check_zone(&host.nodes.items[0], 0, "a?b", 1, 0, 0, 0);
}

/* ---- page blocks ---- */

#define FREE_PAGES                                                     \
	"Page block order: 9\nPages per block:  512\n\n"               \
	"Free pages count per migrate type at order       0      1 \n" \
	"Node    0, zone      DMA, type    Unmovable      1      2 \n\n"

static void collect_blocks(struct tree *tree, struct host *host, const char *pagetypeinfo)
{
	struct error err = {0};

	tree_file(tree, pagetypeinfo, "/proc/pagetypeinfo");
	host->nodes.count = 0;
	for (int number = 0; number < 3; number++) {
		struct node *node = list_add(&host->nodes);

		node->number = number;
		node->unmovable = node->cma = UNKNOWN;
	}
	check_error(collect_page_blocks(&tree->sys, host, &err), 0, &err, "", "");
}

static void check_blocks(const struct host *host, size_t node, uint64_t unmovable, uint64_t cma)
{
	assert_int_equal(host->nodes.items[node].unmovable, unmovable);
	assert_int_equal(host->nodes.items[node].cma, cma);
}

#define TYPES "Number of blocks type     Unmovable      Movable          CMA \n"

static void test_page_blocks(void **state)
{
	cleanup_host struct host host = {0};

	collect_blocks(
		*state, &host,
		FREE_PAGES TYPES
		"Node 0, zone      DMA            1            7            0 \n"
		"Node 0, zone    DMA32           91          921            4 \n"
		"\nNumber of mixed blocks    Unmovable      Movable\n"
		"Node 0, zone      DMA         1000         1000            1 \n" FREE_PAGES TYPES
		"Node 1, zone  Movable            2          126            0 \n");
	check_blocks(&host, 0, 92 * 512 * page_size(), 4 * 512 * page_size());
	check_blocks(&host, 1, 2 * 512 * page_size(), 0);
	check_blocks(&host, 2, 0, 0); /* no memory, so the kernel leaves it out */
}

static void test_page_blocks_without_cma(void **state)
{
	cleanup_host struct host host = {0};

	collect_blocks(*state, &host,
		       FREE_PAGES "Number of blocks type     Movable    Unmovable \n"
				  "Node 1, zone   Normal          126            2 \n");
	check_blocks(&host, 1, 2 * 512 * page_size(), 0);
}

static void test_page_blocks_hostile(void **state)
{
	static const char *const texts[] = {
		"",
		FREE_PAGES,
		/* of what size? */
		"Number of blocks type     Unmovable\nNode 0, zone DMA 1\n",
		"Pages per block:  -512\nNumber of blocks type     Unmovable\nNode 0, zone DMA 1\n",
		FREE_PAGES "Number of blocks type     Movable\nNode 0, zone DMA 1\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_host struct host host = {0};

		collect_blocks(*state, &host, texts[i]);
		check_blocks(&host, 0, UNKNOWN, UNKNOWN);
	}
}

static void test_page_blocks_overflow(void **state)
{
	cleanup_host struct host host = {0};

	collect_blocks(*state, &host,
		       FREE_PAGES "Number of blocks type     Unmovable      CMA\n"
				  "Node 0, zone DMA 18446744073709551615 1\nNode 0, zone DMA32 1\n"
				  "Node 9, zone DMA 1 1\nNode 1, zone DMA x 1\n");
	check_blocks(&host, 0, UNKNOWN, 512 * page_size());
	check_blocks(&host, 1, 0, 0);
}

/* To count them the kernel looks at page structs, which must not lie where nothing answers. */
static void test_page_blocks_out_of_reach(void **state)
{
	static const char text[] =
		FREE_PAGES "Number of blocks type     Unmovable\nNode 0, zone DMA 1\n";
	cleanup_host struct host host = {0};
	struct root_port *port;
	struct dax *dax;

	dax = list_add(&host.dax_devices);
	port = list_add(&host.root_ports);
	port->status = ISOLATION_STATUS_RP_BUSY;
	collect_blocks(*state, &host, text);
	check_blocks(&host, 0, 512 * page_size(), 0);
	dax->memmap_on_memory = 1;
	collect_blocks(*state, &host, text);
	check_blocks(&host, 0, UNKNOWN, UNKNOWN);
	dax->memmap_on_memory = -1;
	port->status = ISOLATION_STATUS_ISOLATED(ISOLATION_MEM);
	collect_blocks(*state, &host, text);
	check_blocks(&host, 0, UNKNOWN, UNKNOWN);
}

/* ---- the memory map of the boot ---- */

static void add_entry(struct tree *tree, int number, const char *start, const char *last,
		      const char *type)
{
	tree_file(tree, start, "/sys/firmware/memmap/%d/start", number);
	tree_file(tree, last, "/sys/firmware/memmap/%d/end", number);
	tree_file(tree, type, "/sys/firmware/memmap/%d/type", number);
}

static void collect_map(struct tree *tree, struct host *host)
{
	struct error err = {0};

	check_error(collect_firmware_map(&tree->sys, host, &err), 0, &err, "", "");
}

static void test_firmware_map(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;
	struct decoder *decoder;

	model_idle(&host);
	decoder = list_add(&host.decoders); /* of an endpoint, and in no window */
	decoder->kind = PORT_ENDPOINT;
	decoder->start = 0;
	decoder->size = GIB;
	add_entry(tree, 0, "0x0\n", "0x9fbff\n", "System RAM\n");
	add_entry(tree, 2, "0x68fffffff\n", "0x690000000\n", "Reserved\n");
	add_entry(tree, 10, "0x690000000\n", "0x69fffffff\n", "Soft Reserved\n");
	add_entry(tree, 11, "0x680000000\n", "0x68fffffff\n", "System RAM\n");
	collect_map(tree, &host);
	assert_int_equal(host.firmware_map.count, 2);
	assert_int_equal(host.firmware_map.items[0].start, WINDOW_0 - 1);
	assert_int_equal(host.firmware_map.items[0].size, 2);
	assert_string_equal(host.firmware_map.items[0].type, "Reserved");
	assert_int_equal(host.firmware_map.items[1].start, WINDOW_0);
	assert_int_equal(host.firmware_map.items[1].size, 256 * MIB);
	assert_string_equal(host.firmware_map.items[1].type, "Soft Reserved");
}

static void test_firmware_map_hostile(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	model_idle(&host);
	collect_map(tree, &host);
	assert_int_equal(host.firmware_map.count, 0);
	add_entry(tree, 0, "0x0\n", "0xffffffffffffffff\n", "all there is\n");
	add_entry(tree, 1, "0x690000001\n", "0x690000000\n", "backwards\n");
	add_entry(tree, 2, "nowhere\n", "0x690000000\n", "x\n");
	tree_file(tree, "0x690000000\n", "/sys/firmware/memmap/3/start");
	add_entry(tree, 4, "0x690000000\n", "0x690000fff\n", "\033[2J\n");
	collect_map(tree, &host);
	assert_int_equal(host.firmware_map.count, 1);
	assert_string_equal(host.firmware_map.items[0].type, "?[2J");
}

/* ---- udev rules ---- */

/* The rules found, as "subsystem path" one after the other. */
static const char *rules_of(struct tree *tree)
{
	static char text[1024];
	cleanup_host struct host host = {0};
	struct error err = {0};

	text[0] = '\0';
	check_error(collect_udev_rules(&tree->sys, &host, &err), 0, &err, "", "");
	list_each(rule, &host.system.udev_rules) {
		size_t length = strlen(text);

		snprintf(text + length, sizeof(text) - length, "%s%s %s", length ? "; " : "",
			 rule->subsystem, rule->path);
		check_printable(rule->path);
	}
	return text;
}

#define RULES "/usr/lib/udev/rules.d"

/* Whether these rules, in a file of their own, act on memory blocks or dax devices. */
static void check_rules(struct tree *tree, const char *text, const char *subsystem)
{
	char expected[128] = "";

	tree_file(tree, text, RULES "/40-test.rules");
	if (subsystem)
		snprintf(expected, sizeof(expected), "%s " RULES "/40-test.rules", subsystem);
	if (strcmp(rules_of(tree), expected) != 0)
		fail_msg("\"%s\" instead of \"%s\" for\n%s", rules_of(tree), expected, text);
}

static void test_rules_that_online(void **state)
{
	static const char *const texts[] = {
		"SUBSYSTEM==\"memory\", ACTION==\"add\", ATTR{state}=\"online\"\n",
		"SUBSYSTEM==\"memory\",ACTION==\"add|change\",KERNEL==\"memory[0-9]*\",TEST=="
		"\"state\","
		"ATTR{state}==\"offline\",ATTR{state}=\"online_movable\"",
		"  ACTION==\"add\", SUBSYSTEM==\"mem*\", \\\n # why\n ATTR{state}!=\"online\", \\\n"
		"\tATTR{state} = \"online\"\n",
		"DEVPATH==\"/devices/system/memory/memory[0-9]*\", ATTR{online}==\"0\", "
		"ATTR{online}=\"1\"\n",
		"SUBSYSTEM==\"memory\", RUN+=\"/bin/sh -c '[ -f /sys$devpath/state ] && "
		"echo online > /sys$devpath/state'\"\n",
		"SUBSYSTEM==\"memory\", RUN{program}+=\"/usr/sbin/chmem -e\"\n",
		"SUBSYSTEM==i\"MEMORY|memory\", ENV{SYSTEMD_WANTS}+=\"memory-online@%k.service\"\n",
		"SUBSYSTEM==\"memory\", ENV{x}==\"y\", ATTR{state}=\"online\"\n",
		/* Red Hat's 40-redhat.rules */
		"SUBSYSTEM==\"cpu\", ACTION==\"add\", ATTR{online}==\"0\", ATTR{online}=\"1\"\n\n"
		"SUBSYSTEM!=\"memory\", GOTO=\"memory_hotplug_end\"\n"
		"ACTION!=\"add\", GOTO=\"memory_hotplug_end\"\n"
		"CONST{arch}==\"s390*\", GOTO=\"memory_hotplug_end\"\n\n"
		"ENV{.state}=\"online\"\n"
		"CONST{virt}==\"none\", ENV{.state}=\"online_movable\"\n"
		"ATTR{state}==\"offline\", ATTR{state}=\"$env{.state}\"\n\n"
		"LABEL=\"memory_hotplug_end\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_rules(*state, texts[i], "memory");
}

static void test_rules_that_do_not(void **state)
{
	static const char *const texts[] = {
		"",
		"# SUBSYSTEM==\"memory\", ATTR{state}=\"online\"\n",
		"SUBSYSTEM==\"memory\", ACTION==\"add\", ATTR{state}==\"online\"\n",
		"SUBSYSTEM==\"memory\", ACTION==\"add\", ATTR{state}=\"offline\"\n",
		"SUBSYSTEM==\"memory\", ACTION==\"add\", ATTR{power/state}=\"online\"\n",
		"SUBSYSTEM==\"memory\", ACTION==\"change|remove\", ATTR{state}=\"online\"\n",
		"SUBSYSTEM==\"memory\", ACTION!=\"add\", ATTR{state}=\"online\"\n",
		"SUBSYSTEM==\"memory\", ATTR{state}==\"online\", ATTR{online}=\"1\"\n",
		"SUBSYSTEM==\"cpu\", ACTION==\"add\", ATTR{online}=\"1\"\n",
		"SUBSYSTEM==\"memory\", ATTR{online}=\"0\"\n",
		"SUBSYSTEM==\"memory\", KERNEL==\"memory\", ATTR{state}=\"online\"\n",
		"SUBSYSTEM==\"memory\", RUN+=\"/bin/sh -c 'echo offline > auto_online_blocks'\"\n",
		"SUBSYSTEM==\"memory\", TAG+=\"online\"\n",
		/* udev drops a line that it can not read */
		"SUBSYSTEM==\"memory\", ATTR{state}=\"online\", oops\n",
		"SUBSYSTEM==\"memory\", ATTR{state=\"online\"\n",
		"SUBSYSTEM==\"memory\", ATTR{state}=\"online\n",
		/* kexec-tools: when memory is online already */
		"SUBSYSTEM==\"memory\", ACTION==\"online\", GOTO=\"kdump_reload\"\n"
		"SUBSYSTEM==\"memory\", ACTION==\"offline\", GOTO=\"kdump_reload\"\n"
		"GOTO=\"kdump_reload_end\"\nLABEL=\"kdump_reload\"\n"
		"RUN+=\"/bin/sh -c 'reload the online "
		"kdump.service'\"\nLABEL=\"kdump_reload_end\"\n",
		"SUBSYSTEM==\"memory\", GOTO=\"end\"\nATTR{state}=\"online\"\nLABEL=\"end\"\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		check_rules(*state, texts[i], NULL);
}

/* Ubuntu's 40-vm-hotadd.rules does something only in guests of Hyper-V and Xen. */
static void test_rules_for_guests(void **state)
{
	static const char text[] =
		"ATTR{[dmi/id]sys_vendor}==\"Microsoft Corporation\", "
		"ATTR{[dmi/id]product_name}==\"Virtual Machine\", GOTO=\"vm_hotadd_apply\"\n"
		"ATTR{[dmi/id]sys_vendor}==\"Xen\", GOTO=\"vm_hotadd_apply\"\n"
		"GOTO=\"vm_hotadd_end\"\n\nLABEL=\"vm_hotadd_apply\"\n\n"
		"SUBSYSTEM==\"memory\", ACTION==\"add\", "
		"DEVPATH==\"/devices/system/memory/memory[0-9]*\", TEST==\"state\", "
		"ATTR{state}!=\"online\", ATTR{state}=\"online\"\n\nLABEL=\"vm_hotadd_end\"\n";
	struct tree *tree = *state;

	check_rules(tree, text, NULL);
	tree_file(tree, "Dell Inc.\n", "/sys/class/dmi/id/sys_vendor");
	tree_file(tree, "Virtual Machine\n", "/sys/class/dmi/id/product_name");
	check_rules(tree, text, NULL);
	tree_file(tree, "Xen\n", "/sys/class/dmi/id/sys_vendor");
	check_rules(tree, text, "memory");
	tree_file(tree, "Microsoft Corporation\n", "/sys/class/dmi/id/sys_vendor");
	check_rules(tree, text, "memory");
	tree_file(tree, "Surface\n", "/sys/class/dmi/id/product_name");
	check_rules(tree, text, NULL);
}

#define ONLINES "SUBSYSTEM==\"memory\", ATTR{state}=\"online\"\n"

static void test_rules_precedence(void **state)
{
	struct tree *tree = *state;

	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/10-a.rules");
	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/20-b.rules");
	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/30-c.rules");
	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/40-d.rules");
	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/50-e.rules.bak");
	tree_file(tree, ONLINES, "/usr/lib/udev/rules.d/rules");
	tree_link(tree, "usr/lib", "/lib");
	tree_file(tree, "", "/etc/udev/rules.d/10-a.rules");
	tree_file(tree, "", "/run/udev/rules.d/20-b.rules");
	tree_link(tree, "../../../../../../../../dev/null", "/etc/udev/rules.d/30-c.rules");
	tree_file(tree, ONLINES, "/etc/udev/rules.d/20-b.rules");
	tree_file(tree, ONLINES, "/usr/local/lib/udev/rules.d/60-f.rules");
	assert_string_equal(rules_of(tree), "memory /etc/udev/rules.d/20-b.rules; "
					    "memory /usr/local/lib/udev/rules.d/60-f.rules; "
					    "memory /usr/lib/udev/rules.d/40-d.rules");
}

/* Before /usr was one. */
static void test_rules_in_lib(void **state)
{
	struct tree *tree = *state;

	assert_string_equal(rules_of(tree), "");
	tree_file(tree, ONLINES, "/lib/udev/rules.d/a\033.rules");
	assert_string_equal(rules_of(tree), "memory /lib/udev/rules.d/a?.rules");
}

/* ndctl's 90-daxctl-device.rules, and what Debian 12 made of it. */
static void test_rules_of_daxctl(void **state)
{
	static const char *const texts[] = {
		"ACTION==\"add\", SUBSYSTEM==\"dax\", TAG+=\"systemd\",\\\n  PROGRAM=\"/usr/bin/"
		"systemd-escape -p --template=daxdev-reconfigure@.service $env{DEVNAME}\",\\\n"
		"  ENV{SYSTEMD_WANTS}=\"%c\"\n",
		"ACTION==\"add\", SUBSYSTEM==\"dax\",\\\n  RUN+=\"/usr/bin/daxctl -C "
		"$env{DEVNAME}\"\n",
	};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		check_rules(tree, texts[i], NULL);
		tree_file(tree,
			  "# [reconfigure-device unique_identifier_foo]\n"
			  "# nvdimm.uuid=ed93e918-e165-49d8-921d-383d7b9660c5\n[other]\n"
			  "nvdimm.uuid=ed93e918-e165-49d8-921d-383d7b9660c5\n",
			  "/etc/daxctl.conf.d/daxctl.example.conf");
		check_rules(tree, texts[i], NULL);
		tree_file(tree, "[reconfigure-device foo]\n nvdimm.uuid = x\nmode = system-ram\n",
			  "/etc/daxctl.conf.d/mine");
		check_rules(tree, texts[i], NULL);
		tree_file(tree, "[reconfigure-device foo]\n nvdimm.uuid = x\nmode = system-ram\n",
			  "/etc/daxctl.conf.d/mine.conf");
		check_rules(tree, texts[i], "dax");
		tree_unlink(tree, "/etc/daxctl.conf.d/mine.conf");
	}
}

static void test_rules_for_dax(void **state)
{
	struct tree *tree = *state;

	check_rules(tree, "SUBSYSTEM==\"dax\", RUN+=\"/usr/bin/daxctl online-memory %k\"\n", "dax");
	check_rules(tree,
		    "KERNEL==\"dax*\", RUN+=\"/bin/sh -c 'echo %k > "
		    "/sys/bus/dax/drivers/kmem/new_id'\"\n",
		    "dax");
	check_rules(tree, "SUBSYSTEM==\"dax\", MODE=\"0660\", GROUP=\"pmem\"\n", NULL);
	check_rules(tree, "SUBSYSTEM==\"nd\", RUN+=\"/usr/bin/daxctl online-memory all\"\n", NULL);
}

/* ---- namespaces of persistent memory ---- */

/* region0 of CXL with its counterpart, and another one of the same bus. */
static void add_nd_regions(struct tree *tree, struct host *host)
{
	model_idle(host);
	model_region(host, "region0", "mem0", WINDOW_0);
	strcpy(region_of(host, "region0")->mode, "pmem");
	tree_file(tree, "0x690000000\n", ND "/region0/resource");
	tree_file(tree, "268435456\n", ND "/region0/size");
	tree_file(tree, "0x100000000\n", ND "/region5/resource");
	tree_file(tree, "268435456\n", ND "/region5/size");
}

static void add_namespace(struct tree *tree, const char *name, const char *size, const char *mode,
			  const char *holder, const char *holder_class)
{
	tree_file(tree, size, ND "/%s/size", name);
	tree_file(tree, mode, ND "/%s/mode", name);
	tree_file(tree, holder, ND "/%s/holder", name);
	tree_file(tree, holder_class, ND "/%s/holder_class", name);
}

static void add_disk(struct tree *tree, const char *owner, const char *disk, const char *number)
{
	tree_file(tree, number, ND "/%s/block/%s/dev", owner, disk);
	tree_directory(tree, ND "/%s/block/%s/holders", owner, disk);
}

static void collect_pmem(struct tree *tree, struct host *host)
{
	struct error err = {0};

	host->namespaces.count = 0;
	check_error(collect_namespaces(&tree->sys, host, &err), 0, &err, "", "");
}

static void check_namespace(const struct host *host, size_t i, const char *name, const char *mode,
			    const char *device)
{
	const struct namespace *namespace = &host->namespaces.items[i];

	assert_true(i < host->namespaces.count);
	assert_string_equal(namespace->name, name);
	assert_string_equal(namespace->region, "region0");
	assert_string_equal(namespace->mode, mode);
	assert_string_equal(namespace->device, device);
	assert_false(namespace->in_use);
}

static void test_namespaces(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_nd_regions(tree, &host);
	add_namespace(tree, "namespace0.0", "33554432\n", "raw\n", "\n", "\n");
	add_disk(tree, "namespace0.0", "pmem0", "259:0\n");
	add_namespace(tree, "namespace0.1", "33554432\n", "safe\n", "btt0.0\n", "btt\n");
	add_disk(tree, "btt0.0", "pmem0.1s", "259:1\n");
	add_namespace(tree, "namespace0.2", "67108864\n", "memory\n", "pfn0.0\n", "pfn\n");
	add_disk(tree, "pfn0.0", "pmem0.2", "259:2\n");
	add_namespace(tree, "namespace0.3", "67108864\n", "dax\n", "dax0.1\n", "dax\n");
	tree_file(tree, PMEM_RAW "\n", ND "/namespace0.3/uuid");
	tree_directory(tree, ND "/dax0.1/dax_region");
	tree_directory(tree, ND "/dax0.1/dax0.0");
	add_namespace(tree, "namespace0.4", "0\n", "raw\n", "\n", "\n");
	add_namespace(tree, "namespace5.0", "33554432\n", "raw\n", "\n", "\n");
	collect_pmem(tree, &host);
	assert_int_equal(host.namespaces.count, 4);
	check_namespace(&host, 0, "namespace0.0", "raw", "pmem0");
	check_namespace(&host, 1, "namespace0.1", "sector", "pmem0.1s");
	check_namespace(&host, 2, "namespace0.2", "fsdax", "pmem0.2");
	check_namespace(&host, 3, "namespace0.3", "devdax", "dax0.0");
	assert_int_equal(host.namespaces.items[3].size, 64 * MIB);
	assert_string_equal(host.namespaces.items[3].uuid, PMEM_RAW);
	assert_string_equal(host.namespaces.items[2].uuid, "");
}

/* Nothing claims it, but its label says what it is for. */
static void test_namespaces_disabled(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_nd_regions(tree, &host);
	add_namespace(tree, "namespace0.0", "1\n", "raw\n", "\n", "\n");
	add_namespace(tree, "namespace0.1", "1\n", "raw\n", "\n", "btt2\n");
	add_namespace(tree, "namespace0.2", "1\n", "raw\n", "\n", "pfn\n");
	add_namespace(tree, "namespace0.3", "1\n", "raw\n", "\n", "dax\n");
	collect_pmem(tree, &host);
	check_namespace(&host, 0, "namespace0.0", "raw", "");
	check_namespace(&host, 1, "namespace0.1", "sector", "");
	check_namespace(&host, 2, "namespace0.2", "fsdax", "");
	check_namespace(&host, 3, "namespace0.3", "devdax", "");
}

/* The addresses are for root alone; the numbers say the same. */
static void test_namespaces_without_privilege(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_nd_regions(tree, &host);
	tree_unlink(tree, ND "/region0/resource");
	tree_unlink(tree, ND "/region5/resource");
	add_namespace(tree, "namespace0.0", "1\n", "raw\n", "\n", "\n");
	add_namespace(tree, "namespace5.0", "1\n", "raw\n", "\n", "\n");
	collect_pmem(tree, &host);
	assert_int_equal(host.namespaces.count, 1);
	check_namespace(&host, 0, "namespace0.0", "raw", "");
}

static void check_in_use(struct tree *tree, struct host *host, bool expected)
{
	collect_pmem(tree, host);
	assert_int_equal(host->namespaces.count, 1);
	assert_int_equal(host->namespaces.items[0].in_use, expected);
}

static void check_file_says_in_use(struct tree *tree, struct host *host, const char *path,
				   const char *text, bool expected)
{
	tree_file(tree, text, "%s", path);
	check_in_use(tree, host, expected);
	tree_unlink(tree, path);
}

static void test_namespaces_in_use(void **state)
{
	static const char mounts[] = "/proc/self/mountinfo", swaps[] = "/proc/swaps";
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_nd_regions(tree, &host);
	add_namespace(tree, "namespace0.0", "1\n", "raw\n", "\n", "\n");
	add_disk(tree, "namespace0.0", "pmem0", "259:1\n");
	check_in_use(tree, &host, false);
	check_file_says_in_use(tree, &host, mounts,
			       "22 1 0:2 / / rw - rootfs rootfs rw\n"
			       "31 1 259:10 / /a rw,relatime - ext4 /dev/pmem0.1 rw\n"
			       "32 1 25:1 / /dev/pmem0 rw - ext4 pmem0 rw\n33\n\n - \n",
			       false);
	check_file_says_in_use(tree, &host, mounts,
			       "31 1 259:1 / /a rw shared:1 - ext4 /dev/disk/by-uuid/x rw\n", true);
	check_file_says_in_use(tree, &host, mounts, "31 1 0:40 / /a rw - btrfs /dev/pmem0 rw\n",
			       true);
	check_file_says_in_use(tree, &host, swaps,
			       "Filename\tType\tSize\n/dev/pmem01 partition 32764 0 -2\n", false);
	check_file_says_in_use(tree, &host, swaps,
			       "Filename\tType\tSize\n/dev/pmem0 partition 32764 0 -2\n", true);
	tree_file(tree, "", ND "/namespace0.0/block/pmem0/holders/dm-0");
	check_in_use(tree, &host, true);
}

static void test_partitions_in_use(void **state)
{
	static const char *const disks[][2] = {{"pmem0", "pmem0p1"}, {"pmem0s", "pmem0s1"}};
	struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(disks); i++) {
		cleanup_host struct host host = {0};
		char owner[32];

		snprintf(owner, sizeof(owner), "btt0.%zu", i);
		add_nd_regions(tree, &host);
		add_namespace(tree, "namespace0.0", "1\n", "safe\n", owner, "btt\n");
		add_disk(tree, owner, disks[i][0], "259:1\n");
		tree_file(tree, "259:2\n", ND "/%s/block/%s/%s/dev", owner, disks[i][0],
			  disks[i][1]);
		check_in_use(tree, &host, false);
		tree_file(tree, "31 1 259:2 / /a rw - ext4 /dev/root rw\n", "/proc/self/mountinfo");
		check_in_use(tree, &host, true);
		tree_unlink(tree, "/proc/self/mountinfo");
	}
}

/* famfs is mounted from a character device. */
static void test_devdax_in_use(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	add_nd_regions(tree, &host);
	add_namespace(tree, "namespace0.0", "1\n", "dax\n", "dax0.0\n", "dax\n");
	tree_directory(tree, ND "/dax0.0/dax0.0");
	/* what has no number is not on a device of none */
	tree_file(tree, "31 1 0:0 / /a rw - tmpfs none rw\n", "/proc/self/mountinfo");
	check_in_use(tree, &host, false);
	tree_file(tree, "31 1 0:50 / /a rw - famfs /dev/dax0.0 rw\n", "/proc/self/mountinfo");
	check_in_use(tree, &host, true);
}

static void test_namespaces_hostile(void **state)
{
	cleanup_host struct host host = {0};
	struct tree *tree = *state;

	collect_pmem(tree, &host); /* no region at all */
	add_nd_regions(tree, &host);
	tree_directory(tree, ND "/namespace0.0");
	tree_directory(tree, ND "/namespace99999999999.0");
	add_namespace(tree, "namespace0.1", "many\n", "raw\n", "\n", "\n");
	add_namespace(tree, "namespace0.2", "1\n", "\033[2J\n", "../region0\n", "dax\n");
	add_namespace(tree, "namespace0.3", "1\n", "a mode that is too long\n", "nobody\n", "\n");
	tree_file(tree, "x", ND "/namespace0.2/block/pm\033em/dev");
	collect_pmem(tree, &host);
	assert_int_equal(host.namespaces.count, 2);
	check_namespace(&host, 0, "namespace0.2", "?[2J", "pm?em");
	check_namespace(&host, 1, "namespace0.3", "", "");
}

int main(void)
{
	static const struct CMUnitTest system[] = {
		IN_TREE(test_system),	     IN_TREE(test_system_off),
		IN_TREE(test_system_unseen), IN_TREE(test_system_hostile),
		IN_TREE(test_firmware_map),  IN_TREE(test_firmware_map_hostile),
	};
	static const struct CMUnitTest nodes[] = {
		IN_TREE(test_nodes),
		IN_TREE(test_node_memory),
		IN_TREE(test_node_unseen),
		IN_TREE(test_node_of_old_kernel),
		IN_TREE(test_pinned),
		IN_TREE(test_node_hostile),
		IN_TREE(test_zones),
		IN_TREE(test_zones_hostile),
		IN_TREE(test_page_blocks),
		IN_TREE(test_page_blocks_without_cma),
		IN_TREE(test_page_blocks_hostile),
		IN_TREE(test_page_blocks_overflow),
		IN_TREE(test_page_blocks_out_of_reach),
	};
	static const struct CMUnitTest udev[] = {
		IN_TREE(test_rules_that_online), IN_TREE(test_rules_that_do_not),
		IN_TREE(test_rules_for_guests),	 IN_TREE(test_rules_precedence),
		IN_TREE(test_rules_in_lib),	 IN_TREE(test_rules_of_daxctl),
		IN_TREE(test_rules_for_dax),
	};
	static const struct CMUnitTest pmem[] = {
		IN_TREE(test_namespaces),
		IN_TREE(test_namespaces_disabled),
		IN_TREE(test_namespaces_without_privilege),
		IN_TREE(test_namespaces_in_use),
		IN_TREE(test_partitions_in_use),
		IN_TREE(test_devdax_in_use),
		IN_TREE(test_namespaces_hostile),
	};
	int failed = 0;

	failed += cmocka_run_group_tests(system, NULL, NULL);
	failed += cmocka_run_group_tests(nodes, NULL, NULL);
	failed += cmocka_run_group_tests(udev, NULL, NULL);
	failed += cmocka_run_group_tests(pmem, NULL, NULL);
	return failed ? 1 : 0;
}
