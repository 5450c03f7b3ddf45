"""Releases and generations: what is refused has changed nothing; forward and back without a lost request."""
import json
import os
import re
import signal
import stat
import threading
from pathlib import Path

import pytest

from comandos import of_state
from generated import BUILD, staged
from shop import eventually
from trafego import PAUSE_SECONDS, Traffic

pytestmark = [pytest.mark.commands, pytest.mark.slow]

COMMIT = "fedcba9"
OWN = re.compile(r'"(/estatico/[^"]+)"')
REFUSES = """#!/bin/sh
case "$*" in *--check) echo "pedidos: the schema lacks a column" >&2; exit 1 ;; esac
exit 78
"""


@pytest.fixture(name="other")
def fixture_other(place):
    """Another release, by its commit, also in what its programs say; its pages load something else."""
    about = json.loads((BUILD / "version.json").read_text(encoding="utf-8"))
    staged(place, {"version.json": json.dumps({**about, "commit": COMMIT, "dirty": False})})
    for program in (place / "stage/libexec/confeitaria").iterdir():
        text = program.read_bytes()
        if about["commit"]:
            assert about["commit"].encode() in text
            program.write_bytes(text.replace(about["commit"].encode(), COMMIT.encode()))
    pages = place / "stage/share/confeitaria/pages"
    with (pages if pages.is_dir() else pages.with_name("nginx") / "html/estatico").joinpath("loja/principal.js").open(
        "a", encoding="utf-8"
    ) as file:
        file.write("// outra\n")
    return place


@pytest.fixture(name="taken")
def fixture_taken(shop):
    """Whose releases CONFEITARIA_BUILD names is the test's; in the end the shop runs the build's own."""
    before = shop.environment.get("CONFEITARIA_BUILD")
    yield lambda place: shop.environment.update(CONFEITARIA_BUILD=str(place))
    shop.environment.pop("CONFEITARIA_BUILD")
    if before:
        shop.environment["CONFEITARIA_BUILD"] = before
    shop.script("restart")
    for client in (shop.public, shop.admin):
        client.close()


def on_disk(shop):
    """Everything that a command turns or renders: each generation, each setting, with its content."""
    found = {}
    for top in (shop.state / "generations", shop.state / "etc"):
        for directory, names, files in os.walk(top):
            for name in (*names, *files):
                path = os.path.join(directory, name)
                info = os.lstat(path)
                if stat.S_ISLNK(info.st_mode):
                    found[path] = os.readlink(path)
                elif stat.S_ISREG(info.st_mode):
                    found[path] = Path(path).read_bytes()
    return found


def release_of(shop):
    """The name of the release that runs."""
    return (shop.current / "release").resolve().name


def bad_setting(shop):
    """A value that is none."""
    path = shop.state / "etc/confeitaria.conf"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"(?m)^limite_fila.*\n", "", text) + "limite_fila = 201\n", encoding="utf-8")
    yield "limite_fila"
    path.write_text(text, encoding="utf-8")


def unknown_setting(shop):
    """A name that is none: the nearest one is said."""
    path = shop.state / "etc/confeitaria.conf"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}limite_sesoes = 5\n", encoding="utf-8")
    yield "limite_sessoes"
    path.write_text(text, encoding="utf-8")


def bad_nginx(shop):
    """The operator's own lines, which nginx does not know."""
    path = shop.own_lines("nginx.d/bad.conf", "no_such_directive on;\n")
    yield "no_such_directive"
    path.unlink()


def bad_postgres(shop):
    """The same of PostgreSQL."""
    path = shop.own_lines("postgresql.d/bad.conf", "no_such_parameter = 3\n")
    yield "no_such_parameter"
    path.unlink()


def bad_pool(shop):
    """The same of a pool."""
    path = shop.own_lines("pools.d/carrinho.conf", "prazo_redis_ms = nunca\n")
    yield "prazo_redis_ms"
    path.unlink()


REFUSALS = (bad_setting, unknown_setting, bad_nginx, bad_postgres, bad_pool)


def refused(shop, words, command="restart"):
    """Asserts that a command refuses, says why, and has left everything as it was, on the disk and running; what dies
    then comes back as it was."""
    disk, processes, release = on_disk(shop), shop.processes(), release_of(shop)
    done = shop.script(command, check=False)
    assert done.returncode == 1 and words in done.stderr, done
    assert on_disk(shop) == disk and shop.processes() == processes and release_of(shop) == release
    health = shop.client().get("/health").json
    os.kill(processes["carrinho:carrinho_00"], signal.SIGKILL)
    os.kill(processes["nginx"], signal.SIGKILL)
    assert eventually(lambda: shop.nginx_master() not in (None, processes["nginx"]))
    for client in (shop.public, shop.admin):
        client.close()
    assert shop.recovered()
    again = shop.client().get("/health").json
    assert (again["version"], again["commit"]) == (health["version"], health["commit"])


@pytest.mark.parametrize("what", REFUSALS)
def test_refused_means_unchanged(shop, what):
    """What is wrong is found before anything is turned."""
    steps = what(shop)
    words = next(steps)
    try:
        refused(shop, words)
    finally:
        next(steps, None)
    assert shop.status()["healthy"]


def test_a_program_that_refuses_its_schema(shop, other, taken):
    """Its --check is asked with the configuration that it would get."""
    program = other / "stage/libexec/confeitaria/pedidos"
    program.write_text(REFUSES)
    taken(other)
    refused(shop, "the schema lacks a column")


class Window(threading.Thread):
    """Someone who opens the shop's page and all that it loads, again and again; old pages stay open."""

    def __init__(self, shop):
        super().__init__()
        self.shop, self.stop, self.missing, self.rounds, self.addresses = shop, threading.Event(), [], 0, set()

    def run(self):
        while not self.stop.is_set() and not self.missing:
            client = self.shop.client(checked=False)
            page = client.get("/")
            self.addresses |= set(OWN.findall(page.text))
            for answer in (page, *(self.fetched(address) for address in sorted(self.addresses))):
                if answer.status != 200:
                    self.missing.append(answer)
            client.close()
            self.rounds += 1
            self.stop.wait(PAUSE_SECONDS)

    def fetched(self, address):
        """A file, on a connection of its own."""
        client = self.shop.client(checked=False)
        self.stop.wait(PAUSE_SECONDS)
        try:
            return client.get(address)
        finally:
            client.close()

    def turns(self):
        """Waits for two more rounds."""
        before = self.rounds
        assert eventually(lambda: self.missing or self.rounds > before + 1) and not self.missing, self.missing[:2]


def runs(shop, release):
    """Whether every pool's workers are those of a release; what /health says, is checked for its programs too."""
    programs = [words for words in of_state(shop.state).values() if "/libexec/confeitaria/" in words]
    exes = {os.readlink(f"/proc/{pid}/exe").split("/releases/")[1].split("/")[0] for pid in shop.workers().values()}
    return bool(programs) and exes == {release}


def test_forward_and_back(shop, other, taken):
    """Under traffic, without a lost request; what any page loads is never missing. Versions are told."""
    before, first = json.loads((BUILD / "version.json").read_text(encoding="utf-8")), release_of(shop)
    taken(other)
    window = Window(shop)
    window.start()
    try:
        window.turns()
        with Traffic(shop):
            assert "release" in shop.up().stderr  # it is installed, and not turned to
            assert release_of(shop) == first and COMMIT in shop.status()["parts"]["release"]["restart_needed"]
            shop.script("restart")
            second = release_of(shop)
            assert COMMIT in second and runs(shop, second)
            window.turns()
            facts = shop.status()["parts"]["release"]
            assert facts["commit"] == COMMIT and "restart_needed" not in facts
            if before["commit"]:
                assert shop.client().get("/health").json["commit"] == COMMIT
            shop.script("rollback")
            assert release_of(shop) == first and runs(shop, first)
            window.turns()
            assert shop.status()["parts"]["release"]["commit"] == before["commit"]
            health = shop.client().get("/health").json
            assert (health["version"], health["commit"]) == (before["version"], before["commit"])
    finally:
        window.stop.set()
        window.join()
    assert not window.missing, window.missing[:2]
    assert len({address.split("/")[2] for address in window.addresses}) == 2


def test_restart_of_one_part_says_what_is_left(shop):
    """A changed setting that only some parts have taken."""
    shop.script("up", "--set", "limite_leituras=99999")
    try:
        shop.script("restart", "carrinho")
        assert "pedidos" in shop.status()["parts"]["release"]["restart_needed"]
        shop.script("restart")
        assert "restart_needed" not in shop.status()["parts"]["release"]
    finally:
        shop.script("up", "--set", "limite_leituras=100000")
        shop.script("restart")
    for client in (shop.public, shop.admin):
        client.close()
