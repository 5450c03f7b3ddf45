// How many: minus, the number, plus. At one, minus takes the line out where that is wanted.
import {html} from '../comum/ui.js';
import {Icone} from './icones.js';

const MOST = 9999;

export function Quantidade({nome, valor, maximo, aoMudar, aoRemover = null}) {
    const least = aoRemover ? 0 : 1;
    const set = (value) => {
        if (value < 1)
            aoRemover?.();
        else
            aoMudar(value);
    };
    const removes = valor <= 1 && aoRemover;
    return html`
        <div class="quantidade" role="group" aria-label=${`Quantidade de ${nome}`}>
            <button type="button" class="botao-icone" disabled=${valor <= least}
                aria-label=${removes ? `Tirar ${nome} do carrinho` : `Um a menos de ${nome}`} onClick=${() => set(valor - 1)}>
                <${Icone} nome=${removes ? 'lixo' : 'menos'}/>
            </button>
            <output class="numero">${valor}</output>
            <button type="button" class="botao-icone" disabled=${valor >= Math.min(maximo, MOST)} aria-label=${`Um a mais de ${nome}`}
                onClick=${() => set(valor + 1)}><${Icone} nome="mais"/></button>
        </div>`;
}
