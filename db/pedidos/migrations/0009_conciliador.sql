-- The conciliador ends orders without knowing whose they are.
CREATE VIEW pedidos_por_terminar AS
SELECT p.id, p.numero, p.status, p.criado_em, p.atualizado_em, p.pendencia, p.session_id, p.carrinho_versao, p.entrega_tipo,
       (SELECT json_agg(json_build_object('produto_id', i.produto_id, 'quantidade', i.quantidade) ORDER BY i.linha)
        FROM pedido_itens i WHERE i.pedido_id = p.id) AS linhas,
       p.versao, p.carrinho_retirado, p.mudanca, p.proxima_tentativa
FROM pedidos p;

REVOKE SELECT ON pedidos_vistos, pedidos, pedido_itens, pedido_historico FROM conciliador;
GRANT SELECT ON pedidos_por_terminar TO conciliador;
GRANT SELECT (id, status, pendencia, carrinho_retirado, tentativas, proxima_tentativa, parado_em, parado_motivo) ON pedidos TO conciliador;
