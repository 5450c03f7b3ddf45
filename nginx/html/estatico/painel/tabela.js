// Tables: their heads, and the region in which a wide one is scrolled, by keyboard too.
import {html} from '../comum/ui.js';

// heads: texts; one that begins with '#' heads numbers.
export const Heads = ({heads}) => html`<thead><tr>
    ${heads.map((head) => html`<th key=${head} scope="col" class=${head.startsWith('#') ? 'numero' : ''}>${head.replace('#', '')}</th>`)}
</tr></thead>`;

export const Scroll = ({label, kind = '', children}) => html`<div class=${`tabela-rolagem ${kind}`}
    tabindex="0" role="region" aria-label=${label}>${children}</div>`;
