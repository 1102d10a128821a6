/** Shared text styles for components and plugin pages: `static styles = [typography, controls, css`…`]`. */
import { css } from "lit";

export const typography = css`
  :host {
    box-sizing: border-box;
    color: var(--peek-text);
    font: 400 var(--peek-size-body) / 1.45 var(--peek-font);
    font-variant-numeric: tabular-nums;
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ul,
  ol,
  figure {
    margin: 0;
  }
  h1 {
    color: var(--peek-text-strong);
    font-size: var(--peek-size-title);
    font-weight: 650;
    line-height: 28px;
    letter-spacing: -0.01em;
  }
  h2 {
    color: var(--peek-text-strong);
    font-size: var(--peek-size-large);
    font-weight: 600;
    line-height: 24px;
  }
  h3 {
    color: var(--peek-text-strong);
    font-size: var(--peek-size-body);
    font-weight: 600;
    line-height: 20px;
  }
  p {
    max-width: 72ch;
  }
  a {
    color: var(--peek-accent);
    text-underline-offset: 2px;
  }
  a:hover {
    color: var(--peek-accent-strong);
  }
  code,
  pre {
    font-family: var(--peek-font-code);
    font-size: 0.93em;
  }
  .weak {
    color: var(--peek-text-weak);
  }
  .small {
    font-size: var(--peek-size-small);
  }
  .strong {
    color: var(--peek-text-strong);
    font-weight: 600;
  }
  .figure {
    color: var(--peek-text-strong);
    font-size: var(--peek-size-figure);
    font-weight: 600;
    line-height: 32px;
    letter-spacing: -0.02em;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  :focus-visible {
    outline: var(--peek-focus);
    outline-offset: 2px;
  }
  .stack {
    display: grid;
    gap: var(--peek-space-4);
    align-content: start;
    min-width: 0;
  }
  .stack > * {
    min-width: 0;
  }
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--peek-space-2);
  }
  .push {
    margin-inline-start: auto;
  }
  .grid {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(100%, 280px), 1fr));
    gap: var(--peek-space-4);
    align-items: start;
  }
  .facts {
    display: grid;
    grid-template-columns: minmax(96px, auto) 1fr;
    gap: var(--peek-space-1) var(--peek-space-4);
  }
  .facts dt {
    color: var(--peek-text-weak);
  }
  .facts dd {
    color: var(--peek-text-strong);
    overflow-wrap: anywhere;
  }
  .actions {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: var(--peek-space-2);
  }
  .beside {
    display: flex;
    align-items: flex-start;
    gap: var(--peek-space-4);
  }
  .beside > :first-child {
    flex: 1;
    min-width: 0;
  }
`;
