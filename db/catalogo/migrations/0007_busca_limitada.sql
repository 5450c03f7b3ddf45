-- What a search may cost, whatever is asked.

-- A pending list of up to 4 MB was read by every search until autovacuum took it apart: 35 ms after an import.
ALTER INDEX produtos_busca SET (fastupdate = off);
SELECT gin_clean_pending_list('produtos_busca');

-- As in 0003, with `comeca` only where `aberta` (open) says that the word may be the beginning of any; else, like a short one, it is
-- the beginning of words in names.
DROP FUNCTION consulta_palavra(text);
CREATE FUNCTION consulta_palavra(palavra text, aberta boolean, OUT no_nome text, OUT exata text, OUT comeca_no_nome text,
                                 OUT comeca text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE STRICT AS $$
DECLARE
    formas text[] := formas_busca(palavra);
    dela   text;
    delas  text;
BEGIN
    no_nome := '.' || array_to_string(formas, '|.');
    exata := array_to_string(formas, '|');
    comeca := exata || CASE WHEN aberta AND length(palavra) >= 3 THEN '' ELSE '|.' || palavra END || ':*';
    SELECT string_agg('|#' || id, '') FILTER (WHERE toda), string_agg('|#' || id, '') INTO dela, delas
        FROM (SELECT id, busca @@ exata::tsquery AS toda FROM categorias WHERE busca @@ comeca::tsquery
              ORDER BY toda DESC, id LIMIT 50) AS categoria;
    comeca_no_nome := format('(%s:*)', no_nome);
    comeca := format('(%s%s)', comeca, delas);
    no_nome := format('(%s)', no_nome);
    exata := format('(%s%s)', exata, dela);
END $$;

-- As in 0003. A beginning costs as much as all the words that begin so, in every description. So in a question of more than two
-- words only the last, which may still be being typed, is the beginning of any word, and beginnings have no place of their own in
-- the order: `graus[4]` is NULL then.
CREATE OR REPLACE FUNCTION pergunta_busca(texto text, OUT encontra tsquery, OUT graus tsquery[])
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
           string_agg(q.comeca_no_nome, '&') FILTER (WHERE poucas), string_agg(q.comeca, '&') FILTER (WHERE conta)
        INTO igual, no_nome, exata, comeca_no_nome, encontra
        FROM (SELECT palavra, lugar <= 8 AS conta, todas <= 2 AS poucas, todas <= 2 OR lugar = least(todas, 8) AS aberta
              FROM (SELECT palavra, row_number() OVER (ORDER BY min(lugar)) AS lugar, count(*) OVER () AS todas
                    FROM unnest(palavras) WITH ORDINALITY AS p (palavra, lugar) GROUP BY palavra) AS distintas) AS u
             CROSS JOIN LATERAL consulta_palavra(u.palavra, u.aberta) AS q;
    graus := ARRAY [igual, no_nome && !!igual, exata && !!no_nome, comeca_no_nome && !!exata,
                    encontra && !!coalesce(exata || comeca_no_nome, exata)];
END $$;
