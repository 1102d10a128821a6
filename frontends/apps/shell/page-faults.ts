/**
 * Faults of a plugin's page outside its rendering: a button whose call is refused and not caught, a listener that throws. The browser would
 * write them to a console that nobody reads; the person who pressed the button must learn of it.
 */
import { PeekError } from "@peek/client";

/** Calls back with a sentence for each such fault of a plugin until the returned function is called. */
export function watchFaults(target: Window, plugin: string, tell: (message: string) => void): () => void {
  const ended = new AbortController();
  const heard = (fault: unknown, source: string): void => {
    const message = faultMessage(fault, source, plugin);
    if (message !== null) tell(message);
  };
  target.addEventListener("error", (event) => heard(event.error, event.filename), { signal: ended.signal });
  target.addEventListener("unhandledrejection", (event) => heard(event.reason, ""), { signal: ended.signal });
  return () => ended.abort();
}

/** The sentence to show; null for a fault that is not the plugin's. A refusal of the server is shown whoever asked. */
export function faultMessage(fault: unknown, source: string, plugin: string): string | null {
  if (fault instanceof PeekError) return fault.message;
  const own = `/p/${plugin}/`;
  const trace = fault instanceof Error ? (fault.stack ?? "") : "";
  if (!source.includes(own) && !trace.includes(own)) return null;
  return fault instanceof Error ? fault.message : String(fault);
}
