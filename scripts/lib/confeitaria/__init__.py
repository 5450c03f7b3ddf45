"""The operator's program of the shop: everything that runs, checks, changes and backs up a system."""
