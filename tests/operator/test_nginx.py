"""nginx's configuration and pages as they are rendered, and as nginx takes them; its cache's directory."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from confeitaria import cache, nginx, pages
from confeitaria.release import Release
from confeitaria.say import Refused
from confeitaria.settings import Settings
from confeitaria.state import link

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(name="release", scope="module")
def fixture_release(tmp_path_factory):
    """What nginx needs of a release, without the libraries of the pages."""
    path = tmp_path_factory.mktemp("release")
    share = path / "share/confeitaria"
    share.mkdir(parents=True)
    shutil.copytree(TOP / "nginx", share / "nginx", ignore=shutil.ignore_patterns("paginas"))
    (share / "version.json").write_text('{"version": "1", "commit": "0"}', encoding="ascii")
    of = {"problems": [TOP / "fcgi/core/problems.def"], "routes": sorted(TOP.glob("fcgi/*/main.c"))}
    for name, sources in of.items():
        subprocess.run([sys.executable, TOP / "fcgi/generate.py", f"{name}.json", *sources], cwd=share, check=True)
    return Release(path)


@pytest.fixture(name="state")
def fixture_state(state, monkeypatch):
    """A state without anything but directories, whose cache is in it."""
    monkeypatch.setattr(cache, "in_memory", lambda _state: False)
    for name in ("log", "tmp", "run", "generations", "etc/nginx.d", "etc/nginx-server.d"):
        (state.path / name).mkdir()
    state.current.symlink_to("generations/current")
    return state


def rendered(state, release, number=1, **texts):
    """A new generation with nginx's part of it."""
    directory = state.generations / f"{number}.new"
    directory.mkdir()
    nginx.render(state, Settings({}).with_values({"port": str(free_port()), **texts}), release, directory)
    return directory


def turned(state, directory):
    """Makes it the current one."""
    place = directory.with_suffix("")
    os.rename(directory, place)
    link(state.generations / "current", place.name)
    return place


def free_port():
    """A port of loopback that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def conf_files(directory):
    """{name: text} of nginx's files."""
    return {path.name: path.read_text(encoding="utf-8") for path in (directory / "nginx").iterdir()}


ODD = {
    "cors_origens": "https://loja.example http://localhost:3000",
    "proxies": "10.0.0.0/8 ::1",
    "limite_fila": "1",
    "limite_sessoes_dia": "1500",
    "limite_pedidos_dia": "1000000",
    "limite_leituras": "100000",
    "limite_conexoes": "4000",
    "prazo_segundos": "60",
    "reach": "public",
    "direct_ports": "0",
    "nginx_processos": "64",
    "loja_nome": "Ana & <Bia> \"x\" @NOME@ 'y' \\ z",
    "loja_endereco": "Rua \\1 & \\n @LOJA@ ção",
    "loja_url": "https://loja.example",
}


@pytest.mark.parametrize("texts", [{}, ODD], ids=["defaults", "unusual"])
def test_a_generation_is_whole_and_movable(state, release, texts):
    """Each file that is included is there; none names the directory of its generation; nginx takes it, there and by
    the link."""
    directory = rendered(state, release, **texts)
    texts = conf_files(directory)
    for text in texts.values():
        assert not re.search("@[A-Z]+@", text)
        assert str(state.generations) not in text
        for name in re.findall(r"^ *include ([^/;]+);", text, re.M):
            assert name in texts
        assert not re.search(
            r"include (?!/etc/nginx/mime.types|\S+/etc/nginx(-server)?\.d/\*|\S+/data/manutencao\[.\]conf;)/", text
        )
    assert f"root {state.path}/current/html;" in texts["rotas.conf"] and "user " not in texts["nginx.conf"]
    nginx.check(state, directory)
    place = turned(state, directory)
    nginx.check(state, place)
    nginx.check(state, state.current)


def test_the_settings_are_in_the_files(state, release):
    """As they are divided among nginx's processes and over the time."""
    usual, odd = conf_files(rendered(state, release)), conf_files(rendered(state, release, 2, **ODD))
    assert "worker_processes 2;" in usual["nginx.conf"] and "worker_processes 64;" in odd["nginx.conf"]
    assert "catalogo.sock max_conns=64 " in usual["pools.conf"] and "catalogo.sock max_conns=1 " in odd["pools.conf"]
    assert "catalogo-busca.sock max_conns=8 " in usual["pools.conf"]
    assert "rate=200r/s" in usual["limites.conf"] and "zone=limite_leituras burst=1000000 " in odd["limites.conf"]
    assert "zone=limite_sessoes_dia:4m rate=1r/m" in odd["limites.conf"]
    assert "zone=limite_sessoes_dia burst=59 " in odd["limites.conf"]
    assert "set_real_ip_from 10.0.0.0/8;\nset_real_ip_from ::1;\n" in odd["limites.conf"]
    assert "    ::1  1;\n}" in odd["seguranca.conf"]
    assert '    default "*";' in usual["origem.conf"] and '"Accept-Encoding"' in usual["origem.conf"]
    assert '"http://localhost:3000" "http://localhost:3000";' in odd["origem.conf"] and ", Origin" in odd["origem.conf"]
    assert "fastcgi_read_timeout 60s;" in odd["limites.conf"] and "listen 0.0.0.0:" in odd["rotas.conf"]
    assert "listen 127.0.0.1:5011 " in usual["portas.conf"] and "server {" not in odd["portas.conf"]


def test_what_nginx_refuses_is_refused_in_its_words(state, release):
    """With the operator's file and line."""
    (state.etc / "nginx.d/meu.conf").write_text("keepalive_timeout 1s;\n", encoding="ascii")
    with pytest.raises(Refused) as refused:
        nginx.check(state, rendered(state, release))
    words = refused.value.remedies[0]
    assert re.search(r'"keepalive_timeout" directive is duplicate in \S+/etc/nginx.d/meu.conf:1', words)


@pytest.fixture(name="server")
def fixture_server(state, release):
    """nginx with a first generation and lines of the operator's own, but without workers; its port."""
    own = free_port()
    (state.etc / "nginx.d/meu.conf").write_text(
        "map $uri $meu { default sim; }\n"
        f'server {{ listen 127.0.0.1:{own}; location / {{ return 200 "outro $meu"; }} }}\n',
        encoding="ascii",
    )
    (state.etc / "nginx-server.d/meu.conf").write_text(
        'location = /meu.txt { default_type text/plain; return 200 "meu"; }\nadd_header X-Meu sim always;\n',
        encoding="ascii",
    )
    port = free_port()
    turned(state, rendered(state, release, port=str(port), direct_ports="0"))
    nginx.check(state, state.current)
    user = " user root;" if os.geteuid() == 0 else ""
    files = ["-e", state.log / "nginx.log", "-c", state.current / "nginx/nginx.conf"]
    command = [nginx.PROGRAM, *files, "-g", f"daemon off;{user}"]
    with subprocess.Popen(command, cwd="/") as process:
        eventually(lambda: ask(port, "/livez")[0] == 200)
        yield process, port, own
        process.send_signal(signal.SIGTERM)


def eventually(condition, seconds=120):
    """Waits until it is true and raises nothing."""
    end = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        assert time.monotonic() < end
        time.sleep(0.05)


def ask(port, path, sock=None):
    """Status, headers and body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    if sock:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(sock))
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers, body


def test_the_operators_lines_count_and_stay(state, release, server):
    """His server, location and header; ours beside them; all of it after the next generation, whose number nginx then
    says."""
    process, port, own = server
    for number in (1, 2):
        if number == 2:
            turned(state, rendered(state, release, 2, port=str(port), direct_ports="0", loja_nome="Doces da Bia"))
            process.send_signal(signal.SIGHUP)
            eventually(lambda: generation(state) == "2")
        status, headers, body = ask(port, "/meu.txt")
        assert (status, headers["X-Meu"], body) == (200, "sim", "meu")
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Request-Id"]
        assert ask(own, "/x")[2] == "outro sim"
        status, headers, body = ask(port, "/")
        assert status == 200 and headers["X-Meu"] == "sim"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert ("Doces da Bia" in body) == (number == 2)
        eventually(lambda: generation(state) == str(number))  # the old workers may answer for a moment
    status, headers, body = ask(port, "/api/nada")
    assert status == 404 and json.loads(body)["codigo"] == "rota_nao_encontrada" and headers["X-Meu"] == "sim"
    assert ask(port, "/interno/geracao")[0] == 404


def generation(state):
    """Which one nginx says that it runs."""
    return ask(80, "/interno/geracao", state.internal_socket)[2]


def test_no_static_file_vanishes(state, release, server):
    """What the pages of one generation load is there in the next one, and after going back to the first."""
    port = server[1]
    first = loaded(port)
    other = Release(shutil.copytree(release.path, state.path / "other"))
    (other.share("nginx/html/estatico/casa/casa.css")).write_text("p {}\n", encoding="ascii")
    turned(state, rendered(state, other, 2, port=str(port)))
    second = loaded(port)
    assert first != second and ask(port, first)[0] == ask(port, second)[0] == 200
    turned(state, rendered(state, other, 3, port=str(port)))
    assert ask(port, first)[0] == ask(port, second)[0] == 200
    pages.carry_over(state, state.generations / "1/html")
    link(state.generations / "current", "1")
    assert loaded(port) == first and ask(port, second)[0] == 200


def loaded(port):
    """A file that the start page loads."""
    return re.search(r'"(/estatico/[0-9a-f]{16}/[^"]+)"', ask(port, "/")[2])[1]


def test_pages_have_the_shops_texts(state, release):
    """Escaped, and with no mark left; the manifest is JSON; without libraries a page says so."""
    html = rendered(state, release, **ODD) / "html"
    text = (html / "index.html").read_text(encoding="utf-8")
    assert "Ana &amp; &lt;Bia&gt; &quot;x&quot; &#64;NOME&#64; &#39;y&#39; \\ z" in text
    assert "sem-bibliotecas" in text and "<noscript>" not in text
    assert json.loads((html / "site.webmanifest").read_text(encoding="utf-8"))["name"] == ODD["loja_nome"]
    for path in html.rglob("*.html"):
        assert not re.search("@[A-Z]+@", path.read_text(encoding="utf-8"))
    assert "muitas_requisicoes" in (html / "erros/muitas-requisicoes.html").read_text(encoding="utf-8")


def test_pages_with_their_libraries(state, release):
    """What was built takes the place of the sources, and has another name."""
    built = Release(shutil.copytree(release.path, state.path / "built"))
    (built.share("pages/casa")).mkdir(parents=True)
    (built.share("pages/casa/casa.css")).write_text("p {}\n", encoding="ascii")
    html = rendered(state, built) / "html"
    (static,) = (html / "estatico").iterdir()
    assert [path.name for path in static.rglob("*.*")] == ["casa.css"]
    text = (html / "index.html").read_text(encoding="utf-8")
    assert "<noscript>" in text and f"/estatico/{static.name}/" in text


def test_the_cache_is_made_empty(state):
    """And can be made again, and taken away."""
    place = cache.cache_directory(state)
    assert place == state.run / "cache"
    for _ in range(2):
        cache.cache_make(state)
        assert os.readlink(place / "atual") == "v0" and (place / "v0").is_dir()
        assert place.stat().st_mode & 0o777 == 0o700
        (place / "v0/x").touch()
    cache.cache_remove(state)
    assert not place.exists()


def test_the_cache_is_no_link_of_others(state, monkeypatch):
    """A link in its place goes, and not what it leads to; a directory of somebody else is neither taken nor deleted."""
    precious = state.path / "precious"
    precious.mkdir()
    (state.run / "cache").symlink_to(precious)
    cache.cache_make(state)
    assert precious.is_dir() and not (state.run / "cache").is_symlink()
    monkeypatch.setattr(cache, "in_memory", lambda _state: True)
    monkeypatch.setattr(cache, "MEMORY", state.path)
    place = cache.cache_directory(state)
    assert re.fullmatch("confeitaria-[0-9a-f]{10}", place.name) and place.parent == state.path
    place.mkdir()
    monkeypatch.setattr(cache.os, "geteuid", lambda: place.stat().st_uid + 1)
    assert cache.cache_directory(state) == state.run / "cache"
    cache.cache_remove(state)
    assert place.is_dir()


def test_a_cache_that_cannot_be_made(state):
    """Says which."""
    (state.run / "cache").write_text("x", encoding="ascii")
    with pytest.raises(Refused, match="cannot make .*/run/cache: File exists"):
        cache.cache_make(state)
