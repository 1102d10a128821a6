/**
 * Which transactions a state includes. A snapshot is PostgreSQL's "xmin:xmax:xip": all before xmin had ended when it was taken, nothing
 * from xmax on had begun, and xip are those between them that were still running.
 */

/** Whether what was read in the snapshot `seen` has the effect of the committed transaction `tx`. False when either is "". */
export function includes(seen: string, tx: string): boolean {
  if (seen === "" || tx === "") return false;
  const [first = "", end = "", running = ""] = seen.split(":");
  // Transactions have 64 bits, more than a number holds.
  const number = BigInt(tx);
  if (number < BigInt(first)) return true;
  return number < BigInt(end) && !running.split(",").includes(tx);
}
