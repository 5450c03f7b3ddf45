"""TLS: the front door with a certificate of the operator's, over HTTP/2 too; the plain port sends there; renewal."""
import json
import shutil
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

import pytest

from client import PLACE, WAIT_SECONDS
from shop import SERVICE_USER, eventually

AGE = "max-age=2592000"


class Secure:
    """A shop whose front door speaks TLS; `place` has the operator's files."""

    def __init__(self, shop, place):
        self.shop, self.place, self.port = shop, place, shop.base + 5
        self.settings = shop.state / "etc/confeitaria.conf"
        self.before = self.settings.read_text(encoding="utf-8")
        self.product = shop.product(estoque=5)["id"]  # while the shop's own clients can come in

    def certificate(self, name="loja"):
        """Makes a certificate for loopback, and its key, which the servers' user can read."""
        key, certificate = self.place / f"{name}.key", self.place / f"{name}.crt"
        names = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        command = ["openssl", "req", "-x509", *kind, *names, "-days", "30", "-keyout", key, "-out", certificate]
        subprocess.run(command, check=True, capture_output=True, timeout=WAIT_SECONDS)
        if key.owner() == "root":
            shutil.chown(key, group=SERVICE_USER)
        key.chmod(0o640)

    def begin(self):
        """Turns it on."""
        self.certificate()
        texts = {
            "tls_certificado": self.place / "loja.crt",
            "tls_chave": self.place / "loja.key",
            "tls_porta": self.port,
        }
        lines = "".join(f"{name} = {text}\n" for name, text in texts.items())
        self.settings.write_text(self.before + lines, encoding="utf-8")
        self.shop.script("reload", "nginx")

    def end(self):
        """And off again."""
        self.settings.write_text(self.before, encoding="utf-8")
        self.shop.script("reload", "nginx")
        for client in (self.shop.public, self.shop.admin):
            client.close()

    def curl(self, method, path, body=None, port=None, options=()):
        """Status, version of HTTP, headers (names in lower case) and body of an answer by TLS, or by the plain port."""
        scheme, port = ("http", port) if port else ("https", self.port)
        form = '\n{"status":%{http_code},"version":"%{http_version}","headers":%{header_json}}'
        command = ["curl", "-s", "-S", "--cacert", self.place / "loja.crt", "-X", method, "-w", form, *options]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(
            [*command, f"{scheme}://localhost:{port}{path}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
        )
        text, _, facts = done.stdout.rpartition('\n{"status"')
        facts = json.loads('{"status"' + facts)
        headers = {name: values[0] for name, values in facts["headers"].items()}
        return facts["status"], facts["version"], headers, text

    def shown(self):
        """The certificate that the front door shows."""
        return ssl.get_server_certificate(("127.0.0.1", self.port), timeout=WAIT_SECONDS)


@pytest.fixture(name="secure", scope="module")
def fixture_secure(shop):
    """The shop with TLS, until the last test of this file."""
    place = Path(tempfile.mkdtemp(prefix="cft-", dir=PLACE))
    place.chmod(0o755)
    secure = Secure(shop, place)
    secure.begin()
    yield secure
    secure.end()
    shutil.rmtree(place)


def test_a_customer_over_http_2(shop, secure):
    """From the page to the order."""
    status, version, headers, page = secure.curl("GET", "/")
    assert (status, version) == (200, "2") and "<title>" in page and headers["strict-transport-security"] == AGE
    session = json.loads(secure.curl("POST", "/api/carrinho/sessao", {})[3])["data"]["session_id"]
    line = {"produto_id": secure.product, "quantidade": 2}
    assert secure.curl("POST", f"/api/carrinho/{session}/adicionar", line)[0] == 200
    status, version, headers, text = secure.curl("POST", "/api/pedidos", shop.checkout(session))
    assert (status, version) == (201, "2") and headers["location"].startswith("/api/pedidos/"), text
    assert shop.value(f"SELECT estoque FROM produtos WHERE id = {secure.product}") == "3"
    assert secure.curl("GET", "/health", options=("--http1.1",))[:2] == (200, "1.1")


@pytest.mark.parametrize(
    "method, path, expected",
    [
        ("GET", "/nada", 404),
        ("GET", "/api/produtos/9999999", 404),
        ("GET", "/api/pedidos", 401),
        ("TRACE", "/api/produtos", 405),
        ("OPTIONS", "/api/produtos", 204),
        ("GET", "/a%00b", 400),
        ("GET", "/livez", 200),
    ],
)
def test_every_answer_over_tls_tells_to_stay(secure, method, path, expected):
    """Strict-Transport-Security, on nginx's own and on refusals too."""
    status, _, headers, _ = secure.curl(method, path)
    assert status == expected and headers["strict-transport-security"] == AGE


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
def test_versions_of_tls(secure, version):
    """1.1 is refused, by a server that is asked for it; 1.2 is not."""
    context = ssl.create_default_context(cafile=secure.place / "loja.crt")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", secure.port), timeout=WAIT_SECONDS) as plain:
        if version == ssl.TLSVersion.TLSv1_2:
            with context.wrap_socket(plain, server_hostname="localhost") as sock:
                assert sock.version() == "TLSv1.2"
        else:
            with pytest.raises(ssl.SSLError, match="(?i)alert"):
                context.wrap_socket(plain, server_hostname="localhost")


def test_the_plain_port_sends_there(shop, secure):
    """Whatever is asked, and without a word that a browser would keep."""
    for method in ("GET", "POST", "DELETE"):
        status, _, headers, _ = secure.curl(method, "/api/carrinho/x?y=%C3%A7&z=1", port=shop.port)
        assert status == 308 and headers["location"] == f"https://localhost:{secure.port}/api/carrinho/x?y=%C3%A7&z=1"
        assert "strict-transport-security" not in headers and headers["cache-control"] == "no-store"
    status, _, _, text = secure.curl("GET", "/%00", port=shop.port)
    assert status == 400 and json.loads(text)["codigo"] == "requisicao_invalida"


def test_the_ports_of_single_services_stay_plain(shop, secure):
    """They are on loopback alone."""
    assert shop.client(pool="catalogo").get(f"/api/produtos/{secure.product}").data["id"] == secure.product


def test_plain_words_on_the_port_of_tls(secure):
    """A problem, as for all that nginx does not understand."""
    status, _, headers, text = secure.curl("GET", "/", port=secure.port)
    assert status == 400 and headers["content-type"] == "application/problem+json"
    assert json.loads(text)["codigo"] == "requisicao_invalida"


def test_what_an_authority_asks_for(shop, secure):
    """certbot --webroot puts it there: it is to be had on the plain port, as it is."""
    place = shop.state / "acme/.well-known/acme-challenge"
    place.mkdir(parents=True)
    (place / "pergunta").write_text("resposta")
    assert secure.curl("GET", "/.well-known/acme-challenge/pergunta", port=shop.port)[::3] == (200, "resposta")
    assert secure.curl("GET", "/.well-known/acme-challenge/outra", port=shop.port)[0] == 404
    shutil.rmtree(shop.state / "acme/.well-known")


def test_status_says_until_when(shop, secure):
    """And that all is well: it asks by TLS itself."""
    facts = shop.status()["parts"]["nginx"]
    assert facts["tls_port"] == secure.port and facts["port"] == shop.port
    dates = ssl._ssl._test_decode_cert(str(secure.place / "loja.crt"))  # pylint: disable=protected-access
    assert facts["certificate_expires"][:4] == dates["notAfter"].split()[3]


def test_a_renewed_certificate_counts_from_a_reload_on(shop, secure):
    """Nothing but the files' content changed. The key is nobody else's to read; a pair that does not fit changes
    nothing."""
    before, number = secure.shown(), shop.current.resolve().name
    secure.certificate("outra")
    shutil.copy(secure.place / "outra.crt", secure.place / "loja.crt")
    done = shop.script("reload", "nginx", check=False)
    assert done.returncode == 1 and "not that of the certificate" in done.stderr and secure.shown() == before
    assert not list((shop.state / "generations").glob("*.new")) and shop.current.resolve().name == number
    shutil.copy(secure.place / "outra.key", secure.place / "loja.key")
    shop.script("reload", "nginx")
    after = (secure.place / "outra.crt").read_text()
    assert after != before and eventually(lambda: secure.shown() == after)
    assert secure.curl("GET", "/livez")[0] == 200
    assert (shop.current / "nginx/tls.key").stat().st_mode & 0o777 == 0o600
