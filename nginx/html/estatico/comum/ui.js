// The libraries of the pages in one place: Preact, its hooks, signals, and htm for markup without a compiler.
import {h, render, Fragment, createContext} from 'preact';
import {useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId} from 'preact/hooks';
import {signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect} from '@preact/signals';
import htm from 'htm';

export const html = htm.bind(h);
export {h, render, Fragment, createContext};
export {useState, useEffect, useLayoutEffect, useRef, useMemo, useCallback, useContext, useId};
export {signal, computed, effect, batch, untracked, useSignal, useComputed, useSignalEffect};
