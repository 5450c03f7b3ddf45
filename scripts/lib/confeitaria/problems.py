"""What nginx says of its own: problems as answers of the API and as pages, and which methods a path has.

As a release's problems.json and routes.json have them (fcgi/generate.py), `problems` is a list of {"name", "codigo",
"status", "retry", "title", "detail"}, retry in seconds, 0 where nothing is said of it; `routes` is
{service: [{"method", "path", "rights"}]}.
"""
import html
import json
import re

from .say import Refused

# Which problem the statuses are that nginx itself gives. A 502 has two reasons: $motivo_502 of pools.conf says which.
STATUSES = {
    "requisicao_invalida": "400 497",
    "rota_nao_encontrada": "403 404",
    "metodo_nao_permitido": "405",
    "versao_diferente": "412",
    "corpo_grande": "413",
    "endereco_grande": "414",
    "muitas_requisicoes": "429",
    "cabecalhos_grandes": "431 494",
    "erro_interno": "500",
    "nao_implementado": "501",
    "servico_fora": "",
    "servico_indisponivel": "503",
    "sobrecarga": "",
    "manutencao": "",
    "tempo_esgotado": "504",
    "versao_http": "505",
}
# What is refused before the path is known cannot go to a named location.
EARLY = {"requisicao_invalida", "endereco_grande", "cabecalhos_grandes", "nao_implementado", "versao_http"}
# Where a person may ask, a page is the answer (seguranca.conf).
PLACES = {
    "rota_nao_encontrada": "$onde_404",
    "erro_interno": "$onde_500",
    "servico_indisponivel": "$onde_503",
    "tempo_esgotado": "$onde_504",
}
# What an operator says of when to come again (maintenance.py).
RETRY = {"manutencao": "$manutencao"}
# What a filter refuses (a file's conditions) ends the connection.
CLOSES = {"versao_diferente"}
# A segment of a route as a regular expression.
SEGMENTS = {
    "{int}": "[1-9][0-9]{0,9}",
    "{hash}": "[0-9a-f]{64}[.][a-z0-9]{1,8}",
    "{uuid}": "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def slug(problem):
    """The last part of the path that is its type, and where its page is."""
    return problem["codigo"].replace("_", "-")


def error_answers(problems):
    """The text of problemas.conf: for each status that nginx itself gives, the problem as JSON, as workers give it.
    Raises Refused when a problem is missing."""
    missing = set(STATUSES) - {problem["codigo"] for problem in problems}
    if missing:
        raise Refused(f"the release's problems.json has no {', '.join(sorted(missing))}")
    head = (
        "# nginx's own errors in the shape of the workers'; they answer theirs themselves.\n"
        "error_page 502 = $onde_502;\n"
    )
    return head + "".join(error_answer(problem) for problem in problems if problem["codigo"] in STATUSES)


def error_answer(problem):
    """What leads to one of them, and its location."""
    codigo, status, retry = problem["codigo"], problem["status"], problem["retry"]
    place = f"/problema/{codigo}" if codigo in EARLY else f"@{codigo}"
    lines = ["internal;", "types { }", "default_type application/problem+json;"]
    if retry:
        lines += ["include cabecalhos.conf;", f"add_header Retry-After {RETRY.get(codigo, retry)} always;"]
    if codigo in CLOSES:
        lines += ["keepalive_timeout 0;"]
    if status == 405:
        # Of a file: of the API's addresses OPTIONS was answered before.
        lines += ["if ($request_method = OPTIONS) {", "    return 204;", "}"]
    lines += [f"return {status} '{body(problem)}';"]
    leads = f"error_page {STATUSES[codigo]} = {PLACES.get(codigo, place)};\n" if STATUSES[codigo] else ""
    content = "".join(f"    {line}\n" for line in lines)
    return f"{leads}location {'= ' * (codigo in EARLY)}{place} {{\n{content}}}\n"


def body(problem):
    """The JSON of an answer."""
    members = {
        "success": False,
        "error": problem["detail"],
        "type": f"/erros/{slug(problem)}",
        "title": problem["title"],
        "status": problem["status"],
        "detail": problem["detail"],
        "codigo": problem["codigo"],
        "request_id": "$id_requisicao",
    }
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))


def methods(routes):
    """The text of metodos.conf, the map $metodos_do_caminho: the methods that the address asked for has at this server,
    as Allow lists them; empty for no address of the API, `arquivo` for what is a file, if it is anything."""
    found = {}
    for service in routes:
        # The front door, and the ports of single services.
        servers = f"confeitaria|{service}" + "|catalogo-replica" * (service == "catalogo")
        for route in routes[service]:
            if route["path"].startswith(("/api/", "/fotos/")):
                pattern = re.sub(r"\{\w+\}", lambda segment: SEGMENTS[segment[0]], route["path"])
                found.setdefault(rf"~^({servers}) {pattern}(\?|$)", set()).add(route["method"])
    lines = [f'"{place}" "{allow(names)}";' for place, names in found.items()]
    lines += [
        r'"~ /health(\?|$)" "GET, HEAD, OPTIONS";',
        r'"~^confeitaria /(livez|api/?|api/openapi\.yaml)(\?|$)" "GET, HEAD, OPTIONS";',
        '"~^confeitaria /(?!(api|interno)(/|$))" arquivo;',
    ]
    rows = "".join(f"    {line}\n" for line in lines)
    return f'map "$server_name $request_uri" $metodos_do_caminho {{\n    default "";\n{rows}}}\n'


def allow(names):
    """Methods as Allow lists them."""
    words = [word for name in METHODS if name in names for word in (("GET", "HEAD") if name == "GET" else (name,))]
    return ", ".join([*words, "OPTIONS"])


def error_pages(problems, skeleton):
    """{file name: HTML} of the pages for people: one a problem, where its `type` points, and a list of all.
    `skeleton` is a page's text with @TITULO@ and @CONTEUDO@; other marks stay."""
    pages = {f"{slug(problem)}.html": error_page(problem, skeleton) for problem in problems}
    rows = "".join(
        f'<tr><td>{problem["status"]}</td><td><a href="/erros/{slug(problem)}">{text(problem["title"])}</a></td>'
        f'<td><code>{problem["codigo"]}</code></td></tr>\n'
        for problem in problems
    )
    content = (
        '<p>Toda falha da <a href="/api/">API</a> traz um destes códigos no campo <code>codigo</code>.</p>'
        f"<table><thead><tr><th>HTTP</th><th>Erro</th><th>Código</th></tr></thead><tbody>\n{rows}</tbody></table>"
    )
    return {**pages, "index.html": page(skeleton, "Erros da API", content)}


def error_page(problem, skeleton):
    """The page of one of them."""
    content = (
        f'<p class="codigo">HTTP {problem["status"]} · <code>{problem["codigo"]}</code></p>'
        f'<p>{text(problem["detail"])}</p>'
    )
    if problem["retry"]:
        content += (
            f'<p>Espere ao menos {problem["retry"]} segundos antes da próxima chamada '
            "(cabeçalho <code>Retry-After</code>).</p>"
        )
    return page(skeleton, text(problem["title"]), content + '<p><a href="/erros/">Todos os erros</a></p>')


def page(skeleton, title, content):
    """A page with this title and content, both HTML; a mark in the content is no mark."""
    marks = {"@TITULO@": title, "@CONTEUDO@": content}
    return re.sub("|".join(marks), lambda mark: marks[mark[0]], skeleton)


def text(words):
    """A text as it stands in HTML."""
    return html.escape(words, quote=False)
