// What the shop has set: attributes of <html>, filled in where the pages are made.
const data = document.documentElement.dataset;

const WEEK = ['dom', 'seg', 'ter', 'qua', 'qui', 'sex', 'sab'];

// "9-18" or "8:30-18": minutes since midnight.
function readHours(text) {
    const found = /^(\d{1,2})(?::(\d{2}))?-(\d{1,2})(?::(\d{2}))?$/.exec(text ?? '');
    if (!found)
        return {abre: 9 * 60, fecha: 18 * 60};
    const [, fromHour, fromMinute = 0, toHour, toMinute = 0] = found;
    return {abre: fromHour * 60 + Number(fromMinute), fecha: toHour * 60 + Number(toMinute)};
}

function readDays(text) {
    const days = (text ?? '').split(/[\s,]+/).map((name) => WEEK.indexOf(name)).filter((day) => day >= 0);
    return new Set(days.length ? days : [1, 2, 3, 4, 5, 6]);
}

function readZone(text) {
    try {
        new Intl.DateTimeFormat('pt-BR', {timeZone: text});
        return text;
    } catch {
        return 'America/Sao_Paulo';
    }
}

export const loja = {
    nome: data.loja || 'Confeitaria',
    telefone: data.telefone || '',
    endereco: data.endereco || '',
    dias: readDays(data.dias),
    horario: readHours(data.horario),
    fuso: readZone(data.fuso),
};

// For links: tel:+551130000000. A number of Brazil without its country gets +55.
export function telephoneLink(text = loja.telefone) {
    const digits = text.replace(/\D/g, '');
    if (digits === '')
        return null;
    return `tel:${text.trim().startsWith('+') || digits.length > 11 ? `+${digits}` : `+55${digits.replace(/^0/, '')}`}`;
}
