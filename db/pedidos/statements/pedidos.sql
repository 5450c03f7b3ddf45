-- Orders, read, listed and moved along. Each returns an order as pedido_fields of pedidos.c reads it.

-- name: pedido_get
-- use: pedido
FROM pedidos_vistos WHERE id = $1 AND status >= 'confirmado'

-- name: pedidos_lista (planned anew)
-- newest first: $1 is not used, $2 from, $3 to before, $4 and $5 the last row of the page before, $6 rows
-- use: pedido
FROM pedidos_vistos
WHERE status >= 'confirmado' AND $1::status_pedido IS NULL
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)
  AND ($4::timestamptz IS NULL OR (criado_em, id) < ($4, $5::uuid))
ORDER BY criado_em DESC, id DESC LIMIT $6

-- name: pedidos_lista_status (planned anew)
-- the same in one state ($1), by its own index
-- use: pedido
FROM pedidos_vistos
WHERE status >= 'confirmado' AND status = $1
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)
  AND ($4::timestamptz IS NULL OR (criado_em, id) < ($4, $5::uuid))
ORDER BY criado_em DESC, id DESC LIMIT $6

-- name: pedidos_total (planned anew)
-- how many match, whatever the page: whole days are counted already, what the bounds cut off is not
SELECT (SELECT coalesce(sum(quantos), 0)::bigint FROM pedidos_contados
        WHERE ($1::status_pedido IS NULL OR status = $1)
          AND ($2::timestamptz IS NULL AND $3::timestamptz IS NULL) = (dia = '-infinity')
          AND ($2::timestamptz IS NULL OR dia >= date_trunc('day', $2 + interval '1 day - 1 microsecond', 'UTC'))
          AND ($3::timestamptz IS NULL OR dia < date_trunc('day', $3, 'UTC')))
     + (SELECT count(*) FROM pedidos
        WHERE status >= 'confirmado' AND ($1 IS NULL OR status = $1)
          AND criado_em >= $2 AND criado_em < date_trunc('day', $2 + interval '1 day - 1 microsecond', 'UTC')
          AND ($3 IS NULL OR criado_em < $3))
     + (SELECT count(*) FROM pedidos
        WHERE status >= 'confirmado' AND ($1 IS NULL OR status = $1)
          AND criado_em >= greatest(date_trunc('day', $3, 'UTC'),
                                    date_trunc('day', $2 + interval '1 day - 1 microsecond', 'UTC'))
          AND criado_em < $3)

-- name: pedido_mudar (writes)
-- of version $2 to state $3, by $4, with key $5; nothing when it is not of that version any more
-- use: pedido
FROM pedido_mudar($1, $2, $3, $4, $5)

-- name: saude (health)
-- whether the server answers and can be written to
SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean
