-- Categories, in the order in which they were made.

-- name: categorias_lista
SELECT id, nome, descricao, criado_em, atualizado_em FROM categorias ORDER BY id

-- name: categoria_get
SELECT id, nome, descricao, criado_em, atualizado_em FROM categorias WHERE id = $1

-- name: categoria_criar (writes)
INSERT INTO categorias (nome, descricao) VALUES ($1, coalesce($2, ''))
RETURNING id, nome, descricao, criado_em, atualizado_em

-- name: categoria_alterar (writes)
UPDATE categorias SET nome = $2, descricao = coalesce($3, ''), versao = versao + 1, atualizado_em = now() WHERE id = $1
RETURNING id, nome, descricao, criado_em, atualizado_em

-- name: categoria_apagar (writes)
-- the foreign key of produtos refuses a category in use
DELETE FROM categorias WHERE id = $1
