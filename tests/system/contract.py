"""openapi.yaml against what really happens: every checked answer must be one that it describes.

Its schemas are JSON Schema 2020-12 (OpenAPI 3.1).
"""
import re
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

import jsonschema
import yaml

from client import exact

UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
RFC3339 = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$", re.I)
SEGMENTS = {
    "integer": "([1-9][0-9]{0,9})",
    "uuid": "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
    "string": "[0-9a-f]{64}[.][a-z0-9]{1,8}",
}
RIGHTS = {"administrador": "admin", "atendente": "atendente"}  # what the document calls them
METHODS = ("get", "post", "put", "patch", "delete")


class SafeLoader(yaml.SafeLoader):
    """YAML that keeps decimals exact."""


SafeLoader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: Decimal(loader.construct_scalar(node)))

FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("uuid")
def is_uuid(text):
    """In lower case, as the services write them."""
    return not isinstance(text, str) or bool(UUID.match(text))


@FORMATS.checks("date-time", raises=ValueError)
def is_time(text):
    """RFC 3339, and a date that exists."""
    return not isinstance(text, str) or bool(RFC3339.match(text) and datetime.fromisoformat(text[:19]))


@FORMATS.checks("decimal")
def is_amount(number):
    """Exact to the cent. Not multipleOf in the document: validators that count in binary refuse 4.35."""
    return not isinstance(number, Decimal) or number == round(number, 2)


@FORMATS.checks("uri-reference")
def is_uri_reference(text):
    """Without blanks."""
    return not isinstance(text, str) or " " not in text


@FORMATS.checks("email")
def is_email(text):
    """With an @."""
    return not isinstance(text, str) or "@" in text


class Schemas:
    """Validates values by schemas of one document."""

    def __init__(self, document):
        self.document = document
        self.validators = {}

    def resolve(self, node):
        """What a $ref stands for."""
        while "$ref" in node:
            target = self.document
            for name in node["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            node = target
        return node

    def errors(self, schema, value):
        """Every way in which the value is not what the schema, a part of the document, says."""
        if id(schema) not in self.validators:
            # $refs lead to #/components.
            whole = {**schema, "components": self.document["components"]}
            self.validators[id(schema)] = jsonschema.Draft202012Validator(whole, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message}" for error in self.validators[id(schema)].iter_errors(value)]


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
        """integer, uuid, or string for a hash with an extension, of a parameter of the path."""
        for parameter in map(self.schemas.resolve, item["parameters"]):
            if parameter["name"] == name and parameter["in"] == "path":
                schema = self.schemas.resolve(parameter["schema"])
                return "uuid" if schema.get("format") == "uuid" else schema["type"]
        raise KeyError(name)

    def pattern(self, path, item):
        """A path of the document as a regular expression."""
        return re.compile(re.sub(r"\{(\w+)\}", lambda m: SEGMENTS[self.parameter_kind(item, m[1])], path) + r"\Z")

    @staticmethod
    def rights(operation):
        """The rights of which each lets a token in, as a route has them; empty when it is open to all."""
        schemes = [name for one in operation["security"] or [{}] for name in one or [""]]
        return "" if "" in schemes else ",".join(RIGHTS[name] for name in schemes)

    def routes(self):
        """(METHOD, path with {int}, {uuid} and {hash}, rights) of every operation."""
        kinds = {"integer": "{int}", "uuid": "{uuid}", "string": "{hash}"}
        for path, item in self.document["paths"].items():
            plain = re.sub(r"\{(\w+)\}", lambda m, item=item: kinds[self.parameter_kind(item, m[1])], path)
            for method in METHODS:
                if method in item:
                    yield method.upper(), plain, self.rights(item[method])

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
        """The schema of a JSON body, None without one."""
        body = operation.get("requestBody")
        return self.schemas.resolve(body)["content"].get("application/json", {}).get("schema") if body else None

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
        if kind.startswith("image/"):
            return
        errors = self.schemas.errors(content[kind]["schema"], answer.json)
        assert not errors, f"{answer}: {errors}"
