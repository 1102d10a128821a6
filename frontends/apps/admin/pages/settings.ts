/** The settings that plugins declare, one form for each plugin. What is typed and not saved survives a reload. */
import { css, html, type TemplateResult } from "lit";
import type { Json } from "@peek/client";
import { PeekPage, toast } from "@peek/ui";
import type { PluginState, Setting } from "../platform.ts";
import { changedSettings, settingField, settingGroups } from "../setting-form.ts";
import { texts } from "../texts.ts";

export class AdminSettings extends PeekPage {
  static override styles = [
    ...PeekPage.styles,
    css`
      .groups {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr));
        gap: var(--peek-space-4);
        align-items: start;
      }
    `,
  ];

  private readonly settings = this.observe<Setting>("peek.Setting");
  private readonly plugins = this.observe<PluginState>("peek.PluginState");

  override render() {
    const groups = settingGroups(this.settings.rows);
    return html`<div class="stack">
      <div class="row"><h1>${texts.settings}</h1><peek-freshness class="push" .controller=${this.settings}></peek-freshness></div>
      <peek-view .controller=${this.settings} empty=${texts.noSettings} help=${texts.noSettingsHelp}>
        <div class="groups">${groups.map(([plugin, settings]) => this.group(plugin, settings))}</div>
      </peek-view>
    </div>`;
  }

  private group(plugin: string, settings: readonly Setting[]): TemplateResult {
    const title = this.plugins.rows.find((row) => row.plugin === plugin)?.title || (plugin === "peek" ? texts.platformTitle : plugin);
    return html`<peek-card heading=${title}>
      <peek-form
        draft=${`peek.Setting.${plugin}`}
        action=${texts.saveSettings(title.toLowerCase())}
        .fields=${settings.map(settingField)}
        .values=${Object.fromEntries(settings.map((setting) => [setting.key, setting.value]))}
        .save=${(values: Record<string, Json>) => this.save(plugin, title, settings, values)}
      ></peek-form>
    </peek-card>`;
  }

  private async save(plugin: string, title: string, settings: readonly Setting[], values: Record<string, Json>): Promise<void> {
    for (const [key, value] of changedSettings(settings, values)) {
      await this.peek.call("peek.save_setting", { plugin, key, value });
    }
    toast(texts.settingsSaved(title), "ok");
  }
}
