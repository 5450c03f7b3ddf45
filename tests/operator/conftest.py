"""Where the modules of the operator's program and the generator are: their tests need no running system."""
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path += [str(TOP / "scripts/lib"), str(TOP / "fcgi")]
