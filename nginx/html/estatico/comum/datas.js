// Days and times as the shop has them: those of its time zone, whichever the reader's is. A day is the text "2026-11-26".
import {loja} from './ajustes.js';

const MINUTE = 60000;

const PARTS = new Intl.DateTimeFormat('en-CA', {
    timeZone: loja.fuso, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit',
    hour: '2-digit', minute: '2-digit', second: '2-digit',
});

function formatter(options, zone = loja.fuso) {
    return new Intl.DateTimeFormat('pt-BR', {...options, timeZone: zone});
}

const DAY = formatter({day: '2-digit', month: '2-digit', year: 'numeric'});
const TIME = formatter({hour: '2-digit', minute: '2-digit'});
const DAY_TIME = formatter({day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit'});
// A day without a time has no zone: it is noon of UTC, shown in UTC.
const LONG_DAY = formatter({weekday: 'long', day: 'numeric', month: 'long'}, 'UTC');
const SHORT_DAY = formatter({weekday: 'short', day: '2-digit', month: '2-digit'}, 'UTC');
const PLAIN_DAY = formatter({day: '2-digit', month: '2-digit', year: 'numeric'}, 'UTC');

function noon(day) {
    return new Date(`${day}T12:00:00Z`);
}

function shopParts(instant) {
    return Object.fromEntries(PARTS.formatToParts(instant).map(({type, value}) => [type, value]));
}

// The shop's day and minute of the day at an instant.
export function shopClock(instant = new Date()) {
    const at = shopParts(instant);
    return {dia: `${at.year}-${at.month}-${at.day}`, minuto: Number(at.hour) * 60 + Number(at.minute)};
}

export function today() {
    return shopClock().dia;
}

export function addDays(day, count) {
    const date = noon(day);
    date.setUTCDate(date.getUTCDate() + count);
    return date.toISOString().slice(0, 10);
}

// 0 is Sunday.
export function weekday(day) {
    return noon(day).getUTCDay();
}

export function isOpenDay(day) {
    return loja.dias.has(weekday(day));
}

export function isDay(text) {
    return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(noon(text).getTime()) && noon(text).toISOString().startsWith(text);
}

// "26/11/2026" of a day or an instant.
export function formatDay(value) {
    return isDay(value) ? PLAIN_DAY.format(noon(value)) : DAY.format(new Date(value));
}

// "14:30" of an instant.
export function formatTime(instant) {
    return TIME.format(new Date(instant));
}

// "26/11/2026, 14:30"; a day alone stays one.
export function formatInstant(value) {
    return isDay(value) ? formatDay(value) : DAY_TIME.format(new Date(value));
}

// "hoje", "amanhã", "quinta-feira, 26 de novembro".
export function nameDay(day) {
    if (day === today())
        return 'hoje';
    if (day === addDays(today(), 1))
        return 'amanhã';
    return LONG_DAY.format(noon(day));
}

// "qui., 26/11"
export function shortDay(day) {
    return SHORT_DAY.format(noon(day));
}

// "quinta-feira, 26 de novembro, às 14:30"; of a day alone without the time.
export function nameMoment(value) {
    if (isDay(value))
        return nameDay(value);
    return `${nameDay(shopClock(new Date(value)).dia)}, às ${formatTime(value)}`;
}

// "9h", "8h30" of a minute of the day.
export function formatHour(minute) {
    const rest = minute % 60;
    return `${Math.floor(minute / 60)}h${rest ? String(rest).padStart(2, '0') : ''}`;
}

// What the shop's clocks are ahead of UTC, in minutes, at an instant.
function offsetAt(instant) {
    const at = shopParts(instant);
    const asUtc = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
    return Math.round((asUtc - Math.floor(instant.getTime() / 1000) * 1000) / MINUTE);
}

// A day and a minute of the shop as the API takes it: "2026-11-28T15:00:00-03:00".
export function shopInstant(day, minute) {
    const hour = String(Math.floor(minute / 60)).padStart(2, '0');
    const clock = `${day}T${hour}:${String(minute % 60).padStart(2, '0')}:00`;
    const asUtc = new Date(`${clock}Z`);
    // Twice, since the offset of the first guess is that of another hour where clocks change between the two.
    const guess = new Date(asUtc.getTime() - offsetAt(asUtc) * MINUTE);
    const offset = offsetAt(guess);
    const size = Math.abs(offset);
    const zone = `${String(Math.floor(size / 60)).padStart(2, '0')}:${String(size % 60).padStart(2, '0')}`;
    return `${clock}${offset < 0 ? '-' : '+'}${zone}`;
}

const NAMES = ['domingo', 'segunda', 'terça', 'quarta', 'quinta', 'sexta', 'sábado'];

// "segunda a sábado", or the days one by one when they do not follow each other.
function nameOpenDays() {
    const days = [1, 2, 3, 4, 5, 6, 0].filter((day) => loja.dias.has(day));
    const order = days.map((day) => (day + 6) % 7);
    if (days.length === 7)
        return 'todos os dias';
    if (days.length > 2 && order.at(-1) - order[0] === days.length - 1)
        return `${NAMES[days[0]]} a ${NAMES[days.at(-1)]}`;
    return days.map((day) => NAMES[day]).join(days.length === 2 ? ' e ' : ', ');
}

// "segunda a sábado, das 9h às 18h"
export function openingHours() {
    return `${nameOpenDays()}, das ${formatHour(loja.horario.abre)} às ${formatHour(loja.horario.fecha)}`;
}

// "Aberto agora, até as 18h", "Abre hoje às 9h", "Abre amanhã às 9h".
export function openNow() {
    const {dia, minuto} = shopClock();
    const {abre, fecha} = loja.horario;
    if (isOpenDay(dia) && minuto >= abre && minuto < fecha)
        return {aberta: true, texto: `Aberto agora, até as ${formatHour(fecha)}`};
    if (isOpenDay(dia) && minuto < abre)
        return {aberta: false, texto: `Abre hoje às ${formatHour(abre)}`};
    for (let ahead = 1; ahead <= 7; ahead++) {
        const day = addDays(dia, ahead);
        if (isOpenDay(day))
            return {aberta: false, texto: `Abre ${ahead === 1 ? 'amanhã' : NAMES[weekday(day)]} às ${formatHour(abre)}`};
    }
    return {aberta: false, texto: ''};
}
