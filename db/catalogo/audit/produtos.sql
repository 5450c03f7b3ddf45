-- The books of each product, and what must be true of them. Every statement prints lines for scripts/audit: `livro`
-- (a line of the table), `teste` (a check: kind, name, rows looked at, what it says) and `erro` (a row that is wrong:
-- kind, check, key, words). Kinds: `exato` is of one snapshot; `entre` compares stores, where a row may be in flight.

-- Three sources: inicial and ajustes are the ledger's, with what scripts/archive took out of it, reservado and vendido the reservations', estoque the shelf's.
CREATE TEMPORARY VIEW livros AS
SELECT p.id, regexp_replace(p.nome, '[[:cntrl:]]', ' ', 'g') AS nome, p.estoque,
       coalesce(m.inicial, 0) + coalesce(a.inicial, 0) AS inicial, coalesce(m.ajustes, 0) + coalesce(a.ajustes, 0) AS ajustes,
       coalesce(m.soma, 0) + coalesce(a.soma, 0) AS soma, coalesce(m.saldo, a.soma, 0) AS saldo,
       coalesce(m.linhas, 0) + coalesce(a.linhas, 0) AS linhas,
       coalesce(r.reservado, 0) AS reservado, coalesce(r.vendido, 0) AS vendido
FROM produtos p
LEFT JOIN (
    SELECT produto_id,
           sum(quantidade) FILTER (WHERE tipo = 'inicial') AS inicial,
           sum(quantidade) FILTER (WHERE tipo = 'ajuste') AS ajustes,
           sum(quantidade) FILTER (WHERE tipo <> 'venda') AS soma,
           (array_agg(saldo ORDER BY id DESC) FILTER (WHERE tipo <> 'venda'))[1] AS saldo,
           count(*) AS linhas
    FROM movimentos GROUP BY produto_id
) AS m ON m.produto_id = p.id
LEFT JOIN movimentos_arquivados a ON a.produto_id = p.id
LEFT JOIN (
    SELECT i.produto_id,
           sum(i.quantidade) FILTER (WHERE r.estado = 'reservada') AS reservado,
           sum(i.quantidade) FILTER (WHERE r.estado = 'confirmada') AS vendido
    FROM reserva_itens i JOIN reservas r USING (pedido_id) GROUP BY i.produto_id
) AS r ON r.produto_id = p.id;

-- Read once, for the table and for each check: this is the whole work of an audit of a large catalogue.
CREATE TEMPORARY TABLE livro (LIKE livros);

BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
INSERT INTO livro SELECT * FROM livros;

-- The products that moved most; a large catalogue's others are in the totals.
COPY (
    WITH mexido AS (
        SELECT *, row_number() OVER (ORDER BY linhas DESC, id) AS lugar FROM livro WHERE linhas > 1
    )
    SELECT 'livro', format('%8s  %s %9s %9s %9s %9s %9s', id, rpad(nome, 32), inicial, ajustes, reservado, vendido,
                           estoque)
    FROM (SELECT * FROM mexido WHERE lugar <= 40 ORDER BY id) AS primeiros
    UNION ALL
    SELECT 'livro', format('%8s  and %s more that moved', '…', count(*))
    FROM mexido WHERE lugar > 40 HAVING count(*) > 0
    UNION ALL
    SELECT 'livro', format('%8s  %s %9s %9s %9s %9s %9s', 'total', rpad(count(*) || ' products', 32),
                           coalesce(sum(inicial), 0), coalesce(sum(ajustes), 0), coalesce(sum(reservado), 0),
                           coalesce(sum(vendido), 0), coalesce(sum(estoque), 0))
    FROM livro
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'catalogo.estoque', count(*)::text,
           'the ledger adds up to the stock, and its last balance is it'
    FROM livro
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.estoque', id::text,
           format('product %s (%s) has estoque %s, expected its ledger''s: it adds up to %s, the last saldo is %s',
                  id, nome, estoque, soma, saldo)
    FROM livro WHERE soma <> estoque OR saldo <> estoque
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'catalogo.identidade', count(*)::text,
           'inicial + ajustes = estoque + reservado + vendido' FROM livro
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.identidade', id::text,
           format('product %s (%s): expected %s (inicial %s + ajustes %s), ', id, nome, inicial + ajustes,
                  inicial, ajustes)
           || format('found %s (estoque %s + reservado %s + vendido %s)', estoque + reservado + vendido,
                     estoque, reservado, vendido)
    FROM livro WHERE inicial + ajustes <> estoque + reservado + vendido
) TO STDOUT;

-- A sale moves nothing, and is written without a lock on the product: its saldo is the stock that it saw, and no link.
COPY (
    WITH elo AS (
        SELECT m.id, produto_id, m.tipo, m.quantidade, m.saldo,
               coalesce(lag(m.saldo) OVER (PARTITION BY produto_id ORDER BY m.id), a.soma, 0) AS antes
        FROM movimentos m LEFT JOIN movimentos_arquivados a USING (produto_id) WHERE m.tipo <> 'venda'
    )
    SELECT 'teste', 'exato', 'catalogo.saldo', count(*)::text,
           'each balance of the ledger is the one before plus what moved'
    FROM elo
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.saldo', id::text,
           format('ledger row %s (product %s, %s %s): expected saldo %s after %s, found %s', id, produto_id, tipo,
                  quantidade, antes + quantidade, antes, saldo)
    FROM elo WHERE saldo <> antes + quantidade
) TO STDOUT;

COPY (
    WITH numero AS (
        SELECT 'product ' || id || ' has estoque ' AS nome, estoque AS valor FROM produtos
        UNION ALL
        SELECT 'ledger row ' || id || ' of product ' || produto_id || ' has saldo ', saldo FROM movimentos
        UNION ALL
        SELECT 'a reservation''s line of product ' || produto_id || ' has quantidade ', quantidade FROM reserva_itens
    )
    SELECT 'teste', 'exato', 'catalogo.negativo', count(*)::text, 'nothing is below zero' FROM numero
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.negativo', nome, format('%s%s, expected nothing below zero', nome, valor)
    FROM numero WHERE valor < 0
) TO STDOUT;

COPY (
    WITH contado AS (
        SELECT categoria_id, em_estoque, reais, sum(quantos) AS contados FROM produtos_contados GROUP BY 1, 2, 3
    ), existente AS (
        SELECT categoria_id, em_estoque, floor(preco)::integer AS reais, count(*) AS existem
        FROM produtos WHERE ativo GROUP BY 1, 2, 3
    ), junto AS (
        SELECT categoria_id, em_estoque, reais, coalesce(contados, 0) AS contados, coalesce(existem, 0) AS existem
        FROM contado FULL JOIN existente USING (categoria_id, em_estoque, reais)
    )
    SELECT 'teste', 'exato', 'catalogo.contagem', count(*)::text, 'the lists'' totals are counts of what there is' FROM junto
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.contagem', categoria_id || ' ' || em_estoque || ' ' || reais,
           format('category %s, %s in stock, R$ %s and centavos: %s active products are counted, expected %s', categoria_id,
                  CASE WHEN em_estoque THEN 'those' ELSE 'those not' END, reais, contados, existem)
    FROM junto WHERE contados <> existem
) TO STDOUT;

COPY (
    SELECT 'teste', 'exato', 'catalogo.fotos', count(*)::text, 'each picture is some product''s' FROM fotos
    UNION ALL
    SELECT 'erro', 'exato', 'catalogo.fotos', url, format('no product has the picture %s', url)
    FROM fotos f WHERE NOT EXISTS (SELECT FROM produtos p WHERE p.foto_url = f.url)
) TO STDOUT;
