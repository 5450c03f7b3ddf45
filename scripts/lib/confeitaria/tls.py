"""TLS of the front door: the operator's certificate and key, checked and copied into each generation.

Root does not read them: their paths are in a file that the servers' user can write, and root would read whatever it
names. docs/decisions/0048-the-key-is-given-to-the-servers-user.md """
import hashlib
import os
import pwd
import re
import ssl
import stat
import subprocess
from datetime import datetime, timezone

from .say import Refused, warn

FILES = {"tls_certificado": "tls.crt", "tls_chave": "tls.key"}  # setting -> its copy beside nginx.conf
MARKS = {"tls_certificado": b"-----BEGIN CERTIFICATE-----", "tls_chave": b"PRIVATE KEY-----"}
MOST_BYTES = 2**20
OPENSSL = "/usr/bin/openssl"
MISMATCHES = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


def on(settings):
    """Whether the front door speaks TLS."""
    return bool(settings["tls_certificado"] and "nginx" in settings["partes"])


def faults(settings):
    """What does not fit together, as (fault, remedy)."""
    found = []
    for name, other in (("tls_certificado", "tls_chave"), ("tls_chave", "tls_certificado")):
        if settings[name] and not settings[other]:
            found.append((f"{name} is set without {other}", f"set {other} too, or take {name} away"))
    if settings["tls_certificado"] and settings["tls_porta"] == settings["port"]:
        remedy = "take another one for one of them"
        found.append((f"port and tls_porta are both {settings.text('port')}", remedy))
    return found


def in_the_open(settings):
    """Whether tokens and customers' data come to the front door from other hosts as they are. Where there is a proxy
    of ours, TLS is its task."""
    public = settings["reach"] == "public" and "nginx" in settings["partes"]
    return public and not on(settings) and not settings["proxies"]


def warn_in_the_open(settings):
    """Says so."""
    if in_the_open(settings):
        warn(
            "the front door is public and has no TLS: tokens and customers' data cross the network unencrypted",
            "set tls_certificado and tls_chave, or proxies if a proxy of yours does TLS (docs/operations.md, TLS)",
        )


# The files


def contents(name, path):
    """What the file of a setting holds. Raises Refused with what to do when this user cannot read it, or others can
    read the key."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            info = os.fstat(file.fileno())
            data = file.read(MOST_BYTES + 1) if stat.S_ISREG(info.st_mode) else b""
    except OSError as error:
        user = pwd.getpwuid(os.geteuid()).pw_name
        remedy = f"put a file there that {user} can read: chgrp {user} FILE; chmod 0640 FILE (docs/operations.md, TLS)"
        raise Refused(f"{name}: cannot read {path}: {error.strerror}", remedy) from error
    if MARKS[name] not in data or len(data) > MOST_BYTES:
        what = "certificate" if name == "tls_certificado" else "private key"
        raise Refused(f"{name}: there is no {what} in {path}", "name a file in PEM format")
    if name == "tls_chave" and info.st_mode & 0o007:
        raise Refused(f"{name}: others can read {path}", f"chmod o= {path}")
    if name == "tls_chave" and b"ENCRYPTED" in data:
        raise Refused(
            f"{name}: the key in {path} is encrypted, and nginx has nobody to ask for its password",
            f"store it without one: openssl pkey -in {path} -out NEWFILE",
        )
    return data


def digest_into(settings, total):
    """Adds both files to a hash."""
    if on(settings):
        for name in FILES:
            total.update(hashlib.sha256(contents(name, settings[name])).digest())


def take(state, settings, directory):
    """Copies them into the directory of a new generation's nginx, where only the servers' user can read them. A pair
    that nginx or a browser would not take is refused. One that runs already and has expired since is only warned of:
    a shop that comes back after a reboot is better than none."""
    if not on(settings):
        return
    for name, copy in FILES.items():
        with open(os.open(directory / copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(contents(name, settings[name]))
    place = settings["tls_certificado"]
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*(directory / copy for copy in FILES.values()))
    except ssl.SSLError as error:
        reason = "the key is not that of the certificate" if error.reason in MISMATCHES else str(error)
        raise Refused(f"{place} and {settings['tls_chave']}: {reason}", "name a certificate and its own key") from error
    end = expires(directory / FILES["tls_certificado"])
    if end and end < datetime.now(timezone.utc):
        fault = f"the certificate in {place} expired on {end:%Y-%m-%d}"
        remedy = "renew it, put the new one there, and run this again"
        if not running(state, directory):
            raise Refused(fault, remedy)
        warn(fault, remedy)


def running(state, directory):
    """Whether a new generation's files are those of the one that runs."""
    try:
        return all(
            (directory / copy).read_bytes() == (state.current / "nginx" / copy).read_bytes() for copy in FILES.values()
        )
    except OSError:
        return False


def expires(path):
    """When a certificate's validity ends, or None when openssl cannot tell."""
    command = [OPENSSL, "x509", "-in", path, "-noout", "-enddate", "-dateopt", "iso_8601"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, stdin=subprocess.DEVNULL)
    found = re.fullmatch(r"notAfter=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)Z\n", done.stdout)
    return datetime.fromisoformat(f"{found[1]}+00:00") if found else None
