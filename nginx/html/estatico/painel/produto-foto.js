// The picture of a product: chosen or dropped, seen before it is sent, taken away again.
import {notify} from '../comum/avisos.js';
import {Foto} from '../comum/foto.js';
import {html, useEffect, useState} from '../comum/ui.js';
import {call, wordsFor} from './chamar.js';
import {Confirm} from './pecas.js';
import {NoPicture, reduce} from './reduzir.js';

const inKilobytes = (bytes) => `${Math.ceil(bytes / 1024)} KB`;

// The preview is a blob of this page; its address is given back when it is not shown any more.
function usePreview() {
    const [chosen, setChosen] = useState(null); // {blob, url}
    useEffect(() => () => chosen && URL.revokeObjectURL(chosen.url), [chosen]);
    return [chosen, (blob) => setChosen(blob && {blob, url: URL.createObjectURL(blob)})];
}

function useDrop(onFile) {
    const [over, setOver] = useState(false);
    const stop = (event, is) => {
        event.preventDefault();
        setOver(is);
    };
    const handlers = {
        onDragOver: (event) => stop(event, true),
        onDragLeave: (event) => stop(event, false),
        onDrop: (event) => {
            stop(event, false);
            if (event.dataTransfer.files.length > 0)
                onFile(event.dataTransfer.files[0]);
        },
    };
    return [over, handlers];
}

function Chosen({chosen, busy, onSend, onDrop}) {
    return html`<img class="foto-grande" src=${chosen.url} alt="A foto escolhida, ainda não enviada" />
        <p class="suave pequeno">${inKilobytes(chosen.blob.size)}, ainda não enviada</p>
        <p class="acoes">
            <button type="button" class="botao" aria-disabled=${busy ? 'true' : undefined} onClick=${onSend}>
                ${busy ? 'Enviando…' : 'Usar esta foto'}
            </button>
            <button type="button" class="botao-claro" onClick=${onDrop}>Descartar</button>
        </p>`;
}

function Picker({onFile, has}) {
    const pick = (event) => {
        if (event.target.files.length > 0)
            onFile(event.target.files[0]);
        event.target.value = '';
    };
    return html`<label class="escolher-foto" for="foto">
            <span>${has ? 'Trocar a foto' : 'Escolher uma foto'}</span>
            <small>ou arraste uma para cá</small>
        </label>
        <input class="so-leitor" id="foto" type="file" accept="image/jpeg,image/png,image/webp" onChange=${pick} />`;
}

export function ProdutoFoto({produto, onChanged}) {
    const [chosen, choose] = usePreview();
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const [asking, setAsking] = useState(false);
    const path = `/api/produtos/${produto.id}/foto`;

    const take = async (file) => {
        setError(null);
        try {
            choose(await reduce(file));
        } catch (problem) {
            setError(problem instanceof NoPicture ? problem.message : wordsFor(problem));
        }
    };
    const run = async (options, done) => {
        if (busy)
            return;
        setBusy(true);
        setError(null);
        try {
            const {data, etag} = await call(path, options);
            choose(null);
            notify(done);
            onChanged(data, etag);
        } catch (problem) {
            setError(wordsFor(problem));
        }
        setBusy(false);
    };
    const [over, handlers] = useDrop(take);
    return html`<section class=${`cartao produto-foto ${over ? 'solte-aqui' : ''}`} aria-labelledby="foto-titulo" ...${handlers}>
        <h2 id="foto-titulo">Foto</h2>
        ${chosen
            ? html`<${Chosen} chosen=${chosen} busy=${busy} onDrop=${() => choose(null)}
                  onSend=${() => run({method: 'PUT', body: chosen.blob}, 'A foto foi trocada.')} />`
            : html`<${Foto} produto=${produto} classe="foto-grande" />`}
        ${error && html`<p class="recado recado-erro" role="alert">${error}</p>`}
        <div class="acoes">
            <${Picker} onFile=${take} has=${Boolean(produto.foto_url)} />
            ${produto.foto_url &&
            !chosen &&
            html`<button type="button" class="botao-leve" onClick=${() => setAsking(true)}>Remover a foto</button>`}
        </div>
        ${asking &&
        html`<${Confirm} title="Remover a foto?" action="Remover" onNo=${() => setAsking(false)}
            onYes=${() => {
                setAsking(false);
                run({method: 'DELETE'}, 'A foto foi removida.');
            }}>
            <p>${produto.nome} passa a aparecer na loja com o desenho do lugar da foto.</p>
        </>`}
    </section>`;
}
