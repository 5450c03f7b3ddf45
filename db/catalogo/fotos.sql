-- How the drawings in fotos/ come into the catalogue: a call each, made of the file's name and its bytes. A product gets its drawing
-- when it has this number, still has this name, and has no picture.
CREATE FUNCTION pg_temp.desenho(produto integer, nome_no_arquivo text, base64 text) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    desenho bytea := decode(base64, 'base64');
    tipo    text := 'image/svg+xml';
BEGIN
    PERFORM FROM produtos
        WHERE id = produto AND foto_url IS NULL
          AND regexp_replace(lower(public.unaccent(nome)), '[^a-z0-9]+', '-', 'g') = nome_no_arquivo
        FOR NO KEY UPDATE;
    IF FOUND THEN
        INSERT INTO fotos AS f (url, tipo, bytes) VALUES (foto_endereco(tipo, desenho), tipo, desenho)
            ON CONFLICT (url) DO UPDATE SET criado_em = f.criado_em;
        UPDATE produtos SET foto_url = foto_endereco(tipo, desenho), versao = versao + 1, atualizado_em = now() WHERE id = produto;
    END IF;
END $$;
