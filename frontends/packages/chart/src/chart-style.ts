/** How a chart looks around its canvas. uPlot's own sheet is adopted beside this one. */
import { css } from "lit";

export const chartStyle = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 260px;
    min-width: 0;
    color: var(--peek-text);
    font: 400 var(--peek-size-small) / 1.45 var(--peek-font);
    font-variant-numeric: tabular-nums;
  }
  ul {
    display: flex;
    flex-wrap: wrap;
    gap: 4px 16px;
    flex: none;
    margin: 0 0 8px;
    padding: 0;
    list-style: none;
  }
  li {
    display: flex;
    align-items: center;
    gap: 6px;
  }
  li svg {
    flex: none;
    width: 20px;
    height: 4px;
  }
  li line {
    stroke-width: 3;
  }
  strong {
    color: var(--peek-text-strong);
    font-weight: 600;
  }
  .accent line {
    stroke: var(--peek-accent);
  }
  .strong line {
    stroke: var(--peek-text);
  }
  .weak line {
    stroke: var(--peek-text-weak);
  }
  .faint line {
    stroke: var(--peek-line-strong);
  }
  .at {
    margin-inline-start: auto;
    color: var(--peek-text-weak);
  }
  .plot {
    position: relative;
    flex: 1;
    min-height: 80px;
    overflow: hidden;
    border-radius: var(--peek-radius);
  }
  .plot:focus-visible {
    outline: var(--peek-focus);
    outline-offset: 2px;
  }
  .empty {
    display: grid;
    place-items: center;
    flex: 1;
    color: var(--peek-text-weak);
    font-size: var(--peek-size-body);
  }
  /* Out of the flow: the canvas follows the box, never the other way round. */
  .uplot {
    position: absolute;
    inset: 0;
  }
  .uplot,
  .uplot * {
    font-family: var(--peek-font);
  }
  .u-cursor-x {
    border-color: var(--peek-text-weak) !important;
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  [hidden] {
    display: none;
  }
`;
