// @ts-check
// The administrator's page: the table to edit, and two buttons that show a call through to the agent and a task on the worker.
import { html, nothing } from "lit";
import { PeekPage, plural } from "@peek/ui";

export default class TutorialAdmin extends PeekPage {
  static properties = { ...PeekPage.properties, answer: { state: true }, busy: { state: true } };

  /** The live rows: the table below is read again whenever somebody's tap changes them. */
  rows = this.observe("peek_plugin_tutorial.StringInt");

  fields = [
    { key: "id", label: "Id", fixed: true },
    { key: "string1", label: "String", help: "Any text. Phones and desktops show it at once." },
    { key: "int1", label: "Number", kind: /** @type {const} */ ("int") },
  ];

  constructor() {
    super();
    this.answer = "";
    this.busy = false;
  }

  render() {
    return html`
      <div class="stack">
        <h1>Tutorial</h1>
        <peek-loader-table
          .peek=${this.peek}
          type="peek_plugin_tutorial.StringInt"
          what="string"
          sort="id"
          .fields=${this.fields}
          .follow=${this.rows}
        ></peek-loader-table>
        <peek-card heading="Other services">
          <div class="stack">
            <p class="weak">The agent subtracts, and a worker counts the whole table in a process of its own.</p>
            <div class="row">
              <button ?disabled=${this.busy} @click=${() => this.run(() => this.askAgent())}>Ask the agent</button>
              <button ?disabled=${this.busy} @click=${() => this.run(() => this.countAll())}>Count on a worker</button>
            </div>
            ${this.answer ? html`<p role="status" class="strong">${this.answer}</p>` : nothing}
          </div>
        </peek-card>
      </div>
    `;
  }

  async askAgent() {
    const difference = await this.peek.call("peek_plugin_tutorial.ask_agent", { a: 7, b: 4 });
    return `The agent says that 7 − 4 = ${difference}.`;
  }

  async countAll() {
    /** @type {import("./tuples").Total} */
    const total = await this.peek.call("peek_plugin_tutorial.count_all", {}, { timeout: 60 });
    return `A worker counted ${plural(total.rows, "row")} with ${plural(total.letters, "letter")}; the numbers add up to ${total.sum}.`;
  }

  /** @param {() => Promise<string>} ask */
  async run(ask) {
    this.busy = true;
    try {
      this.answer = await ask();
    } catch (error) {
      this.answer = error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
    }
  }
}
