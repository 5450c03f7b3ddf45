-- Orders, read, listed and moved along. Each returns an order as pedido_fields of pedidos.c reads it.

-- name: pedido_get
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico,
       pendencia, chave, corpo_sha256, session_id, entrega_tipo, linhas
FROM pedidos_vistos WHERE id = $1 AND status >= 'confirmado'

-- name: pedidos_lista
-- newest first: $1 is not used, $2 from, $3 to before, $4 and $5 the last row of the page before, $6 rows
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico,
       pendencia, chave, corpo_sha256, session_id, entrega_tipo, linhas
FROM pedidos_vistos
WHERE status >= 'confirmado' AND $1::status_pedido IS NULL
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)
  AND ($4::timestamptz IS NULL OR (criado_em, id) < ($4, $5::uuid))
ORDER BY criado_em DESC, id DESC LIMIT $6

-- name: pedidos_lista_status
-- the same in one state ($1), by its own index
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico,
       pendencia, chave, corpo_sha256, session_id, entrega_tipo, linhas
FROM pedidos_vistos
WHERE status >= 'confirmado' AND status = $1
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)
  AND ($4::timestamptz IS NULL OR (criado_em, id) < ($4, $5::uuid))
ORDER BY criado_em DESC, id DESC LIMIT $6

-- name: pedidos_total
-- how many match, whatever the page
SELECT count(*) FROM pedidos
WHERE status >= 'confirmado'
  AND ($1::status_pedido IS NULL OR status = $1)
  AND ($2::timestamptz IS NULL OR criado_em >= $2)
  AND ($3::timestamptz IS NULL OR criado_em < $3)

-- name: pedido_mudar (writes)
-- from state $2 to $3, by $4; nothing when it is not in $2 any more
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico,
       pendencia, chave, corpo_sha256, session_id, entrega_tipo, linhas
FROM pedido_mudar($1, $2, $3, $4)

-- name: saude (within 400 ms)
-- whether the server answers and can be written to
SELECT NOT pg_is_in_recovery()
