-- What a million past orders need to be listed as fast as ten.

-- How many orders a client may see, counted as they change: in a state, made on a day (its beginning, UTC), and of all days under
-- -infinity. A change adds rows to _novas, so that nobody waits for anybody; now and then somebody adds those up into the other table.
CREATE TABLE pedidos_contagem (
    dia     timestamptz NOT NULL,
    status  status_pedido NOT NULL,
    quantos bigint NOT NULL,
    PRIMARY KEY (dia, status)
);
CREATE TABLE pedidos_contagem_novas (
    dia     timestamptz NOT NULL,
    status  status_pedido NOT NULL,
    quantos bigint NOT NULL
);
CREATE VIEW pedidos_contados AS
SELECT dia, status, quantos FROM pedidos_contagem
UNION ALL
SELECT dia, status, quantos FROM pedidos_contagem_novas;

-- Writes down that an order is counted otherwise than before. About one change in fifty adds up, unless another is at it.
CREATE FUNCTION pedido_contar() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO pedidos_contagem_novas (dia, status, quantos)
        SELECT dia, status, quantos
        FROM (VALUES (OLD.criado_em, OLD.status, -1), (NEW.criado_em, NEW.status, 1)) AS mudanca (criado_em, status, quantos),
             LATERAL (VALUES (date_trunc('day', criado_em, 'UTC')), ('-infinity')) AS dias (dia)
        WHERE status >= 'confirmado';
    IF random() < 0.02 AND pg_try_advisory_xact_lock(20260102) THEN
        WITH novas AS (
            DELETE FROM pedidos_contagem_novas RETURNING *
        )
        INSERT INTO pedidos_contagem AS c (dia, status, quantos)
            SELECT dia, status, sum(quantos) FROM novas GROUP BY 1, 2 HAVING sum(quantos) <> 0
            ON CONFLICT (dia, status) DO UPDATE SET quantos = c.quantos + excluded.quantos;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER pedido_contar AFTER INSERT ON pedidos
    FOR EACH ROW WHEN (NEW.status >= 'confirmado') EXECUTE FUNCTION pedido_contar();
CREATE TRIGGER pedido_contar_de_novo AFTER UPDATE ON pedidos
    FOR EACH ROW WHEN ((OLD.status, OLD.criado_em) IS DISTINCT FROM (NEW.status, NEW.criado_em)
                       AND (OLD.status >= 'confirmado' OR NEW.status >= 'confirmado'))
    EXECUTE FUNCTION pedido_contar();
CREATE TRIGGER pedido_descontar AFTER DELETE ON pedidos
    FOR EACH ROW WHEN (OLD.status >= 'confirmado') EXECUTE FUNCTION pedido_contar();

INSERT INTO pedidos_contagem (dia, status, quantos)
    SELECT coalesce(date_trunc('day', criado_em, 'UTC'), '-infinity'), status, count(*)
    FROM pedidos WHERE status >= 'confirmado'
    GROUP BY GROUPING SETS ((date_trunc('day', criado_em, 'UTC'), status), (status));

-- An SQL function is parsed and planned at every call, one of PL/pgSQL once a connection.
CREATE OR REPLACE FUNCTION pedido_registrar(pedido uuid, por text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pedido_historico (pedido_id, status, autor) SELECT id, status, por FROM pedidos WHERE id = pedido;
    INSERT INTO eventos (pedido_id, tipo, dados)
        SELECT id, 'pedido.' || status,
               jsonb_build_object('pedido_id', id, 'numero', numero, 'status', status, 'valor_total', valor_total,
                                  'em', rfc3339(now()))
        FROM pedidos WHERE id = pedido;
END $$;

GRANT SELECT ON pedidos_contados TO pedidos;
