-- What lets a call be repeated, an order come back from a failed delivery, a poller miss nothing, and nothing be stuck for ever.

-- An Idempotency-Key is its session's: two sessions may use the same one.
DROP INDEX pedidos_chave;
CREATE UNIQUE INDEX pedidos_chave ON pedidos (session_id, chave) WHERE status >= 'reservando';

-- versao: how many steps the order has made; it names what a client has seen. mudanca: the transaction of the last step; in the
-- order of transactions, and not of times, what commits late can be told from what was there. entrega_dia: a delivery of a day,
-- entrega_data: of a moment. tentativas to parado_motivo: how often an end that the order owes was refused, and since when it is parked.
ALTER TABLE pedidos
    ADD versao             integer NOT NULL DEFAULT 0,
    ADD mudanca            xid8 NOT NULL DEFAULT '0',
    ADD entrega_dia        date,
    ADD cancelamento_chave text CHECK (length(cancelamento_chave) BETWEEN 1 AND 255),
    ADD tentativas         integer NOT NULL DEFAULT 0,
    ADD proxima_tentativa  timestamptz,
    ADD parado_em          timestamptz,
    ADD parado_motivo      text,
    ADD CONSTRAINT pedidos_entrega_dia_ou_hora CHECK (entrega_dia IS NULL OR entrega_data IS NULL);
CREATE UNIQUE INDEX pedidos_cancelamento_chave ON pedidos (session_id, cancelamento_chave) WHERE cancelamento_chave IS NOT NULL;
CREATE INDEX pedidos_mudanca ON pedidos (mudanca, id) WHERE status >= 'confirmado';
CREATE INDEX pedidos_parados ON pedidos (parado_em) WHERE parado_em IS NOT NULL;

-- Only a failed delivery comes back to a state; each step is written down once.
ALTER TABLE pedido_historico ADD versao integer, ADD mudanca xid8 NOT NULL DEFAULT '0';
DROP INDEX pedido_historico_uma_vez;
CREATE UNIQUE INDEX pedido_historico_uma_vez ON pedido_historico (pedido_id, status) WHERE status NOT IN ('pronto', 'em_rota');
CREATE UNIQUE INDEX pedido_historico_versao ON pedido_historico (pedido_id, versao);
CREATE INDEX pedido_historico_em ON pedido_historico (em);

-- An order as it is answered, then what only this service needs of it. Everything that reads an order reads this.
CREATE OR REPLACE VIEW pedidos_vistos AS
SELECT p.id, p.numero, p.status,
       (SELECT json_agg(json_build_object('produto_id', i.produto_id, 'nome', i.nome,
                                          'preco_unitario', i.preco_unitario, 'quantidade', i.quantidade,
                                          'subtotal', i.preco_unitario * i.quantidade)
                        ORDER BY i.linha)
        FROM pedido_itens i WHERE i.pedido_id = p.id) AS itens,
       p.valor_total,
       json_build_object('nome', p.cliente_nome, 'email', p.cliente_email, 'telefone', p.cliente_telefone) AS cliente,
       json_build_object('tipo', p.entrega_tipo, 'endereco', p.entrega_endereco,
                         'data', coalesce(to_char(p.entrega_dia, 'YYYY-MM-DD'), rfc3339(p.entrega_data))) AS entrega,
       p.observacoes, p.criado_em, p.atualizado_em,
       (SELECT coalesce(json_agg(json_build_object('status', h.status, 'em', rfc3339(h.em)) ORDER BY h.id), '[]')
        FROM pedido_historico h WHERE h.pedido_id = p.id) AS historico,
       p.pendencia, p.chave, p.corpo_sha256, p.session_id, p.carrinho_versao, p.entrega_tipo,
       (SELECT json_agg(json_build_object('produto_id', i.produto_id, 'quantidade', i.quantidade) ORDER BY i.linha)
        FROM pedido_itens i WHERE i.pedido_id = p.id) AS linhas,
       p.versao, p.mudanca, p.cancelamento_chave, p.carrinho_retirado, p.proxima_tentativa, p.parado_em
FROM pedidos p;

-- Writes an order down before anything is taken for it. Returns it; or the order that already has this key or this version
-- of the cart; or nothing while an earlier order of the session may still have goods in that cart. A key that cancelled an
-- order violates pedidos_cancelamento_chave. The lock lets two requests of a session pass one after the other, so that the
-- second sees what the first wrote.
DROP FUNCTION pedido_abrir;
CREATE FUNCTION pedido_abrir(pedido uuid, idempotencia text, corpo text, sessao uuid, cesta bigint, nome text,
                             email text, telefone text, tipo tipo_entrega, endereco text, quando text,
                             obs text, produtos integer[], quantidades integer[]) RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(sessao::text, 0));
    IF NOT EXISTS (SELECT FROM pedidos WHERE session_id = sessao AND chave = idempotencia AND status >= 'reservando')
       AND EXISTS (SELECT FROM pedidos
                   WHERE session_id = sessao AND status >= 'reservando' AND carrinho_versao <> cesta
                     AND (status = 'reservando' OR (pendencia IS NOT NULL AND carrinho_retirado IS NULL)
                          OR carrinho_retirado > cesta)) THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM pedidos WHERE session_id = sessao AND cancelamento_chave = idempotencia) THEN
        RAISE unique_violation USING CONSTRAINT = 'pedidos_cancelamento_chave';
    END IF;
    INSERT INTO pedidos (id, chave, corpo_sha256, session_id, carrinho_versao, cliente_nome, cliente_email,
                         cliente_telefone, entrega_tipo, entrega_endereco, entrega_dia, entrega_data, observacoes)
        VALUES (pedido, idempotencia, corpo, sessao, cesta, nome, email, telefone, tipo, endereco,
                CASE WHEN quando NOT LIKE '%:%' THEN quando::date END,
                CASE WHEN quando LIKE '%:%' THEN quando::timestamptz END, obs)
        ON CONFLICT DO NOTHING;
    IF FOUND THEN
        INSERT INTO pedido_itens (pedido_id, linha, produto_id, quantidade)
            SELECT pedido, u.linha, u.produto_id, u.quantidade
            FROM unnest(produtos, quantidades) WITH ORDINALITY AS u (produto_id, quantidade, linha);
    END IF;
    RETURN QUERY SELECT * FROM pedidos_vistos
        WHERE status >= 'reservando' AND session_id = sessao AND (chave = idempotencia OR carrinho_versao = cesta)
        ORDER BY chave IS NOT DISTINCT FROM idempotencia DESC LIMIT 1;
END $$;

-- Writes down that the order has reached its state: in its history and in the outbox.
CREATE OR REPLACE FUNCTION pedido_registrar(pedido uuid, por text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pedido_historico (pedido_id, status, autor, versao, mudanca)
        SELECT id, status, por, versao, mudanca FROM pedidos WHERE id = pedido;
    INSERT INTO eventos (pedido_id, tipo, dados)
        SELECT id, 'pedido.' || status,
               jsonb_build_object('pedido_id', id, 'numero', numero, 'status', status, 'valor_total', valor_total,
                                  'em', rfc3339(now()))
        FROM pedidos WHERE id = pedido;
END $$;

-- reservando → confirmado, at the prices of the reservation. Returns the order, or nothing when it was no longer
-- `reservando`. A line without a price leaves the total NULL, which the table refuses.
CREATE OR REPLACE FUNCTION pedido_confirmar(pedido uuid, produtos integer[], nomes text[], precos numeric[])
    RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pedidos WHERE id = pedido AND status = 'reservando' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE pedido_itens i SET nome = u.nome, preco_unitario = u.preco
        FROM unnest(produtos, nomes, precos) AS u (produto_id, nome, preco)
        WHERE i.pedido_id = pedido AND i.produto_id = u.produto_id;
    UPDATE pedidos SET status = 'confirmado', pendencia = 'finalizar', atualizado_em = now(), versao = versao + 1,
                       mudanca = pg_current_xact_id(),
                       valor_total = (SELECT CASE WHEN bool_and(preco_unitario IS NOT NULL)
                                                  THEN sum(preco_unitario * quantidade) END
                                      FROM pedido_itens WHERE pedido_id = pedido)
        WHERE id = pedido;
    PERFORM pedido_registrar(pedido, 'cliente');
    RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
END $$;

-- To another state, if the order is still of the version that was read: which states are allowed is the service's table. Returns
-- the order, or nothing when somebody else moved it. A key (NULL: none) that made an order of its session violates
-- pedidos_chave, one that cancelled another pedidos_cancelamento_chave.
DROP FUNCTION pedido_mudar;
CREATE FUNCTION pedido_mudar(pedido uuid, lida integer, para status_pedido, por text, idempotencia text)
    RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
DECLARE
    sessao uuid;
BEGIN
    IF idempotencia IS NOT NULL THEN
        SELECT session_id INTO sessao FROM pedidos WHERE id = pedido;
        PERFORM pg_advisory_xact_lock(hashtextextended(sessao::text, 0));
        IF EXISTS (SELECT FROM pedidos WHERE session_id = sessao AND chave = idempotencia AND status >= 'reservando') THEN
            RAISE unique_violation USING CONSTRAINT = 'pedidos_chave';
        END IF;
    END IF;
    UPDATE pedidos SET status = para, atualizado_em = now(), versao = versao + 1, mudanca = pg_current_xact_id(),
                       cancelamento_chave = coalesce(idempotencia, cancelamento_chave),
                       pendencia = CASE para WHEN 'cancelado' THEN 'devolver' ELSE pendencia END,
                       tentativas = CASE para WHEN 'cancelado' THEN 0 ELSE tentativas END,
                       proxima_tentativa = CASE WHEN para <> 'cancelado' THEN proxima_tentativa END,
                       parado_em = CASE WHEN para <> 'cancelado' THEN parado_em END,
                       parado_motivo = CASE WHEN para <> 'cancelado' THEN parado_motivo END
        WHERE id = pedido AND versao = lida AND status >= 'confirmado';
    IF FOUND THEN
        PERFORM pedido_registrar(pedido, por);
        RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
    END IF;
END $$;

GRANT UPDATE (tentativas, proxima_tentativa, parado_em, parado_motivo) ON pedidos TO conciliador;
