/**
 * Reads values as they travel, makes JavaScript's of them, and writes them back: a line of JSON `{form, text}` on standard input is
 * answered by a line `{sees, text}`. The Python tests talk to it. Node reads TypeScript itself from 22.18 on.
 */
import { createInterface } from "node:readline";
import { read, see, write } from "./forms.ts";

for await (const line of createInterface({ input: process.stdin })) {
  const { form, text } = JSON.parse(line);
  const value = read(form, JSON.parse(text));
  console.log(JSON.stringify({ sees: see(form, value), text: JSON.stringify(write(form, value)) }));
}
