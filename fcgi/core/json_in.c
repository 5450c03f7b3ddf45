/* JSON in: checked by json_scan.c, parsed by json-c, read by rules. */
#include "core/json_in.h"

#include <json-c/json.h>
#include <string.h>

#include "core/json_scan.h"

/* Names in the tree, where json-c has kept one of each. Depth is bounded by the tokener. */
static size_t names_in_tree(struct json_object *node)
{
	size_t names = 0;

	if (json_object_is_type(node, json_type_object)) {
		struct json_object_iterator at = json_object_iter_begin(node);
		struct json_object_iterator end = json_object_iter_end(node);
		for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
			names += 1 + names_in_tree(json_object_iter_peek_value(&at));
	} else if (json_object_is_type(node, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(node); i++)
			names += names_in_tree(json_object_array_get_idx(node, i));
	}
	return names;
}

static void release(void *object)
{
	json_object_put(object);
}

/* Parses an object that json_scan() let pass; NULL when it has a name twice in an object. The tree belongs to the arena. */
static struct json_object *parse(const char *data, size_t len, size_t names, struct arena *arena)
{
	static struct json_tokener *tokener;

	if (tokener == NULL)
		tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
	if (tokener == NULL)
		out_of_memory();
	json_tokener_reset(tokener);
	struct json_object *tree = json_tokener_parse_ex(tokener, data, (int)len);
	if (tree == NULL)
		return NULL;
	arena_defer(arena, release, tree);
	return names == names_in_tree(tree) ? tree : NULL;
}

struct reading {
	struct arena *arena;
	struct complaints *complaints;
	bool open;
};

/* A place in the text, up to its root (NULL): a member by its name, or an element by its index. */
struct place {
	const struct place *parent;
	const char *name; /* NULL: an element */
	size_t index;
};

static void read_object(const struct reading *reading, const struct place *where, struct json_object *node,
                        const struct json_schema *schema, void *out, uint32_t *present);

/* The full name of a place, which only a complaint needs: itens[2].produto_id */
static const char *path_of(const struct reading *reading, const struct place *place)
{
	if (place == NULL)
		return "";
	const char *parent = path_of(reading, place->parent);
	if (place->name == NULL)
		return arena_printf(reading->arena, "%s[%zu]", parent, place->index);
	return *parent == '\0' ? place->name : arena_printf(reading->arena, "%s.%s", parent, place->name);
}

static bool read_array(const struct reading *reading, const struct place *where, struct json_object *node,
                       const struct rule *rule, struct field_array *out)
{
	const struct json_schema schema = {rule->rules, rule->rule_count, reading->open};

	if (!json_object_is_type(node, json_type_array))
		return false;
	size_t count = json_object_array_length(node);
	if ((int64_t)count < rule->min || (int64_t)count > rule->max)
		return false;
	char *items = arena_array(reading->arena, count, rule->size);
	for (size_t i = 0; i < count; i++) {
		const struct place element = {.parent = where, .index = i};
		read_object(reading, &element, json_object_array_get_idx(node, i), &schema, items + i * rule->size,
		            NULL);
	}
	*out = (struct field_array){.items = items, .count = count};
	return true;
}

/* The text of a scalar as field_parse() wants it; NULL when the JSON type is not the rule's. */
static const char *scalar_text(struct json_object *node, enum field_type type)
{
	enum json_type json = json_object_get_type(node);

	switch (type) {
	case FIELD_INT:
		return json == json_type_int ? json_object_get_string(node) : NULL;
	case FIELD_BOOL:
		return json == json_type_boolean ? json_object_get_string(node) : NULL;
	case FIELD_MONEY: /* a parsed double keeps its source text, so 45.90 stays exact */
		return json == json_type_int || json == json_type_double ? json_object_get_string(node) : NULL;
	case FIELD_TEXT:
	case FIELD_TIME:
	case FIELD_UUID:
		if (json != json_type_string ||
		    strlen(json_object_get_string(node)) != (size_t)json_object_get_string_len(node))
			return NULL;
		return json_object_get_string(node);
	default:
		return NULL;
	}
}

/* Reads one member; false when the value is not what the rule wants. */
static bool read_member(const struct reading *reading, const struct place *where, struct json_object *node,
                        const struct rule *rule, void *out)
{
	void *member = (char *)out + rule->offset;

	if (node == NULL)
		return rule->nullable || reading->open;
	if (rule->type == FIELD_ARRAY)
		return read_array(reading, where, node, rule, member);
	if (rule->type == FIELD_OBJECT) {
		const struct json_schema schema = {rule->rules, rule->rule_count, reading->open};
		if (!json_object_is_type(node, json_type_object))
			return false;
		read_object(reading, where, node, &schema, member, NULL);
		return true;
	}
	const char *text = scalar_text(node, rule->type);
	if (text == NULL)
		return false;
	/* What another service has stored passes on as it is, also from before a rule. */
	struct rule raw = *rule;
	raw.text = TEXT_RAW;
	return field_parse(reading->open ? &raw : rule, text, reading->arena, member);
}

static bool known(const struct json_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->count; i++)
		if (strcmp(schema->rules[i].name, name) == 0)
			return true;
	return false;
}

static void refuse_unknown(const struct reading *reading, const struct place *where, struct json_object *node,
                           const struct json_schema *schema)
{
	struct json_object_iterator at = json_object_iter_begin(node);
	struct json_object_iterator end = json_object_iter_end(node);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);
		const struct place member = {.parent = where, .name = name};
		if (!known(schema, name))
			complain(reading->complaints, path_of(reading, &member), "campo desconhecido");
	}
}

static void read_object(const struct reading *reading, const struct place *where, struct json_object *node,
                        const struct json_schema *schema, void *out, uint32_t *present)
{
	if (!json_object_is_type(node, json_type_object)) {
		complain(reading->complaints, path_of(reading, where), "deve ser um objeto");
		return;
	}
	for (size_t i = 0; i < schema->count; i++) {
		const struct rule *rule = &schema->rules[i];
		const struct place member = {.parent = where, .name = rule->name};
		struct json_object *value;
		if (!json_object_object_get_ex(node, rule->name, &value)) {
			if (rule->required)
				complain(reading->complaints, path_of(reading, &member), "é obrigatório");
			continue;
		}
		if (present != NULL)
			*present |= 1u << i;
		if (!read_member(reading, &member, value, rule, out))
			complain_value(reading->complaints, path_of(reading, &member), rule,
			               scalar_text(value, rule->type));
	}
	if (!schema->open)
		refuse_unknown(reading, where, node, schema);
}

static enum problem refuse_whole(struct complaints *complaints, const char *erro)
{
	complain(complaints, "", "%s", erro);
	return PROBLEM_CAMPOS_INVALIDOS;
}

enum problem json_read(const char *data, size_t len, const struct json_schema *schema, void *out, uint32_t *present,
                       struct complaints *complaints)
{
	static const char bom[] = "\xef\xbb\xbf"; /* a reader may ignore it (RFC 8259, section 8.1) */
	const struct reading reading = {complaints->arena, complaints, schema->open};
	struct json_summary summary;
	size_t before = complaints->count;

	if (present != NULL)
		*present = 0;
	if (len >= sizeof(bom) - 1 && memcmp(data, bom, sizeof(bom) - 1) == 0) {
		data += sizeof(bom) - 1;
		len -= sizeof(bom) - 1;
	}
	if (len > INT32_MAX || !json_scan(data, len, &summary))
		return PROBLEM_JSON_INVALIDO;
	if (!summary.object)
		return refuse_whole(complaints, "o corpo deve ser um objeto JSON");
	if (summary.nul_name) /* json-c would cut it short, perhaps to the name of a field */
		return refuse_whole(complaints, "há um campo desconhecido, com U+0000 no nome");
	struct json_object *tree = parse(data, len, summary.names, complaints->arena);
	if (tree == NULL)
		return PROBLEM_JSON_INVALIDO;
	read_object(&reading, NULL, tree, schema, out, present);
	return complaints->count == before ? PROBLEM_NONE : PROBLEM_CAMPOS_INVALIDOS;
}
