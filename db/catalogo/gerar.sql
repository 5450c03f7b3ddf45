-- A large catalogue of plausible products, the same for the same :semente. Adds :produtos of them to what is there.
-- Every choice is a hash of the product's number, the seed and what is being chosen, so no order of execution can change it.
CREATE FUNCTION pg_temp.sorteio(n bigint, semente bigint, o_que text, opcoes bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE RETURN ((hashtextextended(n || '/' || o_que, semente) & 9223372036854775807) % opcoes);

WITH partes AS (
    SELECT n, 1 + pg_temp.sorteio(n, :semente, 'categoria', 5) AS categoria,
           (ARRAY ['Chocolate', 'Limão', 'Morango', 'Maracujá', 'Coco', 'Doce de Leite', 'Nozes', 'Baunilha', 'Café', 'Abacaxi',
                   'Goiabada', 'Paçoca', 'Pistache', 'Frutas Vermelhas', 'Laranja', 'Cupuaçu', 'Banana', 'Avelã', 'Ameixa', 'Milho'])
               [1 + pg_temp.sorteio(n, :semente, 'sabor', 20)] AS sabor,
           (ARRAY ['da Vovó', 'Gourmet', 'Caseiro', 'Especial', 'da Fazenda', 'Premium', 'Clássico', 'sem Lactose', 'Integral',
                   'de Festa', 'Mineiro', 'Artesanal'])[1 + pg_temp.sorteio(n, :semente, 'estilo', 12)] AS estilo,
           1 + pg_temp.sorteio(n, :semente, 'tipo', 4) AS tipo
    FROM generate_series(1, :produtos) AS n
), novos AS (
    INSERT INTO produtos (nome, descricao, preco, estoque, categoria_id)
    SELECT format('%s de %s %s nº %s',
                  (CASE categoria WHEN 1 THEN ARRAY ['Bolo', 'Rocambole', 'Cupcake', 'Bolo de Pote']
                                  WHEN 2 THEN ARRAY ['Bombom', 'Trufa', 'Docinho', 'Brigadeiro']
                                  WHEN 3 THEN ARRAY ['Torta', 'Tortinha', 'Quiche Doce', 'Cheesecake']
                                  WHEN 4 THEN ARRAY ['Empada', 'Folhado', 'Pastel', 'Enroladinho']
                                  ELSE ARRAY ['Mousse', 'Pudim', 'Pavê', 'Sorvete'] END)[tipo], sabor, estilo, n),
           format('Feito no dia com %s selecionado, receita %s da casa. Porção para %s.', lower(sabor), lower(estilo),
                  1 + pg_temp.sorteio(n, :semente, 'porcao', 12)),
           (CASE categoria WHEN 1 THEN 3000 WHEN 2 THEN 250 WHEN 3 THEN 3500 WHEN 4 THEN 500 ELSE 900 END
               + pg_temp.sorteio(n, :semente, 'preco', 400) * CASE WHEN categoria IN (1, 3) THEN 15 ELSE 2 END) / 100.0,
           pg_temp.sorteio(n, :semente, 'estoque', 200), categoria
    FROM partes ORDER BY n
    RETURNING id, estoque
)
INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
    SELECT id, 'inicial', estoque, estoque, 'gerador' FROM novos ORDER BY id;

ANALYZE produtos;
