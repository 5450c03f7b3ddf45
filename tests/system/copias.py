"""Backups and restores in tests: a second shop made of a backup, and backups that somebody changed."""
import contextlib
import hashlib
import os
import re

from comandos import command
from shop import Shop, eventually


def slots(shop):
    """Claims on the log of the primaries that are not the standby's."""
    return [
        row
        for database in ("catalogo", "pedidos")
        for row in shop.sql("SELECT slot_name FROM pg_replication_slots WHERE slot_name <> 'replica'", database)
    ]


def left_behind(shop, directory):
    """What a backup that came to nothing left of itself."""
    eventually(lambda: not slots(shop))
    return [str(path) for path in directory.parent.glob(f"{directory.name}*")] + slots(shop)


def restore(backup, state, *more):
    """scripts/restore without a state of ours."""
    return command("restore", "--from", backup, "--state", state, *more)


@contextlib.contextmanager
def restored(source, backup, *options):
    """A second shop made of a backup, on ports of its own, with an administrator of its own and other secrets."""
    shop = Shop()
    try:
        done = shop.script("restore", "--from", backup, *options)
        assert f"scripts/up --state {shop.state}" in done.stdout
        assert not [secret for secret in source.secrets().values() if secret in done.stdout + done.stderr]
        shop.up()
        assert not set(shop.secrets().values()) & set(source.secrets().values())
        shop.public = shop.client()
        shop.admin = shop.client(shop.script("token", "create", "restaurada").stdout.strip())
        yield shop
    finally:
        shop.remove()


@contextlib.contextmanager
def changed(path, harm):
    """Meanwhile a file of a backup is another one, with the same owner."""
    content, owner = path.read_bytes(), path.stat()
    harm(path)
    try:
        yield
    finally:
        path.write_bytes(content)
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(owner.st_mode)


def forge(backup):
    """Lets the manifest agree with what is there now: whoever can write there needs no key for that."""

    def checksum(match):
        return f"file {hashlib.sha256((backup / match[1]).read_bytes()).hexdigest()}  ./{match[1]}"

    head = (backup / "manifest").read_text().rpartition("end ")[0]
    head = re.sub(r"^file \w+  \./(.*)$", checksum, head, flags=re.M)
    (backup / "manifest").write_text(f"{head}end {hashlib.sha256(head.encode()).hexdigest()}\n")
