// The picture of a product; one without is drawn: a cake stand under its
// glass, in the colour of its category, with the product's initial.
import {html, useState} from './ui.js';

function initial(nome) {
    return (/\p{L}|\p{N}/u.exec(nome ?? '')?.[0] ?? '').toLocaleUpperCase('pt-BR');
}

function Prato({produto}) {
    return html`
        <svg class="foto-prato" viewBox="0 0 400 300" role="img" aria-label=${produto.nome} preserveAspectRatio="xMidYMid slice">
            <circle class="prato-luz" cx="200" cy="142" r="122"/>
            <path class="prato-pe" d="M184 222h32l12 36h-56z"/>
            <ellipse class="prato-pe" cx="200" cy="258" rx="54" ry="9"/>
            <ellipse class="prato-prato" cx="200" cy="216" rx="126" ry="16"/>
            <path class="prato-redoma" d="M104 210v-58a96 96 0 0 1 192 0v58c0 8-43 13-96 13s-96-5-96-13Z"/>
            <text class="prato-letra" x="200" y="198" text-anchor="middle">${initial(produto.nome)}</text>
            <path class="prato-brilho" d="M128 192v-40a72 72 0 0 1 22-51"/>
            <circle class="prato-redoma" cx="200" cy="46" r="9"/>
        </svg>`;
}

/*
 * produto: {nome, foto_url, categoria_id}. adiada: loaded when it comes near the screen. decorativa: its name stands beside it, so it
 * is not read twice.
 * The frame keeps its place before the picture is there.
 */
export function Foto({produto, adiada = true, decorativa = false, classe = ''}) {
    const [broken, setBroken] = useState(null);
    const url = produto.foto_url;
    const tone = `foto foto-tom-${(produto.categoria_id ?? 0) % 6} ${classe}`;

    return html`
        <div class=${tone} aria-hidden=${decorativa ? 'true' : null}>
            ${url && broken !== url
        ? html`<img src=${url} alt=${decorativa ? '' : produto.nome} width="800" height="600" decoding="async"
                loading=${adiada ? 'lazy' : 'eager'} onError=${() => setBroken(url)}/>`
        : html`<${Prato} produto=${produto}/>`}
        </div>`;
}
