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
    border-color: var(--peek-accent);
    transform: translateY(-80px);
  }
  .skip:focus {
    transform: none;
  }
  #content:focus {
    outline: none;
  }
`;
