"""The operator's own lines, files in folders of etc/.

A generation has copies: what is written into the folders counts from the next one on, and what dies before that comes
back as it was."""
from .files import write

FOLDERS = ("postgresql.d", "redis.d", "nginx.d", "nginx-server.d", "supervisord.d", "pools.d")


def files(state, *folders, ending="conf"):
    """The files of some folders, in order."""
    return [path for folder in folders for path in sorted((state.etc / folder).glob(f"*.{ending}")) if path.is_file()]


def take(state, directory, *folders):
    """Copies folders into a new generation."""
    for folder in folders:
        (directory / folder).mkdir(0o750, exist_ok=True)
    for path in files(state, *folders):
        write(directory / path.parent.name / path.name, path.read_text(encoding="utf-8"))


def digest_into(state, total):
    """Adds the names and contents of all of them to a hash."""
    for path in files(state, *FOLDERS, ending="*"):
        total.update(f"\0{path.parent.name}/{path.name}\0".encode() + path.read_bytes())
