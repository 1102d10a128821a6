/** The colours of a state, for an element with a `kind`: `--state` for marks and words, `--soft` for what lies behind them. */
import { css } from "lit";

export const kinds = css`
  :host([kind="ok"]) {
    --state: var(--peek-ok);
    --soft: var(--peek-ok-soft);
  }
  :host([kind="notice"]) {
    --state: var(--peek-notice);
    --soft: var(--peek-notice-soft);
  }
  :host([kind="warning"]) {
    --state: var(--peek-warning);
    --soft: var(--peek-warning-soft);
  }
  :host([kind="danger"]) {
    --state: var(--peek-danger);
    --soft: var(--peek-danger-soft);
  }
`;
