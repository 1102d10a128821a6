/**
 * uPlot's options from our series: no animation, no drag, a crosshair, colours from the design tokens, thresholds as labelled lines.
 * Colours are functions, so that a change of theme needs a redraw and nothing else.
 */
import type uPlot from "uplot";
import { axisRange, figure, isBytes, tickLabels, type Series, type Threshold } from "./chart-data.ts";

/** Reads a design token: `token("accent")`. */
export type Token = (name: string) => string;

/** The strokes of the series in turn: one accent, then greys told apart by their dashes too. */
export const strokes = [
  { name: "accent", token: "accent", dash: [] },
  { name: "strong", token: "text", dash: [] },
  { name: "weak", token: "text-weak", dash: [6, 4] },
  { name: "faint", token: "line-strong", dash: [2, 3] },
] as const;

export function strokeOf(index: number): (typeof strokes)[number] {
  return strokes[index % strokes.length] ?? strokes[0];
}

/** Steps of an axis of bytes, so that its labels are round in KiB, MiB and so on. */
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);

export interface PlotParts {
  width: number;
  height: number;
  series: readonly Series[];
  thresholds: () => readonly Threshold[];
  token: Token;
  onCursor: (index: number | null) => void;
}

export function plotOptions(parts: PlotParts): uPlot.Options {
  const units = [...new Set(parts.series.map((one) => one.unit ?? ""))];
  const font = `12px ${parts.token("font") || "system-ui, sans-serif"}`;
  const ink = (): string => parts.token("text-weak");
  const rule = { stroke: () => parts.token("line"), width: 1 };
  return {
    width: parts.width,
    height: parts.height,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    series: [
      {},
      ...parts.series.map((one, index): uPlot.Series => {
        const stroke = strokeOf(index);
        return {
          label: one.label,
          scale: one.unit ?? "",
          stroke: () => parts.token(stroke.token),
          width: index === 0 ? 2 : 1.5,
          dash: [...stroke.dash],
          points: { show: false },
        };
      }),
    ],
    scales: Object.fromEntries(units.map((unit) => [unit, { range: (_plot: uPlot, low: number | null, high: number | null) => axisRange(low, high, valuesOf(parts, unit)) }])),
    axes: [
      { stroke: ink, font, size: 28, gap: 4, grid: { show: false }, ticks: { ...rule, size: 4 }, values: (_plot, splits, _axis, _space, step) => tickLabels(splits, step) },
      ...units.slice(0, 2).map((unit, index): uPlot.Axis => ({
        scale: unit,
        side: index === 0 ? 3 : 1,
        stroke: ink,
        font,
        size: (_plot, labels) => 20 + 7 * Math.max(3, ...(labels ?? []).map((label) => label.length)),
        grid: index === 0 ? rule : { show: false },
        ticks: { show: false },
        ...(isBytes(unit) ? { incrs: BINARY_STEPS } : {}),
        values: (_plot, splits) => splits.map((value) => figure(value, unit, 3)),
      })),
    ],
    hooks: {
      setCursor: [(plot) => parts.onCursor(plot.cursor.idx ?? null)],
      draw: [(plot) => drawThresholds(plot, parts)],
    },
  };
}

function valuesOf(parts: PlotParts, unit: string): number[] {
  const first = parts.series[0]?.unit ?? "";
  return parts.thresholds().filter((one) => (one.unit ?? first) === unit).map((one) => one.value);
}

const LABEL = 12;

/** Lines with their names at the older end, where they do not cover the newest figures; two close lines carry them on either side. */
function drawThresholds(plot: uPlot, parts: PlotParts): void {
  const { ctx, bbox } = plot;
  const scale = window.devicePixelRatio;
  ctx.save();
  ctx.font = `${LABEL * scale}px ${parts.token("font") || "sans-serif"}`;
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  let above = Number.NEGATIVE_INFINITY;
  for (const one of parts.thresholds().toSorted((left, right) => right.value - left.value)) {
    const y = Math.round(plot.valToPos(one.value, one.unit ?? parts.series[0]?.unit ?? "", true)) + 0.5;
    const crowded = y - above < (LABEL + 4) * scale;
    above = y;
    ctx.strokeStyle = ctx.fillStyle = parts.token(one.kind);
    ctx.lineWidth = scale;
    ctx.setLineDash([4 * scale, 4 * scale]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.textBaseline = crowded ? "top" : "bottom";
    ctx.strokeStyle = parts.token("surface-1");
    ctx.lineWidth = 4 * scale;
    const place = [bbox.left + 4 * scale, y + (crowded ? 3 : -2) * scale] as const;
    ctx.strokeText(one.label, ...place);
    ctx.fillText(one.label, ...place);
  }
  ctx.restore();
}
