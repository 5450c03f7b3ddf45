"""Pictures of products: sent by an administrator, checked, shown to all, gone when no product has them."""
import hashlib
import random
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg2
import pytest

from client import TOP
from imagens import GPS, JPEG, SVG, WEBP, chunk, jpeg_with_place, png, png_with_place, webp_with_place
from shop import Shop, eventually

MIB = 1024 * 1024
FOR_A_YEAR = "public, max-age=31536000, immutable"
DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
MISSING = f"/fotos/{'0' * 64}.png"


def send(client, product, body, kind="image/png", **headers):
    """PUT …/foto."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.put(f"/api/produtos/{product}/foto", body, headers={"Content-Type": kind, **headers})


def kept_in_database(shop, url):
    """Whether the picture is still there."""
    return shop.value(f"SELECT EXISTS (SELECT FROM fotos WHERE url = '{url}')") == "t"


def is_gone(shop, url):
    """Whether the workers have it no more; nginx may, for a while."""
    shop.client(pool="catalogo").get(url).problem("foto_nao_encontrada")
    return not kept_in_database(shop, url)


@pytest.mark.parametrize("kind, ext, make", [("image/jpeg", "jpg", lambda: JPEG), ("image/png", "png", png),
                                             ("image/webp", "webp", lambda: WEBP)])  # fmt: skip
def test_a_picture_is_shown_as_it_was_sent(shop, kind, ext, make):
    """Under an address that names its content, by the front door, the pool and the replica's pool."""
    product, body = shop.product(), make()
    changed = send(shop.admin, product["id"], body, kind).ok()
    assert changed["foto_url"] == f"/fotos/{hashlib.sha256(body).hexdigest()}.{ext}"
    assert {**changed, "foto_url": None, "atualizado_em": product["atualizado_em"]} == product
    replica = shop.client(pool="catalogo-replica")
    assert eventually(lambda: replica.get(changed["foto_url"]).status == 200)
    for client in (shop.public, shop.client(pool="catalogo"), replica, shop.admin):
        answer = client.get(changed["foto_url"])
        assert answer.status == 200 and answer.body == body, answer.status
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Cache-Control"] == FOR_A_YEAR
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.etag == f'"{hashlib.sha256(body).hexdigest()}"'
        assert answer.headers["X-Fonte"] is None, "what never changes is the same everywhere"


def test_the_change_is_seen_at_once(shop):
    """On every read of the product, kept or not."""
    product = shop.product()
    paths = [f"/api/produtos/{product['id']}", f"/api/produtos?ids={product['id']}"]

    def seen():
        answers = [shop.public.get(path).data for path in paths]
        return {(answer if isinstance(answer, dict) else answer[0])["foto_url"] for answer in answers}

    assert seen() == {None}
    for body in (png(), png(), None):
        if body:
            url = send(shop.admin, product["id"], body).ok()["foto_url"]
        else:
            url = shop.admin.delete(f"{paths[0]}/foto").ok()["foto_url"]
        assert seen() == {url}


def test_what_is_so_already_changes_nothing(shop):
    """Neither the tag nor the time: the same picture again, taking away what is not there."""
    product, body = shop.product()["id"], png()
    first = send(shop.admin, product, body)
    again = send(shop.admin, product, body)
    assert again.data == first.data and again.etag == first.etag
    address = f"/api/produtos/{product}/foto"
    gone = shop.admin.delete(address)
    assert gone.data["foto_url"] is None and gone.etag != first.etag
    still = shop.admin.delete(address)
    assert still.data == gone.data and still.etag == gone.etag


def test_a_picture_goes_with_the_last_product_that_has_it(shop):
    """By DELETE, by another picture, by another address in the product's fields."""
    one, other, body = shop.product()["id"], shop.product()["id"], png()
    url = send(shop.admin, one, body).ok()["foto_url"]
    assert send(shop.admin, other, body).ok()["foto_url"] == url
    shop.admin.delete(f"/api/produtos/{one}/foto").ok()
    assert kept_in_database(shop, url)
    send(shop.admin, other, png()).ok()
    assert is_gone(shop, url)
    for change in ({"foto_url": "https://fotos.example/bolo.jpg"}, {"foto_url": None}):
        url = send(shop.admin, one, body).ok()["foto_url"]
        shop.admin.patch(f"/api/produtos/{one}", {"nome": "Bolo com foto"}).ok()
        assert kept_in_database(shop, url)
        shop.admin.patch(f"/api/produtos/{one}", change).ok()
        assert is_gone(shop, url)


def test_what_was_read_may_be_sent_back(shop):
    """Another product may have the same picture by its address alone; a product off sale keeps its own."""
    one, other = shop.product()["id"], shop.product()["id"]
    first = send(shop.admin, one, png())
    whole = shop.admin.put(f"/api/produtos/{one}", {**first.data, "preco": float(first.data["preco"])})
    assert whole.data == first.data and whole.etag == first.etag
    url = first.data["foto_url"]
    shop.admin.patch(f"/api/produtos/{other}", {"foto_url": url}).ok()
    shop.admin.delete(f"/api/produtos/{one}/foto").ok()
    shop.admin.delete(f"/api/produtos/{other}").ok()
    assert shop.public.get(url).status == 200 and kept_in_database(shop, url)


def test_an_address_without_a_picture_gets_one_when_it_is_sent(shop):
    """A product's fields may have named it before."""
    product, body = shop.product()["id"], png()
    url = f"/fotos/{hashlib.sha256(body).hexdigest()}.png"
    before = shop.admin.patch(f"/api/produtos/{product}", {"foto_url": url})
    shop.public.get(url).problem("foto_nao_encontrada")
    assert send(shop.admin, product, body).etag == before.etag
    assert shop.public.get(url).body == body


def test_the_place_is_not_published(shop):
    """Nor anything else that cameras and programs write beside the picture."""
    plain, with_place = png_with_place()
    for kind, sent, expected in (("image/jpeg", jpeg_with_place(), JPEG), ("image/png", with_place, plain),
                                 ("image/webp", webp_with_place(), None)):  # fmt: skip
        assert GPS in sent
        url = send(shop.admin, shop.product()["id"], sent, kind).ok()["foto_url"]
        body = shop.public.get(url).body
        assert GPS not in body and (expected is None or body == expected), kind


BROKEN = {
    "empty": (b"", "image/png"),
    "cut off": (JPEG[:-1], "image/jpeg"),
    "cut in half": (WEBP[:31], "image/webp"),
    "another type": (JPEG, "image/png"),
    "no picture": (b"GIF89a" + bytes(20), "image/png"),
    "a drawing": (SVG, "image/png"),
    "a page": (b"<!DOCTYPE html><script>1</script>", "image/jpeg"),
    "too wide": (png(width=8001), "image/png"),
    "without a pixel": (png(height=0), "image/png"),
    "a wrong check sum": (png()[:-1] + b"\0", "image/png"),
    "an unknown part": (png()[:33] + chunk(b"ABCD", b"x") + png()[33:], "image/png"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_whole_picture_is_refused(shop, name):
    """In words that say what to do; nothing changes."""
    body, kind = BROKEN[name]
    product = shop.product()
    words = send(shop.admin, product["id"], body, kind).problem("foto_invalida")["detail"]
    assert words[0].isupper() and words.endswith(".") and len(words) > 30
    assert shop.public.get(f"/api/produtos/{product['id']}").data == product


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/gif", "application/json", "text/plain", "", "image/pngx"])
def test_other_types_are_refused(shop, kind):
    """With a list of those that are taken."""
    answer = send(shop.admin, shop.product()["id"], SVG, kind)
    answer.problem("tipo_nao_suportado")
    assert answer.headers["Accept"] == "image/jpeg, image/png, image/webp"
    assert send(shop.admin, shop.product()["id"], png(), "IMAGE/PNG; charset=binary").status == 200


def test_a_compressed_body_is_refused(shop):
    """As everywhere."""
    answer = send(shop.admin, shop.product()["id"], png(), Content_Encoding="gzip")
    answer.problem("tipo_nao_suportado")
    assert answer.headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("pool", [None, "catalogo"])
def test_two_mebibytes_are_taken_and_not_a_byte_more(shop, pool):
    """Nor more than before anywhere else."""
    admin = shop.client(shop.admin.token, pool=pool)
    product = shop.product()["id"]
    body = png(2 * MIB)
    url = send(admin, product, body).ok()["foto_url"]
    assert shop.public.get(url).body == body
    send(admin, product, png(2 * MIB + 1)).problem("corpo_grande")
    admin.patch(f"/api/produtos/{product}", b'{"nome":"' + b"a" * 65536 + b'"}').problem("corpo_grande")
    admin.put(f"/api/produtos/{product}/estoque", b" " * 65537).problem("corpo_grande")
    assert shop.public.get(f"/api/produtos/{product}").data["foto_url"] == url


def test_conditions_are_those_of_the_product(shop):
    """A version that was read; a sale in between does not matter."""
    item = shop.product()["id"]
    tag = shop.public.get(f"/api/produtos/{item}").etag
    shop.order({item: 1})
    send(shop.admin, item, png(), If_Match=tag).ok()
    send(shop.admin, item, png(), If_Match=tag).problem("versao_diferente")
    send(shop.admin, item, png(), If_None_Match="*").problem("versao_diferente")
    shop.admin.delete(f"/api/produtos/{item}/foto", headers={"If-Match": tag}).problem("versao_diferente")
    new = shop.public.get(f"/api/produtos/{item}").etag
    shop.admin.delete(f"/api/produtos/{item}/foto", headers={"If-Match": new}).ok()


def test_rights_and_things_that_are_not_there(shop):
    """Only an administrator, only of a product."""
    item = shop.product(ativo=False)["id"]

    def give(client, product):
        return send(client, product, png())

    def take(client, product):
        return client.delete(f"/api/produtos/{product}/foto")

    for change in (give, take):
        change(shop.public, item).problem("nao_autenticado")
        change(shop.client(shop.secret("pedidos.token")), item).problem("nao_autorizado")
        change(shop.admin, 2147483647).problem("produto_nao_encontrado")
        assert change(shop.admin, item).status == 200
    shop.admin.put(f"/api/produtos/{item}/foto?x=1", png(), headers={"Content-Type": "image/png"}).problem(
        "parametro_invalido"
    )
    assert shop.admin.get(f"/api/produtos/{item}/foto").headers["Allow"] == "PUT, DELETE, OPTIONS"


def test_a_large_body_that_is_not_read_does_not_spoil_the_answer(shop):
    """Refused by its token, its method or its address: the client is told so, and the worker goes on."""
    body = png(2 * MIB)
    for client, method, path, codigo in (
        (shop.public, "PUT", "/api/produtos/1/foto", "nao_autenticado"),
        (shop.client(shop.secret("pedidos.token")), "PUT", "/api/produtos/1/foto", "nao_autorizado"),
        (shop.admin, "POST", "/api/produtos/1/foto", "metodo_nao_permitido"),
        (shop.admin, "PUT", "/api/produtos/1/foto?x=1", "parametro_invalido"),
        (shop.admin, "PUT", "/api/produtos/2147483648/foto", "rota_nao_encontrada"),
    ):
        for _ in range(3):
            client.request(method, path, body, headers={"Content-Type": "image/png"}).problem(codigo)


def test_addresses_of_no_picture(shop):
    """A problem, which no cache keeps; what is no such address is nothing at all."""
    for client in (shop.public, shop.client(pool="catalogo"), shop.client(pool="catalogo-replica")):
        answer = client.get(MISSING)
        answer.problem("foto_nao_encontrada")
        assert answer.headers["Cache-Control"] == "no-store"
        for path in ("/fotos/", "/fotos/bolo.jpg", "/fotos/" + "A" * 64 + ".png", "/fotos/" + "0" * 64,
                     "/fotos/" + "0" * 64 + ".png/x", "/fotos/" + "0" * 63 + ".png"):  # fmt: skip
            client.get(path).problem("rota_nao_encontrada")
    assert shop.public.post(MISSING).headers["Allow"] == "GET, HEAD, OPTIONS"
    assert shop.public.request("OPTIONS", MISSING).headers["Allow"] == "GET, HEAD, OPTIONS"


def test_nginx_keeps_a_picture_whatever_the_query(shop):
    """And judges its conditions; it is shown without any worker too."""
    url = send(shop.admin, shop.product()["id"], png()).ok()["foto_url"]
    first = shop.public.get(url)
    assert first.headers["X-Cache"] == "MISS"
    for query in ("", "?", "?v=2", "?" + "z" * 600):
        answer = shop.public.get(url + query)
        assert (answer.headers["X-Cache"], answer.body) == ("HIT", first.body)
    for headers, status in (({"If-None-Match": first.etag}, 304), ({"If-None-Match": '"x"'}, 200),
                            ({"If-Match": '"x"'}, 412), ({"If-Match": first.etag}, 200),
                            ({"If-Modified-Since": "Fri, 01 Jan 2038 00:00:00 GMT"}, 200)):  # fmt: skip
        answer = shop.public.get(url, headers=headers)
        assert answer.status == status, (headers, answer.status)
        assert answer.headers["Cache-Control"] == ("no-store" if status == 412 else FOR_A_YEAR)
    head = shop.public.head(url)
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(first.body)))
    with shop.stopped(*shop.workers("catalogo"), *shop.workers("catalogo-replica")):
        assert shop.public.get(url).body == first.body


def test_the_replica_shows_pictures_while_the_primary_is_away(shop):
    """Also those that nginx has not kept; a change is told to wait."""
    item = shop.product()["id"]
    body = png()
    url = send(shop.admin, item, body).ok()["foto_url"]
    written = shop.value("SELECT pg_current_wal_lsn()")
    assert eventually(lambda: shop.value(f"SELECT pg_last_wal_replay_lsn() >= '{written}'", "replica") == "t")
    with shop.stopped("pg-catalogo"):
        assert eventually(lambda: shop.public.get(url).body == body)
        send(shop.admin, item, png()).problem("somente_leitura")


def resident_kib(pid):
    """The memory of a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1])


@pytest.mark.slow  # sanitizers keep what is freed
def test_a_worker_gives_back_the_memory_of_a_large_picture(shop):
    """What 2 MiB take on their way through it, and into its connection, is not kept."""
    item, small = shop.product()["id"], png(100_000)
    workers = shop.workers("catalogo").values()
    admin, public = shop.client(shop.admin.token, pool="catalogo"), shop.client(pool="catalogo")

    def used():
        """After small pictures; which workers served them is chance."""
        for _ in range(6):
            assert public.get(send(admin, item, small).ok()["foto_url"]).status == 200
        return [resident_kib(pid) for pid in workers]

    before = used()
    for _ in range(6):
        assert public.get(send(admin, item, png(2 * MIB)).ok()["foto_url"]).status == 200
    assert eventually(lambda: max(used()) < max(before) + 1024), (before, used())


@pytest.mark.parametrize("first", ["given", "taken away"])
@pytest.mark.parametrize("by_address", [True, False], ids=["by its address", "by its bytes"])
def test_a_picture_that_is_given_while_another_lets_it_go_stays(shop, first, by_address):
    """Whichever of the two comes first, the second waits for it and sees what it did."""
    one, other, body = shop.product()["id"], shop.product()["id"], png()
    url = send(shop.admin, one, body).ok()["foto_url"]
    changes = {
        "given": f"SELECT produto_foto({other}, 'image/png', '\\x{body.hex()}', NULL, 'ana')",
        "taken away": f"SELECT produto_foto({one}, NULL, NULL, NULL, 'ana')",
    }
    if by_address:
        given = f"(NULL, NULL, NULL, NULL, NULL, '{url}', NULL)::produto_dados"
        changes["given"] = f"SELECT produto_alterar({other}, {given}, true, NULL, 'ana')"
    second = changes.pop("taken away" if first == "given" else "given")
    waits = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'catalogo' AND wait_event_type = 'Lock'"
    with shop.login("catalogo") as begun, shop.login("catalogo") as late, ThreadPoolExecutor(1) as pool:
        begun.autocommit = False
        begun.cursor().execute(changes.pop(first))
        done = pool.submit(late.cursor().execute, second)
        assert eventually(lambda: done.done() or shop.value(waits) == "1") and not done.done()
        begun.commit()
        done.result()
    begun.close()
    late.close()
    if first == "given" or not by_address:
        assert kept_in_database(shop, url)
    shop.admin.delete(f"/api/produtos/{other}/foto").ok()
    assert is_gone(shop, url)


def test_two_at_once_leave_every_product_its_picture(shop):
    """A picture that one product takes while another lets it go stays."""
    bodies = [png() for _ in range(3)]
    items = [shop.product()["id"] for _ in range(4)]

    def change(seed):
        draw, admin = random.Random(seed), shop.client(shop.admin.token)
        for _ in range(40):
            item, body = draw.choice(items), draw.choice([*bodies, None])
            answer = send(admin, item, body) if body else admin.delete(f"/api/produtos/{item}/foto")
            assert answer.status == 200, answer

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(change, range(6)))
    chosen = ",".join(map(str, items))
    assert shop.sql(f"SELECT id FROM produtos p WHERE id IN ({chosen}) AND foto_url IS NOT NULL"
                    " AND NOT EXISTS (SELECT FROM fotos f WHERE f.url = p.foto_url)") == []  # fmt: skip
    assert shop.sql("SELECT url FROM fotos f WHERE NOT EXISTS (SELECT FROM produtos p WHERE p.foto_url = f.url)") == []


SEEDED = [path.name for path in sorted((TOP / "db/catalogo/fotos").iterdir())]


@pytest.mark.commands
def test_a_new_shop_has_a_drawing_of_each_product():
    """Which may do nothing when it is opened by itself. What was taken away comes back by a command alone."""
    with Shop() as shop:
        products = shop.public.get("/api/produtos").data
        assert len(products) == len(SEEDED) == 13
        for product, name in zip(products, SEEDED):
            answer = shop.public.get(product["foto_url"])
            assert answer.body == (TOP / "db/catalogo/fotos" / name).read_bytes()
            assert answer.headers["Content-Type"] == "image/svg+xml"
            assert answer.headers["Content-Security-Policy"] == DRAWING_POLICY
            assert answer.headers["Cache-Control"] == FOR_A_YEAR
        shop.admin.delete("/api/produtos/1/foto").ok()
        own = send(shop.admin, 2, png()).ok()["foto_url"]
        shop.admin.patch("/api/produtos/3", {"nome": "Bolo que é outro", "foto_url": None}).ok()
        shop.up()
        assert shop.public.get("/api/produtos/1").data["foto_url"] is None
        shop.script("seed", "--pictures")
        expected = [products[0]["foto_url"], own, None, products[3]["foto_url"]]
        assert eventually(lambda: [each["foto_url"] for each in shop.public.get("/api/produtos").data[:4]] == expected)


def test_the_workers_role_cannot_make_a_picture_of_another_type(shop):
    """Nor write the table by itself: drawings, which may hold scripts, are the seed's alone."""
    connection = shop.login("catalogo")
    drawing = f"'image/svg+xml', '\\x{SVG.hex()}'::bytea"
    for text in (f"SELECT foto_guardar({drawing})", "DELETE FROM fotos",
                 f"INSERT INTO fotos (url, tipo, bytes) SELECT foto_endereco({drawing}), {drawing}"):  # fmt: skip
        with pytest.raises(psycopg2.Error), connection.cursor() as cursor:
            cursor.execute(text)
        connection.rollback()
    connection.close()
