"""The certificate and its key: what is taken of the operator's files, what is refused, and in which words."""
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from confeitaria import nginx, status, tls
from confeitaria.say import Refused
from confeitaria.settings import Settings

DEBIAN_12 = 'VERSION_ID="12"' in Path("/etc/os-release").read_text(encoding="utf-8")
OPENSSL = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", "/CN=loja")


@pytest.fixture(name="pairs", scope="module")
def fixture_pairs(tmp_path_factory):
    """Two pairs, a.crt and a.key, b.crt and b.key; old.crt has expired and fits a.key; locked.key needs a password."""
    place = tmp_path_factory.mktemp("pairs")

    def run(*command):
        subprocess.run(command, cwd=place, check=True, capture_output=True)

    for name in ("a", "b"):
        run(*OPENSSL, "-nodes", "-days", "30", "-keyout", f"{name}.key", "-out", f"{name}.crt")
    # Debian 12's openssl knows no dates, Debian 13's refuses days that are past.
    past = ("-days", "-1") if DEBIAN_12 else ("-not_before", "20200101000000Z", "-not_after", "20200102000000Z")
    run("openssl", "x509", "-in", "a.crt", "-signkey", "a.key", *past, "-out", "old.crt")
    run("openssl", "pkey", "-in", "a.key", "-aes256", "-passout", "pass:x", "-out", "locked.key")
    (place / "nonsense.crt").write_bytes(tls.MARKS["tls_certificado"] + b"\nxxxx\n-----END CERTIFICATE-----\n")
    (place / "shared.key").write_bytes((place / "a.key").read_bytes())
    (place / "shared.key").chmod(0o644)
    os.mkfifo(place / "pipe.crt")
    return place


def given(pairs, certificate="a.crt", key="a.key", **more):
    """Settings that name these files."""
    return Settings({}).with_values(
        {"tls_certificado": f"{pairs / certificate}", "tls_chave": f"{pairs / key}", **more}
    )


def taken(state, settings, number=1):
    """The directory of a generation's nginx, with the copies."""
    directory = state.path / f"generations/{number}/nginx"
    directory.mkdir(parents=True)
    tls.take(state, settings, directory)
    return directory


def test_a_pair_is_copied_for_nobody_else(state, pairs):
    """As it is; without one there is nothing to copy."""
    directory = taken(state, given(pairs))
    assert (directory / "tls.crt").read_bytes() == (pairs / "a.crt").read_bytes()
    assert (directory / "tls.key").read_bytes() == (pairs / "a.key").read_bytes()
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    assert not list(taken(state, Settings({}), 2).iterdir())


@pytest.mark.parametrize(
    "certificate, key, words",
    [
        ("a.crt", "b.key", "the key is not that of the certificate"),
        ("old.crt", "a.key", "expired on 20"),
        ("a.crt", "locked.key", "encrypted"),
        ("a.crt", "shared.key", "others can read"),
        ("a.crt", "none.key", "cannot read .*none.key: No such file"),
        ("a.key", "a.key", "there is no certificate in"),
        ("a.crt", "a.crt", "there is no private key in"),
        ("nonsense.crt", "a.key", "PEM"),
        ("pipe.crt", "a.key", "there is no certificate in"),
    ],
)
def test_what_is_refused(state, pairs, certificate, key, words):
    """With the file, and what to do."""
    with pytest.raises(Refused, match=words) as refused:
        taken(state, given(pairs, certificate, key))
    assert str(pairs) in refused.value.message and refused.value.remedies


def test_one_that_expired_while_it_ran_goes_on(state, pairs, capsys):
    """After a reboot, say: it is warned of."""
    directory = state.path / "generations/1/nginx"
    directory.mkdir(parents=True)
    for name, copy in (("old.crt", "tls.crt"), ("a.key", "tls.key")):
        shutil.copy(pairs / name, directory / copy)
    state.current.symlink_to("generations/1")
    taken(state, given(pairs, "old.crt"), 2)
    assert "expired on" in capsys.readouterr().err


def test_one_without_the_other(pairs):
    """Is refused before any file is touched, as are two uses of one port."""
    for name, other in (("tls_certificado", "tls_chave"), ("tls_chave", "tls_certificado")):
        with pytest.raises(Refused, match=f"{name} is set without {other}"):
            Settings({}).with_values({name: "/nada"})
    with pytest.raises(Refused, match="port and tls_porta are both 443"):
        given(pairs, port="443")
    with pytest.raises(Refused, match="tls_chave is loja.key"):
        given(pairs).with_values({"tls_chave": "loja.key"})


def test_what_a_generation_is_made_from(pairs, tmp_path):
    """A certificate that was renewed in its place is another one."""

    def digest():
        total = hashlib.sha256()
        nginx.digest_into(given(tmp_path), total)
        return total.hexdigest()

    for name in ("a.crt", "a.key"):
        shutil.copy(pairs / name, tmp_path / name)
        (tmp_path / name).chmod(0o600)
    before = digest()
    assert digest() == before
    shutil.copy(pairs / "b.crt", tmp_path / "a.crt")
    assert digest() != before


@pytest.mark.parametrize("version, listen", [((1, 22, 1), "ssl http2 default_server"), ((1, 26, 3), "http2 on;")])
def test_http_2_as_each_nginx_is_told(monkeypatch, pairs, version, listen):
    """Debian 12's, and Debian 13's, which warns of what it was told before."""
    monkeypatch.setattr(nginx, "version_on_disk", lambda: version)
    found = nginx.addresses(given(pairs, tls_porta="8443", port="8080"))
    assert listen in found["LISTEN"] and ("ssl http2" in found["LISTEN"]) != ("http2 on" in found["LISTEN"])
    assert ":8443 ssl " in found["LISTEN"] and ":8080 default_server" in found["LISTENPLAIN"]
    assert found["PORTATLS"] == ":8443" and nginx.addresses(given(pairs))["PORTATLS"] == ""


@pytest.mark.parametrize(
    "texts, warned",
    [
        ({}, False),
        ({"reach": "public"}, True),
        ({"reach": "public", "proxies": "10.0.0.1"}, False),
        ({"reach": "public", "partes": "pg-catalogo pg-pedidos redis"}, False),
    ],
)
def test_a_public_door_without_tls_is_warned_of(state, capsys, texts, warned):
    """By commands that open it, and by status; not where a proxy of ours has TLS."""
    settings = Settings({}).with_values(texts)
    tls.warn_in_the_open(settings)
    assert ("has no TLS" in capsys.readouterr().err) == warned
    state.settings_changed(settings)
    (state.path / "data").mkdir()
    assert ("tls" in status.report_door(state, "running")) == warned


def test_a_public_door_with_tls_is_not(pairs):
    """Nothing is in the open."""
    assert not tls.in_the_open(given(pairs, reach="public"))


def test_status_of_an_expired_one(state, pairs):
    """Is not well."""
    directory = state.path / "generations/1/nginx"
    directory.mkdir(parents=True)
    shutil.copy(pairs / "old.crt", directory / "tls.crt")
    state.current.symlink_to("generations/1")
    (state.path / "data").mkdir()
    state.settings_changed(given(pairs))
    assert status.report_door(state, "running")["status"] == "expired"
    shutil.copy(pairs / "a.crt", directory / "tls.crt")
    assert "status" not in status.report_door(state, "running")
