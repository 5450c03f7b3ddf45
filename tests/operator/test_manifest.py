"""What is in a backup, file by file, and its tar, without stores."""
import hashlib
import io
import os
import tarfile

import pytest

from confeitaria import backup
from confeitaria.backup import Manifest
from confeitaria.say import Refused

FILES = (
    "pg-pedidos/base/backup_manifest",
    "pg-pedidos/wal/0001",
    "redis/dump.rdb",
    "etc/tokens",
    "etc/backup_manifest",
)
SELF_CHECKED = ("pg-pedidos/base/PG_VERSION", "pg-catalogo/base/global/backup_manifest")  # by PostgreSQL's own manifest


@pytest.fixture(name="tree")
def fixture_tree(place):
    """The files of a backup, with other texts than theirs, and its manifest."""
    tree = place / "copia"
    for name in (*FILES, *SELF_CHECKED):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tree / "manifest").write_text(manifest_of(tree).text())
    return tree


def manifest_of(tree):
    """As a backup makes it."""
    return Manifest.of(tree, "15", "backup-20261224T120000Z-1")


def test_there_and_back(tree):
    """A manifest is what it was written from."""
    manifest = manifest_of(tree)
    assert Manifest.parse(manifest.text(), tree) == manifest
    assert sorted(manifest.files) == sorted(FILES)


@pytest.mark.parametrize(
    "old, new, words",
    [
        ("format 1", "format 2", "format 2, this one knows 1"),
        ("format 1\n", "", "format unknown"),
        ("postgres 15", "postgres 16", "not as it was written"),
        ("\nend ", "\nfile x\nend ", "not as it was written"),
        ("etc/tokens", "etc/../tokens", "not as it was written"),
        ("\nend ", "\n", "not as it was written"),
    ],
)
def test_one_that_was_changed(tree, old, new, words):
    """Is refused."""
    text = manifest_of(tree).text().replace(old, new)
    with pytest.raises(Refused) as refused:
        Manifest.parse(text, tree)
    assert words in refused.value.message


def test_a_name_that_leads_out(tree):
    """Is refused, also when the manifest's checksum is right: whoever can write a backup can make that."""
    for name in ("/etc/passwd", "../fora", ""):
        text = manifest_of(tree).text()
        head = text.rpartition("end ")[0].replace("./etc/tokens", name)
        with pytest.raises(Refused):
            manifest = Manifest.parse(f"{head}end {hashlib.sha256(head.encode()).hexdigest()}\n", tree)
            backup.verify_files(tree, manifest)


def flip(path):
    """Another text of the same length."""
    path.write_text(path.read_text().swapcase())


def more(path):
    """A file that was not there."""
    path.with_name("mais").write_text("mais")


@pytest.mark.parametrize(
    "harm, words",
    [
        (flip, "etc/tokens is not as it was"),
        (os.unlink, "etc/tokens is missing"),
        (more, "etc/mais was not in it"),
        (lambda path: path.rename(path.with_name("outro")), "etc/outro was not in it"),
    ],
)
def test_files_that_were_changed(tree, harm, words):
    """Are found, and named."""
    manifest = manifest_of(tree)
    backup.verify_files(tree, manifest)
    harm(tree / "etc/tokens")
    with pytest.raises(Refused) as refused:
        backup.verify_files(tree, manifest)
    assert words in refused.value.message


@pytest.mark.parametrize(
    "make", [lambda path: path.symlink_to("/etc/shadow"), os.mkfifo, lambda path: path.symlink_to("/etc")]
)
@pytest.mark.parametrize("name", ["etc/segredo", "pg-pedidos/base/elo", "pg-pedidos/base/backup_manifest", "manifest"])
def test_nothing_else_is_read(tree, make, name, monkeypatch):
    """A link leads nowhere, and a pipe holds nobody up."""
    monkeypatch.setattr(backup, "bin_of", lambda manifest, directory: None)
    (tree / name).unlink(missing_ok=True)
    make(tree / name)
    with pytest.raises(Refused) as refused:
        backup.verify(tree)
    assert "damaged" in refused.value.message, refused.value.message


def test_a_tar_there_and_back(tree, place):
    """Everything comes back, for its owner only."""
    file = io.BytesIO()
    backup.send(tree, file)
    file.seek(0)
    backup.unpack(file, place / "novo")
    assert backup.checksums(place / "novo") == manifest_of(tree).files
    assert (place / "novo/manifest").read_text() == (tree / "manifest").read_text()
    assert {path.stat().st_mode & 0o77 for path in (place / "novo").rglob("*")} == {0}


@pytest.mark.parametrize(
    "name, kind",
    [
        ("../fora", tarfile.REGTYPE),
        ("a/../../fora", tarfile.REGTYPE),
        ("/tmp/fora", tarfile.REGTYPE),
        ("elo", tarfile.SYMTYPE),
        ("elo", tarfile.LNKTYPE),
        ("fita", tarfile.FIFOTYPE),
        ("disco", tarfile.BLKTYPE),
    ],
)
def test_a_tar_that_leads_elsewhere(place, name, kind):
    """Is refused, and makes nothing."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    file.seek(0)
    with pytest.raises(Refused):
        backup.unpack(file, place / "novo")
    assert [path.name for path in place.rglob("*")] == ["novo"]
