// What is around every view: the header with the cart, the strip for a lost connection, the footer.
import {loja, telephoneLink} from '../comum/ajustes.js';
import {online, probe} from '../comum/conexao.js';
import {openingHours} from '../comum/datas.js';
import {html} from '../comum/ui.js';
import {units} from './carrinho.js';
import {openDrawer} from './falas.js';
import {Icone} from './icones.js';
import {myOrders} from './meus.js';
import {follow} from './rotas.js';

export function Telefone() {
    const link = telephoneLink();
    return link && html`<a class="dinheiro" href=${link}>${loja.telefone}</a>`;
}

export function Topo() {
    const count = units.value;
    return html`
        <header class="topo">
            <div class="topo-dentro">
                <a class="marca" href="#/" onClick=${follow}>${loja.nome}</a>
                <nav class="topo-nav" aria-label="Principal">
                    <a href="#/" class="topo-cardapio" onClick=${follow}>Cardápio</a>
                    ${myOrders.value.length > 0 && html`<a href="#/pedidos" onClick=${follow}>Pedidos</a>`}
                    <button type="button" class="botao-claro topo-carrinho" aria-haspopup="dialog" onClick=${openDrawer}>
                        <${Icone} nome="carrinho"/><span class="topo-carrinho-texto">Carrinho</span>
                        ${count > 0 && html`
                            <span class="contador numero" key=${count}>${count}<span class="so-leitor"> itens</span></span>`}
                    </button>
                </nav>
            </div>
        </header>
        <div class="faixa" role="status" hidden=${online.value}>
            ${!online.value && html`Você está sem conexão. O que está na tela continua aqui, e seguimos assim que ela voltar.
                <button type="button" class="botao-leve" onClick=${probe}>Tentar agora</button>`}
        </div>`;
}

export function Rodape() {
    return html`
        <footer class="rodape">
            <div class="rodape-dentro">
                <div>
                    <p class="marca">${loja.nome}</p>
                    <p>Confeitaria de bairro, com forno ligado desde cedo.</p>
                </div>
                <div>
                    <h2 class="rodape-titulo">Venha nos ver</h2>
                    <p>${loja.endereco}</p>
                    <p>${openingHours()}</p>
                </div>
                <div>
                    <h2 class="rodape-titulo">Fale com a gente</h2>
                    <p><${Telefone}/></p>
                    <p class="pequeno rodape-elos"><a href="/painel/">Para a equipe</a> <a href="/api/">Para quem programa</a></p>
                </div>
            </div>
        </footer>`;
}
