"""Runs the program: `python3 -IB DIRECTORY COMMAND…`. The directory itself leaves the path: its modules have names of
others."""
import os
import sys

sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from confeitaria.cli import main

sys.exit(main(sys.argv[1:]))
