// The page of an order: where it is on its way, what is in it, and the way to cancel it while that can be done.
import {loja} from '../comum/ajustes.js';
import {notify} from '../comum/avisos.js';
import {formatDay, formatInstant, formatTime, nameMoment} from '../comum/datas.js';
import {Dialogo} from '../comum/dialogo.js';
import {formatCents, toCents} from '../comum/dinheiro.js';
import {explain} from '../comum/erros.js';
import {html, useEffect, useRef, useState} from '../comum/ui.js';
import {cancelOrder, useOrder} from './acompanha.js';
import {refreshProducts} from './catalogo.js';
import {arrival} from './envio.js';
import {Icone} from './icones.js';
import {Telefone} from './moldura.js';
import {follow} from './rotas.js';

const NAMES = {
    confirmado: 'Pedido confirmado', em_preparo: 'Em preparo', pronto: 'Pronto',
    em_rota: 'A caminho', entregue: 'Entregue', cancelado: 'Cancelado',
};

const SENTENCES = {
    confirmado: () => 'Recebemos seu pedido e já vamos começar.',
    em_preparo: () => 'A cozinha está cuidando do seu pedido agora.',
    pronto: ({entrega}) => (entrega.tipo === 'retirada' ? 'Está tudo pronto: é só vir buscar.'
        : 'Está tudo pronto e sai para entrega em instantes.'),
    em_rota: () => 'Seu pedido saiu e já está a caminho.',
    entregue: () => 'Entregue. Bom apetite, e obrigado pela preferência!',
    cancelado: () => 'Este pedido foi cancelado. Nada será cobrado.',
};

function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

const TOO_LATE = 'A cozinha já começou seu pedido, e por aqui não dá mais para cancelar. Ligue para nós.';

function stepsOf({entrega, status}) {
    if (status === 'cancelado')
        return null;
    return entrega.tipo === 'entrega' ? ['confirmado', 'em_preparo', 'pronto', 'em_rota', 'entregue']
        : ['confirmado', 'em_preparo', 'pronto', 'entregue'];
}

function stepName(step, {entrega}) {
    return step === 'entregue' && entrega.tipo === 'retirada' ? 'Retirado' : NAMES[step];
}

function Caminho({pedido}) {
    const steps = stepsOf(pedido);
    if (steps === null)
        return null;
    const now = steps.indexOf(pedido.status);
    const at = (step) => pedido.historico.findLast(({status}) => status === step)?.em;
    return html`
        <ol class="caminho">
            ${steps.map((step, index) => html`
                <li key=${step} class=${index < now ? 'passo passo-feito' : index === now ? 'passo passo-agora' : 'passo'}
                    aria-current=${index === now ? 'step' : null}>
                    <span class="passo-ponto">${index <= now && html`<${Icone} nome="certo"/>`}</span>
                    <span class="passo-nome">${stepName(step, pedido)}</span>
                    ${index <= now && at(step) && html`<span class="passo-hora suave pequeno">${formatTime(at(step))}</span>`}
                </li>`)}
        </ol>`;
}

function Itens({pedido}) {
    return html`
        <section class="cartao" aria-labelledby="itens-titulo">
            <h2 class="titulo-cartao" id="itens-titulo">O que você pediu</h2>
            <ul class="itens">
                ${pedido.itens.map(({produto_id, nome, quantidade, subtotal}) => html`
                    <li key=${produto_id}><span><span class="numero">${quantidade} ×</span> ${nome}</span>
                        <span class="dinheiro">${formatCents(toCents(subtotal))}</span></li>`)}
            </ul>
            <p class="total"><span>Total</span><strong class="dinheiro">${formatCents(toCents(pedido.valor_total))}</strong></p>
            ${pedido.observacoes && html`<h3>Seu recado</h3><p class="linhas suave">${pedido.observacoes}</p>`}
        </section>`;
}

function Dados({pedido}) {
    const {entrega, cliente, historico} = pedido;
    const pickUp = entrega.tipo === 'retirada';
    return html`
        <section class="cartao" aria-labelledby="dados-titulo">
            <h2 class="titulo-cartao" id="dados-titulo">${pickUp ? 'Retirada na loja' : 'Entrega'}</h2>
            <dl class="dados">
                ${entrega.data && html`
                    <dt>Quando</dt><dd>${capital(nameMoment(entrega.data))}<br/>
                        <span class="suave pequeno">${formatDay(entrega.data)}</span></dd>`}
                <dt>Onde</dt><dd class="linhas">${pickUp ? loja.endereco : entrega.endereco}</dd>
                ${cliente?.nome && html`
                    <dt>Para</dt><dd>${cliente.nome}<br/><span class="suave pequeno">${cliente.telefone}<br/>${cliente.email}</span></dd>`}
            </dl>
            <details class="historico">
                <summary>Histórico</summary>
                <ol>${historico.map(({status, em}, index) => html`
                    <li key=${index}><span>${NAMES[status]}</span> <span class="suave">${formatInstant(em)}</span></li>`)}</ol>
            </details>
        </section>`;
}

function Cancelar({pedido, show, askNow}) {
    const [asking, setAsking] = useState(false);
    const [sending, setSending] = useState(false);

    const cancel = async () => {
        if (sending)
            return;
        setSending(true);
        try {
            show(await cancelOrder(pedido.id));
            setAsking(false);
            notify('Pedido cancelado.');
            refreshProducts();
        } catch (error) {
            const {texto, repetir} = explain(error);
            notify(error.codigo === 'transicao_invalida' ? TOO_LATE : texto, {tipo: 'erro', nome: 'cancelar', fica: true});
            if (!repetir)
                setAsking(false);
            askNow();
        } finally {
            setSending(false);
        }
    };
    if (pedido.status !== 'confirmado')
        return null;
    return html`
        <p class="pedido-cancelar">
            <button type="button" class="botao-leve botao-perigo" onClick=${() => setAsking(true)}>Cancelar pedido</button>
            <span class="suave pequeno">enquanto a cozinha não começa</span></p>
        ${asking && html`
            <${Dialogo} rotulo="Cancelar pedido" classe="pequena" aoFechar=${() => setAsking(false)}>
                <div class="pergunta">
                    <h2>Cancelar o pedido nº ${pedido.numero}?</h2>
                    <p>Nada será cobrado. Se mudar de ideia, é só pedir de novo.</p>
                    <div class="acoes">
                        <button type="button" class="botao" aria-disabled=${sending ? 'true' : null} onClick=${cancel}>
                            ${sending ? 'Cancelando…' : 'Sim, cancelar'}</button>
                        <button type="button" class="botao-claro" onClick=${() => setAsking(false)}>Manter o pedido</button>
                    </div>
                </div>
            <//>`}`;
}

function Aberto({pedido, erro, em, show, askNow}) {
    const title = useRef(null);
    // The heading that had the focus while the order was awaited is gone.
    useEffect(() => {
        if (document.activeElement === document.body)
            title.current.focus({preventScroll: true});
    }, []);
    const said = arrival.value?.id === pedido.id ? arrival.value : null;
    return html`
        ${said && html`<p class=${`recado ${said.novo ? 'recado-bom' : ''}`}>${said.texto}</p>`}
        <header class="pedido-topo">
            <p class="suave">Pedido nº ${pedido.numero} · ${formatInstant(pedido.criado_em)}</p>
            <h1 tabindex="-1" ref=${title}>${stepName(pedido.status, pedido)}</h1>
            <p class="pedido-frase" role="status">
                <span class="so-leitor">${stepName(pedido.status, pedido)}. </span>${SENTENCES[pedido.status](pedido)}</p>
        </header>
        <${Caminho} pedido=${pedido}/>
        <p class="suave pequeno pedido-vivo">${erro ? `${erro.texto} Continuamos tentando.` : 'Esta página se atualiza sozinha.'}
            ${em && ` Última notícia às ${formatTime(em)}.`}</p>
        <div class="pedido-grade"><${Itens} pedido=${pedido}/><${Dados} pedido=${pedido}/></div>
        <${Cancelar} pedido=${pedido} show=${show} askNow=${askNow}/>
        <p class="suave">Alguma dúvida? Ligue <${Telefone}/> e diga o número do pedido. Guarde o endereço desta página: ele é a chave
            do seu pedido.</p>`;
}

export function Pedido({id}) {
    const order = useOrder(id);
    const {pedido, erro, askNow} = order;
    return html`
        <div class="pagina pagina-pedido">
            ${pedido && pedido.id === id ? html`<${Aberto} ...${order}/>`
        : erro ? html`
                <h1 tabindex="-1">${erro.codigo === 'pedido_nao_encontrado' ? 'Pedido não encontrado' : 'Não deu para ver seu pedido'}</h1>
                <p class="recado recado-erro" role="alert">${erro.texto}</p>
                <p class="acoes">${erro.repetir && html`<button type="button" class="botao" onClick=${askNow}>Tentar de novo</button>`}
                    <a class="botao-claro" href="#/" onClick=${follow}>Ver o cardápio</a></p>`
        : html`<h1 tabindex="-1">Seu pedido</h1><p class="suave" aria-busy="true">Um instante…</p>`}
        </div>`;
}
