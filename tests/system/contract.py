"""openapi.yaml against what really happens: every checked answer must be one that it describes.

A small JSON Schema validator: the keywords that the document uses, and an error for any that it does not know.
"""
import re
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

import yaml

from client import exact

# fmt: off
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, Decimal), "boolean": bool,
         "null": type(None)}
# fmt: on
SILENT = {"description", "title", "default", "examples", "example", "$comment", "contentEncoding"}
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$", re.I)
SEGMENTS = {"integer": "([1-9][0-9]{0,9})", "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"}
METHODS = ("get", "post", "put", "patch", "delete")


class SafeLoader(yaml.SafeLoader):
    """YAML that keeps decimals exact."""


SafeLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))


def has_type(value, name):
    """JSON's types: true is no number, and 1 is a number as well as an integer."""
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def is_time(text):
    """RFC 3339 and a date that exists."""
    if not RFC3339.match(text):
        return False
    try:
        datetime.fromisoformat(text[:19])
    except ValueError:
        return False
    return True


FORMATS = {
    "uuid": UUID.match,
    "date-time": is_time,
    "uri-reference": lambda text: " " not in text,
    "email": lambda text: "@" in text,
}


class Schemas:
    """Validates values by schemas of one document."""

    def __init__(self, document):
        self.document = document

    def resolve(self, node):
        """What a $ref stands for."""
        while "$ref" in node:
            target = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def errors(self, schema, value, where="$"):
        """Every way in which the value is not what the schema says."""
        found = []
        for keyword, rule in schema.items():
            if keyword in SILENT:
                continue
            check = getattr(self, f"check_{keyword.removeprefix('$')}", None)
            assert check, f"the validator does not know {keyword}"
            found += check(rule, value, where, schema)
        return found

    def check_ref(self, rule, value, where, _schema):
        """$ref"""
        return self.errors(self.resolve({"$ref": rule}), value, where)

    def check_type(self, rule, value, where, _schema):
        """type"""
        names = rule if isinstance(rule, list) else [rule]
        return [] if any(has_type(value, name) for name in names) else [f"{where}: {value!r} is no {rule}"]

    def check_enum(self, rule, value, where, _schema):
        """enum"""
        known = any(value == one and type(value) is type(one) for one in rule)
        return [] if known else [f"{where}: {value!r} not in {rule}"]

    def check_const(self, rule, value, where, schema):
        """const"""
        return self.check_enum([rule], value, where, schema)

    def check_required(self, rule, value, where, _schema):
        """required"""
        return [f"{where}: no {name}" for name in rule if isinstance(value, dict) and name not in value]

    def check_properties(self, rule, value, where, _schema):
        """properties"""
        return [
            error
            for name, schema in rule.items()
            if isinstance(value, dict) and name in value
            for error in self.errors(schema, value[name], f"{where}.{name}")
        ]

    def check_additionalProperties(self, rule, value, where, schema):
        """additionalProperties: only false is used"""
        assert rule is False
        return (
            [f"{where}: unknown {name}" for name in value if name not in schema.get("properties", {})]
            if isinstance(value, dict)
            else []
        )

    def check_items(self, rule, value, where, _schema):
        """items"""
        return (
            [error for i, item in enumerate(value) for error in self.errors(rule, item, f"{where}[{i}]")]
            if isinstance(value, list)
            else []
        )

    def check_allOf(self, rule, value, where, _schema):
        """allOf"""
        return [error for schema in rule for error in self.errors(schema, value, where)]

    def check_anyOf(self, rule, value, where, _schema):
        """anyOf"""
        each = [self.errors(schema, value, where) for schema in rule]
        return [] if any(not errors for errors in each) else [f"{where}: none of: {each}"]

    def check_if(self, rule, value, where, schema):
        """if, with then"""
        return self.errors(schema["then"], value, where) if not self.errors(rule, value, where) else []

    def check_then(self, *_):
        """then belongs to if"""
        return []

    def check_minimum(self, rule, value, where, _schema):
        """minimum"""
        return [f"{where}: {value} < {rule}"] if has_type(value, "number") and value < rule else []

    def check_maximum(self, rule, value, where, _schema):
        """maximum"""
        return [f"{where}: {value} > {rule}"] if has_type(value, "number") and value > rule else []

    def check_multipleOf(self, rule, value, where, _schema):
        """multipleOf, exactly"""
        off = has_type(value, "number") and Decimal(value) % rule
        return [f"{where}: {value} is no multiple of {rule}"] if off else []

    def check_minLength(self, rule, value, where, _schema):
        """minLength"""
        return [f"{where}: too short"] if isinstance(value, str) and len(value) < rule else []

    def check_maxLength(self, rule, value, where, _schema):
        """maxLength"""
        return [f"{where}: too long"] if isinstance(value, str) and len(value) > rule else []

    def check_minItems(self, rule, value, where, _schema):
        """minItems"""
        return [f"{where}: too few"] if isinstance(value, list) and len(value) < rule else []

    def check_maxItems(self, rule, value, where, _schema):
        """maxItems"""
        return [f"{where}: too many"] if isinstance(value, list) and len(value) > rule else []

    def check_pattern(self, rule, value, where, _schema):
        """pattern"""
        off = isinstance(value, str) and not re.search(rule, value)
        return [f"{where}: {value!r} does not match {rule}"] if off else []

    def check_format(self, rule, value, where, _schema):
        """format"""
        return [f"{where}: {value!r} is no {rule}"] if isinstance(value, str) and not FORMATS[rule](value) else []


class Contract:
    """The API as openapi.yaml describes it."""

    def __init__(self, path):
        self.document = yaml.load(path.read_text(encoding="utf-8"), SafeLoader)
        self.schemas = Schemas(self.document)
        # What is written out comes before what is a parameter.
        self.paths = sorted(
            ((self.pattern(path, item), path, item) for path, item in self.document["paths"].items()),
            key=lambda entry: entry[1].count("{"),
        )

    def parameter_kind(self, item, name):
        """integer or uuid, of a parameter of the path."""
        for parameter in map(self.schemas.resolve, item["parameters"]):
            if parameter["name"] == name and parameter["in"] == "path":
                schema = self.schemas.resolve(parameter["schema"])
                return "uuid" if schema.get("format") == "uuid" else schema["type"]
        raise KeyError(name)

    def pattern(self, path, item):
        """A path of the document as a regular expression."""
        return re.compile(re.sub(r"\{(\w+)\}", lambda m: SEGMENTS[self.parameter_kind(item, m[1])], path) + r"\Z")

    def routes(self):
        """(METHOD, path with {int} and {uuid}, whether it wants a token) of every operation."""
        kinds = {"integer": "{int}", "uuid": "{uuid}"}
        for path, item in self.document["paths"].items():
            plain = re.sub(r"\{(\w+)\}", lambda m, item=item: kinds[self.parameter_kind(item, m[1])], path)
            for method in METHODS:
                if method in item:
                    yield method.upper(), plain, {"administrador": []} in item[method].get("security", [])

    def operation(self, method, target):
        """(path, operation) of a request: (None, None) for no such path, (path, None) for no such method."""
        path = urlsplit(target).path
        for pattern, name, item in self.paths:
            found = pattern.match(path)
            if found and all(int(number) < 2**31 for number in found.groups()):
                return name, item.get("get" if method == "HEAD" else method.lower())
        return None, None

    def responses(self, operation):
        """Status, as text, → what is said of it."""
        return {str(status): self.schemas.resolve(one) for status, one in operation["responses"].items()}

    def request_schema(self, operation):
        """The schema of the body, None without one."""
        body = operation.get("requestBody")
        return self.schemas.resolve(body)["content"]["application/json"]["schema"] if body else None

    def check(self, method, target, body, answer):
        """Asserts that the document knows this answer to this request."""
        path, operation = self.operation(method, target)
        if operation is None or method == "OPTIONS":
            if path and method != "OPTIONS":
                assert answer.status in (400, 405, 413, 414, 431), answer
            return
        responses = self.responses(operation)
        said = responses.get(str(answer.status), responses.get("default"))
        assert said, f"{answer}: {path} says nothing of {answer.status}"
        for name, header in said.get("headers", {}).items():
            needed = self.schemas.resolve(header).get("required")
            assert answer.headers[name] or not needed, f"{answer}: no header {name}"
        if method != "HEAD":
            self.check_body(said, answer)
        schema = self.request_schema(operation)
        if schema and answer.status < 300:
            errors = self.schemas.errors(schema, exact(body))
            assert not errors, f"{answer}: taken, but the document would not: {errors}"

    def check_body(self, said, answer):
        """Media type and content."""
        content = said.get("content")
        if not content:
            assert answer.body == b"", f"{answer}: a body where none is described"
            return
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        assert kind in content, f"{answer}: {kind} is not described"
        errors = self.schemas.errors(content[kind]["schema"], answer.json)
        assert not errors, f"{answer}: {errors}"
