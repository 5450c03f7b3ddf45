"""What each role of the databases may do: what the statements of its programs need, and nothing else."""
import re

import psycopg2
import pytest

from client import TOP
from generated import statements

DATABASE = {"catalogo": "catalogo", "catalogo_leitura": "catalogo", "pedidos": "pedidos", "conciliador": "pedidos"}
# What runs as which role; the replica's workers are those of catalogo without what writes and without reservations.
SOURCES = {
    "catalogo": {path.name for path in (TOP / "fcgi/catalogo").glob("*.c")},
    "conciliador": {"conciliador.c", "pendencia.c"},
    "pedidos": {path.name for path in (TOP / "fcgi/pedidos").glob("*.c")} - {"conciliador.c"},
}
SOURCES["catalogo_leitura"] = SOURCES["catalogo"] - {"reservas.c", "vigia.c"}
# Functions that run with the caller's rights show what they need when they run; for all else a plan is enough. No data
# is needed: parameters are texts, those that are left out are NULL.
WORDS = {5: "bolos de 1kg"}
ARGUMENTS = {
    "lista_id": WORDS,
    "lista_relevancia": {**WORDS, 10: 1},
    "pedidos_lista_cliente": {5: "José", 9: 1},
    "reserva_get": {1: "{reserva}"},
}

REFUSED = "42501"  # insufficient_privilege
# Every privilege of a role for which a statement may be found that needs it. Of the server's own functions those that
# only compute from their arguments do not count.
HELD = """
SELECT format('%%s (%%I) ON %%s', right_of, attname, attrelid::regclass)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
     unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS right_of
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f') AND attnum > 0 AND NOT attisdropped
  AND has_column_privilege(%(role)s, c.oid, attnum, right_of)
UNION ALL
SELECT format('EXECUTE ON FUNCTION %%s', p.oid::regprocedure)
FROM pg_proc p
WHERE has_function_privilege(%(role)s, p.oid, 'EXECUTE') AND (provolatile = 'v' OR proowner <> 10)
ORDER BY 1
"""
# What is left: none of it is needed, but to get in and to find the tables.
OTHERS = """
SELECT format('%%s ON TABLE %%s', right_of, c.oid::regclass)
FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS right_of
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'p', 'f')
  AND has_table_privilege(%(role)s, c.oid, right_of)
UNION ALL
SELECT format('%%s ON SEQUENCE %%s', right_of, c.oid::regclass)
FROM pg_class c, unnest('{USAGE,SELECT,UPDATE}'::text[]) AS right_of
WHERE relkind = 'S' AND has_sequence_privilege(%(role)s, c.oid, right_of)
UNION ALL
SELECT format('%%s ON DATABASE %%s', right_of, datname)
FROM pg_database d, unnest('{CONNECT,CREATE,TEMP}'::text[]) AS right_of
WHERE datallowconn AND has_database_privilege(%(role)s, d.oid, right_of)
UNION ALL
SELECT format('%%s ON SCHEMA %%s', right_of, nspname)
FROM pg_namespace n, unnest('{USAGE,CREATE}'::text[]) AS right_of
WHERE nspname NOT IN ('pg_catalog', 'information_schema') AND has_schema_privilege(%(role)s, n.oid, right_of)
UNION ALL
SELECT format('USAGE ON LANGUAGE %%s', lanname) FROM pg_language l
WHERE lanpltrusted AND has_language_privilege(%(role)s, l.oid, 'USAGE')
UNION ALL
SELECT format('CREATE ON TABLESPACE %%s', spcname) FROM pg_tablespace t WHERE has_tablespace_privilege(%(role)s, t.oid, 'CREATE')
UNION ALL
SELECT format('SET ON PARAMETER %%s', parname) FROM pg_parameter_acl
WHERE has_parameter_privilege(%(role)s, parname, 'SET, ALTER SYSTEM')
UNION ALL
SELECT format('member of %%s', rolname) FROM pg_roles WHERE rolname <> %(role)s AND pg_has_role(%(role)s, oid, 'MEMBER')
UNION ALL
SELECT 'an attribute' FROM pg_roles
WHERE rolname = %(role)s AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
UNION ALL
SELECT 'owner of an object' FROM pg_shdepend WHERE refobjid = %(role)s::regrole AND deptype = 'o'
"""
# Views are read.
COLUMNS = """
SELECT c.oid::regclass, relkind, quote_ident(attname) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0 AND NOT attisdropped
"""
# fmt: off
LOCKS = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
         "EXCLUSIVE", "ACCESS EXCLUSIVE")
COMMANDS = (
    "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_creat(-1)", "SELECT loread(0, 1)",
    "SELECT lo_unlink(1)", "SELECT pg_logical_emit_message(false, 'x', 'y')", "SELECT pg_notify('x', 'y')",
    "SELECT pg_sleep(0)", "SELECT pg_advisory_lock(1)", "SELECT pg_advisory_xact_lock(1)",
    "SELECT pg_try_advisory_lock_shared(1, 1)", "SELECT pg_export_snapshot()",
    "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_cancel_backend(pg_backend_pid())",
    "SELECT query_to_xml('SELECT 1', true, true, '')", "SELECT pg_database_size(current_database())",
    "DO $$ BEGIN NULL; END $$", "CREATE TEMP TABLE t (i int)", "CREATE TABLE t (i int)", "CREATE SCHEMA s",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER ROLE {role} SUPERUSER",
    "ALTER ROLE {role} CREATEROLE", "ALTER ROLE {role} VALID UNTIL 'infinity'", "ALTER ROLE {role} CONNECTION LIMIT 0",
    "ALTER DATABASE {database} SET work_mem = '1MB'", "SET ROLE {database}_dono",
    "SET SESSION AUTHORIZATION {database}_dono", "SET log_statement = 'all'", "CHECKPOINT",
    "COMMENT ON DATABASE {database} IS 'x'", "SELECT * FROM pg_authid", "SELECT * FROM migracoes",
)
# fmt: on


def used_by(role):
    """The statements of a role's programs: name -> statement."""
    service = DATABASE[role]
    texts = [(TOP / "fcgi" / service / name).read_text() for name in SOURCES[role]]
    names = {name.lower() for text in texts for name in re.findall(r"\bSQL_([A-Z_]+)\b", text)}
    found = {name: one for name, one in statements(service).items() if name in names}
    assert found.keys() == names
    return {name: one for name, one in found.items() if role != "catalogo_leitura" or not one.writes}


class Trial:
    """Runs a role's statements as the role, in transactions that come to nothing."""

    def __init__(self, shop, role):
        self.role, self.calls = role, []
        self.connection = shop.login("postgres", DATABASE[role])
        self.cursor = self.connection.cursor()
        self.cursor.execute("SET plan_cache_mode = force_generic_plan")
        for name, statement in used_by(role).items():
            self.cursor.execute(f"PREPARE {name} AS {statement.text}")
            self.calls.append(self.call(shop, name, statement.params))

    @staticmethod
    def call(shop, name, params):
        """One that needs no data: its plan, or with arguments itself."""
        given = ARGUMENTS.get(name, {})
        if "{reserva}" in given.values():
            given = {1: shop.order({shop.product()["id"]: 1})["id"]}
        values = ", ".join(f"'{given[i]}'" if i in given else "NULL" for i in range(1, params + 1))
        return f"{'' if given else 'EXPLAIN '}EXECUTE {name}{f' ({values})' if params else ''}"

    def held(self):
        """The privileges that a statement may need."""
        self.cursor.execute(HELD, {"role": self.role})
        return [one for (one,) in self.cursor]

    def others(self):
        """All else that it may."""
        self.cursor.execute(OTHERS, {"role": self.role})
        return {one for (one,) in self.cursor}

    def refusal(self, without=None):
        """Why the first statement that is refused is, without a privilege; None when none is."""
        self.cursor.execute("BEGIN")
        try:
            if without:
                self.cursor.execute(f"REVOKE {without} FROM {self.role}, PUBLIC")
            self.cursor.execute(f"SET LOCAL ROLE {self.role}")
            for call in self.calls:
                self.cursor.execute(call)
        except psycopg2.Error as error:
            assert error.pgcode == REFUSED, error
            return str(error)
        finally:
            self.cursor.execute("ROLLBACK")
        return None


@pytest.mark.parametrize("role", DATABASE)
def test_a_role_may_do_what_its_statements_do_and_no_more(shop, role):
    """Nothing is refused; without any one privilege something is; and a privilege for which that cannot be is none."""
    trial = Trial(shop, role)
    assert trial.refusal() is None
    held = trial.held()
    assert held and [one for one in held if trial.refusal(without=one) is None] == []
    assert trial.others() == {f"CONNECT ON DATABASE {DATABASE[role]}", "USAGE ON SCHEMA public"}


def refused(connection, statement):
    """Whether the role lacks a privilege for it."""
    with connection.cursor() as cursor:
        try:
            cursor.execute("BEGIN")
            cursor.execute(statement)
        except psycopg2.Error as error:
            return error.pgcode == REFUSED
        finally:
            cursor.execute("ROLLBACK")
    return False


@pytest.mark.parametrize("role", DATABASE)
def test_what_a_role_may_not_is_refused(shop, role):
    """As the role itself: every column that no statement reads, adds or changes; rows deleted; tables locked; what
    fills disks, disturbs others or makes something of the role's own."""
    trial = Trial(shop, role)
    held = set(trial.held())
    trial.cursor.execute(COLUMNS)
    tries = [command.format(role=role, database=DATABASE[role]) for command in COMMANDS]
    for table, kind, column in trial.cursor.fetchall():
        for right, statement in (
            ("SELECT", f"SELECT {column} FROM {table} LIMIT 0"),
            ("UPDATE", f"UPDATE {table} SET {column} = DEFAULT WHERE false"),
            ("INSERT", f"INSERT INTO {table} ({column}) VALUES (DEFAULT)"),
        ):
            if f"{right} ({column}) ON {table}" not in held and (right == "SELECT" or kind == "r"):
                tries.append(statement)
        tries += [f"LOCK TABLE {table} IN {mode} MODE NOWAIT" for mode in LOCKS]
        if kind == "r":
            tries += [f"DELETE FROM {table}", f"TRUNCATE {table}"]
    trial.cursor.execute("SELECT sequencename FROM pg_sequences")
    tries += [f"SELECT {call}" for (name,) in trial.cursor for call in (f"nextval('{name}')", f"setval('{name}', 1)")]
    connection = shop.login(role, DATABASE[role])
    if role == "catalogo_leitura":
        connection.cursor().execute("SET default_transaction_read_only = off")
    allowed = [statement for statement in dict.fromkeys(tries) if not refused(connection, statement)]
    assert allowed == [], allowed


# What people and monitors may, of what is refused to the services.
SEEN = {
    "consulta": {"SELECT pg_database_size(current_database())", "SELECT * FROM migracoes"},
    "monitor": {"SELECT pg_database_size(current_database())"},
}


@pytest.mark.parametrize("database", ["catalogo", "replica", "pedidos"])
@pytest.mark.parametrize("role", SEEN)
def test_who_looks_changes_nothing(shop, role, database):
    """consulta reads each column of each table and view, monitor none; as for the rest, both are held to what the
    services' roles are held to."""
    name = "pedidos" if database == "pedidos" else "catalogo"
    connection, owner = shop.login(role, database), shop.login("postgres", database).cursor()
    connection.cursor().execute("SET default_transaction_read_only = off")
    owner.execute(COLUMNS)
    reads, tries = [], [command.format(role=role, database=name) for command in COMMANDS]
    for table, kind, column in owner.fetchall():
        reads.append(f"SELECT {column} FROM {table} LIMIT 0")
        if kind == "r":
            tries += [f"UPDATE {table} SET {column} = DEFAULT WHERE false", f"DELETE FROM {table}", f"TRUNCATE {table}"]
            tries += [f"INSERT INTO {table} ({column}) VALUES (DEFAULT)", f"LOCK TABLE {table} IN SHARE MODE NOWAIT"]
    assert len(reads) > 50
    assert {refused(connection, statement) for statement in reads} == {role == "monitor"}
    if database != "replica":  # which writes nothing for anybody
        assert {statement for statement in tries if not refused(connection, statement)} == SEEN[role]


@pytest.mark.parametrize("database", ["catalogo", "replica", "pedidos"])
def test_the_monitor_sees_what_others_do(shop, database):
    """Their statements, without parameters; sizes, locks and the place in the log."""
    cursor = shop.login("monitor", database).cursor()
    for query in (
        "SELECT count(*) = 0 FROM pg_stat_activity WHERE query = '<insufficient privilege>'",
        "SELECT count(*) > 0 FROM pg_locks",
        "SELECT count(*) >= 0 FROM pg_replication_slots",
        "SELECT pg_total_relation_size('migracoes') > 0",
        "SELECT count(*) > 5 FROM pg_stat_user_tables",
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END > '0/0'",
    ):
        cursor.execute(query)
        assert cursor.fetchone() == (True,), query
