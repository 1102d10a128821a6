/**
 * `<peek-chart .series=${…} .thresholds=${…}>`: the course of figures over time. The last values stand above it; a pointer or the arrow keys
 * show those at another time. Nothing moves unless the figures do. It fills the height that the page's styles give it (260 px).
 */
import { LitElement, html, nothing, svg, unsafeCSS, type PropertyValues, type TemplateResult } from "lit";
import uPlot from "uplot";
import uPlotCss from "uplot/dist/uPlot.min.css";
import { align, figure, lastReading, summary, type AlignedColumn, type Series, type Threshold } from "./chart-data.ts";
import { chartStyle } from "./chart-style.ts";
import { plotOptions, strokeOf } from "./plot.ts";

const EMPTY = "No values in this period";

export class PeekChart extends LitElement {
  static override properties = {
    series: { attribute: false },
    thresholds: { attribute: false },
    label: {},
    maxGap: { type: Number, attribute: "max-gap" },
    pointed: { state: true },
  };
  static override styles = [unsafeCSS(uPlotCss), chartStyle];

  declare series: readonly Series[];
  declare thresholds: readonly Threshold[];
  /** What the chart shows, for assistive technology. */
  declare label: string;
  /** A pause between readings longer than this (seconds) is drawn as a gap; 0 draws only nulls as gaps. */
  declare maxGap: number;
  private declare pointed: number | null;
  private plot: uPlot | null = null;
  private shape = "";
  private seconds: number[] = [];
  private columns: AlignedColumn[] = [];
  private readonly resized = new ResizeObserver(() => this.fit());
  private readonly dark = window.matchMedia("(prefers-color-scheme: dark)");
  private readonly recolour = (): void => this.plot?.redraw(false, true);

  constructor() {
    super();
    this.series = [];
    this.thresholds = [];
    this.label = "";
    this.maxGap = 0;
    this.pointed = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
    this.dark.addEventListener("change", this.recolour);
    document.addEventListener("peek-theme", this.recolour);
    if (this.hasUpdated) this.requestUpdate("series");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    this.dark.removeEventListener("change", this.recolour);
    document.removeEventListener("peek-theme", this.recolour);
    this.destroy();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (!changed.has("series") && !changed.has("maxGap")) return;
    const { seconds, columns } = align(this.series, this.maxGap);
    this.seconds = seconds;
    this.columns = columns;
  }

  override render() {
    const empty = this.seconds.length === 0;
    const text = `${this.label ? `${this.label}. ` : ""}${empty ? EMPTY : summary(this.series, this.thresholds)}`;
    return html`
      <ul aria-hidden="true">
        ${this.series.map((one, index) => this.legend(one, index))}
        ${this.pointed === null ? nothing : html`<li class="at">${momentText(this.seconds[this.pointed])}</li>`}
      </ul>
      <div class="plot" role="img" aria-label=${text} tabindex="0" ?hidden=${empty} @keydown=${this.onKey} @blur=${this.unpoint}></div>
      ${empty ? html`<div class="empty">${EMPTY}</div>` : nothing}
    `;
  }

  private legend(one: Series, index: number): TemplateResult {
    const value = this.pointed === null ? lastReading(one)?.value : this.columns[index]?.[this.pointed];
    const stroke = strokeOf(index);
    return html`<li class=${stroke.name}>
      <svg viewBox="0 0 20 4">${svg`<line x1="0" y1="2" x2="20" y2="2" stroke-dasharray=${stroke.dash.join(" ")}></line>`}</svg>
      ${one.label} <strong>${figure(value, one.unit, one.digits)}</strong>
    </li>`;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.size === 1 && changed.has("pointed")) return;
    const shape = JSON.stringify(this.series.map((one) => [one.label, one.unit]));
    if (this.seconds.length === 0) this.destroy();
    else if (this.plot && shape === this.shape) this.plot.setData(this.data);
    else this.create(shape);
  }

  private get data(): uPlot.AlignedData {
    return [this.seconds, ...this.columns];
  }

  private get target(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(".plot");
  }

  private create(shape: string): void {
    const target = this.target;
    if (!target || !this.isConnected) return;
    this.destroy();
    this.shape = shape;
    const style = getComputedStyle(this);
    const options = plotOptions({
      width: Math.max(120, target.clientWidth),
      height: Math.max(80, target.clientHeight),
      series: this.series,
      thresholds: () => this.thresholds,
      token: (name) => style.getPropertyValue(`--peek-${name}`).trim(),
      onCursor: (index) => (this.pointed = index),
    });
    this.plot = new uPlot(options, this.data, target);
  }

  private destroy(): void {
    this.plot?.destroy();
    this.plot = null;
    this.shape = "";
  }

  private fit(): void {
    const { clientWidth: width = 0, clientHeight: height = 0 } = this.target ?? {};
    if (!this.plot || width === 0 || height === 0) return;
    if (width !== this.plot.width || height !== this.plot.height) this.plot.setSize({ width, height });
  }

  private onKey(event: KeyboardEvent): void {
    const last = this.seconds.length - 1;
    const now = this.pointed ?? last + 1;
    const moves: Record<string, number> = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last };
    const wanted = moves[event.key];
    if (wanted === undefined || !this.plot) return;
    event.preventDefault();
    const second = this.seconds[Math.max(0, Math.min(wanted, last))];
    if (second !== undefined) this.plot.setCursor({ left: this.plot.valToPos(second, "x"), top: 0 });
  }

  private unpoint(): void {
    this.plot?.setCursor({ left: -10, top: -10 });
  }
}

function momentText(second: number | undefined): string {
  return second === undefined ? "" : new Date(second * 1000).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}
