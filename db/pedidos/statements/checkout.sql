-- The steps of an order. Each returns an order as pedido_fields of pedidos.c reads it.

-- row: pedido id uuid, numero int, status text, itens json?, valor_total money?, cliente json?, entrega json?, observacoes text?, criado_em time
-- row: pedido atualizado_em time, historico json?, pendencia text?, chave text?, corpo_sha256 text?, session_id uuid, carrinho_versao int
-- row: pedido entrega_tipo text, linhas json?, versao int, cancelamento_chave text?, carrinho_retirado int?, mudanca int

-- part: pedido
SELECT id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico,
       pendencia, chave, corpo_sha256, session_id, carrinho_versao, entrega_tipo, linhas, versao,
       cancelamento_chave, carrinho_retirado, mudanca

-- A statement that moves an order locks it by its key, and compares its state after that: a condition on the state may use the index of the
-- unfinished orders, where each order leaves dead entries that an open snapshot keeps.

-- part: trancado
SELECT id, status, pendencia, tentativas FROM pedidos WHERE id = $1 FOR NO KEY UPDATE

-- name: pedido_achar
-- returns: pedido
-- the order of a session ($1) with a key ($2), or of a version ($3) of its cart
-- use: pedido
FROM pedidos_vistos
WHERE status >= 'reservando' AND session_id = $1 AND (chave = $2 OR carrinho_versao = $3::bigint)
ORDER BY chave = $2 DESC NULLS LAST LIMIT 1

-- name: pedido_ultimo
-- returns: pedido
-- the last order of a session that came to be
-- use: pedido
FROM pedidos_vistos WHERE session_id = $1 AND status >= 'confirmado' ORDER BY carrinho_versao DESC LIMIT 1

-- name: pedido_abrir (writes)
-- returns: pedido
-- writes the order down, or finds the one that is there; nothing while an earlier one of this cart has an end to meet
-- use: pedido
FROM pedido_abrir($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- name: pedido_adotar (writes)
-- an order made without a key, asked for again with one, is that key's from then on
UPDATE pedidos SET chave = $2 WHERE id = $1 AND chave IS NULL

-- name: pedido_confirmar (writes)
-- returns: pedido
-- prices, total, state, history and event at once; nothing when the order is not waiting for its reservation any more
-- use: pedido
FROM pedido_confirmar($1, $2, $3, $4)

-- name: pedido_desfazer (writes)
-- the catalogue refused: the order never was
WITH trancado AS MATERIALIZED (
-- use: trancado
)
UPDATE pedidos p SET status = 'desfeito', atualizado_em = now() FROM trancado t WHERE p.id = t.id AND t.status = 'reservando'

-- name: entrega_no_prazo
-- returns: no_prazo bool
-- whether a delivery on a date or at a time ($1) is neither past nor over a year ahead; days are those of zone $2
SELECT CASE WHEN $1::text LIKE '%:%'
            THEN $1::timestamptz BETWEEN now() - interval '5 minutes' AND now() + interval '1 year'
            ELSE $1::date BETWEEN hoje AND hoje + interval '1 year' END AS no_prazo
FROM (SELECT (now() AT TIME ZONE $2::text)::date AS hoje) AS agora
