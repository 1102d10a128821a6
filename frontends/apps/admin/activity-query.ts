/**
 * What the activity page asks for, from what is in the address, and how its records are read: plain functions, tested without a browser.
 */
import type { ActionRecord, ActivityQuery } from "@peek/client";
import type { Shown } from "./platform.ts";
import { texts } from "./texts.ts";

/** Records on one page. */
export const PAGE = 50;
/** The server counts no further than this. */
export const MOST_COUNTED = 10_000;

/** The keys of the address that narrow what is shown. */
export const FILTERS = ["who", "device", "type", "outcome", "from", "until"] as const;

type Address = Readonly<Record<string, string>>;

/** Whether anything is filtered. */
export function isFiltered(address: Address): boolean {
  return FILTERS.some((key) => Boolean(address[key]));
}

/** The query for a page of the list. Days are the reader's own, and `until` is the last of them. */
export function activityQuery(address: Address): ActivityQuery {
  const { who = "", device = "", type = "", outcome } = address;
  return {
    who,
    device,
    // "Add int value" and "AddIntValue" are the same to whoever looks for it.
    type: type.replace(/\s+/g, ""),
    outcome: outcome === "applied" || outcome === "rejected" ? outcome : null,
    since: midnight(address["from"] ?? "", 0),
    until: midnight(address["until"] ?? "", 1),
    id: "",
    offset: Math.max(0, Math.floor(Number(address["offset"]) || 0)),
    limit: PAGE,
  };
}

/** The query for one record alone. */
export function recordQuery(id: string): ActivityQuery {
  return { ...activityQuery({}), id, limit: 1 };
}

/** What became of an action, the worst of it. */
export function outcomeOf(record: ActionRecord): Shown {
  if (record.outcome === "rejected") return { kind: "danger", word: texts.outcomeRejected };
  if (record.missing_from !== null) return { kind: "warning", word: texts.outcomeAfterGap };
  if (record.runs > 1) return { kind: "warning", word: texts.outcomeRepeated(record.runs) };
  return { kind: "ok", word: texts.outcomeApplied };
}

/** Who asked: people by their name, services with what they are. */
export function whoOf({ kind, who }: ActionRecord): string {
  return kind === "person" ? who : `${who || "–"} (${kind})`;
}

/** In one line what the list tells of an action: why it was refused, or else what was sent, as far as it fits. */
export function detailOf({ message, content }: ActionRecord): string {
  if (message) return message;
  try {
    const sent: unknown = JSON.parse(content);
    if (typeof sent !== "object" || sent === null) return content;
    const fields = Object.entries(sent).filter(([key]) => key !== "_t");
    return fields.map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
  } catch {
    return content;
  }
}

/** The content with a line for each field, as far as it was kept. */
export function contentOf({ content, size }: ActionRecord): { text: string; whole: boolean } {
  const whole = new TextEncoder().encode(content).length >= size;
  try {
    return { text: JSON.stringify(JSON.parse(content), null, 2), whole };
  } catch {
    return { text: content, whole };
  }
}

/** The beginning of a day (of the one `after` it), or null when the text is no day. */
function midnight(day: string, after: number): string | null {
  const [year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day)?.slice(1).map(Number) ?? [];
  if (year === undefined || month === undefined || date === undefined) return null;
  return new Date(year, month - 1, date + after).toISOString();
}
