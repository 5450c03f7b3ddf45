"""The table of settings, the operator's file, and what `confeitaria settings` says of them."""
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from confeitaria.commands import settings as command
from confeitaria.say import Refused, UsageError
from confeitaria.settings import DOWN, TABLE, Settings, example, parse_assignment, table_markdown

DOCS = Path(__file__).resolve().parents[2] / "docs/operations.md"

GOOD = {
    "port": ("1", "65535"),
    "reach": ("public",),
    "direct_ports": ("0", "65524"),
    "cors_origens": ("*", "https://loja.example http://localhost:3000"),
    "proxies": ("127.0.0.1", "10.0.0.0/8 ::1 fe80::/10", "10.1.2.3/8"),
    "limite_fila": ("1", "200"),
    "limite_sessoes_dia": ("1500", "1000000"),
    "prazo_segundos": ("60",),
    "redis_memoria_mb": ("16",),
    "requisicoes_max": ("0", "1000000000"),
    "memoria_max_mb": ("0", "16"),
    "nivel_log": ("erro", "aviso", "info", "debug"),
    "lento_ms": ("0", "200"),
    "anonimizar_dias": ("0", "36500"),
    "fuso_horario": ("America/Argentina/Buenos_Aires", "Etc/GMT+3", "UTC"),
    "loja_nome": ("x" * 60, 'Doces & <Cia> "x" \\ \'', "Açaí = fruta # nova"),
    "loja_telefone": ("(21) 5555-0199", "+55 11 5555-0123"),
    "loja_dias": ("seg ter qua qui sex sab dom", "dom"),
    "loja_horario": ("0-24", "8:30-18", "9-9:01"),
    "loja_url": ("https://loja.example:8443", ""),
}
BAD = {
    "port": ("0", "65536", "abc", "08", "+80", "-1", "1e3", "80 81", "٨٠", "a[$(id>&2)]"),
    "reach": ("Public", "public loopback"),
    "direct_ports": ("65525",),
    "cors_origens": ("loja.example", "* https://loja.example", "https://a;b", "https://loja.example/"),
    "proxies": ("10.0.0.1 x", "10.0.0.0/33", "1.2.3", "::1/129", "fe80::1%eth0", "10.0.0.1;"),
    "limite_fila": ("0", "201", "1.5"),
    "limite_sessoes_dia": ("1499", "1000001"),
    "prazo_segundos": ("0", "61"),
    "redis_memoria_mb": ("15",),
    "memoria_max_mb": ("15", "128MB"),
    "nivel_log": ("warn",),
    "fuso_horario": ("America/Niteroi", "../../etc/hostname", "America", "/UTC"),
    "loja_nome": ("x" * 61, "a\x1b[31m", "a\u2028b"),
    "loja_telefone": ("ligue já", "12"),
    "loja_dias": ("ter ter", "terça"),
    "loja_horario": ("18-9", "9-24:30", "9", "9-9", "9:60-10", "09-18"),
    "loja_url": ("loja.example", "ftp://loja.example", "https://loja.example/x"),
}


def cases(table):
    """A row a value."""
    return [(name, text) for name, texts in table.items() for text in texts]


def written(place, *lines):
    """An operator's file."""
    path = place / "confeitaria.conf"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def refusal(path):
    """All that is said of a file that is refused."""
    with pytest.raises(Refused) as refused:
        Settings.read(path)
    return "\n".join((refused.value.message, *refused.value.remedies))


def test_a_missing_file_sets_nothing(place):
    """All defaults, with their types."""
    settings = Settings.read(place / "confeitaria.conf")
    assert (settings["limite_fila"], settings["cors_origens"], settings["proxies"]) == (128, ("*",), ())
    assert settings["loja_dias"] == ("ter", "qua", "qui", "sex", "sab", "dom")
    assert not any(settings.is_set(name) for name in TABLE)


@pytest.mark.parametrize("setting", TABLE.values(), ids=lambda setting: setting.name)
def test_a_row_is_whole(setting):
    """Its default is one of its values, and the rest of it is there."""
    assert setting.kind.read(Settings({}).text(setting.name)) is not None
    assert setting.effect in ("reload", "restart", DOWN) and setting.parts and setting.kind.takes
    assert setting.meaning.endswith(".") and "|" not in setting.meaning


@pytest.mark.parametrize(("name", "text"), cases(GOOD))
def test_a_good_value_is_taken(place, name, text):
    """By --set and in the file."""
    assert parse_assignment(f"{name}={text}") == (name, text)
    assert Settings.read(written(place, f"{name} = {text}")).text(name) == (text or TABLE[name].default)


@pytest.mark.parametrize(("name", "text"), cases(BAD))
def test_a_bad_value_is_refused(place, name, text):
    """With its name, its line and what to write; the option with a usage error."""
    said = refusal(written(place, "# nada", f"  {name}={text}"))
    assert f"line 2: {name} is " in said and ("it takes " in said or "on one line" in said)
    assert said.replace("\n", "").isprintable()
    with pytest.raises(UsageError) as refused:
        parse_assignment(f"{name}={text}")
    assert refused.value.message.startswith(f"{name} ") and refused.value.status == 64
    with pytest.raises(Refused):
        Settings({}).with_values({name: text})


@pytest.mark.parametrize(
    "word", ["limite_fila", "limite_nada=3", "=3", "limite_sessoes=", "fuso_horario=", "loja_nome= "]
)
def test_no_assignment(word):
    """What --set cannot take."""
    with pytest.raises(UsageError):
        parse_assignment(word)


@pytest.mark.parametrize("name", ["loja_endereco", "cors_origens", "proxies", "loja_url"])
def test_no_value_makes_another_line(name):
    """A line end in a value would be a setting of its own in the file."""
    for end in "\n\r\x0b\x85\u2028":
        with pytest.raises(UsageError):
            parse_assignment(f"{name}=https://a.example{end}port = 1")


def test_all_faults_are_told_at_once(place):
    """Each with its line; the nearest name; both lines of a name that is there twice."""
    file = written(
        place, "port = abc", "limite_sesoes = 5", "", "limite_fila = 3", "lixo", "limite_fila = 4", "loja_dias = x"
    )
    said = refusal(file)
    assert said.startswith(f"{file}: 5 faults\n")
    for part in (
        "line 1: port is abc: it takes 1 to 65535",
        "line 2: there is no setting limite_sesoes: did you mean limite_sessoes?",
        "lines 4 and 6 both set limite_fila",
        "line 5 is no setting: lixo",
        "line 7: loja_dias is x",
    ):
        assert part in said


def test_a_file_that_cannot_be_read(place):
    """Is refused by its name."""
    file = place / "confeitaria.conf"
    file.write_bytes(b"loja_nome = \xff\n")
    assert str(file) in refusal(file)
    file.unlink()
    file.mkdir()
    assert str(file) in refusal(file)


def test_an_empty_value_is_the_default(place):
    """As if the line were not there."""
    settings = Settings.read(written(place, "proxies =", "limite_fila = "))
    assert settings["limite_fila"] == 128 and not settings.is_set("limite_fila")


def test_a_default_follows_another_setting():
    """The conciliador leaves an order alone for as long as nginx may wait, and some seconds more."""
    assert Settings({})["conciliador_paciencia_ms"] == 10000
    assert Settings({"prazo_segundos": "60"})["conciliador_paciencia_ms"] == 66000
    assert Settings({"prazo_segundos": "60", "conciliador_paciencia_ms": "7"})["conciliador_paciencia_ms"] == 7


def test_with_values_is_another_one():
    """The first is as it was; an empty text goes back to the default."""
    first = Settings({"limite_fila": "7"})
    second = first.with_values({"limite_fila": "", "port": "8080"})
    assert (first["limite_fila"], first["port"]) == (7, 80)
    assert (second["limite_fila"], second["port"], second.is_set("limite_fila")) == (128, 8080, False)


def test_save_changes_only_its_lines(place):
    """Remarks, order and spacing of the others stay."""
    lines = ["# minhas", "limite_fila=7   ", "", "#port = 80", "loja_nome = Doces", "  reach = public"]
    file = written(place, *lines)
    Settings.read(file).with_values({"port": "8080", "loja_nome": "Bolos", "reach": "", "proxies": "::1"}).save(file)
    after = ["# minhas", "limite_fila=7   ", "", "#port = 80", "port = 8080", "loja_nome = Bolos", "proxies = ::1"]
    assert file.read_text(encoding="utf-8").splitlines() == after
    assert file.stat().st_mode & 0o777 == 0o640


def test_save_keeps_a_value_that_is_the_default(place):
    """What the operator says stays said, whatever the next version's default is."""
    file = place / "confeitaria.conf"
    Settings({}).with_values({"limite_fila": "128"}).save(file)
    assert "\n# limite_fila = 128\nlimite_fila = 128\n" in file.read_text(encoding="utf-8")
    assert Settings.read(file).is_set("limite_fila")


def test_the_first_file_shows_all_settings(place):
    """As remarks, which set nothing; without the # each is a line that can be read."""
    Settings({}).save(place / "confeitaria.conf")
    text = (place / "confeitaria.conf").read_text(encoding="utf-8")
    assert text == example() and all(len(line) < 300 for line in text.splitlines())
    assert not any(Settings.read(place / "confeitaria.conf").is_set(name) for name in TABLE)
    shown = [line.removeprefix("# ") for line in text.splitlines() if line.removeprefix("# ").split(" ")[0] in TABLE]
    settings = Settings.read(written(place, *shown))
    assert {name: settings.text(name) for name in TABLE} == {name: Settings({}).text(name) for name in TABLE}


def test_the_docs_have_the_table():
    """docs/operations.md has it word for word: `confeitaria settings --table` prints it."""
    assert table_markdown() in DOCS.read_text(encoding="utf-8")


def said(capsys, state, **options):
    """What the command prints."""
    command.run(state, SimpleNamespace(**{"all": False, "json": False, "table": False, **options}))
    return capsys.readouterr().out


def running(state, **texts):
    """A generation that runs, with other settings than the defaults."""
    settings = Settings({}).with_values(texts)
    (state.path / "current").mkdir()
    about = {"settings": {name: settings.text(name) for name in TABLE if name != "nivel_log"}}
    (state.path / "current/generation.json").write_text(json.dumps(about), encoding="utf-8")


def test_the_command_lists_what_is_set(state, capsys):
    """And nothing else, without --all."""
    assert "all settings have their defaults" in said(capsys, state)
    state = type(state)(str(state.path))
    written(state.etc, "limite_fila = 64", "port = 80")
    assert said(capsys, state) == "port = 80\nlimite_fila = 64    (default 128)\n"
    everything = said(capsys, state, all=True)
    assert all(f"{name} = " in everything and setting.meaning in everything for name, setting in TABLE.items())
    assert said(capsys, state, table=True) == table_markdown()


def test_the_command_says_what_waits(state, capsys):
    """A changed setting has the value that runs, what it needs, and the command for that; one that the running version
    does not know waits for nothing."""
    running(state, limite_fila="64", postgres_memoria_mb="32", loja_url="https://loja.example")
    written(state.etc, "postgres_memoria_mb = 128")
    text = said(capsys, state)
    assert "limite_fila = 128    (runs with 64, needs a reload)\n" in text
    assert "postgres_memoria_mb = 128    (default 64; runs with 32, needs a restart)\n" in text
    assert text.count("to take effect: ") == 2 and " restart" in text and " pg-pedidos" in text and " reload" in text
    found = {one["name"]: one for one in json.loads(said(capsys, state, json=True))}
    assert found["limite_fila"]["pending"] == "reload" and found["postgres_memoria_mb"]["pending"] == "restart"
    assert found["loja_url"]["running"] == "https://loja.example" and found["nivel_log"]["pending"] is None
    assert list(found) == list(TABLE)
