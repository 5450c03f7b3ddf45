-- Lists of active products. Parameters of all: $1 category, $2 and $3 lowest and highest price, $4 in stock, $5 words, $6 ids,
-- $7 and $8 sort key and id of the last row of the page before (NULL: the first page), $9 rows. The last column is the sort key.

-- name: lista_id
-- by id; $7 is not used
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, NULL
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($8::integer IS NULL OR p.id > $8) AND ($7::text IS NULL OR true)
ORDER BY p.id LIMIT $9

-- name: lista_ids
-- lista_id when nothing but ids was asked: $1 ids, $2 rows. One plan, kept, looks them up; the conditions that might be there
-- above leave a choice between a scan of the table and planning anew each time
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, NULL
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo AND p.id = ANY ($1::integer[])
ORDER BY p.id LIMIT $2

-- name: lista_nome
-- by name, as a Brazilian dictionary sorts
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.nome
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($7::text IS NULL OR (p.nome, p.id) > ($7, $8::integer))
ORDER BY p.nome, p.id LIMIT $9

-- name: lista_preco
-- cheapest first
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.preco
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($7::numeric IS NULL OR (p.preco, p.id) > ($7, $8::integer))
ORDER BY p.preco, p.id LIMIT $9

-- name: lista_preco_desc
-- dearest first
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.preco
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($7::numeric IS NULL OR (p.preco, p.id) < ($7, $8::integer))
ORDER BY p.preco DESC, p.id DESC LIMIT $9

-- name: lista_recentes
-- newest first
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.criado_em
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($7::timestamptz IS NULL OR (p.criado_em, p.id) < ($7, $8::integer))
ORDER BY p.criado_em DESC, p.id DESC LIMIT $9

-- name: lista_relevancia
-- best match first
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, ts_rank(p.busca, consulta_busca($5))
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
  AND ($7::real IS NULL OR (ts_rank(p.busca, consulta_busca($5)), -p.id) < ($7, -$8::integer))
ORDER BY ts_rank(p.busca, consulta_busca($5)) DESC, p.id LIMIT $9

-- name: lista_total
-- how many match, whatever the page
SELECT count(*) FROM produtos p
WHERE p.ativo
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR (p.estoque > 0) = $4)
  AND ($5::text IS NULL OR p.busca @@ consulta_busca($5))
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))
