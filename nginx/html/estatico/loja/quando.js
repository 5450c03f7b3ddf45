// When an order is to be ready: the days and hours in which the shop is open.
import {loja} from '../comum/ajustes.js';
import {addDays, formatHour, isDay, isOpenDay, nameDay, openingHours, shopClock, shopInstant, shortDay, today} from '../comum/datas.js';
import {html} from '../comum/ui.js';

const OFFERED = 6;
const AHEAD_DAYS = 364;
const HOUR = 60;

// Minutes of the day, each full hour while the shop is open; today those that are still an hour away.
export function hoursOf(day) {
    const {dia, minuto} = shopClock();
    const from = day === dia ? Math.max(loja.horario.abre, minuto + HOUR) : loja.horario.abre;
    const hours = [];
    for (let minute = Math.ceil(from / HOUR) * HOUR; minute < loja.horario.fecha; minute += HOUR)
        hours.push(minute);
    return hours;
}

export function isOffered(day) {
    return isDay(day) && day >= today() && day <= addDays(today(), AHEAD_DAYS) && isOpenDay(day) && hoursOf(day).length > 0;
}

export function nextDays() {
    const days = [];
    for (let day = today(); days.length < OFFERED; day = addDays(day, 1))
        if (isOpenDay(day) && hoursOf(day).length > 0)
            days.push(day);
    return days;
}

export function whyNot(day) {
    if (!isDay(day))
        return 'Escolha um dia.';
    if (day < today())
        return 'Esse dia já passou.';
    if (day > addDays(today(), AHEAD_DAYS))
        return 'Aceitamos pedidos para até um ano.';
    if (!isOpenDay(day))
        return `Nesse dia não abrimos. Abrimos ${openingHours()}.`;
    return hoursOf(day).length > 0 ? null : 'Para hoje já não dá tempo. Escolha outro dia.';
}

// As the API takes it: a day, or a time of that day with the shop's offset.
export function toData({dia, hora}) {
    return hora === '' ? dia : shopInstant(dia, Number(hora));
}

function capital(text) {
    return text.charAt(0).toUpperCase() + text.slice(1);
}

function chipText(day) {
    const name = nameDay(day);
    return name === 'hoje' || name === 'amanhã' ? capital(name) : capital(shortDay(day).replace('.', ''));
}

export function Quando({form, errors, change}) {
    const days = nextDays();
    const other = form.outroDia;
    const hours = isOffered(form.dia) ? hoursOf(form.dia) : [];
    const pick = (dia) => change({dia, outroDia: false, hora: hoursOf(dia).includes(Number(form.hora)) ? form.hora : ''});
    return html`
        <fieldset class="bloco">
            <legend class="bloco-titulo">${form.tipo === 'entrega' ? 'Para quando?' : 'Quando você vem buscar?'}</legend>
            <div class="dias" role="group" aria-label="Dia">
                ${days.map((day) => html`
                    <button key=${day} type="button" class="ficha" aria-pressed=${!other && form.dia === day ? 'true' : 'false'}
                        onClick=${() => pick(day)}>${chipText(day)}</button>`)}
                <button type="button" class="ficha" aria-pressed=${other ? 'true' : 'false'}
                    onClick=${() => change({outroDia: true})}>Outro dia</button>
            </div>
            <div class="dupla">
                ${other && html`
                    <div class="campo">
                        <label for="dia">Dia</label>
                        <input id="dia" type="date" value=${form.dia} min=${today()} max=${addDays(today(), AHEAD_DAYS)}
                            aria-invalid=${errors.dia ? 'true' : null} aria-describedby=${errors.dia ? 'dia-erro' : null}
                            onInput=${(event) => change({dia: event.currentTarget.value})}/>
                    </div>`}
                <div class="campo">
                    <label for="hora">Horário</label>
                    <select id="hora" value=${form.hora} onChange=${(event) => change({hora: event.currentTarget.value})}>
                        <option value="" selected=${form.hora === ''}>Qualquer horário</option>
                        ${hours.map((minute) => html`
                            <option key=${minute} value=${minute} selected=${String(minute) === form.hora}>${
    form.tipo === 'entrega' ? `por volta das ${formatHour(minute)}` : `às ${formatHour(minute)}`}</option>`)}
                    </select>
                </div>
            </div>
            ${errors.dia && html`<p class="erro" id="dia-erro">${errors.dia}</p>`}
            <p class="ajuda">Abrimos ${openingHours()}.</p>
        </fieldset>`;
}
