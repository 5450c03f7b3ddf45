"""Backups that are handed over, tokens and settings in them, and restores that are killed."""
import os
import re
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import psutil
import pytest

from client import TOP
from comandos import command
from copias import changed, forge, restore, restored, slots
from shop import AS_SERVICE_USER, COMMAND_SECONDS, Shop, eventually

pytestmark = [pytest.mark.slow, pytest.mark.commands]
FORGED = "direct_ports = BASH_VERSINFO[0*$(touch /tmp/confeitaria-forjado)]\n"


@pytest.fixture(name="loja", scope="module")
def fixture_loja():
    """A shop of the module's own, with an order."""
    with Shop(prazo_segundos=15) as shop:
        shop.pedido = shop.order({shop.product()["id"]: 1})
        yield shop


@pytest.fixture(name="cofre", scope="module")
def fixture_cofre():
    """A directory that only this user can write to, with the key."""
    with tempfile.TemporaryDirectory(prefix="cft-cofre-", dir="/tmp") as directory:
        (Path(directory) / "copias").mkdir(0o700)
        yield Path(directory)


@pytest.fixture(name="key", scope="module")
def fixture_key(cofre):
    """--key and its file, which the first backup makes."""
    return ("--key", cofre / "chave")


@pytest.fixture(name="entregue", scope="module")
def fixture_entregue(loja, cofre, key):
    """A backup that was handed over, while a person had a token that was revoked afterwards."""
    (loja.state / "etc/nginx.d/meu.conf").write_text("# meu\n")
    loja.revogado = loja.script("token", "create", "saiu").stdout.strip()
    loja.script("backup", "--hand-over", cofre / "copias", *key)
    loja.script("token", "revoke", "saiu")
    return next((cofre / "copias").glob("*.tar"))


@pytest.fixture(name="backup", scope="module")
def fixture_backup(loja):
    """A backup in a directory."""
    loja.script("backup", "--to", loja.state / "backups/pasta")
    return loja.state / "backups/pasta"


def begun(name, *arguments):
    """A command that runs by itself."""
    return subprocess.Popen(
        [TOP / "scripts" / name, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def names(directory):
    """What is in it."""
    return sorted(path.name for path in directory.iterdir())


def test_what_is_handed_over(loja, entregue, cofre):
    """A file and its seal, of who called; the servers keep nothing of it, and cannot read it, or make its seal."""
    assert names(entregue.parent) == [entregue.name, f"{entregue.name}.hmac"]
    for path in (*entregue.parent.iterdir(), cofre / "chave"):
        assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (os.geteuid(), 0o600)
    assert names(loja.state / "backups") == [] and slots(loja) == []
    if os.geteuid() == 0:
        for path in (entregue, cofre / "chave"):
            command_line = [*AS_SERVICE_USER, "cat", path]
            assert subprocess.run(command_line, capture_output=True, check=False, cwd="/").returncode != 0


def test_a_revoked_token(loja, entregue, key):
    """Is not valid in the restored shop, and who had tokens is said; the rest is as it was."""
    with restored(loja, entregue, *key) as copy:
        assert copy.client(loja.revogado).get("/api/pedidos?limite=1").status == 401
        assert copy.client(loja.admin.token).get("/api/pedidos?limite=1").status == 401
        people = [line.split()[0] for line in copy.script("token", "list").stdout.splitlines()[1:]]
        assert [name for name in people if not name.startswith("servico-")] == ["restaurada"]
        order = copy.public.get(f"/api/pedidos/{loja.pedido['id']}").data
        assert order["valor_total"] == loja.pedido["valor_total"] and order["itens"] == loja.pedido["itens"]
        session = copy.cart({order["itens"][0]["produto_id"]: 1})
        assert copy.public.post("/api/pedidos", copy.checkout(session)).status == 201
        assert copy.status()["healthy"]


def test_tokens_that_are_wanted(loja, entregue, key, place):
    """Come back when they are asked for, and it is said whose they are; those of services do not, nor secrets. The
    operator's own files are kept where nothing reads them."""
    done = restore(entregue, place, *key, "--with-tokens")
    assert done.returncode == 0, done.stderr
    assert "valid again" in done.stdout and " saiu" in done.stdout and " testes" in done.stdout
    lines = (place / "etc/tokens").read_text().splitlines()
    assert [line.split()[1] for line in lines] == ["testes", "saiu"]
    assert lines[0] in (loja.state / "etc/tokens").read_text().splitlines()
    assert not (place / "etc/segredos").exists()
    assert (place / "etc/restored/nginx.d/meu.conf").read_text() == "# meu\n" and "restored/nginx.d" in done.stdout


def test_a_file_that_was_changed(entregue, key, place):
    """Is refused before anything is made, and so is one with another key."""

    def flip(path):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    with changed(entregue, flip):
        done = restore(entregue, place / "novo", *key)
    assert done.returncode == 1 and "damaged or forged" in done.stderr, done
    done = restore(entregue, place / "novo", "--key", place / "outra")
    assert done.returncode == 1 and "damaged or forged" in done.stderr, done
    assert names(place) == ["outra"]


def test_where_others_can_write(loja, key, place):
    """Nothing is handed over."""
    place.chmod(0o777)
    done = loja.script("backup", "--hand-over", place, *key, check=False)
    assert done.returncode == 1 and "others can change" in done.stderr, done
    assert names(place) == [] and slots(loja) == []


def test_a_link_in_the_way(loja, cofre, key, place):
    """Nothing is written or deleted where it leads."""
    (place / "alheio/etc").mkdir(parents=True)
    trap = loja.state / "backups/alheio.incompleto"
    trap.symlink_to(place / "alheio")
    loja.script("backup", "--hand-over", cofre / "copias", *key)
    assert names(place / "alheio") == ["etc"]
    trap.unlink()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_hand_over_that_is_ended(loja, cofre, key, number):
    """Leaves nothing; a killed one leaves nothing after the next."""
    folder = cofre / f"cortado-{number}"
    folder.mkdir(0o700)
    process = begun("backup", "--state", loja.state, "--hand-over", folder, *key)
    assert eventually(lambda: slots(loja) or process.poll() is not None)
    process.send_signal(number)
    process.communicate(timeout=COMMAND_SECONDS)
    assert process.returncode == {signal.SIGTERM: 130}.get(number, -number)
    if number == signal.SIGKILL:
        loja.script("backup", "--hand-over", folder, *key)
        assert [path.suffix for path in sorted(folder.iterdir())] == [".tar", ".hmac"]
    else:
        assert names(folder) == []
    assert eventually(lambda: not slots(loja))
    assert not list((loja.state / "backups").glob("*.incompleto"))


def test_forged_settings(backup, place):
    """Are texts, and refused as such: whoever can write a backup can make its manifest anew."""

    def lie(path):
        path.write_text(re.sub("^direct_ports.*\n", FORGED, path.read_text(), flags=re.M))
        forge(backup)

    manifest = (backup / "manifest").read_bytes()
    with changed(backup / "etc/confeitaria.conf", lie):
        done = restore(backup, place / "novo")
    (backup / "manifest").write_bytes(manifest)
    assert done.returncode == 1 and re.search("confeitaria.conf: line [0-9]+: direct_ports is", done.stderr), done
    assert names(place) == [] and not Path("/tmp/confeitaria-forjado").exists()


def test_a_restore_that_is_killed(backup, place):
    """Leaves no system: up says what to do, and doing it makes one. What is still at work is not disturbed."""
    process = begun("restore", "--from", backup, "--state", place)
    assert eventually(lambda: (place / "data/pg-catalogo").exists() or process.poll() is not None)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in family:
        one.suspend()
    done = restore(backup, place)
    assert done.returncode == 1 and f"another restore into {place} is at work" in done.stderr, done
    process.kill()
    process.wait(timeout=COMMAND_SECONDS)
    for name in ("up", "status"):
        done = command(name, "--state", place)
        assert done.returncode != 0 and f"a restore into {place} was not finished" in done.stderr, done
    if os.geteuid() == 0:  # what works for root holds the directory by itself
        done = restore(backup, place)
        assert done.returncode == 1 and f"another restore into {place} is at work" in done.stderr, done
    for one in family[1:]:
        one.kill()
    assert eventually(lambda: (done := restore(backup, place)).returncode == 0 or "at work" not in done.stderr)
    assert "holds something already" in restore(backup, place).stderr
    assert not (place / ".restoring").exists()
