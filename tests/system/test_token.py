"""scripts/token: rights, expiries, the day of last use, and revoking exactly what was named."""
import os
import re
import shutil
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest

NOT_IN_TIME = {  # what --expires and --days do not take
    "--expires": [
        "",
        "amanhã",
        "2020-01-31",
        "2027-02-30",
        "2027-1-31",
        "31/01/2027",
        "2027-01-31T18:00",
        "9999-12-31",
    ],
    "--days": ["", "0", "-1", "1.5", "100000", "dois"],
}


def create(shop, name, *options):
    """A new token."""
    return shop.script("token", "create", name, *options).stdout.strip()


def listed(shop):
    """name -> (right, created, expires, last use)."""
    head, *lines = shop.script("token", "list").stdout.splitlines()
    assert head.split() == ["NAME", "RIGHT", "CREATED", "EXPIRES", "LAST-USE"]
    return {line.split()[0]: tuple(line.split()[1:]) for line in lines}


def mark(shop, token):
    """The file whose time is the token's last use."""
    return shop.state / "data/usos" / sha256(token.encode()).hexdigest()


def day(seconds):
    """As the list says it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d")


def test_a_right_is_one_that_people_have(shop):
    """Not one of the services'."""
    create(shop, "caixa", "--right", "atendente")
    assert listed(shop)["caixa"][0] == "atendente" and listed(shop)["testes"][0] == "admin"
    for right in ("reservas", "admin,atendente", "", "Admin", "root"):
        assert shop.script("token", "create", "outro", "--right", right, check=False).returncode == 64, right
    assert "outro" not in listed(shop)


def test_an_expiry_is_a_day_of_the_shop_or_a_time(shop):
    """The last day counts whole, in the shop's time zone; what lasts shows none."""
    create(shop, "dia", "--expires", "2998-01-31")
    create(shop, "hora", "--expires", "2998-01-31T18:00:00-03:00")
    create(shop, "dias", "--days", "30")
    create(shop, "sempre")
    tokens = listed(shop)
    assert tokens["dia"][2] == "2998-02-01T02:59:59Z"
    assert tokens["hora"][2] == "2998-01-31T21:00:00Z"
    made, ends = (datetime.fromisoformat(tokens["dias"][i].replace("Z", "+00:00")) for i in (1, 2))
    assert abs(ends - made - timedelta(days=30)) < timedelta(seconds=60)
    assert tokens["sempre"][2] == "-"


@pytest.mark.parametrize("option", NOT_IN_TIME)
def test_no_other_expiry_is_taken(shop, option):
    """Above all none that is empty: such a token would last for ever."""
    for value in NOT_IN_TIME[option]:
        made = shop.script("token", "create", "errado", option, value, check=False)
        assert made.returncode == 64 and not made.stdout, value
    assert (
        shop.script("token", "create", "errado", "--days", "1", "--expires", "2998-01-31", check=False).returncode == 64
    )
    assert "errado" not in listed(shop)


def test_the_day_of_the_last_use(shop):
    """Noted at the first use of a day, by a worker of any pool; an expired or revoked token leaves none."""
    token = create(shop, "usado")
    file, client = mark(shop, token), shop.client(token)
    assert listed(shop)["usado"][3] == "-" and not file.exists()
    client.get("/api/pedidos?limite=1").ok()
    assert file.stat().st_size == 0 and listed(shop)["usado"][3] == day(file.stat().st_mtime)
    os.utime(file, (0, 0))
    assert listed(shop)["usado"][3] == "1970-01-01"
    file.unlink()
    client.post("/api/categorias", {"nome": f"De {token[-8:]}"}).ok(201)  # another pool has not yet
    assert token not in file.name and listed(shop)["usado"][3] == day(file.stat().st_mtime)
    shop.script("token", "revoke", "usado")
    assert not file.exists()
    client.get("/api/pedidos?limite=1").problem("nao_autenticado")
    assert not file.exists()


def test_a_use_that_cannot_be_noted_refuses_nothing(shop):
    """It is logged once a worker. A link in its place is not followed, by workers or by commands."""
    token, other = create(shop, "sem-nota"), create(shop, "ligado")
    marks, aside = mark(shop, token).parent, shop.state / "data/usos.fora"
    victim = shop.state / "data/vitima"
    victim.touch()
    os.utime(victim, (0, 0))
    mark(shop, other).symlink_to(victim)
    shop.client(other).get("/api/pedidos?limite=1").ok()
    assert victim.stat().st_mtime == 0 and listed(shop)["ligado"][3] == day(mark(shop, other).lstat().st_mtime)
    shop.script("token", "revoke", "ligado")
    assert victim.exists() and not mark(shop, other).is_symlink()
    victim.unlink()
    shutil.move(marks, aside)
    try:
        for _ in range(20):
            shop.client(token).get("/api/pedidos?limite=1").ok()
        assert listed(shop)["sem-nota"][3] == "-"
    finally:
        shutil.move(aside, marks)
    told = [line for line in shop.logs()["pedidos.log"].splitlines() if "token_use_unwritable" in line]
    assert 1 <= len(told) <= 2 * len(shop.workers("pedidos")), told
    shop.script("token", "revoke", "sem-nota")


def test_a_name_is_revoked_exactly(shop):
    """Not one that a pattern or a number would also mean. All of that name go, and it says how many."""
    names = ["jose-silva", "1.0", "10", "a.b"]
    clients = {name: shop.client(create(shop, name)) for name in names}
    for other in (
        "jose.silva",
        ".",
        "..",
        ".*",
        "1",
        "1e1",
        "010",
        "a",
        "a\\.b",
        "a\\056b",
        "A.B",
        "[a].b",
        "",
        "jose-silva x",
    ):
        refused = shop.script("token", "revoke", other, check=False)
        assert refused.returncode == 1 and "there is no token named" in refused.stderr, other
    for name in names:
        clients[name].get("/api/eu").ok()
    tokens = shop.state / "etc/tokens"
    tokens.write_text(tokens.read_text() + f"{'0' * 64} a.b admin 2026-11-24\n")  # by hand
    assert "revoked a.b: 2 tokens" in shop.script("token", "revoke", "a.b").stderr
    assert re.search(r"revoked 10$", shop.script("token", "revoke", "10").stderr.strip())
    clients["1.0"].get("/api/eu").ok()
    clients["10"].get("/api/eu").problem("nao_autenticado")
    assert {"1.0", "jose-silva", "testes", "servico-pedidos"} <= set(listed(shop)) and "a.b" not in listed(shop)
    for name in (".", "..", "-x", "_x", "ção"):
        assert shop.script("token", "create", name, check=False).returncode == 64, name
    assert create(shop, "1")  # 1.0 is another


def test_old_lines_go_on_working(shop):
    """Of a file from before tokens had an expiry."""
    token = create(shop, "antigo")
    assert re.search(r"^\w{64} antigo admin \S+$", (shop.state / "etc/tokens").read_text(), re.M)
    shop.client(token).get("/api/eu").ok()
