// An order, kept up to date while it is on the screen: asked for with its tag, less and less often, not at all when hidden.
import {newKey, request} from '../comum/api.js';
import {noteFailure, persist, whenOnline} from '../comum/conexao.js';
import {explain} from '../comum/erros.js';
import {useEffect, useRef, useState} from '../comum/ui.js';

const FIRST_MS = 4000;
const LONGEST_MS = 30000;
const SLOWER = 1.3;

const ENDED = new Set(['entregue', 'cancelado']);

// Watches until stop() is called. changed(pedido) for each answer, null when nothing is new; failed(error) for each failure.
function watch(id, changed, failed) {
    const leaving = new AbortController();
    const state = {etag: null, wait: FIRST_MS, ended: false, asking: false, timer: null};

    async function ask() {
        clearTimeout(state.timer);
        if (state.asking || state.ended || document.hidden || leaving.signal.aborted)
            return;
        state.asking = true;
        const pause = await askOnce(id, state, leaving.signal, {changed, failed});
        state.asking = false;
        if (!state.ended && !leaving.signal.aborted)
            state.timer = setTimeout(ask, pause);
    }

    const seen = () => ask();
    document.addEventListener('visibilitychange', seen);
    ask();
    return {
        askNow: ask,
        stop() {
            leaving.abort();
            clearTimeout(state.timer);
            document.removeEventListener('visibilitychange', seen);
        },
    };
}

// One question; how long to wait before the next.
async function askOnce(id, state, signal, {changed, failed}) {
    const slower = Math.min(state.wait * SLOWER, LONGEST_MS);
    try {
        const {status, etag, data} = await request(`/api/pedidos/${id}`, {etag: state.etag, signal});
        if (status === 304) {
            state.wait = slower;
            changed(null);
        } else {
            Object.assign(state, {etag, wait: FIRST_MS, ended: ENDED.has(data.status)});
            changed(data);
        }
        return state.wait;
    } catch (error) {
        if (signal.aborted)
            return 0;
        noteFailure(error);
        failed(error);
        Object.assign(state, {wait: slower, ended: error.status === 404});
        // Without a connection the next question comes when it is back.
        await whenOnline();
        return Math.max(error.kind === 'network' ? 0 : slower, (error.retryAfter ?? 0) * 1000);
    }
}

// {pedido, erro, em, askNow}: erro of the newest question, em when an answer came last.
export function useOrder(id) {
    const [state, setState] = useState({pedido: null, erro: null, em: null});
    const watched = useRef(null);

    useEffect(() => {
        setState({pedido: null, erro: null, em: null});
        watched.current = watch(id,
            (pedido) => setState((before) => ({pedido: pedido ?? before.pedido, erro: null, em: new Date()})),
            (error) => setState((before) => ({...before, erro: {...explain(error), codigo: error.codigo}})));
        return () => watched.current.stop();
    }, [id]);
    return {...state, askNow: () => watched.current?.askNow(), show: (pedido) => setState({pedido, erro: null, em: new Date()})};
}

// Cancelling what is cancelled is no error, so it may be repeated.
export async function cancelOrder(id, waiting) {
    const key = newKey();
    const {data} = await persist(() => request(`/api/pedidos/${id}/cancelar`, {method: 'POST', key}), {waiting});
    return data;
}
