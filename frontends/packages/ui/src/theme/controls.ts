/**
 * Native form controls and buttons, styled. A page adopts this sheet and writes plain HTML: `<button class="primary">`,
 * `<input>`, `<select>`. Native elements bring keyboard, forms and assistive technology with them.
 */
import { css } from "lit";

export const controls = css`
  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: var(--peek-space-2);
    min-height: var(--peek-control);
    min-width: var(--peek-control);
    padding: 0 var(--peek-space-3);
    border: 1px solid var(--peek-line-strong);
    border-radius: var(--peek-radius);
    background: var(--peek-surface-1);
    color: var(--peek-text-strong);
    font: 500 var(--peek-size-body) / 20px var(--peek-font);
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }
  button:hover,
  .button:hover {
    background: var(--peek-surface-2);
    color: var(--peek-text-strong);
  }
  button:active,
  .button:active {
    background: var(--peek-surface-3);
  }
  button.primary,
  .button.primary {
    border-color: var(--peek-accent);
    background: var(--peek-accent);
    color: var(--peek-on-accent);
  }
  button.primary:hover,
  .button.primary:hover,
  button.primary:active {
    border-color: var(--peek-accent-strong);
    background: var(--peek-accent-strong);
  }
  button.danger {
    border-color: var(--peek-danger);
    color: var(--peek-danger);
  }
  button.danger:hover {
    background: var(--peek-danger-soft);
  }
  button.danger.primary {
    background: var(--peek-danger-fill);
    color: var(--peek-on-danger);
  }
  button.danger.primary:hover {
    filter: brightness(0.93);
  }
  button.quiet,
  .button.quiet {
    border-color: transparent;
    background: transparent;
  }
  button.quiet:hover,
  .button.quiet:hover {
    background: var(--peek-surface-2);
  }
  button.icon {
    padding: 0;
    width: var(--peek-control);
  }
  button:disabled,
  button[aria-disabled="true"] {
    border-color: var(--peek-line);
    background: var(--peek-surface-2);
    color: var(--peek-text-weak);
    cursor: not-allowed;
  }
  button.quiet:disabled {
    border-color: transparent;
    background: transparent;
  }

  input:not([type="checkbox"], [type="radio"], [type="range"]),
  select,
  textarea {
    width: 100%;
    min-height: var(--peek-control);
    padding: 5px var(--peek-space-3);
    border: 1px solid var(--peek-line-strong);
    border-radius: var(--peek-radius);
    background: var(--peek-surface-1);
    color: var(--peek-text-strong);
    font: 400 var(--peek-size-body) / 20px var(--peek-font);
    font-variant-numeric: tabular-nums;
  }
  select {
    padding-inline-end: var(--peek-space-2);
  }
  textarea {
    min-height: 80px;
    resize: vertical;
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--peek-text-weak);
    opacity: 1;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: -1px;
  }
  input[aria-invalid="true"],
  select[aria-invalid="true"],
  textarea[aria-invalid="true"] {
    border-color: var(--peek-danger);
  }
  input:disabled,
  select:disabled,
  textarea:disabled {
    border-color: var(--peek-line);
    background: var(--peek-surface-2);
    color: var(--peek-text-weak);
  }
  input[type="checkbox"],
  input[type="radio"] {
    flex: none;
    width: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--peek-accent);
  }
  label.check {
    display: flex;
    align-items: center;
    gap: var(--peek-space-2);
    min-height: max(24px, calc(var(--peek-control) - 8px));
    color: var(--peek-text-strong);
    cursor: pointer;
  }
  fieldset {
    min-width: 0;
    margin: 0;
    padding: 0;
    border: 0;
  }
  legend {
    padding: 0;
    color: var(--peek-text-strong);
    font-weight: 500;
  }
  summary {
    cursor: pointer;
    color: var(--peek-text-strong);
  }
`;
