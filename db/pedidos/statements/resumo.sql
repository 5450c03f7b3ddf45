-- What the staff sees at a glance. Days are those of the shop's zone.

-- name: resumo_periodo
-- returns: desde text, ate text, dias int
-- the days from $1 to $2 in zone $3 as they are meant: to today, 30 days; how many they are
SELECT to_char(desde, 'YYYY-MM-DD') AS desde, to_char(ate, 'YYYY-MM-DD') AS ate, ate - desde + 1 AS dias
FROM (SELECT coalesce($2::date, (now() AT TIME ZONE $3::text)::date) AS ate) AS fim,
     LATERAL (SELECT coalesce($1::date, ate - 29) AS desde) AS inicio

-- name: resumo (planned anew)
-- returns: dias json, produtos json
-- of the days from $1 to $2 in zone $3 all, as JSON, and the products sold most. Of products the whole days (UTC) are added up already,
-- and what is left of the range at both ends in quarters of an hour; what is not added up yet comes to both.
WITH por_dia AS (
    SELECT (quarto AT TIME ZONE $3::text)::date AS dia, status, sum(pedidos) AS pedidos, sum(valor) AS valor
    FROM (SELECT quarto, status, pedidos, valor FROM pedidos_resumo
          WHERE quarto >= $1::date::timestamp AT TIME ZONE $3::text AND quarto < ($2::date + 1)::timestamp AT TIME ZONE $3::text
          UNION ALL
          SELECT criado_em, status, pedidos, valor FROM pedidos_resumo_novas
          WHERE criado_em >= $1::date::timestamp AT TIME ZONE $3::text AND criado_em < ($2::date + 1)::timestamp AT TIME ZONE $3::text) AS r
    GROUP BY 1, 2 HAVING sum(pedidos) <> 0
), dias AS (
    SELECT $1::date + n AS dia, coalesce(sum(pedidos) FILTER (WHERE status <> 'cancelado'), 0) AS pedidos,
           coalesce(sum(valor) FILTER (WHERE status <> 'cancelado'), 0.00) AS valor,
           coalesce(json_object_agg(status, pedidos ORDER BY status) FILTER (WHERE status IS NOT NULL), '{}') AS por_status
    FROM generate_series(0, $2::date - $1::date) AS n LEFT JOIN por_dia ON por_dia.dia = $1::date + n GROUP BY n
), limites AS (
    SELECT inicio, fim, least(date_trunc('day', inicio + interval '1 day - 1 microsecond', 'UTC'), fim) AS primeiro,
           date_trunc('day', fim, 'UTC') AS ultimo
    FROM (SELECT $1::date::timestamp AT TIME ZONE $3::text AS inicio, ($2::date + 1)::timestamp AT TIME ZONE $3::text AS fim) AS periodo
), vendidos AS (
    SELECT produto_id, sum(quantidade) AS quantidade, sum(valor) AS valor
    FROM (SELECT produto_id, quantidade, valor FROM limites, produtos_vendidos v
          WHERE v.dia_inteiro AND v.inicio >= primeiro AND v.inicio < ultimo
          UNION ALL
          SELECT produto_id, quantidade, valor FROM limites, produtos_vendidos v
          WHERE NOT v.dia_inteiro AND v.inicio >= limites.inicio AND v.inicio < primeiro
          UNION ALL
          SELECT produto_id, quantidade, valor FROM limites, produtos_vendidos v
          WHERE NOT v.dia_inteiro AND v.inicio >= greatest(primeiro, ultimo) AND v.inicio < fim
          UNION ALL
          SELECT produto_id, quantidade, valor FROM limites, produtos_vendidos_novas v
          WHERE v.criado_em >= limites.inicio AND v.criado_em < fim) AS v
    GROUP BY produto_id HAVING sum(quantidade) > 0
    ORDER BY quantidade DESC, valor DESC, produto_id LIMIT 20
)
SELECT (SELECT json_agg(json_build_object('dia', to_char(dia, 'YYYY-MM-DD'), 'pedidos', pedidos, 'valor', valor,
                                          'por_status', por_status) ORDER BY dia) FROM dias) AS dias,
       (SELECT coalesce(json_agg(json_build_object('produto_id', v.produto_id, 'nome', nome, 'quantidade', v.quantidade,
                                                   'valor', v.valor) ORDER BY v.quantidade DESC, v.valor DESC, v.produto_id), '[]')
        FROM vendidos v,
             LATERAL (SELECT coalesce((SELECT nome FROM produtos_vendidos_novas n WHERE n.produto_id = v.produto_id
                                       ORDER BY criado_em DESC LIMIT 1),
                                      (SELECT nome FROM produtos_nomes n WHERE n.produto_id = v.produto_id)) AS nome) AS nomes) AS produtos

-- name: producao (planned anew)
-- returns: pedido
-- what is to be made on day $1 in zone $2 (NULL: today), at most $3 orders, in the order of its time: what is late, at a time, some time
-- that day, at no date. An open order is of one of three kinds, each read along the index until there are enough.
WITH quando AS (
    SELECT coalesce($1::date, (now() AT TIME ZONE $2::text)::date) AS dia
), devidos AS (
    (SELECT id AS pedido, entrega_dia AS dia, NULL::timestamptz AS hora, numero AS ordem FROM pedidos
     WHERE status BETWEEN 'confirmado' AND 'em_rota' AND entrega_dia <= (SELECT dia FROM quando)
     ORDER BY entrega_dia, entrega_data, numero LIMIT $3)
    UNION ALL
    (SELECT id, (entrega_data AT TIME ZONE $2::text)::date, entrega_data, numero FROM pedidos
     WHERE status BETWEEN 'confirmado' AND 'em_rota' AND entrega_dia IS NULL
       AND entrega_data < ((SELECT dia FROM quando) + 1)::timestamp AT TIME ZONE $2::text
     ORDER BY entrega_dia, entrega_data, numero LIMIT $3)
    UNION ALL
    (SELECT id, NULL, NULL, numero FROM pedidos
     WHERE status BETWEEN 'confirmado' AND 'em_rota' AND entrega_dia IS NULL AND entrega_data IS NULL
     ORDER BY entrega_dia, entrega_data, numero LIMIT $3)
), primeiros AS MATERIALIZED (
    SELECT * FROM devidos ORDER BY dia, hora, ordem LIMIT $3
)
-- use: pedido_equipe
FROM primeiros JOIN pedidos_vistos ON id = pedido ORDER BY dia, hora, ordem

-- name: producao_total (planned anew)
-- returns: total int
-- all that are due on day $1 in zone $2
SELECT count(*) AS total FROM pedidos
WHERE status BETWEEN 'confirmado' AND 'em_rota'
  AND (entrega_dia IS NULL OR entrega_dia <= coalesce($1::date, (now() AT TIME ZONE $2::text)::date))
  AND (entrega_data IS NULL
       OR entrega_data < (coalesce($1::date, (now() AT TIME ZONE $2::text)::date) + 1)::timestamp AT TIME ZONE $2::text)
