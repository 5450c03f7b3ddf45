-- Search as people type. Question and document are cut into words by the same function, so that a product is found by each
-- of its words, whatever they are made of. What a document needs names its schema: pg_restore has no search_path.

-- The words of a text, in their order: letters and digits, lower case, no accents; ª is a, ﬁ is fi. Invisible characters and
-- stray accents are taken out, not seen as blanks. A word has at most 64 characters: what PostgreSQL can index is limited.
-- unaccent() is declared STABLE because its dictionary could be altered; naming the dictionary and never altering it makes this
-- safe to index.
CREATE FUNCTION palavras_busca(texto text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    RETURN string_to_array(btrim(regexp_replace(regexp_replace(
               lower(public.unaccent('public.unaccent'::regdictionary, regexp_replace(normalize(texto, NFKC),
                   '[\u00AD\u0300-\u036F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164'
                   '\uFE00-\uFE0F\uFEFF\uFFA0\U000E0000-\U000E0FFF]', '', 'g'))),
               '[^[:alnum:]]+', ' ', 'g'), '([^ ]{64})[^ ]+', '\1', 'g')), ' ');

-- Each singular that a word may be the plural of, then the word: funis is funi or funil, flores is flore or flor. Two words are the
-- same to a search when they have one of these in common.
CREATE FUNCTION formas_busca(palavra text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    tronco text := left(palavra, -1);
BEGIN
    RETURN CASE
        WHEN palavra !~ '..s$' THEN '{}'
        WHEN palavra ~ '..zinh[ao]s$' THEN  -- pãezinhos, pãozinho: the plural is within too
            ARRAY(SELECT forma || right(tronco, 5) FROM unnest(public.formas_busca(left(palavra, -6) || 's')) AS forma)
        WHEN palavra ~ '[ao]es$' THEN ARRAY [tronco, left(palavra, -3) || 'ao']
        WHEN palavra ~ 'ns$' THEN ARRAY [tronco, left(palavra, -2) || 'm']
        WHEN palavra ~ '[aou]is$' THEN ARRAY [tronco, left(palavra, -2) || 'l']
        WHEN palavra ~ 'eis$' THEN ARRAY [tronco, left(palavra, -2) || 'l', left(palavra, -3) || 'il']
        WHEN palavra ~ 'is$' THEN ARRAY [tronco, tronco || 'l']
        WHEN palavra ~ '[lnrsz]es$' THEN ARRAY [tronco, left(palavra, -2)]
        ELSE ARRAY [tronco] END || palavra;
END $$;

-- The words that say something: those that only join others do not count, unless there are no others.
CREATE FUNCTION palavras_que_contam(palavras text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    contam text[] := ARRAY(
        SELECT palavra FROM unnest(palavras) WITH ORDINALITY AS u (palavra, lugar)
        WHERE palavra <> ALL ('{a,ao,aos,as,com,d,da,das,de,do,dos,e,em,na,nas,no,nos,o,os,ou,para,por,pra,um,uma,umas,uns}')
        ORDER BY lugar);
BEGIN
    RETURN CASE WHEN contam = '{}' THEN palavras ELSE contam END;
END $$;

-- What words are found by: each form of each; and for `1 kg` also `1kg`, for `1kg` also `1` and `kg`.
CREATE FUNCTION lexemas_busca(palavras text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    lexemas text[] := palavras;
    palavra text;
    numero  text := '';
BEGIN
    FOREACH palavra IN ARRAY palavras LOOP
        IF right(palavra, 1) = 's' THEN
            lexemas := lexemas || public.formas_busca(palavra);
        END IF;
        IF palavra ~ '^[0-9]' THEN
            lexemas := lexemas || regexp_match(palavra, '^([0-9]+)([a-z]+)$');
            numero := CASE WHEN palavra ~ '^[0-9]+$' THEN palavra ELSE '' END;
        ELSIF numero <> '' THEN
            lexemas := lexemas || (numero || palavra);
            numero := '';
        END IF;
    END LOOP;
    RETURN lexemas;
END $$;

-- A product's document: its words, and those of its name marked (`.bolo`), with how many of them count (`=2`). `#3` stands for the
-- words of category 3, which a question looks up: so a category gets another name without a change of its products.
CREATE FUNCTION documento_busca(nome text, descricao text, categoria_id integer) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE STRICT AS $$
DECLARE
    palavras text[] := public.palavras_busca(nome);
    do_nome  text[] := public.lexemas_busca(palavras);
BEGIN
    RETURN array_to_tsvector(
        do_nome || ARRAY(SELECT '.' || lexema FROM unnest(do_nome) AS lexema)
        || ('=' || cardinality(public.palavras_que_contam(palavras)))
        || public.lexemas_busca(public.palavras_busca(descricao)) || ('#' || categoria_id));
END $$;

ALTER TABLE categorias
    ADD busca tsvector NOT NULL GENERATED ALWAYS AS (array_to_tsvector(lexemas_busca(palavras_busca(nome)))) STORED;
ALTER TABLE produtos
    DROP busca,
    ADD busca tsvector NOT NULL GENERATED ALWAYS AS (documento_busca(nome, descricao, categoria_id)) STORED;
-- Of all products: administrators search what is off sale, too.
CREATE INDEX produtos_busca ON produtos USING gin (busca);

-- A word as parts of queries: in a name, anywhere (in the category's name too), and both as a beginning.
CREATE FUNCTION consulta_palavra(palavra text, OUT no_nome text, OUT exata text, OUT comeca_no_nome text, OUT comeca text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS $$
DECLARE
    formas text[] := formas_busca(palavra);
    dela   text;
    delas  text;
BEGIN
    no_nome := '.' || array_to_string(formas, '|.');
    exata := array_to_string(formas, '|');
    comeca := exata || CASE WHEN length(palavra) < 3 THEN '|.' || palavra ELSE '' END || ':*';
    SELECT string_agg('|#' || id, '') FILTER (WHERE toda), string_agg('|#' || id, '') INTO dela, delas
        FROM (SELECT id, busca @@ exata::tsquery AS toda FROM categorias WHERE busca @@ comeca::tsquery
              ORDER BY toda DESC, id LIMIT 50) AS categoria;
    comeca_no_nome := format('(%s:*)', no_nome);
    comeca := format('(%s%s)', comeca, delas);
    no_nome := format('(%s)', no_nome);
    exata := format('(%s%s)', exata, dela);
END $$;

-- What a customer typed, as queries. `encontra` finds all that match. `graus` are its parts, best first: a name of just these words;
-- a name with these words; these words anywhere, the category's name too; a name with words that begin so; words that begin so
-- anywhere. Each is without what the ones before it find, so that the index alone ranks. Only letters and digits are left of the
-- input, so nothing in it can be an operator. NULL when there is no word in it.
-- What bounds the cost of a question: its first eight words count, the others only tell which name is just these words; one or two
-- letters are the beginning of words in names only; of the categories that have a word, the first fifty count.
CREATE FUNCTION pergunta_busca(texto text, OUT encontra tsquery, OUT graus tsquery[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS $$
DECLARE
    palavras       text[] := palavras_que_contam(palavras_busca(texto));
    igual          tsquery;
    no_nome        tsquery;
    exata          tsquery;
    comeca_no_nome tsquery;
BEGIN
    SELECT string_agg(q.no_nome, '&') || '&''=' || cardinality(palavras) || '''',
           string_agg(q.no_nome, '&') FILTER (WHERE conta), string_agg(q.exata, '&') FILTER (WHERE conta),
           string_agg(q.comeca_no_nome, '&') FILTER (WHERE conta), string_agg(q.comeca, '&') FILTER (WHERE conta)
        INTO igual, no_nome, exata, comeca_no_nome, encontra
        FROM (SELECT palavra, row_number() OVER (ORDER BY min(lugar)) <= 8 AS conta
              FROM unnest(palavras) WITH ORDINALITY AS p (palavra, lugar) GROUP BY palavra) AS u
             CROSS JOIN LATERAL consulta_palavra(u.palavra) AS q;
    graus := ARRAY [igual, no_nome && !!igual, exata && !!no_nome, comeca_no_nome && !!exata,
                    encontra && !!(exata || comeca_no_nome)];
END $$;

-- How workers of the version before ask.
CREATE OR REPLACE FUNCTION consulta_busca(texto text) RETURNS tsquery
    LANGUAGE sql STABLE PARALLEL SAFE STRICT
    RETURN (SELECT encontra FROM pergunta_busca(texto));
DROP FUNCTION texto_busca;
