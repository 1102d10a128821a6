/**
 * The design tokens: every colour, size and space of the three sites, as custom properties by role. Light is the
 * base; dark follows the system unless `data-theme` on the root element says otherwise; high contrast follows the
 * system. Custom properties inherit through shadow roots, so the one adopted sheet reaches plugin pages as well.
 */
import { css, unsafeCSS } from "lit";

const dark = unsafeCSS(`
  color-scheme: dark;
  --peek-surface-0: #0d1317;
  --peek-surface-1: #141c22;
  --peek-surface-2: #1c262d;
  --peek-surface-3: #27343d;
  --peek-text-strong: #f3f6f8;
  --peek-text: #d3dce2;
  --peek-text-weak: #94a4af;
  --peek-line: #2a3740;
  --peek-line-strong: #6b7c88;
  --peek-accent: #6db3f2;
  --peek-accent-strong: #8cc4f6;
  --peek-accent-soft: #16324a;
  --peek-on-accent: #06131f;
  --peek-ok: #6bcb8b;
  --peek-ok-soft: #15301f;
  --peek-notice: #b7a6fb;
  --peek-notice-soft: #2a2447;
  --peek-warning: #eab354;
  --peek-warning-soft: #3a2b10;
  --peek-danger: #ff8f86;
  --peek-danger-soft: #43201e;
  --peek-danger-fill: #ff8f86;
  --peek-on-danger: #2a0806;
  --peek-scrim: rgb(3 7 10 / 66%);
  --peek-shadow: 0 8px 28px rgb(0 0 0 / 55%);
`);

const contrast = unsafeCSS(`
  --peek-line: var(--peek-line-strong);
  --peek-line-strong: var(--peek-text);
  --peek-text: var(--peek-text-strong);
  --peek-text-weak: var(--peek-text-strong);
`);

/** Adopted once by the document (see `adoptTheme`); never needed inside a component. */
export const tokens = css`
  :root {
    color-scheme: light;
    --peek-surface-0: #f3f5f7;
    --peek-surface-1: #ffffff;
    --peek-surface-2: #ecf0f3;
    --peek-surface-3: #dde4e9;
    --peek-text-strong: #0f171d;
    --peek-text: #2a363f;
    --peek-text-weak: #55646f;
    --peek-line: #d5dce2;
    --peek-line-strong: #7d8b96;
    --peek-accent: #115ba6;
    --peek-accent-strong: #0b4785;
    --peek-accent-soft: #e1edf9;
    --peek-on-accent: #ffffff;
    --peek-ok: #14683a;
    --peek-ok-soft: #e2f3e8;
    --peek-notice: #5740b4;
    --peek-notice-soft: #ece8fb;
    --peek-warning: #855000;
    --peek-warning-soft: #fcf0d9;
    --peek-danger: #b3231b;
    --peek-danger-soft: #fce8e6;
    --peek-danger-fill: #b3231b;
    --peek-on-danger: #ffffff;
    --peek-scrim: rgb(15 23 29 / 45%);
    --peek-shadow: 0 8px 28px rgb(15 23 29 / 18%);

    --peek-space-1: 4px;
    --peek-space-2: 8px;
    --peek-space-3: 12px;
    --peek-space-4: 16px;
    --peek-space-6: 24px;
    --peek-space-8: 32px;
    --peek-space-12: 48px;
    --peek-radius: 6px;

    --peek-size-small: 12px;
    --peek-size-body: 14px;
    --peek-size-large: 16px;
    --peek-size-title: 20px;
    --peek-size-figure: 28px;
    --peek-font: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
    --peek-font-code: ui-monospace, "SF Mono", "Cascadia Mono", "Roboto Mono", Menlo, Consolas, monospace;
    --peek-control: 32px;
    --peek-row: 36px;
    --peek-foot: 0px;
    --peek-focus: 2px solid var(--peek-accent);
  }
  :root[data-site="mobile"] {
    --peek-size-body: 16px;
    --peek-size-small: 14px;
    --peek-control: 48px;
    --peek-row: 48px;
    --peek-foot: 64px;
  }
  :root[data-theme="dark"] {
    ${dark}
  }
  @media (prefers-color-scheme: dark) {
    :root:not([data-theme="light"]) {
      ${dark}
    }
  }
  @media (prefers-contrast: more) {
    :root {
      ${contrast}
    }
  }

  html,
  body {
    margin: 0;
    min-height: 100%;
    background: var(--peek-surface-0);
    color: var(--peek-text);
    font: 400 var(--peek-size-body) / 1.45 var(--peek-font);
    font-variant-numeric: tabular-nums;
    -webkit-text-size-adjust: 100%;
    text-size-adjust: 100%;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      transition: none !important;
      animation: none !important;
    }
  }
`;
