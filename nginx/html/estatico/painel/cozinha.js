// The kitchen's board: what is to be ready on a day, in the order of its time, and how much of each product that is. Made to be printed.
import {addDays, formatDay, formatInstant, isDay, nameDay, today} from '../comum/datas.js';
import {html, useEffect} from '../comum/ui.js';
import {call} from './chamar.js';
import {tipoNome} from './estados.js';
import {onChanges} from './novidades.js';
import {Steps} from './passos.js';
import {Estado, Failure, Heading, Loading, useLoaded} from './pecas.js';
import {dueDay, dueShort, dueTime} from './quando.js';
import {address, go, route} from './rota.js';
import {Heads} from './tabela.js';

const TO_MAKE = ['confirmado', 'em_preparo'];
const AGAIN_MS = 60000;
const LATE = 'Atrasados';

async function loadBoard(dia) {
    const pedidos = [];
    let cursor = null;
    do {
        const {data, proximo} = await call('/api/pedidos/producao', {query: {dia, cursor}});
        pedidos.push(...data);
        cursor = proximo;
    } while (cursor);
    return pedidos;
}

// The heading that an order stands under; the list comes in the order of its time.
export function groupName(pedido, dia) {
    const day = dueDay(pedido);
    if (day === null)
        return 'Sem data marcada';
    if (day < dia)
        return LATE;
    const time = dueTime(pedido);
    return time ? `${Number(time.slice(0, 2))}h` : 'A qualquer hora';
}

function grouped(pedidos, dia) {
    const groups = new Map();
    for (const pedido of pedidos) {
        const name = groupName(pedido, dia);
        groups.set(name, [...(groups.get(name) ?? []), pedido]);
    }
    return [...groups];
}

// How much of each product: still to be made, and in all.
export function quantities(pedidos) {
    const sums = new Map();
    for (const {itens, status} of pedidos)
        for (const {produto_id: id, nome, quantidade} of itens) {
            const sum = sums.get(id) ?? {id, nome, toMake: 0, all: 0};
            sum.all += quantidade;
            sum.toMake += TO_MAKE.includes(status) ? quantidade : 0;
            sums.set(id, sum);
        }
    return [...sums.values()].sort((one, other) => other.toMake - one.toMake || one.nome.localeCompare(other.nome, 'pt-BR'));
}

function Sums({pedidos}) {
    return html`<section class="somas" aria-labelledby="somas-titulo">
        <h2 id="somas-titulo">Quantidades do dia</h2>
        <table class="tabela">
            <${Heads} heads=${['Produto', '#A fazer', '#Total']} />
            <tbody>
                ${quantities(pedidos).map(
                    ({id, nome, toMake, all}) => html`<tr key=${id} class=${toMake === 0 ? 'feito' : ''}>
                        <th scope="row">${nome}</th>
                        <td class="numero"><strong>${toMake}</strong></td>
                        <td class="numero">${all}</td>
                    </tr>`,
                )}
            </tbody>
        </table>
    </section>`;
}

function Ticket({pedido, dia, onMoved}) {
    const day = dueDay(pedido);
    const due = day !== null && day < dia ? dueShort(pedido) : dueTime(pedido);
    return html`<li class=${`comanda comanda-${pedido.status}`}>
        <div class="comanda-cabeca">
            <h3>${due && html`<span class="comanda-hora">${due}</span> `}${pedido.cliente.nome}</h3>
            <p><${Estado} estado=${pedido.status} /> nº ${pedido.numero} · ${tipoNome(pedido.entrega.tipo).toLowerCase()}</p>
        </div>
        <ul class="comanda-itens">
            ${pedido.itens.map(({produto_id: id, quantidade, nome}) => html`<li key=${id}><strong>${quantidade}×</strong> ${nome}</li>`)}
        </ul>
        ${pedido.observacoes && html`<p class="destaque com-linhas">${pedido.observacoes}</p>`}
        <${Steps} pedido=${pedido} onMoved=${onMoved} />
    </li>`;
}

function Board({pedidos, dia, onMoved}) {
    if (pedidos.length === 0)
        return html`<p class="vazio">Nada para ficar pronto ${nameDay(dia)}.</p>`;
    return html`<div class="quadro">
        <div class="comandas">
            ${grouped(pedidos, dia).map(
                ([name, group]) => html`<section key=${name} class=${`grupo ${name === LATE ? 'grupo-atrasado' : ''}`} aria-label=${name}>
                    <h2>${name} <small>${group.length === 1 ? '1 pedido' : `${group.length} pedidos`}</small></h2>
                    <ul>${group.map((pedido) => html`<${Ticket} key=${pedido.id} pedido=${pedido} dia=${dia} onMoved=${onMoved} />`)}</ul>
                </section>`,
            )}
        </div>
        <${Sums} pedidos=${pedidos} />
    </div>`;
}

function Days({dia}) {
    const to = (day) => address('cozinha', null, {dia: day === today() ? null : day});
    return html`<div class="dias">
        <a class="botao-claro" href=${to(addDays(dia, -1))} aria-label="Dia anterior">‹</a>
        <label for="dia" class="so-leitor">Dia</label>
        <input id="dia" type="date" value=${dia} required onChange=${(event) => isDay(event.target.value) && go(to(event.target.value))} />
        <a class="botao-claro" href=${to(addDays(dia, 1))} aria-label="Dia seguinte">›</a>
        ${dia !== today() && html`<a class="botao-claro" href=${to(today())}>Hoje</a>`}
        <button type="button" class="botao-claro" onClick=${() => print()}>Imprimir</button>
    </div>`;
}

export function Cozinha() {
    const asked = route.value.query.get('dia') ?? '';
    const dia = isDay(asked) ? asked : today();
    const {value: pedidos, problem, again} = useLoaded(() => loadBoard(dia), [dia]);

    useEffect(() => {
        const timer = setInterval(() => !document.hidden && again(), AGAIN_MS);
        const forget = onChanges(again);
        return () => {
            clearInterval(timer);
            forget();
        };
    }, [dia]);
    return html`<${Heading} actions=${html`<${Days} dia=${dia} />`}>Cozinha <small>${nameDay(dia)}</small></>
        <p class="so-impresso">Para ${formatDay(dia)}, impresso em ${formatInstant(new Date())}</p>
        ${problem && html`<${Failure} problem=${problem} retry=${again} />`}
        ${!pedidos && !problem && html`<${Loading} what="o dia" />`}
        ${pedidos && html`<${Board} pedidos=${pedidos} dia=${dia} onMoved=${again} />`}`;
}
