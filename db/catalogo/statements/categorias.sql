-- Categories, in the order in which they were made. Every statement but the last returns the category's columns in the order of
-- categoria_fields, then its version; those that change something then say what became of it (`situacao`).

-- row: categoria id int, nome text, descricao text, criado_em time, atualizado_em time, versao int

-- name: categorias_lista
-- returns: categoria
SELECT id, nome, descricao, criado_em, atualizado_em, versao FROM categorias ORDER BY id

-- name: categoria_get
-- returns: categoria
SELECT id, nome, descricao, criado_em, atualizado_em, versao FROM categorias WHERE id = $1

-- name: categoria_criar (writes)
-- returns: categoria?, situacao text, changed bool
-- $3 to $6: who calls, and the key
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM categoria_criar($1, $2, ROW($3::text, $4::text, $5::text, $6::text)::chamada) AS r

-- name: categoria_alterar (writes)
-- returns: categoria?, situacao text, changed bool
-- $4: only of that version, unless NULL
SELECT (r.visto).*, r.situacao, r.mudou AS changed
FROM categoria_alterar($1, $2, $3, $4) AS r

-- name: categoria_apagar (writes)
-- returns: situacao text, changed bool
-- $2: only of that version, unless NULL
SELECT situacao, mudou AS changed FROM categoria_apagar($1, $2)
