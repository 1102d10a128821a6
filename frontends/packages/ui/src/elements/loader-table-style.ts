/** How the editable table looks around its `peek-table`. */
import { css } from "lit";

export const loaderTableStyle = css`
  :host {
    display: block;
    min-width: 0;
    container-type: inline-size;
    border: 1px solid var(--peek-line);
    border-radius: var(--peek-radius);
    background: var(--peek-surface-1);
  }
  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: var(--peek-space-2);
    padding: var(--peek-space-3) var(--peek-space-4);
    border-bottom: 1px solid var(--peek-line);
  }
  .bar input[type="search"] {
    width: 220px;
  }
  .push {
    margin-inline-end: auto;
  }
  .bar.foot {
    border-top: 1px solid var(--peek-line);
    border-bottom: 0;
  }
  .failed {
    padding: var(--peek-space-4);
  }
`;
