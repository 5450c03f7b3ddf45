<?php
// The web view of PostgreSQL: Debian's Adminer, bound to our servers and to the role consulta, which only reads. What a
// browser says of drivers, servers, users, passwords and databases is not taken: docs/decisions/0058.

// Name in the address -> database, cluster, and which of its servers. The catalogue has two: libpq finds who is what now.
const SERVERS = [
    'catalogo' => ['catalogo', 'primary'],
    'replica' => ['catalogo', 'standby'],
    'pedidos' => ['pedidos', 'primary'],
];
const ROLE = 'consulta';
const DRIVERS = ['server', 'sqlite', 'sqlite2', 'oracle', 'mssql', 'mongo', 'elastic', 'simpledb', 'firebird', 'clickhouse', 'ext'];

function address_of(string $server): string
{
    return "?pgsql=$server&username=" . ROLE . '&db=' . SERVERS[$server][0] . '&ns=public';
}

function refuse(string $why): void
{
    http_response_code(403);
    header('Content-Type: text/plain');
    exit("$why\n");
}

function adminer_object()
{
    $driver = defined('Adminer\DRIVER') ? constant('Adminer\DRIVER') : (defined('DRIVER') ? constant('DRIVER') : '');
    if ($driver !== 'pgsql') {
        refuse('only PostgreSQL');
    }
    if (!class_exists('Adminer')) { // since version 5
        class_alias('Adminer\Adminer', 'Adminer');
    }

    class Ferramenta extends Adminer
    {
        public function name(): string
        {
            return 'Confeitaria';
        }

        public function credentials(): array
        {
            [$database, $kind] = SERVERS[$_GET['pgsql']];
            putenv("PGTARGETSESSIONATTRS=$kind");
            $run = getenv('FERRAMENTAS_SOCKETS');
            $port = (int) getenv('FERRAMENTAS_PORTA');
            return [$database === 'pedidos' ? "$run:" . ($port + 2) : "$run,$run:$port," . ($port + 1), ROLE, ''];
        }

        public function login($login, $password)
        {
            return true;
        }

        public function databases($flush = true): array
        {
            return [SERVERS[$_GET['pgsql']][0]];
        }

        public function permanentLogin($create = false): string
        {
            return '';
        }

        public function importServerPath(): string
        {
            return '';
        }

        public function navigation($missing): void
        {
            parent::navigation($missing);
            echo "<p class='links'>";
            foreach (array_keys(SERVERS) as $server) {
                echo "<a href='", htmlspecialchars(address_of($server)), "'>$server</a>\n";
            }
        }
    }

    return new Ferramenta();
}

$server = $_GET['pgsql'] ?? '';
if ($_GET === []) {
    header('Location: /' . address_of('catalogo'));
    exit;
}
if (!isset($_GET['file'])) { // those are Adminer's own pictures, scripts and styles
    if (!is_string($server) || !isset(SERVERS[$server])) {
        refuse('there is no such server');
    }
    if (array_intersect(DRIVERS, array_keys($_GET)) || ($_GET['username'] ?? ROLE) !== ROLE) {
        refuse('only PostgreSQL, as ' . ROLE);
    }
    if (($_GET['script'] ?? '') === 'version' || isset($_POST['auth'])) {
        refuse('there is nothing to log in to');
    }
    $_GET['username'] = ROLE;
    $_GET['db'] = SERVERS[$server][0];
    $_COOKIE['adminer_version'] = '0'; // or it would ask its authors for a newer version
    unset($_COOKIE['adminer_permanent']);
    session_cache_limiter('');
    session_name('adminer_sid');
    session_start();
    $_SESSION['pwds'] = ['pgsql' => [$server => [ROLE => '']]];
}
chdir('/usr/share/adminer');
require '/usr/share/adminer/adminer.php';
