/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Set all ports as a file says: the register is 0 after every platform reset. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "policy/settings.h"
#include "policy/settings_text.h"
#include "settings.h"
#include "sys/util.h"

#define DEFAULT_FILE "/etc/cxl-iso/settings"

static LIST(struct settings_line) lines;

static int read_lines(FILE *file, const char *name, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t size = 0;

	for (unsigned int number = 1; getline(&text, &size, file) > 0; number++) {
		struct settings_line line;
		struct error wrong = {0};

		if (settings_parse(text, &line, &wrong))
			return fail(err, -EINVAL, "%s line %u: %s", name, number, wrong.text);
		if (!line.address[0])
			continue;
		/* As list --settings writes it: the line has to be found again by it. */
		if (!is_pci_address(line.address))
			return fail(err, -EINVAL,
				    "%s line %u: expected a whole PCI address, not %s", name,
				    number, line.address);
		list_each(other, &lines)
			if (strcmp(other->address, line.address) == 0)
				return fail(err, -EINVAL, "%s line %u: %s is there twice", name,
					    number, line.address);
		*list_add(&lines) = line;
	}
	return ferror(file) ? fail_errno(err, -EIO, "cannot read %s", name) : 0;
}

static int read_file(const char *name, struct error *err)
{
	cleanup_stream FILE *file = NULL;

	if (strcmp(name, "-") == 0)
		return read_lines(stdin, "standard input", err);
	file = fopen(name, "re");
	if (!file) {
		int rc = fail_errno(err, -errno, "cannot open %s", name);

		hint(err, "cxl-iso list --settings writes one");
		return rc;
	}
	return read_lines(file, name, err);
}

static int plan_one(const struct host *host, const struct root_port *port,
		    const struct consent *consent, struct findings *findings, struct plan *plan,
		    struct error *err)
{
	struct setting setting = {.port = port};

	(void)err;
	list_each(line, &lines)
		if (strcmp(line->address, port->address) == 0) {
			setting.mask = line->mask;
			setting.value = line->value;
		}
	assess_setting(host, &setting, consent, findings);
	plan_setting(&setting, plan);
	return 0;
}

static int apply(void)
{
	cleanup_free const char **words = xcalloc(lines.count + 1, sizeof(*words));
	size_t count = 0;

	list_each(line, &lines)
		words[count++] = line->address;
	return settings_run_known("apply", words, plan_one);
}

static int run(const char *const *arguments)
{
	struct error err = {0};
	int status;

	if (arguments[0] && arguments[1]) {
		fail(&err, -EINVAL, "only one FILE, please");
		return ui_fail(STATUS_USAGE, &err);
	}
	if (read_file(arguments[0] ? arguments[0] : DEFAULT_FILE, &err))
		return ui_fail(STATUS_USAGE, &err);
	status = apply();
	free(lines.items);
	return status;
}

const struct command command_apply = {
	.name = "apply",
	.summary = "set ports as a file of settings says",
	.arguments = "[FILE]",
	.options = (const struct poptOption[]){SETTINGS_OPTIONS, UI_OPTIONS},
	.run = run,
};
