/**
 * Where the code of a page runs inside an element of ours, its faults become an event that the shell shows as a card. Left to itself, a fault while
 * rendering is an unhandled rejection that nobody on the page sees.
 */

/** Runs `work`; what it throws is dispatched from `element` as `peek-page-error` (detail: the error). */
export function reportFaults(element: HTMLElement, work: () => void): void {
  try {
    work();
  } catch (error) {
    element.dispatchEvent(new CustomEvent("peek-page-error", { detail: error, bubbles: true, composed: true }));
  }
}
