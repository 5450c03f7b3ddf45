// The loja: which view is shown, and where the focus goes when it changes.
import {loja} from '../comum/ajustes.js';
import {Avisos} from '../comum/avisos.js';
import {html, render, useEffect, useRef} from '../comum/ui.js';
import {startCart} from './carrinho.js';
import {startCatalogue} from './catalogo.js';
import {later, loadLater} from './depois.js';
import {closeDrawer, drawerOpen} from './falas.js';
import {Rodape, Topo} from './moldura.js';
import {follow, jump, route} from './rotas.js';
import {Vitrine} from './vitrine.js';

const TITLES = {finalizar: 'Finalizar pedido', pedido: 'Seu pedido', pedidos: 'Meus pedidos', nada: 'Página não encontrada'};

function Nada() {
    return html`
        <div class="pagina pagina-estreita">
            <h1 tabindex="-1">Aqui não há nada</h1>
            <p class="suave">Este endereço não leva a lugar nenhum da loja.</p>
            <p><a class="botao" href="#/" onClick=${follow}>Ver o cardápio</a></p>
        </div>`;
}

function View({route: {nome, id}}) {
    // A product lies over the list.
    if (nome === 'vitrine' || nome === 'produto')
        return html`<${Vitrine}/>`;
    if (nome === 'nada')
        return html`<${Nada}/>`;
    if (later.value === null)
        return html`<div class="pagina"><p class="suave" aria-busy="true">Um instante…</p></div>`;
    const {Finalizar, MeusPedidos, Pedido} = later.value;
    if (nome === 'pedido')
        return html`<${Pedido} key=${id} id=${id}/>`;
    return nome === 'pedidos' ? html`<${MeusPedidos}/>` : html`<${Finalizar}/>`;
}

// What lies over the view.
function Over({route: {nome, id}}) {
    if (later.value === null)
        return null;
    const {Detalhe, Gaveta} = later.value;
    return html`
        ${nome === 'produto' && html`<${Detalhe} key=${id} id=${id}/>`}
        ${drawerOpen.value && html`<${Gaveta}/>`}`;
}

// The list and a product over it are one page: what moves the focus there is the dialog.
function pageOf({nome, id}) {
    return nome === 'produto' ? 'vitrine' : `${nome} ${id ?? ''}`.trim();
}

function Loja() {
    const now = route.value;
    const page = pageOf(now);
    const first = useRef(true);

    useEffect(() => {
        document.title = TITLES[now.nome] ? `${TITLES[now.nome]} · ${loja.nome}` : loja.nome;
        closeDrawer();
        if (first.current) {
            first.current = false;
            return;
        }
        scrollTo(0, 0);
        document.querySelector('#conteudo h1')?.focus({preventScroll: true});
    }, [page]);
    return html`
        <a class="pular" href="#conteudo" onClick=${jump}>Pular para o conteúdo</a>
        <${Topo}/>
        <main id="conteudo" tabindex="-1"><${View} route=${now}/></main>
        <${Rodape}/>
        <${Over} route=${now}/>
        <${Avisos}/>`;
}

const catalogue = startCatalogue();
startCart();
render(html`<${Loja}/>`, document.getElementById('app'));
// At once where it is wanted at once.
if (route.value.nome === 'vitrine')
    catalogue.then(loadLater);
else
    loadLater();
