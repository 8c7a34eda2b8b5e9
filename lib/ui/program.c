/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Start-up: which command, which options, what may be completed. */
#include "ui/ui.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "sys/util.h"
#include "ui/object.h"

static void free_context(poptContext *context)
{
	poptFreeContext(*context);
}

static void list_commands(const struct program *program, FILE *out)
{
	fprintf(out, "Usage: %s COMMAND [OPTION...] [ARGUMENT...]\n%s\n\nCommands:\n",
		program->name, program->summary);
	for (const struct command *const *command = program->commands; *command; command++)
		fprintf(out, "  %-18s %s\n", (*command)->name, (*command)->summary);
	fprintf(out,
		"\n  --help             show this list; with a command, its options\n"
		"  --version          show the version\n"
		"\nSee %s(1) and %s-COMMAND(1).\n",
		program->name, program->name);
}

static const struct command *find_command(const struct program *program, const char *name)
{
	for (const struct command *const *command = program->commands; *command; command++)
		if (strcmp((*command)->name, name) == 0)
			return *command;
	return NULL;
}

static int unknown_command(const struct program *program, const char *name)
{
	struct error err = {0};

	fail(&err, -EINVAL, "\"%s\" is no command of %s", name, program->name);
	hint(&err, "%s --help lists them", program->name);
	return ui_fail(STATUS_USAGE, &err);
}

static void list_columns(const struct command *command)
{
	if (command->columns)
		printf("\nColumns:\n");
	for (size_t i = 0; i < command->column_count; i++)
		printf("  %-12s %s\n", command->columns[i].name, command->columns[i].help);
}

static int bad_option(poptContext context, int rc)
{
	struct error err = {0};

	fail(&err, -EINVAL, "%s: %s", poptBadOption(context, POPT_BADOPTION_NOALIAS),
	     poptStrerror(rc));
	hint(&err, rc == POPT_ERROR_BADOPT ? "options may not be abbreviated; --help lists them"
					   : "--help says what it takes");
	return ui_fail(STATUS_USAGE, &err);
}

/* An option that is wrong must be reported as JSON as well, if JSON was asked for. */
static bool asks_for_json(int argc, const char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "-j") == 0)
			return true;
	return false;
}

static int run_command(const struct program *program, const struct command *command, int argc,
		       const char **argv)
{
	__attribute__((cleanup(free_context))) poptContext context = NULL;
	static const char *const none[] = {NULL};
	const char *const *arguments;
	char name[128];
	int rc;

	for (int i = 1; command->takes_command && i < argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			ui_command = argv + i + 1;
			argc = i;
		}
	snprintf(name, sizeof(name), "%s %s", program->name, command->name);
	argv[0] = name;
	context = poptGetContext(name, argc, argv, command->options, 0);
	poptSetOtherOptionHelp(context, command->arguments[0] ? command->arguments : "[OPTION...]");
	while ((rc = poptGetNextOpt(context)) > 0) {
		if (rc != 'h')
			continue;
		printf("%s %s - %s\n", program->name, command->name, command->summary);
		poptPrintHelp(context, stdout, 0);
		list_columns(command);
		printf("\nSee %s-%s(1).\n", program->name, command->name);
		return STATUS_DONE;
	}
	if (rc < -1)
		return bad_option(context, rc);
	arguments = (const char *const *)poptGetArgs(context);
	return command->run(arguments ? arguments : none);
}

static void complete_option(const char *dashes, const char *name, const char *argument)
{
	printf("%s%s%s%s\n", dashes, name, argument ? " " : "", argument ? argument : "");
}

static void complete_options(const struct poptOption *option)
{
	for (; option->longName || option->shortName || option->arg; option++) {
		const char letter[] = {option->shortName, '\0'};

		if ((option->argInfo & POPT_ARG_MASK) == POPT_ARG_INCLUDE_TABLE) {
			complete_options(option->arg);
			continue;
		}
		if (option->longName)
			complete_option("--", option->longName, option->argDescrip);
		if (option->shortName)
			complete_option("-", letter, option->argDescrip);
	}
}

static void complete_columns(const struct program *program)
{
	for (const struct command *const *each = program->commands; *each; each++)
		for (size_t i = 0; i < (*each)->column_count; i++)
			puts((*each)->columns[i].name);
}

/* Words that the commands know by themselves. What commands share may come twice: bash does not mind. */
static void complete_choices(const struct program *program, const char *name,
			     const char *const *objects)
{
	for (const struct command *const *each = program->commands; *each; each++)
		for (const struct choice *choice = (*each)->choices; choice && choice->name;
		     choice++) {
			if (strcmp(choice->name, name) != 0)
				continue;
			if (choice->print)
				choice->print(objects);
			for (const char *const *word = choice->words; word && *word; word++)
				puts(*word);
		}
	if (strcmp(name, "COLUMNS") == 0)
		complete_columns(program);
}

/*
 * What bash completion asks: "complete" lists the commands, "complete COMMAND" its options, each
 * with the name of its argument, and "= NAME" for its arguments; "complete = NAME [OBJECT...]"
 * lists what such a name may stand for, when these objects were named already.
 */
static int complete(const struct program *program, int argc, const char **argv)
{
	const struct command *command;

	if (argc >= 4 && strcmp(argv[2], "=") == 0) {
		complete_choices(program, argv[3], argv + 4);
		return complete_objects(argv[3]);
	}
	if (argc == 2) {
		for (const struct command *const *each = program->commands; *each; each++)
			puts((*each)->name);
		puts("--help\n--version");
		return STATUS_DONE;
	}
	command = find_command(program, argv[2]);
	if (!command)
		return STATUS_USAGE;
	complete_options(command->options);
	if (command->arguments[0])
		printf("= %s\n", command->arguments);
	return STATUS_DONE;
}

static int run_program(const struct program *program, int argc, const char **argv)
{
	const struct command *command;

	ui_json = asks_for_json(argc, argv);
	if (argc < 2) {
		list_commands(program, stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		list_commands(program, stdout);
		return STATUS_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("%s %s\n", program->name, PROJECT_VERSION);
		return STATUS_DONE;
	}
	if (strcmp(argv[1], "complete") == 0)
		return complete(program, argc, argv);
	command = find_command(program, argv[1]);
	if (!command)
		return unknown_command(program, argv[1]);
	return run_command(program, command, argc - 1, argv + 1);
}

/* What could not be written was not said: a script must not take that for success. */
int program_main(const struct program *program, int argc, const char **argv)
{
	int status = run_program(program, argc, argv);

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "%s: cannot write to standard output: %s\n", program->name,
		strerror(errno));
	return status ? status : STATUS_FAILED;
}
