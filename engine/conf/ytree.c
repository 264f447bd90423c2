#include "ytree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "base/base.h"
#include "base/mem.h"

#define ANCHORS_MAX 1000	/* looked through for each alias */

struct anchor {
	char *name;
	const struct ytree_node *node;
};

/* A list or map that is being read; its items go to the node at its end. */
struct open {
	struct ytree_node *node;
	const struct ytree_node **items;
	size_t count;
	char *anchor;
};

struct ytree {
	const struct ytree_node *root;
	struct ytree_node **nodes;	/* all of them, each once */
	size_t node_count;
	struct anchor *anchors;
	size_t anchor_count;
	size_t pairs;			/* that "<<" brought */
	struct open open[YTREE_DEPTH_MAX];
	size_t depth;
	struct ytree_mistake *mistake;
};

static bool SBX_PRINTF(4, 5)
wrong(struct ytree *t, unsigned line, unsigned col, const char *fmt, ...)
{
	va_list ap;

	t->mistake->line = line;
	t->mistake->col = col;
	va_start(ap, fmt);
	vsnprintf(t->mistake->text, sizeof(t->mistake->text), fmt, ap);
	va_end(ap);
	return false;
}

static unsigned
line_of(const yaml_event_t *ev)
{
	return (unsigned)ev->start_mark.line + 1;
}

static unsigned
col_of(const yaml_event_t *ev)
{
	return (unsigned)ev->start_mark.column + 1;
}

static struct ytree_node *
add_node(struct ytree *t, const yaml_event_t *ev, enum ytree_kind kind)
{
	struct ytree_node *n;

	if (t->node_count == YTREE_VALUES_MAX) {
		wrong(t, line_of(ev), col_of(ev), "more than %d values",
		      YTREE_VALUES_MAX);
		return NULL;
	}
	n = mem_alloc(sizeof(*n));
	n->kind = kind;
	n->line = line_of(ev);
	n->col = col_of(ev);
	n->values = 1;
	n->depth = 1;
	/* Doubling, by hand: one more each time would be quadratic. */
	if ((t->node_count & (t->node_count - 1)) == 0)
		t->nodes = mem_grow(t->nodes, t->node_count,
				    SBX_MAX(2 * t->node_count, (size_t)1),
				    sizeof(struct ytree_node *));
	t->nodes[t->node_count++] = n;
	return n;
}

/* Anchors may be given again: the last one counts. */
static bool
set_anchor(struct ytree *t, const char *name, const struct ytree_node *n)
{
	if (!name)
		return true;
	if (t->anchor_count == ANCHORS_MAX)
		return wrong(t, n->line, n->col, "more than %d anchors",
			     ANCHORS_MAX);
	t->anchors = mem_grow(t->anchors, t->anchor_count,
			      t->anchor_count + 1, sizeof(*t->anchors));
	t->anchors[t->anchor_count++] = (struct anchor){ mem_str(name), n };
	return true;
}

static const struct ytree_node *
find_anchor(const struct ytree *t, const char *name)
{
	for (size_t i = t->anchor_count; i > 0; i--)
		if (strcmp(t->anchors[i - 1].name, name) == 0)
			return t->anchors[i - 1].node;
	return NULL;
}

/* A finished value goes to what is open around it. */
static bool
put(struct ytree *t, const struct ytree_node *n, const yaml_event_t *ev)
{
	if (t->depth == 0) {
		t->root = n;
		return true;
	}
	struct open *o = &t->open[t->depth - 1];
	o->node->values += n->values;
	o->node->depth = SBX_MAX(o->node->depth, n->depth + 1);
	if (o->node->values > YTREE_VALUES_MAX)
		return wrong(t, line_of(ev), col_of(ev), "its aliases unfold "
			     "to more than %d values", YTREE_VALUES_MAX);
	if (o->node->depth > YTREE_DEPTH_MAX)
		return wrong(t, line_of(ev), col_of(ev), "more than %d values "
			     "inside each other", YTREE_DEPTH_MAX);
	if (o->node->kind == YTREE_MAP && o->count % 2 == 0 &&
	    n->kind != YTREE_SCALAR)
		return wrong(t, line_of(ev), col_of(ev),
			     "a key that is not a text");
	if ((o->count & (o->count - 1)) == 0)
		o->items = mem_grow(o->items, o->count,
				    SBX_MAX(2 * o->count, (size_t)1),
				    sizeof(*o->items));
	o->items[o->count++] = n;
	return true;
}

/* A pair of a map under construction; the first of two equal keys wins. */
struct pair {
	const struct ytree_node *key, *value;
	size_t order;
	bool merged;
};

static int
by_key(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int rc = strcmp(x->key->text, y->key->text);

	return rc ? rc : (x->order > y->order) - (x->order < y->order);
}

static int
by_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->order > y->order) - (x->order < y->order);
}

struct pairs {
	struct pair *list;
	size_t count, cap;
};

static void
add_pair(struct pairs *ps, const struct ytree_node *key,
	 const struct ytree_node *value, bool merged)
{
	if (ps->count == ps->cap) {
		size_t cap = SBX_MAX(2 * ps->cap, (size_t)8);
		ps->list = mem_grow(ps->list, ps->cap, cap, sizeof(*ps->list));
		ps->cap = cap;
	}
	ps->list[ps->count] = (struct pair){ key, value, ps->count, merged };
	ps->count++;
}

static bool
is_merge(const struct ytree_node *key)
{
	return key->plain && strcmp(key->text, "<<") == 0;
}

static bool
merge_map(struct ytree *t, struct pairs *ps, const struct ytree_node *map)
{
	if (map->kind != YTREE_MAP)
		return wrong(t, map->line, map->col, "'<<' needs a map");
	t->pairs += map->count;
	if (t->pairs > 4 * YTREE_VALUES_MAX)
		return wrong(t, map->line, map->col, "its '<<' unfold to more "
			     "than %d values", 4 * YTREE_VALUES_MAX);
	for (size_t i = 0; i < map->count; i++)
		add_pair(ps, map->items[2 * i], map->items[2 * i + 1], true);
	return true;
}

static bool
merge(struct ytree *t, struct pairs *ps, const struct ytree_node *from)
{
	bool ok = true;

	if (from->kind != YTREE_SEQ)
		return merge_map(t, ps, from);
	for (size_t i = 0; ok && i < from->count; i++)
		ok = merge_map(t, ps, from->items[i]);
	return ok;
}

/* Keys of its own first, then what "<<" brings and it has not itself. */
static bool
finish_map(struct ytree *t, struct open *o)
{
	struct ytree_node *n = o->node;
	struct pairs ps = { NULL, 0, 0 };
	size_t kept = 0;
	bool ok = true;

	for (size_t i = 0; i < o->count; i += 2)
		if (!is_merge(o->items[i]))
			add_pair(&ps, o->items[i], o->items[i + 1], false);
	for (size_t i = 0; ok && i < o->count; i += 2)
		if (is_merge(o->items[i]))
			ok = merge(t, &ps, o->items[i + 1]);
	if (ok && ps.count > 0)
		qsort(ps.list, ps.count, sizeof(*ps.list), by_key);
	for (size_t i = 0; ok && i < ps.count; i++) {
		struct pair *p = &ps.list[i];
		bool again = kept > 0 && strcmp(ps.list[kept - 1].key->text,
						p->key->text) == 0;
		if (again && !p->merged)
			ok = wrong(t, p->key->line, p->key->col,
				   "the key '%.60s' is here already, on line "
				   "%u", p->key->text,
				   ps.list[kept - 1].key->line);
		else if (!again)
			ps.list[kept++] = *p;
	}
	if (ok && kept > 0)
		qsort(ps.list, kept, sizeof(*ps.list), by_order);
	free(o->items);
	o->items = NULL;
	n->items = ok && kept ? mem_array(2 * kept, sizeof(*n->items)) : NULL;
	n->count = ok ? kept : 0;
	for (size_t i = 0; i < n->count; i++) {
		n->items[2 * i] = ps.list[i].key;
		n->items[2 * i + 1] = ps.list[i].value;
	}
	free(ps.list);
	return ok;
}

static bool
begin(struct ytree *t, const yaml_event_t *ev, enum ytree_kind kind,
      const yaml_char_t *anchor)
{
	struct ytree_node *n = add_node(t, ev, kind);

	if (!n)
		return false;
	if (t->depth == YTREE_DEPTH_MAX)
		return wrong(t, n->line, n->col, "more than %d values inside "
			     "each other", YTREE_DEPTH_MAX);
	t->open[t->depth++] = (struct open){
		.node = n, .anchor = mem_str((const char *)anchor)
	};
	return true;
}

static bool
end(struct ytree *t, const yaml_event_t *ev)
{
	struct open *o = &t->open[t->depth - 1];
	bool ok = true;

	if (o->node->kind == YTREE_MAP) {
		ok = finish_map(t, o);
	} else {
		o->node->items = o->items;
		o->node->count = o->count;
	}
	ok = ok && set_anchor(t, o->anchor, o->node);
	free(o->anchor);
	t->depth--;
	return ok && put(t, o->node, ev);
}

static bool
scalar(struct ytree *t, const yaml_event_t *ev)
{
	const char *text = (const char *)ev->data.scalar.value;
	size_t len = ev->data.scalar.length;
	struct ytree_node *n = add_node(t, ev, YTREE_SCALAR);

	if (!n)
		return false;
	if (memchr(text, '\0', len))
		return wrong(t, n->line, n->col, "a NUL byte in a text");
	n->text = mem_strn(text, len);
	n->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return set_anchor(t, (const char *)ev->data.scalar.anchor, n) &&
		put(t, n, ev);
}

static bool
alias(struct ytree *t, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	const struct ytree_node *n = find_anchor(t, name);

	for (size_t i = 0; !n && i < t->depth; i++)
		if (t->open[i].anchor && strcmp(t->open[i].anchor, name) == 0)
			return wrong(t, line_of(ev), col_of(ev),
				     "'*%.60s' stands inside of itself", name);
	if (!n)
		return wrong(t, line_of(ev), col_of(ev),
			     "there is no '&%.60s' above", name);
	return put(t, n, ev);
}

static bool
one_event(struct ytree *t, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (t->root)
			return wrong(t, line_of(ev), col_of(ev),
				     "a second document; only one is read");
		return true;
	case YAML_SCALAR_EVENT:
		return scalar(t, ev);
	case YAML_ALIAS_EVENT:
		return alias(t, ev);
	case YAML_SEQUENCE_START_EVENT:
		return begin(t, ev, YTREE_SEQ, ev->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return begin(t, ev, YTREE_MAP, ev->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(t, ev);
	default:
		return true;
	}
}

static bool
read_all(struct ytree *t, yaml_parser_t *parser)
{
	bool ok = true, more = true;
	yaml_event_t ev;

	while (ok && more) {
		if (!yaml_parser_parse(parser, &ev))
			return wrong(t, (unsigned)parser->problem_mark.line + 1,
				     (unsigned)parser->problem_mark.column + 1,
				     "%s", parser->problem ? parser->problem :
				     "this is not YAML");
		more = ev.type != YAML_STREAM_END_EVENT;
		ok = one_event(t, &ev);
		yaml_event_delete(&ev);
	}
	return ok;
}

struct ytree *
ytree_new(const char *text, size_t len, struct ytree_mistake *m)
{
	struct ytree *t = mem_alloc(sizeof(*t));
	const yaml_event_t nowhere = { .type = YAML_NO_EVENT };
	yaml_parser_t parser;
	bool ok;

	*m = (struct ytree_mistake){ 0, 0, "" };
	t->mistake = m;
	if (len > YTREE_BYTES_MAX) {
		wrong(t, 0, 0, "larger than %u KiB", YTREE_BYTES_MAX / 1024);
		ytree_free(t);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser)) {
		wrong(t, 0, 0, "out of memory");
		ytree_free(t);
		return NULL;
	}
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     len);
	ok = read_all(t, &parser);
	yaml_parser_delete(&parser);
	if (ok && !t->root) {
		struct ytree_node *n = add_node(t, &nowhere, YTREE_SCALAR);
		n->text = mem_str("");
		n->plain = true;
		t->root = n;
	}
	if (ok)
		return t;
	ytree_free(t);
	return NULL;
}

void
ytree_free(struct ytree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->node_count; i++) {
		free(t->nodes[i]->text);
		free(t->nodes[i]->items);
		free(t->nodes[i]);
	}
	free(t->nodes);
	for (size_t i = 0; i < t->anchor_count; i++)
		free(t->anchors[i].name);
	free(t->anchors);
	while (t->depth > 0) {
		struct open *o = &t->open[--t->depth];
		free(o->items);
		free(o->anchor);
	}
	free(t);
}

const struct ytree_node *
ytree_root(const struct ytree *t)
{
	return t->root;
}

bool
ytree_is_map(const struct ytree_node *n)
{
	return n && n->kind == YTREE_MAP;
}

bool
ytree_is_seq(const struct ytree_node *n)
{
	return n && n->kind == YTREE_SEQ;
}

const struct ytree_node *
ytree_key_at(const struct ytree_node *map, size_t i)
{
	return map->items[2 * i];
}

const struct ytree_node *
ytree_value_at(const struct ytree_node *map, size_t i)
{
	return map->items[2 * i + 1];
}

const struct ytree_node *
ytree_get(const struct ytree_node *n, const char *key)
{
	for (size_t i = 0; ytree_is_map(n) && i < n->count; i++)
		if (strcmp(n->items[2 * i]->text, key) == 0)
			return n->items[2 * i + 1];
	return NULL;
}

bool
ytree_is_null(const struct ytree_node *n)
{
	if (!n)
		return true;
	return n->kind == YTREE_SCALAR && n->plain &&
		(n->text[0] == '\0' || strcmp(n->text, "~") == 0 ||
		 strcasecmp(n->text, "null") == 0);
}

const char *
ytree_text(const struct ytree_node *n)
{
	return n && n->kind == YTREE_SCALAR && !ytree_is_null(n) ? n->text :
		NULL;
}

bool
ytree_bool(const struct ytree_node *n, bool *out)
{
	static const char *const words[] = {
		"false", "true", "no", "yes", "off", "on"
	};
	const char *text = ytree_text(n);

	for (size_t i = 0; text && i < ARRAY_LEN(words); i++)
		if (strcasecmp(text, words[i]) == 0) {
			*out = i % 2;
			return true;
		}
	return false;
}
