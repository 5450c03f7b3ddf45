"""openapi.yaml, the code and the running system say the same."""
import re

import pytest
import yaml

from client import TOP
from contract import METHODS
from generated import problems, routes

INTERNAL = ("/interno/", "/saude", "/metrics")
NGINX_ALONE = {("GET", "/livez", "")}
NAMES = {"{int}": "2147483647", "{uuid}": "00000000-0000-4000-8000-000000000000", "{hash}": f"{'0' * 64}.png"}


def references(node):
    """Every $ref of a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_the_route_tables_are_the_document(shop):
    """Same paths, same methods, the same rights; nothing more, nothing less."""
    public = {route for route in routes() if not route[1].startswith(INTERNAL)}
    assert public | NGINX_ALONE == set(shop.contract.routes())


def test_every_route_of_the_document_answers(shop):
    """With something that it describes: the contract is checked on every answer."""
    for method, pattern, rights in shop.contract.routes():
        path = re.sub(r"\{\w+\}", lambda m: NAMES[m[0]], pattern)
        body = {} if shop.contract.request_schema(shop.contract.operation(method, path)[1]) else None
        answer = (shop.admin if rights else shop.public).request(method, path, body)
        if answer.status == 404:
            assert answer.json["codigo"] != "rota_nao_encontrada", answer
        late = path == "/health" and answer.status == 503
        assert answer.status not in (401, 403, 405) and answer.status < 500 or late, answer
        if rights:
            shop.public.request(method, path, body).problem("nao_autenticado")


def test_a_method_that_the_document_lacks_is_refused(shop):
    """For every path."""
    for pattern in {pattern for _, pattern, _ in shop.contract.routes()}:
        path = re.sub(r"\{\w+\}", lambda m: NAMES[m[0]], pattern)
        known = {method for method, other, _ in shop.contract.routes() if other == pattern}
        for method in {name.upper() for name in METHODS} - known:
            shop.admin.request(method, path, {}).problem("metodo_nao_permitido")


def test_the_codes_are_those_of_the_list(shop):
    """problems.def and the document name the same problems, and each has a page."""
    assert set(shop.contract.document["components"]["schemas"]["Codigo"]["enum"]) == set(problems())
    for codigo, known in problems().items():
        page = shop.public.get("/erros/" + codigo.replace("_", "-"))
        assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert codigo in page.text and known.title in page.text and str(known.status) in page.text
        assert known.detail.split(":")[0].split("<")[0] in page.text
        assert shop.public.get("/erros/").text.count(f"<code>{codigo}</code>") == 1


@pytest.mark.parametrize("codigo", ["servico_fora", "resultado_desconhecido", "tempo_esgotado"])
def test_an_unknown_result_names_two_ways_on(shop, codigo):
    """To read first, or to repeat with the same key. Nothing says that the call may simply be sent again."""
    page = shop.public.get("/erros/" + codigo.replace("_", "-")).text
    for text in (problems()[codigo].detail, page):
        assert re.search("leia antes de repetir, ou repita com a mesma Idempotency-Key, se a enviou", text, re.I), text
        assert not re.search("tente de novo|e repita", text, re.I), text


def test_the_document_is_whole(shop):
    """Every reference leads somewhere, everything defined is used, every operation says what it is."""
    document = shop.contract.document
    used = set(references(document))
    for reference in used:
        shop.contract.schemas.resolve({"$ref": reference})
    for kind, things in document["components"].items():
        if kind != "securitySchemes":
            for name in things:
                assert f"#/components/{kind}/{name}" in used, f"{kind}/{name} is used nowhere"
    ids = [
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    ]
    assert len(ids) == len(set(ids))
    assert document["info"]["contact"]
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                assert (
                    operation["summary"]
                    and operation["description"]
                    and operation["tags"][0] in [tag["name"] for tag in document["tags"]]
                ), (path, method)
                common = {"default"} if path == "/livez" else {"429", "default"}
                assert common <= set(operation["responses"]), (path, method)
                if {} not in (operation["security"] or [{}]):
                    assert {"401", "403"} <= set(operation["responses"]), (path, method)
                if "requestBody" in operation:
                    assert {"400", "413", "415", "422"} <= set(operation["responses"]), (path, method)
    assert {"400", "413", "415", "422"} <= set(document["paths"]["/api/pedidos"]["post"]["responses"])


def objects(node, place="#"):
    """(where, object) of every object of a document."""
    if isinstance(node, dict):
        yield place, node
    for name, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from objects(value, f"{place}/{name}")


def test_no_component_shares_its_name(shop):
    """Generators make one namespace of all kinds, and put a number behind the second of a name."""
    names = [name.lower() for things in shop.contract.document["components"].values() for name in things]
    assert [name for name in names if names.count(name) > 1] == []


def test_examples_fit_their_schemas(shop):
    """Every body, every answer with a body, and every parameter of a path has an example, and all are valid."""
    schemas = shop.contract.schemas
    for place, thing in objects(shop.contract.document):
        if "/example" in place:
            continue
        if "schema" in thing and ("application/" in place or thing.get("in") == "path"):
            assert "example" in thing, place
        if "example" in thing:
            assert schemas.errors(thing["schema"], thing["example"]) == [], place


def test_examples_of_problems_are_those_of_the_list(shop):
    """The words of each, and a status that the answer can have."""
    for name, response in shop.contract.document["components"]["responses"].items():
        example = response.get("content", {}).get("application/problem+json", {}).get("example")
        if example:
            known = problems()[example["codigo"]]
            assert (example["status"], example["title"]) == (known.status, known.title), name
            assert example["detail"] == known.detail or example["codigo"] == "estoque_insuficiente", name
            assert example["type"] == "/erros/" + example["codigo"].replace("_", "-"), name


def test_the_document_is_served(shop):
    """As it is in the tree, to everybody."""
    answer = shop.public.get("/api/openapi.yaml", headers={"Origin": "https://loja.example"})
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.body == (TOP / "nginx/html/api/openapi.yaml").read_bytes()
    assert yaml.safe_load(answer.text)["openapi"] == "3.1.0"
