-- After this database went back to an earlier moment (scripts/restore --to): what Redis has of orders that are none any more, and what
-- it lacks. Says, a line each, which carts and which entries of the stream are to go. audit/tabelas.sql has loaded both.

BEGIN;

-- A number that was given to somebody is not given again: consumers know events by their ids, customers their orders by number. The stream
-- has what was published; the thousand is for what was not yet.
SELECT setval(pg_get_serial_sequence('eventos', 'id'),
              greatest(nextval(pg_get_serial_sequence('eventos', 'id')), coalesce(max(id::bigint), 0)) + 1000)
FROM fluxo WHERE id ~ '^[0-9]{1,18}$';
SELECT setval(pg_get_serial_sequence('pedidos', 'numero'),
              greatest(nextval(pg_get_serial_sequence('pedidos', 'numero')),
                       coalesce(max(substring(dados FROM '"numero": ?([0-9]{1,18})[,}]')::bigint), 0)) + 1000)
FROM fluxo;

-- The conciliador publishes again what the stream has not.
UPDATE eventos e SET publicado_em = NULL FROM eventos_vivos v
WHERE v.id = e.id AND v.publicado_em IS NOT NULL AND NOT EXISTS (SELECT FROM fluxo f WHERE f.id = v.id::text);

COPY (
    SELECT 'fluxo', f.tempo || '-' || f.numero FROM fluxo f
    WHERE f.tempo > 0 AND NOT EXISTS (SELECT FROM eventos e WHERE e.id::text = f.id)
      AND NOT EXISTS (SELECT FROM pedidos p WHERE p.arquivado_em IS NOT NULL
                      AND p.numero = substring(f.dados FROM '"numero": ?([0-9]{1,18})[,}]')::bigint)
) TO STDOUT;

-- A cart that an order was taken out of which is none, or not yet one; and one that an order should have been taken out of.
COPY (
    SELECT DISTINCT 'carrinho', m.sessao FROM marcas m
    WHERE m.sessao ~ '^[0-9a-f-]{36}$'
      AND (m.retirada IS NOT NULL AND NOT EXISTS (SELECT FROM pedidos p WHERE p.session_id::text = m.sessao
                                                  AND p.carrinho_versao::text = m.retirada AND p.status >= 'confirmado')
           OR m.pedido IS NOT NULL AND NOT EXISTS (SELECT FROM pedidos p WHERE p.session_id::text = m.sessao
                                                   AND p.id::text = m.pedido AND p.status >= 'confirmado')
           OR EXISTS (SELECT FROM pedidos p WHERE p.session_id::text = m.sessao AND p.status >= 'confirmado'
                      AND p.pendencia IS NULL AND p.carrinho_versao > CASE WHEN m.retirada ~ '^[0-9]{1,18}$' THEN m.retirada::bigint ELSE 0 END
                      AND m.pedido IS NULL))
) TO STDOUT;

COMMIT;
