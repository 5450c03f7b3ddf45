"""nginx's static root: the pages, one for each problem, and below estatico/HASH/ what they load.

HASH is of all that is there, so browsers keep it for good. A page that is open goes on asking for what the root
before this one had, so
that is here too.
"""
import hashlib
import html
import json
import os
import re
import shutil

from .files import write
from .problems import error_pages

MANIFEST = ".webmanifest"


def render_pages(state, settings, release, root):
    """Makes `root`, the directory html of a new generation."""
    shutil.copytree(release.share("nginx", "html"), root)
    built = release.share("pages")
    if built.is_dir():
        shutil.rmtree(root / "estatico")
        shutil.copytree(built, root / "estatico", ignore=shutil.ignore_patterns("feito"))
    (root / "erros").mkdir(exist_ok=True)
    problems = release.table("problems")
    skeleton = release.share("nginx", "erro.html.in").read_text(encoding="utf-8")
    for name, text in error_pages(problems, skeleton).items():
        write(root / "erros" / name, text, 0o644)
    name = static_hash(root / "estatico")
    os.rename(root / "estatico", root / name)
    (root / "estatico").mkdir()
    os.rename(root / name, root / "estatico" / name)
    os.utime(root / "estatico" / name)
    fill_pages(root, marks(settings, name), built.is_dir())
    carry_over(state, root)


def static_hash(directory):
    """16 hexadecimal digits of all that is in it."""
    files = sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())
    lines = (f"{hashlib.sha256((directory / name).read_bytes()).hexdigest()}  ./{name}\n" for name in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def marks(settings, name):
    """What the pages' marks stand for: {mark: text}."""
    texts = {
        part.upper(): settings.text(f"loja_{part}")
        for part in ("nome", "telefone", "endereco", "dias", "horario", "url")
    }
    return {**texts, "LOJA": texts["NOME"], "FUSO": settings.text("fuso_horario"), "ESTATICO": f"/estatico/{name}"}


def fill_pages(root, texts, with_libraries):
    """Puts texts in the place of the marks, in pages and in the manifest."""
    mark = re.compile(f"@({'|'.join(texts)})@")
    for path in [*root.rglob("*.html"), *root.rglob(f"*{MANIFEST}")]:
        escape = in_json if path.suffix == MANIFEST else in_html
        text = mark.sub(lambda match: escape(texts[match[1]]), path.read_text(encoding="utf-8"))
        path.write_text(text if with_libraries else without_libraries(text), encoding="utf-8")


def in_html(text):
    """A text as it stands in HTML, in attributes too."""
    return html.escape(text).replace("&#x27;", "&#39;").replace("@", "&#64;")


def in_json(text):
    """A text as it stands between quotes in JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1].replace("@", "\\u0040")


def without_libraries(text):
    """Without their libraries pages are what they are without JavaScript, and say that it is not the browser's
    fault."""
    notice = '<div class="sem-bibliotecas"><p>Esta página está em manutenção.</p>'
    return text.replace("<noscript>", notice).replace("</noscript>", "</div>")


def carry_over(state, root):
    """Copies into a static root what the running generation's pages load, where it is not there: open pages go on."""
    running = (state.current / "html/estatico").glob("*/")
    missing = [path for path in running if not (root / "estatico" / path.name).exists()]
    if missing:
        newest = max(missing, key=lambda path: path.stat().st_mtime)
        shutil.copytree(newest, root / "estatico" / newest.name)
