/** The frame of the desktop site. */
import { css } from "lit";

export const desktopStyle = css`
  :host {
    --shell-top: 52px;
  }
  nav {
    display: flex;
    flex: 1;
    gap: 2px;
    min-width: 0;
    height: 100%;
    margin-inline-start: var(--peek-space-3);
    overflow-x: auto;
    scrollbar-width: thin;
  }
  nav a {
    position: relative;
    display: flex;
    flex: none;
    align-items: center;
    gap: var(--peek-space-2);
    padding: 0 var(--peek-space-3);
    color: var(--peek-text);
    font-weight: 500;
    text-decoration: none;
  }
  nav a:hover {
    background: var(--peek-surface-2);
    color: var(--peek-text-strong);
  }
  nav a:focus-visible {
    outline-offset: -2px;
  }
  nav a[aria-current] {
    color: var(--peek-accent);
  }
  nav a[aria-current]::after {
    content: "";
    position: absolute;
    inset: auto 0 0;
    height: 3px;
    background: var(--peek-accent);
  }
  .badge {
    min-width: 20px;
    padding: 0 6px;
    border-radius: 10px;
    background: var(--peek-danger-fill);
    color: var(--peek-on-danger);
    font-size: var(--peek-size-small);
    font-weight: 600;
    line-height: 20px;
    text-align: center;
  }
  .waiting {
    flex: none;
    text-decoration: none;
  }
  main {
    min-width: 0;
    padding: var(--peek-space-4);
  }
  @media (max-width: 899px) {
    .top {
      gap: var(--peek-space-2);
      padding: 0 var(--peek-space-2);
    }
    .brand span,
    peek-connection-state {
      display: none;
    }
    main {
      padding: var(--peek-space-3);
    }
  }
`;
