-- What the staff sees at a glance: the sales by day, what the kitchen has to make, who moved an order.

-- What is counted below must not change before it is counted by the new function.
LOCK TABLE pedidos IN SHARE ROW EXCLUSIVE MODE;

-- Sales, counted as they change: orders and value by state, products by quantity and value. A quarter of an hour is the largest
-- unit that the day of every time zone is made of. Products have whole days (UTC) too, so that a year is not the sum of its quarters.
-- As with pedidos_contagem a change adds rows to the tables _novas, and now and then these are added up.
CREATE TABLE pedidos_resumo (
    quarto  timestamptz NOT NULL,
    status  status_pedido NOT NULL,
    pedidos bigint NOT NULL,
    valor   numeric(18, 2) NOT NULL,
    PRIMARY KEY (quarto, status)
);
CREATE TABLE pedidos_resumo_novas (
    criado_em timestamptz NOT NULL,
    status    status_pedido NOT NULL,
    pedidos   bigint NOT NULL,
    valor     numeric(18, 2) NOT NULL
);
CREATE TABLE produtos_vendidos (
    dia_inteiro boolean NOT NULL,
    inicio      timestamptz NOT NULL,
    produto_id  integer NOT NULL,
    quantidade  bigint NOT NULL,
    valor       numeric(18, 2) NOT NULL,
    PRIMARY KEY (dia_inteiro, inicio, produto_id)
);
CREATE TABLE produtos_vendidos_novas (
    criado_em  timestamptz NOT NULL,
    produto_id integer NOT NULL,
    nome       text NOT NULL,
    quantidade bigint NOT NULL,
    valor      numeric(18, 2) NOT NULL
);
-- How a product was called when it was last sold.
CREATE TABLE produtos_nomes (
    produto_id integer PRIMARY KEY,
    nome       text NOT NULL
);

CREATE FUNCTION quarto_de_hora(instante timestamptz) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN date_bin('15 minutes', instante, '2000-01-01Z');

CREATE FUNCTION pedido_vendido(status status_pedido) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(status >= 'confirmado' AND status <> 'cancelado', false);

-- Adds up what changed, unless another transaction is at it.
CREATE FUNCTION pedidos_somar() RETURNS void
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(20260102) THEN
        RETURN;
    END IF;
    WITH novas AS (
        DELETE FROM pedidos_contagem_novas RETURNING *
    )
    INSERT INTO pedidos_contagem AS c (dia, status, quantos)
        SELECT dia, status, sum(quantos) FROM novas GROUP BY 1, 2 HAVING sum(quantos) <> 0
        ON CONFLICT (dia, status) DO UPDATE SET quantos = c.quantos + excluded.quantos;
    WITH novas AS (
        DELETE FROM pedidos_resumo_novas RETURNING *
    )
    INSERT INTO pedidos_resumo AS r (quarto, status, pedidos, valor)
        SELECT quarto_de_hora(criado_em), status, sum(pedidos), sum(valor) FROM novas GROUP BY 1, 2
        HAVING sum(pedidos) <> 0 OR sum(valor) <> 0
        ON CONFLICT (quarto, status) DO UPDATE SET pedidos = r.pedidos + excluded.pedidos, valor = r.valor + excluded.valor;
    WITH novas AS (
        DELETE FROM produtos_vendidos_novas RETURNING *
    ), nomes AS (
        INSERT INTO produtos_nomes (produto_id, nome)
            SELECT DISTINCT ON (produto_id) produto_id, nome FROM novas ORDER BY produto_id, criado_em DESC
            ON CONFLICT (produto_id) DO UPDATE SET nome = excluded.nome WHERE produtos_nomes.nome <> excluded.nome
    )
    INSERT INTO produtos_vendidos AS v (dia_inteiro, inicio, produto_id, quantidade, valor)
        SELECT dia_inteiro, CASE WHEN dia_inteiro THEN date_trunc('day', criado_em, 'UTC') ELSE quarto_de_hora(criado_em) END,
               produto_id, sum(quantidade), sum(valor)
        FROM novas, (VALUES (false), (true)) AS nivel (dia_inteiro)
        GROUP BY 1, 2, 3 HAVING sum(quantidade) <> 0 OR sum(valor) <> 0
        ON CONFLICT (dia_inteiro, inicio, produto_id)
            DO UPDATE SET quantidade = v.quantidade + excluded.quantidade, valor = v.valor + excluded.valor;
END $$;
REVOKE EXECUTE ON FUNCTION pedidos_somar() FROM PUBLIC;

-- Writes down that an order is counted otherwise than before. About one change in fifty adds up.
CREATE OR REPLACE FUNCTION pedido_contar() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO pedidos_contagem_novas (dia, status, quantos)
        SELECT dia, status, quantos
        FROM (VALUES (OLD.criado_em, OLD.status, -1), (NEW.criado_em, NEW.status, 1)) AS mudanca (criado_em, status, quantos),
             LATERAL (VALUES (date_trunc('day', criado_em, 'UTC')), ('-infinity')) AS dias (dia)
        WHERE status >= 'confirmado';
    INSERT INTO pedidos_resumo_novas (criado_em, status, pedidos, valor)
        SELECT criado_em, status, sinal, sinal * valor
        FROM (VALUES (OLD.criado_em, OLD.status, -1, OLD.valor_total), (NEW.criado_em, NEW.status, 1, NEW.valor_total))
                 AS mudanca (criado_em, status, sinal, valor)
        WHERE status >= 'confirmado';
    IF (pedido_vendido(OLD.status), OLD.criado_em) IS DISTINCT FROM (pedido_vendido(NEW.status), NEW.criado_em) THEN
        INSERT INTO produtos_vendidos_novas (criado_em, produto_id, nome, quantidade, valor)
            SELECT m.criado_em, i.produto_id, i.nome, m.sinal * i.quantidade, m.sinal * i.quantidade * i.preco_unitario
            FROM (VALUES (OLD.id, OLD.criado_em, OLD.status, -1), (NEW.id, NEW.criado_em, NEW.status, 1))
                     AS m (id, criado_em, status, sinal)
            JOIN pedido_itens i ON i.pedido_id = m.id
            WHERE pedido_vendido(m.status);
    END IF;
    IF random() < 0.02 THEN
        PERFORM pedidos_somar();
    END IF;
    RETURN NULL;
END $$;

INSERT INTO pedidos_resumo (quarto, status, pedidos, valor)
    SELECT quarto_de_hora(criado_em), status, count(*), sum(valor_total) FROM pedidos WHERE status >= 'confirmado' GROUP BY 1, 2;
INSERT INTO produtos_vendidos (dia_inteiro, inicio, produto_id, quantidade, valor)
    WITH quartos AS (
        SELECT quarto_de_hora(p.criado_em) AS quarto, i.produto_id, sum(i.quantidade) AS quantidade,
               sum(i.quantidade * i.preco_unitario) AS valor
        FROM pedidos p JOIN pedido_itens i ON i.pedido_id = p.id
        WHERE p.status >= 'confirmado' AND p.status <> 'cancelado' GROUP BY 1, 2
    )
    SELECT false, quarto, produto_id, quantidade, valor FROM quartos
    UNION ALL
    SELECT true, date_trunc('day', quarto, 'UTC'), produto_id, sum(quantidade), sum(valor) FROM quartos GROUP BY 2, 3;
INSERT INTO produtos_nomes (produto_id, nome)
    SELECT DISTINCT ON (i.produto_id) i.produto_id, i.nome
    FROM pedidos p JOIN pedido_itens i ON i.pedido_id = p.id
    WHERE p.status >= 'confirmado' ORDER BY i.produto_id, p.criado_em DESC;

-- The kitchen's board: open orders by the time that they are due.
CREATE INDEX pedidos_producao ON pedidos (entrega_dia, entrega_data, numero) WHERE status BETWEEN 'confirmado' AND 'em_rota';

-- An order as it is answered, then what only this service needs of it. Everything that reads an order reads this. historico is the
-- customer's; historico_equipe also says who moved the order.
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
       p.versao, p.mudanca, p.cancelamento_chave, p.carrinho_retirado, p.proxima_tentativa, p.parado_em,
       (SELECT coalesce(json_agg(json_build_object('status', h.status, 'em', rfc3339(h.em), 'autor', h.autor) ORDER BY h.id), '[]')
        FROM pedido_historico h WHERE h.pedido_id = p.id) AS historico_equipe
FROM pedidos p;

GRANT SELECT ON pedidos_resumo, pedidos_resumo_novas, produtos_vendidos, produtos_vendidos_novas, produtos_nomes TO pedidos;
