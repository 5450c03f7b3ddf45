-- Reservations of stock for orders. The rules are the functions of the migration: one statement, one transaction.

-- name: reserva_fazer (writes)
-- returns: situacao text, produto text?, restam int?, expira time?, itens json?
-- situacao (a state, insuficiente or indisponivel), the product that is short and what is left of it; the reservation's time
-- limit and items. $4: the order's number. The limit takes nothing back by itself: past it the conciliador asks what has become of the order.
SELECT situacao, produto, restam, expira, itens FROM reservar($1, $2::integer[], $3::integer[], interval '15 seconds', $4)

-- name: reserva_confirmar (writes)
-- returns: estado text?
SELECT reserva_confirmar($1) AS estado

-- name: reserva_liberar (writes)
-- returns: nada text
SELECT reserva_liberar($1) AS nada

-- name: reserva_get
-- returns: pedido_id uuid, estado text, expira_em time, itens json
SELECT pedido_id, estado, expira_em, reserva_itens_json(pedido_id) AS itens FROM reservas WHERE pedido_id = $1

-- name: reservas_vencidas
-- returns: pedido_id uuid
-- open past their time limit; in no order, so that one that cannot be settled does not hold up the others
SELECT pedido_id FROM reservas WHERE estado = 'reservada' AND expira_em < now() ORDER BY random() LIMIT 50
