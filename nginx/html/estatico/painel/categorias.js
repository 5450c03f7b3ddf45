// The categories: made, renamed, deleted while no product is in them.
import {newKey} from '../comum/api.js';
import {notify} from '../comum/avisos.js';
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {call, wordsFor} from './chamar.js';
import {Confirm, Failure, Field, Heading, Loading, described, fieldErrors, useLoaded} from './pecas.js';

function NewCategory({onMade}) {
    const [nome, setNome] = useState('');
    const [problem, setProblem] = useState(null);
    const key = useRef(null);
    const error = fieldErrors(problem).nome ?? (problem && wordsFor(problem));
    const submit = async (event) => {
        event.preventDefault();
        key.current ??= newKey();
        try {
            const {data} = await call('/api/categorias', {method: 'POST', body: {nome}, key: key.current});
            key.current = null;
            setProblem(null);
            setNome('');
            notify(`A categoria ${data.nome} foi criada.`);
            onMade();
        } catch (failure) {
            if (!failure.uncertain)
                key.current = null;
            setProblem(failure);
            document.getElementById('categoria-nova').focus();
        }
    };
    return html`<form class="cartao formulario em-linha" onSubmit=${submit} noValidate>
        <${Field} id="categoria-nova" label="Nova categoria" error=${error}>
            <input ...${described('categoria-nova', {error})} maxlength="80" autocomplete="off" value=${nome}
                onInput=${(event) => setNome(event.target.value)} />
        </>
        <button type="submit" class="botao">Criar</button>
    </form>`;
}

function Rename({categoria, onDone, onLeave}) {
    const [nome, setNome] = useState(categoria.nome);
    const [problem, setProblem] = useState(null);
    const error = fieldErrors(problem).nome ?? (problem && wordsFor(problem));
    const id = `categoria-${categoria.id}`;
    const input = useRef(null);
    useEffect(() => input.current.select(), []);
    const submit = async (event) => {
        event.preventDefault();
        try {
            const {etag} = await call(`/api/categorias/${categoria.id}`);
            const body = {nome, descricao: categoria.descricao};
            const {data} = await call(`/api/categorias/${categoria.id}`, {method: 'PUT', body, ifMatch: etag});
            notify(`A categoria agora se chama ${data.nome}.`);
            onDone();
        } catch (failure) {
            setProblem(failure);
            document.getElementById(id).focus();
        }
    };
    return html`<form class="formulario em-linha" onSubmit=${submit} noValidate>
        <${Field} id=${id} label="Nome" error=${error}>
            <input ...${described(id, {error})} ref=${input} maxlength="80" autocomplete="off" value=${nome}
                onInput=${(event) => setNome(event.target.value)} />
        </>
        <button type="submit" class="botao">Salvar</button>
        <button type="button" class="botao-leve" onClick=${onLeave}>Desistir</button>
    </form>`;
}

function Row({categoria, onChanged}) {
    const [mode, setMode] = useState(null); // 'nome' or 'apagar'
    const done = () => {
        setMode(null);
        onChanged();
    };
    const remove = async () => {
        setMode(null);
        try {
            await call(`/api/categorias/${categoria.id}`, {method: 'DELETE'});
            notify(`A categoria ${categoria.nome} foi apagada.`);
            onChanged();
        } catch (failure) {
            notify(wordsFor(failure), {tipo: 'erro'});
        }
    };
    const button = (kind, name, next) => html`<button type="button" class=${`botao-leve ${kind}`} aria-label=${`${name} ${categoria.nome}`}
        onClick=${() => setMode(next)}>${name}</button>`;
    if (mode === 'nome')
        return html`<li><${Rename} categoria=${categoria} onDone=${done} onLeave=${() => setMode(null)} /></li>`;
    return html`<li class="linha-categoria">
        <span>${categoria.nome}</span>
        ${button('', 'Renomear', 'nome')}${button('botao-perigo', 'Apagar', 'apagar')}
        ${mode === 'apagar' &&
        html`<${Confirm} title=${`Apagar a categoria ${categoria.nome}?`} action="Apagar" onNo=${() => setMode(null)} onYes=${remove}>
            <p>Só dá para apagar uma categoria sem produtos, nem mesmo fora de venda.</p>
        </>`}
    </li>`;
}

export function Categorias() {
    const {value: categorias, problem, again} = useLoaded(async () => (await call('/api/categorias')).data, []);
    return html`<p class="voltar"><a href="#/produtos">Todos os produtos</a></p>
        <${Heading}>Categorias</>
        ${problem && html`<${Failure} problem=${problem} retry=${again} />`}
        ${!categorias && !problem && html`<${Loading} what="as categorias" />`}
        ${categorias &&
        html`<ul class="cartao lista-categorias">
            ${categorias.map((categoria) => html`<${Row} key=${categoria.id} categoria=${categoria} onChanged=${again} />`)}
        </ul>`}
        <${NewCategory} onMade=${again} />`;
}
