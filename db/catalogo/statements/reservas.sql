-- Reservations of stock for orders. The rules are the functions of the migration: one statement, one transaction.

-- name: reserva_fazer (writes)
-- situacao (a state, insuficiente or indisponivel), the product that is short and what is left of it
SELECT situacao, produto, restam FROM reservar($1, $2::integer[], $3::integer[], interval '2 minutes')

-- name: reserva_confirmar (writes)
SELECT reserva_confirmar($1)

-- name: reserva_liberar (writes)
SELECT reserva_liberar($1)

-- name: reserva_get
SELECT pedido_id, estado, expira_em,
       (SELECT coalesce(json_agg(json_build_object('produto_id', i.produto_id, 'nome', i.nome, 'preco', i.preco,
                                                   'quantidade', i.quantidade) ORDER BY i.produto_id), '[]')
        FROM reserva_itens i WHERE i.pedido_id = r.pedido_id)
FROM reservas r WHERE pedido_id = $1
