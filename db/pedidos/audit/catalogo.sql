-- Orders against the catalogue's reservations, which were read in another moment: a row may be in flight between them.

COPY (
    WITH par AS (
        SELECT p.id, p.numero, p.status, p.pendencia, coalesce(r.estado, 'missing') AS estado,
               CASE WHEN p.status = 'reservando' THEN ARRAY ['missing', 'reservada']
                    WHEN p.status < 'confirmado' THEN ARRAY ['missing', 'reservada', 'liberada']
                    WHEN p.pendencia = 'finalizar' THEN ARRAY ['reservada', 'confirmada']
                    WHEN p.pendencia = 'devolver' THEN ARRAY ['reservada', 'confirmada', 'liberada']
                    WHEN p.status = 'cancelado' THEN ARRAY ['liberada']
                    ELSE ARRAY ['confirmada'] END AS esperados
        FROM pedidos p LEFT JOIN reservas r ON r.pedido_id = p.id
    )
    SELECT 'teste', 'entre', 'reserva.estado', count(*)::text, 'an order''s reservation is where the order is' FROM par
    UNION ALL
    SELECT 'erro', 'entre', 'reserva.estado', numero::text,
           format('order %s is %s and owes %s: expected its reservation %s, found it %s', numero, status,
                  coalesce(pendencia::text, 'nothing'), array_to_string(esperados, ' or '), estado)
    FROM par WHERE estado <> ALL (esperados)
) TO STDOUT;

-- Name and price are the reservation's once the order is confirmed; a tombstone has no lines.
COPY (
    WITH linha AS (
        SELECT p.numero, p.status, produto_id, i.pedido_id IS NOT NULL AS pedida, r.pedido_id IS NOT NULL AS reservada,
               format('%s × %s at %s', i.quantidade, i.nome, i.preco_unitario) AS aqui,
               format('%s × %s at %s', r.quantidade, r.nome, r.preco) AS la,
               i.quantidade = r.quantidade
               AND (p.status < 'confirmado'
                    OR (i.nome, i.preco_unitario) IS NOT DISTINCT FROM (r.nome, r.preco)) AS igual
        FROM (pedido_itens i FULL JOIN reserva_itens r USING (pedido_id, produto_id))
        JOIN pedidos p ON p.id = coalesce(i.pedido_id, r.pedido_id)
        WHERE p.status >= 'confirmado' OR EXISTS (SELECT FROM reserva_itens x WHERE x.pedido_id = p.id)
    )
    SELECT 'teste', 'entre', 'reserva.itens', count(*)::text,
           'an order''s lines are those of its reservation' FROM linha
    UNION ALL
    SELECT 'erro', 'entre', 'reserva.itens', numero || '/' || produto_id,
           format('order %s, product %s: expected the reservation''s %s, found %s', numero, produto_id,
                  CASE WHEN reservada THEN la ELSE '(no such line)' END,
                  CASE WHEN pedida THEN aqui ELSE '(no such line)' END)
    FROM linha WHERE NOT (pedida AND reservada AND igual)
) TO STDOUT;

-- The order is always there first. If it is lost with its database, what was reserved for it ends as `liberada`.
COPY (
    SELECT 'teste', 'entre', 'reserva.sem_pedido', count(*)::text,
           'a reservation that holds stock has an order' FROM reservas
    UNION ALL
    SELECT 'erro', 'entre', 'reserva.sem_pedido', r.pedido_id::text,
           format('a reservation is %s for %s: expected an order, found none', r.estado,
                  pg_temp.pedido_nome(r.pedido_id::text))
    FROM reservas r
    WHERE r.estado <> 'liberada' AND NOT EXISTS (SELECT FROM pedidos p WHERE p.id = r.pedido_id)
) TO STDOUT;
