/**
 * `<peek-icon name="plugin">`: one icon of our set, in the colour and size of the text around it. With `src`, an icon file of a
 * plugin, drawn as a silhouette so that it follows the theme like all others.
 */
import { LitElement, css, html, nothing, svg } from "lit";
import { shapes } from "./icon-shapes.ts";

export class PeekIcon extends LitElement {
  static override properties = { name: {}, src: {}, label: {} };
  static override styles = css`
    :host {
      display: inline-block;
      flex: none;
      width: 20px;
      height: 20px;
      vertical-align: -5px;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
      fill: none;
      stroke: currentColor;
      stroke-width: 1.7;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
    .file {
      display: block;
      width: 100%;
      height: 100%;
      background: currentColor;
      mask: center / contain no-repeat;
    }
  `;

  /** A name of the set; an unknown one shows the plug, so that a page never has a hole. */
  declare name: string;
  /** The address of an SVG file; goes before `name`. */
  declare src: string;
  /** What it means, for assistive technology. Without it the icon is decoration and the word stands beside it. */
  declare label: string;

  constructor() {
    super();
    this.name = "plugin";
    this.src = "";
    this.label = "";
  }

  protected override updated(): void {
    const file = this.renderRoot.querySelector<HTMLElement>(".file");
    if (file) file.style.maskImage = `url("${encodeURI(this.src)}")`;
  }

  override render() {
    if (this.src) return html`<span class="file" role=${this.label ? "img" : nothing} aria-label=${this.label || nothing}></span>`;
    return html`<svg viewBox="0 0 24 24" role=${this.label ? "img" : nothing} aria-label=${this.label || nothing}
      aria-hidden=${this.label ? nothing : "true"} focusable="false">${shapes[this.name] ?? shapes["plugin"] ?? svg``}</svg>`;
  }
}

/** The names of the set, for menus and documentation. */
export const iconNames: readonly string[] = Object.keys(shapes).sort();
