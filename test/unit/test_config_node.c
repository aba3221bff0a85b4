// SPDX-License-Identifier: BSD-3-Clause
#include "test/unit/test.h"

#include <stdlib.h>

#include "config/errors.h"
#include "config/node.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct node *parse(struct str text, struct config_errors *errs)
{
	struct node *root;

	assert_int_equal(errors_init(errs), 0);
	assert_int_equal(node_parse(text, &root, errs), 0);
	return root;
}

static void assert_place(struct place p, unsigned int line, unsigned int column)
{
	assert_int_equal(p.line, line);
	assert_int_equal(p.column, column);
}

static void test_tree(void **state)
{
	struct config_errors errs;
	struct node *root =
		parse(STR_LIT("# comment\na: x\nlist:\n  - 1\n  - {k: 'v w', m: }\n"), &errs);
	const struct node *list = node_get(root, "list"), *map = node_at(list, 1);

	assert_int_equal(errs.n, 0);
	assert_int_equal(root->kind, NODE_MAP);
	assert_int_equal(root->n, 2);
	assert_true(str_eq(node_get(root, "a")->text, STR_LIT("x")));
	assert_place(node_get(root, "a")->at, 2, 4);
	assert_place(node_get(root, "a")->key_at, 2, 1);
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->n, 2);
	assert_true(str_eq(node_at(list, 0)->key, STR_LIT("list")));
	assert_true(str_eq(node_get(map, "k")->text, STR_LIT("v w")));
	assert_place(node_get(map, "k")->at, 5, 9);
	assert_int_equal(node_get(map, "m")->text.n, 0);
	assert_int_equal(node_index(map, STR_LIT("m")), 1);
	assert_int_equal(node_index(map, STR_LIT("n")), -1);
	assert_int_equal(node_index(list, STR_LIT("list")), -1);
	assert_null(node_get(map, "n"));
	assert_null(node_get(list, "list"));
	assert_null(node_get(NULL, "a"));
	assert_null(node_at(list, 2));
	assert_null(node_at(NULL, 0));
	node_free(root);
	config_errors_free(&errs);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *fault;
		unsigned int line, column;
	} t[] = {
		{"a: &x 1", "found an anchor (&), expected plain YAML: write the value out", 1, 4},
		{"a: *x", "found an alias (*), expected plain YAML: write the value out", 1, 4},
		{"*x : 1", "found an alias (*), expected plain YAML: write the value out", 1, 1},
		{"a: !!str 1", "found a tag (!), expected plain YAML: write the value out", 1, 4},
		{"a: !!map {b: 1}", "found a tag (!), expected plain YAML: write the value out", 1,
			4},
		{"a: &x [1]", "found an anchor (&), expected plain YAML: write the value out", 1,
			4},
		{"b: 1\na: 2\nb: 3", "b: found a second time, expected once (first on line 1)", 3,
			1},
		{"? [a]\n: 1", "found a mapping or list as a key, expected a name", 1, 3},
		{"a: \"x\\0y\"", "found a control character (0x00), expected one line of text", 1,
			4},
		{"a: \"\\e[2J\"", "found a control character (0x1b), expected one line of text", 1,
			4},
		{"a: |\n  x\n  y\n", "found a control character (0x0a), expected one line of text",
			1, 4},
		{"a: 1\n---\nb: 2", "found a second YAML document, expected one", 2, 1},
		{"a: [1, 2",
			"found text that is not YAML (did not find expected ',' or ']'), "
			"expected YAML",
			2, 1},
		{"a: 1\n\tb: 2",
			"found text that is not YAML (found a tab character that violates "
			"indentation), expected YAML",
			2, 1},
		{"b: 1\na: \xff",
			"found text that is not YAML (invalid leading UTF-8 octet), "
			"expected YAML",
			2, 4},
		{"a: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
			"found more than 16 levels of nesting, expected fewer", 1, 19},
	};
	struct config_errors errs;

	for (size_t i = 0; i < COUNT(t); i++) {
		node_free(parse(str_from(t[i].text), &errs));
		assert_int_equal(errs.n, 1);
		assert_string_equal(errs.list[0].text, t[i].fault);
		assert_place((struct place){errs.list[0].line, errs.list[0].column}, t[i].line,
			t[i].column);
		config_errors_free(&errs);
	}
}

// What comes after a refused value is still read, so that its faults are told too.
static void test_goes_on(void **state)
{
	struct config_errors errs;
	struct node *root =
		parse(STR_LIT("a: *x\n? {k: [v]}\n: {b: 1}\nc: 1\nc: {d: 2}\ne: 3"), &errs);

	assert_int_equal(errs.n, 3);
	assert_int_equal(node_get(root, "a")->kind, NODE_BAD);
	assert_true(str_eq(node_get(root, "c")->text, STR_LIT("1")));
	assert_true(str_eq(node_get(root, "e")->text, STR_LIT("3")));
	assert_int_equal(root->n, 3);
	node_free(root);
	config_errors_free(&errs);
}

static void test_empty(void **state)
{
	struct config_errors errs;

	assert_null(parse(STR_LIT(""), &errs));
	config_errors_free(&errs);
	assert_null(parse(STR_LIT("# nothing\n"), &errs));
	assert_int_equal(errs.n, 0);
	config_errors_free(&errs);
}

// A text of `count` times `unit`; the fault it must lead to.
static void bounded(const char *unit, size_t count, const char *fault)
{
	size_t n = strlen(unit);
	char *text = malloc(n * count + 1);
	struct config_errors errs;

	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * n, unit, n);
	node_free(parse((struct str){text, n * count}, &errs));
	assert_int_equal(errs.n, 1);
	assert_string_equal(errs.list[0].text, fault);
	config_errors_free(&errs);
	free(text);
}

static void test_bounds(void **state)
{
	char text[NODE_KEYS_MAX * 8 + 8] = "", *at = text;
	struct config_errors errs;

	bounded("- 1\n", NODE_COUNT_MAX, "found more than 50000 values, expected fewer");
	bounded("- a long item\n", 80000, "found 1120000 octets, expected at most 1048576");
	for (unsigned int i = 0; i <= NODE_KEYS_MAX; i++)
		at += sprintf(at, "k%u:\n", i);
	node_free(parse(str_from(text), &errs));
	assert_int_equal(errs.n, 1);
	assert_string_equal(
		errs.list[0].text, "found more than 4096 keys in one mapping, expected fewer");
	assert_int_equal(errs.list[0].line, NODE_KEYS_MAX + 1);
	config_errors_free(&errs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
