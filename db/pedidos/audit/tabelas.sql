-- What scripts/audit loads of the other stores, to be compared with the orders. Nothing here outlives the session.
SET jit = off;
SET work_mem = '64MB';

CREATE TEMPORARY TABLE reservas (pedido_id uuid PRIMARY KEY, estado text NOT NULL);
CREATE TEMPORARY TABLE reserva_itens (
    pedido_id  uuid,
    produto_id integer,
    quantidade integer,
    nome       text,
    preco      numeric(10, 2),
    PRIMARY KEY (pedido_id, produto_id)
);
CREATE TEMPORARY TABLE erros_de_reserva (teste text, pedido_id uuid, chave text, texto text);

-- A cart, with the version that the last order taken out of it was made of; and, of carts of an older release, each order that
-- was taken out. Texts: what others wrote into Redis may be anything.
CREATE TEMPORARY TABLE marcas (sessao text NOT NULL, retirada text, pedido text);

-- The stream. The row of time 0 is no entry: its number says how many entries were taken out.
CREATE TEMPORARY TABLE fluxo (tempo bigint, numero bigint, id text, pedido_id text, tipo text, dados text);

-- How an order is called: by its number; one that is not here by the beginning of its id, which in full is a key.
CREATE FUNCTION pg_temp.pedido_nome(pedido text) RETURNS text
    LANGUAGE sql STABLE
    RETURN coalesce((SELECT 'order ' || numero FROM pedidos
                     WHERE id = CASE WHEN pedido ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'
                                     THEN pedido::uuid END),
                    'the unknown order ' || left(regexp_replace(pedido, '[^0-9A-Za-z-]', '?', 'g'), 8) || '…');

-- The events that the stream must hold once they are published: all, unless entries were taken out of it; else those
-- published after its first entry.
CREATE TEMPORARY VIEW eventos_vivos AS
SELECT e.id, e.pedido_id, e.tipo, e.publicado_em
FROM eventos e
LEFT JOIN (SELECT c.publicado_em, c.id FROM fluxo f JOIN eventos c ON c.id::text = f.id
           WHERE f.tempo > 0 ORDER BY f.tempo, f.numero LIMIT 1) AS primeiro ON true
WHERE e.publicado_em IS NULL OR NOT EXISTS (SELECT FROM fluxo WHERE tempo = 0 AND numero > 0)
   OR (e.publicado_em, e.id) >= (primeiro.publicado_em, primeiro.id);
