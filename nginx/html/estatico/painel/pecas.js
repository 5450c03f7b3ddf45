// Small pieces that several views share.
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {byField} from '../comum/erros.js';
import {Dialogo} from '../comum/dialogo.js';
import {wordsFor} from './chamar.js';
import {refused} from './credencial.js';
import {estadoNome} from './estados.js';

export const Loading = ({what}) => html`<p class="carregando" aria-busy="true">Carregando ${what}…</p>`;

// A failure in place of what could not be shown, with a way on.
export function Failure({problem, retry}) {
    return html`<div class="recado recado-erro" role="alert">
        <p>${wordsFor(problem)}</p>
        ${retry && html`<button type="button" class="botao-claro" onClick=${retry}>Tentar de novo</button>`}
    </div>`;
}

const SELOS = {confirmado: 'selo-cor', em_preparo: 'selo-aviso', pronto: 'selo-bom', em_rota: 'selo-aviso', cancelado: 'selo-erro'};

export const Estado = ({estado}) => html`<span class=${`selo ${SELOS[estado] ?? ''}`}>${estadoNome(estado)}</span>`;

// The heading of a view takes the focus when the view changes, so that keyboard and screen reader begin there.
export function Heading({children, actions}) {
    return html`<div class="cabeca">
        <h1 tabindex="-1" id="titulo">${children}</h1>
        ${actions && html`<div class="cabeca-acoes">${actions}</div>`}
    </div>`;
}

// Loads when `deps` change. An answer that comes after a newer question is dropped.
export function useLoaded(load, deps) {
    const [state, setState] = useState({value: null, problem: null});
    const round = useRef(0);
    const again = async () => {
        const mine = ++round.current;
        try {
            const value = await load();
            if (mine === round.current)
                setState({value, problem: null});
        } catch (problem) {
            if (mine === round.current)
                setState((before) => ({value: before.value, problem}));
        }
    };
    const put = (change) => setState((before) => ({value: change(before.value), problem: null}));
    useEffect(() => {
        setState({value: null, problem: null});
        again();
        return () => {
            round.current++;
        };
    }, deps);
    useEffect(() => {
        if (!refused.value && state.problem?.status === 401)
            again();
    }, [refused.value]);
    return {...state, again, put};
}

// The way to the next page of a list.
export function More({next, onMore}) {
    const [busy, setBusy] = useState(false);
    const [problem, setProblem] = useState(null);
    const more = async () => {
        setBusy(true);
        setProblem(null);
        try {
            await onMore();
        } catch (error) {
            setProblem(error);
        }
        setBusy(false);
    };
    if (problem)
        return html`<${Failure} problem=${problem} retry=${more} />`;
    return next && html`<p class="mais">
        <button type="button" class="botao-claro" disabled=${busy} onClick=${more}>Carregar mais</button>
    </p>`;
}

// A question before something that cannot be taken back.
export function Confirm({title, children, action, onYes, onNo}) {
    return html`<${Dialogo} rotulo=${title} classe="pequena" aoFechar=${onNo}>
        <div class="caixa">
        <h2>${title}</h2>
        ${children}
        <div class="dialogo-acoes">
            <button type="button" class="botao-claro" onClick=${onNo}>Voltar</button>
            <button type="button" class="botao-claro botao-perigo" onClick=${onYes}>${action}</button>
        </div></div>
    </>`;
}

// What the shop says about the fields of a form.
export const fieldErrors = (problem) => (problem ? byField(problem) : {});

export function Field({id, label, error, help, children}) {
    return html`<div class="campo">
        <label for=${id}>${label}</label>
        ${children}
        ${help && html`<p class="ajuda" id=${`${id}-ajuda`}>${help}</p>`}
        ${error && html`<p class="erro" id=${`${id}-erro`}>${error}</p>`}
    </div>`;
}

// What the input of a Field says about itself to a screen reader.
export function described(id, {error, help}) {
    const ids = [help && `${id}-ajuda`, error && `${id}-erro`].filter(Boolean).join(' ');
    return {id, 'aria-describedby': ids || undefined, 'aria-invalid': error ? 'true' : undefined};
}
