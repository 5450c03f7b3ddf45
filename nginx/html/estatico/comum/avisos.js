// Short messages at the edge of the page, read out by screen readers. They go by themselves, but not while the
// pointer or the focus is on one.
import {html, signal} from './ui.js';

const SHOWN_MS = 6000;

// What lies beside a modal dialog is inert and not read out: while one is open, messages are shown inside it.
export const openDialogs = signal(0);

const shown = signal([]);
let last = 0;
const timers = new Map();

export function dismiss(id) {
    clearTimeout(timers.get(id));
    timers.delete(id);
    shown.value = shown.value.filter((one) => one.id !== id);
}

export function dismissNamed(nome) {
    shown.value.filter((one) => one.nome === nome).forEach((one) => dismiss(one.id));
}

function start(id) {
    timers.set(id, setTimeout(() => dismiss(id), SHOWN_MS));
}

/*
 * notify('Bolo de Cenoura foi para o carrinho', {acao: {texto: 'Ver', ao: openCart}}). tipo: 'bom', 'aviso' or 'erro'.
 * fica: it stays until it is closed. The same nome replaces what is there, so that a repeated failure is one message.
 */
export function notify(texto, {tipo = 'bom', acao = null, fica = false, nome = texto} = {}) {
    const id = ++last;
    dismissNamed(nome);
    shown.value = [...shown.value.slice(-2), {id, texto, tipo, acao, nome, fica}];
    if (!fica)
        start(id);
    return id;
}

function act(one) {
    dismiss(one.id);
    one.acao.ao();
}

function hold(one) {
    clearTimeout(timers.get(one.id));
}

function resume(one) {
    if (!one.fica)
        start(one.id);
}

// Once a page, at the end of the body's content; Dialogo has its own.
export function Avisos({noDialogo = false}) {
    const here = noDialogo || openDialogs.value === 0 ? shown.value : [];
    return html`
        <div class="avisos" role="status" aria-live="polite">
            ${here.map((one) => html`
                <div key=${one.id} class=${`aviso aviso-${one.tipo}`} onMouseEnter=${() => hold(one)} onMouseLeave=${() => resume(one)}
                    onFocusIn=${() => hold(one)} onFocusOut=${() => resume(one)}>
                    <p>${one.texto}</p>
                    ${one.acao && html`<button type="button" class="botao-leve" onClick=${() => act(one)}>${one.acao.texto}</button>`}
                    <button type="button" class="botao-icone" aria-label="Fechar aviso" onClick=${() => dismiss(one.id)}>×</button>
                </div>`)}
        </div>`;
}
