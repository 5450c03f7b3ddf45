"""Lets orders and reservations that were parked be tried again, now that what refused their end is mended."""
from .. import postgres
from ..command import Command
from ..say import say

TEXT = """\
Lets orders and reservations whose end was refused again and again (status: orders_parked, reservations_parked;
audit says why) be tried again at once."""

ORDERS = """
    WITH parados AS (
        UPDATE pedidos SET tentativas = 0, proxima_tentativa = NULL, parado_em = NULL, parado_motivo = NULL
        WHERE parado_em IS NOT NULL RETURNING numero
    )
    SELECT coalesce(string_agg(numero::text, ', ' ORDER BY numero), 'none') FROM parados"""
RESERVATIONS = """
    WITH paradas AS (DELETE FROM reservas_paradas RETURNING parado_em) SELECT count(parado_em) FROM paradas"""


def run(state, _args):
    """Both, and how many they are."""
    say(f"orders that will be tried again: {postgres.value(state, 'pg-pedidos', ORDERS, 'pedidos')}")
    say(f"reservations that will be tried again: {postgres.value(state, 'pg-pedidos', RESERVATIONS, 'pedidos')}")


COMMAND = Command("unpark", "has parked orders and reservations tried again", TEXT, run, here=("pg-pedidos",))
