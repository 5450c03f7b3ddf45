-- Orders against Redis, read in another moment: the stream of their events, and the carts that they were taken out of.

COPY (
    WITH publicado AS (SELECT * FROM eventos_vivos WHERE publicado_em IS NOT NULL)
    SELECT 'teste', 'entre', 'fluxo.publicados', count(*)::text,
           'an event marked as published is in the stream' FROM publicado
    UNION ALL
    SELECT 'erro', 'entre', 'fluxo.publicados', id::text,
           format('event %s (%s of %s) is published: expected it in the stream pedidos:eventos, found it missing',
                  id, tipo, pg_temp.pedido_nome(pedido_id::text))
    FROM publicado WHERE NOT EXISTS (SELECT FROM fluxo f WHERE f.id = publicado.id::text)
) TO STDOUT;

-- An event may come twice; the first time counts.
COPY (
    WITH primeira AS (
        SELECT e.id, e.pedido_id, min(f.lugar) AS lugar
        FROM (SELECT id, row_number() OVER (ORDER BY tempo, numero) AS lugar FROM fluxo) AS f
        JOIN eventos_vivos e ON e.id::text = f.id GROUP BY e.id, e.pedido_id
    ), ordem AS (
        SELECT id, pedido_id, lag(id) OVER (PARTITION BY pedido_id ORDER BY lugar) AS antes FROM primeira
    )
    SELECT 'teste', 'entre', 'fluxo.ordem', count(*)::text,
           'an order''s events are in the stream in their order' FROM ordem
    UNION ALL
    SELECT 'erro', 'entre', 'fluxo.ordem', id::text,
           format('event %s of %s: expected in the stream before event %s, found after it', id,
                  pg_temp.pedido_nome(pedido_id::text), antes)
    FROM ordem WHERE id < antes
) TO STDOUT;

-- Entries of an older release name their order's id, too. The events of an order that was archived are in a file now.
COPY (
    WITH entrada AS (
        SELECT f.tempo || '-' || f.numero AS nome, f.tipo, coalesce(f.pedido_id, e.pedido_id::text) AS pedido_id, e.id,
               (f.tipo, f.dados) IS NOT DISTINCT FROM (e.tipo, (e.dados - 'pedido_id')::text)
               AND f.pedido_id IS NULL
               OR (f.pedido_id, f.tipo, f.dados) IS NOT DISTINCT FROM (e.pedido_id::text, e.tipo, e.dados::text) AS igual
        FROM fluxo f LEFT JOIN eventos e ON e.id::text = f.id
        WHERE f.tempo > 0
          AND (e.id IS NOT NULL
               OR NOT EXISTS (SELECT FROM pedidos p
                              WHERE p.arquivado_em IS NOT NULL
                                AND (p.id::text = f.pedido_id
                                     OR p.numero = substring(f.dados FROM '"numero": ?([0-9]{1,18})[,}]')::bigint)))
    )
    SELECT 'teste', 'entre', 'fluxo.estranhos', count(*)::text,
           'what is in the stream is an event of the outbox' FROM entrada
    UNION ALL
    SELECT 'erro', 'entre', 'fluxo.estranhos', nome,
           format('entry %s of the stream (%s of %s): expected %s', nome, coalesce(tipo, 'no tipo'),
                  coalesce(pg_temp.pedido_nome(pedido_id), 'no order'),
                  CASE WHEN id IS NULL THEN 'an event with its id, found none'
                       ELSE format('what event %s says, found other fields', id) END)
    FROM entrada WHERE id IS NULL OR NOT igual
) TO STDOUT;

-- A cart lives a day; whatever it remembers, it remembers as long. Orders leave a cart in the order of the versions that they were
-- made of, so the last of those stands for all (db/carrinho/retirar.lua).
COPY (
    WITH carrinho AS (
        SELECT sessao, max(CASE WHEN retirada ~ '^[0-9]{1,18}$' THEN retirada::bigint END) AS retirada,
               array_agg(pedido) AS marcados
        FROM marcas GROUP BY sessao
    ), concluido AS (
        SELECT p.numero, p.id::text = ANY (c.marcados) OR p.carrinho_versao <= c.retirada AS marcado
        FROM pedidos p JOIN carrinho c ON c.sessao = p.session_id::text
        WHERE p.status >= 'confirmado' AND p.pendencia IS NULL
    )
    SELECT 'teste', 'entre', 'carrinho.marcas', count(*)::text,
           'a cart knows which orders were taken out of it' FROM concluido
    UNION ALL
    SELECT 'erro', 'entre', 'carrinho.marcas', numero::text,
           format('order %s owes nothing: expected its mark in its cart, found the cart without it', numero)
    FROM concluido WHERE marcado IS NOT TRUE
) TO STDOUT;

COPY (
    WITH marca AS (
        SELECT DISTINCT m.sessao, m.pedido, p.id, p.status, p.session_id::text = m.sessao AS dela
        FROM marcas m LEFT JOIN pedidos p ON p.id::text = m.pedido WHERE m.pedido IS NOT NULL
    ), ultima AS (
        SELECT m.sessao, m.retirada, p.id
        FROM marcas m LEFT JOIN pedidos p ON p.session_id::text = m.sessao AND p.carrinho_versao::text = m.retirada
                                         AND p.status >= 'confirmado'
        WHERE m.retirada IS NOT NULL
    )
    SELECT 'teste', 'entre', 'carrinho.alheias', ((SELECT count(*) FROM marca) + (SELECT count(*) FROM ultima))::text,
           'a cart''s marks are of orders of its session'
    UNION ALL
    SELECT 'erro', 'entre', 'carrinho.alheias', md5(sessao || pedido),
           format('a cart has the mark of %s: expected a confirmed order of that cart, found %s',
                  pg_temp.pedido_nome(pedido),
                  CASE WHEN id IS NULL THEN 'no such order' WHEN NOT dela THEN 'one of another cart'
                       ELSE 'it is ' || status END)
    FROM marca WHERE id IS NULL OR NOT dela OR status < 'confirmado'
    UNION ALL
    SELECT 'erro', 'entre', 'carrinho.alheias', md5(sessao || retirada),
           format('a cart has the mark of an order of its version %s: expected a confirmed order of that version, found none',
                  left(regexp_replace(retirada, '[^0-9]', '?', 'g'), 20))
    FROM ultima WHERE id IS NULL
) TO STDOUT;
