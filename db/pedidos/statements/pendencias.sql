-- Orders with an end still to meet: found, ended, undone. Used by the next request of the session and by the conciliador.

-- name: pedido_no_caminho
-- returns: pedido
-- the oldest other order of a session ($1) that may still have goods in version $2 of its cart
-- use: pedido
FROM pedidos_vistos
WHERE session_id = $1 AND status >= 'reservando' AND carrinho_versao <> $2::bigint
  AND (status = 'reservando' OR (pendencia IS NOT NULL AND carrinho_retirado IS NULL))
ORDER BY criado_em LIMIT 1

-- name: pedido_concluir (writes)
-- what was owed ($2) is done, and the goods were out of the cart in its version $3; not waited for on disk: done again it does no harm
WITH sem_espera AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS valor), trancado AS MATERIALIZED (
-- use: trancado
)
UPDATE pedidos p SET pendencia = NULL, tentativas = 0, proxima_tentativa = NULL, parado_em = NULL, parado_motivo = NULL,
                   carrinho_retirado = coalesce(carrinho_retirado, $3::bigint)
FROM sem_espera, trancado t WHERE p.id = t.id AND t.pendencia = $2 AND sem_espera.valor = 'off'

-- name: pedido_desistir (writes)
-- from here on nobody can confirm it; no row when somebody did
WITH trancado AS MATERIALIZED (
-- use: trancado
)
UPDATE pedidos p SET status = 'desfazendo', atualizado_em = now()
FROM trancado t WHERE p.id = t.id AND t.status IN ('reservando', 'desfazendo')

-- name: pedido_desfeito (writes)
-- its reservation is given back: the order never was
WITH trancado AS MATERIALIZED (
-- use: trancado
)
UPDATE pedidos p SET status = 'desfeito', atualizado_em = now(), tentativas = 0, proxima_tentativa = NULL, parado_em = NULL,
                     parado_motivo = NULL
FROM trancado t WHERE p.id = t.id AND t.status = 'desfazendo'

-- name: pedido_falhou (writes)
-- returns: parado bool
-- Not ended: its goods are out of the cart in version $2, if it is known; it was refused ($3), or a failure passes (NULL). A refused
-- one is tried again after 1, 2, 4… seconds, at most an hour, and parked at the sixth try. Whether it was parked just now.
WITH trancado AS MATERIALIZED (
-- use: trancado
)
UPDATE pedidos p SET carrinho_retirado = coalesce(carrinho_retirado, $2::bigint),
                     tentativas = t.tentativas + ($3::text IS NOT NULL)::integer,
                     proxima_tentativa = CASE WHEN $3 IS NULL THEN proxima_tentativa
                                              ELSE now() + least(interval '1 second' * 2 ^ least(t.tentativas, 12), '1 hour') END,
                     parado_motivo = coalesce($3, parado_motivo),
                     parado_em = CASE WHEN $3 IS NOT NULL AND t.tentativas >= 5 THEN coalesce(parado_em, now()) ELSE parado_em END
FROM trancado t WHERE p.id = t.id AND (t.pendencia IS NOT NULL OR t.status = 'desfazendo')
RETURNING parado_em IS NOT DISTINCT FROM now() AND p.tentativas = 6 AS parado

-- name: pendencias (health)
-- returns: inacabados int, parados int, por_publicar int, inacabado_segundos int, reservas_paradas int, por_publicar_segundos int
-- returns: conciliador_segundos int
-- How many orders have an end still to meet, how many of these are parked instead, and how many events are not in the stream yet. Then
-- how old the oldest unfinished order is, how many reservations are parked, how old the oldest such event is (0: there is none), and how long
-- ago the conciliador looked.
SELECT i.quantos AS inacabados, (SELECT count(*) FROM pedidos WHERE parado_em IS NOT NULL) AS parados, e.quantos AS por_publicar,
       coalesce(extract(epoch FROM now() - i.primeiro), 0)::bigint AS inacabado_segundos,
       (SELECT count(*) FROM reservas_paradas WHERE parado_em IS NOT NULL) AS reservas_paradas,
       coalesce(extract(epoch FROM now() - e.primeiro), 0)::bigint AS por_publicar_segundos,
       extract(epoch FROM greatest(now() - olhou_em, '0'))::bigint AS conciliador_segundos
FROM (SELECT count(*) AS quantos, min(criado_em) AS primeiro FROM (
          SELECT criado_em FROM pedidos WHERE status IN ('reservando', 'desfazendo') AND parado_em IS NULL
          UNION ALL
          SELECT criado_em FROM pedidos WHERE pendencia IS NOT NULL AND parado_em IS NULL) AS inacabados) AS i,
     (SELECT count(*) AS quantos, min(criado_em) AS primeiro FROM eventos WHERE publicado_em IS NULL) AS e,
     conciliacao
