"""The commands, a file each: COMMAND in it is the command's row of the table in cli.py."""
