/** The frame of the admin site: bar, rail, page. Below 900 px the rail is a drawer. */
import { css } from "lit";

export const adminStyle = css`
  :host {
    --shell-top: 56px;
  }
  .brand {
    flex: 0 1 auto;
    min-width: 24px;
  }
  .brand span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .health {
    flex: none;
  }
  admin-search {
    flex: 0 1 320px;
    min-width: 0;
    margin-inline-start: auto;
  }
  .drawer {
    display: none;
  }
  .body {
    display: grid;
    grid-template-columns: 232px minmax(0, 1fr);
  }
  .rail {
    position: sticky;
    top: var(--shell-top);
    height: calc(100dvh - var(--shell-top));
    overflow-y: auto;
    border-inline-end: 1px solid var(--peek-line);
    background: var(--peek-surface-1);
  }
  .scrim {
    display: none;
  }
  main {
    width: 100%;
    max-width: 1760px;
    min-width: 0;
    margin: 0 auto;
    padding: var(--peek-space-6);
  }
  @media (max-width: 899px) {
    .top {
      gap: var(--peek-space-2);
      padding: 0 var(--peek-space-2);
    }
    .drawer {
      display: inline-flex;
      flex: none;
    }
    .body {
      grid-template-columns: minmax(0, 1fr);
    }
    .rail {
      position: fixed;
      inset: var(--shell-top) auto 0 0;
      z-index: 25;
      width: min(288px, 84vw);
      height: auto;
      visibility: hidden;
      transform: translateX(-100%);
    }
    .rail.open {
      visibility: visible;
      transform: none;
      box-shadow: var(--peek-shadow);
    }
    .scrim {
      position: fixed;
      inset: var(--shell-top) 0 0;
      z-index: 24;
      display: block;
      width: 100%;
      height: auto;
      border: 0;
      border-radius: 0;
      background: var(--peek-scrim);
    }
    .scrim:hover,
    .scrim:active {
      background: var(--peek-scrim);
    }
    main {
      padding: var(--peek-space-4);
    }
  }
  @media (max-width: 599px) {
    peek-connection-state,
    .brand span {
      display: none;
    }
    main {
      padding: var(--peek-space-3);
    }
  }
`;
