-- What each role may do, all of it, in one place: what its statements (db/pedidos/statements) do, and no more. tests/system/test_papeis.py
-- takes away one privilege after the other and finds a statement that needs it. A later migration grants what its new statements need.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM pedidos, conciliador;
DO $$
DECLARE
    funcao regprocedure;
BEGIN
    FOR funcao IN SELECT oid FROM pg_proc WHERE proowner = current_user::regrole LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, pedidos, conciliador', funcao);
    END LOOP;
END $$;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- What makes an order, gives it a price, writes its history or an event does so as the owner of the tables.
ALTER FUNCTION pedido_abrir SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION pedido_confirmar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION pedido_mudar SECURITY DEFINER SET search_path = public, pg_temp;
GRANT EXECUTE ON FUNCTION pedido_abrir, pedido_confirmar, pedido_mudar TO pedidos;

-- The right to delete is one of the whole table, and with it goes the right to lock it.
CREATE FUNCTION reservas_acertadas(reserva uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM reservas_paradas WHERE pedido_id = reserva OR reserva IS NULL;
END $$;
GRANT EXECUTE ON FUNCTION pedidos_anonimizar, reservas_acertadas TO conciliador;

-- Reads name their columns: a privilege on a whole table would also let its holder lock it.
GRANT SELECT (id, numero, status, itens, valor_total, cliente, entrega, observacoes, criado_em, atualizado_em, historico, historico_equipe,
              pendencia, chave, corpo_sha256, session_id, carrinho_versao, entrega_tipo, linhas, versao, cancelamento_chave,
              carrinho_retirado, mudanca) ON pedidos_vistos TO pedidos;
GRANT SELECT (id, numero, status, pendencia, chave, criado_em, atualizado_em, entrega_dia, entrega_data, mudanca, carrinho_retirado,
              tentativas, proxima_tentativa, parado_em, parado_motivo) ON pedidos TO pedidos;
GRANT SELECT (em, mudanca) ON pedido_historico TO pedidos;
GRANT SELECT (pedido_id, busca) ON pedido_clientes TO pedidos;
GRANT SELECT (publicado_em) ON eventos TO pedidos;
GRANT SELECT (dia, status, quantos) ON pedidos_contados TO pedidos;
GRANT SELECT (quarto, status, pedidos, valor) ON pedidos_resumo TO pedidos;
GRANT SELECT (criado_em, status, pedidos, valor) ON pedidos_resumo_novas TO pedidos;
GRANT SELECT (dia_inteiro, inicio, produto_id, quantidade, valor) ON produtos_vendidos TO pedidos;
GRANT SELECT (criado_em, produto_id, nome, quantidade, valor) ON produtos_vendidos_novas TO pedidos;
GRANT SELECT (produto_id, nome) ON produtos_nomes TO pedidos;
GRANT EXECUTE ON FUNCTION rfc3339, cliente_procurado, sem_acentos TO pedidos;
GRANT UPDATE (chave) ON pedidos TO pedidos;

-- The conciliador ends orders without knowing whose they are.
GRANT SELECT (id, numero, status, criado_em, atualizado_em, pendencia, session_id, carrinho_versao, entrega_tipo, linhas, versao,
              carrinho_retirado, mudanca, proxima_tentativa) ON pedidos_por_terminar TO conciliador;
GRANT SELECT (id, status, pendencia, carrinho_retirado, tentativas, proxima_tentativa, parado_em, parado_motivo) ON pedidos TO conciliador;
GRANT SELECT (id, tipo, dados, publicado_em), UPDATE (publicado_em) ON eventos TO conciliador;
GRANT SELECT (concluidos, desfeitos, reservas, publicados), UPDATE (concluidos, desfeitos, reservas, publicados, olhou_em)
    ON conciliacao TO conciliador;
GRANT SELECT (pedido_id, tentativas, proxima_tentativa, parado_em, parado_motivo),
      INSERT (pedido_id, tentativas, proxima_tentativa, parado_motivo),
      UPDATE (tentativas, proxima_tentativa, parado_em, parado_motivo) ON reservas_paradas TO conciliador;

-- What an order still owes is done by its customer's next request or by the conciliador.
GRANT UPDATE (status, pendencia, carrinho_retirado, atualizado_em, tentativas, proxima_tentativa, parado_em, parado_motivo)
    ON pedidos TO pedidos, conciliador;
