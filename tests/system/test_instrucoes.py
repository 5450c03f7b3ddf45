"""The statements of db/*/statements: those marked (writes) write, the others cannot."""
import re

import pytest

from generated import statements


# The SQLSTATE with which a transaction that may only read refuses a statement that has no values; empty: it runs.
REFUSAL = """
CREATE FUNCTION pg_temp.refusal(statement text, params integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DEALLOCATE ALL;
    EXECUTE 'PREPARE one AS ' || statement;
    EXECUTE 'EXECUTE one' || coalesce('(' || (SELECT string_agg('NULL', ',') FROM generate_series(1, params)) || ')', '');
    RETURN '';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;
SET default_transaction_read_only = on;
"""
READ_ONLY = "25006"
# What may write, whatever it is given: PostgreSQL lets no function write that is not volatile.
VOLATILE = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND provolatile = 'v'"


@pytest.mark.parametrize("database", ["catalogo", "pedidos"])
def test_a_statement_that_writes_is_marked_so(shop, database):
    """Without its mark a write may be sent twice, and kept answers are not told of it; a read that has one is "unknown"
    when its answer is lost."""
    volatile = "|".join(row[0] for row in shop.sql(VOLATILE, database))
    asked = [
        f"SELECT '{name}', pg_temp.refusal($statement${statement.text}$statement$, {statement.params});"
        for name, statement in statements(database).items()
    ]
    wrong = {}
    for name, refused in shop.sql("\n".join([REFUSAL, *asked]), database):
        statement = statements(database)[name]
        writes = refused == READ_ONLY or bool(re.search(rf"\b({volatile})\(", statement.text))
        if writes != statement.writes or (refused and not writes):
            wrong[name] = refused
    assert not wrong
