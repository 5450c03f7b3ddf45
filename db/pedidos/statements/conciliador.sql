-- What the conciliador looks for, and what it writes down.

-- part: pedido_por_terminar
-- an order without what only its customer and the staff are to know
SELECT id, numero, status, NULL::json AS itens, NULL::numeric AS valor_total, NULL::json AS cliente, NULL::json AS entrega, NULL AS observacoes, criado_em, atualizado_em,
       NULL::json AS historico, pendencia, NULL AS chave, NULL AS corpo_sha256, session_id, carrinho_versao, entrega_tipo, linhas, versao,
       NULL AS cancelamento_chave, carrinho_retirado, mudanca

-- name: conciliador_vez
-- returns: vez bool
-- whether this connection is the one that works: holds the lock, or just got it. It goes with the connection.
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                                      AND (classid, objid) = (0, 20260101))
       OR pg_try_advisory_lock(20260101) AS vez

-- name: pedidos_inacabados
-- returns: pedido
-- left alone for $1 ms, and not to be left alone for longer; in no order, so that one that fails does not hold up the others
-- use: pedido_por_terminar
FROM pedidos_por_terminar
WHERE (status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL)
  AND atualizado_em < now() - $1::integer * interval '1 millisecond'
  AND (proxima_tentativa IS NULL OR proxima_tentativa <= now())
ORDER BY random() LIMIT 50

-- name: pedido_qualquer
-- returns: pedido
-- whatever has become of it
-- use: pedido_por_terminar
FROM pedidos_por_terminar WHERE id = $1

-- name: pedidos_anonimizar (writes)
-- returns: quantos int
-- takes the personal data out of at most $2 orders: those that never were, and those that were finished $1 days ago (0: none); how many
SELECT pedidos_anonimizar($1, $2) AS quantos

-- name: eventos_por_publicar
-- returns: eventos json, ids text, quantos int, ultimo int, xmin int
-- The next ones after id $1, at most $2, as JSON, without what opens an order, which those of an older release hold; their ids, how many, the
-- last id, and the oldest transaction that is still at work. $1: what is marked as published stays in the index while a snapshot is open.
SELECT coalesce(json_agg(json_build_object('id', e.id::text, 'tipo', e.tipo, 'dados', (e.dados - 'pedido_id')::text) ORDER BY e.id), '[]') AS eventos,
       coalesce(array_agg(e.id), '{}') AS ids, count(*) AS quantos, coalesce(max(e.id), 0) AS ultimo,
       pg_snapshot_xmin(pg_current_snapshot()) AS xmin
FROM (SELECT id, tipo, dados FROM eventos WHERE publicado_em IS NULL AND id > $1 ORDER BY id LIMIT $2) AS e

-- name: eventos_publicados (writes)
-- returns: transacao int, quantos int
-- this transaction: it is younger than all that have drawn a lower id than the last one of these
WITH publicados AS (
    UPDATE eventos SET publicado_em = now() WHERE id = ANY ($1::bigint[]) AND publicado_em IS NULL RETURNING id
)
SELECT pg_current_xact_id() AS transacao, count(*) AS quantos FROM publicados

-- name: reservas_a_vez
-- returns: id uuid
-- those of $1 that are not to be left alone for longer
SELECT u.id FROM unnest($1::uuid[]) AS u (id)
WHERE NOT EXISTS (SELECT FROM reservas_paradas r WHERE r.pedido_id = u.id AND r.proxima_tentativa > now())

-- name: reserva_falhou (writes)
-- returns: parado bool
-- Refused ($2): tried again as an order is (pedido_falhou), and parked at the sixth try. Whether it was parked just now.
INSERT INTO reservas_paradas AS r (pedido_id, tentativas, proxima_tentativa, parado_motivo) VALUES ($1, 1, now() + interval '1 second', $2)
ON CONFLICT (pedido_id) DO UPDATE
    SET tentativas = r.tentativas + 1, parado_motivo = excluded.parado_motivo,
        proxima_tentativa = now() + least(interval '1 second' * 2 ^ least(r.tentativas, 12), '1 hour'),
        parado_em = CASE WHEN r.tentativas >= 5 THEN coalesce(r.parado_em, now()) END
RETURNING coalesce(parado_em = now() AND tentativas = 6, false) AS parado

-- name: reservas_acertadas (writes)
-- returns: nada text
-- settled, so that nothing is to be remembered of it; NULL: no reservation is open past its limit
SELECT reservas_acertadas($1) AS nada

-- name: conciliacao_somar (writes)
-- ended, undone, reservations settled, events published; not waited for on disk
WITH sem_espera AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS valor)
UPDATE conciliacao SET concluidos = concluidos + $1::bigint, desfeitos = desfeitos + $2::bigint,
                       reservas = reservas + $3::bigint, publicados = publicados + $4::bigint, olhou_em = now()
FROM sem_espera WHERE sem_espera.valor = 'off'
