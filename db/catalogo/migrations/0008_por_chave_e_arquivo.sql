-- A reservation is found by its key, and its state is compared when it is locked: see 0010_por_chave_e_arquivo.sql of pedidos.

-- reservada → confirmada, once: what was reserved is sold. Returns the state after it, NULL without a reservation. Called by the role catalogo.
CREATE OR REPLACE FUNCTION reserva_confirmar(pedido uuid) RETURNS estado_reserva
    LANGUAGE plpgsql AS $$
DECLARE
    antes            estado_reserva;
    numero_do_pedido bigint;
BEGIN
    SELECT estado, numero INTO antes, numero_do_pedido FROM reservas WHERE pedido_id = pedido FOR NO KEY UPDATE;
    IF antes = 'reservada' THEN
        UPDATE reservas SET estado = 'confirmada', atualizado_em = now() WHERE pedido_id = pedido;
        INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, pedido_id, pedido_numero)
            SELECT p.id, 'venda', i.quantidade, p.estoque, pedido, numero_do_pedido
            FROM reserva_itens i JOIN produtos p ON p.id = i.produto_id WHERE i.pedido_id = pedido;
        antes := 'confirmada';
    END IF;
    RETURN antes;
END $$;

-- → liberada, once: gives the stock back. Without a reservation it leaves a tombstone. The reservation comes first, because only who has
-- locked it knows its products; these are locked in id order, as by reservar(). That one never waits for the reservation of another order, nor
-- for this one's unless it is a tombstone, which needs no product. Called by the role catalogo.
CREATE OR REPLACE FUNCTION reserva_liberar(pedido uuid) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    antes            estado_reserva;
    numero_do_pedido bigint;
BEGIN
    INSERT INTO reservas (pedido_id, estado, expira_em) VALUES (pedido, 'liberada', now()) ON CONFLICT DO NOTHING;
    SELECT estado, numero INTO antes, numero_do_pedido FROM reservas WHERE pedido_id = pedido FOR UPDATE;
    IF antes = 'liberada' THEN
        RETURN;
    END IF;
    PERFORM 1 FROM produtos WHERE id IN (SELECT produto_id FROM reserva_itens WHERE pedido_id = pedido)
        ORDER BY id FOR NO KEY UPDATE;
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

-- What scripts/archive has taken out of a product's ledger: all rows up to `ate_id`, which were written before `antes_de`. Their sums stay, so
-- that the rest still adds up; `soma`, of all that moved, is the balance that it begins with. No service reads or writes it.
CREATE TABLE movimentos_arquivados (
    produto_id integer PRIMARY KEY REFERENCES produtos,
    ate_id     bigint NOT NULL,
    antes_de   timestamptz NOT NULL,
    linhas     bigint NOT NULL,
    inicial    bigint NOT NULL,
    ajustes    bigint NOT NULL,
    soma       bigint NOT NULL CHECK (soma >= 0)
);
-- The files of scripts/archive: a row is written in the transaction that deletes what its file holds.
CREATE TABLE arquivos (
    arquivo   text PRIMARY KEY,
    linhas    bigint NOT NULL,
    criado_em timestamptz NOT NULL DEFAULT now()
);
