// What the buyer has typed. It is kept in the tab with each key, so nothing of it is lost, whatever happens to the page.
import {byField} from '../comum/erros.js';
import {daAba} from '../comum/guarda.js';
import {signal} from '../comum/ui.js';
import {isOffered, nextDays, toData, whyNot} from './quando.js';

const NAME = 'confeitaria.rascunho';

const BLANK = {tipo: 'retirada', endereco: '', dia: '', outroDia: false, hora: '', nome: '', email: '', telefone: '', observacoes: ''};

// The API's names of the fields, in the order of the form.
const FIELDS = {
    'entrega.tipo': 'tipo', 'entrega.endereco': 'endereco', 'entrega.data': 'dia', 'cliente.nome': 'nome', 'cliente.email': 'email',
    'cliente.telefone': 'telefone', observacoes: 'observacoes',
};

function restore() {
    const kept = daAba.get(NAME) ?? {};
    const form = {...BLANK};
    for (const name of Object.keys(BLANK))
        if (typeof kept[name] === typeof BLANK[name])
            form[name] = kept[name];
    if (!form.outroDia && !isOffered(form.dia))
        Object.assign(form, {dia: nextDays()[0] ?? '', hora: ''});
    return form;
}

export const form = signal(restore());
export const errors = signal({});

export function change(part) {
    form.value = {...form.value, ...part};
    daAba.set(NAME, form.value);
    const left = {...errors.value};
    Object.keys(part).forEach((name) => delete left[name]);
    errors.value = left;
}

// After an order: who it was stays, what was special about it does not.
export function orderSent() {
    change({observacoes: '', dia: nextDays()[0] ?? '', outroDia: false, hora: ''});
    errors.value = {};
}

function check({tipo, endereco, dia, nome, email, telefone}) {
    const digits = telefone.replace(/\D/g, '');
    return {
        endereco: tipo === 'entrega' && endereco.trim() === '' ? 'Escreva para onde levamos.' : null,
        dia: whyNot(dia),
        nome: nome.trim() === '' ? 'Escreva seu nome.' : null,
        email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.trim()) ? null : 'Escreva um e-mail como nome@exemplo.com.br.',
        telefone: digits.length >= 8 && digits.length <= 15 ? null : 'Escreva o telefone com DDD, como (11) 91234-5678.',
    };
}

function show(found) {
    errors.value = Object.fromEntries(Object.entries(found).filter(([, text]) => text));
    return Object.keys(errors.value).length === 0;
}

// True when it can be sent; else each field says what it needs.
export function isComplete() {
    return show(check(form.value));
}

// What the API found wrong in fields of this form; true when it was one of them.
export function showRefused(error) {
    const said = byField(error);
    return !show(Object.fromEntries(Object.entries(FIELDS).map(([api, name]) => [name, said[api]])));
}

export function firstError() {
    return Object.values(FIELDS).find((name) => errors.value[name]);
}

export function toBody(sessao, valorEsperado) {
    const {tipo, endereco, dia, hora, nome, email, telefone, observacoes} = form.value;
    const entrega = {tipo, data: toData({dia, hora})};
    if (tipo === 'entrega')
        entrega.endereco = endereco;
    return {
        session_id: sessao, cliente: {nome, email, telefone}, entrega,
        observacoes: observacoes.trim() === '' ? null : observacoes, valor_esperado: valorEsperado,
    };
}
