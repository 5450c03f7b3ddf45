// Money is an integer of centavos from the moment that it arrives.
const REAIS = new Intl.NumberFormat('pt-BR', {style: 'currency', currency: 'BRL'});

// 45.9 of the API → 4590.
export function toCents(value) {
    return Math.round(value * 100);
}

// 4590 → 45.9, as the API takes it.
export function fromCents(cents) {
    return Number((cents / 100).toFixed(2));
}

// 4590 → "R$ 45,90", with a blank that does not break.
export function formatCents(cents) {
    return REAIS.format(cents / 100);
}

// 4590 → "45,90", for a field.
export function centsToText(cents) {
    return (cents / 100).toFixed(2).replace('.', ',');
}

// What a person types: "45", "45,9", "R$ 1.234,56" → centavos; null when it is no amount.
export function parseCents(text) {
    const plain = text.replace(/R\$|\s/g, '');
    const found = /^(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d{0,2}))?$/.exec(plain) ?? /^(\d+)\.(\d{1,2})$/.exec(plain);
    if (!found)
        return null;
    const cents = Number(found[1].replaceAll('.', '')) * 100 + Number((found[2] ?? '').padEnd(2, '0'));
    return cents <= 9999999999 ? cents : null;
}
