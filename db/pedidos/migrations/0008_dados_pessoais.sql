-- Personal data goes when it is not needed any more (LGPD): of orders that never were at once, of finished ones when the setting
-- anonimizar_dias or an operator says so. What was sold, when and for how much stays.

-- Without them an order has no person: what was typed, its hash, and keys, which are texts of the client's choice. id and session_id are
-- random, and the customer's own.
ALTER TABLE pedidos
    ADD anonimizado_em timestamptz,
    ALTER cliente_nome DROP NOT NULL,
    ALTER cliente_email DROP NOT NULL,
    ALTER cliente_telefone DROP NOT NULL,
    ALTER corpo_sha256 DROP NOT NULL,
    DROP CONSTRAINT pedidos_entrega_tem_endereco,
    ADD CONSTRAINT pedidos_dados_pessoais CHECK (
        CASE WHEN anonimizado_em IS NULL
             THEN num_nulls(cliente_nome, cliente_email, cliente_telefone, corpo_sha256) = 0
                  AND (entrega_tipo = 'retirada' OR entrega_endereco IS NOT NULL)
             ELSE num_nonnulls(cliente_nome, cliente_email, cliente_telefone, corpo_sha256, entrega_endereco, observacoes,
                               chave, cancelamento_chave) = 0
                  AND status IN ('desfeito', 'entregue', 'cancelado') END);
CREATE INDEX pedidos_por_anonimizar ON pedidos (status, atualizado_em)
    WHERE anonimizado_em IS NULL AND status IN ('desfeito', 'entregue', 'cancelado');

-- Whether an order is of the person who has this e-mail (without case) or telephone (its digits).
CREATE FUNCTION cliente_confere(email text, telefone text, procurado text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN procurado LIKE '%@%' THEN lower(email) = lower(normalize(procurado, NFC))
                ELSE regexp_replace(telefone, '[^0-9]', '', 'g') = regexp_replace(procurado, '[^0-9]', '', 'g') END;

-- Takes the personal data out of those of the orders that have come to their end; how many they were. An order that a client may see is
-- another version then, with another tag, and is among the changes that pollers see; that it reached its state does not change.
CREATE FUNCTION pedidos_apagar_dados(alvos uuid[]) RETURNS bigint
    LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    quantos bigint;
BEGIN
    UPDATE pedidos SET cliente_nome = NULL, cliente_email = NULL, cliente_telefone = NULL, entrega_endereco = NULL,
                       observacoes = NULL, corpo_sha256 = NULL, chave = NULL, cancelamento_chave = NULL,
                       anonimizado_em = now(), versao = versao + (status >= 'confirmado')::integer,
                       mudanca = CASE WHEN status >= 'confirmado' THEN pg_current_xact_id() ELSE mudanca END
        WHERE id = ANY (alvos) AND anonimizado_em IS NULL AND status IN ('desfeito', 'entregue', 'cancelado');
    GET DIAGNOSTICS quantos = ROW_COUNT;
    DELETE FROM pedido_clientes c USING pedidos p
        WHERE c.pedido_id = ANY (alvos) AND p.id = c.pedido_id AND p.anonimizado_em IS NOT NULL;
    RETURN quantos;
END $$;

-- A batch of orders that never were, and of those that were finished so many days ago (0: none); how many they were.
CREATE FUNCTION pedidos_anonimizar(dias integer, lote integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    alvos uuid[] := '{}';
    estado status_pedido;
BEGIN
    FOREACH estado IN ARRAY ARRAY ['desfeito', 'entregue', 'cancelado']::status_pedido[] LOOP
        alvos := alvos || ARRAY (
            SELECT id FROM pedidos
            WHERE anonimizado_em IS NULL AND status IN ('desfeito', 'entregue', 'cancelado') AND status = estado
              AND atualizado_em <= CASE WHEN estado = 'desfeito' THEN now()
                                        WHEN dias > 0 THEN now() - dias * interval '1 day' ELSE '-infinity' END
            ORDER BY atualizado_em LIMIT lote - cardinality(alvos) FOR UPDATE SKIP LOCKED);
    END LOOP;
    RETURN CASE WHEN alvos = '{}' THEN 0 ELSE pedidos_apagar_dados(alvos) END;
END $$;

-- Least privilege: neither role reads or writes more of an order than its statements do. Only the rule above takes personal data out.
REVOKE EXECUTE ON FUNCTION pedidos_apagar_dados(uuid[]), pedidos_anonimizar(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pedidos_anonimizar(integer, integer) TO conciliador;
REVOKE INSERT, UPDATE ON pedidos FROM pedidos;
GRANT INSERT (id, chave, corpo_sha256, session_id, carrinho_versao, cliente_nome, cliente_email, cliente_telefone, entrega_tipo,
              entrega_endereco, entrega_dia, entrega_data, observacoes) ON pedidos TO pedidos;
GRANT UPDATE (status, pendencia, chave, cancelamento_chave, carrinho_retirado, valor_total, atualizado_em, versao, mudanca, tentativas,
              proxima_tentativa, parado_em, parado_motivo) ON pedidos TO pedidos;
