/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which udev rules would act on a memory block or a dax device that a recovery brings back.
 *
 * Each file is read as udev(7) has it, for the event of such a device being added. What a rule asks
 * that is not known here (what a program says, a variable) is taken as possibly so.
 */
#include "collect/collect.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/util.h"

/* In this order of precedence a file hides those of the same name (systemd's RULES_DIRS). */
static const char *const directories[] = {
	"/etc/udev/rules.d",	 "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
	"/usr/lib/udev/rules.d", "/lib/udev/rules.d",
};

/* ---- daxctl's configuration, without which its rule does nothing ---- */

/* "[reconfigure-device name]" begins a section in which "nvdimm.uuid" says what it is for. */
static bool config_acts(const struct sys *sys, const char *name)
{
	cleanup_stream FILE *file = sys_open(sys, "/etc/daxctl.conf.d/%s", name);
	static const char section[] = "[reconfigure-device";
	cleanup_free char *line = NULL;
	bool inside = false;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		const char *text = line + strspn(line, " \t");

		if (text[0] == '[')
			inside = strncasecmp(text, section, strlen(section)) == 0;
		else if (inside && strncasecmp(text, "nvdimm.uuid", strlen("nvdimm.uuid")) == 0)
			return true;
	}
	return false;
}

static bool daxctl_is_configured(const struct sys *sys)
{
	cleanup_names struct names files = {0};

	if (sys_list(sys, &files, NULL, "/etc/daxctl.conf.d"))
		return false;
	for (size_t i = 0; i < files.count; i++) {
		const char *ending = strrchr(files.items[i], '.');

		if (ending && strcmp(ending, ".conf") == 0 && config_acts(sys, files.items[i]))
			return true;
	}
	return false;
}

/* ---- a rule: KEY{attribute}=="value", ... ---- */

enum op { OP_MATCH, OP_NO_MATCH, OP_ASSIGN, OP_REMOVE };

struct token {
	const char *key, *attribute, *value; /* the attribute is empty if there is none */
	enum op op;
};

struct rule {
	char *text; /* what the tokens point into */
	LIST(struct token) tokens;
};

struct rules {
	struct rule *items;
	size_t count;
};

static void rules_free(struct rules *rules)
{
	list_each(rule, rules) {
		free(rule->text);
		free(rule->tokens.items);
	}
	free(rules->items);
}

static bool take(char **at, const char *text)
{
	if (!starts_with(*at, text))
		return false;
	*at += strlen(text);
	return true;
}

static bool take_op(char **at, enum op *op)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {
		{"==", OP_MATCH},  {"!=", OP_NO_MATCH}, {"+=", OP_ASSIGN},
		{"-=", OP_REMOVE}, {":=", OP_ASSIGN},	{"=", OP_ASSIGN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (take(at, ops[i].text)) {
			*op = ops[i].op;
			return true;
		}
	return false;
}

/* "value", in which \" is a quote; there are e"value" and i"value" as well. Cut out in place. */
static const char *take_value(char **at)
{
	char *begin, *out;

	*at += strspn(*at, "ei");
	if (!take(at, "\""))
		return NULL;
	begin = out = *at;
	for (; **at != '"'; (*at)++) {
		if (**at == '\\' && (*at)[1] == '"')
			(*at)++;
		if (!**at)
			return NULL;
		*out++ = **at;
	}
	(*at)++;
	*out = '\0';
	return begin;
}

/* False at the end, where the key is empty, and at what is no token. */
static bool next_token(char **at, struct token *token)
{
	char *end;

	*at += strspn(*at, ", \t");
	token->key = *at;
	token->attribute = "";
	*at += strcspn(*at, "{=!+-: \t");
	end = *at;
	if (take(at, "{")) {
		token->attribute = *at;
		*at += strcspn(*at, "}");
		if (!**at)
			return false;
		*(*at)++ = '\0';
	}
	*at += strspn(*at, " \t");
	if (end == token->key || !take_op(at, &token->op))
		return false;
	*end = '\0';
	*at += strspn(*at, " \t");
	token->value = take_value(at);
	return token->value;
}

/* Takes over @text. Like udev, leave out the whole line if there is an error in it. */
static void add_rule(struct rules *rules, char *text)
{
	struct rule *rule = list_add(rules);
	struct token token;
	char *at = text;

	rule->text = text;
	while (next_token(&at, &token))
		*list_add(&rule->tokens) = token;
	if (token.key[0])
		rule->tokens.count = 0;
}

/* Put @more behind @text, which may be NULL. */
static char *append(char *text, const char *more)
{
	size_t length = text ? strlen(text) : 0;

	text = xrealloc(text, length + strlen(more) + 1);
	strcpy(text + length, more);
	return text;
}

/* A line that ends with a backslash goes on in the next one; comments may stand between. */
static void read_rules(const struct sys *sys, const char *path, struct rules *rules)
{
	cleanup_stream FILE *file = sys_open(sys, "%s", path);
	cleanup_free char *line = NULL;
	char *text = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0) {
		const char *begin = line + strspn(line, " \t");
		size_t length = strcspn(line, "\n");
		bool goes_on = length && line[length - 1] == '\\';

		line[goes_on ? length - 1 : length] = '\0';
		if (begin[0] == '#')
			continue;
		text = append(text, begin);
		if (goes_on)
			continue;
		add_rule(rules, text);
		text = NULL;
	}
	if (text)
		add_rule(rules, text);
}

/* ---- the event ---- */

/* What rules ask about a device that is being added. NULL: possibly so. */
struct event {
	const char *subsystem, *kernel, *devpath, *state, *online;
	bool (*acts)(const struct sys *sys, const struct token *token);
};

static bool is(const struct token *token, const char *key, const char *attribute)
{
	return strcmp(token->key, key) == 0 && strcmp(token->attribute, attribute) == 0;
}

static bool has_alternative(const char *patterns, const char *value)
{
	cleanup_free char *copy = xstrdup(patterns);
	char *rest = copy, *pattern;

	while ((pattern = strsep(&rest, "|")))
		if (fnmatch(pattern, value, 0) == 0)
			return true;
	return false;
}

enum answer { NO, MAYBE, YES };

static enum answer compare(const struct token *token, const char *value)
{
	if (!value)
		return MAYBE;
	return has_alternative(token->value, value) == (token->op == OP_MATCH) ? YES : NO;
}

/* ATTR{[dmi/id]sys_vendor}: rules for guests of some hypervisor ask for it. */
static enum answer compare_dmi(const struct sys *sys, const struct token *token)
{
	const char *name = token->attribute + strlen("[dmi/id]");
	char value[256];

	name += strspn(name, "/");
	if (strchr(name, '/'))
		return MAYBE;
	if (sys_read(sys, value, sizeof(value), "/sys/class/dmi/id/%s", name))
		return NO;
	return compare(token, value);
}

static enum answer matches(const struct sys *sys, const struct event *event,
			   const struct token *token)
{
	if (token->op != OP_MATCH && token->op != OP_NO_MATCH) /* these are questions as well */
		return is(token, "PROGRAM", "") || strcmp(token->key, "IMPORT") == 0 ? MAYBE : YES;
	if (is(token, "ACTION", ""))
		return compare(token, "add");
	if (is(token, "SUBSYSTEM", ""))
		return compare(token, event->subsystem);
	if (is(token, "KERNEL", ""))
		return compare(token, event->kernel);
	if (is(token, "DEVPATH", ""))
		return compare(token, event->devpath);
	if (is(token, "ATTR", "state"))
		return compare(token, event->state);
	if (is(token, "ATTR", "online"))
		return compare(token, event->online);
	if (strcmp(token->key, "ATTR") == 0 && starts_with(token->attribute, "[dmi/id]"))
		return compare_dmi(sys, token);
	return MAYBE;
}

static enum answer rule_matches(const struct sys *sys, const struct event *event,
				const struct rule *rule)
{
	enum answer all = YES;

	list_each(token, &rule->tokens) {
		enum answer one = matches(sys, event, token);

		if (one < all)
			all = one;
	}
	return all;
}

static bool rule_acts(const struct sys *sys, const struct event *event, const struct rule *rule)
{
	list_each(token, &rule->tokens)
		if (event->acts(sys, token))
			return true;
	return false;
}

static const char *value_of(const struct rule *rule, const char *key)
{
	list_each(token, &rule->tokens)
		if (is(token, key, "") && token->op == OP_ASSIGN)
			return token->value;
	return NULL;
}

/* Where rule @from goes if it matches; it only goes forward. 0: to the next one. */
static size_t target_of(const struct rules *rules, size_t from)
{
	const char *wanted = value_of(&rules->items[from], "GOTO");

	for (size_t i = from + 1; wanted && i < rules->count; i++) {
		const char *label = value_of(&rules->items[i], "LABEL");

		if (label && strcmp(label, wanted) == 0)
			return i;
	}
	return 0;
}

static bool rules_act(const struct sys *sys, const struct rules *rules, const struct event *event)
{
	cleanup_free bool *jumped_to = xcalloc(rules->count + 1, sizeof(bool));
	bool reached = true;

	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		enum answer answer;
		size_t target;

		reached |= jumped_to[i];
		answer = reached ? rule_matches(sys, event, rule) : NO;
		if (answer == NO)
			continue;
		if (rule_acts(sys, event, rule))
			return true;
		target = target_of(rules, i);
		jumped_to[target] |= target > 0;
		reached = answer == MAYBE || !target;
	}
	return false;
}

/* ---- what counts as acting ---- */

/* Starts a program or a unit. */
static bool starts(const struct token *token)
{
	return token->op == OP_ASSIGN &&
	       (strcmp(token->key, "RUN") == 0 || is(token, "ENV", "SYSTEMD_WANTS"));
}

/* It may well name auto_online_blocks, to turn that off. */
static bool says_online(const char *text)
{
	for (const char *at = text; (at = strstr(at, "online")); at++)
		if (at == text || at[-1] != '_')
			return true;
	return strstr(text, "chmem");
}

static bool is_substituted(const char *value)
{
	return value[strcspn(value, "$%")];
}

static bool onlines_memory(const struct sys *sys, const struct token *token)
{
	(void)sys;
	if (token->op == OP_ASSIGN && is(token, "ATTR", "state"))
		return starts_with(token->value, "online") || is_substituted(token->value);
	if (token->op == OP_ASSIGN && is(token, "ATTR", "online"))
		return strcmp(token->value, "1") == 0 || is_substituted(token->value);
	return starts(token) && says_online(token->value);
}

/*
 * ndctl's 90-daxctl-device.rules starts daxdev-reconfigure@.service for every dax device (where it
 * was built without systemd: daxctl -C), which looks for the device in daxctl's configuration.
 */
static bool changes_dax(const struct sys *sys, const struct token *token)
{
	if (strstr(token->value, "daxdev-reconfigure@"))
		return daxctl_is_configured(sys);
	if (!starts(token))
		return false;
	if (strstr(token->value, "daxctl"))
		return !(strstr(token->value, " -C") || strstr(token->value, "--check-config")) ||
		       daxctl_is_configured(sys);
	return strstr(token->value, "/sys/bus/dax/");
}

/* A new block is offline unless the kernel onlined it by itself. */
static const struct event events[] = {
	{
		.subsystem = "memory",
		.kernel = "memory0",
		.devpath = "/devices/system/memory/memory0",
		.state = "offline",
		.online = "0",
		.acts = onlines_memory,
	},
	{
		.subsystem = "dax",
		.kernel = "dax0.0",
		.acts = changes_dax,
	},
};

/* ---- the files ---- */

static void read_file(const struct sys *sys, struct host *host, const char *path)
{
	__attribute__((cleanup(rules_free))) struct rules rules = {0};

	read_rules(sys, path, &rules);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		struct udev_rule *rule;

		if (!rules_act(sys, &rules, &events[i]))
			continue;
		rule = list_add(&host->system.udev_rules);
		copy_text(rule->path, sizeof(rule->path), path);
		make_printable(rule->path);
		copy_text(rule->subsystem, sizeof(rule->subsystem), events[i].subsystem);
	}
}

/* A link to /dev/null hides as well, and is no file to be read. */
static bool is_hidden(const struct sys *sys, size_t directory, const char *name)
{
	for (size_t i = 0; i < directory; i++)
		if (sys_exists(sys, "%s/%s", directories[i], name))
			return true;
	return false;
}

static void read_directory(const struct sys *sys, struct host *host, size_t directory)
{
	cleanup_names struct names files = {0};

	if (sys_list(sys, &files, NULL, "%s", directories[directory]))
		return;
	for (size_t i = 0; i < files.count; i++) {
		const char *ending = strrchr(files.items[i], '.');
		char path[PATH_MAX];

		if (!ending || strcmp(ending, ".rules") != 0 ||
		    is_hidden(sys, directory, files.items[i]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", directories[directory], files.items[i]);
		read_file(sys, host, path);
	}
}

/* Never fails: a host without udev has no such directories, and others may be closed to us. */
int collect_udev_rules(const struct sys *sys, struct host *host, struct error *err)
{
	(void)err;
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		read_directory(sys, host, i);
	return 0;
}
