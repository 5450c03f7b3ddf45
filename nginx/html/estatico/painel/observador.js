// What is worth a line in the log: each observation becomes facts, and a fact that is not as before becomes a sentence.

const NAMES = {catalogo: 'catálogo', 'catalogo-replica': 'réplica do catálogo', carrinho: 'carrinho', pedidos: 'pedidos'};
const STORES = {
    'catalogo/postgres': 'o primário do catálogo',
    'catalogo-replica/postgres': 'a réplica do catálogo',
    'carrinho/redis': 'o Redis dos carrinhos',
    'pedidos/postgres': 'o PostgreSQL dos pedidos',
};

export const serviceName = (nome) => NAMES[nome] ?? nome;

export const serviceOf = (sistema, nome) => sistema?.servicos.find((one) => one.nome === nome) ?? null;
export const storeOf = (service, nome) => service?.dependencias.find((one) => one.nome === nome) ?? null;

// fact: {value, text, kind}; the text says what it is now to be.
function fact(value, texts, kinds = {}) {
    return {value, text: texts[value] ?? null, kind: kinds[value] ?? 'nota'};
}

const HEALTH_KINDS = {healthy: 'bom', degraded: 'aviso', unhealthy: 'erro'};

function serviceFacts(servico) {
    const {nome, status, trabalhadores} = servico;
    const name = serviceName(nome);
    const facts = [];
    // A service without numbers gave no answer at all.
    const answers = trabalhadores !== null || status !== 'unhealthy';
    facts.push([`pool ${nome}`, fact(String(answers), {true: `os trabalhadores de ${name} respondem de novo`, false: `os trabalhadores de ${name} não respondem`}, {true: 'bom', false: 'erro'})]);
    if (trabalhadores)
        facts.push([`total ${nome}`, {value: trabalhadores.total, text: `${name}: ${trabalhadores.total} trabalhadores`, kind: 'nota'}]);
    return facts;
}

function storeFacts(servico, {nome, status, papel, servidor}) {
    const key = `${servico.nome}/${nome}`;
    const name = STORES[key];
    if (!name)
        return [];
    const facts = [[`estado ${key}`, fact(status, {healthy: `${name} responde bem`, degraded: `${name} responde, mas com problemas`, unhealthy: `${name} não responde`}, HEALTH_KINDS)]];
    if (servidor)
        facts.push([`servidor ${key}`, {value: servidor, text: `${servico.nome === 'catalogo' ? 'o primário do catálogo' : name} agora é o servidor ${servidor}`, kind: 'nota'}]);
    if (papel)
        facts.push([`papel ${key}`, fact(papel, {primario: `${serviceName(servico.nome)}: lê do primário`, replica: `${serviceName(servico.nome)}: lê da réplica`})]);
    return facts;
}

function readFacts({lista, estoque}) {
    const facts = [
        ['leituras', fact(String(lista.answered), {true: 'a loja responde às consultas de novo', false: 'a loja não responde às consultas'}, {true: 'bom', false: 'erro'})],
    ];
    const fresh = [estoque, lista].find((one) => one?.answered && (one === estoque || one.cache !== 'HIT'));
    if (fresh)
        facts.push([
            'fonte',
            fact(fresh.replica ? 'replica' : 'primario', {replica: 'leituras do catálogo pela réplica', primario: 'leituras do catálogo pelo primário de novo'}, {replica: 'aviso', primario: 'bom'}),
        ]);
    return facts;
}

export function factsOf({sistema, lista, estoque}) {
    const facts = new Map(readFacts({lista, estoque}));
    facts.set('sistema', fact(String(sistema !== null), {true: 'o estado do sistema volta a ser informado', false: 'o estado do sistema não é informado; as consultas à loja continuam'}, {true: 'bom', false: 'aviso'}));
    for (const servico of sistema?.servicos ?? []) {
        for (const [key, one] of serviceFacts(servico))
            facts.set(key, one);
        for (const dependencia of servico.dependencias ?? [])
            for (const [key, one] of storeFacts(servico, dependencia))
                facts.set(key, one);
    }
    return facts;
}

// Facts that are new are no change; neither are those that cannot be told any more.
export function changesBetween(before, now) {
    const changes = [];
    for (const [key, {value, text, kind}] of now)
        if (before.has(key) && before.get(key).value !== value && text)
            changes.push({text, kind});
    return changes;
}
