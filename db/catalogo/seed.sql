-- The shop's first stock.
INSERT INTO categorias (id, nome, descricao) VALUES
    (1, 'Bolos', 'Bolos inteiros, assados no dia, para aniversários e para o café da tarde.'),
    (2, 'Doces Finos', 'Docinhos enrolados e bombons, vendidos por unidade.'),
    (3, 'Tortas', 'Tortas doces de massa amanteigada, com oito a dez fatias.'),
    (4, 'Salgados', 'Salgados assados e fritos na hora, para acompanhar a festa.'),
    (5, 'Sobremesas', 'Sobremesas geladas em porções individuais ou para a família.');

INSERT INTO produtos (id, nome, descricao, preco, estoque, categoria_id) VALUES
    (1, 'Bolo de Chocolate', 'Massa de cacau 50% molhadinha, recheio e cobertura de brigadeiro cremoso. Serve 12 fatias.', 45.90, 10, 1),
    (2, 'Bolo de Cenoura', 'Massa fofa de cenoura com cobertura crocante de chocolate meio amargo. Serve 10 fatias.', 36.50, 12, 1),
    (3, 'Bolo Red Velvet', 'Massa aveludada vermelha com recheio de cream cheese e raspas de chocolate branco. Serve 12 fatias.', 68.00, 6, 1),
    (4, 'Brigadeiro Gourmet', 'Brigadeiro de chocolate belga enrolado à mão, com granulado de verdade. Unidade.', 3.50, 50, 2),
    (5, 'Beijinho de Coco', 'Docinho de coco fresco com leite condensado e cravo. Unidade.', 3.20, 60, 2),
    (6, 'Bombom de Morango', 'Morango inteiro envolto em brigadeiro branco e casquinha de chocolate ao leite. Unidade.', 5.90, 40, 2),
    (7, 'Torta de Limão', 'Base amanteigada, creme de limão-taiti e merengue maçaricado. Serve 8 fatias.', 38.00, 8, 3),
    (8, 'Torta de Maçã', 'Maçãs com canela e passas sob massa folhada dourada. Serve 8 fatias.', 42.00, 7, 3),
    (9, 'Torta Holandesa', 'Creme leve de baunilha, base de biscoito e cobertura de ganache. Serve 10 fatias.', 52.90, 5, 3),
    (10, 'Coxinha de Frango', 'Massa de batata com recheio de frango desfiado e requeijão. Unidade grande.', 7.50, 80, 4),
    (11, 'Empada de Palmito', 'Massa podre que derrete na boca, recheio cremoso de palmito. Unidade.', 8.90, 45, 4),
    (12, 'Pudim de Leite', 'Pudim de leite condensado, liso e sem furinhos, com calda de caramelo. Serve 8 porções.', 29.90, 9, 5),
    (13, 'Mousse de Maracujá', 'Mousse aerada de maracujá com calda da própria fruta. Porção individual.', 12.00, 25, 5);

SELECT setval(pg_get_serial_sequence('categorias', 'id'), 5), setval(pg_get_serial_sequence('produtos', 'id'), 13);

INSERT INTO movimentos (produto_id, tipo, quantidade, saldo, autor)
    SELECT id, 'inicial', estoque, estoque, 'estoque inicial' FROM produtos ORDER BY id;
