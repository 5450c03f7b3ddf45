-- What must be true of the orders by themselves; the lines are those of db/catalogo/audit/produtos.sql.
ANALYZE reservas, reserva_itens, marcas, fluxo;
BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- What the catalogue found, now that the orders' numbers are known.
COPY (
    SELECT 'erro', 'exato', teste, chave, replace(texto, '%s', pg_temp.pedido_nome(pedido_id::text))
    FROM erros_de_reserva
) TO STDOUT;

COPY (
    WITH soma AS (
        SELECT p.numero, p.status, p.valor_total, sum(i.preco_unitario * i.quantidade) AS total
        FROM pedidos p LEFT JOIN pedido_itens i ON i.pedido_id = p.id
        WHERE p.status >= 'confirmado' GROUP BY p.id
    )
    SELECT 'teste', 'exato', 'pedidos.total', count(*)::text, 'an order''s total is the sum of its lines' FROM soma
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.total', numero::text,
           format('order %s has valor_total %s, expected the sum of its lines, %s', numero, valor_total,
                  coalesce(total, 0))
    FROM soma WHERE valor_total IS DISTINCT FROM total
) TO STDOUT;

COPY (
    WITH linhas AS (
        SELECT p.numero, p.status, count(i.pedido_id) AS linhas, count(i.preco_unitario) AS com_preco
        FROM pedidos p LEFT JOIN pedido_itens i ON i.pedido_id = p.id GROUP BY p.id
    )
    SELECT 'teste', 'exato', 'pedidos.itens', count(*)::text,
           'every order has lines, with prices once it is confirmed' FROM linhas
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.itens', numero::text,
           format('order %s is %s and has %s lines, %s of them with a price; expected %s', numero, status, linhas,
                  com_preco, CASE WHEN status >= 'confirmado' THEN 'all of some' ELSE 'none of some' END)
    FROM linhas WHERE linhas = 0 OR com_preco <> CASE WHEN status >= 'confirmado' THEN linhas ELSE 0 END
) TO STDOUT;

-- The transitions of fcgi/pedidos/status.c, and the way into them. Of an order whose past was archived only the last step is left.
COPY (
    WITH transicao (de, para, entrega) AS (
        VALUES ('', 'confirmado', NULL), ('confirmado', 'em_preparo', NULL), ('em_preparo', 'pronto', NULL),
               ('pronto', 'em_rota', 'entrega'), ('pronto', 'entregue', 'retirada'), ('em_rota', 'pronto', NULL),
               ('em_rota', 'entregue', NULL),
               ('confirmado', 'cancelado', NULL), ('em_preparo', 'cancelado', NULL), ('pronto', 'cancelado', NULL)
    ), passo AS (
        SELECT pedido_id, id, status::text AS para,
               coalesce(lag(status::text) OVER (PARTITION BY pedido_id ORDER BY id), '') AS de
        FROM pedido_historico
    ), caminho AS (
        SELECT p.numero, p.status::text AS status, string_agg(s.para, ', ' ORDER BY s.id) AS passos,
               (array_agg(s.para ORDER BY s.id DESC))[1] AS ultimo,
               CASE WHEN p.arquivado_em IS NOT NULL THEN count(s.id) = 1
                    ELSE bool_and(EXISTS (SELECT FROM transicao t
                                          WHERE t.de = s.de AND t.para = s.para
                                            AND coalesce(t.entrega, p.entrega_tipo::text) = p.entrega_tipo::text)) END AS legal
        FROM pedidos p LEFT JOIN passo s ON s.pedido_id = p.id
        WHERE p.status >= 'confirmado' OR s.id IS NOT NULL GROUP BY p.id
    )
    SELECT 'teste', 'exato', 'pedidos.historico', count(*)::text,
           'the history is an allowed path to the order''s state' FROM caminho
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.historico', numero::text,
           format('order %s is %s, expected a history of allowed steps that ends there, found: %s', numero, status,
                  coalesce(passos, 'none'))
    FROM caminho WHERE ultimo IS DISTINCT FROM status OR NOT legal
) TO STDOUT;

COPY (
    WITH passado AS (
        SELECT pedido_id, string_agg('pedido.' || status, ', ' ORDER BY id) AS tipos
        FROM pedido_historico WHERE pedido_id NOT IN (SELECT id FROM pedidos WHERE arquivado_em IS NOT NULL) GROUP BY pedido_id
    ), escrito AS (
        SELECT e.pedido_id, string_agg(e.tipo, ', ' ORDER BY e.id) AS tipos,
               bool_and(coalesce((e.dados->>'pedido_id')::uuid = p.id, true) AND (e.dados->>'numero')::bigint = p.numero
                        AND 'pedido.' || (e.dados->>'status') = e.tipo
                        AND (e.dados->>'valor_total')::numeric = p.valor_total) AS verdade
        FROM eventos e JOIN pedidos p ON p.id = e.pedido_id GROUP BY e.pedido_id
    )
    SELECT 'teste', 'exato', 'pedidos.eventos', count(*)::text,
           'one true event in the outbox for each step of the history' FROM eventos
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.eventos', p.numero::text,
           format('order %s: expected the events %s, found %s%s', p.numero, coalesce(h.tipos, 'none'),
                  coalesce(e.tipos, 'none'),
                  CASE WHEN NOT e.verdade THEN ', and their dados are not the order''s' END)
    FROM pedidos p LEFT JOIN passado h ON h.pedido_id = p.id LEFT JOIN escrito e ON e.pedido_id = p.id
    WHERE h.tipos IS DISTINCT FROM e.tipos OR coalesce(e.verdade, h.tipos IS NOT NULL) <> (h.tipos IS NOT NULL)
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'pedidos.pendencia', count(*)::text,
           'what an order still owes goes with its state' FROM pedidos
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.pendencia', numero::text,
           format('order %s is %s and owes %s, expected %s', numero, status, pendencia,
                  CASE WHEN status = 'cancelado' THEN 'devolver or nothing'
                       WHEN status >= 'confirmado' THEN 'finalizar or nothing' ELSE 'nothing' END)
    FROM pedidos
    WHERE pendencia IS NOT NULL
      AND pendencia IS DISTINCT FROM CASE WHEN status = 'cancelado' THEN 'devolver'::pendencia_pedido
                                          WHEN status >= 'confirmado' THEN 'finalizar' END
) TO STDOUT;

-- What no retry ends waits for an operator: scripts/unpark.
COPY (
    SELECT 'teste', 'exato', 'pedidos.parados', count(*)::text, 'no order is parked' FROM pedidos
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.parados', numero::text,
           format('order %s is %s and parked since %s: its end was refused %s times, last by %s; mend that, then run scripts/unpark',
                  numero, status, rfc3339(parado_em), tentativas, parado_motivo)
    FROM pedidos WHERE parado_em IS NOT NULL
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'pedidos.reservas', count(*)::text, 'no reservation is parked' FROM reservas
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.reservas', pedido_id::text,
           format('the reservation of %s is parked since %s: it was refused %s times, last by %s; mend that, then run scripts/unpark',
                  pg_temp.pedido_nome(pedido_id::text), rfc3339(parado_em), tentativas, parado_motivo)
    FROM reservas_paradas WHERE parado_em IS NOT NULL
) TO STDOUT;

COPY (
    WITH contado AS (
        SELECT dia, status, sum(quantos) AS contados FROM pedidos_contados GROUP BY 1, 2
    ), existente AS (
        SELECT coalesce(date_trunc('day', criado_em, 'UTC'), '-infinity') AS dia, status, count(*) AS existem
        FROM pedidos WHERE status >= 'confirmado'
        GROUP BY GROUPING SETS ((date_trunc('day', criado_em, 'UTC'), status), (status))
    ), junto AS (
        SELECT dia, status, coalesce(contados, 0) AS contados, coalesce(existem, 0) AS existem
        FROM contado FULL JOIN existente USING (dia, status)
    )
    SELECT 'teste', 'exato', 'pedidos.contagem', count(*)::text, 'the lists'' totals are counts of what there is' FROM junto
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.contagem', dia::date || ' ' || status,
           format('%s of %s: %s orders are counted, expected %s', status, dia::date, contados, existem)
    FROM junto WHERE contados <> existem
) TO STDOUT;

COPY (
    WITH contado AS (
        SELECT quarto, status, sum(pedidos) AS pedidos, sum(valor) AS valor
        FROM (SELECT * FROM pedidos_resumo
              UNION ALL SELECT quarto_de_hora(criado_em), status, pedidos, valor FROM pedidos_resumo_novas) AS r GROUP BY 1, 2
    ), existente AS (
        SELECT quarto_de_hora(criado_em) AS quarto, status, count(*) AS pedidos, sum(valor_total) AS valor
        FROM pedidos WHERE status >= 'confirmado' GROUP BY 1, 2
    ), junto AS (
        SELECT quarto, status, coalesce(c.pedidos, 0) AS contados, coalesce(c.valor, 0) AS valor_contado,
               coalesce(e.pedidos, 0) AS existem, coalesce(e.valor, 0) AS valor
        FROM contado c FULL JOIN existente e USING (quarto, status)
    )
    SELECT 'teste', 'exato', 'pedidos.resumo', count(*)::text, 'the sales by day are sums of the orders' FROM junto
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.resumo', rfc3339(quarto) || ' ' || status,
           format('%s from %s on: %s orders of %s are counted, expected %s of %s', status, rfc3339(quarto), contados,
                  valor_contado, existem, valor)
    FROM junto WHERE (contados, valor_contado) <> (existem, valor)
) TO STDOUT;

COPY (
    WITH contado AS (
        SELECT inteiro, inicio, produto_id, sum(quantidade) AS quantidade, sum(valor) AS valor
        FROM (SELECT dia_inteiro AS inteiro, inicio, produto_id, quantidade, valor FROM produtos_vendidos
              UNION ALL
              SELECT false, quarto_de_hora(criado_em), produto_id, quantidade, valor FROM produtos_vendidos_novas
              UNION ALL
              SELECT true, date_trunc('day', criado_em, 'UTC'), produto_id, quantidade, valor FROM produtos_vendidos_novas) AS v
        GROUP BY 1, 2, 3
    ), existente AS (
        SELECT inteiro, CASE WHEN inteiro THEN date_trunc('day', p.criado_em, 'UTC') ELSE quarto_de_hora(p.criado_em) END AS inicio,
               i.produto_id, sum(i.quantidade) AS quantidade, sum(i.quantidade * i.preco_unitario) AS valor
        FROM pedidos p JOIN pedido_itens i ON i.pedido_id = p.id, (VALUES (false), (true)) AS nivel (inteiro)
        WHERE pedido_vendido(p.status) GROUP BY 1, 2, 3
    ), junto AS (
        SELECT inteiro, inicio, produto_id, coalesce(c.quantidade, 0) AS contada, coalesce(c.valor, 0) AS valor_contado,
               coalesce(e.quantidade, 0) AS quantidade, coalesce(e.valor, 0) AS valor
        FROM contado c FULL JOIN existente e USING (inteiro, inicio, produto_id)
    )
    SELECT 'teste', 'exato', 'pedidos.vendidos', count(*)::text, 'the products sold are sums of the orders'' lines' FROM junto
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.vendidos', format('%s %s %s', rfc3339(inicio), inteiro, produto_id),
           format('product %s in the %s from %s: %s sold for %s are counted, expected %s for %s', produto_id,
                  CASE WHEN inteiro THEN 'day' ELSE 'quarter of an hour' END, rfc3339(inicio), contada, valor_contado, quantidade, valor)
    FROM junto WHERE (contada, valor_contado) <> (quantidade, valor)
) TO STDOUT;

COPY (
    WITH visto AS (
        SELECT p.numero, p.anonimizado_em, EXISTS (SELECT FROM pedido_clientes c WHERE c.pedido_id = p.id) AS achado
        FROM pedidos p WHERE p.status >= 'confirmado' OR p.anonimizado_em IS NOT NULL
    )
    SELECT 'teste', 'exato', 'pedidos.clientes', count(*)::text,
           'an order is found by its customer until it is anonymised' FROM visto
    UNION ALL
    SELECT 'erro', 'exato', 'pedidos.clientes', numero::text,
           format('order %s was %s: expected %s in pedido_clientes', numero,
                  CASE WHEN anonimizado_em IS NULL THEN 'not anonymised' ELSE 'anonymised at ' || rfc3339(anonimizado_em) END,
                  CASE WHEN achado THEN 'no row' ELSE 'a row' END)
    FROM visto WHERE achado <> (anonimizado_em IS NULL)
) TO STDOUT;

COPY (
    SELECT 'status', status, count(*),
           count(*) FILTER (WHERE status IN ('reservando', 'desfazendo') OR pendencia IS NOT NULL)
    FROM pedidos GROUP BY status ORDER BY status
) TO STDOUT;
