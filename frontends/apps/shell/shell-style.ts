/** What the frames of all sites share. */
import { css } from "lit";

export const shellStyle = css`
  :host {
    display: block;
    min-height: 100dvh;
    background: var(--peek-surface-0);
  }
  .gate {
    display: grid;
    place-items: center;
    min-height: 100dvh;
    padding: var(--peek-space-4);
  }
  .gate peek-card {
    width: min(480px, 100%);
  }
  .skip {
    position: fixed;
    top: 8px;
    left: 8px;
    z-index: 60;
    padding: 8px 16px;
    border-radius: var(--peek-radius);
    background: var(--peek-accent);
    color: var(--peek-on-accent);
    transform: translateY(-80px);
  }
  .skip:focus {
    color: var(--peek-on-accent);
    transform: none;
  }
  #content:focus {
    outline: none;
  }
`;
