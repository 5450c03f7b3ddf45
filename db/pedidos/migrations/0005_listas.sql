-- What lets an operator find an order among a million by its customer. (By number and by change there are indexes already.)

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- A text without accents and case: letters taken apart (NFKD), and what stood above or below them left out.
CREATE FUNCTION sem_acentos(texto text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN lower(regexp_replace(normalize(texto, NFKD), '[\u0300-\u036f]', '', 'g'));

-- What of a customer is searched: name, e-mail, the digits of the telephone, a line each.
CREATE FUNCTION cliente_busca(nome text, email text, telefone text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN sem_acentos(nome) || E'\n' || sem_acentos(email) || E'\n' || regexp_replace(telefone, '[^0-9]', '', 'g');

-- A part of a name, of an e-mail or of a telephone, as a pattern of what cliente_busca() gives. Of what could be a telephone the digits
-- count; NULL, which nothing is like, when there are none.
CREATE FUNCTION cliente_procurado(pedaco text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN '%' || CASE WHEN pedaco ~ '[^0-9 ()+./-]' THEN regexp_replace(sem_acentos(pedaco), '([%_\\])', '\\\1', 'g')
                       ELSE nullif(regexp_replace(pedaco, '[^0-9]', '', 'g'), '') END || '%';

-- Beside pedidos, whose rows change some five times: this one is written once, and a search that must read it all reads little.
CREATE TABLE pedido_clientes (
    pedido_id uuid PRIMARY KEY REFERENCES pedidos,
    busca     text NOT NULL
);
INSERT INTO pedido_clientes
    SELECT id, cliente_busca(cliente_nome, cliente_email, cliente_telefone) FROM pedidos WHERE status >= 'confirmado';
CREATE INDEX pedido_clientes_busca ON pedido_clientes USING gin (busca gin_trgm_ops);
GRANT SELECT, INSERT ON pedido_clientes TO pedidos;

-- reservando → confirmado, at the prices of the reservation. Returns the order, or nothing when it was no longer
-- `reservando`. A line without a price leaves the total NULL, which the table refuses.
CREATE OR REPLACE FUNCTION pedido_confirmar(pedido uuid, produtos integer[], nomes text[], precos numeric[])
    RETURNS SETOF pedidos_vistos
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM pedidos WHERE id = pedido AND status = 'reservando' FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE pedido_itens i SET nome = u.nome, preco_unitario = u.preco
        FROM unnest(produtos, nomes, precos) AS u (produto_id, nome, preco)
        WHERE i.pedido_id = pedido AND i.produto_id = u.produto_id;
    UPDATE pedidos SET status = 'confirmado', pendencia = 'finalizar', atualizado_em = now(), versao = versao + 1,
                       mudanca = pg_current_xact_id(),
                       valor_total = (SELECT CASE WHEN bool_and(preco_unitario IS NOT NULL)
                                                  THEN sum(preco_unitario * quantidade) END
                                      FROM pedido_itens WHERE pedido_id = pedido)
        WHERE id = pedido;
    INSERT INTO pedido_clientes
        SELECT id, cliente_busca(cliente_nome, cliente_email, cliente_telefone) FROM pedidos WHERE id = pedido;
    PERFORM pedido_registrar(pedido, 'cliente');
    RETURN QUERY SELECT * FROM pedidos_vistos WHERE id = pedido;
END $$;
