-- What each role may do, all of it, in one place: what its statements (db/catalogo/statements) do, and no more. tests/system/test_papeis.py
-- takes away one privilege after the other and finds a statement that needs it. A later migration grants what its new statements need.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM catalogo, catalogo_leitura;
DO $$
DECLARE
    funcao regprocedure;
BEGIN
    FOR funcao IN SELECT oid FROM pg_proc WHERE proowner = current_user::regrole LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, catalogo, catalogo_leitura', funcao);
    END LOOP;
END $$;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- Everything that is written is written by these functions, as the owner of the tables: the worker's role cannot move stock past the ledger,
-- choose an id, or lock a table.
ALTER FUNCTION categoria_criar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION categoria_alterar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION categoria_apagar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION produto_criar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION produto_alterar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION produto_foto SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION estoque_mudar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION reservar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION reserva_confirmar SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION reserva_liberar SECURITY DEFINER SET search_path = public, pg_temp;
GRANT EXECUTE ON FUNCTION categoria_criar, categoria_alterar, categoria_apagar, produto_criar, produto_alterar, produto_foto, estoque_mudar,
                          reservar, reserva_confirmar, reserva_liberar, reserva_itens_json TO catalogo;

-- Reads name their columns: a privilege on a whole table would also let its holder lock it.
GRANT SELECT (pedido_id, estado, expira_em) ON reservas TO catalogo;
GRANT SELECT (pedido_id, produto_id, nome, preco, quantidade) ON reserva_itens TO catalogo;

-- What customers and administrators read, from the primary or from the standby. Of a movement all but pedido_id, the key to an order.
GRANT SELECT (id, nome, descricao, versao, criado_em, atualizado_em, busca) ON categorias TO catalogo, catalogo_leitura;
GRANT SELECT (id, nome, descricao, preco, estoque, categoria_id, foto_url, ativo, versao, versao_estoque, criado_em, atualizado_em, em_estoque,
              busca) ON produtos TO catalogo, catalogo_leitura;
GRANT SELECT (categoria_id, em_estoque, reais, quantos) ON produtos_contados TO catalogo, catalogo_leitura;
GRANT SELECT (url, tipo, bytes) ON fotos TO catalogo, catalogo_leitura;
GRANT SELECT (id, produto_id, tipo, quantidade, saldo, pedido_numero, autor, em) ON movimentos TO catalogo, catalogo_leitura;
GRANT SELECT (id, produto_id, campo, antes, depois, autor, em) ON mudancas TO catalogo, catalogo_leitura;
GRANT EXECUTE ON FUNCTION pergunta_busca, consulta_palavra, palavras_busca, palavras_que_contam, formas_busca TO catalogo, catalogo_leitura;
