// An order, kept up to date while somebody looks at it: asked for with its tag, less and less often, not at all when hidden.
import {newKey, request} from '../comum/api.js';
import {noteFailure, persist, whenOnline} from '../comum/conexao.js';
import {explain} from '../comum/erros.js';
import {useEffect, useRef, useState} from '../comum/ui.js';

const FIRST_MS = 4000;
const LONGEST_MS = 30000;
const SLOWER = 1.3;

const ENDED = new Set(['entregue', 'cancelado']);

// Watches until stop() is called. changed(pedido) for each new state, failed(error) for each failure.
function watch(id, changed, failed) {
    const leaving = new AbortController();
    let etag = null;
    let wait = FIRST_MS;
    let timer = null;
    let asking = false;
    let ended = false;

    async function ask() {
        clearTimeout(timer);
        if (asking || document.hidden || leaving.signal.aborted)
            return;
        asking = true;
        let pause = wait;
        try {
            const answer = await request(`/api/pedidos/${id}`, {etag, signal: leaving.signal});
            if (answer.status !== 304) {
                etag = answer.etag;
                wait = FIRST_MS;
                ended = ENDED.has(answer.data.status);
            } else {
                wait = Math.min(wait * SLOWER, LONGEST_MS);
            }
            pause = wait;
            changed(answer.status === 304 ? null : answer.data);
        } catch (error) {
            if (leaving.signal.aborted)
                return;
            noteFailure(error);
            failed(error);
            ended = error.status === 404;
            wait = Math.min(wait * SLOWER, LONGEST_MS);
            pause = Math.max(wait, (error.retryAfter ?? 0) * 1000);
            if (error.kind === 'network')
                whenOnline().then(ask);
        } finally {
            asking = false;
            if (!ended && !leaving.signal.aborted)
                timer = setTimeout(ask, pause);
        }
    }

    const seen = () => {
        if (!document.hidden && !ended)
            ask();
    };
    document.addEventListener('visibilitychange', seen);
    ask();
    return {
        askNow: ask,
        stop() {
            leaving.abort();
            clearTimeout(timer);
            document.removeEventListener('visibilitychange', seen);
        },
    };
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
