/** How an import looks: the counts in one line, the lines of the file in a box that scrolls. */
import { css } from "lit";

export const importStyle = css`
  :host {
    display: block;
    min-width: 0;
  }
  input[type="file"] {
    padding: 0;
    cursor: pointer;
  }
  input[type="file"]::file-selector-button {
    min-height: calc(var(--peek-control) - 2px);
    margin-inline-end: var(--peek-space-3);
    padding: 0 var(--peek-space-3);
    border: 0;
    border-inline-end: 1px solid var(--peek-line-strong);
    background: var(--peek-surface-2);
    color: var(--peek-text-strong);
    font: inherit;
    font-weight: 500;
    cursor: pointer;
  }
  /* Always there, so that what appears in it is announced; empty, it takes no room. */
  .status:empty {
    margin-block-start: calc(-1 * var(--peek-space-4));
  }
  .summary {
    display: flex;
    flex-wrap: wrap;
    gap: var(--peek-space-1) var(--peek-space-4);
  }
  .lines {
    max-height: 40vh;
    overflow: auto;
    border: 1px solid var(--peek-line);
    border-radius: var(--peek-radius);
  }
  .lines:focus-visible {
    outline: var(--peek-focus);
  }
  .detail {
    overflow-wrap: anywhere;
  }
`;
