// A chart of columns as SVG, sized by attributes: the policy allows no inline style. The table beside it says the same in words.
import {html} from '../comum/ui.js';

const WIDTH = 720;
const RIGHT = 26;
const HEIGHT = 300;
const LEFT = 86;
const BOTTOM = 28;
const TOP = 12;
const FLOOR = HEIGHT - BOTTOM;
const STEPS = [1, 2, 2.5, 5, 10];

// A round number at or above `value`, and the lines between: 0, 50, 100 …
export function scaleOf(value) {
    const rough = Math.max(value, 1) / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = STEPS.map((one) => one * power).find((one) => one >= rough);
    const lines = Math.ceil(Math.max(value, 1) / step);
    return {top: step * lines, lines: Array.from({length: lines + 1}, (_, i) => i * step)};
}

// Every how many columns a day is written, so that the texts do not touch; on a telephone only every second of these is shown. The last
// column has its day in any case.
const labelled = (fromEnd, every) => fromEnd % every === 0;
const labelEvery = (count) => Math.max(1, Math.ceil(count / 10));

// `left` and `place`: where a column may stand, and how wide that is.
function Column({left, place, y, name, focus}) {
    const width = place * 0.72;
    const size = {x: left + place * 0.14, y, width, height: FLOOR - y, rx: Math.min(3, width / 3)};
    return html`<rect class=${`coluna ${focus ? 'coluna-hoje' : ''}`} ...${size}>
        <title>${name}</title>
    </rect>`;
}

// columns: [{key, value, label, name, focus}]; `format` writes the values of the lines.
export function Chart({title, columns, format}) {
    const {top, lines} = scaleOf(Math.max(...columns.map(({value}) => value)));
    const place = (WIDTH - LEFT - RIGHT) / columns.length;
    const yOf = (value) => FLOOR - (value / top) * (FLOOR - TOP);
    const every = labelEvery(columns.length);
    return html`<svg class="grafico" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby="grafico-titulo">
        <title id="grafico-titulo">${title}</title>
        ${lines.map(
            (line) => html`<g key=${line}>
                <line class="grade" x1=${LEFT} x2=${WIDTH - RIGHT} y1=${yOf(line)} y2=${yOf(line)} />
                <text class="escala" x=${LEFT - 8} y=${yOf(line) + 4} text-anchor="end">${format(line)}</text>
            </g>`,
        )}
        ${columns.map(
            ({key, value, label, name, focus}, i) => html`<g key=${key}>
                ${value > 0 && html`<${Column} left=${LEFT + i * place} place=${place} y=${yOf(value)} name=${name} focus=${focus} />`}
                ${labelled(columns.length - 1 - i, every) &&
                html`<text class=${`escala ${labelled(columns.length - 1 - i, 2 * every) ? '' : 'escala-larga'}`}
                    x=${LEFT + (i + 0.5) * place} y=${HEIGHT - 8} text-anchor="middle">${label}</text>`}
            </g>`,
        )}
    </svg>`;
}
