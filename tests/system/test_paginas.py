"""The pages: what they load is served under a hash of it all, they show the settings, and the shop starts without
their libraries."""
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from client import TOP, Client
from generated import BUILD
from shop import COMMAND_SECONDS, eventually, free_ports

ADDRESS = re.compile(r"/estatico/[0-9a-f]{16}/")
PAGES = ("/", "/painel", "/painel/", "/api", "/api/", "/erros", "/erros/estoque-insuficiente", "/nada")
PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def text_of(answer):
    """A page's."""
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8", answer
    return answer.body.decode()


# What is told to browsers, and to people who are lost


@pytest.mark.parametrize("path", PAGES)
def test_a_policy_with_every_page(shop, path):
    """It loads from here alone, and is in no frame."""
    answer = shop.public.get(path, headers=PERSON)
    assert answer.status == (404 if path == "/nada" else 200) and answer.headers["Content-Type"].startswith("text/html")
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in str(policy) and "http" not in str(policy)
    assert answer.headers["Referrer-Policy"] == "no-referrer" and "camera=()" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Strict-Transport-Security"] is None


def test_a_page_for_people_a_problem_for_programs(shop):
    """And a problem for all below /api."""
    assert "Esta página não existe" in shop.public.get("/nada", headers=PERSON).body.decode()
    for path, headers in (("/nada", {}), ("/nada", {"Accept": "*/*"}), ("/api/nada", PERSON), ("/interno/x", PERSON)):
        shop.public.get(path, headers=headers).problem("rota_nao_encontrada")
    shop.public.request("POST", "/nada", headers=PERSON).problem("rota_nao_encontrada")


def test_tls_is_believed_of_our_proxies_only(shop):
    """There is none here."""
    answer = shop.public.get("/", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] is None


# A tree whose pages a test may change


class Tree:
    """A copy of what is installed, with a system of its own; `pages`: with what they load, if it is built here."""

    def __init__(self, place, pages):
        self.state, self.build = place / "estado", place / "programas"
        shutil.copytree(BUILD / "stage", self.build / "stage")
        share = self.build / "stage/share/confeitaria"
        if not pages:
            shutil.rmtree(share / "pages", ignore_errors=True)
        self.loaded = share / ("pages" if (share / "pages").is_dir() else "nginx/html/estatico")
        self.port = free_ports()[0]

    @property
    def client(self):
        """On a connection of its own: nginx closes those of before it was reloaded."""
        return Client(self.port, None, None)

    def script(self, name, *words):
        """What it said."""
        environment = {**os.environ, "CONFEITARIA_BUILD": str(self.build)}
        command = [TOP / "scripts" / name, "--state", self.state, *words]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=COMMAND_SECONDS, env=environment, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, *words):
        """Up."""
        return self.script("up", "--port", str(self.port), "--direct-ports", "0", "--no-seed", *words)

    def change(self):
        """A file that pages load is another one; the address of it all."""
        with (self.loaded / "loja/principal.js").open("a") as module:
            module.write("// mudou\n")
        self.script("restart", "nginx")
        return self.address()

    def address(self):
        """Where pages say that what they load is."""
        return ADDRESS.search(text_of(self.client.get("/erros/")))[0]

    def module(self, address):
        """The answer for the module that changes."""
        return self.client.get(f"{address}loja/principal.js")


@pytest.fixture(name="tree")
def fixture_tree(place):
    """Taken down at the end."""
    made = []

    def make(pages=True):
        made.append(Tree(place, pages))
        return made[-1]

    yield make
    for tree in made:
        tree.script("down", "--purge")


@pytest.mark.commands
def test_what_pages_load_is_kept_for_good_and_a_page_that_is_open_goes_on(tree):
    """The address is new when anything is; the one before it is still served, the one before that is not."""
    tree = tree()
    tree.up("--set", 'loja_nome=A & B <i> "C" \\ @TELEFONE@', "--set", "loja_url=https://loja.example")
    page = tree.client.get("/")
    assert 'data-loja="A &amp; B &lt;i&gt; &quot;C&quot; \\ &#64;TELEFONE&#64;"' in text_of(page)
    assert 'content="https://loja.example/' in text_of(page) and not re.search("@[A-Z]+@", text_of(page))
    first = tree.address()
    kept = tree.module(first)
    assert kept.status == 200 and kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    again = tree.client.get(f"{first}loja/principal.js", headers={"If-None-Match": kept.etag})
    assert again.status == 304 and again.headers["Cache-Control"] == kept.headers["Cache-Control"]
    tree.script("restart", "nginx")
    assert tree.client.get("/").etag == page.etag and tree.module(first).etag == kept.etag
    second = tree.change()
    assert second != first and tree.module(first).body == kept.body and tree.module(second).body != kept.body
    third = tree.change()
    assert tree.module(third).status == tree.module(second).status == 200
    tree.module(first).problem("rota_nao_encontrada")


@pytest.mark.commands
def test_without_the_libraries_all_else_works(tree):
    """scripts/up says so and goes on; a page shows what it has without JavaScript."""
    tree = tree(pages=False)
    assert "the pages lack their libraries" in tree.up()
    for path in ("/", "/painel", "/api/"):
        page = text_of(tree.client.get(path))
        assert "Esta página está em manutenção." in page and "<noscript>" not in page
    assert "(11) 5555-0123" in text_of(tree.client.get("/"))
    assert tree.client.get("/api/produtos").data == []
    assert eventually(lambda: tree.client.get("/health").json["status"] == "healthy")


# Building them


def built(place, **environment):
    """nginx/paginas/build."""
    command = [TOP / "nginx/paginas/build", place / "saida"]
    environment = {**os.environ, **environment}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=COMMAND_SECONDS, env=environment, check=False
    )


@pytest.mark.skipif((TOP / "nginx/paginas/pronto").exists(), reason="a release has them")
def test_no_npm_and_no_registry(place):
    """69, and a sentence that says which."""
    (place / "bin").mkdir()
    for program in Path("/usr/bin").iterdir():
        if program.name != "npm":
            (place / "bin" / program.name).symlink_to(program)
    done = built(place, PATH=str(place / "bin"))
    assert done.returncode == 69 and done.stdout == "npm is not installed (apt-get install npm)\n", done
    assert not (place / "saida/paginas").exists()
    if shutil.which("npm"):
        done = built(place, npm_config_registry="http://127.0.0.1:9/", npm_config_cache=str(place / "cache"))
        assert done.returncode == 69 and "npm could not install" in done.stdout.splitlines()[-1], done
        assert not (place / "saida/paginas").exists()


def test_the_lock_file_names_versions_and_no_hosts():
    """Pinned exactly, with the hash of each."""
    text = (TOP / "nginx/paginas/package-lock.json").read_text()
    assert "resolved" not in text and "http" not in re.sub(r'"url": "[^"]*"', "", text)
    assert text.count('"integrity"') == text.count('"node_modules/')
    assert not re.search(r'": "[~^>*]', (TOP / "nginx/paginas/package.json").read_text())
