/** How the two sides of a conflict look: beside each other where there is room, the chosen one marked by more than colour. */
import { css } from "lit";

export const clashStyle = css`
  :host {
    display: block;
    container-type: inline-size;
  }
  legend {
    padding: 0 0 var(--peek-space-1);
    color: var(--peek-text-strong);
    font-weight: 500;
  }
  .sides {
    display: grid;
    grid-template-columns: repeat(2, minmax(0, 1fr));
    gap: var(--peek-space-2);
  }
  .side {
    display: flex;
    align-items: flex-start;
    gap: var(--peek-space-2);
    min-height: var(--peek-control);
    padding: var(--peek-space-2) var(--peek-space-3);
    border: 1px solid var(--peek-line);
    border-radius: var(--peek-radius);
    cursor: pointer;
  }
  .side:has(:checked) {
    border-color: var(--peek-accent);
    background: var(--peek-accent-soft);
  }
  .side input {
    margin-top: 2px;
  }
  .whose {
    display: block;
    color: var(--peek-text-weak);
    font-size: var(--peek-size-small);
  }
  .side:has(:checked) .whose {
    color: var(--peek-text);
  }
  .value {
    color: var(--peek-text-strong);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .push {
    flex: 1 1 auto;
    align-self: center;
  }
  @container (max-width: 399px) {
    .sides {
      grid-template-columns: minmax(0, 1fr);
    }
    .push {
      flex-basis: 100%;
    }
  }
`;
