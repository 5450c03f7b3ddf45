-- All that is kept of a person, for scripts/customer: as JSON. :cliente is an e-mail or a telephone.
SELECT json_build_object(
           'cliente', :'cliente', 'exportado_em', rfc3339(now()),
           'pedidos', coalesce(json_agg(json_build_object(
               'id', v.id, 'numero', v.numero, 'status', v.status, 'itens', v.itens, 'valor_total', v.valor_total,
               'cliente', v.cliente, 'entrega', v.entrega, 'observacoes', v.observacoes, 'criado_em', rfc3339(v.criado_em),
               'atualizado_em', rfc3339(v.atualizado_em), 'historico', v.historico, 'session_id', v.session_id,
               'idempotency_key', v.chave) ORDER BY v.numero), '[]'))
FROM pedidos p JOIN pedidos_vistos v ON v.id = p.id
WHERE cliente_confere(p.cliente_email, p.cliente_telefone, :'cliente');
