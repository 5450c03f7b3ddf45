"""Logs: short lines, no keys in any spelling, nothing of a shop that rests, files that the system rotates itself."""
import http.client
import re
import secrets
import socket
import uuid
from datetime import datetime
from urllib.parse import quote, unquote

import pytest

from shop import WORKERS, Shop, eventually

pytestmark = pytest.mark.commands

LINE_BYTES = {"acesso": 800, "interno": 800, "nginx": 512, "catalogo": 512, "carrinho": 512, "pedidos": 512}
COMBINED = re.compile(
    r'(?P<host>\S+) - - \[(?P<time>[^]]+)\] "(?P<method>\S+) (?P<path>\S+) (?P<protocol>\S+)" (?P<status>\d{3})'
    r' (?P<bytes>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<pairs>.*)'
)
PAIR = re.compile(r'([a-z_]+)=("[^"]*"|\S*)(?: |$)')
KIB = 8  # of a log before it is rotated
GENERATIONS = 5  # the log itself and four older ones
ROUNDS = 2  # of the conciliador's heartbeat, each of some four of its own
KEY_WINDOW = 12  # hexadecimal digits that no other text has by chance


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop with small logs, in which a file is asked for once a second and ten times at once."""
    with Shop(limite_log_kib=KIB, limite_arquivos=1) as shop:
        yield shop


def mark(shop, pool=None):
    """A request that is in the access log when this returns, and with it all that was before."""
    ident = f"fim-{secrets.token_hex(6)}"
    shop.client(pool=pool, checked=False).get("/api/categorias", headers={"X-Request-Id": ident})
    assert eventually(lambda: any(ident in text for name, text in shop.logs().items() if name.startswith("acesso.log")))


def lines(shop, name, *words):
    """The lines of a log, older files too, that have these words."""
    texts = (text for file, text in shop.logs().items() if file == name or file.startswith(f"{name}."))
    return [line for text in texts for line in text.splitlines() if all(word in line for word in words)]


def log_sizes(shop):
    """How large each log is."""
    return {name: len(text) for name, text in shop.logs().items()}


# A shop that rests


def test_a_resting_shop_writes_nothing(loja):
    """Round after round of the conciliador, which asks the catalogue in each; and machines that ask for health."""

    def seen():
        return loja.value("SELECT olhou_em FROM conciliacao", "pedidos")

    def rested():
        beats, before = {seen()}, log_sizes(loja)
        assert eventually(lambda: beats.add(seen()) or len(beats) > ROUNDS)
        return log_sizes(loja) == before

    assert eventually(rested), log_sizes(loja)
    internal = loja.internal(loja.secret("pedidos.token"))
    for path in ("/health/catalogo", "/health/carrinho", "/health/pedidos", "/interno/sistema/catalogo"):
        assert internal.get(path).status == 200
    mark(loja)
    assert not lines(loja, "interno.log", "/health/") and not lines(loja, "interno.log", "/interno/sistema")
    assert not [line for name in ("catalogo.log", "carrinho.log") for line in lines(loja, name, "rota=/health ")]


# Lines


def test_a_line_is_short_whatever_is_asked(loja):
    """Paths, questions, methods and headers as long as nginx takes them."""
    client = loja.client(checked=False)
    long_id = "x" * 64
    long_words = {"Referer": f"http://{'x' * 48}:65535/" + "r" * 1500, "User-Agent": "Nome/1.2 " * 800}
    for method, path in (
        ("GET", "/" + "%01" * 2500),
        ("GET", "/api/produtos/" + "%22" * 2500),
        ("GET", "/" + "abc/" * 1800),
        ("GET", "/api/produtos?" + "a" * 7000),
        ("GET", "/api/produtos?x=" + "%01" * 2300),
        ("GET", "/api/produtos?" + "&".join(f"nome_{chr(97 + i % 26)}=1" for i in range(500))),
        ("GET", "/api/produtos?categoria_id=1234567890&limite=1234567890&ordem=" + "a" * 20 + "&status=" + "b" * 20),
        ("GET", "/interno/" + "a" * 7000),
        ("PUT", "/api/carrinho/" + "%5C" * 2300 + "/atualizar/" + "1" * 100),
        ("M" * 1500, "/api/produtos"),
    ):
        for _ in range(3):
            client.request(method, path, headers={"X-Request-Id": long_id, **long_words})
    mark(loja)
    assert lines(loja, "acesso.log", long_id)
    for name, text in loja.logs().items():
        most = LINE_BYTES.get(re.split("[.-]", name)[0])
        longest = max(text.splitlines(), key=len, default="")
        assert most is None or len(longest.encode()) < most, (name, longest)


def seen_in_access_log(shop, *requests):
    """Asks each (method, path, headers), and gives the fields of its line: those of the combined format, and the pairs
    after them."""
    asked = {f"linha-{secrets.token_hex(6)}": one for one in requests}
    for ident, (method, path, headers) in asked.items():
        shop.client(checked=False).request(method, path, headers={"X-Request-Id": ident, **headers})
    assert eventually(lambda: all(lines(shop, "acesso.log", ident) for ident in asked))
    for ident in asked:
        (line,) = lines(shop, "acesso.log", ident)
        fields = COMBINED.fullmatch(line).groupdict()
        yield {**fields, **dict(PAIR.findall(fields.pop("pairs")))}


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


def test_the_access_log_is_in_the_combined_format(loja):
    """What programs for Apache's logs read, and after that what they leave alone."""
    referer = "https://busca.example:8443/resultados?q=bolo"
    cart = f"/api/carrinho/{uuid.uuid4()}/adicionar"
    found, other = seen_in_access_log(
        loja,
        ("GET", "/api/produtos?limite=2&busca=bolo", {"Referer": referer, "User-Agent": CHROME}),
        ("POST", cart, {}),
    )
    assert datetime.strptime(found.pop("time"), "%d/%b/%Y:%H:%M:%S %z").utcoffset().total_seconds() == 0
    assert (found["host"], found["method"], found["protocol"]) == ("127.0.0.1", "GET", "HTTP/1.1")
    assert (found["path"], found["status"]) == ("/api/produtos?limite=2&busca", "200") and int(found["bytes"]) > 100
    assert (found["referer"], found["agent"]) == ("https://busca.example:8443/", CHROME)
    assert found["pool"] == '"catalogo-busca"' and found["pool_status"] == '"200"' and float(found["seconds"]) >= 0
    assert (other["path"], other["referer"]) == ("/api/carrinho/{sessao}/adicionar", "-")
    mark(loja)
    for name in ("acesso.log", "interno.log"):
        assert lines(loja, name) and all(COMBINED.fullmatch(line) for line in lines(loja, name))
    assert not lines(loja, "acesso.log", "unix:")
    assert all(line.startswith("unix: - - ") and "one_in" not in line for line in lines(loja, "interno.log"))


CLEANED = {
    "Referer": {
        "": "-",
        "https://loja.example": "https://loja.example/",
        "http://127.0.0.1:8080/painel": "http://127.0.0.1:8080/",
        "https://ana:senha@loja.example/": "-",
        'https://loja.example" 200 1': "-",
        "javascript:alert(1)": "-",
        f"https://{'a' * 49}/": "-",
    },
    "User-Agent": {
        "": "-",
        "curl/7.88.1": "curl/7.88.1",
        'x" 200 1 "-" "y" status=500': "x",
        "ana@cliente.example": "ana",
        "\\x22": "-",
        "Nome " * 100: ("Nome " * 100)[:128],
        " ".join("8c0b704a-ef1d-4d31"): "-",
        "8c0b(704a)ef1d;4d31": "-",
    },
}


def test_what_a_client_says_of_itself_is_cleaned(loja):
    """Of where it comes from the origin, of its name what such names consist of; nothing that could be a key."""
    for name, field in (("Referer", "referer"), ("User-Agent", "agent")):
        given = [("GET", "/api/categorias", {name: text}) for text in CLEANED[name]]
        assert [found[field] for found in seen_in_access_log(loja, *given)] == list(CLEANED[name].values())


@pytest.mark.parametrize("path", ["/livez", "/nada.js", "/interno/x", "/api/nada"])
def test_what_costs_a_client_nothing_is_sampled(loja, path):
    """What a limit refuses, and what nginx answers before it counts: one line in a hundred, which says so."""
    mark(loja)
    before, status = len(lines(loja, "acesso.log")), set()
    connection = http.client.HTTPConnection("127.0.0.1", loja.port)
    for _ in range(1000):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        status.add(answer.status)
    connection.close()
    mark(loja)
    assert status <= {200, 404, 429} and (path != "/nada.js" or 429 in status)
    assert len(lines(loja, "acesso.log")) - before < 200
    assert all(line.endswith(" one_in=100") for line in lines(loja, "acesso.log", '" 429 '))


# Keys


def spellings(key):
    """A key as it may be written in a path or a question, of which some work and some are mistakes."""
    plain = key.replace("-", "")
    return (
        key,
        key.upper(),
        plain,
        plain.upper(),
        key.replace("-", "_"),
        key.replace("-", "%2D"),
        key.replace("-", "%252d"),
        key.replace("-", "._-"),
        "".join(f"%{ord(letter):02x}" for letter in key),
        f"%{ord(key[0]):02X}{key[1:]}",
        quote(f"{{{key}}}"),
        f"urn:uuid:{key}",
        f"{key[:20]}/{key[20:]}",
    )


def places(text):
    """Where somebody may put it: method, path, question, headers, body."""
    for path in (
        f"/api/carrinho/{text}",
        f"/api/carrinho/{text}/adicionar",
        f"/api/carrinho/x/{text}",
        f"/api/pedidos/{text}",
        f"/api/pedidos/{text}/status",
        f"/api/pedidos//{text}",
        f"/interno/reservas/{text}",
        f"/api/produtos/{text}",
        f"/api/produtos/7/{text}",
        f"/api/categorias/{text}/x",
        f"/fotos/{text}.jpg",
        f"/estatico/{text}/loja.js",
        f"/{text}",
        f"/painel/{text}/x",
        f"/api/produtos?{text}",
        f"/api/produtos?x={text}",
        f"/api/produtos?limite=2&ordem={text}",
        f"/api/produtos?limite={text}&a=b",
        f"/api/produtos?busca={text}",
        f"/?sessao={text}#x",
    ):
        yield "GET", path, {}
    yield "GET", "/api/produtos", {"X-Request-Id": text}
    yield "GET", "/api/categorias", {"X-Request-Id": f"r-{text}"}
    yield "GET", "/api/categorias", {"Referer": f"https://loja/meus-pedidos/{text}?sessao={text}"}
    yield "GET", "/api/categorias", {"Referer": f"https://{text}/", "User-Agent": f"{CHROME} {text}"}
    yield "GET", "/api/categorias", {"Referer": f"https://x.{text}.x:80", "User-Agent": f"curl/{' '.join(text)}"}
    yield "GET", "/api/categorias", {"User-Agent": text, "Cookie": f"s={text}", "Origin": f"https://{text}"}
    yield "GET", "/api/categorias", {"If-None-Match": f'"{text}"', "Authorization": f"Bearer {text}"}
    yield "GET", "/api/categorias", {"Host": text}
    yield "GET", "/api/categorias", {"traceparent": f"00-{text}-00f067aa0ba902b7-01"}
    yield "POST", "/api/pedidos", {"Idempotency-Key": text}
    yield f"GET-{text}".upper(), "/api/categorias", {}


def send_all(port, requests):
    """Sends each on a connection of its own, and waits for none; the connections."""
    connections = []
    for method, path, headers in requests:
        body = b'{"session_id": "%s"}' % path.encode() if method == "POST" else b""
        headers = {"Host": "loja", "Content-Type": "application/json", "Content-Length": len(body), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode() + body)
        connections.append(connection)
    return connections


def hear_all(connections):
    """Reads each answer to its end."""
    for connection in connections:
        with connection:
            while connection.recv(65536):
                pass


def found(keys, text):
    """Parts of keys that are in a text in any spelling: what is between hexadecimal digits does not count."""
    digits = re.sub("[^0-9a-f\n]", "", unquote(unquote(text)).lower())
    windows = {
        plain[at : at + KEY_WINDOW]
        for plain in (re.sub("[^0-9a-f]", "", key.lower()) for key in keys)
        for at in range(len(plain) - KEY_WINDOW)
    }
    return {window for window in windows if window in digits}


def test_no_key_is_in_a_log_in_any_spelling(loja):
    """Ids and tokens, wherever they are put, while pools answer, are stopped and do nothing."""
    keys = []

    def requests():
        key = str(uuid.uuid4())
        token = f"cft_{secrets.token_hex(32)}"
        keys.extend((key, token.removeprefix("cft_")))
        return [one for text in (*spellings(key), token, token.upper()) for one in places(text)]

    ports = (loja.port, loja.base + 1, loja.base + 3)
    for port in ports:
        hear_all(send_all(port, requests()))
    pools = {name for pool in WORKERS for name in loja.workers(pool.partition("=")[0])}
    with loja.stopped(*pools):
        for port in ports:
            hear_all(send_all(port, requests()))
    hurried = loja.workers("catalogo") | loja.workers("catalogo-replica")
    with loja.frozen(next(iter(hurried))):
        for port in ports:
            waiting = send_all(port, requests()[:60])
    hear_all(waiting)
    mark(loja)
    assert loja.recovered()
    texts = loja.logs()
    assert len(lines(loja, "acesso.log", "{}")) > 20
    for name, text in texts.items():
        assert not found(keys, text), (name, found(keys, text))


@pytest.mark.parametrize(
    "key", spellings("8c0b704a-ef1d-4d31-b4f7-494c72bbf700")[:6] + ("cft_c49f0962538ae3f2", "a" * 16)
)
def test_a_request_id_that_may_be_a_key_is_replaced(loja, key):
    """An answer has the id that the logs have."""
    assert re.fullmatch(
        "[0-9a-f]{32}", loja.public.get("/api/categorias", headers={"X-Request-Id": key}).headers["X-Request-Id"]
    )


def test_a_password_is_not_logged_with_the_statement_that_failed(loja):
    """PostgreSQL says what was wrong, without the statement."""
    role, password = f"papel_{secrets.token_hex(4)}", secrets.token_hex(16)
    with pytest.raises(AssertionError):
        loja.psql(f"ALTER ROLE {role} PASSWORD '{password}'", "pedidos")
    assert eventually(lambda: lines(loja, "pg-pedidos.log", role))
    assert not lines(loja, "pg-pedidos.log", password)


# Files


def ask_carts(shop, number):
    """So many reads of carts that are not there: a line each in the pool's log and in nginx's."""
    for _ in range(number):
        shop.public.get(f"/api/carrinho/{uuid.uuid4()}").problem("sessao_nao_encontrada")


def test_a_workers_log_is_rotated_and_loses_nothing(loja):
    """A log that is over its size becomes an older one; the oldest goes. Each request's line is in one of them."""
    path = loja.state / "log/carrinho.log"

    def older():
        return sorted(path.parent.glob("carrinho.log.*"))

    def rotated():
        return path.stat().st_size < KIB * 1024

    sent = len(lines(loja, "carrinho.log", "event=request", "rota=/api/carrinho/{uuid} "))
    for turn in range(GENERATIONS + 1):
        ask_carts(loja, 80)
        sent += 80
        assert eventually(rotated), loja.logs()["zelador.log"]
        if turn < GENERATIONS - 1 and len(older()) < GENERATIONS - 1:
            assert len(lines(loja, "carrinho.log", "event=request", "rota=/api/carrinho/{uuid} ")) == sent
    assert eventually(lambda: len(older()) == GENERATIONS - 1)
    assert sum(log_sizes(loja).values()) < 100 * GENERATIONS * KIB * 1024
    assert "logrotate" not in loja.logs()["zelador.log"]


def write_nginx(shop, words):
    """Lines of nginx, with the words in them."""
    for _ in range(40):
        shop.public.get("/api/categorias", headers={"X-Request-Id": words})


def write_supervisord(shop, _words):
    """Lines of supervisord."""
    for _ in range(10):
        shop.supervisor("reopen")


def write_postgres(shop, words):
    """Lines of PostgreSQL, which supervisord writes down."""
    shop.psql(f"DO $$ BEGIN FOR i IN 1..100 LOOP RAISE LOG '{words}'; END LOOP; END $$", "pedidos")


@pytest.mark.parametrize(
    "name, write, words",
    [
        ("acesso.log", write_nginx, None),
        ("supervisord.log", write_supervisord, "reopen"),
        ("pg-pedidos.log", write_postgres, None),
    ],
)
def test_a_servers_log_is_rotated(loja, name, write, words):
    """And what comes after that is in the new file."""
    path = loja.state / "log" / name
    inode = path.stat().st_ino
    assert eventually(lambda: write(loja, "antes") or path.stat().st_ino != inode), loja.logs()["zelador.log"]
    words = words or f"depois-{secrets.token_hex(4)}"
    assert eventually(lambda: write(loja, words) or words in path.read_text())


@pytest.mark.parametrize("fault", ["missing", "not a file", "full"])
def test_a_log_that_cannot_be_written_stops_no_worker(loja, fault):
    """Its lines go to standard error, after one that says so; also those of a worker that is renewed meanwhile."""
    path, errors = loja.state / "log/carrinho.log", "carrinho.stderr.log"
    workers, before = loja.workers("carrinho"), set(lines(loja, errors))
    owner = path.stat()
    path.unlink()
    if fault == "not a file":
        path.mkdir()
    if fault == "full":
        path.symlink_to("/dev/full")
    try:
        ask_carts(loja, 20)
        loja.supervisor("hangup", *workers)
        if fault != "missing" or owner.st_uid != path.parent.stat().st_uid:
            assert eventually(lambda: len(set(lines(loja, errors, "event=start")) - before) == len(workers))
            assert set(lines(loja, errors, "event=log_unwritable")) - before
        ask_carts(loja, 20)
        assert loja.workers("carrinho") == workers
    finally:
        if fault == "not a file":
            path.rmdir()
        path.unlink(missing_ok=True)
        loja.script("restart", "vigia")  # makes the logs that are missing
    ask_carts(loja, 20)
    assert eventually(lambda: path.read_text().count("event=request ") >= 20)


# What dies at once


def test_what_dies_at_once_is_started_with_growing_pauses(loja):
    """A program with a broken configuration; mended, it comes back by itself."""
    path = loja.current / "vigia.conf"
    text = path.read_text()

    def spawned():
        words = (line.split(" INFO ")[0] for line in lines(loja, "supervisord.log", "spawned: 'vigia'"))
        moments = (datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f") for text in words)
        return sorted(moment for moment in moments if moment > begun)

    def pauses():
        moments = spawned()
        return [(after - before).total_seconds() for before, after in zip(moments, moments[1:])]

    loja.supervisor("stop", "vigia")
    path.write_text(text + "nada = 1\n")
    begun = datetime.now()
    try:
        loja.supervisor("start", "vigia")
        assert eventually(lambda: max(pauses(), default=0) > 2.5), pauses()
    finally:
        path.write_text(text)
    assert eventually(lambda: "vigia" in loja.processes())
    assert loja.recovered()
