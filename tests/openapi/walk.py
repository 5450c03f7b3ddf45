"""Starts a private shop and lets the compiled client of walk.ts walk through it; ends with its status."""
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))

from shop import Shop

with Shop() as shop:
    done = subprocess.run(["node", sys.argv[1], shop.url, shop.admin.token], check=False)
sys.exit(done.returncode)
