-- A batch of the ledger for scripts/archive: its oldest rows before row `corte`. The rest of each product's ledger goes on from the sums of what
-- went.
BEGIN;
CREATE TEMPORARY TABLE saem ON COMMIT DROP AS
SELECT * FROM movimentos WHERE id < :corte ORDER BY id LIMIT :lote;
SELECT count(*) AS linhas, count(*) = 0 AS nada FROM saem \gset
\if :nada
\q
\endif
\copy (SELECT * FROM saem ORDER BY id) TO PROGRAM 'eval "$ARCHIVE_WRITE"' WITH (FORMAT csv, HEADER)
INSERT INTO movimentos_arquivados AS a (produto_id, ate_id, antes_de, linhas, inicial, ajustes, soma)
    SELECT produto_id, max(id), :'antes', count(*),
           coalesce(sum(quantidade) FILTER (WHERE tipo = 'inicial'), 0),
           coalesce(sum(quantidade) FILTER (WHERE tipo = 'ajuste'), 0),
           coalesce(sum(quantidade) FILTER (WHERE tipo <> 'venda'), 0)
    FROM saem GROUP BY produto_id
    ON CONFLICT (produto_id) DO UPDATE
        SET ate_id = excluded.ate_id, antes_de = greatest(a.antes_de, excluded.antes_de), linhas = a.linhas + excluded.linhas,
            inicial = a.inicial + excluded.inicial, ajustes = a.ajustes + excluded.ajustes, soma = a.soma + excluded.soma;
DELETE FROM movimentos m USING saem WHERE m.id = saem.id;
INSERT INTO arquivos (arquivo, linhas) VALUES (:'arquivo', :linhas);
COMMIT;
\echo :linhas
