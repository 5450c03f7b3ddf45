-- Who changed what: changes of price and sale state, each with its author; and the numbers of the orders that moved the stock.

-- One row a field that an administrator changed, in the transaction of the change. A change by hand in psql leaves none.
CREATE TABLE mudancas (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    produto_id integer NOT NULL REFERENCES produtos,
    campo      text NOT NULL CHECK (campo IN ('preco', 'ativo')),
    antes      jsonb NOT NULL,
    depois     jsonb NOT NULL CHECK (depois <> antes),
    autor      text,
    em         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mudancas_produto ON mudancas (produto_id, id);

-- The order's number for people: its id is a key to it. Orders from before this migration have none here.
ALTER TABLE reservas ADD numero bigint CHECK (numero >= 1);
ALTER TABLE movimentos ADD pedido_numero bigint CHECK (pedido_numero IS NULL OR pedido_id IS NOT NULL);

-- As in 0004, but for the rows of mudancas.
CREATE OR REPLACE FUNCTION produto_alterar(produto integer, dados produto_dados, com_foto boolean, se produto_versao, autor text,
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
        INSERT INTO mudancas (produto_id, campo, antes, depois, autor)
            SELECT produto, m.campo, m.antes, m.depois, produto_alterar.autor
            FROM (VALUES ('preco', to_jsonb(antes.preco), to_jsonb(depois.preco)),
                         ('ativo', to_jsonb(antes.ativo), to_jsonb(depois.ativo))) AS m (campo, antes, depois)
            WHERE m.antes <> m.depois;
    END IF;
    visto := produto_ver(produto);
    situacao := CASE WHEN visto.id IS NULL THEN 'sem_produto'
                     WHEN mudou OR produto_confere(se, visto.versao, visto.versao_categoria, visto.versao_estoque) THEN 'feita'
                     ELSE 'versao' END;
END $$;

-- As in 0004 and 0001, but for the order's number. Workers that began before this migration give none.
DROP FUNCTION reservar;
CREATE FUNCTION reservar(pedido uuid, produto_ids integer[], quantidades integer[], validade interval,
                         numero_do_pedido bigint DEFAULT NULL,
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

    INSERT INTO reservas (pedido_id, estado, expira_em, numero) VALUES (pedido, 'reservada', now() + validade, numero_do_pedido)
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
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id, pedido_numero)
        SELECT id, 'reserva', -quantidade, estoque, pedido, numero_do_pedido FROM baixa;
    situacao := 'reservada';
    itens := reserva_itens_json(pedido);
END $$;

CREATE OR REPLACE FUNCTION reserva_confirmar(pedido uuid) RETURNS estado_reserva
    LANGUAGE plpgsql AS $$
DECLARE
    numero_do_pedido bigint;
BEGIN
    UPDATE reservas SET estado = 'confirmada', atualizado_em = now() WHERE pedido_id = pedido AND estado = 'reservada'
        RETURNING numero INTO numero_do_pedido;
    IF FOUND THEN
        INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id, pedido_numero)
            SELECT p.id, 'venda', i.quantidade, p.estoque, pedido, numero_do_pedido
            FROM reserva_itens i JOIN produtos p ON p.id = i.produto_id WHERE i.pedido_id = pedido;
    END IF;
    RETURN (SELECT estado FROM reservas WHERE pedido_id = pedido);
END $$;

CREATE OR REPLACE FUNCTION reserva_liberar(pedido uuid) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    antes            estado_reserva;
    numero_do_pedido bigint;
BEGIN
    PERFORM 1 FROM produtos WHERE id IN (SELECT produto_id FROM reserva_itens WHERE pedido_id = pedido)
        ORDER BY id FOR NO KEY UPDATE;
    INSERT INTO reservas (pedido_id, estado, expira_em) VALUES (pedido, 'liberada', now()) ON CONFLICT DO NOTHING;
    SELECT estado, numero INTO antes, numero_do_pedido FROM reservas WHERE pedido_id = pedido FOR UPDATE;
    IF antes = 'liberada' THEN
        RETURN;
    END IF;
    UPDATE reservas SET estado = 'liberada', atualizado_em = now() WHERE pedido_id = pedido;
    WITH volta AS (
        UPDATE produtos p SET estoque = p.estoque + i.quantidade, versao_estoque = p.versao_estoque + 1, atualizado_em = now()
        FROM reserva_itens i WHERE i.pedido_id = pedido AND p.id = i.produto_id
        RETURNING p.id, p.estoque, i.quantidade
    )
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id, pedido_numero)
        SELECT id, CASE antes WHEN 'confirmada' THEN 'devolucao' ELSE 'liberacao' END::tipo_movimento, quantidade, estoque, pedido,
               numero_do_pedido
        FROM volta;
END $$;

GRANT SELECT, INSERT ON mudancas TO catalogo;
GRANT SELECT ON mudancas TO catalogo_leitura;
-- All but pedido_id, the key to an order.
GRANT SELECT (id, produto_id, tipo, quantidade, saldo, pedido_numero, autor, em) ON movimentos TO catalogo_leitura;
