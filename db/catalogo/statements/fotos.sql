-- Pictures of products.

-- name: foto_ler
-- returns: tipo text, bytes bytes
SELECT tipo, bytes FROM fotos WHERE url = $1

-- name: foto_trocar (writes)
-- returns: produto?, versoes?, situacao text, changed bool
-- the product as in produtos.sql; $2 and $3: media type and bytes, NULL takes the picture away; $4 to $6: the versions that it must
-- have; $7: who did it
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM produto_foto($1, $2, $3::bytea, ROW($4::bigint, $5::bigint, $6::bigint)::produto_versao, $7) AS r
