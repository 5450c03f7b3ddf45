-- What happened to a batch of orders, for scripts/archive: the events and the history of those that were finished longest ago, owe nothing and
-- have all their events in the stream. The last step of the history stays. An order without its history is another version, with another
-- tag; it is none of the changes that pollers are to see.
BEGIN;
CREATE TEMPORARY TABLE alvos ON COMMIT DROP AS
SELECT id AS pedido_id, versao, numero FROM pedidos p
WHERE status IN ('entregue', 'cancelado') AND pendencia IS NULL AND arquivado_em IS NULL AND atualizado_em < :'antes'
  AND NOT EXISTS (SELECT FROM eventos e WHERE e.pedido_id = p.id AND e.publicado_em IS NULL)
ORDER BY atualizado_em LIMIT :lote FOR NO KEY UPDATE;
CREATE TEMPORARY TABLE passos ON COMMIT DROP AS
SELECT h.* FROM pedido_historico h JOIN alvos USING (pedido_id)
WHERE h.id < (SELECT max(u.id) FROM pedido_historico u WHERE u.pedido_id = h.pedido_id);
CREATE TEMPORARY VIEW saem AS
SELECT 'historico' AS tabela, numero AS pedido, pedido_id, id, status::text AS o_que, autor, em, to_jsonb(p) - 'pedido_id' AS linha
FROM passos p JOIN alvos USING (pedido_id)
UNION ALL
SELECT 'eventos', numero, e.pedido_id, e.id, e.tipo, NULL, e.criado_em, to_jsonb(e) - 'pedido_id'
FROM eventos e JOIN alvos USING (pedido_id);
SELECT count(*) = 0 AS nada FROM alvos \gset
\if :nada
\q
\endif
SELECT count(*) AS linhas FROM saem \gset
\copy (SELECT * FROM saem ORDER BY pedido, tabela, id) TO PROGRAM 'eval "$ARCHIVE_WRITE"' WITH (FORMAT csv, HEADER)
DELETE FROM eventos e USING alvos a WHERE e.pedido_id = a.pedido_id;
DELETE FROM pedido_historico h USING passos p WHERE h.pedido_id = p.pedido_id AND h.id = p.id;
UPDATE pedidos p SET arquivado_em = now(), versao = p.versao + 1 FROM alvos a WHERE p.id = a.pedido_id;
INSERT INTO arquivos (arquivo, linhas) VALUES (:'arquivo', :linhas);
COMMIT;
\echo :linhas
