// The state of the system, live: a picture, the same in a table, the reads that this page makes itself, and what changed when.
import {html, useEffect} from '../comum/ui.js';
import {Drawing, SOURCES, sourceOf} from './desenho.js';
import {serviceName} from './observador.js';
import {Heading, Loading} from './pecas.js';
import {log, observed, paused, setPaused, startProbes} from './sondas.js';

const TIME = new Intl.DateTimeFormat('pt-BR', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const NUMBER = new Intl.NumberFormat('pt-BR');
const STATES = {healthy: ['bem', 'selo-bom'], degraded: ['com problemas', 'selo-aviso'], unhealthy: ['fora', 'selo-erro']};
const ROLES = {primario: 'primário', replica: 'réplica'};

const State = ({status}) => html`<span class=${`selo ${STATES[status]?.[1] ?? ''}`}>${STATES[status]?.[0] ?? 'sem notícia'}</span>`;

function inBytes(bytes) {
    return bytes < 1024 * 1024 ? `${NUMBER.format(Math.round(bytes / 1024))} KB` : `${NUMBER.format(Math.round(bytes / 1024 / 1024))} MB`;
}

// What is known of a store, in few words; what is null is not known.
function storeInWords({papel, servidor, atraso_bytes: behind, atraso_segundos: seconds, memoria_bytes: memory, chaves}) {
    return [
        papel && ROLES[papel],
        servidor,
        seconds != null && `atraso de ${seconds} s`,
        behind != null && `${NUMBER.format(behind)} bytes por aplicar`,
        chaves != null && (chaves === 1 ? '1 chave' : `${NUMBER.format(chaves)} chaves`),
        memory != null && inBytes(memory),
    ].filter(Boolean).join(' · ');
}

const Store = ({store}) => html`<li>
    ${store.nome} <${State} status=${store.status} /> <span class="suave">${storeInWords(store)}</span>
</li>`;

const Service = ({servico: {nome, status, trabalhadores, dependencias}}) => html`<li>
    <h3>${serviceName(nome)} <${State} status=${status} /></h3>
    <p>${trabalhadores ? `${trabalhadores.ocupados} de ${trabalhadores.total} trabalhadores ocupados` : 'não responde'}</p>
    <ul aria-label=${`O que ${serviceName(nome)} usa`}>
        ${(dependencias ?? []).map((store) => html`<${Store} key=${store.nome} store=${store} />`)}
    </ul>
</li>`;

const Parts = ({sistema, problem}) => html`<section class="cartao" aria-labelledby="partes-titulo">
    <h2 id="partes-titulo">Partes</h2>
    ${!sistema && html`<p class="recado">O estado das partes não é informado agora: ${problem} As consultas à loja continuam.</p>`}
    ${sistema &&
    html`<ul class="partes" aria-label="Partes do sistema">
        ${sistema.servicos.map((servico) => html`<${Service} key=${servico.nome} servico=${servico} />`)}
    </ul>`}
</section>`;

const byWhom = ({replica, lag}) => (replica ? `réplica${lag === null ? '' : `, atraso até ${lag} s`}` : 'primário');

function inWords(probe) {
    if (!probe.answered)
        return probe.status ? `falhou (${probe.status})` : 'sem resposta';
    if (probe.cache === 'HIT')
        return 'guardada pelo nginx (HIT)';
    return `pedida a um trabalhador${probe.cache ? ` (${probe.cache})` : ''}: ${byWhom(probe)}`;
}

const Read = ({name, probe}) => html`<dt>${name}</dt>
    <dd><span class="tempo">${probe.ms} ms</span> ${inWords(probe)}</dd>`;

const Reads = ({lista, estoque}) => html`<section class="cartao" aria-labelledby="leituras-titulo">
    <h2 id="leituras-titulo">Consultas como as de um cliente</h2>
    <dl class="dados">
        <${Read} name="Produtos" probe=${lista} />
        ${estoque && html`<${Read} name="Estoque" probe=${estoque} />`}
    </dl>
</section>`;

const Owed = ({inacabados, parados, eventos_por_publicar: events}) => html`<section class="cartao" aria-labelledby="pendencias-titulo">
    <h2 id="pendencias-titulo">Pendências</h2>
    <dl class="dados">
        <dt>Pedidos por concluir</dt><dd>${inacabados}</dd>
        <dt>Pedidos parados</dt><dd>${parados}${parados > 0 && html` <span class="selo selo-erro">precisam de alguém</span>`}</dd>
        <dt>Eventos por publicar</dt><dd>${events}</dd>
    </dl>
</section>`;

const Log = () => html`<section class="cartao registro" aria-labelledby="registro-titulo">
    <h2 id="registro-titulo">O que mudou</h2>
    <div role="log" aria-live="polite" aria-labelledby="registro-titulo" tabindex="0"><ol>
        ${log.value.map(
            ({id, at, text, kind}) => html`<li key=${id} class=${`registro-${kind}`}><time>${TIME.format(at)}</time> ${text}</li>`,
        )}
    </ol></div>
    ${log.value.length === 0 && html`<p class="suave">Nada mudou desde que esta página foi aberta.</p>`}
</section>`;

const Pause = () => html`<button type="button" class="botao-claro" onClick=${() => setPaused(!paused.value)}>
    ${paused.value ? 'Continuar' : 'Pausar'}
</button>`;

export function Sistema() {
    useEffect(startProbes, []);
    const now = observed.value;
    const source = now && sourceOf(now);
    return html`<${Heading} actions=${html`<${Pause} />`}>Sistema</>
        ${!now && html`<${Loading} what="o estado do sistema" />`}
        ${now &&
        html`<p class="resumo-sistema">
                ${paused.value ? 'Pausado.' : 'Ao vivo.'} Leituras do catálogo: <strong>${SOURCES[source] ?? 'sem resposta'}</strong>.
            </p>
            <div class="sistema-mesa">
                <div class="sistema-coluna">
                    <section class="cartao cartao-desenho" aria-label="Desenho"><${Drawing} observed=${now} /></section>
                    <${Reads} lista=${now.lista} estoque=${now.estoque} />
                </div>
                <div class="sistema-coluna">
                    <${Log} />
                    <${Parts} sistema=${now.sistema} problem=${now.problem} />
                    ${now.sistema?.pendencias && html`<${Owed} ...${now.sistema.pendencias} />`}
                </div>
            </div>`}`;
}
