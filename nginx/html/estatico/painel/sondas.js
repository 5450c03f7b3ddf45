// Asks the system how it is, every second and a half while the page is seen: GET /api/sistema, and reads as any customer makes them.
// The second go on when the first is not answered.
import {signal} from '../comum/ui.js';
import {call, wordsFor} from './chamar.js';
import {refused} from './credencial.js';
import {changesBetween, factsOf} from './observador.js';

const EVERY_MS = 1500;
const TIMEOUT_MS = 4000;
const LOG_MOST = 200;

export const observed = signal(null); // {sistema, problem, lista, estoque} of the last round
export const log = signal([]); // {id, at, text, kind}, the newest first
export const paused = signal(false);

let timer = 0;
let round = 0;
let facts = new Map();
let known = null; // a product whose stock can be asked
let lines = 0;

// A read without a token, by a plain fetch: what counts is the time, the status and who answered.
async function probe(path) {
    const begun = performance.now();
    try {
        const response = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS)});
        const body = await response.json();
        return {
            answered: response.ok,
            status: response.status,
            ms: Math.round(performance.now() - begun),
            cache: response.headers.get('X-Cache'),
            replica: response.headers.get('X-Fonte') === 'replica',
            lag: response.headers.get('X-Atraso-Segundos'),
            body,
        };
    } catch {
        return {answered: false, status: 0, ms: Math.round(performance.now() - begun), cache: null, replica: false, lag: null, body: null};
    }
}

async function askSystem() {
    try {
        const {data} = await call('/api/sistema', {timeout: TIMEOUT_MS});
        return {sistema: data, problem: null};
    } catch (error) {
        return {sistema: null, problem: wordsFor(error)};
    }
}

// The list may be kept by nginx; how much there is of a product is always asked of a worker.
async function probeReads() {
    const lista = await probe('/api/produtos?limite=1');
    known = lista.body?.data?.[0]?.id ?? known;
    return {lista, estoque: known && (await probe(`/api/produtos/${known}/estoque`))};
}

async function observe() {
    const [system, reads] = await Promise.all([askSystem(), probeReads()]);
    return {...system, ...reads};
}

// What was seen in one look stands in the order of cause and effect.
function note(entries) {
    if (entries.length === 0)
        return;
    const at = new Date();
    log.value = [...entries.map((entry) => ({...entry, id: ++lines, at})), ...log.value].slice(0, LOG_MOST);
}

async function tick(mine) {
    if (!refused.value) {
        const now = await observe();
        if (mine !== round)
            return;
        const seen = factsOf(now);
        note(changesBetween(facts, seen));
        facts = new Map([...facts, ...seen]);
        observed.value = now;
    }
    timer = setTimeout(() => tick(mine), EVERY_MS);
}

function run() {
    clearTimeout(timer);
    round++;
    if (!paused.value && !document.hidden)
        tick(round);
}

export function setPaused(value) {
    paused.value = value;
    run();
}

// For as long as the view is open; what was observed stays for the next time.
export function startProbes() {
    document.addEventListener('visibilitychange', run);
    run();
    return () => {
        document.removeEventListener('visibilitychange', run);
        clearTimeout(timer);
        round++;
    };
}
