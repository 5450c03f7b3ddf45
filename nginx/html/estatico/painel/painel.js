// The back office: a sign-in, then one view of the address's fragment in the frame.
import {html, render, useEffect, useState} from '../comum/ui.js';
import {Categorias} from './categorias.js';
import {refused} from './credencial.js';
import {Cozinha} from './cozinha.js';
import {SignIn, SignInAgain} from './entrar.js';
import {Frame, viewsFor} from './moldura.js';
import {Pedidos} from './pedidos.js';
import {Produto} from './produto.js';
import {Produtos} from './produtos.js';
import {route} from './rota.js';
import {isAdmin, person, resume} from './sessao.js';
import {Sistema} from './sistema.js';
import {Vendas} from './vendas.js';

const VIEWS = {
    pedidos: Pedidos,
    cozinha: Cozinha,
    produtos: ({id}) => (id ? html`<${Produto} key=${id} id=${id} />` : html`<${Produtos} />`),
    categorias: Categorias,
    vendas: Vendas,
    sistema: Sistema,
};

const NotYours = () => html`<h1 tabindex="-1" id="titulo">Sem acesso</h1>
    <p>O seu token não dá direito a esta parte do painel. Peça a quem administra a loja.</p>`;

function View() {
    const {view, id} = route.value;
    const known = Object.hasOwn(VIEWS, view) ? view : 'pedidos';
    const main = known === 'categorias' ? 'produtos' : known;
    const mine = viewsFor(isAdmin.value).some((one) => one.view === main) && (known !== 'categorias' || isAdmin.value);

    useEffect(() => {
        document.getElementById('titulo')?.focus({preventScroll: true});
        scrollTo(0, 0);
    }, [known, known === 'produtos' ? id : null]);
    return mine ? html`<${VIEWS[known]} id=${id} />` : html`<${NotYours} />`;
}

function App() {
    const [problem, setProblem] = useState(null);
    const [asked, setAsked] = useState(false);
    useEffect(() => {
        resume()
            .catch(setProblem)
            .finally(() => setAsked(true));
    }, []);
    if (!asked)
        return html`<p class="carregando" aria-busy="true">Abrindo o painel…</p>`;
    if (!person.value)
        return html`<${SignIn} problem=${problem} />`;
    return html`<${Frame}><${View} /></>${refused.value && html`<${SignInAgain} />`}`;
}

render(html`<${App} />`, document.getElementById('painel'));
