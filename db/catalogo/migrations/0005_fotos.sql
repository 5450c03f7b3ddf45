-- Pictures of products, in the catalogue's database: so the standby, backups and other hosts have them.

-- The address says what the bytes are, so what is at an address never changes.
CREATE FUNCTION foto_endereco(tipo text, bytes bytea) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT
    RETURN '/fotos/' || encode(sha256(bytes), 'hex') || '.' ||
           CASE tipo WHEN 'image/jpeg' THEN 'jpg' WHEN 'image/png' THEN 'png' WHEN 'image/webp' THEN 'webp'
                     WHEN 'image/svg+xml' THEN 'svg' END;

CREATE TABLE fotos (
    url       text PRIMARY KEY,
    tipo      text NOT NULL,
    bytes     bytea NOT NULL CHECK (octet_length(bytes) BETWEEN 1 AND 2097152),
    criado_em timestamptz NOT NULL DEFAULT now(),
    CHECK (url IS NOT DISTINCT FROM foto_endereco(tipo, bytes))
);
-- Pictures are compressed already.
ALTER TABLE fotos ALTER bytes SET STORAGE EXTERNAL;

CREATE INDEX produtos_foto ON produtos (foto_url) WHERE foto_url IS NOT NULL;

-- A picture goes with the last product that shows it. Locks on its row order those who take it and those who let it go: the second
-- statement sees what the lock waited for.
CREATE FUNCTION foto_trocada() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM FROM fotos WHERE url = NEW.foto_url FOR KEY SHARE;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM FROM fotos WHERE url = OLD.foto_url FOR UPDATE;
        DELETE FROM fotos WHERE url = OLD.foto_url AND NOT EXISTS (SELECT FROM produtos WHERE foto_url = OLD.foto_url);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER foto_nova AFTER INSERT ON produtos FOR EACH ROW WHEN (NEW.foto_url IS NOT NULL)
    EXECUTE FUNCTION foto_trocada();
CREATE TRIGGER foto_mudada AFTER UPDATE OF foto_url ON produtos FOR EACH ROW
    WHEN (OLD.foto_url IS DISTINCT FROM NEW.foto_url) EXECUTE FUNCTION foto_trocada();
CREATE TRIGGER foto_apagada AFTER DELETE ON produtos FOR EACH ROW WHEN (OLD.foto_url IS NOT NULL)
    EXECUTE FUNCTION foto_trocada();

-- Keeps a picture that a product shows from now on. Drawings can hold scripts and links: they only come with the first stock.
-- The update locks one that is there already, so that it does not go in this moment.
CREATE FUNCTION foto_guardar(novo_tipo text, novos_bytes bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF novo_tipo NOT IN ('image/jpeg', 'image/png', 'image/webp') THEN
        RAISE 'a picture of type % is not taken', novo_tipo;
    END IF;
    INSERT INTO fotos AS f (url, tipo, bytes) VALUES (foto_endereco(novo_tipo, novos_bytes), novo_tipo, novos_bytes)
        ON CONFLICT (url) DO UPDATE SET criado_em = f.criado_em;
END $$;

-- Gives a product a picture (bytes NULL: takes it away). Returns what produto_alterar() does.
CREATE FUNCTION produto_foto(produto integer, novo_tipo text, novos_bytes bytea, se produto_versao, autor text,
                             OUT visto produto_visto, OUT situacao text, OUT mudou boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    dados   produto_dados;
    mudanca record;
BEGIN
    dados.foto_url := foto_endereco(novo_tipo, novos_bytes);
    SELECT * INTO mudanca FROM produto_alterar(produto, dados, true, se, autor);
    visto := mudanca.visto;
    situacao := mudanca.situacao;
    mudou := mudanca.mudou;
    IF situacao = 'feita' AND dados.foto_url IS NOT NULL
       AND (mudou OR NOT EXISTS (SELECT FROM fotos WHERE url = dados.foto_url)) THEN
        PERFORM foto_guardar(novo_tipo, novos_bytes);
    END IF;
END $$;

GRANT SELECT ON fotos TO catalogo, catalogo_leitura;
REVOKE EXECUTE ON FUNCTION foto_trocada, foto_guardar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION foto_guardar TO catalogo;
