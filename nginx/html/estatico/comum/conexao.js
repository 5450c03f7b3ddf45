// Whether the shop can be reached. The browser's own word is only half of it: a call that got no answer counts too.
import {signal} from './ui.js';

export const online = signal(navigator.onLine !== false);

const FIRST_MS = 1000;
const LONGEST_MS = 15000;

let waiting = [];
let timer = null;
let delay = FIRST_MS;

function back() {
    clearTimeout(timer);
    timer = null;
    delay = FIRST_MS;
    online.value = true;
    const all = waiting;
    waiting = [];
    all.forEach((resolve) => resolve());
}

// Asks nginx itself, which answers whatever else is away.
export async function probe() {
    clearTimeout(timer);
    timer = null;
    try {
        const answer = await fetch('/livez', {cache: 'no-store', signal: AbortSignal.timeout(8000)});
        if (answer.ok) {
            back();
            return true;
        }
    } catch {
        // Still away.
    }
    if (!online.value) {
        timer = setTimeout(probe, delay);
        delay = Math.min(delay * 2, LONGEST_MS);
    }
    return false;
}

function lost() {
    if (!online.value)
        return;
    online.value = false;
    delay = FIRST_MS;
    timer = setTimeout(probe, delay);
}

// A call that failed: the page is offline when no answer came.
export function noteFailure(error) {
    if (error?.kind === 'network')
        lost();
}

// Resolves when the shop can be reached.
export function whenOnline() {
    return online.value ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));
}

addEventListener('offline', lost);
addEventListener('online', probe);
