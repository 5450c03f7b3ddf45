// The dialog with all that is known of a product.
import {loja} from '../comum/ajustes.js';
import {Dialogo} from '../comum/dialogo.js';
import {formatCents} from '../comum/dinheiro.js';
import {explain} from '../comum/erros.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {list, readProduct} from './catalogo.js';
import {Telefone} from './moldura.js';
import {Comprar, Estoque} from './produto.js';
import {leaveDialog} from './rotas.js';

function useProduct(id) {
    const [state, setState] = useState({produto: list.value.produtos.find((one) => one.id === id) ?? null, erro: null});
    const [turn, setTurn] = useState(0);

    useEffect(() => {
        const leaving = new AbortController();
        readProduct(id, leaving.signal).then(
            (produto) => setState({produto, erro: null}),
            (error) => {
                if (error.name !== 'AbortError')
                    setState((before) => ({...before, erro: explain(error)}));
            });
        return () => leaving.abort();
    }, [id, turn]);
    // The list's is refreshed after a sale, a refusal, a change of the cart.
    const listed = list.value.produtos.find((one) => one.id === id);
    return {produto: listed ?? state.produto, erro: state.erro, again: () => setTurn(turn + 1)};
}

export function Detalhe({id}) {
    const {produto, erro, again} = useProduct(id);
    const gone = erro && (!produto || !erro.repetir);
    return html`
        <${Dialogo} rotulo=${produto?.nome ?? 'Produto'} classe="detalhe" aoFechar=${leaveDialog}>
            ${gone ? html`
                <div class="detalhe-vazio">
                    <h2>${erro.texto}</h2>
                    <div class="acoes">
                        ${erro.repetir && html`<button type="button" class="botao" onClick=${again}>Tentar de novo</button>`}
                        <button type="button" class="botao-claro" onClick=${leaveDialog}>Ver o cardápio</button>
                    </div>
                </div>` : produto ? html`<${Inteiro} produto=${produto}/>`
        : html`<div class="detalhe-vazio" aria-busy="true"><p class="suave">Um instante…</p></div>`}
        <//>`;
}

function Inteiro({produto}) {
    const soldOut = produto.estoque === 0 || !produto.ativo;

    useEffect(() => {
        document.title = `${produto.nome} · ${loja.nome}`;
        return () => { document.title = loja.nome; };
    }, [produto.nome]);
    return html`
        <div class="detalhe-grade">
            <${Foto} produto=${produto} adiada=${false}/>
            <div class="detalhe-texto">
                <p class="detalhe-categoria">${produto.categoria_nome}</p>
                <h2>${produto.nome}</h2>
                <p class="detalhe-descricao linhas">${produto.descricao}</p>
                <div class="detalhe-estoque">
                    <${Estoque} produto=${produto}/>
                    ${soldOut && html`<p class="suave">No momento acabou. Ligue para saber quando tem de novo: <${Telefone}/>.</p>`}
                </div>
                <div class="detalhe-pe">
                    <strong class="dinheiro preco-grande">${formatCents(produto.precoCentavos)}</strong>
                    <${Comprar} produto=${produto}/>
                </div>
            </div>
        </div>`;
}
