// The form of a product's data. Only what was changed is sent, with the tag of what was read: no change of others is overwritten unseen.
import {newKey} from '../comum/api.js';
import {notify} from '../comum/avisos.js';
import {centsToText, formatCents, fromCents, parseCents, toCents} from '../comum/dinheiro.js';
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {call} from './chamar.js';
import {Failure, Field, described, fieldErrors} from './pecas.js';
import {loadProduto} from './produto.js';
import {address, go} from './rota.js';
import {Heads, Scroll} from './tabela.js';

const PRICE_WRONG = 'Escreva um valor como 45,90.';
const PRICE_HELP = 'Em reais, como 45,90.';

// What the fields show of a product.
const formOf = (produto, categorias) => ({
    nome: produto?.nome ?? '',
    descricao: produto?.descricao ?? '',
    categoria_id: String(produto?.categoria_id ?? categorias[0]?.id ?? ''),
    preco: produto ? centsToText(toCents(produto.preco)) : '',
    estoque: '0',
});

const same = (one, other, field) => (field === 'preco' ? parseCents(one.preco) === parseCents(other.preco) : one[field] === other[field]);

// What is to be sent: of a new product all, of another what differs from `base`.
export function bodyOf(form, base, fields) {
    const value = {
        nome: () => form.nome,
        descricao: () => form.descricao,
        categoria_id: () => Number(form.categoria_id),
        preco: () => fromCents(parseCents(form.preco)),
        estoque: () => Number(form.estoque),
    };
    const changed = fields.filter((field) => !base || !same(form, base, field));
    return Object.fromEntries(changed.map((field) => [field, value[field]()]));
}

// What can be seen to be wrong before the shop is asked.
function check(form, isNew) {
    const errors = {};
    if (form.nome.trim() === '')
        errors.nome = 'Dê um nome ao produto.';
    if (!parseCents(form.preco))
        errors.preco = PRICE_WRONG;
    if (isNew && !/^\d{1,10}$/.test(form.estoque.trim()))
        errors.estoque = 'Escreva um número inteiro, como 10.';
    return errors;
}

// What was typed here, on top of what somebody else saved.
export const onTop = (base, theirs, form) =>
    Object.fromEntries(Object.keys(form).map((field) => [field, same(base, form, field) ? theirs[field] : form[field]]));

const NAMES = {nome: 'Nome', descricao: 'Descrição', categoria_id: 'Categoria', preco: 'Preço'};

function shown(field, form, categorias) {
    if (field === 'preco')
        return parseCents(form.preco) === null ? form.preco : formatCents(parseCents(form.preco));
    return field === 'categoria_id' ? (categorias.find(({id}) => String(id) === form.categoria_id)?.nome ?? '') : form[field] || '(vazio)';
}

// A 412: what somebody else changed meanwhile, beside what is in the form, and two ways on.
function Conflict({base, theirs, form, categorias, onMine, onTheirs}) {
    const fields = Object.keys(NAMES).filter((field) => !same(base, theirs, field));
    const box = useRef(null);
    useEffect(() => box.current.focus(), []);
    return html`<div class="recado conflito" role="alert" ref=${box} tabindex="-1">
        <p><strong>Outra pessoa mudou este produto enquanto você editava.</strong> Nada do que você digitou se perdeu.</p>
        ${fields.length > 0 &&
        html`<${Scroll} label="O que mudou"><table>
            <${Heads} heads=${['Campo', 'Era', 'Agora é', 'Você escreveu']} />
            <tbody>
                ${fields.map(
                    (field) => html`<tr key=${field}>
                        <th scope="row">${NAMES[field]}</th>
                        <td>${shown(field, base, categorias)}</td>
                        <td>${shown(field, theirs, categorias)}</td>
                        <td>${same(base, form, field) ? html`<span class="suave">não mudou</span>` : shown(field, form, categorias)}</td>
                    </tr>`,
                )}
            </tbody>
        </table></>`}
        ${fields.length === 0 && html`<p>A foto, o estoque ou a venda mudou; os campos deste formulário não.</p>`}
        <p class="acoes">
            <button type="button" class="botao" onClick=${onMine}>Salvar o que escrevi</button>
            <button type="button" class="botao-claro" onClick=${onTheirs}>Ficar com o que está salvo</button>
        </p>
    </div>`;
}

function Fields({form, set, errors, categorias, isNew}) {
    const input = (field) => ({value: form[field], onInput: (event) => set(field, event.target.value)});
    return html`<${Field} id="nome" label="Nome" error=${errors.nome}>
            <input ...${described('nome', {error: errors.nome})} ...${input('nome')} maxlength="120" autocomplete="off" required />
        </>
        <${Field} id="preco" label="Preço" error=${errors.preco} help=${PRICE_HELP}>
            <input ...${described('preco', {error: errors.preco, help: PRICE_HELP})} ...${input('preco')}
                inputmode="decimal" maxlength="20" autocomplete="off" required />
        </>
        <${Field} id="categoria" label="Categoria" error=${errors.categoria_id}>
            <select ...${described('categoria', {error: errors.categoria_id})}
                onChange=${(event) => set('categoria_id', event.target.value)}>
                ${categorias.map(
                    ({id, nome}) => html`<option key=${id} value=${id} selected=${String(id) === form.categoria_id}>${nome}</option>`,
                )}
            </select>
        </>
        ${isNew &&
        html`<${Field} id="estoque" label="Estoque inicial" error=${errors.estoque}>
            <input ...${described('estoque', {error: errors.estoque})} ...${input('estoque')}
                inputmode="numeric" maxlength="10" autocomplete="off" />
        </>`}
        <${Field} id="descricao" label="Descrição" error=${errors.descricao}>
            <textarea ...${described('descricao', {error: errors.descricao})} ...${input('descricao')} rows="4" maxlength="2000"></textarea>
        </>`;
}

// Sends the form; a new product keeps its Idempotency-Key until an answer comes, so that a lost one makes no second product.
function useSave({produto, etag, categorias, onChanged}) {
    const isNew = produto === null;
    const [base, setBase] = useState({form: formOf(produto, categorias), etag});
    const [state, setState] = useState({busy: false, problem: null, conflict: null});
    const key = useRef(null);

    // A picture, the stock or the sale state were changed on this page: the tag moves on with them. Not when the answer shows that somebody
    // else changed a field of this form: then the old tag makes the next save a conflict, which is shown.
    useEffect(() => {
        const now = formOf(produto, categorias);
        if (Object.keys(NAMES).every((field) => same(base.form, now, field)))
            setBase({...base, etag});
    }, [etag]);
    const create = async (form) => {
        key.current ??= newKey();
        const body = bodyOf(form, null, Object.keys(form));
        const {data} = await call('/api/produtos', {method: 'POST', body, key: key.current});
        notify(`${data.nome} foi criado. Agora você pode pôr uma foto.`);
        go(address('produtos', data.id));
    };
    const update = async (form, from) => {
        const body = bodyOf(form, from.form, Object.keys(NAMES));
        if (Object.keys(body).length === 0) {
            notify('Não há nada para salvar: tudo está como antes.');
            return;
        }
        const {data, etag: tag} = await call(`/api/produtos/${produto.id}`, {method: 'PATCH', body, ifMatch: from.etag});
        setBase({form: formOf(data, categorias), etag: tag});
        notify(`${data.nome} foi salvo.`);
        onChanged(data, tag);
    };
    const save = async (form, from = base) => {
        setState({busy: true, problem: null, conflict: null});
        try {
            await (isNew ? create(form) : update(form, from));
            setState({busy: false, problem: null, conflict: null});
        } catch (error) {
            await fail(error);
        }
    };
    const fail = async (error) => {
        if (!error.uncertain)
            key.current = null;
        const now = error.status === 412 ? await loadProduto(produto.id).catch(() => null) : null;
        const conflict = now && {form: formOf(now.produto, categorias), etag: now.etag, produto: now.produto};
        setState({busy: false, problem: conflict ? null : error, conflict});
    };
    const adopt = (conflict) => {
        setBase(conflict);
        setState({busy: false, problem: null, conflict: null});
        onChanged(conflict.produto, conflict.etag);
    };
    return {...state, base, save, adopt};
}

export function ProdutoDados({produto, etag, categorias, onChanged}) {
    const isNew = produto === null;
    const {busy, problem, conflict, base, save, adopt} = useSave({produto, etag, categorias, onChanged});
    const [form, setForm] = useState(base.form);
    const [wrong, setWrong] = useState({});
    const errors = {...fieldErrors(problem), ...wrong};
    const set = (field, value) => {
        setForm((now) => ({...now, [field]: value}));
        setWrong((now) => ({...now, [field]: undefined}));
    };
    const submit = (event) => {
        event.preventDefault();
        const found = check(form, isNew);
        setWrong(found);
        if (Object.keys(found).length > 0)
            document.getElementById(Object.keys(found)[0]).focus();
        else if (!busy)
            save(form);
    };
    const saveMine = () => {
        const mine = onTop(base.form, conflict.form, form);
        setForm(mine);
        save(mine, conflict);
    };
    const takeTheirs = () => {
        setForm(conflict.form);
        adopt(conflict);
    };
    return html`<form class="cartao formulario" onSubmit=${submit} noValidate aria-label="Dados do produto">
        <h2>Dados</h2>
        <${Fields} form=${form} set=${set} errors=${errors} categorias=${categorias} isNew=${isNew} />
        ${problem && html`<${Failure} problem=${problem} />`}
        ${conflict &&
        html`<${Conflict} base=${base.form} theirs=${conflict.form} form=${form} categorias=${categorias}
            onMine=${saveMine} onTheirs=${takeTheirs} />`}
        <p class="acoes"><button type="submit" class="botao" aria-disabled=${busy ? 'true' : undefined}>
            ${busy ? 'Salvando…' : isNew ? 'Criar o produto' : 'Salvar'}
        </button></p>
    </form>`;
}
