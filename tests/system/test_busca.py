"""Search: what people type, and what people should not type."""
import random
import re
import unicodedata
import uuid
from urllib.parse import quote, quote_from_bytes

import pytest

from shop import eventually

PRODUCTS = {
    "pudim": ("Pudim Xamã de Café", "Com calda."),
    "queijo": ("Queijadinha Xamã", "Uma delícia de coco, com café ao lado."),
    "acucar": ("Açúcar Ímpar", "Refinado; 100% puro, tipo_A, d'água, C:\\doce."),
    "uva": ("Torta 50 xilindró", "Uvas e só."),
}


@pytest.fixture(scope="module")
def lot(shop):
    """A category to search in: (its id, name -> product's id)."""
    category = shop.category("Lote Zero")
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
        ("pudim:A", ["pudim"]),  # one that only joins others does not count
        ("$1", []),
        ("$100", ["acucar"]),
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


SAME = [
    # plurals and singulars
    ("Bolo de Fubá", ["bolos", "bolo", "BOLOS", "bolos de fubás"]),
    ("Pão Sovado", ["pães", "paes", "pão", "PÃES SOVADOS"]),
    ("Pães Doces", ["pão", "pao doce", "paes", "doce"]),
    ("Limão Cravo", ["limões", "limoes", "limão", "limões cravos"]),
    ("Pastel Assado", ["pastéis", "pasteis", "pastel", "pastéis assados"]),
    ("Pastéis Fritos", ["pastel", "pasteis", "pastel frito"]),
    ("Flor Comestível", ["flores", "flor", "flores comestíveis", "flores comestiveis"]),
    ("Flores Secas", ["flor", "flor seca"]),
    ("Bombom Trufado", ["bombons", "bombom", "bombons trufados"]),
    ("Quindim Grande", ["quindins", "quindim"]),
    ("Anel de Coco", ["anéis", "aneis"]),
    ("Funil Plástico", ["funis", "funil"]),
    ("Noz Moscada", ["nozes", "noz"]),
    ("Bolo do Mês", ["meses", "mês", "mes", "bolos dos meses"]),
    ("Avelã Xerém", ["avelãs", "avela"]),
    ("Pãozinho Quente", ["pãezinhos", "paezinhos", "pãozinho"]),
    ("Pasteizinhos Mistos", ["pastelzinho", "pasteizinhos"]),
    ("Lençol Azul", ["lençóis azuis", "lencois", "lençol"]),
    ("Mão Irmã Alemã", ["mãos", "irmãs", "alemãs"]),
    ("Item Útil", ["itens", "úteis", "uteis"]),
    ("Kiwi Especial", ["kiwis", "especiais", "kiwis especiais"]),
    # words that only join others
    (
        "Torta de Limão Siciliano",
        ["torta com limao siciliano", "torta limão", "a torta do limão e siciliano", "tortas de limões"],
    ),
    ("Pão de Mel do Dia", ["pao mel", "pão com mel", "pães de mel"]),
    # units
    ("Bolo 1 kg Festa", ["1kg", "1 kg", "bolo 1kg", "1KG festa"]),
    ("Torta 2kg Festa", ["2 kg", "2kg", "torta 2 kg", "kg"]),
    ("Suco de 500 ml", ["500ml", "500 ml", "suco 500ml"]),
    # codes
    ("Forma 6e7z", ["6e7z", "6E7Z", "forma 6e7z", "6e7"]),
    ("Forma 1e5a", ["1e5a"]),
    ("Forma 9e9e9", ["9e9e9"]),
    ("Forma 2e10x ref-77.3", ["2e10x", "77.3", "ref 77", "ref-77.3"]),
    ("Bem-Casado", ["bem-casado", "bem casado", "bem-casados"]),
    ("Red Velvet", ["red-velvet", "red velvet"]),
    # what comes with copy and paste
    ("Gela\u200bdinho", ["geladinho", "gela\u200bdinho", "gela\u00addinho", "geladinhos"]),
    ("Coca\u00addinha", ["cocadinha", "cocadinhas", "coca\u2060dinha"]),
    ("Su\ufeffspiro", ["suspiro", "\ufeffsuspiro", "sus\u200dpiro"]),
    ("Maria-mole\u200e Rosa", ["maria mole rosa", "\u200fmaria\u200f-mole"]),
    ("Tru\u200dfa Prensada", ["trufa", "tru\u200dfa", "trufas"]),  # a joiner stays in a name
    (unicodedata.normalize("NFD", "Pavê Cremoso"), ["pavê", "pave", unicodedata.normalize("NFD", "PAVÊ")]),
    ("Pudim 1ª Linha \ufb01no", ["1a linha", "1ª", "fino", "\ufb01no"]),
    ("Ｃｏｘｉｎｈａ", ["coxinha", "coxinhas"]),
]


@pytest.fixture(scope="module")
def named(shop):
    """Products whose name is all they are: (their category, name -> id); the category is called Iguarias Finíssimas."""
    category = shop.category("Iguarias Finíssimas")
    return category, {name: shop.product(categoria_id=category, nome=name, descricao="")["id"] for name, _ in SAME}


def found(shop, category, words):
    """Ids of what is found in a category, best first."""
    answer = shop.public.get(f"/api/produtos?categoria_id={category}&limite=500&busca={quote(words)}")
    assert answer.status == 200 and answer.json["total"] == len(answer.data)
    return [p["id"] for p in answer.data]


@pytest.mark.parametrize("name, words", [(name, words) for name, several in SAME for words in several])
def test_a_product_is_found_as_people_type(shop, named, name, words):
    """Plurals, joining words, units, codes, characters that cannot be seen."""
    category, ids = named
    assert ids[name] in found(shop, category, words)


@pytest.mark.parametrize(
    "words", ["bolos xerém", "tortas de chocolate", "3kg", "3 kg", "6e7y", "9e9e8", "flores azuis", "mal", "sem limão"]
)
def test_what_is_not_there_is_not_found(shop, named, words):
    """All words that say something must be there."""
    assert found(shop, named[0], words) == []


def test_words_of_the_category(shop, named):
    """The category's name counts as the product's own words, also partly, also after it got another name."""
    category, ids = named
    everything = sorted(ids.values())
    for words in ("iguarias", "iguaria", "finissima", "IGUARIAS FINÍSSIMAS", "iguar"):
        assert sorted(found(shop, category, words)) == everything
    assert found(shop, category, "iguarias de fubá") == [ids["Bolo de Fubá"]]
    shop.admin.put(f"/api/categorias/{category}", {"nome": "Quitutes Nobres"}).ok()
    assert eventually(lambda: found(shop, category, "iguarias") == [])
    assert sorted(found(shop, category, "quitute")) == everything
    assert found(shop, category, "fubá nobre") == [ids["Bolo de Fubá"]]
    shop.admin.put(f"/api/categorias/{category}", {"nome": "Iguarias Finíssimas"}).ok()
    assert eventually(lambda: sorted(found(shop, category, "iguarias")) == everything)


BEST_FIRST = [
    # name, description, in the order of busca=mel (and meles)
    ("Mel", ""),
    ("Mel de Mel com Mel e Mais Mel", ""),
    ("Pão de Mel", ""),
    ("Panqueca", "Com mel."),
    ("Torta de Melancia", ""),
    ("Salada", "De melancia."),
]


@pytest.fixture(scope="module")
def ranked(shop):
    """BEST_FIRST, made in another order: (category, ids in order)."""
    category = shop.category("Lote Um")
    ids = {
        nome: shop.product(categoria_id=category, nome=nome, descricao=descricao)["id"]
        for nome, descricao in [BEST_FIRST[place] for place in (4, 1, 5, 2, 3, 0)]
    }
    shop.product(categoria_id=category, nome="Caramelo", descricao="Sem a palavra no começo.")
    return category, [ids[nome] for nome, _ in BEST_FIRST]


@pytest.mark.parametrize("words", ["mel", "MEL", "o mel", "meles"])
def test_the_word_itself_comes_first(shop, ranked, words):
    """A name of just these words, the words in a name, the words anywhere, then words that begin so."""
    category, ids = ranked
    assert found(shop, category, words) == (ids if words != "meles" else ids[:4])


def test_each_page_goes_on_where_the_one_before_ended(shop, ranked):
    """With one, two, three a page; `total` is that of all."""
    category, ids = ranked
    for limite in (1, 2, 3, 4, 5):
        got, cursor = [], ""
        while cursor is not None and len(got) <= len(ids):
            page = shop.public.get(f"/api/produtos?categoria_id={category}&busca=mel&limite={limite}{cursor}")
            assert page.json["total"] == len(ids)
            got += [p["id"] for p in page.data]
            cursor = f"&cursor={page.json['proximo']}" if "proximo" in page.json else None
        assert got == ids


def test_the_exact_name_comes_first_however_long(shop):
    """Typed or pasted as a whole; more words than count for finding tell two long names apart."""
    category = shop.category("Lote Dois")
    start = "Bolo de Pote Gourmet com Frutas Vermelhas Frescas sem Lactose da Fazenda"
    ids = {name: shop.product(categoria_id=category, nome=name)["id"] for name in (f"{start} 11", f"{start} 12", start)}
    for name, number in ids.items():
        for words in (name, name.upper(), name.replace(" de ", " ")):
            assert found(shop, category, words)[0] == number


SYLLABLES = (
    "ba cá ção cho cô dão dê fil gel gos hão jil lé ma mês mim nal não noz pel pi quin rã rés sol tom tur vel xis zul"
).split()
# Endings and what Portuguese makes of them, as far as a rule goes; which of several a word takes is not to be seen.
PLURALS = {
    "ão$": ["ões", "ães", "ãos"],
    "(?<=[aáoóuú])l$": ["is"],
    "[eé]l$": ["éis", "eis"],
    "[ií]l$": ["is", "eis"],
    "m$": ["ns"],
    "(?<=[rz])$": ["es"],
    "s$": ["ses", r"\g<0>"],
    "$": ["s"],
}


def plurals(word):
    """Every plural that a word may have."""
    ending = next(ending for ending in PLURALS if re.search(ending, word))
    return [re.sub(ending, plural, word, count=1) for plural in PLURALS[ending]]


def without_accents(text):
    """ASCII only."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def catalogue(dice, size):
    """Products of made-up words, codes, numbers with units: name, description, [(as written, singular)]."""
    for _ in range(size):
        written = []
        for _ in range(dice.randint(2, 7)):
            kind = dice.random()
            if kind < 0.7:
                word = "".join(dice.choices(SYLLABLES, k=dice.randint(1, 4)))
                written.append((dice.choice([word, *plurals(word)]), word))
            elif kind < 0.9:
                code = "".join(dice.choices("0123456789abexz", k=dice.randint(2, 7)))
                written.append((code, code))
            else:
                unit = f"{dice.randint(1, 900)}{dice.choice([' ', ''])}{dice.choice(['kg', 'g', 'ml', 'cm', 'un'])}"
                written.append((unit, unit.replace(" ", "")))
        texts = [dice.choice([str.upper, str.lower, str.capitalize])(text) for text, _ in written]
        cut = dice.randint(1, len(texts))
        joint = dice.choice([" ", " de ", "-", ", ", " / "])
        yield joint.join(texts[:cut]), " com ".join(texts[cut:]), written


def test_every_product_is_found_by_each_of_its_words(shop):
    """A generated catalogue: as written, without accents, decomposed, in capitals, as plural, as singular."""
    dice = random.Random(20261126)
    category, owners = shop.category("Lote Três"), {}
    for name, description, written in catalogue(dice, 200):
        number = shop.product(categoria_id=category, nome=name, descricao=description)["id"]
        for text, singular in written:
            for words in {text, singular, *(plurals(singular) if singular.isalpha() else ())}:
                owners.setdefault(words, set()).add(number)
    missed = []
    for words, ids in owners.items():
        ways = {words, without_accents(words), dice.choice([words.upper(), unicodedata.normalize("NFD", words)])}
        missed += [way for way in ways if not ids <= set(found(shop, category, way))]
    assert not missed


def test_any_character_is_harmless(shop):
    """Every code point, in questions by HTTP and in documents; none is an error."""
    points = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
    dice = random.Random(1)
    for begin in range(0, 0x3000, 100):
        text = "".join(points[begin : begin + 100])
        assert shop.public.get(f"/api/produtos?limite=1&busca={quote(text, safe='')}").status in (200, 400)
    for _ in range(100):
        text = "".join(dice.choices(points, k=60))
        assert shop.public.get(f"/api/produtos?limite=1&busca={quote(text, safe='')}").status in (200, 400)
    shop.psql(
        """
        SELECT count(documento_busca('x', textos.texto, 1)), count((pergunta_busca(left(textos.texto, 200))).encontra)
        FROM (SELECT string_agg(chr(n), CASE WHEN n % 3 = 0 THEN ' ' ELSE '' END) AS texto
              FROM generate_series(1, 1114111) AS n WHERE n NOT BETWEEN 55296 AND 57343 GROUP BY n / 500) AS textos;"""
    )


def test_words_without_end(shop):
    """The longest texts, without a blank: kept, and found by their beginning as far as a question goes."""
    category = shop.category()
    for letter in ("a", "é", "日", "\ufdfa", "9"):
        number = shop.product(categoria_id=category, nome=letter * 120, descricao=letter * 2000)["id"]
        for count in (5, 70, 120, 200):
            assert number in found(shop, category, letter * count)


@pytest.mark.parametrize(
    "words",
    [
        " ".join("abcdefghijklmnopqrstuvwxyz0123456789"),
        " ".join(f"pa{n}s" for n in range(40)),
        "paezinhos " * 20,
        " ".join(f"{chr(97 + n % 26)}{chr(97 + n // 26)}eis" for n in range(33)),
        "s" * 200,
    ],
)
def test_a_question_has_bounds(shop, words):
    """However many words: few of them count, and a word becomes few others. What it costs is in docs/performance.md."""
    nodes = shop.value(f"SELECT numnode(encontra) FROM pergunta_busca('{words[:200]}')")
    assert 0 < int(nodes) <= 8 * 12


@pytest.mark.parametrize(
    "words, anywhere",
    [
        ("pud", 1),
        ("pud xam", 2),
        ("pud xam caf", 1),
        ("cal cafe xam com pud", 1),
        ("aab aac aad aae aaf aag aah aai aaj", 1),
    ],
)
def test_few_words_are_beginnings_of_any_word(shop, words, anywhere):
    """Each reads what all words hold that begin so, in every description: the most that a word can cost."""
    encontra = shop.value(f"SELECT encontra FROM pergunta_busca('{words}')")
    assert len(re.findall(r"(?<!')'[^'.]+':\*", encontra)) == anywhere, encontra


@pytest.mark.parametrize(
    "words, found",
    [
        ("pudim xama cal", ["pudim"]),  # the last one may still be being typed
        ("pud xam calda", ["pudim"]),  # the others are beginnings in names
        ("pud caf cal", ["pudim"]),
        ("cal caf pudim", []),  # not in descriptions
        ("calda caf pudim", ["pudim"]),
    ],
)
def test_beginnings_among_several_words(shop, lot, words, found):
    """Of more than two words the last is the beginning of any, each other one of words in names."""
    assert search(shop, lot, words) == found


def test_a_new_product_makes_no_search_slower(shop):
    """The index has no list of what is still to be sorted in: each search would read all of it."""
    shop.product(nome="Pavê Listado", descricao="Com palavras que antes não havia: " + str(uuid.uuid4()))
    assert shop.value("SELECT gin_clean_pending_list('produtos_busca')") == "0"


def test_a_dump_can_be_restored(shop):
    """pg_restore has no search_path, and computes the documents again."""
    shop.psql("SET search_path = ''; SELECT public.documento_busca('Pãezinhos 1 kg', 'Com flores.', 1);")
