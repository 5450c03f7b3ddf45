// The frame around every view: who is signed in, the way between the views, and what is read out.
import {loja} from '../comum/ajustes.js';
import {Avisos} from '../comum/avisos.js';
import {formatDay} from '../comum/datas.js';
import {html, useEffect} from '../comum/ui.js';
import {announcement, arrived, counts, late} from './novidades.js';
import {route} from './rota.js';
import {isAdmin, person, signOut} from './sessao.js';

const VIEWS = [
    {view: 'pedidos', name: 'Pedidos', icon: 'M5 3h14v18l-3-2-2 2-2-2-2 2-2-2-3 2zM9 8h6M9 12h6'},
    {view: 'cozinha', name: 'Cozinha', icon: 'M6 21v-7a5 5 0 1 1 3-9 4 4 0 0 1 6 0 5 5 0 1 1 3 9v7zM6 17h12'},
    {view: 'produtos', name: 'Produtos', icon: 'M4 20h16v-8H4zM4 15c2 2 4 2 5.3 0 1.3 2 4 2 5.4 0 1.3 2 3.3 2 5.3 0M12 12V8M12 5v.01'},
    {view: 'vendas', name: 'Vendas', icon: 'M4 20h16M6 20v-6M11 20V9M16 20V5', admin: true},
    {view: 'sistema', name: 'Sistema', icon: 'M3 12h4l2-6 4 12 2.5-6H21'},
];

export const viewsFor = (admin) => VIEWS.filter((one) => admin || !one.admin);

const Icon = ({path}) => html`<svg class="icone" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true" fill="none"
    stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"><path d=${path} /></svg>`;

function Waiting({view}) {
    const waiting = view === 'pedidos' ? counts.value.confirmado : 0;
    return waiting > 0 && html`<span class="conta">${waiting}<span class="so-leitor"> por começar</span></span>`;
}

function Ways() {
    const here = route.value.view === 'categorias' ? 'produtos' : route.value.view;
    return html`<nav class="vistas" aria-label="Painel">
        <ul>
            ${viewsFor(isAdmin.value).map(
                ({view, name, icon}) => html`<li key=${view}>
                    <a href=${`#/${view}`} aria-current=${view === here ? 'page' : undefined}>
                        <${Icon} path=${icon} /><span>${name}</span><${Waiting} view=${view} />
                    </a>
                </li>`,
            )}
        </ul>
    </nav>`;
}

function useTitle() {
    const name = VIEWS.find((one) => one.view === route.value.view)?.name ?? 'Painel';
    const fresh = arrived.value > 0 ? `(${arrived.value}) ` : '';
    useEffect(() => {
        document.title = `${fresh}${name} · Painel da ${loja.nome}`;
    }, [name, fresh]);
}

export function Frame({children}) {
    const {nome, direitos, expira_em: until} = person.value;
    const right = direitos.includes('admin') ? 'administra' : 'atende';
    useTitle();
    return html`<a class="pular" href="#conteudo" onClick=${skip}>Ir para o conteúdo</a>
        <header class="topo">
            <p class="marca">${loja.nome} <span>painel</span></p>
            <p class="quem"><span>${nome}</span> <small>${right}${until && ` até ${formatDay(until)}`}</small></p>
            <button type="button" class="botao-leve" onClick=${signOut}>Sair</button>
        </header>
        <${Ways} />
        <p class="so-leitor" role="status" aria-live="polite">${announcement.value}</p>
        <main id="conteudo" tabindex="-1">
            ${late.value && html`<p class="faixa" role="status">Sem notícias dos pedidos: a loja não responde. Tentando de novo…</p>`}
            ${children}
        </main>
        <${Avisos} />`;
}

// The fragment is the view's address, so the link moves the focus by itself.
function skip(event) {
    event.preventDefault();
    document.getElementById('conteudo').focus();
}
