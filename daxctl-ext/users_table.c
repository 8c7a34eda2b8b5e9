/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "users_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/linkhash.h>

#include "sys/util.h"

const struct column users_columns[] = {
	[COL_OBJECT] = {"OBJECT", "the dax device or node", true, SCOLS_FL_TREE},
	[COL_PID] = {"PID", "the process", true, SCOLS_FL_RIGHT},
	[COL_USER] = {"USER", "whose process it is", true, 0},
	[COL_NAME] = {"NAME", "of the virtual machine or process; a mount; [kind]", true, 0},
	[COL_UNIT] = {"UNIT", "container, machine, unit or control group", true, SCOLS_FL_TRUNC},
	[COL_SIZE] = {"SIZE", "mapped of the device, used of the node", true, SCOLS_FL_RIGHT},
	[COL_HOW] = {"HOW", "guest, map, open, vfio, rdma, mount; anon, file, ...", true, 0},
	[COL_COMMAND] = {"COMMAND", "name of the process", false, 0},
	[COL_CGROUP] = {"CGROUP", "control group", false, 0},
	[COL_ANON] = {"ANON", "anonymous memory", false, SCOLS_FL_RIGHT},
	[COL_FILE] = {"FILE", "files and shared memory", false, SCOLS_FL_RIGHT},
	[COL_HUGE] = {"HUGE", "transparent huge pages of ANON", false, SCOLS_FL_RIGHT},
	[COL_HUGETLB] = {"HUGETLB", "huge pages of a pool", false, SCOLS_FL_RIGHT},
	[COL_KERNEL] = {"KERNEL", "the kernel's own memory", false, SCOLS_FL_RIGHT},
	[COL_LOCKED] = {"LOCKED", "locked; of a process: on all nodes", false, SCOLS_FL_RIGHT},
	[COL_PINNED] = {"PINNED", "pinned; of a process: on all nodes", false, SCOLS_FL_RIGHT},
	[COL_ARGUMENTS] = {"ARGUMENTS", "command line", false, 0},
};

#define UNSEEN "?"

/* Words separated by commas, as far as they fit. */
struct words {
	char text[64];
};

static void add_word(struct words *words, const char *word)
{
	size_t used = strlen(words->text);

	snprintf(words->text + used, sizeof(words->text) - used, "%s%s", used ? "," : "", word);
}

static void set_size(struct table *table, struct libscols_line *line, size_t column, uint64_t bytes)
{
	char size[16];

	if (bytes)
		table_set(table, line, column, bytes == UNKNOWN ? UNSEEN : human_size(size, bytes));
}

static void set_user(struct table *table, struct libscols_line *line, const struct process *process)
{
	char uid[24] = UNSEEN;

	if (process->uid != UNKNOWN)
		snprintf(uid, sizeof(uid), "%" PRIu64, process->uid);
	table_set(table, line, COL_USER, process->user[0] ? process->user : uid);
}

/* A virtual machine is known by its own name, not by that of the program that runs it. */
static const char *name_of(const struct process *process)
{
	const char *name = process->guest[0] ? process->guest : process->command;

	return name[0] ? name : UNSEEN;
}

static const char *unit_of(const struct process *process)
{
	if (process->unit[0])
		return process->unit;
	return process->cgroup ? process->cgroup : UNSEEN;
}

/* A process that is used but not described: a capture may have such. */
static const struct process *find_process(const struct host *host, int pid)
{
	static const struct process unseen = {.uid = UNKNOWN, .locked = UNKNOWN, .pinned = UNKNOWN};
	const struct process *process = host_process(host, pid);

	return process ? process : &unseen;
}

static void set_process(struct table *table, struct libscols_line *line, int number,
			const struct process *process)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", number);
	table_set(table, line, COL_PID, pid);
	set_user(table, line, process);
	table_set(table, line, COL_NAME, name_of(process));
	table_set(table, line, COL_UNIT, unit_of(process));
	table_set(table, line, COL_COMMAND, process->command[0] ? process->command : UNSEEN);
	table_set(table, line, COL_CGROUP, process->cgroup ? process->cgroup : UNSEEN);
	set_size(table, line, COL_LOCKED, process->locked);
	set_size(table, line, COL_PINNED, process->pinned);
	table_set(table, line, COL_ARGUMENTS, process->arguments ? process->arguments : UNSEEN);
}

static void set_user_of_device(struct table *table, struct libscols_line *line,
			       const struct host *host, const struct user *user)
{
	const struct process *process = find_process(host, user->pid);
	struct words how = {""};

	set_process(table, line, user->pid, process);
	set_size(table, line, COL_SIZE, user->mapped);
	if (process->guest[0])
		add_word(&how, "guest");
	if (user->mapped)
		add_word(&how, "map");
	if (user->open)
		add_word(&how, "open");
	if (process->vfio)
		add_word(&how, "vfio");
	if (process->rdma)
		add_word(&how, "rdma");
	table_set(table, line, COL_HOW, how.text);
}

static void set_mount(struct table *table, struct libscols_line *line, const struct mount *mount)
{
	struct words how = {"mount"};

	add_word(&how, mount->type);
	table_set(table, line, COL_NAME, mount->path ? mount->path : UNSEEN);
	table_set(table, line, COL_HOW, how.text);
}

static void set_usage(struct table *table, struct libscols_line *line, const struct host *host,
		      const struct usage *usage)
{
	const struct process *process = find_process(host, usage->pid);
	struct words how = {""};

	set_process(table, line, usage->pid, process);
	set_size(table, line, COL_SIZE, usage_bytes(usage));
	set_size(table, line, COL_ANON, usage->anon);
	set_size(table, line, COL_FILE, usage->file);
	set_size(table, line, COL_HUGETLB, usage->hugetlb);
	if (process->guest[0])
		add_word(&how, "guest");
	if (usage->anon)
		add_word(&how, "anon");
	if (usage->file)
		add_word(&how, "file");
	if (usage->hugetlb)
		add_word(&how, "hugetlb");
	table_set(table, line, COL_HOW, how.text);
}

static void set_group(struct table *table, struct libscols_line *line, const struct group *group)
{
	struct words how = {""};

	table_set(table, line, COL_NAME, "[group]");
	table_set(table, line, COL_UNIT, group->path);
	table_set(table, line, COL_CGROUP, group->path);
	set_size(table, line, COL_SIZE, group_bytes(group));
	set_size(table, line, COL_ANON, group->anon);
	set_size(table, line, COL_FILE, group->file);
	set_size(table, line, COL_HUGE, group->huge);
	set_size(table, line, COL_KERNEL, group->kernel);
	set_size(table, line, COL_LOCKED, group->unevictable);
	if (group->anon)
		add_word(&how, "anon");
	if (group->file)
		add_word(&how, "file");
	if (group->kernel)
		add_word(&how, "kernel");
	table_set(table, line, COL_HOW, how.text);
}

/* Pages that nobody uses are in the way as well: a pool keeps them. */
static uint64_t huge_pool_bytes(const struct node *node)
{
	uint64_t bytes = 0;

	list_each(pool, &node->huge_pools)
		bytes += pool->total * pool->page_size;
	return bytes;
}

/* The node as a whole: what the kernel counts, whoever uses it. */
static void set_node(struct table *table, struct libscols_line *line, const struct node *node)
{
	table_set(table, line, COL_NAME, "[used]");
	set_size(table, line, COL_SIZE, node->total > node->free ? node->total - node->free : 0);
	set_size(table, line, COL_ANON, node->anon);
	set_size(table, line, COL_FILE, node->file);
	set_size(table, line, COL_HUGETLB, huge_pool_bytes(node));
	set_size(table, line, COL_KERNEL, node->kernel);
	set_size(table, line, COL_LOCKED, node->mlocked);
	set_size(table, line, COL_PINNED, node->pinned);
}

/* A kind of memory that is in the way when the node is to be emptied. */
struct hindrance {
	const char *name;
	uint64_t bytes;
};

static void set_hindrance(struct table *table, struct libscols_line *line,
			  const struct hindrance *hindrance)
{
	table_set(table, line, COL_NAME, hindrance->name);
	set_size(table, line, COL_SIZE, hindrance->bytes);
}

#define HINDRANCES 7

static void find_node_hindrances(struct hindrance *out, const struct node_users *users)
{
	const struct node *node = users->node;
	const struct hindrance all[HINDRANCES] = {
		{"[kernel]", node->kernel},	      {"[zone-normal]", users->zone_normal},
		{"[unmovable]", node->unmovable},     {"[cma]", node->cma},
		{"[pinned]", node->pinned},	      {"[mlocked]", node->mlocked},
		{"[hugetlb]", huge_pool_bytes(node)},
	};

	memcpy(out, all, sizeof(all));
}

#define CONTENTS 4

static void find_contents(struct hindrance *out, const struct contents *contents)
{
	const struct hindrance all[CONTENTS] = {
		{"[movable]", contents->movable},
		{"[hugetlb]", contents->hugetlb},
		{"[kernel]", contents->kernel},
		{"[held]", contents->held},
	};

	memcpy(out, all, sizeof(all));
}

/* Somebody may be there whom nobody could see. */
static void set_unseen(struct table *table, struct libscols_line *line)
{
	static const size_t unseen[] = {COL_PID, COL_USER, COL_NAME, COL_UNIT, COL_SIZE};

	for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
		table_set(table, line, unseen[i], UNSEEN);
	table_set(table, line, COL_HOW, "unseen");
}

/* ---- a line for each use ---- */

static struct libscols_line *line_of(struct table *table, const char *object)
{
	struct libscols_line *line = table_line(table, NULL);

	table_set(table, line, COL_OBJECT, object);
	return line;
}

static void add_device_lines(const struct host *host, const struct device_users *device,
			     struct table *table)
{
	const struct dax_view *view = device->view;
	struct hindrance contents[CONTENTS];

	list_each_pointer(user, &device->users)
		set_user_of_device(table, line_of(table, view->dax->name), host, user);
	list_each_pointer(mount, &view->mounts)
		set_mount(table, line_of(table, view->dax->name), mount);
	if (device->unseen)
		set_unseen(table, line_of(table, view->dax->name));
	if (!view->contents)
		return;
	find_contents(contents, view->contents);
	for (size_t i = 0; i < CONTENTS; i++)
		if (contents[i].bytes)
			set_hindrance(table, line_of(table, view->dax->name), &contents[i]);
}

static void add_node_lines(const struct host *host, const struct node_users *users,
			   struct table *table)
{
	struct hindrance hindrances[HINDRANCES];
	char name[16];

	snprintf(name, sizeof(name), "node%d", users->node->number);
	set_node(table, line_of(table, name), users->node);
	find_node_hindrances(hindrances, users);
	for (size_t i = 0; i < HINDRANCES; i++)
		if (hindrances[i].bytes)
			set_hindrance(table, line_of(table, name), &hindrances[i]);
	list_each_pointer(group, &users->groups)
		if (group_bytes(group))
			set_group(table, line_of(table, name), group);
	list_each_pointer(usage, &users->usages)
		set_usage(table, line_of(table, name), host, usage);
	if (users->unseen)
		set_unseen(table, line_of(table, name));
}

void users_add_lines(const struct selection *selection, struct table *table)
{
	list_each(device, &selection->devices)
		add_device_lines(selection->host, device, table);
	list_each(node, &selection->nodes)
		add_node_lines(selection->host, node, table);
}

/* ---- a tree: device or node, unit or control groups, process ---- */

/* Lines below one device or node, by the names of units or the paths of groups. */
struct branches {
	struct table *table;
	struct libscols_line *root;
	struct lh_table *lines;
};

static void branches_open(struct branches *branches, struct table *table, const char *root)
{
	branches->table = table;
	branches->root = table_line(table, NULL);
	branches->lines = lh_kchar_table_new(64, NULL);
	table_set(table, branches->root, COL_OBJECT, root);
}

static void branches_close(struct branches *branches)
{
	lh_table_free(branches->lines);
}
#define cleanup_branches __attribute__((cleanup(branches_close)))

static struct libscols_line *branch(struct table *table, struct libscols_line *above,
				    const char *object)
{
	struct libscols_line *line = table_line(table, above);

	table_set(table, line, COL_OBJECT, object);
	return line;
}

/* The line of the process's unit; what is in none hangs below the device or node itself. */
static struct libscols_line *unit_branch(struct branches *branches, const struct process *process)
{
	const char *unit = unit_of(process);
	void *line = branches->root;

	if (strcmp(unit, UNSEEN) == 0 || lh_table_lookup_ex(branches->lines, unit, &line))
		return line;
	line = branch(branches->table, branches->root, unit);
	lh_table_insert(branches->lines, unit, line);
	return line;
}

static void add_device_branch(const struct host *host, const struct device_users *device,
			      struct table *table)
{
	const struct dax_view *view = device->view;
	cleanup_branches struct branches branches;
	struct hindrance contents[CONTENTS];

	branches_open(&branches, table, view->dax->name);
	table_set(table, branches.root, COL_HOW, dax_mode_names[view->dax->mode]);
	list_each_pointer(user, &device->users) {
		const struct process *process = find_process(host, user->pid);

		set_user_of_device(table,
				   branch(table, unit_branch(&branches, process), name_of(process)),
				   host, user);
	}
	list_each_pointer(mount, &view->mounts)
		set_mount(table, branch(table, branches.root, mount->path ? mount->path : UNSEEN),
			  mount);
	if (device->unseen)
		set_unseen(table, branch(table, branches.root, UNSEEN));
	if (!view->contents)
		return;
	find_contents(contents, view->contents);
	for (size_t i = 0; i < CONTENTS; i++)
		if (contents[i].bytes)
			set_hindrance(table, branch(table, branches.root, contents[i].name),
				      &contents[i]);
}

/* A control group and its line, which is added when something hangs below it. */
struct group_branch {
	const struct group *group;
	struct libscols_line *line;
};

/* The group above a path that is one of those we know; NULL if there is none. */
static struct group_branch *group_above(const struct branches *branches, const char *path)
{
	cleanup_free char *above = xstrdup(path);
	void *found = NULL;
	char *slash;

	while ((slash = strrchr(above, '/')) && strcmp(above, "/") != 0) {
		slash[slash == above] = '\0';
		if (lh_table_lookup_ex(branches->lines, above, &found))
			return found;
	}
	return NULL;
}

static struct libscols_line *group_line(const struct branches *branches, struct group_branch *group)
{
	const char *path = group->group->path, *label = path;
	struct group_branch *above;

	if (group->line)
		return group->line;
	above = group_above(branches, path);
	if (above) {
		label += strlen(above->group->path);
		label += *label == '/';
	}
	group->line = branch(branches->table, above ? group_line(branches, above) : branches->root,
			     label);
	set_group(branches->table, group->line, group->group);
	return group->line;
}

static struct libscols_line *process_branch(struct branches *branches,
					    const struct process *process)
{
	void *group = NULL;

	if (process->cgroup && !lh_table_lookup_ex(branches->lines, process->cgroup, &group))
		group = group_above(branches, process->cgroup);
	return group ? group_line(branches, group) : unit_branch(branches, process);
}

static void add_group_branches(const struct host *host, const struct node_users *users,
			       struct branches *branches)
{
	cleanup_free struct group_branch *groups =
		xcalloc(users->groups.count + 1, sizeof(*groups));

	for (size_t i = 0; i < users->groups.count; i++) {
		groups[i].group = users->groups.items[i];
		lh_table_insert(branches->lines, groups[i].group->path, &groups[i]);
	}
	for (size_t i = 0; i < users->groups.count; i++)
		if (group_bytes(groups[i].group))
			group_line(branches, &groups[i]);
	list_each_pointer(usage, &users->usages) {
		const struct process *process = find_process(host, usage->pid);

		set_usage(branches->table,
			  branch(branches->table, process_branch(branches, process),
				 name_of(process)),
			  host, usage);
	}
}

static void add_node_branch(const struct host *host, const struct node_users *users,
			    struct table *table)
{
	struct hindrance hindrances[HINDRANCES];
	cleanup_branches struct branches branches;
	char name[16];

	snprintf(name, sizeof(name), "node%d", users->node->number);
	branches_open(&branches, table, name);
	set_node(table, branches.root, users->node);
	find_node_hindrances(hindrances, users);
	for (size_t i = 0; i < HINDRANCES; i++)
		if (hindrances[i].bytes)
			set_hindrance(table, branch(table, branches.root, hindrances[i].name),
				      &hindrances[i]);
	add_group_branches(host, users, &branches);
	if (users->unseen)
		set_unseen(table, branch(table, branches.root, UNSEEN));
}

void users_add_tree(const struct selection *selection, struct table *table)
{
	list_each(device, &selection->devices)
		add_device_branch(selection->host, device, table);
	list_each(node, &selection->nodes)
		add_node_branch(selection->host, node, table);
}
