// The checkout: how, when, who; beside it what is bought and what it costs.
import {loja} from '../comum/ajustes.js';
import {formatCents} from '../comum/dinheiro.js';
import {html, useEffect} from '../comum/ui.js';
import {busy, cart, lines, totalCents, troubled} from './carrinho.js';
import {notice, placeOrder, sending} from './envio.js';
import {change, errors, firstError, form, isComplete} from './formulario.js';
import {Linha} from './gaveta.js';
import {Icone} from './icones.js';
import {Telefone} from './moldura.js';
import {Quando} from './quando.js';
import {follow} from './rotas.js';

function Campo({nome, rotulo, ajuda = null, opcional = false, tag = 'input', ...others}) {
    const error = errors.value[nome];
    const described = [error && `${nome}-erro`, ajuda && `${nome}-ajuda`].filter(Boolean).join(' ');
    return html`
        <div class="campo">
            <label for=${nome}>${rotulo}${opcional && html`<span class="suave"> (se quiser)</span>`}</label>
            <${tag} id=${nome} name=${nome} value=${form.value[nome]} aria-required=${opcional ? null : 'true'}
                aria-invalid=${error ? 'true' : null} aria-describedby=${described || null}
                onInput=${(event) => change({[nome]: event.currentTarget.value})} ...${others}/>
            ${error && html`<p class="erro" id=${`${nome}-erro`}>${error}</p>`}
            ${ajuda && html`<p class="ajuda" id=${`${nome}-ajuda`}>${ajuda}</p>`}
        </div>`;
}

function Jeito({valor, icone, titulo, texto}) {
    return html`
        <label class="jeito">
            <input type="radio" name="tipo" value=${valor} checked=${form.value.tipo === valor} onChange=${() => change({tipo: valor})}/>
            <${Icone} nome=${icone}/>
            <span><strong>${titulo}</strong><span class="suave pequeno">${texto}</span></span>
        </label>`;
}

function Como() {
    return html`
        <fieldset class="bloco">
            <legend class="bloco-titulo">Como você quer receber?</legend>
            <div class="jeitos">
                <${Jeito} valor="retirada" icone="loja" titulo="Retirar na loja" texto=${loja.endereco || 'Fica prontinho no balcão.'}/>
                <${Jeito} valor="entrega" icone="casa" titulo="Receber em casa" texto="Levamos até você."/>
            </div>
            ${form.value.tipo === 'entrega' && html`
                <${Campo} nome="endereco" rotulo="Endereço de entrega" tag="textarea" rows="3" maxlength="500" autocomplete="street-address"
                    ajuda="Rua, número, complemento, bairro."/>`}
        </fieldset>`;
}

function Quem() {
    return html`
        <fieldset class="bloco">
            <legend class="bloco-titulo">Quem é você?</legend>
            <${Campo} nome="nome" rotulo="Nome" autocomplete="name" maxlength="120"/>
            <div class="dupla">
                <${Campo} nome="email" rotulo="E-mail" type="email" autocomplete="email" maxlength="254"/>
                <${Campo} nome="telefone" rotulo="Telefone" type="tel" autocomplete="tel" maxlength="20"/>
            </div>
            <${Campo} nome="observacoes" rotulo="Algum recado para a cozinha?" opcional tag="textarea" rows="3" maxlength="1000"
                ajuda="Nome no bolo, alergias, velas…"/>
        </fieldset>`;
}

function Recado() {
    const said = notice.value;
    return html`
        <div role="alert">
            ${said && html`
                <div class=${`recado ${said.tipo === 'erro' ? 'recado-erro' : ''}`}>
                    <p>${said.texto ?? html`Um preço mudou enquanto você comprava. O total era
                        ${' '}<s class="dinheiro">${formatCents(said.antes)}</s> e agora é
                        ${' '}<strong class="dinheiro">${formatCents(said.agora)}</strong>. Nada foi pedido ainda.`}</p>
                </div>`}
        </div>`;
}

function Resumo() {
    const waiting = sending.value;
    const total = formatCents(totalCents.value);
    return html`
        <section class="resumo cartao" aria-labelledby="resumo-titulo">
            <h2 id="resumo-titulo">Seu pedido</h2>
            <ul class="linhas-lista">${lines.value.map((linha) => html`<${Linha} key=${linha.produto_id} linha=${linha}/>`)}</ul>
            <p class="total"><span>Total</span><strong class="dinheiro">${total}</strong></p>
            <p class="suave pequeno">Você paga na retirada ou na entrega.</p>
            <${Recado}/>
            ${troubled.value.length > 0 && html`<p class="recado">Acerte o que falta no carrinho para continuar.</p>`}
            <button type="submit" class="botao botao-largo botao-alto"
                aria-disabled=${waiting || troubled.value.length > 0 ? 'true' : null}>
                ${waiting ? 'Enviando…' : html`${notice.value?.botao ?? 'Confirmar pedido'} · <span class="dinheiro">${total}</span>`}
            </button>
            <p class="suave pequeno">Prefere falar com a gente? <${Telefone}/></p>
        </section>`;
}

function submit(event) {
    event.preventDefault();
    if (sending.value || troubled.value.length > 0)
        return;
    if (isComplete())
        placeOrder().then(focusFirstError);
    else
        focusFirstError();
}

function focusFirstError() {
    const name = firstError();
    // After the errors are on the page.
    if (name)
        requestAnimationFrame(() => document.getElementById(name)?.focus());
}

function Vazio() {
    return html`
        <p class="suave">Seu carrinho está vazio; não há o que finalizar.</p>
        <p><a class="botao" href="#/" onClick=${follow}>Ver o cardápio</a></p>`;
}

export function Finalizar() {
    useEffect(() => () => { notice.value = null; }, []);
    const ready = cart.value !== null;
    const empty = ready && lines.value.length === 0 && !sending.value && busy.value === 0;
    return html`
        <div class="pagina">
            <h1 tabindex="-1">Finalizar pedido</h1>
            ${!ready && html`<p class="suave" aria-busy="true">Um instante…</p>`}
            ${empty && html`<${Vazio}/>`}
            ${ready && !empty && html`
                <form class="finalizar" noValidate onSubmit=${submit}>
                    <div class="finalizar-campos">
                        <${Como}/>
                        <${Quando} form=${form.value} errors=${errors.value} change=${change}/>
                        <${Quem}/>
                    </div>
                    <${Resumo}/>
                </form>`}
        </div>`;
}
