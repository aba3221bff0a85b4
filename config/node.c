// SPDX-License-Identifier: BSD-3-Clause
// YAML text to a tree, over the events of libyaml; see config/node.h. Called by config/load.c.
#include "config/node.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "config/errors.h"

struct builder {
	yaml_parser_t yaml;
	struct str text;
	struct config_errors *errs;
	size_t count;
};

static struct place place_of(yaml_mark_t m)
{
	return (struct place){(unsigned int)m.line + 1, (unsigned int)m.column + 1};
}

// An octet that is no UTF-8 has no mark, only an offset.
static struct place place_of_offset(struct str text, size_t offset)
{
	struct place at = {1, 1};

	for (size_t i = 0; i < offset && i < text.n; i++) {
		at.column = text.p[i] == '\n' ? 1 : at.column + 1;
		at.line += text.p[i] == '\n';
	}
	return at;
}

static struct str scalar_text(const yaml_event_t *ev)
{
	return (struct str){(const char *)ev->data.scalar.value, ev->data.scalar.length};
}

static struct node *node_new(enum node_kind kind, struct place at, struct str key, struct str text)
{
	struct node *n = calloc(1, sizeof(*n) + key.n + text.n + 2);
	char *copy;

	if (n == NULL)
		return NULL;
	copy = (char *)(n + 1);
	n->kind = kind;
	n->at = n->key_at = at;
	str_copy(key, copy, key.n + 1);
	n->key = (struct str){copy, key.n};
	copy += key.n + 1;
	str_copy(text, copy, text.n + 1);
	n->text = (struct str){copy, text.n};
	return n;
}

void node_free(struct node *n)
{
	while (n != NULL) {
		struct node *next = n->next;

		node_free(n->children);
		free(n);
		n = next;
	}
}

bool node_eq(const struct node *a, const struct node *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (a->kind != b->kind || a->n != b->n || !str_eq(a->key, b->key) ||
		!str_eq(a->text, b->text))
		return false;
	for (a = a->children, b = b->children; a != NULL && b != NULL; a = a->next, b = b->next)
		if (!node_eq(a, b))
			return false;
	return a == b;
}

// The next event: 0, or -EINVAL with the syntax error told.
static int next_event(struct builder *b, yaml_event_t *ev)
{
	struct place at;

	if (yaml_parser_parse(&b->yaml, ev))
		return 0;
	if (b->yaml.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (b->yaml.error == YAML_READER_ERROR)
		at = place_of_offset(b->text, b->yaml.problem_offset);
	else
		at = place_of(b->yaml.problem_mark);
	errors_add(b->errs, at, "found text that is not YAML (%s), expected YAML",
		b->yaml.problem != NULL ? b->yaml.problem : "unknown fault");
	return -EINVAL;
}

// What stands before a value and has no place here.
static bool is_plain(struct builder *b, const yaml_event_t *ev)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;
	const char *what = NULL;

	if (ev->type == YAML_ALIAS_EVENT) {
		what = "an alias (*)";
	} else if (ev->type == YAML_SCALAR_EVENT) {
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
	}
	if (anchor != NULL)
		what = "an anchor (&)";
	if (tag != NULL)
		what = "a tag (!)";
	if (what != NULL)
		errors_add(b->errs, place_of(ev->start_mark),
			"found %s, expected plain YAML: write the value out", what);
	return what == NULL;
}

// A NUL or an escape sequence would mean one thing here and another to whoever uses the value.
static bool is_printable(struct builder *b, const yaml_event_t *ev)
{
	for (size_t i = 0; i < ev->data.scalar.length; i++) {
		unsigned char c = ev->data.scalar.value[i];

		if (c >= 0x20 && c != 0x7f)
			continue;
		errors_add(b->errs, place_of(ev->start_mark),
			"found a control character (0x%02x), expected one line of text", c);
		return false;
	}
	return true;
}

static int build(struct builder *b, const yaml_event_t *ev, struct str key, unsigned int depth,
	struct node **out);

// Builds the node that starts with `ev` and hangs it behind *tail.
static int build_child(struct builder *b, const yaml_event_t *ev, struct str key,
	struct place key_at, unsigned int depth, struct node *parent, struct node ***tail)
{
	int err = build(b, ev, key, depth, *tail);

	if (err < 0 || **tail == NULL)
		return err;
	(**tail)->key_at = key_at;
	*tail = &(**tail)->next;
	parent->n++;
	return 0;
}

static int build_list(struct builder *b, struct node *list, unsigned int depth)
{
	struct node **tail = &list->children;
	yaml_event_t ev;
	int err = 0;

	while (err == 0) {
		err = next_event(b, &ev);
		if (err < 0)
			return err;
		if (ev.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		err = build_child(
			b, &ev, list->key, place_of(ev.start_mark), depth + 1, list, &tail);
		yaml_event_delete(&ev);
	}
	return err;
}

// Whether a key may stand in the mapping; if not, its value is still read, to find the end of it.
static bool key_ok(struct builder *b, const struct node *map, const yaml_event_t *key)
{
	struct place at = place_of(key->start_mark);
	char shown[FOUND_MAX];
	int first;

	if (key->type == YAML_ALIAS_EVENT)
		return is_plain(b, key);
	if (key->type != YAML_SCALAR_EVENT) {
		errors_add(b->errs, at, "found a mapping or list as a key, expected a name");
		return false;
	}
	if (!is_plain(b, key) || !is_printable(b, key))
		return false;
	first = node_index(map, scalar_text(key));
	if (first < 0)
		return true;
	errors_add(b->errs, at, "%s: found a second time, expected once (first on line %u)",
		found_text(scalar_text(key), shown), node_at(map, (size_t)first)->key_at.line);
	return false;
}

static int build_pair(struct builder *b, struct node *map, const yaml_event_t *key,
	unsigned int depth, struct node ***tail)
{
	bool ok = key_ok(b, map, key);
	struct node *dropped = NULL, **drop = &dropped;
	struct node holder = {0};
	yaml_event_t ev;
	int err = 0;

	if (key->type != YAML_SCALAR_EVENT && key->type != YAML_ALIAS_EVENT) {
		err = build(b, key, STR_LIT(""), depth + 1, drop);
		node_free(dropped);
		dropped = NULL;
	}
	if (err == 0)
		err = next_event(b, &ev);
	if (err < 0)
		return err;
	if (ok)
		err = build_child(
			b, &ev, scalar_text(key), place_of(key->start_mark), depth + 1, map, tail);
	else
		err = build_child(
			b, &ev, STR_LIT(""), place_of(key->start_mark), depth + 1, &holder, &drop);
	yaml_event_delete(&ev);
	node_free(dropped);
	return err;
}

static int build_map(struct builder *b, struct node *map, unsigned int depth)
{
	struct node **tail = &map->children;
	yaml_event_t ev;
	int err = 0;

	while (err == 0) {
		err = next_event(b, &ev);
		if (err < 0)
			return err;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&ev);
			return 0;
		}
		if (map->n == NODE_KEYS_MAX) {
			errors_add(b->errs, place_of(ev.start_mark),
				"found more than %u keys in one mapping, expected fewer",
				NODE_KEYS_MAX);
			err = -EINVAL;
		} else {
			err = build_pair(b, map, &ev, depth, &tail);
		}
		yaml_event_delete(&ev);
	}
	return err;
}

static int build(struct builder *b, const yaml_event_t *ev, struct str key, unsigned int depth,
	struct node **out)
{
	struct place at = place_of(ev->start_mark);
	struct str text = STR_LIT("");
	enum node_kind kind = NODE_BAD;
	bool plain = is_plain(b, ev);

	if (++b->count > NODE_COUNT_MAX || depth > NODE_DEPTH_MAX) {
		errors_add(b->errs, at, "found more than %u %s, expected fewer",
			depth > NODE_DEPTH_MAX ? NODE_DEPTH_MAX : NODE_COUNT_MAX,
			depth > NODE_DEPTH_MAX ? "levels of nesting" : "values");
		return -EINVAL;
	}
	if (ev->type == YAML_SCALAR_EVENT && plain && is_printable(b, ev)) {
		kind = NODE_SCALAR;
		text = scalar_text(ev);
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		kind = NODE_MAP;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		kind = NODE_LIST;
	}
	*out = node_new(kind, at, key, text);
	if (*out == NULL)
		return -ENOMEM;
	if (kind == NODE_MAP)
		return build_map(b, *out, depth);
	return kind == NODE_LIST ? build_list(b, *out, depth) : 0;
}

// The stream's and the document's frame around the one root.
static int build_document(struct builder *b, struct node **out)
{
	bool root_seen = false;
	yaml_event_t ev;
	int err = 0;

	for (bool end = false; err == 0 && !end;) {
		err = next_event(b, &ev);
		if (err < 0)
			return err;
		if (ev.type == YAML_STREAM_END_EVENT) {
			end = true;
		} else if (ev.type == YAML_DOCUMENT_START_EVENT && root_seen) {
			errors_add(b->errs, place_of(ev.start_mark),
				"found a second YAML document, expected one");
			end = true;
		} else if (ev.type == YAML_SCALAR_EVENT || ev.type == YAML_ALIAS_EVENT ||
			ev.type == YAML_MAPPING_START_EVENT ||
			ev.type == YAML_SEQUENCE_START_EVENT) {
			root_seen = true;
			err = build(b, &ev, STR_LIT("the file"), 1, out);
		}
		yaml_event_delete(&ev);
	}
	return err;
}

int node_parse(struct str text, struct node **out, struct config_errors *errs)
{
	struct builder b = {.text = text, .errs = errs};
	int err;

	*out = NULL;
	if (text.n > NODE_TEXT_MAX) {
		errors_add(errs, (struct place){1, 1}, "found %zu octets, expected at most %u",
			text.n, NODE_TEXT_MAX);
		return 0;
	}
	if (!yaml_parser_initialize(&b.yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&b.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.yaml, (const unsigned char *)text.p, text.n);
	err = build_document(&b, out);
	yaml_parser_delete(&b.yaml);
	if (err < 0) {
		node_free(*out);
		*out = NULL;
	}
	return err == -ENOMEM ? err : 0;
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (map == NULL || map->kind != NODE_MAP)
		return NULL;
	for (const struct node *n = map->children; n != NULL; n = n->next)
		if (str_eq(n->key, str_from(key)))
			return n;
	return NULL;
}

const struct node *node_at(const struct node *parent, size_t index)
{
	const struct node *n = parent != NULL ? parent->children : NULL;

	while (n != NULL && index-- > 0)
		n = n->next;
	return n;
}

int node_index(const struct node *map, struct str key)
{
	int i = 0;

	if (map == NULL || map->kind != NODE_MAP)
		return -1;
	for (const struct node *n = map->children; n != NULL; n = n->next, i++)
		if (str_eq(n->key, key))
			return i;
	return -1;
}
