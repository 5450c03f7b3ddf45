"""Fills the catalogue of a running system with many plausible products."""
import re

from .. import migrations, postgres, release
from ..command import Command
from ..say import UsageError, say

TEXT = """\
Adds N products to the catalogue; the same S gives the same products. With --pictures: gives the products of the first stock
their drawings, where they still have their name and have no picture. A new shop has them."""
PRODUCTS_MAX = 1000000


def products(text):
    """The type of --products."""
    if not re.fullmatch("[1-9][0-9]{0,6}", text) or int(text) > PRODUCTS_MAX:
        raise UsageError(f"--products takes a number from 1 to {PRODUCTS_MAX}")
    return text


def number(text):
    """The type of --seed."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise UsageError("--seed takes a number")
    return text


def arguments(parser):
    """What it takes."""
    either = parser.add_mutually_exclusive_group(required=True)
    either.add_argument("--products", metavar="N", type=products, help=f"how many, 1 to {PRODUCTS_MAX}")
    either.add_argument("--pictures", action="store_true", help="pictures for the first stock")
    parser.add_argument("--seed", metavar="S", type=number, default="1", help="a number (default 1)")


def run(state, args):
    """Gives pictures, or makes products."""
    installed = release.current(state)
    migrations.seed_first(state, installed)
    if args.pictures:
        migrations.catalogue_script(state, migrations.pictures(installed))
        count = migrations.catalogue_value(state, "SELECT count(*) FROM produtos WHERE foto_url IS NOT NULL")
        say(f"{count} products have a picture")
        return
    say(f"adding {args.products} products with seed {args.seed}")
    script = installed.share("db", "catalogo", "gerar.sql").read_text("utf-8")
    migrations.catalogue_script(state, script, {"produtos": args.products, "semente": args.seed})
    postgres.psql(state, postgres.catalogue_primary(state), "ANALYZE;", "catalogo")
    say(f"the catalogue has {migrations.catalogue_value(state, 'SELECT count(*) FROM produtos')} products")


COMMAND = Command(
    "seed", "many plausible products for the catalogue", TEXT, run, arguments, lock=True, here=("pg-catalogo",)
)
