/** @peek/chart: `<peek-chart>`, in a module of its own so that pages without a chart do not load one. */
import { PeekChart } from "./chart.ts";

export { PeekChart };
export type { Series, Threshold } from "./chart-data.ts";

customElements.define("peek-chart", PeekChart);
