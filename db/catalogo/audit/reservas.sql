-- Each reservation against the ledger, of which scripts/archive may have taken the first rows, in the transaction of produtos.sql; then the reservations (`reserva`, `item`)
-- for pedidos to compare with its orders. Only pedidos knows an order's number: an `erro_pedido` (check, order, key,
-- words) leaves room for it.

COPY (
    WITH razao AS (
        SELECT pedido_id, produto_id, string_agg(tipo || ' ' || quantidade, ', ' ORDER BY id) AS linhas
        FROM movimentos WHERE pedido_id IS NOT NULL GROUP BY pedido_id, produto_id
    ), linha AS (
        SELECT r.pedido_id, r.estado, x.produto_id, x.quantidade, x.linhas,
               CASE r.estado
                   WHEN 'reservada' THEN ARRAY [format('reserva -%s', x.quantidade)]
                   WHEN 'confirmada' THEN ARRAY [format('reserva -%1$s, venda %1$s', x.quantidade)]
                   WHEN 'liberada' THEN ARRAY [format('reserva -%1$s, liberacao %1$s', x.quantidade),
                                               format('reserva -%1$s, venda %1$s, devolucao %1$s', x.quantidade)]
               END AS esperadas,
               EXISTS (SELECT FROM movimentos_arquivados a WHERE a.produto_id = x.produto_id AND a.antes_de > r.criado_em) AS arquivada
        FROM reservas r
        LEFT JOIN (reserva_itens i FULL JOIN razao USING (pedido_id, produto_id)) AS x USING (pedido_id)
    )
    SELECT 'teste', 'exato', 'catalogo.reservas', count(*)::text,
           'the ledger of a reservation is that of its state' FROM linha
    UNION ALL
    SELECT 'erro_pedido', 'catalogo.reservas', pedido_id::text, pedido_id || '/' || coalesce(produto_id, 0),
           format('the reservation of %%s is %s, product %s: expected in the ledger %s; found %s', estado,
                  coalesce(produto_id::text, 'none'),
                  CASE WHEN quantidade IS NULL THEN 'nothing, for it has no such line'
                       ELSE array_to_string(esperadas, ' or ') END,
                  coalesce(linhas, 'nothing'))
    FROM linha
    WHERE NOT (linhas IS NOT NULL AND quantidade IS NOT NULL AND linhas = ANY (esperadas)
               OR estado = 'liberada' AND produto_id IS NULL
               OR arquivada AND quantidade IS NOT NULL
                  AND EXISTS (SELECT FROM unnest(esperadas) AS e (linhas) WHERE linha.linhas IS NULL OR e.linhas LIKE '%, ' || linha.linhas))
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'catalogo.sem_reserva', count(*)::text, 'no movement for an order without a reservation'
    FROM movimentos WHERE pedido_id IS NOT NULL
    UNION ALL
    SELECT 'erro_pedido', 'catalogo.sem_reserva', m.pedido_id::text, m.id::text,
           format('ledger row %s (product %s, %s %s) is of %%s, expected a reservation of it, found none', m.id,
                  m.produto_id, m.tipo, m.quantidade)
    FROM movimentos m
    WHERE m.pedido_id IS NOT NULL AND NOT EXISTS (SELECT FROM reservas r WHERE r.pedido_id = m.pedido_id)
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'catalogo.numero', count(*)::text, 'a movement for an order has the number of its reservation'
    FROM movimentos WHERE pedido_id IS NOT NULL
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.numero', m.id::text,
           format('ledger row %s (product %s, %s %s) has order number %s, its reservation %s', m.id, m.produto_id, m.tipo,
                  m.quantidade, coalesce(m.pedido_numero::text, 'none'), coalesce(r.numero::text, 'none'))
    FROM movimentos m JOIN reservas r USING (pedido_id) WHERE m.pedido_numero IS DISTINCT FROM r.numero
) TO STDOUT;

COPY (SELECT 'reserva', pedido_id, estado FROM reservas) TO STDOUT;
COPY (SELECT 'item', pedido_id, produto_id, quantidade, nome, preco FROM reserva_itens) TO STDOUT;
COMMIT;
