/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The blast radius of a root port: everything that goes when the port goes, by name and size.
 * What it costs grows with what is below the port, not with the picture.
 */
#ifndef POLICY_RADIUS_H
#define POLICY_RADIUS_H

#include "model/survey.h"
#include "policy/findings.h"

struct radius_name {
	char name[NAME_SIZE];
};

struct radius_memdev {
	char name[NAME_SIZE];
	uint64_t serial;
	char address[NAME_SIZE];
	uint64_t size;
};

/* A PCI function that is no memory device of Linux: a network adapter, a port of a switch. */
struct radius_function {
	char address[NAME_SIZE];
	char driver[NAME_SIZE];
};

struct radius_region {
	char name[NAME_SIZE];
	char mode[32];
	uint64_t size;
	LIST(struct radius_name) other_ports; /* root ports that it interleaves over as well */
};

struct radius_dax {
	char name[NAME_SIZE];
	char region[NAME_SIZE];
	int mode; /* enum dax_mode */
	uint64_t size;
	uint64_t online; /* as System RAM */
	uint64_t
		processes; /* that hold or map it; UNKNOWN if none was seen, but not all could be */
};

struct radius_node {
	int number;
	uint64_t total;
	uint64_t online;    /* as System RAM, below the port */
	uint64_t processes; /* with memory on the node; UNKNOWN likewise */
	uint64_t guests;    /* virtual machines among them; node_guests() names them */
};

/* The virtual machines with memory on a node. Ports that share a node share them all. */
struct node_guests {
	int number;
	LIST(struct radius_name) guests;
};

/* Extents of dynamic capacity that a device has accepted under one tag. */
struct tag_use {
	char device[NAME_SIZE]; /* memdev, or its PCI address */
	char tag[40];		/* "" for those that have none */
	uint64_t extents;
	uint64_t size;
	LIST(struct radius_name) regions; /* that they are part of, as far as Linux says */
	LIST(struct radius_name) dax_devices;
};

/* Of one device, the untagged ones last. */
struct tag_uses {
	LIST(struct tag_use) list;
	uint64_t size;
};

struct radius_mount {
	char source[NAME_SIZE];
	char type[32];
	char *path;
};

struct radius {
	uint64_t capacity;	 /* of the memory devices */
	uint64_t in_regions;	 /* of that */
	uint64_t without_region; /* the rest */
	uint64_t online;	 /* as System RAM, in all of the regions: behind other ports, too */
	LIST(struct radius_memdev) memdevs;
	LIST(struct radius_function) switches;
	LIST(struct radius_function) functions;
	LIST(struct radius_region) regions;
	LIST(struct radius_dax) dax_devices;
	LIST(struct radius_name) namespaces;
	LIST(struct tag_use) extents;
	uint64_t dynamic; /* bytes of these; the capacity does not count them */
	LIST(struct radius_node) nodes;
	LIST(struct radius_mount) mounts; /* on the dax devices */
	uint64_t processes; /* that hold or map one of the dax devices; UNKNOWN likewise */
	LIST(struct radius_name) guests; /* among these, and with memory on the nodes */
	bool users_complete;		 /* everybody who uses any of it was seen */
};

/* Fill zeroed @uses. */
void tag_uses_of(const struct dc_device *device, struct tag_uses *uses);
void tag_uses_free(struct tag_uses *uses);
#define cleanup_tag_uses __attribute__((cleanup(tag_uses_free)))

/* What findings say is lost. */
struct loss {
	char object[NAME_SIZE];
	uint64_t size;
};

struct losses {
	LIST(struct loss) list;
};

extern const struct record radius_record, node_guests_record, losses_record;

/* Fill zeroed @radius. */
void radius_of(const struct survey *survey, const struct root_port *port, struct radius *radius);
void radius_free(struct radius *radius);
#define cleanup_radius __attribute__((cleanup(radius_free)))

/* Fill zeroed @guests. */
void node_guests(const struct survey *survey, int node, struct node_guests *guests);
void node_guests_free(struct node_guests *guests);
#define cleanup_node_guests __attribute__((cleanup(node_guests_free)))

/* Fill zeroed @losses: each object that loses data, once. */
void losses_of(const struct survey *survey, const struct findings *findings, struct losses *losses);
void losses_free(struct losses *losses);
#define cleanup_losses __attribute__((cleanup(losses_free)))

#endif
