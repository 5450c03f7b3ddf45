-- One product. Every statement returns the product's columns in the order of produto_fields, then the two versions of its ETag.

-- name: produto_get
-- $2: inactive ones too
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.versao, c.versao
FROM produtos p JOIN categorias c ON c.id = p.categoria_id
WHERE p.id = $1 AND (p.ativo OR $2::boolean)

-- name: produto_criar (writes)
-- the first stock opens the product's ledger; $8 is who did it
WITH p AS (
    INSERT INTO produtos (nome, descricao, preco, estoque, categoria_id, foto_url, ativo)
    VALUES ($1, coalesce($2, ''), $3, coalesce($4::integer, 0), $5, $6, coalesce($7::boolean, true))
    RETURNING *
), razao AS (
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
    SELECT id, 'inicial', estoque, estoque, $8 FROM p
)
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.versao, c.versao
FROM p JOIN categorias c ON c.id = p.categoria_id

-- name: produto_alterar (writes)
-- NULL leaves a column alone, but foto_url ($6) is set when $7; $10: only if it still is that version; $11 is who did it
WITH antes AS (
    SELECT id, estoque FROM produtos WHERE id = $1 AND ($10::bigint IS NULL OR versao = $10) FOR NO KEY UPDATE
), p AS (
    UPDATE produtos p
    SET nome = coalesce($2, p.nome), descricao = coalesce($3, p.descricao), preco = coalesce($4::numeric, p.preco),
        categoria_id = coalesce($5::integer, p.categoria_id),
        foto_url = CASE WHEN $7::boolean THEN $6 ELSE p.foto_url END,
        ativo = coalesce($8::boolean, p.ativo), estoque = coalesce($9::integer, p.estoque),
        versao = p.versao + 1, atualizado_em = now()
    FROM antes WHERE p.id = antes.id
    RETURNING p.*, antes.estoque AS estoque_antes
), razao AS (
    INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
    SELECT id, 'ajuste', estoque - estoque_antes, estoque, $11 FROM p WHERE estoque <> estoque_antes
)
SELECT p.id, p.nome, p.descricao, p.preco, p.estoque, p.categoria_id, c.nome, p.foto_url, p.ativo,
       p.criado_em, p.atualizado_em, p.versao, c.versao
FROM p JOIN categorias c ON c.id = p.categoria_id
