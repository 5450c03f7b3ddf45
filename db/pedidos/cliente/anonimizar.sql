-- Takes a person's data out of the orders that have come to their end, if :fazer is on; for scripts/customer. :cliente is an e-mail or a
-- telephone. Prints a line of numbers of those orders, and one of those that are still open.
BEGIN;
CREATE TEMPORARY TABLE dele ON COMMIT DROP AS
    SELECT id, numero, status IN ('desfeito', 'entregue', 'cancelado') AS acabado
    FROM pedidos WHERE cliente_confere(cliente_email, cliente_telefone, :'cliente') FOR UPDATE;
\if :fazer
SELECT pedidos_apagar_dados(ARRAY (SELECT id FROM dele WHERE acabado)) \gset
\endif
SELECT coalesce(string_agg(numero::text, ' ' ORDER BY numero) FILTER (WHERE acabado), '') FROM dele;
SELECT coalesce(string_agg(numero::text, ' ' ORDER BY numero) FILTER (WHERE NOT acabado), '') FROM dele;
COMMIT;
