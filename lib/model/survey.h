/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What lies below each root port, found once for the whole picture: rules and plans for a thousand
 * ports would otherwise walk over everything a thousand times.
 *
 * A survey points into the host it was made of, which must not change while it is used.
 */
#ifndef MODEL_SURVEY_H
#define MODEL_SURVEY_H

#include "model/host.h"

/* A dax device and what the picture says about it. */
struct dax_view {
	const struct dax *dax;
	const struct region *region; /* NULL: memory that only firmware described */
	LIST(const struct user *) users;
	LIST(const struct mount *) mounts;
	const struct contents *contents; /* NULL: nobody looked */
};

/* A node and what the picture says about it. */
struct node_view {
	const struct node *node;
	LIST(const struct usage *) usages;
	LIST(const struct group *) groups;
	LIST(const struct process *) guests;  /* virtual machines with memory there */
	LIST(const struct process *) pinners; /* with memory there and a device that pins it */
};

/* How much of a node is System RAM below a port; never 0. */
struct share {
	const struct node_view *view;
	uint64_t online;
};

/* What is lost together with one root port, or was chosen; in the order of the picture. */
struct below {
	const struct root_port *port; /* NULL if it was chosen */
	LIST(const struct function *) functions;
	LIST(const struct memdev *) memdevs;
	LIST(const struct decoder *) decoders; /* of the memdevs' endpoints */
	LIST(const struct region *) regions;   /* with at least one target below */
	LIST(const struct dax_view *) dax;     /* on these regions */
	LIST(const struct namespace *) namespaces;
	LIST(const struct dc_device *) dc_devices;
	LIST(struct share) nodes;
	const struct neighbours *neighbours;
};

/* What goes through one host bridge. */
struct neighbours {
	const struct bridge *bridge;
	const struct port *port; /* the bridge's own; NULL while Linux has none */
	LIST(const struct region *) regions;
	LIST(const struct decoder *) decoders; /* of that port */
};

struct survey;

/* Never fails; free with survey_free(). */
struct survey *survey_new(const struct host *host);
void survey_free(struct survey **survey);
#define cleanup_survey __attribute__((cleanup(survey_free)))

const struct host *survey_host(const struct survey *survey);

/* @port is one of the host's. */
const struct below *survey_below(const struct survey *survey, const struct root_port *port);
/* So is @dax. */
const struct dax_view *survey_dax_view(const struct survey *survey, const struct dax *dax);

/* NULL if there is none of that name. */
const struct below *survey_find(const struct survey *survey, const char *root_port);
const struct dax_view *survey_dax(const struct survey *survey, const char *name);
const struct node_view *survey_node(const struct survey *survey, int number);
const struct region *survey_region(const struct survey *survey, const char *name);
/* Its region, if any, is of dynamic capacity. */
bool survey_decoder_is_dynamic(const struct survey *survey, const struct decoder *decoder);
const struct memdev *survey_memdev_at(const struct survey *survey, const char *address);

/*
 * What some dax devices and namespaces, pointers that zeroed @chosen has, amount to: fill in their
 * regions and nodes. Free with below_free().
 */
void survey_gather(const struct survey *survey, struct below *chosen);
void below_free(struct below *below);
#define cleanup_below __attribute__((cleanup(below_free)))

/* The memory blocks that overlap [start, start + size), as an array in the host's own list. */
const struct block *survey_blocks(const struct survey *survey, uint64_t start, uint64_t size,
				  size_t *count);

/*
 * Memory that is online behind the host bridge of @port though its device was taken away: the first
 * of its blocks, NULL if there is none. Nothing tells below which port it was, except that it was
 * none with a region. So it is that of all others.
 */
const struct block *survey_orphan(const struct survey *survey, const struct root_port *port);

/* Bytes of System RAM online in [start, start + size). */
uint64_t survey_online_bytes(const struct survey *survey, uint64_t start, uint64_t size);
/* The same in all mappings of a dax device. */
uint64_t survey_dax_online_bytes(const struct survey *survey, const struct dax *dax);

#endif
