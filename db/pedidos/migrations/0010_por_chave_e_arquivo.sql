-- An order is found by its key, and its state is compared when it is locked. A condition on the state may use the index of the unfinished
-- orders, in which every order leaves dead entries; while one snapshot is open (a report, scripts/audit) these stay, and are read again
-- by each order after them.

-- reservando → confirmado, at the prices of the reservation. Returns the order, or nothing when it was no longer
-- `reservando`. A line without a price leaves the total NULL, which the table refuses. Called by the role pedidos.
CREATE OR REPLACE FUNCTION pedido_confirmar(pedido uuid, produtos integer[], nomes text[], precos numeric[])
    RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
DECLARE
    antes status_pedido;
BEGIN
    SELECT status INTO antes FROM pedidos WHERE id = pedido FOR NO KEY UPDATE;
    IF antes IS DISTINCT FROM 'reservando' THEN
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
    INSERT INTO pedido_clientes
        SELECT id, cliente_busca(cliente_nome, cliente_email, cliente_telefone) FROM pedidos WHERE id = pedido;
    PERFORM pedido_registrar(pedido, 'cliente');
    RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
END $$;

-- Reservations that the conciliador cannot settle: how often the catalogue refused it, when it is tried again, and since when it is parked. A
-- row goes when its reservation is settled. Read and written by the role conciliador.
CREATE TABLE reservas_paradas (
    pedido_id         uuid PRIMARY KEY,
    tentativas        integer NOT NULL,
    proxima_tentativa timestamptz NOT NULL,
    parado_em         timestamptz,
    parado_motivo     text NOT NULL
);
GRANT SELECT, INSERT, DELETE ON reservas_paradas TO conciliador;
GRANT UPDATE (tentativas, proxima_tentativa, parado_em, parado_motivo) ON reservas_paradas TO conciliador;

-- When scripts/archive took the order's events and its history out of the tables; the last step of the history stays.
ALTER TABLE pedidos
    ADD arquivado_em timestamptz,
    ADD CONSTRAINT pedidos_arquivado CHECK (arquivado_em IS NULL OR status IN ('entregue', 'cancelado'));
-- The files of scripts/archive: a row is written in the transaction that deletes what its file holds.
CREATE TABLE arquivos (
    arquivo   text PRIMARY KEY,
    linhas    bigint NOT NULL,
    criado_em timestamptz NOT NULL DEFAULT now()
);
