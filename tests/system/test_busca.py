"""Search: what people type, and what people should not type."""
from urllib.parse import quote, quote_from_bytes

import pytest

PRODUCTS = {
    "pudim": ("Pudim Xamã de Café", "Com calda."),
    "queijo": ("Queijadinha Xamã", "Uma delícia de coco, com café ao lado."),
    "acucar": ("Açúcar Ímpar", "Refinado; 100% puro, tipo_A, d'água, C:\\doce."),
    "uva": ("Torta 50 xilindró", "Uvas e só."),
}


@pytest.fixture(scope="module")
def lot(shop):
    """A category to search in: (its id, name -> product's id)."""
    category = shop.category()
    return category, {
        name: shop.product(categoria_id=category, nome=nome, descricao=descricao)["id"]
        for name, (nome, descricao) in PRODUCTS.items()
    }


def search(shop, lot, words):
    """Names of what is found, best first."""
    category, ids = lot
    value = quote_from_bytes(words) if isinstance(words, bytes) else quote(words, safe="")
    answer = shop.public.get(f"/api/produtos?categoria_id={category}&busca={value}")
    names = {number: name for name, number in ids.items()}
    assert answer.json["total"] == len(answer.data) or answer.problem("parametro_invalido")
    return [names[p["id"]] for p in answer.data]


@pytest.mark.parametrize(
    "words, found",
    [
        ("cafe", ["pudim", "queijo"]),  # the name weighs more than the description
        ("CAFÉ", ["pudim", "queijo"]),
        ("CaFe\u0301", ["pudim", "queijo"]),  # an accent of its own (NFD)
        ("xama", ["pudim", "queijo"]),
        ("xama cafe", ["pudim", "queijo"]),
        ("cafe pudim", ["pudim"]),
        ("pud", ["pudim"]),  # beginnings of words
        ("pud caf", ["pudim"]),
        ("udim", []),  # not their middle
        ("acucar", ["acucar"]),
        ("AÇÚCAR", ["acucar"]),
        ("impar", ["acucar"]),
        ("delicia", ["queijo"]),
        ("50", ["uva"]),
        ("nada disso", []),
        ("  pudim\t\n ", ["pudim"]),
    ],
)
def test_what_people_type(shop, lot, words, found):
    """Accents and case ignored, every word as the beginning of a word, best first."""
    assert search(shop, lot, words) == found


@pytest.mark.parametrize(
    "words, found",
    [
        ("%", None),
        ("_", None),
        ("'", None),
        ("\\", None),
        ("*", None),
        ("", None),
        ("   ", None),
        ("!!!", None),
        ("&|!<->", None),
        ("pudim%", ["pudim"]),
        ("p_dim", []),
        ("%udim", []),
        ("100%", ["acucar"]),
        ("tipo_a", ["acucar"]),
        ("d'agua", ["acucar"]),
        ("d'água'", ["acucar"]),
        ("c:\\doce", ["acucar"]),
        ("\\pudim", ["pudim"]),
        ("pudim:*", ["pudim"]),
        ("pudim & queijadinha", []),
        ("pudim | queijadinha", []),
        ("!pudim", ["pudim"]),
        ("pudim <-> xama", ["pudim"]),
        ("(pudim", ["pudim"]),
        ("pudim'); DROP TABLE produtos; --", []),
        ("' OR '1'='1", []),
        ("pudim:A", []),
        ("$1", ["acucar"]),
        ("{pudim}", ["pudim"]),
        ('"pudim"', ["pudim"]),
        ("pudim -xama", ["pudim"]),
        ("🎂", None),
        ("pudim 🎂", ["pudim"]),
        ("日本", []),
        ("\u202epudim", ["pudim"]),
        ("a" * 200, []),
        ("x " * 100, ["pudim", "queijo", "uva"]),
    ],
)
def test_what_people_should_not_type(shop, lot, words, found):
    """Signs are text, never operators or SQL. No word at all finds nothing or everything, but is no error."""
    got = search(shop, lot, words)
    if found is None:
        assert got == [] or sorted(got) == sorted(PRODUCTS)
    else:
        assert sorted(got) == sorted(found)


def test_no_word_at_all_is_the_same_for_all_signs(shop, lot):
    """Only signs: one behaviour, whichever they are."""
    assert len({tuple(sorted(search(shop, lot, words))) for words in ("%", "_", "'", "\\", "!!!", "🎂", "&")}) == 1


@pytest.mark.parametrize(
    "words",
    [
        b"\xff",
        b"pudim\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\x80",
        b"a" * 201,
        "é".encode() * 201,
    ],
)
def test_broken_utf8_and_too_long(shop, lot, words):
    """A 400 that names the parameter."""
    category, _ = lot
    answer = shop.public.get(f"/api/produtos?categoria_id={category}&busca={quote_from_bytes(words)}")
    answer.problem("parametro_invalido", "busca")


def test_characters_are_counted_not_bytes(shop, lot):
    """Two hundred letters with accents are two hundred."""
    assert search(shop, lot, "é" * 200) == []


@pytest.mark.parametrize(
    "query", ["busca=%00", "busca=pudim%00", "busca=%", "busca=%z1", "busca=%1", "%00=1", "busca=a%0"]
)
def test_nul_and_broken_escapes(shop, query):
    """Not a request: 400."""
    shop.public.get(f"/api/produtos?{query}").problem("requisicao_invalida")


@pytest.mark.parametrize("char", [chr(c) for c in (*range(1, 48), *range(58, 65), *range(91, 97), *range(123, 128))])
def test_every_ascii_sign_is_harmless(shop, lot, char):
    """Alone, before, after and inside a word."""
    for words in (char, char + "pudim", "pudim" + char, "pud" + char + "im"):
        search(shop, lot, words)
    assert search(shop, lot, f"pudim{char}xama") == ["pudim"]
