// The stock of a product: added to, taken from, or counted and set. A lost answer may be repeated: the key makes it count once.
import {newKey} from '../comum/api.js';
import {notify} from '../comum/avisos.js';
import {html, useRef, useState} from '../comum/ui.js';
import {call} from './chamar.js';
import {Failure, Field, described, fieldErrors} from './pecas.js';

const OPERATIONS = [
    {operacao: 'adicionar', name: 'Entrou', help: 'Soma ao que há, como uma fornada.'},
    {operacao: 'remover', name: 'Saiu', help: 'Tira do que há, como uma perda.'},
    {operacao: 'definir', name: 'Contei', help: 'Passa a ser exatamente este número.'},
];

const WRONG = 'Escreva um número inteiro, como 10.';

function Operations({chosen, onChoose}) {
    return html`<fieldset class="opcoes">
        <legend class="so-leitor">O que aconteceu</legend>
        ${OPERATIONS.map(
            ({operacao, name}) => html`<label key=${operacao} class="opcao">
                <input type="radio" name="operacao" value=${operacao} checked=${chosen === operacao} onChange=${() => onChoose(operacao)} />
                <span>${name}</span>
            </label>`,
        )}
    </fieldset>`;
}

// One key for one adjustment: kept while its answer is unknown, another when anything of it changes.
function useAdjustment(produto, onChanged) {
    const key = useRef(null);
    const [problem, setProblem] = useState(null);
    const [busy, setBusy] = useState(false);
    const send = async (body) => {
        const wanted = JSON.stringify(body);
        if (key.current?.wanted !== wanted)
            key.current = {wanted, key: newKey()};
        setBusy(true);
        setProblem(null);
        try {
            const {data, etag} = await call(`/api/produtos/${produto.id}/estoque`, {method: 'PUT', body, key: key.current.key});
            key.current = null;
            notify(`${data.nome}: agora há ${data.estoque} em estoque.`);
            onChanged(data, etag);
            return true;
        } catch (error) {
            setProblem(error);
            return false;
        } finally {
            setBusy(false);
        }
    };
    return {send, problem, busy};
}

export function ProdutoEstoque({produto, onChanged}) {
    const [operacao, setOperacao] = useState('adicionar');
    const [text, setText] = useState('');
    const [wrong, setWrong] = useState(null);
    const {send, problem, busy} = useAdjustment(produto, onChanged);
    const help = OPERATIONS.find((one) => one.operacao === operacao).help;
    const error = wrong ?? fieldErrors(problem).quantidade;

    const submit = async (event) => {
        event.preventDefault();
        if (busy)
            return;
        if (!/^\d{1,10}$/.test(text.trim())) {
            setWrong(WRONG);
            document.getElementById('quantidade').focus();
            return;
        }
        if (await send({quantidade: Number(text), operacao}))
            setText('');
    };
    return html`<form class="cartao formulario" onSubmit=${submit} noValidate aria-labelledby="estoque-titulo">
        <h2 id="estoque-titulo">Estoque</h2>
        <p class="estoque-agora"><strong>${produto.estoque}</strong> ${produto.estoque === 1 ? 'unidade' : 'unidades'} agora</p>
        <${Operations} chosen=${operacao} onChoose=${setOperacao} />
        <${Field} id="quantidade" label="Quantas unidades" error=${error} help=${help}>
            <input ...${described('quantidade', {error, help})} inputmode="numeric" maxlength="10" autocomplete="off" value=${text}
                onInput=${(event) => {
                    setText(event.target.value);
                    setWrong(null);
                }} />
        </>
        ${problem && !fieldErrors(problem).quantidade && html`<${Failure} problem=${problem} />`}
        <p class="acoes">
            <button type="submit" class="botao" aria-disabled=${busy ? 'true' : undefined}>${busy ? 'Gravando…' : 'Gravar'}</button>
        </p>
    </form>`;
}
