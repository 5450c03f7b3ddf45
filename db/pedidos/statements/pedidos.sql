-- Orders, read, listed and moved along. Each returns an order as pedido_fields of pedidos.c reads it.

-- part: pedido_equipe
-- the same order as the staff sees it, who may know who moved it
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico_equipe AS historico,
       pendencia, chave, corpo_sha256, session_id, carrinho_versao, entrega_tipo, linhas, versao,
       cancelamento_chave, carrinho_retirado, mudanca

-- name: pedido_get
-- returns: pedido
-- use: pedido
FROM pedidos_vistos WHERE id = $1 AND status >= 'confirmado'

-- name: pedido_get_equipe
-- returns: pedido
-- use: pedido_equipe
FROM pedidos_vistos WHERE id = $1 AND status >= 'confirmado'

-- The lists take $1 a state, $2 from, $3 to before, $4 a number, $5 a part of a customer, $6 the time of the first change, $7 and $8 where the
-- page before ended, $9 how many rows. Each uses what its plan is good for, and names the others.

-- part: pedidos_tempo
WHERE status >= 'confirmado'
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)
  AND ($4::bigint IS NULL OR numero = $4)

-- part: pedidos_recentes
  AND $6::timestamptz IS NULL AND ($7::timestamptz IS NULL OR (criado_em, id) < ($7, $8::uuid))
ORDER BY criado_em DESC, id DESC LIMIT $9

-- part: pedidos_mudados
  AND ($1::status_pedido IS NULL OR status = $1)
  AND ($5::text IS NULL
       OR (SELECT busca FROM pedido_clientes c WHERE c.pedido_id = pedidos_vistos.id) LIKE cliente_procurado($5))
  AND mudanca < pg_snapshot_xmin(pg_current_snapshot())
  AND ($6::timestamptz IS NULL
       OR (mudanca >= coalesce((SELECT mudanca FROM (SELECT mudanca FROM pedido_historico WHERE em >= $6 ORDER BY em LIMIT 1000) AS h
                                ORDER BY mudanca LIMIT 1),
                               pg_snapshot_xmin(pg_current_snapshot()))
           AND atualizado_em >= CASE WHEN mudanca > '0' THEN $6 - interval '5 minutes' ELSE $6 END))
  AND ($7::xid8 IS NULL OR (mudanca, id) > ($7, $8::uuid))

-- name: pedidos_lista (planned anew)
-- returns: pedido
-- newest first
-- use: pedido_equipe
FROM pedidos_vistos
-- use: pedidos_tempo
  AND $1::status_pedido IS NULL AND $5::text IS NULL
-- use: pedidos_recentes

-- name: pedidos_lista_status (planned anew)
-- returns: pedido
-- the same in one state, by its own index
-- use: pedido_equipe
FROM pedidos_vistos
-- use: pedidos_tempo
  AND status = $1 AND $5::text IS NULL
-- use: pedidos_recentes

-- name: pedidos_lista_cliente (planned anew)
-- returns: pedido
-- the same of a customer: by the index of what few have, along the list for what many have
-- use: pedido_equipe
FROM pedidos_vistos
-- use: pedidos_tempo
  AND ($1::status_pedido IS NULL OR status = $1)
  AND id IN (SELECT pedido_id FROM pedido_clientes WHERE busca LIKE cliente_procurado($5))
-- use: pedidos_recentes

-- name: pedidos_lista_mudanca (planned anew)
-- returns: pedido
-- In the order of changes, for a poller that must miss none. A transaction that has not ended yet may commit later than others that began
-- after it; so changes are in the order of transactions, and none is shown while an older transaction is at work. The first one is
-- the oldest transaction of those near the time that was asked for, because times may be in another order than transactions. Orders
-- that changed under an older release have mudanca 0.
-- use: pedido_equipe
FROM pedidos_vistos
-- use: pedidos_tempo
-- use: pedidos_mudados
ORDER BY mudanca, id LIMIT $9

-- name: pedidos_total_cliente (planned anew)
-- returns: total int
-- of a customer alone without a look at the orders: only confirmed ones are in the table
SELECT CASE WHEN $1::status_pedido IS NULL AND $2::timestamptz IS NULL AND $3::timestamptz IS NULL AND $4::bigint IS NULL
            THEN (SELECT count(*) FROM pedido_clientes WHERE busca LIKE cliente_procurado($5))
            ELSE (SELECT count(*) FROM pedidos
-- use: pedidos_tempo
                  AND ($1 IS NULL OR status = $1)
                  AND id IN (SELECT pedido_id FROM pedido_clientes WHERE busca LIKE cliente_procurado($5))) END AS total

-- name: pedidos_total_mudanca (planned anew)
-- returns: total int
SELECT count(*) AS total FROM pedidos AS pedidos_vistos
-- use: pedidos_tempo
-- use: pedidos_mudados

-- name: pedidos_total (planned anew)
-- returns: total int
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
          AND criado_em < $3) AS total

-- name: pedido_mudar (writes)
-- returns: pedido
-- of version $2 to state $3, by $4, with key $5; nothing when it is not of that version any more
-- use: pedido
FROM pedido_mudar($1, $2, $3, $4, $5)

-- name: pedido_mudar_equipe (writes)
-- returns: pedido
-- use: pedido_equipe
FROM pedido_mudar($1, $2, $3, $4, $5)

-- name: saude (health)
-- returns: grava bool, standby bool, servidor text?
-- whether the server answers and can be written to, whether it is a standby, and its name
SELECT NOT pg_is_in_recovery() AND NOT current_setting('transaction_read_only')::boolean AS grava, pg_is_in_recovery() AS standby,
       nullif(current_setting('cluster_name'), '') AS servidor
