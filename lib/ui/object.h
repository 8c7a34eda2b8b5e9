/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects as users name them: a PCI address with or without its domain, mem1, serial:0x1234,
 * region0, dax0.0, node1. Exact words only; what is absent or ambiguous is an error that lists what
 * there is.
 */
#ifndef UI_OBJECT_H
#define UI_OBJECT_H

#include "model/survey.h"

enum object_kind {
	OBJECT_ROOT_PORT,
	OBJECT_FUNCTION, /* below a root port, and no memory device Linux knows */
	OBJECT_MEMDEV,
	OBJECT_REGION,
	OBJECT_DAX,
	OBJECT_NODE,
};

struct object {
	enum object_kind kind;
	char name[NAME_SIZE]; /* the full PCI address, or the kernel's name */
};

/* -ENOENT or -ENOTUNIQ with a text and a hint. */
int object_find(const struct host *host, const char *word, struct object *object,
		struct error *err);

/* The same for commands that take nothing but root ports; anything else gets a text that says
 * what it is and which root port it hangs under. */
int object_find_port(const struct host *host, const char *word, const struct root_port **port,
		     struct error *err);

/*
 * The same for commands that take memory devices, also while they have no driver: the address of the
 * PCI function. Anything else is -EINVAL, with a text that says what it is.
 */
int object_find_memdev(const struct host *host, const char *word, char address[NAME_SIZE],
		       struct error *err);

/* The dax devices that an object has or is, in the order of the picture; each is given to @call. */
void object_each_dax(const struct survey *survey, const struct object *object,
		     void (*call)(void *context, const struct dax_view *view), void *context);

/*
 * All that the words, at least one, have of dax devices and namespaces, as survey_gather() has it: fill
 * in zeroed @what. An absent or ambiguous name is -ENOENT or -ENOTUNIQ; one that has neither, -ENXIO.
 */
int object_gather(const struct survey *survey, const char *const *words, struct below *what,
		  struct error *err);

/* Print the objects that may stand for an argument called @name, for completion. */
int complete_objects(const char *name);

#endif
