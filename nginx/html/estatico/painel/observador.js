// What is worth a line in the log: each observation becomes facts, and a fact that is not as before becomes a sentence.

const NAMES = {catalogo: 'catálogo', 'catalogo-replica': 'réplica do catálogo', carrinho: 'carrinho', pedidos: 'pedidos'};
const STORES = {
    'catalogo/postgres': 'o primário do catálogo',
    'catalogo-replica/postgres': 'a réplica do catálogo',
    'carrinho/redis': 'o Redis dos carrinhos',
    'pedidos/postgres': 'o PostgreSQL dos pedidos',
};

// As "os trabalhadores …" goes on.
const OF_NAMES = {
    catalogo: 'do catálogo',
    'catalogo-replica': 'da réplica do catálogo',
    carrinho: 'do carrinho',
    pedidos: 'dos pedidos',
};

export const serviceName = (nome) => NAMES[nome] ?? nome;
export const serviceOf = (sistema, nome) => sistema?.servicos.find((one) => one.nome === nome) ?? null;
export const storeOf = (service, nome) => service?.dependencias.find((one) => one.nome === nome) ?? null;

// A pool answers when it says anything of itself, whatever its store does.
export const poolAnswers = ({status, trabalhadores}) => trabalhadores !== null || status !== 'unhealthy';

// {value, text, kind} by value: what it is now to be said when the fact becomes this.
const fact = (value, texts) => ({value, ...texts[value]});
const good = (text) => ({text, kind: 'bom'});
const warning = (text) => ({text, kind: 'aviso'});
const bad = (text) => ({text, kind: 'erro'});
const plain = (text) => ({text, kind: 'nota'});

function serviceFacts(servico) {
    const {nome, trabalhadores} = servico;
    const whose = OF_NAMES[nome] ?? `de ${nome}`;
    const answers = fact(String(poolAnswers(servico)), {
        true: good(`os trabalhadores ${whose} respondem de novo`),
        false: bad(`os trabalhadores ${whose} não respondem`),
    });
    const facts = [[`pool ${nome}`, answers]];
    if (trabalhadores) {
        const {total} = trabalhadores;
        facts.push([`total ${nome}`, {value: total, ...plain(`${serviceName(nome)}: agora são ${total} trabalhadores`)}]);
    }
    return facts;
}

function storeFacts(servico, {nome, status, papel, servidor}) {
    const key = `${servico.nome}/${nome}`;
    const name = STORES[key];
    if (!name)
        return [];
    const health = fact(status, {
        healthy: good(`${name} responde bem`),
        degraded: warning(`${name} responde, mas com problemas`),
        unhealthy: bad(`${name} não responde`),
    });
    const facts = [[`estado ${key}`, health]];
    if (servidor)
        facts.push([`servidor ${key}`, {value: servidor, ...plain(`${name} agora é o servidor ${servidor}`)}]);
    if (papel) {
        const pool = serviceName(servico.nome);
        const texts = {primario: plain(`${pool}: usa um primário`), replica: plain(`${pool}: usa uma réplica`)};
        facts.push([`papel ${key}`, fact(papel, texts)]);
    }
    return facts;
}

const READS = {true: good('a loja responde às consultas de novo'), false: bad('a loja não responde às consultas')};
const SOURCES = {replica: warning('leituras do catálogo pela réplica'), primario: good('leituras do catálogo pelo primário de novo')};
const TOLD = {
    true: good('o estado do sistema volta a ser informado'),
    false: warning('o estado do sistema não é informado; as consultas à loja continuam'),
};

// A kept answer says nothing of who would answer now.
const askedNow = ({lista, estoque}) => (estoque?.answered ? estoque : lista.answered && lista.cache !== 'HIT' ? lista : null);

// Causes before their effects: stores and pools, then who answers the reads.
export function factsOf(observed) {
    const {sistema, lista} = observed;
    const facts = new Map([['sistema', fact(String(sistema !== null), TOLD)]]);
    for (const servico of sistema?.servicos ?? []) {
        const all = [serviceFacts(servico), ...(servico.dependencias ?? []).map((one) => storeFacts(servico, one))];
        for (const [key, one] of all.flat())
            facts.set(key, one);
    }
    const fresh = askedNow(observed);
    if (fresh)
        facts.set('fonte', fact(fresh.replica ? 'replica' : 'primario', SOURCES));
    facts.set('leituras', fact(String(lista.answered), READS));
    return facts;
}

// A fact that was not known before is told when it is bad; one that cannot be told any more is no change.
export function changesBetween(before, now) {
    const changes = [];
    for (const [key, {value, text, kind}] of now) {
        const changed = before.has(key) ? before.get(key).value !== value : kind === 'erro' || kind === 'aviso';
        if (changed && text)
            changes.push({text, kind});
    }
    return changes;
}
