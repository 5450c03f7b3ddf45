-- For scripts/audit --settled: nothing is left to be done. One row, which is right as soon as all of it is at once.

COPY (
    WITH resto (quantos, o_que) AS (
        SELECT count(*), 'open reservations' FROM reservas WHERE estado = 'reservada'
        UNION ALL
        SELECT count(*), 'orders ' || status FROM pedidos WHERE status IN ('reservando', 'desfazendo') GROUP BY status
        UNION ALL
        SELECT count(*), 'orders that owe ' || pendencia FROM pedidos WHERE pendencia IS NOT NULL GROUP BY pendencia
        UNION ALL
        SELECT count(*), 'unpublished events' FROM eventos WHERE publicado_em IS NULL
    )
    SELECT 'teste', 'entre', 'quieto', sum(quantos)::text, 'nothing is left to be done' FROM resto
    UNION ALL
    SELECT 'erro', 'entre', 'quieto', '', format('expected nothing left to be done, found %s',
                                               string_agg(quantos || ' ' || o_que, ', '))
    FROM resto WHERE quantos > 0 HAVING count(*) > 0
) TO STDOUT;
