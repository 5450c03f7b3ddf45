#!/usr/bin/python3
"""Reads the small formats of the sources, once for all their readers, and writes C tables and JSON.

OUTPUT's name says what it becomes:
  SERVICE_sql.h, SERVICE_sql.c   the statements of db/SERVICE/statements/*.sql, as a table and an enum of its indices
  SERVICE_lua.h, SERVICE_lua.c   the scripts db/SERVICE/*.lua, likewise
  statements.json                {service: [{name, file, writes, health, anew, columns, text, params}]}
  problems.json                  of fcgi/core/problems.def: [{name, codigo, status, retry, title, detail}]
  routes.json                    of the tables in fcgi/SERVICE/main.c: {service: [{method, path, rights}]}

A statement begins with `-- name: produto_get`, `-- name: produto_criar (writes)` or `-- name: saude (health)`, and ends
at the next one. `(health)` says that it has the time of a health check only, `(planned anew)` that its best plan is
another one for other parameters. `-- part: filtro` begins lines that are no statement, for each later `-- use: filtro`
to stand for. Other comment lines are left out.

`-- returns: id int, nome text, descricao text?` are the statement's columns, by the names that PostgreSQL gives them;
with ? there may be a null. `-- row: categoria id int, nome text` names columns that several statements return, of any
file: `-- returns: categoria, situacao text`. With ? all of a row's columns are null where the statement's first one is.
A list may go on in another such line. A statement without one returns no columns.

A Lua file is one script with the name of the file; a `#!` line stays, as Redis reads its flags.
"""
import argparse
import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

MARKS = {"(writes)": "writes", "(health)": "health", "(planned anew)": "anew"}
TYPES = ("int", "bool", "text", "money", "time", "uuid", "json", "bytes")  # text: what has no type of its own, too
DIRECTIVE = re.compile(r"-- (name|part|use|row|returns): (.*?)\s*")
# No text has a character that C, JSON or nginx would take for more than itself.
PROBLEM = re.compile(r"""PROBLEM\((\w+), "(\w+)", (\d{3}), (\d+), "([^"'\\$]+)", "([^"'\\$]+)"\)""")
ROUTE = re.compile(r'\{METHOD_(\w+), "([^"]+)", \w+, (?:NULL|"([\w,]+)")(?:, \.\w+ = \w+)*\}')


class FormatError(Exception):
    """A file is not in its format."""


@dataclass
class Statement:
    """A statement, a part of some, or a script. `columns`: (name, type, nullable, null when the first column is)."""

    name: str
    file: str
    writes: bool = False
    health: bool = False
    anew: bool = False
    columns: list = field(default_factory=list)
    text: str = ""

    @property
    def params(self):
        """The highest $n."""
        return max(map(int, re.findall(r"\$(\d+)", self.text)), default=0)

    def as_json(self):
        """For statements.json."""
        names = ("name", "type", "nullable", "with_first")
        return {**vars(self), "columns": [dict(zip(names, column)) for column in self.columns], "params": self.params}


def numbered(path):
    """Each line after its place, as messages name it."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        yield f"{path}:{number}", line


def is_comment(line):
    """Whether it is left out, of SQL and of Lua."""
    return not line.strip() or line.lstrip().startswith("--")


def items(text):
    """What commas separate."""
    return re.split(r"\s*,\s*", text)


class Reader:
    """Reads a service's statement files."""

    def __init__(self):
        self.statements, self.parts, self.rows = {}, {}, {}
        self.file, self.into = "", None
        self.directives = {
            "name": self.name,
            "part": self.part,
            "use": self.use,
            "row": self.row,
            "returns": self.returns,
        }

    def read(self, path):
        """One file: each line says what to do, or is text of the statement or part that began last."""
        self.file, self.into = path.stem, None
        for place, line in numbered(path):
            directive = DIRECTIVE.fullmatch(line)
            try:
                if directive:
                    self.directives[directive[1]](directive[2])
                elif not is_comment(line):
                    self.add(line + "\n")
            except FormatError as error:
                raise FormatError(f"{place}: {error}") from None

    def begin(self, known, statement):
        """What follows is its text."""
        if statement.name in known:
            raise FormatError(f"{statement.name} is there already")
        self.into = known[statement.name] = statement

    def name(self, words):
        """`NAME (MARK)...`"""
        name, *marks = re.split(r" (?=\()", words)
        if not re.fullmatch(r"\w+", name) or not set(marks) <= set(MARKS):
            raise FormatError(f"not a name, with marks out of {', '.join(MARKS)}: {words}")
        self.begin(self.statements, Statement(name, self.file, **{MARKS[mark]: True for mark in marks}))

    def part(self, name):
        """`NAME`"""
        self.begin(self.parts, Statement(name, self.file))

    def use(self, name):
        """`NAME` of a part."""
        if name not in self.parts:
            raise FormatError(f"no part {name}")
        self.add(self.parts[name].text)

    def row(self, words):
        """`NAME LIST`"""
        name, _, columns = words.partition(" ")
        self.rows.setdefault(name, []).extend(items(columns))

    def returns(self, columns):
        """`LIST`; what rows hold is known when all has been read."""
        if self.into is None or self.statements.get(self.into.name) is not self.into:
            raise FormatError("columns of no statement")
        self.into.columns += items(columns)

    def add(self, text):
        """Text of what began last."""
        if self.into is None:
            raise FormatError("text before the first name")
        self.into.text += text

    def expanded(self, columns, with_first=False):
        """The columns of a list, those of its rows in their place."""
        for column in columns:
            nullable = column.endswith("?")
            name, _, kind = column.removesuffix("?").partition(" ")
            if kind in TYPES:
                yield name, kind, nullable, with_first
            elif kind or name not in self.rows:
                raise FormatError(f"no row or type: {column}")
            else:
                yield from self.expanded(self.rows[name], nullable or with_first)

    def done(self):
        """All statements."""
        for statement in self.statements.values():
            try:
                statement.columns = list(self.expanded(statement.columns))
            except FormatError as error:
                raise FormatError(f"{statement.file}.sql: {statement.name}: {error}") from None
        return list(self.statements.values())


def read_statements(paths):
    """The statements of one service."""
    reader = Reader()
    for path in paths:
        reader.read(path)
    return reader.done()


def read_scripts(paths):
    """A script a file."""
    kept = {path: [line + "\n" for _, line in numbered(path) if not is_comment(line)] for path in paths}
    return [Statement(path.stem, path.stem, text="".join(lines)) for path, lines in kept.items()]


def read_problems(paths):
    """What can go wrong: see problem.h."""
    problems = {}
    for place, line in (one for path in paths for one in numbered(path)):
        match = PROBLEM.fullmatch(line)
        if match and match[2] not in problems:
            name, codigo, status, retry, title, detail = match.groups()
            facts = {"name": name, "codigo": codigo, "status": int(status), "retry": int(retry)}
            problems[codigo] = {**facts, "title": title, "detail": detail}
        elif line.startswith("PROBLEM"):
            raise FormatError(
                f'{place}: no new PROBLEM(NAME, "codigo", status, seconds, "title", "detail") in one line'
            )
    return list(problems.values())


def read_routes(path):
    """The table of a service."""
    text = path.read_text(encoding="utf-8")
    routes = ROUTE.findall(text)
    if not routes or len(routes) != text.count("{METHOD_"):
        raise FormatError(
            f"{path}: {text.count('{METHOD_')} routes, and {len(routes)} of them {{METHOD, path, handler, rights…}}"
        )
    return [
        {"method": method, "path": pattern, "rights": rights.split(",") if rights else []}
        for method, pattern, rights in routes
    ]


def quoted(text):
    """Lines as C has them, a string a line."""
    return "".join('\n\t     "' + re.sub(r'(["\\])', r"\\\1", line) + '\\n"' for line in text.split("\n")[:-1])


# Its reader, struct, the noun in its table's name, the prefix in its enum, the header of its struct.
KINDS = {
    "sql": (read_statements, "sql_statement", "statement", "SQL_", "sql.h"),
    "lua": (read_scripts, "kv_script", "script", "KV_", "kv.h"),
}


def c_header(service, kind, statements):
    """An enum of the statements, and the table's declaration."""
    _, struct, noun, prefix, include = KINDS[kind]
    guard, size = f"DB_{service}_{kind}_H".upper(), f"{service}_{noun}_count".upper()
    names = "".join(f"\t{prefix}{one.name.upper()},\n" for one in statements)
    return f"""#ifndef {guard}
#define {guard}

#include "core/{include}"

enum {{
{names}\t{size}
}};

extern const struct {struct} {service}_{noun}s[{size}];

#endif
"""


def c_table(service, kind, statements):
    """The table, and those of the columns."""
    _, struct, noun, prefix, _ = KINDS[kind]
    columns = "".join(c_columns(one) for one in statements if one.columns)
    rows = "".join(f"\t[{prefix}{one.name.upper()}] = {{\n{c_members(kind, one)}\t}},\n" for one in statements)
    size = f"{service}_{noun}_count".upper()
    return f"""#include "db/{service}_{kind}.h"

{columns}
const struct {struct} {service}_{noun}s[{size}] = {{
{rows}}};
"""


def c_columns(statement):
    """The columns of one statement."""
    rows = (
        f'\n\t    {{"{name}", FIELD_{kind.upper()}, {c_bool(nullable)}{", true" * with_first}}},'
        for name, kind, nullable, with_first in statement.columns
    )
    return f"static const struct sql_column {statement.name}_columns[] = {{{''.join(rows)}\n}};\n"


def c_members(kind, statement):
    """What a row of the table says."""
    members = {"name": f'"{statement.name}"', "text": quoted(statement.text)}
    if kind == "sql":
        members |= {"params": statement.params}
        members |= {name: c_bool(getattr(statement, name)) for name in ("writes", "health", "anew")}
    if statement.columns:
        members |= {"columns": f"{statement.name}_columns", "column_count": len(statement.columns)}
    return "".join(f"\t    .{name} ={' ' * (name != 'text')}{value},\n" for name, value in members.items())


def c_bool(value):
    """As C has it."""
    return "true" if value else "false"


def generate(output, paths):
    """The text of a file that is called so, of these files. Raises FormatError."""
    table = re.fullmatch(r"(\w+)_(sql|lua)\.([hc])", output)
    if table:
        service, kind, suffix = table.groups()
        statements = KINDS[kind][0](paths)
        head = f"/* Made by fcgi/generate.py from db/{service}/. Do not edit. */\n"
        return head + (c_header if suffix == "h" else c_table)(service, kind, statements)
    if output == "problems.json":
        made = read_problems(paths)
    elif output == "routes.json":
        made = {path.parent.name: read_routes(path) for path in sorted(paths)}
    elif output == "statements.json":
        services = sorted({path.parents[1].name for path in paths})
        made = {name: read_statements([path for path in paths if path.parents[1].name == name]) for name in services}
    else:
        raise FormatError(f"no file of this name is made here: {output}")
    return json.dumps(made, ensure_ascii=False, indent=1, default=Statement.as_json) + "\n"


def main():
    """See the top of the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="the file to write; its directory is made")
    parser.add_argument("inputs", type=Path, nargs="+", metavar="FILE", help="what to read, all files of one format")
    arguments = parser.parse_args()
    try:
        text = generate(arguments.output.name, arguments.inputs)
    except (FormatError, OSError, UnicodeError) as error:
        sys.exit(f"generate.py: {error}")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
