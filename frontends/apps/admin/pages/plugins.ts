/** Every plugin on every service: its state, why it failed, how often it was restarted. A row opens beside the list. */
import { html, nothing, type TemplateResult } from "lit";
import { PeekPage } from "@peek/ui";
import { byConcern, pluginKey, pluginState, type PluginState } from "../platform.ts";
import { texts } from "../texts.ts";

export class AdminPlugins extends PeekPage {
  private readonly plugins = this.observe<PluginState>("peek.PluginState");
  private readonly pages = this.observe<{ plugin: string }>("peek.UiPlugin", { site: "admin" });

  private readonly columns = [
    { key: "title", title: texts.plugin, value: (row: PluginState) => row.title || row.plugin },
    { key: "service", title: texts.onService },
    {
      key: "state",
      title: texts.state,
      value: (row: PluginState) => pluginState(row).word,
      render: (row: PluginState) => html`<peek-state kind=${pluginState(row).kind}>${pluginState(row).word}</peek-state>`,
    },
    { key: "reason", title: texts.reason, wide: true, clip: true },
    { key: "restarts", title: texts.restarts, numeric: true, wide: true },
    { key: "version", title: texts.version, wide: true },
    { key: "since", title: texts.since, wide: true, render: (row: PluginState) => html`<peek-time .value=${row.since}></peek-time>` },
  ];

  override render() {
    const opened = this.plugins.rows.find((row) => pluginKey(row) === this.query["open"]);
    return html`<div class="stack">
      <div class="row"><h1>${texts.plugins}</h1><peek-freshness class="push" .controller=${this.plugins}></peek-freshness></div>
      <peek-view .controller=${this.plugins} empty=${texts.noPlugins} help=${texts.noPluginsHelp}>
        <div class="beside">
          <peek-card flush>
            <peek-table
              openable
              label=${texts.plugins}
              .columns=${opened ? this.columns.filter((column) => !column.wide) : this.columns}
              .rows=${[...this.plugins.rows].sort(byConcern)}
              .rowKey=${pluginKey}
              filter=${this.query["filter"] ?? ""}
              sort=${this.query["sort"] ?? ""}
              selected=${this.query["open"] ?? ""}
              @filter-change=${(event: CustomEvent<string>) => this.setQuery({ filter: event.detail })}
              @sort-change=${(event: CustomEvent<string>) => this.setQuery({ sort: event.detail })}
              @row-open=${(event: CustomEvent<PluginState>) => this.setQuery({ open: pluginKey(event.detail) })}
            ></peek-table>
          </peek-card>
          ${opened ? this.panel(opened) : nothing}
        </div>
      </peek-view>
    </div>`;
  }

  private panel(row: PluginState): TemplateResult {
    const { kind, word } = pluginState(row);
    const hasPage = this.pages.rows.some((page) => page.plugin === row.plugin);
    return html`<peek-side-panel heading=${row.title || row.plugin} @panel-close=${() => this.setQuery({ open: "" })}>
      <div class="stack">
        <div><peek-state filled kind=${kind}>${word}</peek-state></div>
        ${row.reason ? html`<p>${row.reason}</p>` : nothing}
        <dl class="facts">
          <dt>${texts.packageName}</dt>
          <dd>${row.plugin}</dd>
          <dt>${texts.version}</dt>
          <dd>${row.version || "–"}</dd>
          <dt>${texts.onService}</dt>
          <dd>${row.service}</dd>
          <dt>${texts.id}</dt>
          <dd>${row.service_id}</dd>
          <dt>${texts.since}</dt>
          <dd><peek-time .value=${row.since}></peek-time></dd>
          <dt>${texts.restarts}</dt>
          <dd>${row.restarts}</dd>
        </dl>
        ${hasPage ? html`<div><a class="button" href=${`/x/${row.plugin}`}>${texts.openPage}</a></div>` : nothing}
      </div>
    </peek-side-panel>`;
  }
}
