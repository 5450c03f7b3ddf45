// The picture of a product; one without is drawn: a cake stand in the colour of its category, with the product's initial.
import {html, useState} from './ui.js';

function initial(nome) {
    return (/\p{L}|\p{N}/u.exec(nome ?? '')?.[0] ?? '').toLocaleUpperCase('pt-BR');
}

function Prato({produto}) {
    return html`
        <svg class="foto-prato" viewBox="0 0 400 300" role="img" aria-label=${produto.nome} preserveAspectRatio="xMidYMid slice">
            <circle class="prato-luz" cx="200" cy="140" r="118"/>
            <path class="prato-base" d="M176 214h48l10 42h-68z"/>
            <ellipse class="prato-base" cx="200" cy="258" rx="52" ry="9"/>
            <ellipse class="prato-prato" cx="200" cy="206" rx="128" ry="17"/>
            <path class="prato-massa" d="M118 130h164v62c0 12-36 19-82 19s-82-7-82-19z"/>
            <path class="prato-cobertura" d="M118 130c0-15 36-26 82-26s82 11 82 26v12c0 12-17 13-20 3-4-12-19-11-21 2-2 15-22 15-24 0-2-12-18-12-20 0-2 18-24 18-26 0-1-12-17-12-20-1-4 13-21 12-24-2-3-10-29-2-29-14z"/>
            <text class="prato-letra" x="200" y="194" text-anchor="middle">${initial(produto.nome)}</text>
        </svg>`;
}

/*
 * produto: {nome, foto_url, categoria_id}. adiada: loaded when it comes near the screen. decorativa: its name stands beside it, so it is not read twice.
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
