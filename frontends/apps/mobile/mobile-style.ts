/** The frame of the mobile site: made for one hand at 360 px, with room for notches and gesture bars. */
import { css } from "lit";

export const mobileStyle = css`
  :host {
    --shell-top: calc(56px + env(safe-area-inset-top));
    --shell-bottom: calc(var(--peek-foot) + env(safe-area-inset-bottom));
  }
  .top {
    gap: var(--peek-space-1);
    padding: env(safe-area-inset-top) max(4px, env(safe-area-inset-right)) 0 max(4px, env(safe-area-inset-left));
  }
  .mark {
    width: 24px;
    height: 24px;
    margin: 0 4px 0 12px;
    color: var(--peek-accent);
  }
  .top .button.icon {
    width: 48px;
    padding: 0;
  }
  .title {
    flex: 1;
    min-width: 0;
    overflow: hidden;
    color: var(--peek-text-strong);
    font-size: 18px;
    font-weight: 650;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  main {
    max-width: 960px;
    min-height: calc(100dvh - var(--shell-top) - var(--shell-bottom));
    margin: 0 auto;
    padding: var(--peek-space-3) max(12px, env(safe-area-inset-right)) calc(var(--shell-bottom) + 16px) max(12px, env(safe-area-inset-left));
  }
  .bar {
    position: fixed;
    inset: auto 0 0;
    z-index: 20;
    display: flex;
    justify-content: center;
    height: var(--shell-bottom);
    padding-bottom: env(safe-area-inset-bottom);
    border-top: 1px solid var(--peek-line);
    background: var(--peek-surface-1);
  }
  .bar a {
    display: grid;
    flex: 1 1 0;
    align-content: center;
    justify-items: center;
    gap: 2px;
    min-width: 48px;
    max-width: 144px;
    padding: 0 4px;
    color: var(--peek-text-weak);
    font-size: 12px;
    font-weight: 500;
    line-height: 16px;
    text-decoration: none;
    -webkit-tap-highlight-color: transparent;
  }
  .bar a:active {
    background: var(--peek-surface-2);
  }
  .bar a:focus-visible {
    outline-offset: -2px;
  }
  .bar a[aria-current] {
    color: var(--peek-accent);
  }
  .picture {
    position: relative;
  }
  .bar peek-icon {
    width: 24px;
    height: 24px;
  }
  .label {
    max-width: 100%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .badge {
    position: absolute;
    top: -6px;
    inset-inline-start: 14px;
    min-width: 18px;
    padding: 0 5px;
    border-radius: 9px;
    background: var(--peek-danger-fill);
    color: var(--peek-on-danger);
    font-size: 12px;
    font-weight: 600;
    line-height: 18px;
    text-align: center;
  }
`;
