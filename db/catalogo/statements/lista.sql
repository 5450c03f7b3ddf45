-- Lists of products. Parameters of all: $1 category, $2 and $3 lowest and highest price, $4 in stock, $5 words, $6 ids, $7 on
-- sale, $8 and $9 sort key and id of the last row of the page before (NULL: the first page), $10 rows. The last column is the
-- sort key.
-- All but lista_ids are planned anew for what was asked: which index is right depends on it.

-- part: produto
-- The category's name is looked up for the rows of the page, not joined to all that match.
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id,
       (SELECT c.nome FROM categorias c WHERE c.id = p.categoria_id) AS categoria_nome, p.foto_url, p.ativo, p.criado_em, p.atualizado_em,

-- part: filtro
WHERE ($7::boolean IS NULL OR p.ativo = $7)
  AND ($1::integer IS NULL OR p.categoria_id = $1)
  AND ($2::numeric IS NULL OR p.preco >= $2)
  AND ($3::numeric IS NULL OR p.preco <= $3)
  AND ($4::boolean IS NULL OR p.em_estoque = $4)
  AND ($6::integer[] IS NULL OR p.id = ANY ($6))

-- part: palavras
  AND ($5::text IS NULL OR p.busca @@ (SELECT encontra FROM pergunta_busca($5)))

-- part: ordem
-- The first key is the same for all rows; it only keeps the planner from walking through an index in order until it has met enough
-- rows with the words: it does not know how rare they are, and for a rare one that is the whole catalogue.
ORDER BY ($5::text IS NOT NULL AND p.id < 0),

-- name: lista_id (planned anew)
-- returns: produto, chave text?
-- by id; $8 is not used
-- use: produto
       NULL AS chave
FROM produtos p
-- use: filtro
-- use: palavras
  AND ($9::integer IS NULL OR p.id > $9) AND ($8::text IS NULL OR true)
-- use: ordem
         p.id LIMIT $10

-- name: lista_ids
-- returns: produto, chave text?
-- lista_id when nothing but ids was asked, as a cart does: $1 ids, $2 rows. One plan, kept, looks them up
-- use: produto
       NULL AS chave
FROM produtos p
WHERE p.ativo AND p.id = ANY ($1::integer[])
ORDER BY p.id LIMIT $2

-- name: lista_nome (planned anew)
-- returns: produto, chave text
-- by name, as a Brazilian dictionary sorts
-- use: produto
       p.nome AS chave
FROM produtos p
-- use: filtro
-- use: palavras
  AND ($8::text IS NULL OR (p.nome, p.id) > ($8, $9::integer))
-- use: ordem
         p.nome, p.id LIMIT $10

-- name: lista_preco (planned anew)
-- returns: produto, chave money
-- cheapest first
-- use: produto
       p.preco AS chave
FROM produtos p
-- use: filtro
-- use: palavras
  AND ($8::numeric IS NULL OR (p.preco, p.id) > ($8, $9::integer))
-- use: ordem
         p.preco, p.id LIMIT $10

-- name: lista_preco_desc (planned anew)
-- returns: produto, chave money
-- dearest first
-- use: produto
       p.preco AS chave
FROM produtos p
-- use: filtro
-- use: palavras
  AND ($8::numeric IS NULL OR (p.preco, p.id) < ($8, $9::integer))
-- use: ordem
         p.preco DESC, p.id DESC LIMIT $10

-- name: lista_recentes (planned anew)
-- returns: produto, chave time
-- newest first; ids alone are sorted, since the newest of many matches come last and push each other out of the page
-- use: produto
       p.criado_em AS chave
FROM (SELECT p.id FROM produtos p
-- use: filtro
-- use: palavras
        AND ($8::timestamptz IS NULL OR (p.criado_em, p.id) < ($8, $9::integer))
-- use: ordem
               p.criado_em DESC, p.id DESC LIMIT $10) AS pagina JOIN produtos p USING (id)
ORDER BY p.criado_em DESC, p.id DESC

-- name: lista_relevancia (planned anew)
-- returns: produto, chave int
-- best match first, by id within the parts of pergunta_busca(): one after the other, until the page is full
WITH RECURSIVE pergunta AS MATERIALIZED (
    SELECT graus FROM pergunta_busca($5)
), parte (grau, ids, vagas) AS (
    SELECT coalesce($8::integer, 1) - 1, '{}'::integer[], $10::bigint
    UNION ALL
    SELECT parte.grau + 1,
           ARRAY(SELECT p.id FROM produtos p
-- use: filtro
                   AND p.busca @@ (SELECT graus[parte.grau + 1] FROM pergunta)
                   AND ($9::integer IS NULL OR parte.grau >= $8 OR p.id > $9)
-- use: ordem
                          p.id LIMIT parte.vagas - cardinality(parte.ids)),
           parte.vagas - cardinality(parte.ids)
    FROM parte WHERE parte.grau < 5 AND parte.vagas > cardinality(parte.ids)
)
-- use: produto
       parte.grau AS chave
FROM parte CROSS JOIN unnest(parte.ids) AS achado (id) JOIN produtos p USING (id)
ORDER BY parte.grau, p.id

-- name: lista_contada (planned anew)
-- returns: total int
-- how many on sale match without words and ids, whatever the page: whole reais are counted already, what the bounds cut off is not
SELECT (SELECT coalesce(sum(quantos), 0)::bigint FROM produtos_contados
        WHERE ($1::integer IS NULL OR categoria_id = $1)
          AND ($2::numeric IS NULL OR reais >= ceil($2))
          AND ($3::numeric IS NULL OR reais < floor($3))
          AND ($4::boolean IS NULL OR em_estoque = $4))
     + (SELECT count(*) FROM produtos p
        WHERE p.ativo AND ($1 IS NULL OR p.categoria_id = $1) AND ($4 IS NULL OR p.em_estoque = $4)
          AND p.preco >= $2 AND p.preco < ceil($2) AND ($3 IS NULL OR p.preco <= $3))
     + (SELECT count(*) FROM produtos p
        WHERE p.ativo AND ($1 IS NULL OR p.categoria_id = $1) AND ($4 IS NULL OR p.em_estoque = $4)
          AND p.preco >= greatest(floor($3), ceil($2)) AND p.preco <= $3) AS total

-- name: lista_total (planned anew)
-- returns: total int
-- how many match, counted one by one
SELECT count(*) AS total FROM produtos p
-- use: filtro
-- use: palavras
