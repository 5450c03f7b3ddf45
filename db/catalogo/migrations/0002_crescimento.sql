-- What a catalogue of 100,000 products needs to answer as fast as one of 100.

-- A column, because an index may say `em_estoque` without making every sale rewrite the indexes: only its value counts.
ALTER TABLE produtos ADD em_estoque boolean NOT NULL GENERATED ALWAYS AS (estoque > 0) STORED;
CREATE INDEX produtos_esgotados ON produtos (id) WHERE ativo AND NOT em_estoque;

-- A category's products in each order.
CREATE INDEX produtos_categoria_nome ON produtos (categoria_id, nome, id) WHERE ativo;
CREATE INDEX produtos_categoria_preco ON produtos (categoria_id, preco, id) WHERE ativo;
CREATE INDEX produtos_categoria_recentes ON produtos (categoria_id, criado_em, id) WHERE ativo;

-- Only what is searched, so that matches can be counted in the index.
DROP INDEX produtos_busca;
CREATE INDEX produtos_busca ON produtos USING gin (busca) WHERE ativo;

-- How many active products there are, counted as they change: of a category, in stock or not, by whole reais of the price. A change
-- adds a row to _novas, so that nobody waits for anybody; now and then somebody adds those up into the other table.
CREATE TABLE produtos_contagem (
    categoria_id integer NOT NULL,
    em_estoque   boolean NOT NULL,
    reais        integer NOT NULL,
    quantos      bigint NOT NULL,
    PRIMARY KEY (categoria_id, em_estoque, reais)
);
CREATE TABLE produtos_contagem_novas (
    categoria_id integer NOT NULL,
    em_estoque   boolean NOT NULL,
    reais        integer NOT NULL,
    quantos      bigint NOT NULL
);
CREATE VIEW produtos_contados AS
SELECT categoria_id, em_estoque, reais, quantos FROM produtos_contagem
UNION ALL
SELECT categoria_id, em_estoque, reais, quantos FROM produtos_contagem_novas;

-- Writes down what a statement has changed of the counts: nothing at all for a sale, but the one that empties the shelf. About one
-- change in fifty adds up, unless another is at it.
CREATE FUNCTION produtos_contar() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO produtos_contagem_novas (categoria_id, em_estoque, reais, quantos)
            SELECT categoria_id, em_estoque, floor(preco), count(*) FROM depois WHERE ativo GROUP BY 1, 2, 3;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO produtos_contagem_novas (categoria_id, em_estoque, reais, quantos)
            SELECT categoria_id, em_estoque, floor(preco), -count(*) FROM antes WHERE ativo GROUP BY 1, 2, 3;
    ELSE
        INSERT INTO produtos_contagem_novas (categoria_id, em_estoque, reais, quantos)
            SELECT categoria_id, em_estoque, floor(preco), sum(quantos)
            FROM (SELECT categoria_id, em_estoque, preco, -1 AS quantos FROM antes WHERE ativo
                  UNION ALL
                  SELECT categoria_id, em_estoque, preco, 1 FROM depois WHERE ativo) AS mudanca
            GROUP BY 1, 2, 3 HAVING sum(quantos) <> 0;
    END IF;
    IF FOUND AND random() < 0.02 AND pg_try_advisory_xact_lock(20260102) THEN
        WITH novas AS (
            DELETE FROM produtos_contagem_novas RETURNING *
        )
        INSERT INTO produtos_contagem AS c (categoria_id, em_estoque, reais, quantos)
            SELECT categoria_id, em_estoque, reais, sum(quantos) FROM novas GROUP BY 1, 2, 3 HAVING sum(quantos) <> 0
            ON CONFLICT (categoria_id, em_estoque, reais) DO UPDATE SET quantos = c.quantos + excluded.quantos;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER produtos_novos AFTER INSERT ON produtos REFERENCING NEW TABLE AS depois
    FOR EACH STATEMENT EXECUTE FUNCTION produtos_contar();
CREATE TRIGGER produtos_mudados AFTER UPDATE ON produtos REFERENCING OLD TABLE AS antes NEW TABLE AS depois
    FOR EACH STATEMENT EXECUTE FUNCTION produtos_contar();
CREATE TRIGGER produtos_apagados AFTER DELETE ON produtos REFERENCING OLD TABLE AS antes
    FOR EACH STATEMENT EXECUTE FUNCTION produtos_contar();

INSERT INTO produtos_contagem (categoria_id, em_estoque, reais, quantos)
    SELECT categoria_id, em_estoque, floor(preco), count(*) FROM produtos WHERE ativo GROUP BY 1, 2, 3;

-- Plans that are made once a connection and not once an order: an SQL function is parsed and planned at every call, and the
-- planner makes a new plan for the arrays of reservar() each time, hoping for a better one.
CREATE OR REPLACE FUNCTION reserva_itens_json(pedido uuid) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(json_agg(json_build_object('produto_id', i.produto_id, 'nome', i.nome, 'preco', i.preco,
                                                       'quantidade', i.quantidade) ORDER BY i.produto_id), '[]')
            FROM reserva_itens i WHERE i.pedido_id = pedido);
END $$;
ALTER FUNCTION reservar SET plan_cache_mode = force_generic_plan;

GRANT SELECT ON produtos_contados TO catalogo, catalogo_leitura;
