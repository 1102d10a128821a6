/** `<peek-spark .values=${[1, 2, null, 4]} label="Load">`: the recent course of one figure, in the height of a line of text. */
import { LitElement, css, html, svg } from "lit";
import { sparkLines } from "../data/spark-lines.ts";
import { number } from "../format.ts";

export class PeekSpark extends LitElement {
  static override properties = { values: { attribute: false }, label: {} };
  static override styles = css`
    :host {
      display: inline-block;
      width: 96px;
      height: 24px;
      vertical-align: middle;
    }
    svg {
      display: block;
      width: 100%;
      height: 100%;
      overflow: visible;
    }
    polyline {
      fill: none;
      stroke: var(--peek-accent);
      stroke-width: 1.5;
      stroke-linejoin: round;
      vector-effect: non-scaling-stroke;
    }
  `;

  /** Oldest first; null is a gap. */
  declare values: readonly (number | null)[];
  declare label: string;

  constructor() {
    super();
    this.values = [];
    this.label = "";
  }

  override render() {
    const known = this.values.filter((value): value is number => value !== null);
    const last = known.at(-1);
    const label = `${this.label}${last === undefined ? "" : ` ${number(last)}`}`.trim();
    return html`<svg viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label=${label}>
      ${sparkLines(this.values).map((points) => svg`<polyline points=${points}></polyline>`)}
    </svg>`;
  }
}
