// Every call of the API goes through request(): JSON in and out, a deadline, and one kind of error that says what went wrong.
const TIMEOUT_MS = 15000;

/*
 * kind: 'problem' (the API's own: codigo, status, detalhes), 'network' (no answer came), 'timeout' (none in time),
 * 'malformed' (an answer that is not the API's). retryAfter: seconds, or null. problem: the whole problem, for valor_total or pedido_id.
 */
export class ApiError extends Error {
    constructor(kind, {status = 0, problem = {}, retryAfter = null, cause} = {}) {
        super(problem.detail ?? kind, {cause});
        this.name = 'ApiError';
        this.kind = kind;
        this.status = status;
        this.codigo = problem.codigo ?? null;
        this.detalhes = problem.detalhes ?? [];
        this.problem = problem;
        this.retryAfter = retryAfter;
    }

    // The call may have been done: repeat it with the same Idempotency-Key, or read first.
    get uncertain() {
        return this.kind !== 'problem' || this.status === 502 || this.status === 504 || this.codigo === 'resultado_desconhecido';
    }

    // The same call may succeed a little later.
    get passing() {
        return this.uncertain || this.status === 503 || this.status === 429;
    }
}

function seconds(text) {
    const value = Number(text);
    return text !== null && Number.isFinite(value) && value >= 0 ? Math.min(value, 600) : null;
}

function withQuery(path, query) {
    const given = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== '');
    return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function buildHeaders({body, key, etag, ifMatch, token, headers}) {
    const all = new Headers(headers);
    all.set('Accept', 'application/json');
    if (body instanceof Blob)
        all.set('Content-Type', body.type);
    else if (body !== undefined)
        all.set('Content-Type', 'application/json');
    if (key)
        all.set('Idempotency-Key', key);
    if (etag)
        all.set('If-None-Match', etag);
    if (ifMatch)
        all.set('If-Match', ifMatch);
    if (token)
        all.set('Authorization', `Bearer ${token}`);
    return all;
}

// The deadline holds until the last byte of the body: what is called must read it before the timer is stopped.
async function withDeadline(timeout, signal, call) {
    const stop = new AbortController();
    const cancel = () => stop.abort(signal.reason);
    let late = false;
    const timer = setTimeout(() => {
        late = true;
        stop.abort();
    }, timeout);
    if (signal?.aborted)
        cancel();
    signal?.addEventListener('abort', cancel);
    try {
        return await call(stop.signal);
    } catch (cause) {
        if (signal?.aborted)
            throw signal.reason;
        throw new ApiError(late ? 'timeout' : 'network', {cause});
    } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
    }
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

/*
 * options: method, query (object), body (object, or a Blob as it is), key (Idempotency-Key), etag (If-None-Match), ifMatch,
 * token, headers, signal, timeout in ms. Answers {status, data, total, proximo, message, body, etag, headers}; a 304 has no data.
 * Throws ApiError; a call that its own signal ended throws the signal's reason (AbortError).
 */
export async function request(path, options = {}) {
    const {method = 'GET', query, body, signal, timeout = TIMEOUT_MS} = options;
    const sent = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
    const [response, text] = await withDeadline(timeout, signal, async (stop) => {
        const answer = await fetch(withQuery(path, query), {method, body: sent, headers: buildHeaders(options), signal: stop});
        return [answer, await answer.text()];
    });
    const {status, headers} = response;
    if (status === 304)
        return {status, etag: headers.get('ETag'), headers};
    const content = text === '' && status === 204 ? {} : parse(text);
    const problem = {status, problem: content ?? {}, retryAfter: seconds(headers.get('Retry-After'))};
    if (content === null || typeof content !== 'object')
        throw new ApiError('malformed', problem);
    if (!response.ok)
        throw new ApiError(content.codigo ? 'problem' : 'malformed', problem);
    return {
        status, headers, etag: headers.get('ETag'), body: content,
        data: content.data, total: content.total, proximo: content.proximo ?? null, message: content.message ?? null,
    };
}

// An Idempotency-Key, one for each thing that is to happen. crypto.randomUUID is only there on https and localhost.
export function newKey() {
    if (crypto.randomUUID)
        return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function pause(ms, signal) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal?.addEventListener('abort', () => {
            clearTimeout(timer);
            reject(signal.reason);
        }, {once: true});
    });
}
