<?php
// A peer of scripts/bench: the catalogue's reads as one writes them for PHP-FPM and wants them fast. The connection is kept, and
// so are its prepared statements: one round trip a query. PDO's own prepare() would be three, since it forgets a statement with
// the request. The statements are those that the workers compile in (statements.php is made of db/catalogo/statements).
declare(strict_types=1);

const CHOICES = [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::ATTR_EMULATE_PREPARES => true, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM];

function rows(string $name, array $params): array
{
    $db = new PDO(getenv('LOJA_DSN'), getenv('LOJA_USUARIO'), null, CHOICES);
    $quoted = array_map(fn($param) => $param === null ? 'NULL' : $db->quote((string)$param), $params);
    $execute = "EXECUTE $name(" . implode(', ', $quoted) . ')';
    try {
        return $db->query($execute)->fetchAll();
    } catch (PDOException $missing) {
        if ($missing->getCode() !== '26000') { // invalid_sql_statement_name: this connection is new
            throw $missing;
        }
        $db->exec("PREPARE $name AS " . (require __DIR__ . '/statements.php')[$name]);
        return $db->query($execute)->fetchAll();
    }
}

function instant(string $time): string
{
    return substr($time, 0, 10) . 'T' . str_pad(str_replace('+00', '', substr($time, 11)), 15, '0') . 'Z';
}

function product(array $row): array
{
    return ['id' => $row[0], 'nome' => $row[1], 'descricao' => $row[2], 'preco' => (float)$row[3], 'estoque' => $row[4],
        'categoria_id' => $row[5], 'categoria_nome' => $row[6], 'foto_url' => $row[7], 'ativo' => $row[8],
        'criado_em' => instant($row[9]), 'atualizado_em' => instant($row[10])];
}

function one(int $id): ?array
{
    $row = rows('produto_get', [$id, 'false'])[0] ?? null;
    if ($row === null) {
        return null;
    }
    header("ETag: \"$row[0].$row[11].$row[12].$row[13]\"");
    return ['success' => true, 'data' => product($row)];
}

function all(): array
{
    $limit = 100;
    $found = rows('lista_id', [$_GET['categoria_id'] ?? null, null, null, null, null, null, 'true', null, null, $limit + 1]);
    return ['success' => true, 'data' => array_map(product(...), $found), 'total' => count($found)];
}

function stock(int $id): ?array
{
    $row = rows('estoque_get', [$id])[0] ?? null;
    $wanted = (int)($_GET['quantidade'] ?? 1);
    return $row === null ? null : ['success' => true, 'data' => ['produto_id' => $id, 'estoque_atual' => $row[0],
        'quantidade_solicitada' => $wanted, 'disponivel' => $row[0] >= $wanted]];
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path === '/api/produtos') {
    $answer = all();
} elseif (preg_match('#^/api/produtos/(\d+)(/estoque)?$#', $path, $part)) {
    $answer = isset($part[2]) ? stock((int)$part[1]) : one((int)$part[1]);
} else {
    $answer = null;
}
if ($answer === null) {
    http_response_code(404);
    $answer = ['success' => false];
}
$text = json_encode($answer, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_THROW_ON_ERROR);
header('Content-Type: application/json; charset=utf-8');
header('Content-Length: ' . strlen($text));
echo $text;
