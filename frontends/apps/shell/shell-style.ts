/** What the frames of all sites share. */
import { css } from "lit";

export const shellStyle = css`
  :host {
    display: block;
    min-height: 100dvh;
    background: var(--peek-surface-0);
  }
  .top {
    position: sticky;
    top: 0;
    z-index: 20;
    display: flex;
    align-items: center;
    gap: var(--peek-space-3);
    height: var(--shell-top);
    padding: 0 var(--peek-space-4);
    border-bottom: 1px solid var(--peek-line);
    background: var(--peek-surface-1);
  }
  .brand {
    display: flex;
    flex: none;
    align-items: center;
    gap: var(--peek-space-2);
    color: var(--peek-text-strong);
    font-size: var(--peek-size-large);
    font-weight: 650;
    text-decoration: none;
  }
  .brand peek-icon {
    width: 24px;
    height: 24px;
    color: var(--peek-accent);
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
