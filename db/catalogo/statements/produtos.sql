-- One product. Every statement returns the product's columns in the order of produto_fields, then the three versions of its ETag;
-- those that change something then say what became of it (`situacao`).

-- row: produto id int, nome text, descricao text, preco money, estoque int, categoria_id int, categoria_nome text, foto_url text?
-- row: produto ativo bool, criado_em time, atualizado_em time
-- row: versoes versao int, versao_categoria int, versao_estoque int

-- name: produto_get
-- returns: produto, versoes
-- $2: inactive ones too
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome AS categoria_nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.versao, c.versao AS versao_categoria, p.versao_estoque
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.id = $1 AND (p.ativo OR $2::boolean)

-- name: produto_criar (writes)
-- returns: produto?, versoes?, situacao text, changed bool
-- $1 to $7: the product; $8 to $11: who calls, and the key
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM produto_criar(ROW($1::text, $2::text, $3::numeric, $4::bigint, $5::integer, $6::text, $7::boolean)::produto_dados,
                   ROW($8::text, $9::text, $10::text, $11::text)::chamada) AS r

-- name: produto_alterar (writes)
-- returns: produto?, versoes?, situacao text, changed bool
-- $2 to $8: NULL leaves a column alone, but foto_url ($7) is set when $9; $10 to $12: the versions that it must have; $13 is who
-- did it
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM produto_alterar($1, ROW($2::text, $3::text, $4::numeric, $5::bigint, $6::integer, $7::text, $8::boolean)::produto_dados, $9,
                     ROW($10::bigint, $11::bigint, $12::bigint)::produto_versao, $13) AS r
