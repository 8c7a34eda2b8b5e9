/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What list-users shows: the dax devices and nodes that were asked for, in the order of the picture,
 * with their users, the largest first.
 */
#ifndef DAXCTL_EXT_SELECTION_H
#define DAXCTL_EXT_SELECTION_H

#include "model/survey.h"

struct device_users {
	const struct dax_view *view;
	LIST(const struct user *) users;
	bool unseen; /* there may be more */
};

struct node_users {
	const struct node *node;
	uint64_t online;      /* bytes of the devices asked for that are System RAM of the node */
	uint64_t zone_normal; /* of these, in a zone that holds kernel memory too */
	LIST(const struct group *) groups;
	LIST(const struct usage *) usages;
	bool unseen;
};

struct selection {
	const struct host *host;
	bool complete;	 /* nothing below is unseen */
	bool other_node; /* there is one that has no memory of ours: nobody looked at it */
	LIST(struct device_users) devices;
	LIST(struct node_users) nodes;
};

/* Whether each dax device and each node of a picture was asked for. */
struct chosen {
	bool *devices, *nodes;
	bool any_node;
};

/* What the words stand for; all there is if there are none. A node is asked for by its name, or as
 * that of a device's System RAM. */
int chosen_find(const struct survey *survey, const char *const *words, struct chosen *chosen,
		struct error *err);
void chosen_free(struct chosen *chosen);
#define cleanup_chosen __attribute__((cleanup(chosen_free)))

/* The picture may have got users, but no devices and nodes, since @chosen was made. */
void selection_make(const struct survey *survey, const struct chosen *chosen,
		    struct selection *selection);
void selection_free(struct selection *selection);
#define cleanup_selection __attribute__((cleanup(selection_free)))

/* Sums for which no figure in a capture is too large. */
uint64_t usage_bytes(const struct usage *usage);
uint64_t group_bytes(const struct group *group);

#endif
