-- Stock, asked and changed by administrators.

-- name: estoque_get
-- returns: estoque int
SELECT estoque FROM produtos WHERE id = $1 AND ativo

-- name: estoque_mudar (writes)
-- returns: produto?, versoes?, situacao text, changed bool
-- the product as in produtos.sql; $4 to $6: the versions that it must have; $7 to $10: who calls, and the key
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM estoque_mudar($1, $2, $3, ROW($4::bigint, $5::bigint, $6::bigint)::produto_versao,
                   ROW($7::text, $8::text, $9::text, $10::text)::chamada) AS r
