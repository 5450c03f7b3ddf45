-- runs with: 0011
-- What the statement `pendencias` reads for the metrics: ages, parked reservations, when the conciliador looked last.

GRANT SELECT (criado_em) ON eventos TO pedidos;
GRANT SELECT (parado_em) ON reservas_paradas TO pedidos;
GRANT SELECT (olhou_em) ON conciliacao TO pedidos;
