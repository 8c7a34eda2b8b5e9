/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device with dynamic capacity answers, decoded: event records (CXL 3.1 8.2.9.2.1.6), pages
 * of its log (8.2.9.2.2), its configuration (8.2.9.9.9.1) and its list of extents (8.2.9.9.9.2).
 *
 * All of it comes from outside and is taken for nothing else: whatever the bytes are, decoding
 * reads no further than the size it is given, and says what is wrong.
 */
#ifndef EXTENTS_RECORD_H
#define EXTENTS_RECORD_H

#include "model/host.h"

#define EVENT_RECORD_SIZE 128
#define LOG_HEAD_SIZE	  32
#define DC_REGIONS_MAX	  8 /* CXL 3.1 9.13.3 */
#define TAG_SIZE	  16
#define TAG_TEXT_SIZE	  sizeof(((struct extent *)0)->tag)

/*
 * One event record. Whoever makes one of something else than 128 bytes begins with
 * event_record_init() and sets what the source tells.
 *
 * Not kept, as nothing of dynamic capacity depends on it: severity, maintenance class, related
 * handle, LD id, head id, and whatever is reserved.
 */
struct event_record {
	bool foreign;  /* of another kind than dynamic capacity: of such only handle is set */
	int event;     /* enum extent_event */
	int type;      /* the same as the record says it; -1 */
	int handle;    /* never 0 if the device keeps to the specification; -1 */
	int host;      /* id of the host it is for; -1 */
	int more;      /* the next record belongs to it: 0, 1; -1 if the source does not tell */
	int dc_region; /* that was updated, of EXTENT_REGION_UPDATED; else -1 */
	uint64_t timestamp; /* ns since 1970 by the device's clock; UNKNOWN while that is not set */
	uint64_t start;	    /* DPA */
	uint64_t size;
	uint8_t tag[TAG_SIZE]; /* all zero: none */
	uint64_t sequence;
	uint64_t extents_available, tags_available; /* UNKNOWN unless the record says them */
};

/* Nothing is known. */
void event_record_init(struct event_record *record);

/*
 * Never fails. A record that says that it is shorter than the fields of an extent need, or longer
 * than a record can be, is one of EXTENT_EVENT_UNKNOWN: what it means can not be known. So is one
 * of a type that is not defined. A timestamp of 0 is UNKNOWN (CXL 3.1 8.2.9.4.1).
 */
void event_record_decode(struct event_record *record, const uint8_t bytes[EVENT_RECORD_SIZE]);

/* The handle of the next record in the log: 0 is none (CXL 3.1 table 8-42). */
int handle_after(int handle);

/*
 * What it says of an extent, into a zeroed one. An update of a region has none: then the extent has
 * no size, and its dc_region is the one that was updated.
 */
void event_record_extent(const struct event_record *record, struct extent *extent);

/* One answer to Get Event Records; it points into the answer. */
struct log_page {
	bool overflow;			/* records were lost since the log was last cleared */
	bool goes_on;			/* the log has more records than these */
	unsigned int lost;		/* so many; 65535 stands for more as well */
	uint64_t first_lost, last_lost; /* when; ns since 1970, UNKNOWN */
	size_t count;
	const uint8_t *records; /* EVENT_RECORD_SIZE bytes each */
	size_t size; /* bytes of the answer that were used: what is behind is not looked at */
};

/* -EBADMSG if @answer has no room for its head or for as many records as that says. */
int log_page_decode(struct log_page *page, const void *answer, size_t size, struct error *err);

/*
 * One answer to Get Dynamic Capacity Configuration that was asked for regions from @first on.
 * Appends to the regions of @device, and sets what the answer tells of extents and tags. @total
 * becomes the number of regions that the device has: ask again while there are fewer. -EBADMSG
 * if the answer is too short for what it says, has more regions than there can be, or none of
 * those that it should have.
 */
int configuration_decode(struct dc_device *device, unsigned int *total, unsigned int first,
			 const void *answer, size_t size, struct error *err);

/* The head of an answer to Get Dynamic Capacity Extent List. */
struct extent_page {
	uint32_t count; /* of extents in this answer */
	uint32_t total; /* that the list has */
	uint32_t generation;
};

/*
 * One such answer: appends its extents to those that @device has accepted. -EBADMSG if it is too
 * short for what it says, or has more extents than the whole list; what is all zero behind the
 * list's end does not count, in @page neither.
 */
int extent_page_decode(struct dc_device *device, struct extent_page *page, const void *answer,
		       size_t size, struct error *err);

/* "" for the tag that is all zero, else a UUID in lower case. */
void tag_format(char text[TAG_TEXT_SIZE], const uint8_t tag[TAG_SIZE]);

#endif
