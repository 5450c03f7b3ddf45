"""nginx's configuration as a site beside others, made of the one that has nginx for itself.

What stands in our http block counts for every server there is, so in Debian's nginx it cannot stand there. Definitions
(maps, zones, upstreams), which do nothing before they are named, go into conf.d; every other directive goes into each
server of ours, unless that has one of the same name: which is what nginx's inheritance does."""
import re
from dataclasses import dataclass

from .files import write

DEFINITIONS = (
    *("map", "geo", "split_clients", "upstream", "log_format", "limit_req_zone", "limit_conn_zone"),
    *("fastcgi_cache_path", "map_hash_bucket_size", "map_hash_max_size"),
)
TEMPORARY = re.compile("[a-z]+(_body)?_temp_path")  # Debian has its own places
# A comment, a quoted or plain word, or what ends a statement.
TOKEN = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[;{}]|(?:[^\s;{}"'\\]|\\.|\$\{[^}]*\})+""", re.S)


@dataclass(frozen=True)
class Statement:
    """A directive: its name, its text with its end, and the statements in its braces as text, or None."""

    name: str
    text: str
    body: str | None


def statements(text):
    """The statements of one level, in order."""
    begin, brace, depth, name = None, 0, 0, ""
    for token in TOKEN.finditer(text):
        word = token[0]
        if word.startswith("#"):
            continue
        if begin is None:
            begin, name = token.start(), word
        if word == "{":
            depth += 1
            brace = brace if depth > 1 else token.end()
        elif word == "}":
            depth -= 1
        if depth == 0 and word in (";", "}"):
            yield Statement(name, text[begin : token.end()], text[brace : token.start()] if word == "}" else None)
            begin = None


def expanded(text, place):
    """The statements of one level, those of the files that it includes among them. `place`: the directory to which
    names of files are relative. An absolute name is somebody else's file, and stays."""
    for one in statements(text):
        name = one.text.removeprefix("include").strip(" \n;") if one.name == "include" else "/"
        if name.startswith("/"):
            yield one
            continue
        folder = (place / name).parent.resolve()
        for path in sorted(folder.glob(name.rpartition("/")[2])):
            yield from expanded(path.read_text(encoding="utf-8"), place)


def convert(place, current, head):
    """Makes http.conf and site.conf of nginx.conf in the directory `place`, which will be `current`."""
    made = dict(zip(("http", "site"), site(place)))
    (place / "nginx.conf").unlink()
    for path in place.glob("*.conf"):
        path.write_text(absolute(path.read_text(encoding="utf-8"), current), encoding="utf-8")
    for name, text in made.items():
        write(place / f"{name}.conf", head + absolute(text, current))


def site(place):
    """Two texts, what is for http and what for sites."""
    (http,) = [one for one in statements((place / "nginx.conf").read_text(encoding="utf-8")) if one.name == "http"]
    found = [one for one in expanded(http.body, place) if not TEMPORARY.fullmatch(one.name)]
    definitions = [one.text for one in found if one.name in DEFINITIONS]
    inherited = [one for one in found if one.name not in (*DEFINITIONS, "server")]
    servers = [server(one, inherited, place) for one in found if one.name == "server"]
    return tuple("\n".join(texts) + "\n" for texts in (definitions, servers))


def server(one, inherited, place):
    """A server's text, with what it would have inherited."""
    own = {inner.name for inner in expanded(one.body, place)}
    given = "\n".join(f"    {outer.text}" for outer in inherited if outer.name not in own)
    return f"server {{\n{given}\n{one.body}}}"


def absolute(text, current):
    """The text with names of our files that do not depend on where it stands."""
    return re.sub(r"(?m)^(\s*(?:include|ssl_certificate|ssl_certificate_key)\s+)(?=[^/\s])", rf"\g<1>{current}/", text)
