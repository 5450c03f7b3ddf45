"""The roles of the databases: who may log in where, and which of the server's own functions each may call."""
import base64
import hashlib
import hmac
import os

READ_ONLY = "SET default_transaction_read_only = on"
# Database -> role -> an option: the services', `consulta` for people, `monitor` for monitoring.
ROLES = {
    "catalogo": {
        "catalogo": "",
        "catalogo_leitura": READ_ONLY,
        "replicador": "REPLICATION",
        "consulta": READ_ONLY,
        "monitor": "",
    },
    "pedidos": {"pedidos": "", "conciliador": "", "consulta": READ_ONLY, "monitor": ""},
}
# What the services' statements call of the server's own functions that do more than compute from their arguments.
RECOVERY = "pg_is_in_recovery() pg_last_wal_receive_lsn() pg_last_wal_replay_lsn() pg_last_xact_replay_timestamp()"
FUNCTIONS = {
    "catalogo": f"random() clock_timestamp() {RECOVERY}",
    "catalogo_leitura": f"clock_timestamp() {RECOVERY}",
    "pedidos": "pg_is_in_recovery() set_config(text,text,boolean)",
    "conciliador": "random() set_config(text,text,boolean) pg_lock_status() pg_try_advisory_lock(bigint)",
}
# What consulta and monitor call of them, by name: clocks, sizes, locks, places in the WAL, statistics.
WATCHING = (
    "clock_timestamp|random|pg_lock_status|pg_is_in_recovery|pg_(current|last)_(wal|xact)_.*|pg_.*_size|pg_stat_get_.*"
)

# The database, owned by a role that nobody can log in as, closed to everyone who is not let in below.
DATABASE = r"""
SELECT 'CREATE ROLE {database}_dono NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{database}_dono') \gexec
SELECT 'CREATE DATABASE {database} OWNER {database}_dono'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{database}') \gexec
REVOKE ALL ON DATABASE {database}, postgres, template1 FROM PUBLIC;
"""
# A role that may log in. It may change its own password and settings, so these are reset.
LOGIN = r"""
SELECT 'CREATE ROLE {role} LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') \gexec
BEGIN;
SELECT concat('ALTER ROLE {role} ', 'IN DATABASE ' || quote_ident(datname), ' RESET ALL')
FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase WHERE setrole = '{role}'::regrole \gexec
ALTER ROLE {role} PASSWORD {password};
{setting}
COMMIT;
"""
# Takes from PUBLIC the server's functions that do more than compute (large objects, advisory locks, messages, sleep,
# other backends), and anonymous code; the owner of the database keeps them. Gives consulta and monitor what they read.
RESTRICT = """
DO $$
DECLARE
    funcao regprocedure;
BEGIN
    FOR funcao IN
        SELECT oid FROM pg_proc
        WHERE proowner = 10 AND provolatile = 'v'
          AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) AS acl WHERE acl.grantee = 0))
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', funcao);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {database}_dono', funcao);
    END LOOP;
    FOR funcao IN
        SELECT oid FROM pg_proc WHERE proowner = 10 AND provolatile = 'v' AND proname ~ '^({watching})$'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO consulta, monitor', funcao);
    END LOOP;
    FOR funcao IN -- of which views are made
        SELECT oid FROM pg_proc WHERE proowner = '{database}_dono'::regrole AND provolatile <> 'v' AND NOT prosecdef
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO consulta', funcao);
    END LOOP;
END $$;
REVOKE USAGE ON LANGUAGE sql, plpgsql FROM PUBLIC;
GRANT USAGE ON LANGUAGE sql, plpgsql TO {database}_dono;
GRANT USAGE ON SCHEMA public TO consulta;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO consulta;
"""


def of_workers(database):
    """The roles of the workers, which may be on another host."""
    return [role for role in ROLES[database] if role in FUNCTIONS]


def verifier(password, salt, iterations=4096):
    """What PostgreSQL keeps of a password (RFC 5803), so that the password is in no statement. ASCII, as ours are."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt, stored, server = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${iterations}:{salt}${stored}:{server}"


def login(role, database, option, password=None):
    """The SQL that makes one role."""
    text = f"'{verifier(password, os.urandom(16))}'" if password else "NULL"
    sql = LOGIN.format(role=role, password=text, setting=f"ALTER ROLE {role} {option};" if option else "")
    if role == "monitor":
        sql += "GRANT pg_monitor TO monitor;\n"
    if role == "consulta":  # what a person asks for is in the text of the statement
        sql += "ALTER ROLE consulta SET log_min_duration_statement = -1;\n"
    return sql if role == "replicador" else f"{sql}GRANT CONNECT ON DATABASE {database} TO {role};\n"


def roles_sql(database, passwords=None):
    """The SQL that makes a database and its roles, or puts them right. `passwords`: role -> what it shows from another
    host."""
    return DATABASE.format(database=database) + "".join(
        login(role, database, option, (passwords or {}).get(role)) for role, option in ROLES[database].items()
    )


def functions_sql(database):
    """The SQL that says who may call what in a database. For after the migrations, which make extensions and tables."""
    grants = [
        f"GRANT EXECUTE ON FUNCTION {function} TO {role};\n"
        for role in ROLES[database]
        for function in FUNCTIONS.get(role, "").split()
    ]
    return RESTRICT.format(database=database, watching=WATCHING) + "".join(grants)
