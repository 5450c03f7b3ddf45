// A product's card in the list, and what it shares with the product's own view: stock and the way into the cart.
import {formatCents} from '../comum/dinheiro.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {addToCart, inCart, removeFromCart, setQuantity} from './carrinho.js';
import {Icone} from './icones.js';
import {Quantidade} from './quantidade.js';
import {follow} from './rotas.js';

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
export function Comprar({produto, curto}) {
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
