/** The overview: is everything up, what needs me, who is here, what ran. One screen. */
import { css, html, nothing, type TemplateResult } from "lit";
import { PeekPage, number } from "@peek/ui";
import { concerns, databaseState, serviceState, taskName, taskState, type Concern, type DatabaseState, type Person, type PluginState, type Service, type TaskRun } from "../platform.ts";
import { texts } from "../texts.ts";

const RECENT = 6;

export class AdminOverview extends PeekPage {
  static override styles = [
    ...PeekPage.styles,
    css`
      .figures {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 180px), 1fr));
        gap: var(--peek-space-4);
      }
      .figures a {
        display: grid;
        gap: var(--peek-space-1);
        padding: var(--peek-space-3) var(--peek-space-4);
        border: 1px solid var(--peek-line);
        border-radius: var(--peek-radius);
        background: var(--peek-surface-1);
        color: inherit;
        text-decoration: none;
      }
      .figures a:hover {
        border-color: var(--peek-line-strong);
      }
      .columns {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr));
        gap: var(--peek-space-4);
        align-items: start;
      }
      .list {
        padding: 0;
        list-style: none;
      }
      .list li + li {
        border-top: 1px solid var(--peek-line);
      }
      .list a {
        display: grid;
        gap: 2px;
        padding: var(--peek-space-3) var(--peek-space-4);
        color: inherit;
        text-decoration: none;
      }
      .list a:hover {
        background: var(--peek-surface-2);
      }
      .list p {
        padding-inline-start: 24px;
        overflow-wrap: anywhere;
      }
      .database {
        padding: var(--peek-space-3) var(--peek-space-4);
        border-top: 1px solid var(--peek-line);
      }
      .calm {
        display: grid;
        gap: var(--peek-space-1);
        padding: var(--peek-space-4);
      }
      @media (max-width: 599px) {
        .figures {
          grid-template-columns: 1fr 1fr;
          gap: var(--peek-space-2);
        }
      }
    `,
  ];

  private readonly services = this.observe<Service>("peek.Service");
  private readonly plugins = this.observe<PluginState>("peek.PluginState");
  private readonly databases = this.observe<DatabaseState>("peek.DatabaseState");
  private readonly tasks = this.observe<TaskRun>("peek.TaskRun");
  private readonly people = this.observe<Person>("peek.Person");

  private readonly serviceColumns = [
    { key: "kind", title: texts.service },
    { key: "name", title: texts.machine },
    {
      key: "state",
      title: texts.state,
      render: (row: Service) => html`<peek-state kind=${serviceState(row).kind}>${serviceState(row).word}</peek-state>`,
    },
    { key: "since", title: texts.since, render: (row: Service) => html`<peek-time .value=${row.since}></peek-time>` },
    { key: "version", title: texts.version, wide: true },
    { key: "address", title: texts.address, wide: true },
  ];

  private readonly taskColumns = [
    { key: "name", title: texts.task, value: taskName },
    { key: "plugin", title: texts.plugin, wide: true },
    { key: "state", title: texts.state, render: (row: TaskRun) => html`<peek-state kind=${taskState(row).kind}>${taskState(row).word}</peek-state>` },
    { key: "started", title: texts.startedAt, render: (row: TaskRun) => html`<peek-time .value=${row.started}></peek-time>` },
  ];

  override render() {
    return html`<div class="stack">
      <div class="row"><h1>${texts.overview}</h1><peek-freshness class="push" .controller=${this.services}></peek-freshness></div>
      ${this.figures()}
      <div class="columns">
        <div class="stack">
          <peek-card flush heading=${texts.needsYou}>${this.attention()}</peek-card>
          ${this.recentTasks()}
        </div>
        <div class="stack">
          <peek-card flush heading=${texts.services}>
            <peek-view .controller=${this.services}>
              <peek-table plain label=${texts.services} .columns=${this.serviceColumns} .rows=${this.services.rows}></peek-table>
            </peek-view>
            <peek-view bare .controller=${this.databases}>${this.databases.rows.map((row) => this.database(row))}</peek-view>
          </peek-card>
          <peek-card flush heading=${texts.traffic}><admin-traffic .peek=${this.peek}></admin-traffic></peek-card>
        </div>
      </div>
    </div>`;
  }

  private database(row: DatabaseState): TemplateResult {
    const { kind, word } = databaseState(row);
    return html`<div class="database row">
      <peek-state kind=${kind}>${word}</peek-state>
      <span class="weak push">${texts.connectionsInUse(row.running, row.connections, row.waiting)}</span>
    </div>`;
  }

  private recentTasks(): TemplateResult {
    return html`<peek-card flush heading=${texts.recentTasks}>
      <a slot="actions" href="/tasks">${texts.allTasks}</a>
      <peek-view .controller=${this.tasks} empty=${texts.noTasks} help=${texts.noTasksHelp}>
        <peek-table
          plain
          openable
          label=${texts.recentTasks}
          .columns=${this.taskColumns}
          .rows=${newestFirst(this.tasks.rows).slice(0, RECENT)}
          @row-open=${(event: CustomEvent<TaskRun>) => this.go(`/tasks?open=${encodeURIComponent(event.detail.id)}`)}
        ></peek-table>
      </peek-view>
    </peek-card>`;
  }

  private figures(): TemplateResult {
    const hourAgo = Date.now() - 3600 * 1000;
    const up = this.services.rows.filter((row) => row.state === "up").length;
    const started = this.plugins.rows.filter((row) => row.state === "started").length;
    const running = this.tasks.rows.filter((row) => row.state === "running").length;
    const seen = this.people.rows.filter((row) => row.last_seen && Date.parse(row.last_seen) > hourAgo).length;
    return html`<div class="figures">
      ${this.figure(texts.servicesUp, "/", up, this.services.rows.length)}
      ${this.figure(texts.pluginsStarted, "/plugins", started, this.plugins.rows.length)}
      ${this.figure(texts.tasksRunning, "/tasks", running)}
      ${this.figure(texts.peopleSeen, "/people", seen, this.people.rows.length)}
    </div>`;
  }

  private figure(label: string, path: string, value: number, total?: number): TemplateResult {
    return html`<a href=${path}>
      <span class="weak">${label}</span>
      <span><span class="figure">${number(value, 0)}</span>${total === undefined ? nothing : html` <span class="weak">${texts.ofTotal(number(total, 0))}</span>`}</span>
    </a>`;
  }

  private attention(): TemplateResult {
    const list = concerns(this.services.rows, this.plugins.rows, this.tasks.rows, this.databases.rows, new Date());
    return html`<peek-view bare .controller=${[this.services, this.plugins]}>
      ${list.length === 0
        ? html`<div class="calm"><peek-state kind="ok">${texts.nothingNeedsYou}</peek-state><p class="weak">${texts.nothingNeedsYouHelp}</p></div>`
        : html`<ul class="list">${list.map((concern) => this.concern(concern))}</ul>`}
    </peek-view>`;
  }

  private concern(concern: Concern): TemplateResult {
    return html`<li>
      <a href=${concern.path}>
        <peek-state kind=${concern.kind}>${concern.text}</peek-state>
        ${concern.detail ? html`<p class="small">${concern.detail}</p>` : nothing}
      </a>
    </li>`;
  }
}

/** A copy with the newest start first. */
export function newestFirst(tasks: readonly TaskRun[]): TaskRun[] {
  return [...tasks].sort((left, right) => Date.parse(right.started) - Date.parse(left.started));
}
