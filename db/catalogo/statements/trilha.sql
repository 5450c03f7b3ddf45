-- The trail of a product: what moved its stock, and who changed its price and whether it is on sale. Newest first.

-- name: movimentos_total
-- returns: total int
-- how many rows product $1 has, counted in the index; no row without such a product
SELECT (SELECT count(*) FROM movimentos m WHERE m.produto_id = p.id) AS total FROM produtos p WHERE p.id = $1

-- name: movimentos_lista
-- returns: id int, tipo text, quantidade int, saldo int, pedido_numero int?, autor text?, em time
-- $2: id of the last row of the page before (NULL: the first page); $3: rows
SELECT id, tipo, quantidade, saldo, pedido_numero, autor, em FROM movimentos
WHERE produto_id = $1 AND id < coalesce($2::bigint, 9223372036854775807) ORDER BY id DESC LIMIT $3

-- name: mudancas_total
-- returns: total int
SELECT (SELECT count(*) FROM mudancas m WHERE m.produto_id = p.id) AS total FROM produtos p WHERE p.id = $1

-- name: mudancas_lista
-- returns: id int, campo text, antes json, depois json, autor text?, em time
SELECT id, campo, antes, depois, autor, em FROM mudancas
WHERE produto_id = $1 AND id < coalesce($2::bigint, 9223372036854775807) ORDER BY id DESC LIMIT $3
