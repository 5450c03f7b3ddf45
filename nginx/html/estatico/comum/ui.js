// The libraries of the pages in one place: Preact, its hooks, signals, and htm for markup without a compiler.
import {h, render, Fragment, createContext} from '../lib/preact.js';
import {useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId} from '../lib/hooks.js';
import {signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect} from '../lib/signals.js';
import htm from '../lib/htm.js';

export const html = htm.bind(h);
export {h, render, Fragment, createContext};
export {useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId};
export {signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect};
