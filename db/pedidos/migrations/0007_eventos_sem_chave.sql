-- An event names its order by the number, which staff and customers speak of; the id opens the order, and consumers of events need not
-- have it. Events that were written before keep it here; it is left out when they are published.
CREATE OR REPLACE FUNCTION pedido_registrar(pedido uuid, por text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pedido_historico (pedido_id, status, autor, versao, mudanca)
        SELECT id, status, por, versao, mudanca FROM pedidos WHERE id = pedido;
    INSERT INTO eventos (pedido_id, tipo, dados)
        SELECT id, 'pedido.' || status,
               jsonb_build_object('numero', numero, 'status', status, 'valor_total', valor_total, 'em', rfc3339(now()))
        FROM pedidos WHERE id = pedido;
END $$;
