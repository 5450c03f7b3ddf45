-- A batch of the changes of prices and sale state for scripts/archive: the oldest ones.
BEGIN;
CREATE TEMPORARY TABLE saem ON COMMIT DROP AS SELECT * FROM mudancas WHERE em < :'antes' ORDER BY id LIMIT :lote;
SELECT count(*) AS linhas, count(*) = 0 AS nada FROM saem \gset
\if :nada
\q
\endif
\copy (SELECT * FROM saem ORDER BY id) TO PROGRAM 'eval "$ARCHIVE_WRITE"' WITH (FORMAT csv, HEADER)
DELETE FROM mudancas m USING saem WHERE m.id = saem.id;
INSERT INTO arquivos (arquivo, linhas) VALUES (:'arquivo', :linhas);
COMMIT;
\echo :linhas
