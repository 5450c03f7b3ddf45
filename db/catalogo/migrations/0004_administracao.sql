-- What administrators change: safe to repeat, judged by the version that was read, within limits that every later step keeps.

-- bigint, because what a client may set (up to 2,147,483,647) and what cancelled orders bring back must fit together. `versao` is
-- from now on that of the product's own data; a sale raises only `versao_estoque`, so that a product that sells can be edited.
ALTER TABLE produtos
    DROP em_estoque,
    ALTER estoque TYPE bigint,
    ADD versao_estoque bigint NOT NULL DEFAULT 1,
    ADD em_estoque boolean NOT NULL GENERATED ALWAYS AS (estoque > 0) STORED;
CREATE INDEX produtos_esgotados ON produtos (id) WHERE ativo AND NOT em_estoque;
-- What administrators look for.
CREATE INDEX produtos_fora_de_venda ON produtos (id) WHERE NOT ativo;
ALTER TABLE movimentos ALTER quantidade TYPE bigint, ALTER saldo TYPE bigint;

-- A name as people compare names: without case, accents, invisible characters and doubled blanks of any kind. As for texto_busca(),
-- naming the dictionary makes this safe to index.
CREATE FUNCTION nome_comparado(texto text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN btrim(regexp_replace(
        lower(public.unaccent('public.unaccent'::regdictionary, regexp_replace(
                  normalize(texto, NFKD), '[\u00ad\u0300-\u036f\u200b-\u200f\u2060-\u2064\ufeff]', '', 'g'))
              COLLATE "pt-BR-x-icu"),
        '\s+', ' ', 'g'));

-- Categories that were the same to people, but not to the machine, get a number behind their name; the oldest keeps it.
DO $$
DECLARE
    repetida record;
    outro    text;
BEGIN
    FOR repetida IN
        SELECT c.id, c.nome FROM categorias c
        WHERE EXISTS (SELECT FROM categorias o WHERE o.id < c.id AND nome_comparado(o.nome) = nome_comparado(c.nome))
        ORDER BY c.id
    LOOP
        SELECT tentado INTO outro
            FROM generate_series(2, 100000) AS n, LATERAL (SELECT format('%s (%s)', left(repetida.nome, 71), n)) AS t (tentado)
            WHERE NOT EXISTS (SELECT FROM categorias o WHERE nome_comparado(o.nome) = nome_comparado(tentado))
            ORDER BY n LIMIT 1;
        UPDATE categorias SET nome = outro, versao = versao + 1, atualizado_em = now() WHERE id = repetida.id;
        RAISE WARNING 'category % "%" has the name of another one; it is "%" now', repetida.id, repetida.nome, outro;
    END LOOP;
END $$;
ALTER TABLE categorias DROP CONSTRAINT categorias_nome_key;
CREATE UNIQUE INDEX categorias_nome_unico ON categorias (nome_comparado(nome));

-- A product as the API shows it, and the three versions of its ETag. No view, for
-- it would forbid to alter the columns that it shows; nor do the functions below use a table's row type, which a connection would
-- know only as it was before a column was altered.
CREATE TYPE produto_visto AS (
    id integer, nome text, descricao text, preco numeric, estoque bigint, categoria_id integer, categoria_nome text, foto_url text,
    ativo boolean, criado_em timestamptz, atualizado_em timestamptz, versao bigint, versao_categoria bigint, versao_estoque bigint);

CREATE FUNCTION produto_ver(produto integer) RETURNS produto_visto
    LANGUAGE plpgsql AS $$
DECLARE
    visto produto_visto;
BEGIN
    SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
           p.criado_em, p.atualizado_em, p.versao, c.versao, p.versao_estoque INTO visto
        FROM produtos p JOIN categorias c ON c.id = p.categoria_id WHERE p.id = produto;
    RETURN visto;
END $$;

CREATE TYPE categoria_vista AS (id integer, nome text, descricao text, criado_em timestamptz, atualizado_em timestamptz,
                                versao bigint);

-- What a call gives of a product; NULL: it does not say.
CREATE TYPE produto_dados AS (nome text, descricao text, preco numeric, estoque bigint, categoria_id integer, foto_url text,
                              ativo boolean);

-- The version that a change must meet; NULL: any.
CREATE TYPE produto_versao AS (dados bigint, categoria bigint, estoque bigint);

-- Who calls, and the Idempotency-Key of the call: the key's owner, the key, the digest of the call. No key: NULL.
CREATE TYPE chamada AS (autor text, dono text, chave text, resumo text);

-- The keys of the last 24 hours at least, with what is needed to give the first answer again.
CREATE TABLE chaves (
    dono      text NOT NULL,
    chave     text NOT NULL,
    resumo    text NOT NULL,
    resposta  jsonb NOT NULL,
    numero    bigint GENERATED ALWAYS AS IDENTITY,
    criado_em timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (dono, chave)
);
CREATE INDEX chaves_idade ON chaves (criado_em);

-- Waits for another call with this key, then says what the key has been used for: `repetida` with the first answer, `reutilizada`
-- by another call, `chaves_demais` when a million are kept already; NULL: the call is new, or has no key. A refused call leaves
-- nothing behind, so that its key stays free.
CREATE FUNCTION chave_usada(quem chamada, OUT situacao text, OUT resposta jsonb)
    LANGUAGE plpgsql AS $$
BEGIN
    IF quem.chave IS NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(20260104, hashtext(quem.dono || ' ' || quem.chave));
    SELECT CASE c.resumo WHEN quem.resumo THEN 'repetida' ELSE 'reutilizada' END, c.resposta INTO situacao, resposta
        FROM chaves c WHERE c.dono = quem.dono AND c.chave = quem.chave;
    IF NOT FOUND AND (SELECT numero FROM chaves ORDER BY criado_em DESC LIMIT 1) -
                     (SELECT numero FROM chaves WHERE criado_em > now() - interval '24 hours' ORDER BY criado_em LIMIT 1)
                     >= 999999 THEN
        situacao := 'chaves_demais';
    END IF;
END $$;

-- Writes down the answer of a call with a key, in the transaction of its effect. About one in fifty sweeps, unless another is at
-- it.
CREATE FUNCTION chave_guardar(quem chamada, resposta jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF quem.chave IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO chaves (dono, chave, resumo, resposta) VALUES (quem.dono, quem.chave, quem.resumo, chave_guardar.resposta);
    IF random() < 0.02 AND pg_try_advisory_xact_lock(20260104) THEN
        DELETE FROM chaves WHERE (dono, chave) IN (SELECT dono, chave FROM chaves WHERE criado_em < now() - interval '24 hours'
                                                   ORDER BY criado_em LIMIT 1000);
    END IF;
END $$;

-- The functions below return what became of the call (`situacao`), the thing as it is after it, or was after the first call with
-- its key (`visto`), and whether anything that can be read has changed (`mudou`). `feita` and `repetida` are successes.

-- Makes a product; its first stock opens its ledger. `limite`: more stock than a client may set.
CREATE FUNCTION produto_criar(dados produto_dados, quem chamada, OUT visto produto_visto, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    usada record;
    novo  integer;
BEGIN
    SELECT * INTO usada FROM chave_usada(quem);
    situacao := coalesce(usada.situacao, CASE WHEN dados.estoque > 2147483647 THEN 'limite' ELSE 'feita' END);
    mudou := situacao = 'feita';
    IF NOT mudou THEN
        visto := jsonb_populate_record(NULL::produto_visto, usada.resposta);
        RETURN;
    END IF;
    INSERT INTO produtos (nome, descricao, preco, estoque, categoria_id, foto_url, ativo)
        VALUES (dados.nome, coalesce(dados.descricao, ''), dados.preco, coalesce(dados.estoque, 0), dados.categoria_id,
                dados.foto_url, coalesce(dados.ativo, true))
        RETURNING id INTO novo;
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
        VALUES (novo, 'inicial', coalesce(dados.estoque, 0), coalesce(dados.estoque, 0), quem.autor);
    visto := produto_ver(novo);
    PERFORM chave_guardar(quem, to_jsonb(visto));
END $$;

-- Whether a product is of the version that a change must meet.
CREATE FUNCTION produto_confere(se produto_versao, dados bigint, categoria bigint, estoque bigint) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN dados = coalesce((se).dados, dados) AND categoria = coalesce((se).categoria, categoria)
       AND estoque = coalesce((se).estoque, estoque);

-- A product's data as they would be after a change. The picture counts when com_foto, also none.
CREATE FUNCTION produto_mudado(antes produto_dados, dados produto_dados, com_foto boolean) RETURNS produto_dados
    LANGUAGE sql IMMUTABLE
    RETURN ROW(coalesce((dados).nome, (antes).nome), coalesce((dados).descricao, (antes).descricao),
               coalesce((dados).preco, (antes).preco), coalesce((dados).estoque, (antes).estoque),
               coalesce((dados).categoria_id, (antes).categoria_id),
               CASE WHEN com_foto THEN (dados).foto_url ELSE (antes).foto_url END,
               coalesce((dados).ativo, (antes).ativo))::produto_dados;

-- Changes what `dados` says. A call without a difference locks and writes nothing. `sem_produto`: no such product; `versao`: not
-- that version; `limite`: more stock than a client may set, unless cancelled orders have brought back that much.
CREATE FUNCTION produto_alterar(produto integer, dados produto_dados, com_foto boolean, se produto_versao, autor text,
                                OUT visto produto_visto, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    antes       produto_dados;
    depois      produto_dados;
    sem_estoque produto_dados;
BEGIN
    SELECT p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, p.foto_url, p.ativo INTO antes
        FROM produtos p,
             LATERAL (SELECT ROW(p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, p.foto_url, p.ativo)::produto_dados)
                 AS d (agora)
        WHERE p.id = produto AND produto_mudado(d.agora, dados, com_foto) IS DISTINCT FROM d.agora
          AND (SELECT produto_confere(se, p.versao, c.versao, p.versao_estoque) FROM categorias c WHERE c.id = p.categoria_id)
        FOR NO KEY UPDATE OF p;
    mudou := FOUND;
    depois := produto_mudado(antes, dados, com_foto);
    sem_estoque := depois;
    sem_estoque.estoque := antes.estoque;
    IF mudou AND depois.estoque > 2147483647 AND depois.estoque <> antes.estoque THEN
        mudou := false;
        situacao := 'limite';
        RETURN;
    END IF;
    IF mudou THEN
        UPDATE produtos p
            SET nome = depois.nome, descricao = depois.descricao, preco = depois.preco, estoque = depois.estoque,
                categoria_id = depois.categoria_id, foto_url = depois.foto_url, ativo = depois.ativo, atualizado_em = now(),
                versao = p.versao + (sem_estoque IS DISTINCT FROM antes)::integer,
                versao_estoque = p.versao_estoque + (depois.estoque <> antes.estoque)::integer
            WHERE p.id = produto;
        INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
            SELECT produto, 'ajuste', depois.estoque - antes.estoque, depois.estoque, produto_alterar.autor
            WHERE depois.estoque <> antes.estoque;
    END IF;
    visto := produto_ver(produto);
    situacao := CASE WHEN visto.id IS NULL THEN 'sem_produto'
                     WHEN mudou OR produto_confere(se, visto.versao, visto.versao_categoria, visto.versao_estoque) THEN 'feita'
                     ELSE 'versao' END;
END $$;

-- Adds to a product's stock (or takes, or sets it) and writes the ledger. `sem_produto`, `versao`: as above; `insuficiente`: it
-- would fall below zero, or rise above what a client may set.
CREATE FUNCTION estoque_mudar(produto integer, operacao text, valor bigint, se produto_versao, quem chamada,
                              OUT visto produto_visto, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    usada  record;
    antes  bigint;
    depois bigint;
BEGIN
    mudou := false;
    SELECT * INTO usada FROM chave_usada(quem);
    situacao := usada.situacao;
    visto := jsonb_populate_record(NULL::produto_visto, usada.resposta);
    IF situacao IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT estoque INTO antes FROM produtos WHERE id = produto AND (operacao <> 'definir' OR estoque <> valor) FOR NO KEY UPDATE;
    mudou := FOUND;
    visto := produto_ver(produto);
    depois := CASE operacao WHEN 'adicionar' THEN antes + valor WHEN 'remover' THEN antes - valor ELSE valor END;
    situacao := CASE WHEN visto.id IS NULL THEN 'sem_produto'
                     WHEN NOT produto_confere(se, visto.versao, visto.versao_categoria, visto.versao_estoque) THEN 'versao'
                     WHEN depois < 0 OR operacao <> 'remover' AND depois > 2147483647 THEN 'insuficiente'
                     ELSE 'feita' END;
    mudou := mudou AND situacao = 'feita';
    IF mudou THEN
        UPDATE produtos p SET estoque = depois, versao_estoque = p.versao_estoque + 1, atualizado_em = now()
            WHERE p.id = produto;
        INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
            VALUES (produto, 'ajuste', depois - antes, depois, quem.autor);
        visto := produto_ver(produto);
    END IF;
    IF situacao = 'feita' THEN
        PERFORM chave_guardar(quem, to_jsonb(visto));
    END IF;
END $$;

-- For scripts, and for workers that began before this migration: the new stock, NULL without such a product, -1 when it does not
-- fit.
DROP FUNCTION estoque_ajustar;
CREATE FUNCTION estoque_ajustar(produto integer, operacao text, valor integer, por text) RETURNS bigint
    LANGUAGE sql
    RETURN (SELECT CASE situacao WHEN 'feita' THEN (visto).estoque WHEN 'insuficiente' THEN -1 END
            FROM estoque_mudar(produto, operacao, valor, NULL, (por, NULL, NULL, NULL)::chamada));

-- Makes a category. A name that another one has violates its unique index.
CREATE FUNCTION categoria_criar(novo_nome text, nova_descricao text, quem chamada,
                                OUT visto categoria_vista, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    usada record;
BEGIN
    SELECT * INTO usada FROM chave_usada(quem);
    situacao := coalesce(usada.situacao, 'feita');
    mudou := situacao = 'feita';
    IF NOT mudou THEN
        visto := jsonb_populate_record(NULL::categoria_vista, usada.resposta);
        RETURN;
    END IF;
    INSERT INTO categorias AS c (nome, descricao) VALUES (novo_nome, coalesce(nova_descricao, ''))
        RETURNING c.id, c.nome, c.descricao, c.criado_em, c.atualizado_em, c.versao INTO visto;
    PERFORM chave_guardar(quem, to_jsonb(visto));
END $$;

-- Changes a category of version `se` (NULL: any). `sem_categoria`, `versao`: as above.
CREATE FUNCTION categoria_alterar(categoria integer, novo_nome text, nova_descricao text, se bigint,
                                  OUT visto categoria_vista, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE categorias c
        SET nome = novo_nome, descricao = coalesce(nova_descricao, ''), versao = c.versao + 1, atualizado_em = now()
        WHERE c.id = categoria AND c.versao = coalesce(se, c.versao)
          AND (c.nome, c.descricao) IS DISTINCT FROM (novo_nome, coalesce(nova_descricao, ''));
    mudou := FOUND;
    SELECT c.id, c.nome, c.descricao, c.criado_em, c.atualizado_em, c.versao INTO visto FROM categorias c WHERE c.id = categoria;
    situacao := CASE WHEN NOT FOUND THEN 'sem_categoria' WHEN mudou OR visto.versao = coalesce(se, visto.versao) THEN 'feita'
                     ELSE 'versao' END;
END $$;

-- Deletes a category of version `se` (NULL: any). The foreign key of produtos refuses one in use.
CREATE FUNCTION categoria_apagar(categoria integer, se bigint, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM categorias c WHERE c.id = categoria AND c.versao = coalesce(se, c.versao);
    mudou := FOUND;
    situacao := CASE WHEN mudou THEN 'feita' WHEN EXISTS (SELECT FROM categorias WHERE id = categoria) THEN 'versao'
                     ELSE 'sem_categoria' END;
END $$;

-- As they were in 0001, but for the width of the stock and for the version that they raise.
DROP FUNCTION reservar;
CREATE FUNCTION reservar(pedido uuid, produto_ids integer[], quantidades integer[], validade interval,
                         OUT situacao text, OUT produto text, OUT restam bigint,
                         OUT expira timestamptz, OUT itens json)
    LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    PERFORM 1 FROM produtos p WHERE p.id = ANY (produto_ids) ORDER BY p.id FOR NO KEY UPDATE;

    SELECT r.estado, r.expira_em INTO situacao, expira FROM reservas r WHERE r.pedido_id = pedido;
    IF FOUND THEN
        itens := reserva_itens_json(pedido);
        RETURN;
    END IF;

    SELECT CASE WHEN p.ativo THEN 'insuficiente' ELSE 'indisponivel' END, p.nome, p.estoque INTO situacao, produto, restam
        FROM (SELECT u.produto_id, sum(u.quantidade) AS quantidade
              FROM unnest(produto_ids, quantidades) AS u (produto_id, quantidade) GROUP BY 1) AS linha
        LEFT JOIN produtos p ON p.id = linha.produto_id
        WHERE p.id IS NULL OR NOT p.ativo OR p.estoque < linha.quantidade
        ORDER BY linha.produto_id LIMIT 1;
    IF FOUND THEN
        situacao := coalesce(situacao, 'indisponivel');
        RETURN;
    END IF;

    INSERT INTO reservas (pedido_id, estado, expira_em) VALUES (pedido, 'reservada', now() + validade)
        RETURNING expira_em INTO expira;
    WITH linha AS (
        SELECT u.produto_id, sum(u.quantidade)::integer AS quantidade
        FROM unnest(produto_ids, quantidades) AS u (produto_id, quantidade) GROUP BY 1
    ), baixa AS (
        UPDATE produtos p SET estoque = p.estoque - linha.quantidade, versao_estoque = p.versao_estoque + 1, atualizado_em = now()
        FROM linha WHERE p.id = linha.produto_id
        RETURNING p.id, p.nome, p.preco, p.estoque, linha.quantidade
    ), gravados AS (
        INSERT INTO reserva_itens (pedido_id, produto_id, nome, preco, quantidade)
        SELECT pedido, id, nome, preco, quantidade FROM baixa
    )
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id)
        SELECT id, 'reserva', -quantidade, estoque, pedido FROM baixa;
    situacao := 'reservada';
    itens := reserva_itens_json(pedido);
END $$;

CREATE OR REPLACE FUNCTION reserva_liberar(pedido uuid) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    antes estado_reserva;
BEGIN
    PERFORM 1 FROM produtos WHERE id IN (SELECT produto_id FROM reserva_itens WHERE pedido_id = pedido)
        ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO reservas (pedido_id, estado, expira_em) VALUES (pedido, 'liberada', now()) ON CONFLICT DO NOTHING;
    SELECT estado INTO antes FROM reservas WHERE pedido_id = pedido FOR UPDATE;
    IF antes = 'liberada' THEN
        RETURN;
    END IF;
    UPDATE reservas SET estado = 'liberada', atualizado_em = now() WHERE pedido_id = pedido;
    WITH volta AS (
        UPDATE produtos p SET estoque = p.estoque + i.quantidade, versao_estoque = p.versao_estoque + 1, atualizado_em = now()
        FROM reserva_itens i WHERE i.pedido_id = pedido AND p.id = i.produto_id
        RETURNING p.id, p.estoque, i.quantidade
    )
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id)
        SELECT id, CASE antes WHEN 'confirmada' THEN 'devolucao' ELSE 'liberacao' END::tipo_movimento, quantidade, estoque, pedido
        FROM volta;
END $$;

GRANT SELECT ON chaves TO catalogo;
REVOKE EXECUTE ON FUNCTION chave_guardar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION chave_guardar TO catalogo;
