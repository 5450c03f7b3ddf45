-- Reservations of stock for orders. The rules are the functions of the migration: one statement, one transaction.

-- name: reserva_fazer (writes)
-- situacao (a state, insuficiente or indisponivel), the product that is short and what is left of it; the reservation's time
-- limit and items. $4: the order's number. The limit takes nothing back by itself: past it the conciliador asks what has become of the order.
SELECT situacao, produto, restam, expira, itens FROM reservar($1, $2::integer[], $3::integer[], interval '15 seconds', $4)

-- name: reserva_confirmar (writes)
SELECT reserva_confirmar($1)

-- name: reserva_liberar (writes)
SELECT reserva_liberar($1)

-- name: reserva_get
SELECT pedido_id, estado, expira_em, reserva_itens_json(pedido_id) FROM reservas WHERE pedido_id = $1

-- name: reservas_vencidas
-- open past their time limit; in no order, so that one that cannot be settled does not hold up the others
SELECT pedido_id FROM reservas WHERE estado = 'reservada' AND expira_em < now() ORDER BY random() LIMIT 50
