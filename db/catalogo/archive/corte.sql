-- What scripts/archive leaves: the moment at which the day begins in the shop's time zone, and the first row of the ledger that is too young or
-- of a reservation that is still open.
SELECT to_char(:'dia'::timestamp AT TIME ZONE :'zona' AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS antes \gset
SELECT :'antes', coalesce(min(m.id), 9223372036854775807)
FROM movimentos m LEFT JOIN reservas r USING (pedido_id)
WHERE m.em >= least(:'antes', now() - interval '1 hour') OR r.estado = 'reservada';
