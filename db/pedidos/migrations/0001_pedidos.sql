-- Orders: what was ordered, by whom, how far it got, what is still owed to the other services, the outbox of events.

-- A time as it is written in JSON: RFC 3339, UTC, microseconds.
CREATE FUNCTION rfc3339(instante timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE STRICT
    RETURN to_char(instante AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- The order of the values matters: from `reservando` on an order is alive, from `confirmado` on a client may see it.
-- `desfazendo` and `desfeito` are orders that never came to be; they free their Idempotency-Key and their cart.
CREATE TYPE status_pedido AS ENUM ('desfazendo', 'desfeito', 'reservando', 'confirmado', 'em_preparo', 'pronto',
                                   'em_rota', 'entregue', 'cancelado');
CREATE TYPE tipo_entrega AS ENUM ('retirada', 'entrega');

-- What is owed after a commit: `finalizar` the reservation (confirmar) or `devolver` the stock (liberar); both take what
-- was ordered out of the cart.
CREATE TYPE pendencia_pedido AS ENUM ('finalizar', 'devolver');

CREATE TABLE pedidos (
    id               uuid PRIMARY KEY,
    numero           bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    status           status_pedido NOT NULL DEFAULT 'reservando',
    pendencia        pendencia_pedido,
    chave            text CHECK (length(chave) BETWEEN 1 AND 255),
    corpo_sha256     text NOT NULL CHECK (corpo_sha256 ~ '^[0-9a-f]{64}$'),
    session_id       uuid NOT NULL,
    carrinho_versao  bigint NOT NULL,
    cliente_nome     text NOT NULL CHECK (length(cliente_nome) BETWEEN 1 AND 120),
    cliente_email    text NOT NULL CHECK (length(cliente_email) BETWEEN 3 AND 254),
    cliente_telefone text NOT NULL CHECK (length(cliente_telefone) BETWEEN 8 AND 20),
    entrega_tipo     tipo_entrega NOT NULL,
    entrega_endereco text CHECK (length(entrega_endereco) BETWEEN 1 AND 500),
    entrega_data     timestamptz,
    observacoes      text CHECK (length(observacoes) <= 1000),
    valor_total      numeric(16, 2) CHECK (valor_total > 0),
    criado_em        timestamptz NOT NULL DEFAULT now(),
    atualizado_em    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pedidos_entrega_tem_endereco CHECK (entrega_tipo = 'retirada' OR entrega_endereco IS NOT NULL),
    CONSTRAINT pedidos_visivel_tem_total CHECK (status < 'confirmado' OR valor_total IS NOT NULL),
    CONSTRAINT pedidos_pendencia_do_status CHECK (
        CASE pendencia WHEN 'finalizar' THEN status >= 'confirmado' AND status <> 'cancelado'
                       WHEN 'devolver' THEN status = 'cancelado' ELSE true END)
);

-- One order a key and one a version of a cart, whatever the code does.
CREATE UNIQUE INDEX pedidos_chave ON pedidos (chave) WHERE status >= 'reservando';
CREATE UNIQUE INDEX pedidos_carrinho ON pedidos (session_id, carrinho_versao) WHERE status >= 'reservando';
-- What somebody still has to finish or undo.
CREATE INDEX pedidos_inacabados ON pedidos (atualizado_em) WHERE status IN ('reservando', 'desfazendo');
CREATE INDEX pedidos_pendentes ON pedidos (atualizado_em) WHERE pendencia IS NOT NULL;
-- The administrators' lists, newest first.
CREATE INDEX pedidos_lista ON pedidos (criado_em, id) WHERE status >= 'confirmado';
CREATE INDEX pedidos_lista_status ON pedidos (status, criado_em, id) WHERE status >= 'confirmado';

-- nome and preco_unitario are those of the reservation: unknown until there is one.
CREATE TABLE pedido_itens (
    pedido_id      uuid NOT NULL REFERENCES pedidos,
    linha          integer NOT NULL CHECK (linha > 0),
    produto_id     integer NOT NULL CHECK (produto_id > 0),
    nome           text,
    preco_unitario numeric(10, 2) CHECK (preco_unitario > 0),
    quantidade     integer NOT NULL CHECK (quantidade BETWEEN 1 AND 9999),
    PRIMARY KEY (pedido_id, linha),
    UNIQUE (pedido_id, produto_id),
    CHECK ((nome IS NULL) = (preco_unitario IS NULL))
);

CREATE TABLE pedido_historico (
    pedido_id uuid NOT NULL REFERENCES pedidos,
    id        bigint GENERATED ALWAYS AS IDENTITY,
    status    status_pedido NOT NULL CHECK (status >= 'confirmado'),
    autor     text NOT NULL,
    em        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (pedido_id, id)
);
-- Nothing happens twice to an order: no path of the transition table comes back to a state.
CREATE UNIQUE INDEX pedido_historico_uma_vez ON pedido_historico (pedido_id, status);

-- The outbox. Ids of one order rise in the order of its events, because each is written under the order's row lock.
CREATE TABLE eventos (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    pedido_id    uuid NOT NULL REFERENCES pedidos,
    tipo         text NOT NULL,
    dados        jsonb NOT NULL,
    criado_em    timestamptz NOT NULL DEFAULT now(),
    publicado_em timestamptz
);
CREATE INDEX eventos_por_publicar ON eventos (id) WHERE publicado_em IS NULL;

-- An order as it is answered, then what only this service needs of it. Everything that reads an order reads this.
CREATE VIEW pedidos_vistos AS
SELECT p.id, p.numero, p.status,
       (SELECT json_agg(json_build_object('produto_id', i.produto_id, 'nome', i.nome,
                                          'preco_unitario', i.preco_unitario, 'quantidade', i.quantidade,
                                          'subtotal', i.preco_unitario * i.quantidade)
                        ORDER BY i.linha)
        FROM pedido_itens i WHERE i.pedido_id = p.id) AS itens,
       p.valor_total,
       json_build_object('nome', p.cliente_nome, 'email', p.cliente_email, 'telefone', p.cliente_telefone) AS cliente,
       json_build_object('tipo', p.entrega_tipo, 'endereco', p.entrega_endereco,
                         'data', rfc3339(p.entrega_data)) AS entrega,
       p.observacoes, p.criado_em, p.atualizado_em,
       (SELECT coalesce(json_agg(json_build_object('status', h.status, 'em', rfc3339(h.em)) ORDER BY h.id), '[]')
        FROM pedido_historico h WHERE h.pedido_id = p.id) AS historico,
       p.pendencia, p.chave, p.corpo_sha256, p.session_id, p.carrinho_versao, p.entrega_tipo,
       (SELECT json_agg(json_build_object('produto_id', i.produto_id, 'quantidade', i.quantidade) ORDER BY i.linha)
        FROM pedido_itens i WHERE i.pedido_id = p.id) AS linhas
FROM pedidos p;

-- Writes an order down before anything is taken for it. Returns it; or the order that already has this key or this version
-- of the cart; or nothing while an earlier order of the session still has goods in the cart.
CREATE FUNCTION pedido_abrir(pedido uuid, idempotencia text, corpo text, sessao uuid, versao bigint, nome text,
                             email text, telefone text, tipo tipo_entrega, endereco text, entrega_em timestamptz,
                             obs text, produtos integer[], quantidades integer[]) RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pedidos WHERE session_id = sessao AND status >= 'reservando' AND pendencia IS NOT NULL
                                     AND carrinho_versao <> versao) THEN
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

-- Writes down that the order has reached its state: in its history and in the outbox.
CREATE FUNCTION pedido_registrar(pedido uuid, por text) RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO pedido_historico (pedido_id, status, autor) SELECT id, status, por FROM pedidos WHERE id = pedido;
    INSERT INTO eventos (pedido_id, tipo, dados)
        SELECT id, 'pedido.' || status,
               jsonb_build_object('pedido_id', id, 'numero', numero, 'status', status, 'valor_total', valor_total,
                                  'em', rfc3339(now()))
        FROM pedidos WHERE id = pedido;
$$;

-- reservando → confirmado, at the prices of the reservation. Returns the order, or nothing when it was no longer
-- `reservando`. A line without a price leaves the total NULL, which the table refuses.
CREATE FUNCTION pedido_confirmar(pedido uuid, produtos integer[], nomes text[], precos numeric[])
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
    UPDATE pedidos SET status = 'confirmado', pendencia = 'finalizar', atualizado_em = now(),
                       valor_total = (SELECT CASE WHEN bool_and(preco_unitario IS NOT NULL)
                                                  THEN sum(preco_unitario * quantidade) END
                                      FROM pedido_itens WHERE pedido_id = pedido)
        WHERE id = pedido;
    PERFORM pedido_registrar(pedido, 'cliente');
    RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
END $$;

-- From one state to another, if it still is in the first: which ones are allowed is the service's table. Returns the
-- order, or nothing when somebody else moved it.
CREATE FUNCTION pedido_mudar(pedido uuid, de status_pedido, para status_pedido, por text) RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pedidos SET status = para, atualizado_em = now(),
                       pendencia = CASE para WHEN 'cancelado' THEN 'devolver' ELSE pendencia END
        WHERE id = pedido AND status = de;
    IF FOUND THEN
        PERFORM pedido_registrar(pedido, por);
        RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
    END IF;
END $$;

-- Least privilege: nothing is deleted, and what was once written of an order's past does not change.
GRANT SELECT, INSERT, UPDATE ON pedidos TO pedidos;
GRANT SELECT, INSERT, UPDATE (nome, preco_unitario) ON pedido_itens TO pedidos;
GRANT SELECT, INSERT ON pedido_historico TO pedidos;
GRANT SELECT, INSERT, UPDATE (publicado_em) ON eventos TO pedidos;
GRANT SELECT ON pedidos_vistos TO pedidos;
