"""The peers that scripts/bench goals asks the same: in the system's own nginx, so that both have the same front door.

Each is a server of its own on a port of its own and gets the very same request line, so that limits, log and headers
are those of the system. `nginx return 200` and the trivial worker (peers/trivial.c) give the system's own answers, byte
for byte; PHP-FPM (peers/loja.php) makes its own, which must be the same JSON.
"""
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
from pathlib import Path

from measure import TOP, Failed
from pgbench import PORTS, statement
from processes import children, family
from shop import SERVICE_USER, claimed, eventually, port_free

HERE = TOP / "tests/bench/peers"
RETURN, TRIVIAL, PHP = "nginx return 200", "nginx → trivial libfcgi worker", "PHP-FPM + PDO"
STATEMENTS = ("produto_get", "lista_id", "estoque_get")
PIECE = 1000  # characters; a word of nginx's configuration has less than 4096 bytes
OF_NGINX = {"server", "date", "connection", "keep-alive"}


def php_fpm():
    """The newest PHP-FPM that is installed."""
    found = sorted(
        Path("/usr/sbin").glob("php-fpm[0-9]*"), key=lambda path: [int(n) for n in re.findall(r"\d+", path.name)]
    )
    if not found:
        raise Failed("there is no PHP-FPM: apt-get install php-fpm php-pgsql")
    return found[-1]


class Answer:
    """What a request, METHOD PATH [BODY], was answered."""

    def __init__(self, port, request):
        method, path, body = (request.split(" ", 2) + [""])[:3]
        headers = {"Content-Type": "application/json"} if body else {}
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        self.status, self.headers, self.body = answer.status, answer.getheaders(), answer.read()
        connection.close()
        if self.status != 200:
            raise Failed(f"{request} on port {port} was answered {self.status}: {self.body[:500]!r}")

    def own_headers(self):
        """Those that not every server of this nginx adds, as nginx/cabecalhos.conf.in says."""
        text = (TOP / "nginx/cabecalhos.conf.in").read_text(encoding="utf-8")
        added = {name.lower() for name in re.findall(r"^add_header (\S+) (?!\$upstream_)", text, re.M)}
        return [(name, value) for name, value in self.headers if name.lower() not in OF_NGINX | added]

    def size(self):
        """Bytes of header lines, bytes of the body."""
        return sum(len(name) + len(value) + 4 for name, value in self.headers), len(self.body)

    def fastcgi(self):
        """The answer as a worker gives it to nginx."""
        lines = ["Status: 200 OK", *(f"{name}: {value}" for name, value in self.own_headers()), "", ""]
        return "\r\n".join(lines).encode() + self.body

    def location(self, path, number):
        """The answer as nginx gives it of its own."""
        body = self.body.decode()
        if "$" in body:
            raise Failed("nginx cannot return an answer with a dollar")
        body = body.replace("\\", "\\\\").replace("'", "\\'")
        pieces = [body[begin : begin + PIECE] for begin in range(0, len(body), PIECE)]
        headers = [
            f"add_header {name} '{value}';"
            for name, value in self.own_headers()
            if name.lower() not in ("content-type", "content-length")
        ]
        names = [f"$resposta_{number}_{piece}" for piece in range(len(pieces))]
        words = [
            *headers,
            *(f"set {name} '{piece}';" for name, piece in zip(names, pieces)),
            f'return 200 "{"".join(names)}";',
        ]
        return "\n".join(
            [
                f"    location = {path.split('?')[0]} {{",
                "        include @ETC@/cabecalhos.conf;",
                *(f"        {word}" for word in words),
                "    }",
            ]
        )


def ports(count):
    """So many free ports, below those that the kernel gives to clients."""
    while True:
        base = random.randrange(11000, 31000, 20)
        if claimed(base) and all(port_free(base + offset) for offset in range(count)):
            return list(range(base, base + count))


class Peers:
    """`with Peers(…) as peers`: they run, and answer what the system answered to `requests`, name -> request."""

    def __init__(self, shop, directory, requests):
        self.shop = shop
        self.directory = Path(directory)
        self.requests = requests
        self.answers = {name: Answer(shop.port, request) for name, request in requests.items()}
        self.trivial, self.php = [], None
        self.ports, self.config = {}, []

    def __enter__(self):
        self.directory.chmod(0o755)
        return self

    def __exit__(self, *_):
        for process in [*self.trivial, *([self.php] if self.php else [])]:
            process.terminate()
            process.wait()

    def pids(self):
        """Name -> processes, as measure.Usage wants them."""
        php = {"php-fpm": family(self.php.pid)} if self.php else {}
        return {"trivial": [process.pid for process in self.trivial], **php}

    def render(self, template, **values):
        """A file of peers/ with each @NAME@ replaced."""
        text = (HERE / template).read_text(encoding="utf-8")
        for name, value in {**values, "DIR": self.directory, "ETC": self.shop.state / "current/nginx"}.items():
            text = text.replace(f"@{name}@", str(value))
        return text

    def add_return(self, port, names):
        """nginx's own answers to these."""
        kind = dict(self.answers[names[0]].own_headers())["Content-Type"].partition(";")[0]
        places = [
            self.answers[name].location(self.requests[name].split(" ")[1], number) for number, name in enumerate(names)
        ]
        self.config.append(self.render("return.conf.in", PORT=port, TYPE=kind, LOCATIONS="\n\n".join(places)))
        self.ports.update({(RETURN, name): port for name in names})

    def add_trivial(self, port, name, program, workers):
        """A pool of trivial workers that all know one answer."""
        file, path = self.directory / f"{name}.answer", self.directory / f"{name}.sock"
        file.write_bytes(self.answers[name].fastcgi())
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            path.chmod(0o660)
            if os.geteuid() == 0:
                shutil.chown(path, SERVICE_USER, SERVICE_USER)
            listener.listen(512)
            self.trivial += [subprocess.Popen([program, file], stdin=listener) for _ in range(workers)]
        self.config.append(self.render("trivial.conf.in", PORT=port, NAME=name))
        self.ports[TRIVIAL, name] = port

    def add_php(self, port, names, children_count):
        """PHP-FPM, with the workers' own statements and database role."""
        shutil.copy(HERE / "loja.php", self.directory)
        texts = ",\n".join(f"'{name}' => <<<'SQL'\n{statement('catalogo', name).text}SQL" for name in STATEMENTS)
        (self.directory / "statements.php").write_text(f"<?php\nreturn [{texts}];\n", encoding="utf-8")
        user = (
            ""
            if os.geteuid()
            else (
                f"user = {SERVICE_USER}\ngroup = {SERVICE_USER}\n"
                f"listen.owner = {SERVICE_USER}\nlisten.group = {SERVICE_USER}"
            )
        )
        config = self.directory / "php-fpm.conf"
        config.touch(0o600)
        config.write_text(
            self.render(
                "php-fpm.conf.in",
                USER=user,
                CHILDREN=children_count,
                ROLE="catalogo",
                DSN=f"pgsql:host={self.shop.run};port={PORTS['catalogo']};dbname=catalogo",
            ),
            encoding="utf-8",
        )
        self.php = subprocess.Popen(
            [php_fpm(), "-F", "-y", config, "-d", "expose_php=0"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )
        self.config.append(self.render("php.conf.in", PORT=port))
        self.ports.update({(PHP, name): port for name in names})

    def open(self):
        """Puts the servers into the system's nginx and sees that each gives the answers that it should."""
        self.shop.own_lines("nginx.d/peers.conf", "\n".join(self.config))
        before = set(children(self.shop.nginx_master()))
        self.shop.script("reload", "nginx")
        wanted = set(self.ports.values())
        if not eventually(lambda: not any(map(port_free, wanted))):
            raise Failed(f"nginx does not take the peers in: {self.shop.logs()['nginx.log'][-500:]}")
        # Those that served until now take connections up to their end, and break them off then.
        if not eventually(lambda: not before & set(children(self.shop.nginx_master()))):
            raise Failed("nginx's processes with the configuration from before do not end")
        for (kind, name), port in self.ports.items():
            self.check(kind, name, port)

    def check(self, kind, name, port):
        """Same JSON; of those that only repeat also the same bytes, and headers of the same size."""
        ready = eventually(lambda: self.answered(port, name))
        if not ready:
            raise Failed(f"{kind} does not answer {self.requests[name]}")
        wanted = self.answers[name]
        if kind == PHP:  # which writes 38.0 for 38.00
            if json.loads(ready.body) != json.loads(wanted.body):
                raise Failed(f"{kind} answers {ready.body[:900]!r} and not {wanted.body[:900]!r}")
        elif (ready.body, ready.size()) != (wanted.body, wanted.size()):
            raise Failed(f"{kind} answers {ready.headers} {ready.body[:300]!r}, not {wanted.headers}")

    def answered(self, port, name):
        """An answer, or nothing while a peer is still starting."""
        try:
            return Answer(port, self.requests[name])
        except (OSError, Failed):
            return None

    def url(self, kind, name):
        """Where this peer answers this."""
        return f"http://127.0.0.1:{self.ports[kind, name]}"
