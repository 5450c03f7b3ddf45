-- What lets an order be brought to its end by anybody: by the customer's next request, or by the conciliador.

-- The version that the cart had once the order's goods were out of it. Whoever read the cart before that must read it again.
ALTER TABLE pedidos ADD carrinho_retirado bigint;

-- At most one order of a session waits for its reservation.
CREATE UNIQUE INDEX pedidos_um_por_vez ON pedidos (session_id) WHERE status = 'reservando';

-- Writes an order down before anything is taken for it. Returns it; or the order that already has this key or this version
-- of the cart; or nothing while an earlier order of the session may still have goods in that cart. The lock lets two requests of
-- a session pass one after the other, so that the second sees what the first wrote.
CREATE OR REPLACE FUNCTION pedido_abrir(pedido uuid, idempotencia text, corpo text, sessao uuid, versao bigint, nome text,
                                        email text, telefone text, tipo tipo_entrega, endereco text, entrega_em timestamptz,
                                        obs text, produtos integer[], quantidades integer[]) RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(sessao::text, 0));
    IF NOT EXISTS (SELECT FROM pedidos WHERE chave = idempotencia AND status >= 'reservando')
       AND EXISTS (SELECT FROM pedidos
                   WHERE session_id = sessao AND status >= 'reservando' AND carrinho_versao <> versao
                     AND (status = 'reservando' OR pendencia IS NOT NULL OR carrinho_retirado > versao)) THEN
        RETURN;
    END IF;
    INSERT INTO pedidos (id, chave, corpo_sha256, session_id, carrinho_versao, cliente_nome, cliente_email,
                         cliente_telefone, entrega_tipo, entrega_endereco, entrega_data, observacoes)
        VALUES (pedido, idempotencia, corpo, sessao, versao, nome, email, telefone, tipo, endereco, entrega_em, obs)
        ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO pedido_itens (pedido_id, linha, produto_id, quantidade)
            SELECT pedido, u.linha, u.produto_id, u.quantidade
            FROM unnest(produtos, quantidades) WITH ORDINALITY AS u (produto_id, quantidade, linha);
    END IF;
    RETURN QUERY SELECT * FROM pedidos_vistos
        WHERE status >= 'reservando' AND (chave = idempotencia OR (session_id = sessao AND carrinho_versao = versao))
        ORDER BY chave IS NOT DISTINCT FROM idempotencia DESC LIMIT 1;
END $$;

-- What the conciliador has done since the shop opened, and when it last looked: one row.
CREATE TABLE conciliacao (
    unica      boolean PRIMARY KEY DEFAULT true CHECK (unica),
    concluidos bigint NOT NULL DEFAULT 0,
    desfeitos  bigint NOT NULL DEFAULT 0,
    reservas   bigint NOT NULL DEFAULT 0,
    publicados bigint NOT NULL DEFAULT 0,
    olhou_em   timestamptz NOT NULL DEFAULT now()
);
INSERT INTO conciliacao DEFAULT VALUES;

-- Least privilege: the conciliador ends orders and publishes events; it makes none.
GRANT SELECT ON pedidos_vistos, pedidos, pedido_itens, pedido_historico, conciliacao TO conciliador;
GRANT UPDATE (status, pendencia, carrinho_retirado, atualizado_em) ON pedidos TO conciliador;
GRANT SELECT, UPDATE (publicado_em) ON eventos TO conciliador;
GRANT UPDATE (concluidos, desfeitos, reservas, publicados, olhou_em) ON conciliacao TO conciliador;
REVOKE UPDATE (publicado_em) ON eventos FROM pedidos;
