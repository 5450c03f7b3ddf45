"""fcgi/generate.py: what it reads out of the formats, what it refuses, and the C and JSON that it writes."""
import json
import re
import subprocess
from pathlib import Path

import pytest

import generate

TOP = Path(__file__).resolve().parents[2]
SQL = """-- Prose about all of them.

-- row: produto id int, nome text
-- row: preco valor money?

-- part: filtro
-- why it is so
WHERE id = $2

-- name: produto_get
-- returns: produto?, preco, feito time
-- by id
SELECT "a\\b",
       1
-- use: filtro
  AND $10 > $1

-- name: produto_criar (writes) (planned anew)
INSERT INTO produtos VALUES ($1)
"""


@pytest.fixture(name="make")
def fixture_make(tmp_path):
    """make(output, {file: text}): what becomes of these files."""

    def make(output, files):
        paths = [tmp_path / name for name in files]
        for path, text in zip(paths, files.values()):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return generate.generate(output, paths)

    return make


def statements(make, *texts):
    """The statements of files of one service."""
    files = {f"db/loja/statements/{number}.sql": text for number, text in enumerate(texts)}
    return json.loads(make("statements.json", files))["loja"]


def test_a_statement_is_its_text_its_marks_and_its_columns(make):
    """With the lines of its parts, the columns of its rows, and no comment."""
    first, second = statements(make, SQL)
    assert first["text"] == 'SELECT "a\\b",\n       1\nWHERE id = $2\n  AND $10 > $1\n'
    assert (first["name"], first["params"], first["writes"], first["anew"]) == ("produto_get", 10, False, False)
    assert [tuple(column.values()) for column in first["columns"]] == [
        ("id", "int", False, True),
        ("nome", "text", False, True),
        ("valor", "money", True, False),
        ("feito", "time", False, False),
    ]
    assert (second["params"], second["writes"], second["anew"], second["health"]) == (1, True, True, False)
    assert second["columns"] == []


def test_rows_of_later_files_and_parts_of_earlier_ones_are_known(make):
    """Files are read in their order, and lists of columns after all of them."""
    first = "-- part: fim\nLIMIT 1\n-- name: a\n-- returns: linha\nSELECT 1\n"
    second = "-- row: linha id int\n-- row: linha nome text?\n-- name: b (health)\nSELECT 2\n-- use: fim\n"
    one, other = statements(make, first, second)
    assert [column["name"] for column in one["columns"]] == ["id", "nome"]
    assert other["text"] == "SELECT 2\nLIMIT 1\n" and other["health"]
    assert (one["file"], other["file"]) == ("0", "1")


@pytest.mark.parametrize(
    "text, said",
    [
        ("-- name: a (wrties)\nSELECT 1\n", "0.sql:1: .*wrties"),
        ("-- name: a b\nSELECT 1\n", "0.sql:1: "),
        ("-- name: a\n-- name: a\n", "0.sql:2: a is there already"),
        ("-- part: a\n-- part: a\n", "0.sql:2: a is there already"),
        ("-- name: a\n-- use: b\n", "0.sql:2: no part b"),
        ("SELECT 1\n", "0.sql:1: text before"),
        ("-- part: a\n-- returns: id int\n", "0.sql:2: columns of no statement"),
        ("-- returns: id int\n", "0.sql:1: columns of no statement"),
        ("-- name: a\n-- returns: id integer\n", "0.sql: a: no row or type: id integer"),
        ("-- name: a\n-- returns: nada?\n", "0.sql: a: no row or type: nada?"),
    ],
)
def test_what_is_no_statement_is_refused(make, text, said):
    """By file and line, or by the statement."""
    with pytest.raises(generate.FormatError, match=said):
        statements(make, text)


def test_text_does_not_go_on_in_another_file(make):
    """A file begins with a name or a part."""
    with pytest.raises(generate.FormatError, match="1.sql:1: text before"):
        statements(make, "-- name: a\nSELECT 1\n", "  + 1\n")


def test_the_c_table_of_statements(make):
    """Names of an enum, and a row each."""
    files = {"db/loja/statements/a.sql": SQL}
    header = make("loja_sql.h", files)
    assert "enum {\n\tSQL_PRODUTO_GET,\n\tSQL_PRODUTO_CRIAR,\n\tLOJA_STATEMENT_COUNT\n};" in header
    assert "extern const struct sql_statement loja_statements[LOJA_STATEMENT_COUNT];" in header
    table = make("loja_sql.c", files)
    assert '\t    {"id", FIELD_INT, false, true},\n' in table and '\t    {"valor", FIELD_MONEY, true},\n' in table
    assert '\t     "SELECT \\"a\\\\b\\",\\n"\n\t     "       1\\n"\n' in table
    assert ".columns = produto_get_columns,\n\t    .column_count = 4,\n" in table
    assert ".params = 1,\n\t    .writes = true,\n\t    .health = false,\n\t    .anew = true,\n\t},\n};\n" in table


def test_the_c_table_of_scripts(make):
    """A script a file; the flags for Redis stay, and a $1 is no parameter."""
    files = {"db/loja/criar.lua": "#!lua flags=no-writes\n-- why\nreturn '$1'\n", "db/loja/ler.lua": "\nreturn 1\n"}
    assert "\tKV_CRIAR,\n\tKV_LER,\n\tLOJA_SCRIPT_COUNT\n" in make("loja_lua.h", files)
    table = make("loja_lua.c", files)
    assert '.text =\n\t     "#!lua flags=no-writes\\n"\n\t     "return \'$1\'\\n",\n\t},\n' in table
    assert "params" not in table


def test_problems(make):
    """One a line, the rest of the file is C's."""
    text = '/* Words */\nPROBLEM(INTERNO, "erro_interno", 500, 2, "Erro interno", "Ocorreu, de novo, um erro.")\n'
    assert json.loads(make("problems.json", {"problems.def": text})) == [
        {
            "name": "INTERNO",
            "codigo": "erro_interno",
            "status": 500,
            "retry": 2,
            "title": "Erro interno",
            "detail": "Ocorreu, de novo, um erro.",
        }
    ]
    for wrong in (text + text, text.replace(", 2", ""), text.replace("um erro", "$erro"), text.replace('",', '",\n')):
        with pytest.raises(generate.FormatError, match=r"problems.def:\d"):
            make("problems.json", {"problems.def": wrong})


def test_routes(make):
    """In the order of the tables; a row in another form is not passed over."""
    row = '{METHOD_GET, "/api/x/{int}", x_get, NULL, .tagged = true},\n{METHOD_PUT, "/api/x", x_put, "admin,dono"},\n'
    made = json.loads(make("routes.json", {"loja/main.c": row}))
    assert made == {
        "loja": [
            {"method": "GET", "path": "/api/x/{int}", "rights": []},
            {"method": "PUT", "path": "/api/x", "rights": ["admin", "dono"]},
        ]
    }
    for wrong in (row + "{METHOD_GET, CAMINHO, x_get, NULL},\n", ""):
        with pytest.raises(generate.FormatError, match="main.c: "):
            make("routes.json", {"loja/main.c": wrong})


def test_every_name_of_the_sources_is_read(tmp_path):
    """By the program as make calls it: what a plain search finds in the sources is what comes out."""
    sources = sorted(TOP.glob("db/*/statements/*.sql"))
    output = tmp_path / "new/statements.json"
    subprocess.run([TOP / "fcgi/generate.py", output, *sources], check=True)
    made = json.loads(output.read_text(encoding="utf-8"))
    named = [re.findall(r"^-- name: (\w+)", path.read_text(encoding="utf-8"), re.M) for path in sources]
    assert sorted(sum(named, [])) == sorted(one["name"] for service in made.values() for one in service)
    assert sum(one["writes"] for service in made.values() for one in service) > 10


def test_a_refusal_leaves_no_file(tmp_path):
    """Nor a traceback."""
    (tmp_path / "problems.def").write_text("PROBLEM(X)\n", encoding="utf-8")
    for output, source in (
        ("problems.json", "problems.def"),
        ("outro.json", "problems.def"),
        ("problems.json", "nada"),
    ):
        words = [TOP / "fcgi/generate.py", tmp_path / output, tmp_path / source]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stderr.startswith("generate.py: ") and done.stderr.count("\n") == 1
        assert not (tmp_path / output).exists()
