// A <dialog>: the browser keeps the focus inside, closes it on Escape and gives the focus back.
import {Avisos, openDialogs} from './avisos.js';
import {html, useEffect, useRef} from './ui.js';

// The page behind does not scroll, and does not jump by the width of its scrollbar.
function holdPage() {
    const page = document.documentElement;
    if (openDialogs.value > 1)
        return;
    page.style.paddingRight = `${innerWidth - page.clientWidth}px`;
    page.classList.add('sem-rolagem');
}

function releasePage() {
    document.documentElement.style.paddingRight = '';
    document.documentElement.classList.remove('sem-rolagem');
}

/*
 * Open as long as it is rendered. rotulo: its name for screen readers. classe: 'gaveta' for a drawer at the side, or one of the page.
 * ao_fechar is called for Escape, a click beside it and its own close button.
 */
export function Dialogo({rotulo, classe = '', aoFechar, children}) {
    const element = useRef(null);
    const pressedOutside = useRef(false);
    const open = useRef(false);

    useEffect(() => {
        const dialog = element.current;
        const before = document.activeElement;
        dialog.showModal();
        // Its name is read first, and no button looks as if it had been chosen.
        dialog.focus();
        open.current = true;
        openDialogs.value++;
        holdPage();
        return () => {
            open.current = false;
            openDialogs.value--;
            dialog.close();
            if (openDialogs.value === 0)
                releasePage();
            if (before?.isConnected)
                before.focus();
        };
    }, []);

    // The dialog itself is only hit beside its content. A press that began inside, such as marking a text, does not close it.
    const isOutside = (event) => event.target === element.current;
    return html`
        <dialog ref=${element} class=${`dialogo ${classe}`} tabindex="-1" aria-label=${rotulo}
            onCancel=${(event) => { event.preventDefault(); aoFechar(); }}
            onClose=${() => { if (open.current) aoFechar(); }}
            onMouseDown=${(event) => { pressedOutside.current = isOutside(event); }}
            onClick=${(event) => { if (isOutside(event) && pressedOutside.current) aoFechar(); }}>
            <div class="dialogo-conteudo">
                <button type="button" class="botao-icone dialogo-fechar" aria-label="Fechar" onClick=${aoFechar}>×</button>
                ${children}
            </div>
            <${Avisos} noDialogo/>
        </dialog>`;
}
