-- Stock, asked and changed by administrators.

-- name: estoque_get
SELECT estoque FROM produtos WHERE id = $1 AND ativo

-- name: estoque_ajustar (writes)
-- the new stock; NULL: no such product; -1: it would leave 0..2^31-1
SELECT estoque_ajustar($1, $2, $3, $4)
