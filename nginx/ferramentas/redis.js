// The web view of Redis: begins Redis Commander on a unix socket and with our one server, for which its own beginning takes neither a socket
// nor a file with the password. FERRAMENTAS_PROGRAMA is where it is.
'use strict';

const fs = require('fs');
const { PROGRAMA, ESCUTA, REDIS, SENHA } = Object.fromEntries(
  Object.entries(process.env).map(([name, value]) => [name.replace('FERRAMENTAS_', ''), value]),
);
const KEYS_MAX = 10000;

// It writes down each key that somebody looks at, and those of carts and orders let one in. What ends it is said by node itself.
for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
  console[level] = () => {};
}

process.on('SIGUSR1', () => {}); // with which node would let a debugger in

const program = fs.realpathSync(PROGRAMA);
process.chdir(program);
const config = require(`${program}/../config`);
config.noSave = true;
config.noLogData = true;
config.redis.readOnly = true;

const connections = require(`${program}/lib/connections`).setConnectionList([]);
const client = require(`${program}/lib/util`).createRedisClient({
  label: 'confeitaria',
  path: REDIS,
  username: 'consulta',
  password: fs.readFileSync(SENHA, 'ascii').trim(),
  dbIndex: 0,
});
// The tree of keys: piece by piece, since KEYS would hold up the shop, and no more than a person looks through.
client.keys = (pattern, done) => {
  const asked = (async () => {
    const found = [];
    let [cursor, some] = ['0', []];
    do {
      [cursor, some] = await client.scan(cursor, 'MATCH', pattern, 'COUNT', 1000);
      found.push(...some);
    } while (cursor !== '0' && found.length < KEYS_MAX);
    return found;
  })();
  return done ? asked.then((found) => done(null, found), done) : asked;
};
connections.push(client);
connections.setUpConnection(client);
require(`${program}/lib/app`)(connections).listen(ESCUTA);
