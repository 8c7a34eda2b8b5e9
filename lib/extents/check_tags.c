/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "extents/rules.h"

#include <inttypes.h>
#include <string.h>

/* Extents of one tag, by their sequence. */
struct tag_group {
	struct extent **extents;
	size_t count;
};

static int compare_tagged(const void *a, const void *b)
{
	const struct extent *left = *(struct extent *const *)a;
	const struct extent *right = *(struct extent *const *)b;
	int order = strcmp(left->tag, right->tag);

	if (order)
		return order;
	if (left->sequence != right->sequence)
		return left->sequence < right->sequence ? -1 : 1;
	return (left > right) - (left < right);
}

static void check_tag_seen(struct checker *checker, const struct tag_group *group)
{
	struct extent *first = group->extents[0];
	const struct seen_tag *accepted = recent_tags_find(&checker->accepted_tags, first->tag);
	const struct seen_tag *earlier = recent_tags_find(&checker->tags, first->tag);

	if (checker->batch->inferred)
		return; /* it may be the rest of the batch before */
	for (size_t i = 0; i < group->count && (accepted || earlier); i++) {
		if (accepted)
			checker_found(checker, TAG_SEEN, group->extents[i],
				      "has tag %s, as have extents that are accepted", first->tag);
		else
			checker_found(checker, TAG_SEEN, group->extents[i],
				      "has tag %s, as has batch %d", first->tag, earlier->number);
	}
}

static bool spans_regions(const struct tag_group *group)
{
	for (size_t i = 1; i < group->count; i++)
		if (group->extents[i]->dc_region != group->extents[0]->dc_region &&
		    group->extents[i]->dc_region >= 0 && group->extents[0]->dc_region >= 0)
			return true;
	return false;
}

static void check_one_region(struct checker *checker, const struct tag_group *group)
{
	if (!spans_regions(group))
		return;
	for (size_t i = 0; i < group->count; i++)
		checker_found(checker, TAG_SPANS_REGIONS, group->extents[i],
			      "has tag %s, as have extents in another dynamic-capacity region",
			      group->extents[i]->tag);
}

/* Shared extents are numbered from 0 on without a gap; others all have 0 (CXL 3.1 table 8-51). */
static bool is_dense(const struct tag_group *group)
{
	for (size_t i = 0; i < group->count; i++)
		if (group->extents[i]->sequence != i)
			return false;
	return true;
}

static void check_sequence(struct checker *checker, const struct tag_group *group)
{
	if (checker->batch->open || checker->batch->truncated || is_dense(group))
		return; /* what is missing may be in what did not come */
	for (size_t i = 0; i < group->count; i++)
		checker_found(checker, SEQUENCE_NOT_DENSE, group->extents[i],
			      "is one of %zu with tag %s, which are not numbered from 0 to %zu, "
			      "each once",
			      group->count, group->extents[i]->tag, group->count - 1);
}

/* One extent with number 0 may be all of a shared allocation, or no shared one. */
static int group_shared(const struct tag_group *group)
{
	if (group->extents[group->count - 1]->sequence)
		return 1;
	return group->count > 1 ? 0 : -1;
}

static void check_group(struct checker *checker, const struct tag_group *group)
{
	int shared = group_shared(group);

	check_tag_seen(checker, group);
	check_one_region(checker, group);
	if (shared == 1)
		check_sequence(checker, group);
	if (checker->batch->shared != 1 && shared)
		checker->batch->shared = shared;
}

static void check_untagged(struct checker *checker, struct extent *extent)
{
	if (!extent->sequence) {
		checker_found(checker, UNTAGGED, extent, "has no tag");
		return;
	}
	checker->batch->shared = 1;
	checker_found(checker, SEQUENCE_NOT_DENSE, extent, "has the number %" PRIu64 ", but no tag",
		      extent->sequence);
}

/* A chain that is open may go on with the same tags. */
static void note_tags(struct checker *checker)
{
	if (checker->batch->open)
		return;
	list_each_pointer(extent, &checker->tagged)
		recent_tags_add(&checker->tags, extent->tag, checker->batch->number);
}

void check_tags(struct checker *checker)
{
	size_t end;

	checker->batch->shared = 0;
	checker->tagged.count = 0;
	list_each(extent, &checker->batch->extents)
		if (extent->tag[0])
			*list_add(&checker->tagged) = extent;
		else
			check_untagged(checker, extent);
	list_sort(&checker->tagged, compare_tagged);
	for (size_t i = 0; i < checker->tagged.count; i = end) {
		struct extent **extents = checker->tagged.items;

		for (end = i + 1; end < checker->tagged.count; end++)
			if (strcmp(extents[end]->tag, extents[i]->tag) != 0)
				break;
		check_group(checker, &(struct tag_group){extents + i, end - i});
	}
	note_tags(checker);
}
