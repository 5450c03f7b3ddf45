"""nginx's own answers, the map of methods and the pages of errors, as they are made from the generated JSON."""
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import generate
from confeitaria import problems
from confeitaria.release import Release
from confeitaria.say import Refused

TOP = Path(__file__).resolve().parents[2]
SKELETON = "<title>@TITULO@ · @LOJA@</title>\n<h1>@TITULO@</h1>\n@CONTEUDO@\n"


@pytest.fixture(name="listed", scope="module")
def fixture_listed():
    """All problems that there are."""
    return generate.read_problems([TOP / "fcgi/core/problems.def"])


@pytest.fixture(name="answers", scope="module")
def fixture_answers(listed):
    """The text of problemas.conf."""
    return problems.error_answers(listed)


def location(answers, place):
    """What is between the braces of a location."""
    return re.search(rf"^location {re.escape(place)} {{\n(.*?)^}}\n", answers, re.M | re.S)[1]


def test_an_answer_is_a_problem_as_workers_give_it(answers, listed):
    """Its JSON holds what the list says; the request's id is nginx's variable."""
    text = location(answers, "@rota_nao_encontrada")
    assert text.startswith("    internal;\n    types { }\n    default_type application/problem+json;\n")
    status, body = re.search(r"    return (\d+) '(.*)';", text).groups()
    said = next(one for one in listed if one["codigo"] == "rota_nao_encontrada")
    assert status == "404"
    assert json.loads(body) == {
        "success": False,
        "error": said["detail"],
        "type": "/erros/rota-nao-encontrada",
        "title": said["title"],
        "status": 404,
        "detail": said["detail"],
        "codigo": "rota_nao_encontrada",
        "request_id": "$id_requisicao",
    }


def test_each_status_leads_to_one_answer(answers):
    """Every status of nginx once; what is not a variable is a location that is there."""
    led = re.findall(r"^error_page ([\d ]+) = (\S+);$", answers, re.M)
    statuses = [status for some, _ in led for status in some.split()]
    assert len(statuses) == len(set(statuses))
    assert set(statuses) == set("400 497 403 404 405 412 413 414 429 431 494 500 501 502 503 504 505".split())
    locations = set(re.findall(r"^location (?:= )?(\S+) {$", answers, re.M))
    assert {place for _, place in led if not place.startswith("$")} <= locations
    assert {"@servico_fora", "@sobrecarga", "@erro_interno"} <= locations
    assert "error_page 431 494 = /problema/cabecalhos_grandes;" in answers
    assert "location = /problema/cabecalhos_grandes {" in answers


def test_what_some_answers_have_besides(answers):
    """When to come again, with the headers of all answers, which add_header would else replace."""
    assert "    include cabecalhos.conf;\n    add_header Retry-After 2 always;\n" in location(answers, "@sobrecarga")
    assert "Retry-After" not in location(answers, "@rota_nao_encontrada")
    assert "keepalive_timeout 0;" in location(answers, "@versao_diferente")
    assert "$request_method = OPTIONS" in location(answers, "@metodo_nao_permitido")
    assert answers.count("$request_method") == answers.count("keepalive_timeout") == 1


def test_a_problem_that_is_missing_is_named(listed):
    """A release whose list and program do not fit each other."""
    with pytest.raises(Refused) as refused:
        problems.error_answers([one for one in listed if one["codigo"] != "sobrecarga"])
    assert "sobrecarga" in refused.value.message


def test_a_release_that_is_not_whole_is_refused(tmp_path):
    """Without its list, or with half of it."""
    release = Release(tmp_path)
    release.share().mkdir(parents=True)
    for text in (None, '[{"name": "INTER'):
        if text:
            release.share("problems.json").write_text(text, encoding="utf-8")
        with pytest.raises(Refused) as refused:
            release.table("problems")
        assert "not whole" in refused.value.message


def allowed(text, server, path):
    """What nginx finds in the map: the first expression that matches."""
    for pattern, value in re.findall(r'^    "~(.*)" "?([\w, ]+)"?;$', text, re.M):
        if re.search(pattern, f"{server} {path}"):
            return value
    return ""


def test_the_methods_of_a_path():
    """Of all routes that fit it, in one order; other services' are not at a service's own port."""
    routes = {
        "catalogo": [
            {"method": "DELETE", "path": "/api/produtos/{int}", "rights": ["admin"]},
            {"method": "GET", "path": "/api/produtos/{int}", "rights": []},
            {"method": "GET", "path": "/fotos/{hash}", "rights": []},
            {"method": "POST", "path": "/interno/reservas", "rights": ["reservas"]},
        ],
        "pedidos": [{"method": "PUT", "path": "/api/pedidos/{uuid}/status", "rights": ["admin"]}],
    }
    text = problems.methods(routes)
    assert text.startswith('map "$server_name $request_uri" $metodos_do_caminho {\n    default "";\n')
    for server in ("confeitaria", "catalogo", "catalogo-replica"):
        assert allowed(text, server, "/api/produtos/7?x=1") == "GET, HEAD, DELETE, OPTIONS"
    assert allowed(text, "pedidos", "/api/produtos/7") == ""
    assert allowed(text, "confeitaria", f"/fotos/{'a' * 64}.png") == "GET, HEAD, OPTIONS"
    order = "/api/pedidos/00000000-0000-4000-8000-00000000000A/status"
    assert allowed(text, "pedidos", order) == "PUT, OPTIONS"
    for path in (order + "/x", "/api/produtos/0", "/api/produtos/007", "/interno/reservas", "/api/nada"):
        assert allowed(text, "confeitaria", path) == "", path
    assert allowed(text, "confeitaria", "/livez") == allowed(text, "pedidos", "/health") == "GET, HEAD, OPTIONS"
    assert allowed(text, "confeitaria", "/qualquer.css") == "arquivo"


class Balance(HTMLParser):
    """The elements that were not closed, and the text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_a_page_for_each_problem_and_a_list(listed):
    """Where its type points; marks of others stay."""
    pages = problems.error_pages(listed, SKELETON)
    assert set(pages) == {"index.html"} | {one["codigo"].replace("_", "-") + ".html" for one in listed}
    for one in listed:
        shown = Balance(pages[one["codigo"].replace("_", "-") + ".html"])
        assert not shown.open and "@LOJA@" in shown.text and "@TITULO@" not in shown.text
        for fact in (one["title"], one["detail"], one["codigo"], f"HTTP {one['status']}"):
            assert fact in shown.text
        assert ("Retry-After" in shown.text) == (one["retry"] > 0)
        assert f'<a href="/erros/{one["codigo"].replace("_", "-")}">' in pages["index.html"]


def test_a_text_is_no_markup_and_no_mark():
    """Whatever is in it."""
    one = {"name": "X", "codigo": "x_y", "status": 400, "retry": 0, "title": "A & B", "detail": "<token> @TITULO@ \\1"}
    page = problems.error_pages([one], SKELETON)["x-y.html"]
    assert "<title>A &amp; B · @LOJA@</title>" in page and "<p>&lt;token&gt; @TITULO@ \\1</p>" in page
