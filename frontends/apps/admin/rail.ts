/** The rail: the pages of the site, those of plugins under Plugins, and the one that is shown marked. */
import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { typography } from "@peek/ui";
import type { Place } from "./places.ts";
import { texts } from "./texts.ts";

export class AdminRail extends LitElement {
  static override properties = { items: { attribute: false }, path: {} };
  static override styles = [
    typography,
    css`
      :host {
        display: block;
        padding: var(--peek-space-3) var(--peek-space-2);
      }
      ul {
        display: grid;
        gap: 2px;
        padding: 0;
        list-style: none;
      }
      ul ul {
        margin: 2px 0 var(--peek-space-2);
        padding-inline-start: var(--peek-space-4);
      }
      a {
        display: flex;
        align-items: center;
        gap: var(--peek-space-3);
        min-height: 36px;
        padding: var(--peek-space-1) var(--peek-space-3);
        border-radius: var(--peek-radius);
        color: var(--peek-text);
        font-weight: 500;
        text-decoration: none;
      }
      ul ul a {
        min-height: 32px;
        font-weight: 400;
      }
      a:hover {
        background: var(--peek-surface-2);
        color: var(--peek-text-strong);
      }
      a[aria-current] {
        background: var(--peek-accent-soft);
        color: var(--peek-accent);
        font-weight: 600;
      }
      peek-icon {
        color: var(--peek-text-weak);
      }
      ul ul peek-icon {
        width: 18px;
        height: 18px;
      }
      a[aria-current] peek-icon {
        color: inherit;
      }
      span {
        min-width: 0;
        overflow-wrap: anywhere;
      }
      @media (max-width: 899px) {
        a,
        ul ul a {
          min-height: 48px;
        }
      }
    `,
  ];

  declare items: readonly Place[];
  declare path: string;

  constructor() {
    super();
    this.items = [];
    this.path = "/";
  }

  override render() {
    return html`<nav aria-label=${texts.navigation}>${this.list(this.items)}</nav>`;
  }

  private list(places: readonly Place[]): TemplateResult {
    return html`<ul>${places.map((place) => this.place(place))}</ul>`;
  }

  private place(place: Place): TemplateResult {
    const file = place.icon.includes("/");
    return html`<li>
      <a href=${place.path} aria-current=${place.path === this.path ? "page" : nothing}>
        <peek-icon name=${file ? "plugin" : place.icon} src=${file ? place.icon : ""}></peek-icon><span>${place.title}</span>
      </a>
      ${place.within.length > 0 ? this.list(place.within) : nothing}
    </li>`;
  }
}
