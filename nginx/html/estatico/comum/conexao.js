// Whether the shop can be reached. The browser's own word is only half of it: a call that got no answer counts too.
import {ApiError, pause} from './api.js';
import {signal} from './ui.js';

export const online = signal(navigator.onLine !== false);

const FIRST_MS = 1000;
const LONGEST_MS = 15000;
const LONGEST_WAIT_S = 60;

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

/*
 * Calls again what failed for a moment. Only for calls that may be repeated: reads, an absolute quantity, or one with an Idempotency-Key.
 * waiting(error, seconds) is told before each wait; seconds is null while the connection is awaited, unless offline is 'throw'.
 */
export async function persist(call, {tries = 3, waiting = () => {}, offline = 'wait'} = {}) {
    for (let attempt = 1; ; attempt++) {
        try {
            return await call();
        } catch (error) {
            noteFailure(error);
            if (!(error instanceof ApiError) || !error.passing || attempt >= tries)
                throw error;
            if (error.kind === 'network' && offline === 'throw')
                throw error;
            if (error.kind === 'network') {
                waiting(error, null);
                await whenOnline();
            } else {
                const seconds = Math.min(error.retryAfter ?? attempt, LONGEST_WAIT_S);
                waiting(error, seconds);
                await pause(seconds * 1000);
            }
        }
    }
}

addEventListener('offline', lost);
addEventListener('online', probe);
