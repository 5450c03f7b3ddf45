-- What the conciliador looks for, and what it writes down.

-- part: pedido_por_terminar
-- an order without what only its customer and the staff are to know
SELECT id, numero, status, NULL AS itens, NULL AS valor_total, NULL AS cliente, NULL AS entrega, NULL AS observacoes, criado_em, atualizado_em,
       NULL AS historico, pendencia, NULL AS chave, NULL AS corpo_sha256, session_id, carrinho_versao, entrega_tipo, linhas, versao,
       NULL AS cancelamento_chave, carrinho_retirado, mudanca

-- name: conciliador_vez
-- whether this connection is the one that works: holds the lock, or just got it. It goes with the connection.
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                                      AND (classid, objid) = (0, 20260101))
       OR pg_try_advisory_lock(20260101)

-- name: pedidos_inacabados
-- left alone for $1 ms, and not to be left alone for longer; in no order, so that one that fails does not hold up the others
-- use: pedido_por_terminar
FROM pedidos_por_terminar
WHERE (status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL)
  AND atualizado_em < now() - $1::integer * interval '1 millisecond'
  AND (proxima_tentativa IS NULL OR proxima_tentativa <= now())
ORDER BY random() LIMIT 50

-- name: pedido_qualquer
-- whatever has become of it
-- use: pedido_por_terminar
FROM pedidos_por_terminar WHERE id = $1

-- name: pedidos_anonimizar (writes)
-- takes the personal data out of at most $2 orders: those that never were, and those that were finished $1 days ago (0: none); how many
SELECT pedidos_anonimizar($1, $2)

-- name: eventos_por_publicar
-- the next ones as JSON, without what opens an order, which those of an older release hold; their ids, how many
SELECT coalesce(json_agg(json_build_object('id', e.id::text, 'tipo', e.tipo, 'dados', (e.dados - 'pedido_id')::text) ORDER BY e.id), '[]'),
       coalesce(array_agg(e.id), '{}'), count(*)
FROM (SELECT id, tipo, dados FROM eventos WHERE publicado_em IS NULL ORDER BY id LIMIT 200) AS e

-- name: eventos_publicados (writes)
UPDATE eventos SET publicado_em = now() WHERE id = ANY ($1::bigint[]) AND publicado_em IS NULL

-- name: conciliacao_somar (writes)
-- ended, undone, reservations settled, events published; not waited for on disk
WITH sem_espera AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS valor)
UPDATE conciliacao SET concluidos = concluidos + $1::bigint, desfeitos = desfeitos + $2::bigint,
                       reservas = reservas + $3::bigint, publicados = publicados + $4::bigint, olhou_em = now()
FROM sem_espera WHERE sem_espera.valor = 'off'
