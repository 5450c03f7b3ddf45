// A product: its card in the list, and the dialog with all that is known of it.
import {loja} from '../comum/ajustes.js';
import {Dialogo} from '../comum/dialogo.js';
import {formatCents} from '../comum/dinheiro.js';
import {explain} from '../comum/erros.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {addToCart, inCart, removeFromCart, setQuantity} from './carrinho.js';
import {list, readProduct} from './catalogo.js';
import {Icone} from './icones.js';
import {Quantidade} from './quantidade.js';
import {Telefone} from './moldura.js';
import {follow, leaveDialog} from './rotas.js';

const FEW = 5;

export function Estoque({produto}) {
    const {estoque, ativo} = produto;
    if (!ativo)
        return html`<span class="selo">Fora de venda</span>`;
    if (estoque === 0)
        return html`<span class="selo">Esgotado</span>`;
    if (estoque === 1)
        return html`<span class="selo selo-cor">Última unidade</span>`;
    if (estoque <= FEW)
        return html`<span class="selo selo-cor">Últimas ${estoque}</span>`;
    return null;
}

// The button that had the focus gives way to another: the focus stays in its place.
function useFocusKept(kind) {
    const place = useRef(null);
    const inside = useRef(false);
    inside.current = Boolean(place.current?.contains(document.activeElement));

    useEffect(() => {
        if (inside.current && !place.current?.contains(document.activeElement))
            [...place.current.querySelectorAll('button:enabled')].at(-1)?.focus();
    }, [kind]);
    return place;
}

// Puts one in; what is there already has its number.
function Comprar({produto, curto}) {
    const [adding, setAdding] = useState(false);
    const there = inCart(produto.id);
    const place = useFocusKept(there > 0);

    const add = async () => {
        if (adding)
            return;
        setAdding(true);
        await addToCart(produto);
        setAdding(false);
    };
    if (there === 0 && (produto.estoque === 0 || !produto.ativo))
        return null;
    return html`
        <div class="comprar-lugar" ref=${place}>
            ${there > 0 ? html`
                <${Quantidade} nome=${produto.nome} valor=${there} maximo=${produto.estoque}
                    aoMudar=${(value) => setQuantity(produto.id, value)} aoRemover=${() => removeFromCart(produto.id)}/>`
        : html`
                <button type="button" class=${curto ? 'botao comprar' : 'botao'} aria-disabled=${adding ? 'true' : null} onClick=${add}>
                    <${Icone} nome="mais"/><span class=${curto ? 'comprar-texto' : ''}>${adding ? 'Um instante…' : 'Adicionar'}<span
                        class="so-leitor"> ${produto.nome} ao carrinho</span></span>
                </button>`}
        </div>`;
}

export function Cartao({produto, cedo}) {
    const soldOut = produto.estoque === 0 || !produto.ativo;
    return html`
        <li class=${`produto ${soldOut ? 'produto-esgotado' : ''}`}>
            <${Foto} produto=${produto} decorativa adiada=${!cedo}/>
            <div class="produto-selo"><${Estoque} produto=${produto}/></div>
            <div class="produto-texto">
                <h3><a class="produto-nome" href=${`#/produto/${produto.id}`} onClick=${follow}>${produto.nome}</a></h3>
                <p class="produto-descricao suave">${produto.descricao}</p>
                <div class="produto-pe">
                    <strong class="dinheiro preco">${formatCents(produto.precoCentavos)}</strong>
                    <${Comprar} produto=${produto} curto/>
                </div>
            </div>
        </li>`;
}

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
