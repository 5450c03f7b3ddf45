// The buttons that move an order along, and the question before it is cancelled.
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {passosDe, podeCancelar} from './estados.js';
import {moveOrder} from './mover.js';
import {Confirm} from './pecas.js';

// The second click of a double click must not take the next step.
const firstClick = (action) => (event) => event.detail <= 1 && action();

// A button that is gone with its step leaves the focus where the steps are, not at the top of the page.
function useKeptFocus(status) {
    const root = useRef(null);
    const inside = useRef(false);
    useEffect(() => {
        if (inside.current && document.activeElement === document.body)
            root.current.focus();
        inside.current = false;
    }, [status]);
    return {root, note: () => (inside.current = true)};
}

export function Steps({pedido, onMoved, cancel = false}) {
    const [busy, setBusy] = useState(false);
    const [asking, setAsking] = useState(false);
    const {root, note} = useKeptFocus(pedido.status);
    const move = async (estado) => {
        if (busy)
            return;
        setBusy(true);
        note();
        await moveOrder(pedido, estado, onMoved);
        setBusy(false);
    };
    const confirmed = () => {
        setAsking(false);
        move('cancelado');
    };
    const button = (kind, acao, action) => html`<button type="button" class=${kind} aria-label=${`${acao}, pedido ${pedido.numero}`}
        aria-disabled=${busy ? 'true' : undefined} onClick=${firstClick(action)}>${acao}</button>`;
    return html`<div class="passos" role="group" aria-label=${`Passos do pedido ${pedido.numero}`} ref=${root} tabindex="-1">
        ${passosDe(pedido).map(({para, acao, volta}) => button(volta ? 'botao-claro' : 'botao', acao, () => move(para)))}
        ${cancel && podeCancelar(pedido) && button('botao-claro botao-perigo', 'Cancelar', () => setAsking(true))}
        ${asking &&
        html`<${Confirm} title=${`Cancelar o pedido ${pedido.numero}?`} action="Cancelar o pedido"
            onNo=${() => setAsking(false)} onYes=${confirmed}>
            <p>O pedido de ${pedido.cliente.nome} deixa de ser feito e os produtos voltam ao estoque. Isto não pode ser desfeito.</p>
        </>`}
    </div>`;
}
