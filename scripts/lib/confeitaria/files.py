"""Writing files whole."""
import os
import tempfile
from pathlib import Path


def replace(path, content, mode=0o640, owner=None):
    """Writes a file whole, text or bytes: a reader sees the old or the new one, and a crash leaves one of them.
    `owner`: the numbers of the user and the group that it is to have, -1 for ours."""
    data = content.encode() if isinstance(content, str) else content
    path = Path(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            if owner:
                os.fchown(file.fileno(), *owner)
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write(path, text, mode=0o640):
    """Writes a new file of a directory that nobody reads yet."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "w", encoding="utf-8") as file:
        file.write(text)
