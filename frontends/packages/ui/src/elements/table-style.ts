/** How a table looks: dense, ruled by hairlines, its heading always in sight. */
import { css } from "lit";

export const tableStyle = css`
  :host {
    display: block;
    min-width: 0;
    container-type: inline-size;
  }
  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--peek-space-2) var(--peek-space-3);
    padding: var(--peek-space-3) var(--peek-space-4);
    border-bottom: 1px solid var(--peek-line);
  }
  .search {
    position: relative;
    flex: 0 1 280px;
    min-width: 140px;
  }
  .search peek-icon {
    position: absolute;
    inset: 0 auto 0 8px;
    width: 18px;
    height: 18px;
    margin: auto 0;
    color: var(--peek-text-weak);
    pointer-events: none;
  }
  .search input {
    padding-inline-start: 32px;
  }
  ::slotted([slot="actions"]) {
    margin-inline-start: auto;
  }
  .scroll {
    overflow-x: auto;
  }
  .scroll.virtual {
    max-height: min(70vh, 960px);
    overflow-y: auto;
  }
  table {
    width: 100%;
    border-collapse: separate;
    border-spacing: 0;
  }
  th,
  thead td {
    position: sticky;
    top: 0;
    z-index: 1;
    padding: 0;
    border-bottom: 1px solid var(--peek-line);
    background: var(--peek-surface-1);
    text-align: start;
  }
  thead td {
    height: 32px;
  }
  .title {
    display: flex;
    align-items: center;
    justify-content: flex-start;
    gap: var(--peek-space-1);
    width: 100%;
    min-height: 32px;
    padding: 0 var(--peek-space-2);
    border: 0;
    border-radius: 0;
    background: none;
    color: var(--peek-text-weak);
    font: 600 var(--peek-size-small) / 20px var(--peek-font);
  }
  button.title:focus-visible {
    outline-offset: -2px;
  }
  .title peek-icon {
    width: 14px;
    height: 14px;
    opacity: 0;
  }
  .title:hover peek-icon,
  .title:focus-visible peek-icon,
  th[aria-sort="ascending"] peek-icon,
  th[aria-sort="descending"] peek-icon {
    opacity: 1;
  }
  th[aria-sort="ascending"] .title,
  th[aria-sort="descending"] .title {
    color: var(--peek-text-strong);
  }
  td {
    height: var(--peek-row);
    padding: var(--peek-space-1) var(--peek-space-2);
    border-bottom: 1px solid var(--peek-line);
    color: var(--peek-text);
    vertical-align: middle;
  }
  tbody tr:last-child td {
    border-bottom: 0;
  }
  th:first-child .title,
  td:first-child {
    padding-inline-start: var(--peek-space-4);
  }
  th:last-child .title,
  td:last-child {
    padding-inline-end: var(--peek-space-4);
  }
  td:first-child {
    color: var(--peek-text-strong);
  }
  @container (min-width: 640px) {
    td:first-child .cell {
      white-space: nowrap;
    }
  }
  td input[type="checkbox"] {
    display: block;
  }
  .numeric {
    text-align: end;
    white-space: nowrap;
  }
  .numeric .title {
    flex-direction: row-reverse;
  }
  td.clip {
    width: 40%;
    max-width: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .clip .cell,
  .numeric .cell {
    max-width: none;
  }
  td.fixed:not(.clip) {
    width: 1%;
    white-space: nowrap;
  }
  td.fixed .row {
    flex-wrap: nowrap;
    width: max-content;
  }
  .cell {
    display: block;
    max-width: 60ch;
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .virtual .cell {
    white-space: nowrap;
  }
  tr.openable {
    cursor: pointer;
  }
  tr.openable:hover td {
    background: var(--peek-surface-2);
  }
  tr[aria-current="true"] td,
  tr[aria-current="true"]:hover td {
    background: var(--peek-accent-soft);
  }
  tr:focus-visible {
    outline: var(--peek-focus);
    outline-offset: -2px;
  }
  .spacer td {
    height: auto;
    padding: 0;
    border: 0;
    line-height: 0;
  }
  .nothing {
    display: grid;
    justify-items: center;
    gap: var(--peek-space-3);
    padding: var(--peek-space-8) var(--peek-space-4);
    color: var(--peek-text-weak);
    text-align: center;
  }
  @container (max-width: 639px) {
    .wide {
      display: none;
    }
  }
`;
