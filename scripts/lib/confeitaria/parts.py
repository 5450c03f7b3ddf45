"""Which parts run on this host, and where the stores are that do not."""
import ipaddress

from .kinds import POOLS
from .say import Refused, paste

# What a part cannot do without on the same host. Services call each other through nginx, which knows pools by sockets.
BESIDE = {"nginx": POOLS, "pg-replica": ("pg-catalogo",)}
BESIDE |= dict.fromkeys(("carrinho", "pedidos", "saude", "conciliador"), ("nginx",))
# The stores that it asks, here or elsewhere.
ASKS = dict.fromkeys(("catalogo", "catalogo-busca", "catalogo-replica", "vigia"), ("pg-catalogo",))
ASKS |= {"carrinho": ("redis",), "pedidos": ("pg-pedidos",), "conciliador": ("pg-pedidos", "redis")}
# Store -> what it is, and the setting that says where it is.
STORES = {
    "pg-catalogo": ("the catalogue's database", "catalogo_bd"),
    "pg-replica": ("the catalogue's replica", "catalogo_bd"),
    "pg-pedidos": ("the orders' database", "pedidos_bd"),
    "redis": ("Redis", "redis_servidor"),
}
# As whom a part asks a store that is elsewhere; the password is the secret pg_ROLE or redis_USER.
ROLE = {
    "catalogo": "catalogo",
    "vigia": "catalogo",
    "catalogo-busca": "catalogo_leitura",
    "catalogo-replica": "catalogo_leitura",
    "pedidos": "pedidos",
    "conciliador": "conciliador",
}
COPY = "copy the files of etc/segredos from the host that has the stores (docs/operations.md, Parts on several hosts)"
REDIS_USERS = ("carrinho", "conciliador")
TOOLS = ("adminer", "redis-commander")  # ferramentas.py


def faults(settings):
    """What does not fit together, as (fault, remedy)."""
    here, found = settings["partes"], []
    for part in here:
        found += [
            (f"{part} is to run here without {other}", f"add {other} to partes, or take {part} away")
            for other in BESIDE.get(part, ())
            if other not in here
        ]
        for store in ASKS.get(part, ()):
            what, setting = STORES[store]
            if store not in here and not settings[setting]:
                remedy = f"add {store} to partes, or say with {setting} where it is"
                found.append((f"{part} needs {what}, which is not here", remedy))
    for store in ("pg-catalogo", "pg-pedidos", "redis"):
        what, setting = STORES[store]
        if store in here and settings[setting]:
            found.append((f"{setting} says that {what} is elsewhere, and partes has {store}", "take one of them away"))
    if settings["postgres_escuta"] and not settings["rede"]:
        found.append(("postgres_escuta is set without rede", "name the addresses of the other hosts with rede"))
    return found


def require(state, *parts):
    """Refuses what needs a part that is not on this host."""
    for part in parts:
        settings = state.running
        if part != "zelador" and not here(state, [part]):
            if part in TOOLS:
                raise Refused(f"{part} is off", f"{paste(state, 'tools', 'on')} turns it on")
            what, setting = STORES.get(part, (part, None))
            text = settings.text(setting) if setting else ""
            raise Refused(
                f"{what} is not here" + (f": it is at {text}" if text else ""), "run this on the host that has it"
            )


def here(state, names):
    """Those of the names of parts that run on this host."""
    running = state.running
    found = (*running["partes"], *tools(running), *(() if state.installed else ("zelador",)))
    return [name for name in names if name in found]


def tools(settings):
    """The web views of this host's stores."""
    here, on = settings["partes"], settings["ferramentas"] == "sim" and "nginx" in settings["partes"]
    stores = {"adminer": any(part.startswith("pg-") for part in here), "redis-commander": "redis" in here}
    return [tool for tool in TOOLS if on and stores[tool]]


def secrets_elsewhere(settings):
    """The secrets of this host's parts that are made where the stores are."""
    here = settings["partes"]
    found = {f"pg_{role}" for part, role in ROLE.items() if part in here and ASKS[part][0] not in here}
    return found | {f"redis_{user}" for user in REDIS_USERS if user in here and "redis" not in here}


def refused_elsewhere(store, settings, user, words):
    """What to raise when a store on another host does not let a user in. `words`: its own."""
    what, setting = STORES[store]
    hint = [COPY] if any("password" in line for line in words) else []
    return Refused(f"{what} at {settings.text(setting)} does not let {user} in", *words, *hint)


def in_the_open(settings):
    """The settings by which passwords and customers' data leave this machine as they are."""
    ours = {
        "postgres_escuta": settings["postgres_escuta"],
        "redis_escuta": settings["redis_escuta"],
        "catalogo_bd": [host for host, _ in settings["catalogo_bd"]],
        "pedidos_bd": [host for host, _ in settings["pedidos_bd"]],
        "redis_servidor": settings["redis_servidor"][:1],
    }
    return [name for name, hosts in ours.items() if any(not ipaddress.ip_address(host).is_loopback for host in hosts)]
