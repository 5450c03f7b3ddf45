// Drawn here, in the colour of the text around them.
import {html} from '../comum/ui.js';

const SHAPES = {
    carrinho: 'M4 8h16l-1.2 11.2a2 2 0 0 1-2 1.8H7.2a2 2 0 0 1-2-1.8L4 8Zm4.5 3V7a3.5 3.5 0 0 1 7 0v4',
    busca: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm4.8-1.7L20.5 20.5',
    mais: 'M12 5v14M5 12h14',
    menos: 'M5 12h14',
    lixo: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.2 11v5M13.8 11v5',
    loja: 'M4 12v8h16v-8M3 10l2-6h14l2 6c0 1.6-1.3 2.6-3 2.6s-3-1-3-2.6c0 1.6-1.3 2.6-3 2.6s-3-1-3-2.6c0 1.6-1.3 2.6-3 2.6S3 11.6 3 10Z',
    casa: 'M3.5 11.5 12 4l8.5 7.5M6 10v10h12V10M10 20v-6h4v6',
    relogio: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-14v5l3.5 2',
    telefone: 'M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3c0 1-.9 2-2 2C10.5 19.5 4.5 13 4.5 6c0-1.1.9-2 2-2Z',
    certo: 'm5 12.5 4.5 4.5L19 7.5',
    lugar: 'M12 21s7-6.3 7-11.5a7 7 0 0 0-14 0C5 14.700 12 21 12 21Zm0-9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z',
};

export function Icone({nome}) {
    return html`
        <svg class="icone" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" fill="none" stroke="currentColor"
            stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"><path d=${SHAPES[nome]}/></svg>`;
}
