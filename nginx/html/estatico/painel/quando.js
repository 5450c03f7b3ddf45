// When an order is due, in few words.
import {formatTime, isDay, nameDay, shopClock, shortDay, today, addDays} from '../comum/datas.js';

export const dueDay = ({entrega}) =>
    !entrega.data ? null : isDay(entrega.data) ? entrega.data : shopClock(new Date(entrega.data)).dia;

export const dueTime = ({entrega}) => (entrega.data && !isDay(entrega.data) ? formatTime(entrega.data) : null);

function dayInFewWords(day) {
    const near = [today(), addDays(today(), 1)].includes(day);
    return near ? nameDay(day) : day === addDays(today(), -1) ? 'ontem' : shortDay(day);
}

// "hoje, 14:30", "amanhã", "qui., 03/12, 10:00", "sem data"
export function dueShort(pedido) {
    const day = dueDay(pedido);
    if (day === null)
        return 'sem data';
    const time = dueTime(pedido);
    return time ? `${dayInFewWords(day)}, ${time}` : dayInFewWords(day);
}

// Of two answers about the same order: one that was on its way while the order moved is the older.
export const newer = (one, other) => (other && other.atualizado_em >= one.atualizado_em ? other : one);
