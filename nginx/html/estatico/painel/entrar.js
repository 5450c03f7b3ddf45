// Signing in with a token: as a page of its own, and laid over the view when a token stops being accepted in the middle of the work.
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {wordsFor} from './chamar.js';
import {Field, described} from './pecas.js';
import {person, signIn, signOut} from './sessao.js';

const REFUSED = 'Este token não é aceito. Confira se foi copiado inteiro; ele também pode ter vencido ou sido retirado.';
const HELP = 'Fica guardado só nesta aba e some quando ela é fechada.';

function wordsOf(problem) {
    return problem.status === 401 ? REFUSED : wordsFor(problem);
}

function TokenForm({button, onDone}) {
    const [text, setText] = useState('');
    const [error, setError] = useState(null);
    const [busy, setBusy] = useState(false);
    const input = useRef(null);

    useEffect(() => input.current.focus(), []);
    const submit = async (event) => {
        event.preventDefault();
        const token = text.trim();
        if (token === '') {
            setError('Cole aqui o seu token.');
            input.current.focus();
            return;
        }
        setBusy(true);
        try {
            await signIn(token);
            onDone?.();
        } catch (problem) {
            setError(wordsOf(problem));
            setBusy(false);
            input.current.focus();
        }
    };
    return html`<form class="entrar-form" onSubmit=${submit} noValidate>
        <${Field} id="token" label="Token" error=${error} help=${HELP}>
            <input ...${described('token', {error, help: HELP})} ref=${input} type="password" autocomplete="off" spellcheck="false"
                maxlength="512" value=${text} onInput=${(event) => setText(event.target.value)} />
        </>
        <button type="submit" class="botao" disabled=${busy}>${busy ? 'Entrando…' : button}</button>
    </form>`;
}

export function SignIn({problem}) {
    return html`<main class="entrar" id="conteudo">
        <img class="entrar-marca" src="/favicon.svg" alt="" width="64" height="64" />
        <h1>Painel da loja</h1>
        <p>Pedidos, cozinha, produtos e vendas. Entre com o token que recebeu de quem administra a loja.</p>
        ${problem && html`<p class="recado recado-erro" role="alert">${wordsFor(problem)}</p>`}
        <${TokenForm} button="Entrar" />
        <p class="entrar-loja"><a href="/">Ir para a loja</a></p>
    </main>`;
}

// What was typed beneath stays; leaving for good is a choice of its own.
export function SignInAgain() {
    const dialog = useRef(null);
    useEffect(() => dialog.current.showModal(), []);
    return html`<dialog class="dialogo pequena" ref=${dialog} aria-labelledby="de-novo" onCancel=${(event) => event.preventDefault()}>
        <div class="dialogo-conteudo caixa">
        <h2 id="de-novo">Entre de novo</h2>
        <p>O token de ${person.value.nome} não é mais aceito: venceu ou foi retirado. O que você digitou continua aqui.</p>
        <${TokenForm} button="Entrar e continuar" />
        <p><button type="button" class="botao-leve" onClick=${signOut}>Sair e descartar</button></p>
        </div>
    </dialog>`;
}
