/** The people who may sign in: who they are, what they may do, when they were here. */
import { html, nothing } from "lit";
import type { Json } from "@peek/client";
import { PeekPage, toast, type FormField } from "@peek/ui";
import type { Person } from "../platform.ts";
import { rolesFrom } from "../roles.ts";
import { texts } from "../texts.ts";

const newPerson: readonly FormField[] = [
  { key: "name", label: texts.signInName, help: texts.signInNameHelp },
  { key: "title", label: texts.fullName, help: texts.fullNameHelp, optional: true },
  { key: "roles", label: texts.roles, help: texts.rolesHelp, optional: true },
];

export class AdminPeople extends PeekPage {
  static override properties = { ...PeekPage.properties, adding: { state: true } };

  private declare adding: boolean;
  private readonly people = this.observe<Person>("peek.Person");

  private readonly columns = [
    { key: "title", title: texts.person, value: (row: Person) => row.title || row.name },
    { key: "name", title: texts.signInName, wide: true },
    { key: "roles", title: texts.roles, value: (row: Person) => row.roles.join(", ") },
    {
      key: "has_password",
      title: texts.password,
      wide: true,
      render: (row: Person) => html`<peek-state kind=${row.has_password ? "ok" : "idle"}>${row.has_password ? texts.passwordSet : texts.passwordNone}</peek-state>`,
    },
    {
      key: "last_seen",
      title: texts.lastSeen,
      render: (row: Person) => (row.last_seen ? html`<peek-time relative .value=${row.last_seen}></peek-time>` : html`<span class="weak">${texts.never}</span>`),
    },
  ];

  constructor() {
    super();
    this.adding = false;
  }

  override render() {
    const opened = this.people.rows.find((row) => row.name === this.query["open"]);
    return html`<div class="stack">
      <div class="row">
        <h1>${texts.people}</h1>
        <peek-freshness class="push" .controller=${this.people}></peek-freshness>
        <button class="primary" @click=${() => (this.adding = true)}><peek-icon name="plus"></peek-icon>${texts.addPerson}</button>
      </div>
      <peek-view .controller=${this.people} empty=${texts.noPeople}>
        <div class="beside">
          <peek-card flush>
            <peek-table
              openable
              label=${texts.people}
              .columns=${this.columns}
              .rows=${this.people.rows}
              .rowKey=${(row: Person) => row.name}
              filter=${this.query["filter"] ?? ""}
              sort=${this.query["sort"] ?? ""}
              selected=${this.query["open"] ?? ""}
              @filter-change=${(event: CustomEvent<string>) => this.setQuery({ filter: event.detail })}
              @sort-change=${(event: CustomEvent<string>) => this.setQuery({ sort: event.detail })}
              @row-open=${(event: CustomEvent<Person>) => this.setQuery({ open: event.detail.name })}
            ></peek-table>
          </peek-card>
          ${opened ? html`<admin-person .peek=${this.peek} .person=${opened}></admin-person>` : nothing}
        </div>
      </peek-view>
      <peek-dialog heading=${texts.addPerson} ?open=${this.adding} @dialog-close=${() => (this.adding = false)}>
        <peek-form
          creating
          cancellable
          draft="peek.Person.new"
          action=${texts.addPerson}
          .fields=${newPerson}
          .save=${(values: Record<string, Json>) => this.add(values)}
          @form-cancel=${() => (this.adding = false)}
        ></peek-form>
      </peek-dialog>
    </div>`;
  }

  private async add(values: Record<string, Json>): Promise<void> {
    const name = String(values["name"]);
    const title = String(values["title"] ?? name);
    await this.peek.call("peek.add_person", { name, title, roles: rolesFrom(values["roles"] ?? "") });
    this.adding = false;
    toast(texts.personAdded(title), "ok");
    this.setQuery({ open: name });
  }
}
