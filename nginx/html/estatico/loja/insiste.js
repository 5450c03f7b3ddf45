// Calls again what failed for a moment. Only for calls that may be repeated: reads, an absolute quantity, or one with an Idempotency-Key.
import {ApiError, pause} from '../comum/api.js';
import {noteFailure, whenOnline} from '../comum/conexao.js';

const LONGEST_WAIT_S = 60;

// waiting(error, seconds) is told before each wait; seconds is null while the connection is awaited, unless offline is 'throw'.
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
