#!/bin/sh
# Makes ./configure from configure.ac; run it after a clone.
set -e
cd "$(dirname "$0")"
exec autoreconf --install --warnings=all
